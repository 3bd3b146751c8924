//! Publishing messages that rest on guards: nothing goes once a guard is closed (P6).

use std::collections::BTreeSet;

use tokio::time::Instant;

use mash_store::{guards, outbox};

use super::{Relay, Round, RoundError, split};
use crate::{BusError, BusMessage};

impl Relay {
    /// Publishes a batch in which some messages rest on guards, in order, and without those that are barred.
    pub(super) async fn publish_guarded(
        &self,
        pending: Vec<outbox::PendingMessage>,
    ) -> Result<Round, RoundError> {
        let began = Instant::now();
        let guarded: Vec<i64> =
            pending.iter().filter(|message| message.guarded).map(|message| message.seq).collect();
        let handled = pending.len();
        let mut tx = self.store.begin().await?;
        let now = self.clock.as_ref().map(|clock| clock());
        let cleared = guards::clear(&mut tx, &guarded, now).await?;
        let (seqs, messages): (Vec<i64>, Vec<BusMessage>) = pending
            .into_iter()
            .filter(|message| !message.guarded || cleared.contains(&message.seq))
            .map(split)
            .unzip();
        if messages.is_empty() {
            tx.commit().await?;
            return Ok(Round::Published(handled));
        }
        if self.bus.publish_in(&mut tx, &messages).await? {
            // On the bus, out of the outbox and off its guards in one go.
            outbox::remove(&mut tx, &seqs).await?;
            let landed: Vec<i64> = cleared.into_iter().collect();
            guards::land(&mut tx, None, &landed).await?;
            tx.commit().await?;
            return Ok(Round::Published(handled));
        }
        if cleared.is_empty() {
            tx.commit().await?;
            self.bus.publish(&messages).await?;
            outbox::delete(&self.store, &seqs).await?;
            return Ok(Round::Published(handled));
        }
        let flight = uuid::Uuid::new_v4().to_string();
        guards::take_off(&mut tx, &flight, &cleared).await?;
        tx.commit().await?;
        self.fly(&messages, began).await?;
        self.land(&flight, &seqs, cleared).await?;
        Ok(Round::Published(handled))
    }

    /// Publishes within the time of the flight, counted from before it was written down, or not at all. After a failure
    /// the flight stands until its time has passed: what was sent may yet arrive until then.
    async fn fly(&self, messages: &[BusMessage], began: Instant) -> Result<(), BusError> {
        let Some(left) =
            guards::ATTEMPT.checked_sub(began.elapsed()).filter(|left| !left.is_zero())
        else {
            return Err(BusError::Broker("the store took too long to clear the batch".to_owned()));
        };
        self.bus.publish_within(messages, left).await
    }

    async fn land(
        &self,
        flight: &str,
        seqs: &[i64],
        cleared: BTreeSet<i64>,
    ) -> Result<(), RoundError> {
        let landed: Vec<i64> = cleared.into_iter().collect();
        let mut tx = self.store.begin().await?;
        outbox::remove(&mut tx, seqs).await?;
        guards::land(&mut tx, Some(flight), &landed).await?;
        Ok(tx.commit().await?)
    }
}
