//! Clocks that have something to say: warnings before the time, and what happens when it has passed. Each is said once,
//! however many replicas look and however often they restart, for it is said under the lock of the referral.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mash_domain::{
    clock::{Ring, ids},
    referral::{enquiry, work::Command},
};
use mash_partner::{LEFT_ALONE, prompt_kinds, tell_unreadable};
use mash_store::{StoreError, Tx};

use crate::{
    COMPONENT, Service,
    case::Case,
    effects::{Effects, prompt},
    meetings,
    record::KeptClock,
    store::{clocks, hubs, prompts},
};

/// Clocks in one transaction.
const BATCH: i64 = 200;
/// Transactions in one look, so that a look ends.
const ROUNDS: usize = 100;

impl Service {
    /// One look at every clock that is due. A referral that cannot be read is told and left alone for a while.
    pub(crate) async fn look(&self) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            let now = self.clock.now();
            // Most looks find nothing, and need not queue for the writer.
            let due = clocks::due(&mut self.store.read().await?, now, BATCH).await?;
            if due.is_empty() {
                return Ok(());
            }
            let ids: BTreeSet<&str> = due.iter().map(String::as_str).collect();
            let ids: Vec<&str> = ids.into_iter().collect();
            match self.ring(&ids, now).await {
                Err(error) if !error.is_transient() => self.ring_each(&ids, now).await?,
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// One of them stands in the way of the others: each by itself.
    async fn ring_each(&self, ids: &[&str], now: Timestamp) -> Result<(), StoreError> {
        for id in ids {
            match self.ring(&[*id], now).await {
                Err(error) if !error.is_transient() => self.leave_alone(id, &error, now).await?,
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// The duty manager is asked to look after it without the hub until it is mended.
    async fn leave_alone(
        &self,
        id: &str,
        error: &StoreError,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Ok(until) = now.checked_add(LEFT_ALONE) else { return Ok(()) };
        let mut tx = self.store.begin().await?;
        // Another replica may have been faster: then it is told already.
        if clocks::put_off(&mut tx, id, (now, until)).await? {
            let (authority, case_id) = id.split_once('/').unwrap_or((id, ""));
            tell_unreadable(COMPONENT, &format!("referrals/{case_id}"), error);
            // The people of the hub may be what cannot be read.
            let hub = hubs::of(&mut tx, authority).await.unwrap_or_default();
            let about = (authority, id, case_id);
            let prompt = prompt(about, (prompt_kinds::UNREADABLE, ""), hub.manager(), now);
            prompts::raise(&mut tx, &[prompt]).await?;
        }
        tx.commit().await
    }

    async fn ring(&self, ids: &[&str], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        let mut cases = Case::lock_many(&mut tx, ids).await?;
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
