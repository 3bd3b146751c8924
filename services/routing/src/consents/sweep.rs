//! What nobody calls for: consents whose time has come, and messages that a relay has kept back.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use mash_chassis::Clock;
use mash_domain::{
    authority::Authorities,
    consent::{ConsentError, ConsentId},
    incident::rules::day_of,
};
use mash_policy::Ruleset;
use mash_proto::{envelope::event_id, event::v1::Envelope};
use mash_store::{Store, guards};
use tokio_util::sync::CancellationToken;

use super::app::{Act, ConsentRefusal, act};
use crate::{
    app::{
        effects::{Cause, Effects},
        kept_back::keep_back,
    },
    items::follow_up,
    pseudonym::Pseudonymiser,
    route::Means,
    rulesets::Rulesets,
    store::{
        COMPONENT, consents as store, items,
        load::{Needs, load},
        resting,
        save::save,
    },
};

/// How often to look. A release that rests on a consent is barred at its very time, whenever this looks.
const INTERVAL: Duration = Duration::from_secs(2);
/// At most this many of a sort at a time.
const BATCH: usize = 100;

/// Looks after the register.
pub struct Sweep {
    /// The store.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The rules.
    pub rulesets: Arc<Rulesets>,
    /// For commitments.
    pub pseudonymiser: Pseudonymiser,
}

impl Sweep {
    /// Looks until told to stop.
    pub async fn run(self, shutdown: CancellationToken) {
        loop {
            if let Err(error) = self.once().await {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "the consent register was not swept and will be again");
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    /// Looks once, and returns how many consents have expired.
    ///
    /// # Errors
    ///
    /// [`ConsentRefusal`] if the store fails; the next round goes on.
    pub async fn once(&self) -> Result<usize, ConsentRefusal> {
        self.take_barred().await?;
        self.put_kept_back_on_record().await?;
        self.put_items_kept_back_on_record().await?;
        let now = self.clock.now();
        let overdue = {
            let mut read = self.store.read().await?;
            store::overdue(&mut read, now, i64::try_from(BATCH).unwrap_or(i64::MAX)).await?
        };
        let mut expired = 0;
        for id in overdue {
            expired += usize::from(self.expire(id, now).await?);
        }
        Ok(expired)
    }

    async fn expire(&self, id: ConsentId, now: Timestamp) -> Result<bool, ConsentRefusal> {
        let mut tx = self.store.begin().await?;
        let Some(key) = store::child_of(tx.conn(), id).await? else { return Ok(false) };
        let cause = caused("consent-expired", &id.to_string(), &key.case_id);
        let ruleset = self.rulesets.in_force(&mut tx).await?;
        let means = self.means(&ruleset, now);
        match act(&mut tx, means, &key, Act::Expire(id), (&cause, now)).await {
            Ok(_) => {
                tx.commit().await?;
                tracing::info!(consent.id = %id, "a consent has expired; nothing rests on it any more");
                Ok(true)
            }
            // Somebody was faster.
            Err(ConsentRefusal::Consent(ConsentError::HasEnded | ConsentError::Unknown)) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Puts on record what relays have kept back, child by child.
    async fn take_barred(&self) -> Result<(), ConsentRefusal> {
        let mut tx = self.store.begin().await?;
        let barred = guards::take_barred(&mut tx, COMPONENT, BATCH).await?;
        let now = self.clock.now();
        let mut by_child: BTreeMap<_, (String, Vec<String>)> = BTreeMap::new();
        for barred in barred {
            let Some(key) = store::child_of_event(tx.conn(), &barred.event_id).await? else {
                // Under a duty, and resting on an agreement. What may have arrived counts as sent.
                if !barred.in_doubt {
                    let events = std::slice::from_ref(&barred.event_id);
                    resting::keep_back(&mut tx, events).await?;
                    items::keep_back(&mut tx, events).await?;
                }
                continue;
            };
            let entry =
                by_child.entry(key).or_insert_with(|| (barred.event_id.clone(), Vec::new()));
            // What may have arrived counts as sent.
            if !barred.in_doubt {
                entry.1.push(barred.event_id);
            }
        }
        if by_child.is_empty() {
            return Ok(tx.commit().await?);
        }
        let ruleset = self.rulesets.in_force(&mut tx).await?;
        for (key, (first, events)) in by_child {
            let cause = caused("barred", &first, &key.case_id);
            let act =
                act(&mut tx, self.means(&ruleset, now), &key, Act::KeptBack(events), (&cause, now));
            match act.await {
                Ok(_) | Err(ConsentRefusal::NotFound) => (),
                Err(error) => return Err(error),
            }
        }
        Ok(tx.commit().await?)
    }

    /// Puts on record which releases under agreements never left, since their agreement had ended.
    async fn put_kept_back_on_record(&self) -> Result<(), ConsentRefusal> {
        let mut tx = self.store.begin().await?;
        let kept = resting::take_kept_back(&mut tx, BATCH).await?;
        if kept.is_empty() {
            return Ok(tx.rollback().await?);
        }
        let cases = kept.iter().filter_map(|kept| kept.case_id.parse().ok()).collect();
        let needs = Needs { cases, ..Needs::default() };
        let mut world = load(&mut tx, &needs, &self.pseudonymiser).await?;
        let ruleset = self.rulesets.in_force(&mut tx).await?;
        let mut effects = Effects::default();
        let now = self.clock.now();
        for kept in &kept {
            let event = &caused("kept-back", &kept.event_id, &kept.case_id);
            keep_back(kept, &ruleset, &mut world, &mut effects, Cause { event, now });
        }
        save(&mut tx, &world, &effects).await?;
        Ok(tx.commit().await?)
    }

    /// The same for items, which are decided on again.
    async fn put_items_kept_back_on_record(&self) -> Result<(), ConsentRefusal> {
        let mut tx = self.store.begin().await?;
        if items::kept_back(tx.conn(), 1).await?.is_empty() {
            return Ok(tx.rollback().await?);
        }
        let ruleset = self.rulesets.in_force(&mut tx).await?;
        let means = follow_up::Means { ruleset: &ruleset, pseudonymiser: &self.pseudonymiser };
        let now = self.clock.now();
        let kept = follow_up::put_kept_back_on_record(&mut tx, means, now, BATCH).await?;
        tracing::info!(items = kept, "items that guards kept back are on record");
        Ok(tx.commit().await?)
    }

    fn means<'a>(&'a self, ruleset: &'a Ruleset, now: Timestamp) -> Means<'a> {
        Means {
            authorities: Authorities::builtin(),
            ruleset,
            pseudonymiser: &self.pseudonymiser,
            today: day_of(now),
        }
    }
}

/// An event to name as the cause of what no event on the bus has caused.
#[must_use]
pub fn caused(what: &str, by: &str, case_id: &str) -> Envelope {
    let id = event_id(&[what, by]).to_string();
    Envelope { correlation_id: id.clone(), id, subject: case_id.to_owned(), ..Envelope::default() }
}
