//! Clocks that have something to say: warnings before the time, and what happens when it has passed. Each is said once,
//! however many replicas look and however often they restart, for it is said under the lock of the referral.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mash_domain::{
    clock::{Ring, ids},
    referral::{enquiry, work::Command},
};
use mash_store::{StoreError, Tx};

use crate::{Service, case::Case, effects::Effects, meetings, record::KeptClock, store::clocks};

/// Clocks in one transaction.
const BATCH: i64 = 200;
/// Transactions in one look, so that a look ends.
const ROUNDS: usize = 100;

impl Service {
    /// One look at every clock that is due.
    pub(crate) async fn look(&self) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            let now = self.clock.now();
            // Most looks find nothing, and need not queue for the writer.
            let due = clocks::due(&mut *self.store.read().await?, now, BATCH).await?;
            if due.is_empty() {
                return Ok(());
            }
            self.ring(&due, now).await?;
        }
        Ok(())
    }

    async fn ring(&self, due: &[String], now: Timestamp) -> Result<(), StoreError> {
        let ids: BTreeSet<&str> = due.iter().map(String::as_str).collect();
        let mut tx = self.store.begin().await?;
        let mut cases = Case::lock_many(&mut tx, &ids.into_iter().collect::<Vec<_>>()).await?;
        let mut effects = Effects::default();
        let mut names: Vec<String> = cases.keys().cloned().collect();
        // In order, so that the same clocks ring in the same order everywhere.
        names.sort_unstable();
        for name in &names {
            if let Some(case) = cases.get_mut(name) {
                self.ring_of(&mut tx, case, &mut effects, now).await?;
            }
        }
        effects.write(&mut tx).await?;
        tx.commit().await
    }

    async fn ring_of(
        &self,
        tx: &mut Tx,
        case: &mut Case,
        effects: &mut Effects,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut rung = Vec::new();
        for kept in &mut case.clocks {
            // Somebody may have been faster: then it has nothing to say any more.
            if let Some(ring) = kept.clock.ring(now) {
                effects.keep_clock(kept);
                rung.push((kept.clone(), ring));
            }
        }
        rung.sort_by(|(one, _), (other, _)| {
            (one.clock.due(), one.clock.rule(), &one.subject).cmp(&(
                other.clock.due(),
                other.clock.rule(),
                &other.subject,
            ))
        });
        for (kept, ring) in rung {
            let seen = !kept.subject.is_empty()
                && !case.enquiries.iter().any(|known| known.id == kept.subject)
                && meetings::rang(tx, case, effects, &kept, ring, now).await?;
            if !seen {
                tell(case, effects, &kept, ring, now);
            }
        }
        Ok(())
    }
}

/// Tells a named person, and lets what follows follow.
fn tell(case: &mut Case, effects: &mut Effects, kept: &KeptClock, ring: Ring, now: Timestamp) {
    let worker = case.record.person(&case.hub.duty_manager);
    let subject = format!("{}:{}", kept.clock.rule(), kept.subject);
    let subject = format!("{}@{}", subject.trim_end_matches(':'), kept.clock.started());
    match ring {
        Ring::Warning => {
            effects.prompt(&case.record, ("clock-warning", &subject), &worker, now);
        }
        Ring::Breach => {
            let manager = case.hub.manager().to_owned();
            if let Some(asked) = case.enquiries.iter_mut().find(|known| known.id == kept.subject) {
                if let Ok(Some(_)) = asked.apply(&enquiry::Command::Overdue, now) {
                    effects.enquiries.insert(asked.id.clone(), asked.clone());
                    effects.prompt(&case.record, ("enquiry-overdue", &asked.id), &worker, now);
                }
                return;
            }
            effects.prompt(&case.record, ("clock-breached", &subject), &manager, now);
            if kept.clock.rule() == ids::DECIDE_REFERRAL && kept.subject.is_empty() {
                // It is with the manager from now on; decided meanwhile, and there is nothing to take up.
                let escalate = Command::Escalate { to: manager.clone() };
                drop(case.apply(effects, &escalate, &manager, now));
            }
        }
    }
    effects.keep(&case.record);
}
