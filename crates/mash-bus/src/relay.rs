//! The producer side: publishes the outbox of a component.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use mash_store::{Store, StoreError, leases, outbox};

use crate::{Bus, BusError, BusMessage, GATHER, Ledger, LedgerError, backoff::Backoff};

mod evidence;
mod guarded;

use evidence::{Cleared, Recorder};

/// Messages per publish. Large enough to drain a backlog at tens of thousands a second.
const BATCH: usize = 500;
/// How long a relay that died blocks the next one. A paused holder that wakes up late does no harm: it publishes
/// messages that consumers have seen.
const LEASE: Duration = Duration::from_secs(3);
const RENEW: Duration = Duration::from_secs(1);
/// How soon messages are found that another process enqueued.
const POLL: Duration = Duration::from_millis(100);
/// The same, where there are hardly ever any and every reader of the bus looks.
const POLL_SELDOM: Duration = Duration::from_secs(2);

/// Publishes the outbox of a component, in order, and removes a message only when the bus has it.
///
/// Any number of processes may run one for the same component: a lease lets one of them publish at a time.
///
/// A message that rests on [`mash_store::guards`] goes only while they are open; otherwise it leaves the outbox and is
/// told of to whoever asks for what was barred.
///
/// With a [`Ledger`], what was recorded as evidence is in it before anything that was committed with it is published.
pub struct Relay {
    store: Store,
    bus: Arc<dyn Bus>,
    component: &'static str,
    holder: String,
    lease: String,
    renewed: Option<Instant>,
    clock: Option<Arc<dyn Fn() -> i64 + Send + Sync>>,
    recorder: Option<Recorder>,
    poll: Duration,
}

/// Why a round did not go through.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error("the outbox cannot be read or cleared")]
    Store(#[from] StoreError),
    #[error("the bus did not take the messages")]
    Bus(#[from] BusError),
    #[error("the ledger did not take the evidence")]
    Ledger(#[from] LedgerError),
}

/// What a round did.
enum Round {
    Published(usize),
    Empty,
    /// Another process publishes for this component.
    NotOurs,
}

impl Relay {
    /// A relay for the outbox of this component.
    #[must_use]
    pub fn new(store: Store, bus: Arc<dyn Bus>, component: &'static str) -> Self {
        Self {
            store,
            bus,
            component,
            holder: uuid::Uuid::new_v4().to_string(),
            lease: format!("relay/{component}"),
            renewed: None,
            clock: None,
            recorder: None,
            poll: POLL,
        }
    }

    /// Hands evidence to this ledger, and publishes nothing before what was committed with it is in there. When the ledger
    /// was out of reach for longer than this, urgent messages go without it, and everything else goes on waiting.
    #[must_use]
    pub fn with_ledger(self, ledger: Arc<dyn Ledger>, patience: Duration) -> Self {
        Self { recorder: Some(Recorder::new(ledger, patience)), ..self }
    }

    /// For a component that hardly ever has anything to publish: what this process enqueues goes at once, what another one
    /// does is found later.
    #[must_use]
    pub(crate) const fn seldom(mut self) -> Self {
        self.poll = POLL_SELDOM;
        self
    }

    /// Lets guards expire by this clock, in milliseconds since the epoch, instead of the database's.
    #[must_use]
    pub fn with_clock(self, now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self { clock: Some(Arc::new(now_ms)), ..self }
    }

    /// Publishes until told to stop. It never gives up: while the store or the bus is away it tries again, ever slower.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut committed = self.store.outbox_notify(self.component);
        let mut backoff = Backoff::new();
        let mut failing = false;
        while !shutdown.is_cancelled() {
            let begun = Instant::now();
            // What is committed from here on wakes us again, so nothing falls between the look and the wait.
            committed.clear();
            let outcome = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                outcome = self.round() => outcome,
            };
            let pause = match outcome {
                Ok(round) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!(component = self.component, "the relay publishes again");
                    }
                    backoff.reset();
                    match round {
                        Round::Published(BATCH..) => continue,
                        Round::Published(_) | Round::Empty => self.poll,
                        Round::NotOurs => self.poll.max(RENEW / 2),
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(
                            component = self.component,
                            error,
                            "the relay cannot publish and keeps trying"
                        );
                    }
                    sleep(backoff.step(), &shutdown).await;
                    continue;
                }
            };
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                _ = committed.wait(pause) => (),
            }
            sleep(GATHER.saturating_sub(begun.elapsed()), &shutdown).await;
        }
        self.release().await;
    }

    /// Publishes what waits now, once, and returns how many messages that were.
    ///
    /// # Errors
    /// When the store or the bus fails; what was not published stays in the outbox.
    pub async fn drain(&mut self) -> Result<usize, BusError> {
        let mut published = 0;
        loop {
            match self.round().await {
                Ok(Round::Published(count)) => published += count,
                Ok(Round::Empty | Round::NotOurs) => break,
                Err(RoundError::Store(error)) => return Err(error.into()),
                Err(RoundError::Bus(error)) => return Err(error),
                Err(RoundError::Ledger(error)) => return Err(BusError::Broker(error.to_string())),
            }
        }
        self.release().await;
        Ok(published)
    }

    async fn round(&mut self) -> Result<Round, RoundError> {
        // Looking costs a read, holding the lease a write: an idle relay only looks.
        let mut pending = outbox::take(&self.store, self.component, BATCH).await?;
        if pending.is_empty() && !self.has_evidence().await? {
            return Ok(Round::Empty);
        }
        let fresh = self.renewed.is_some_and(|at| at.elapsed() < RENEW);
        if !fresh {
            let asked = Instant::now();
            self.renewed = None;
            if !leases::acquire(&self.store, &self.lease, &self.holder, LEASE).await? {
                return Ok(Round::NotOurs);
            }
            self.renewed = Some(asked);
        }
        // After the messages were read: what was committed with them is seen now.
        match self.record().await? {
            Cleared::All => {}
            Cleared::Urgent(urgent) => pending = urgent,
        }
        if pending.is_empty() {
            return Ok(Round::Published(0));
        }
        if pending.iter().any(|message| message.guarded) {
            return self.publish_guarded(pending).await;
        }
        let (seqs, messages): (Vec<_>, Vec<_>) = pending.into_iter().map(split).unzip();
        self.bus.publish(&messages).await?;
        outbox::delete(&self.store, &seqs).await?;
        Ok(Round::Published(seqs.len()))
    }

    async fn release(&mut self) {
        if self.renewed.take().is_some()
            && let Err(error) = leases::release(&self.store, &self.lease, &self.holder).await
        {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(component = self.component, error, "the lease runs out by itself");
        }
    }
}

fn split(message: outbox::PendingMessage) -> (i64, BusMessage) {
    let outbox::PendingMessage { seq, topic, key, event_id, payload, guarded: _ } = message;
    (seq, BusMessage { topic, key, event_id, payload: payload.into() })
}

async fn sleep(duration: Duration, shutdown: &CancellationToken) {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => (),
        () = tokio::time::sleep(duration) => (),
    }
}
