//! The consumer side: gives a handler every event once, in one transaction with its effects.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future::join_all;
use prost::Message as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use mash_proto::event::v1::Envelope;
use mash_store::{Dialect, Store, StoreError, Tx, seen};

use crate::{
    Bus, BusError, DEAD_LETTER_COMPONENT, Delivery, GATHER, HandleError, IntakeError, Relay,
    Subscription, backoff::Backoff,
};

mod poison;

/// Messages per transaction.
const BATCH: usize = 500;
/// So many events are worth a transaction of their own.
const LANE: usize = 100;
/// How long an event is remembered: far longer than any bus delivers it again.
const REMEMBER: Duration = Duration::from_secs(60 * 24 * 3600);
const PRUNE_EVERY: Duration = Duration::from_secs(3600);
/// How often data that the store refuses is tried before it is taken for poison. A race between two transactions may
/// be refused once; the same data are refused for ever.
const REFUSALS: u32 = 3;

/// What a service does with the events of its topics.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The consumer group; replicas of one service share it.
    fn group(&self) -> &'static str;

    /// The topics to read.
    fn topics(&self) -> &'static [&'static str];

    /// Who deals with the dead letters of this group.
    fn owner(&self) -> &'static str;

    /// Whether an event is for this handler at all. What is not is passed over without being remembered: several readers
    /// share a topic, and to remember for each what it never looks at would cost more than the work itself.
    ///
    /// An event of which nobody knows what it is concerns the handler, which refuses it.
    fn concerns(&self, _event: &Envelope) -> bool {
        true
    }

    /// Whether the events that it takes in are remembered. A handler whose effects are rows under ids of their own, which
    /// know a repeat for ever, needs no second row for each to say so.
    fn remembers(&self) -> bool {
        true
    }

    /// Into how many transactions at once a batch may be split, by partition: what has one key stays together and in
    /// order. More than one is worth it where a batch is much work and its keys have little in common; SQLite, which
    /// has one writer, makes no use of it.
    fn lanes(&self) -> usize {
        1
    }

    /// Takes in events that the group has not seen, in order. State and outgoing events are written in `tx`, which is
    /// committed afterwards; nothing may be done that cannot be rolled back.
    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError>;

    /// Called after the commit, to wake those who wait for the effects.
    async fn committed(&self, _events: &[Envelope]) {}
}

/// Reads the topics of a handler and gives it every event once.
///
/// A batch is one transaction: the events are marked as seen, handled, and committed together, and only then is the
/// position on the bus committed. What cannot be processed becomes a dead letter, and the stream goes on.
pub struct Intake {
    store: Store,
    bus: Arc<dyn Bus>,
    handler: Arc<dyn Handler>,
}

/// A delivery and what was found in it.
struct Arrival {
    delivery: Delivery,
    content: Result<Envelope, Unread>,
}

/// Why nothing was found in a delivery.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unread {
    /// It becomes a dead letter, with this code.
    Poison(&'static str),
    /// What it held was erased, so nothing is left to be done about it.
    Erased,
}

impl Intake {
    /// An intake for this handler.
    #[must_use]
    pub fn new(store: Store, bus: Arc<dyn Bus>, handler: Arc<dyn Handler>) -> Self {
        Self { store, bus, handler }
    }

    /// Reads until told to stop. It never gives up: while the store or the bus is away it tries again, ever slower.
    ///
    /// # Errors
    /// Only when the handler names no topic.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), IntakeError> {
        if self.handler.topics().is_empty() {
            return Err(IntakeError::NoTopics(self.handler.group()));
        }
        let letters =
            Relay::new(self.store.clone(), Arc::clone(&self.bus), DEAD_LETTER_COMPONENT).seldom();
        tokio::join!(letters.run(shutdown.clone()), self.read(&shutdown), self.forget(&shutdown));
        Ok(())
    }

    /// Takes in one batch and returns, for whoever reads the bus himself: a batch that fails as a whole is taken one by
    /// one, and what cannot be processed becomes a dead letter.
    ///
    /// # Errors
    /// When the store fails. Then the batch, or its rest, is to be delivered again.
    pub async fn step(&self, batch: Vec<Delivery>) -> Result<(), StoreError> {
        let arrivals = poison::open_all(&self.store, self.handler.group(), batch).await?;
        let Err(cause) = self.together(&arrivals).await else { return Ok(()) };
        poisonous(cause)?;
        for arrival in &arrivals {
            let Err(cause) = self.together(std::slice::from_ref(arrival)).await else { continue };
            let code = poisonous(cause)?;
            if let Err(HandleError::Store(error)) = self.bury(arrival, code).await {
                return Err(error);
            }
        }
        Ok(())
    }

    async fn read(&self, shutdown: &CancellationToken) {
        let mut backoff = Backoff::new();
        let mut failing = false;
        while !shutdown.is_cancelled() {
            let group = self.handler.group();
            let outcome = match self.bus.subscribe(group, self.handler.topics()).await {
                Ok(subscription) => {
                    self.follow(subscription, shutdown, &mut failing, &mut backoff).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                if !std::mem::replace(&mut failing, true) {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(group, error, "the intake cannot read and keeps trying");
                }
                pause(backoff.step(), shutdown).await;
            }
        }
    }

    /// Follows one subscription until it fails or the service stops, then leaves the group.
    async fn follow(
        &self,
        mut subscription: Box<dyn Subscription>,
        shutdown: &CancellationToken,
        failing: &mut bool,
        backoff: &mut Backoff,
    ) -> Result<(), BusError> {
        let outcome = self.take_batches(subscription.as_mut(), shutdown, failing, backoff).await;
        subscription.leave().await;
        outcome
    }

    async fn take_batches(
        &self,
        subscription: &mut dyn Subscription,
        shutdown: &CancellationToken,
        failing: &mut bool,
        backoff: &mut Backoff,
    ) -> Result<(), BusError> {
        let mut next = Instant::now();
        loop {
            if !pause(next.saturating_duration_since(Instant::now()), shutdown).await {
                return Ok(());
            }
            let batch = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                batch = subscription.next_batch(BATCH) => batch?,
            };
            next = Instant::now() + if batch.len() < BATCH { GATHER } else { Duration::ZERO };
            if std::mem::take(failing) {
                tracing::info!(group = self.handler.group(), "the intake reads again");
            }
            backoff.reset();
            let arrivals = poison::open_all(&self.store, self.handler.group(), batch).await?;
            let lanes = self.split(arrivals);
            let taken = lanes.iter().map(|lane| self.take_in(lane, shutdown));
            if !join_all(taken).await.into_iter().all(|taken| taken) {
                return Ok(());
            }
            subscription.commit().await?;
        }
    }

    /// A batch in as many lanes as the handler and the store can make use of. A key has the same partition in
    /// every topic of a service, so that what belongs together meets in one lane.
    fn split(&self, batch: Vec<Arrival>) -> Vec<Vec<Arrival>> {
        let lanes = match self.store.dialect() {
            Dialect::Sqlite => 1,
            // A few events are not worth the statements of a second transaction.
            Dialect::Postgres => self.handler.lanes().min(1 + batch.len() / LANE),
        };
        let mut split: BTreeMap<usize, Vec<Arrival>> = BTreeMap::new();
        for arrival in batch {
            let partition = usize::try_from(arrival.delivery.partition).unwrap_or_default();
            let lane = partition % lanes.max(1);
            split.entry(lane).or_default().push(arrival);
        }
        split.into_values().collect()
    }

    /// Takes a batch in, however long the store is away. False means that the service stops first.
    async fn take_in(&self, arrivals: &[Arrival], shutdown: &CancellationToken) -> bool {
        let outcome = self.insist(shutdown, || self.together(arrivals)).await;
        match outcome {
            None => return false,
            Some(Ok(())) => return true,
            Some(Err(code)) => {
                tracing::warn!(
                    group = self.handler.group(),
                    code,
                    "a batch failed and is taken one by one"
                );
            }
        }
        for arrival in arrivals {
            let alone = std::slice::from_ref(arrival);
            let done = match self.insist(shutdown, || self.together(alone)).await {
                None => return false,
                Some(Ok(())) => continue,
                Some(Err(code)) => self.insist(shutdown, || self.bury(arrival, code)).await,
            };
            if done.is_none() {
                return false;
            }
        }
        true
    }

    /// Tries until the store has answered: `Some(Ok)` when done, `Some(Err)` with the code of a poisonous batch,
    /// `None` when the service stops.
    async fn insist<'a, F>(
        &self,
        shutdown: &CancellationToken,
        attempt: impl Fn() -> F,
    ) -> Option<Result<(), &'static str>>
    where
        F: Future<Output = Result<(), HandleError>> + 'a,
    {
        let group = self.handler.group();
        let (mut backoff, mut failing, mut refusals) = (Backoff::new(), false, 0);
        loop {
            let error = match attempt().await {
                Ok(()) => {
                    if failing {
                        tracing::info!(group, "the intake goes on");
                    }
                    return Some(Ok(()));
                }
                Err(HandleError::Poison { code }) => return Some(Err(code)),
                Err(HandleError::Store(error)) => error,
            };
            if matches!(error, StoreError::Refused(_)) {
                refusals += 1;
                if refusals >= REFUSALS {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(group, error, "the store refuses what a message says");
                    return Some(Err(poison::REFUSED));
                }
            }
            if !std::mem::replace(&mut failing, true) {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(group, error, "the store failed and the intake keeps trying");
            }
            if !pause(backoff.step(), shutdown).await {
                return None;
            }
        }
    }

    /// One transaction for all of them. Undecodable messages become dead letters in the same transaction.
    async fn together(&self, arrivals: &[Arrival]) -> Result<(), HandleError> {
        let envelopes: Vec<_> = arrivals
            .iter()
            .filter_map(|arrival| arrival.content.as_ref().ok())
            .filter(|event| self.handler.concerns(event))
            .collect();
        let poison = |arrival: &Arrival| matches!(arrival.content, Err(Unread::Poison(_)));
        let readable = !arrivals.iter().any(poison);
        if envelopes.is_empty() && readable {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        let ids: Vec<_> = envelopes.iter().map(|envelope| envelope.id.as_str()).collect();
        let fresh = if self.handler.remembers() {
            seen::mark(&mut tx, self.handler.group(), &ids).await?
        } else {
            vec![true; ids.len()]
        };
        let events: Vec<Envelope> = envelopes
            .into_iter()
            .zip(fresh)
            .filter(|(_, fresh)| *fresh)
            .map(|(event, _)| event.clone())
            .collect();
        if events.is_empty() && readable {
            // All of it was seen before, and nothing is to be written.
            return Ok(tx.rollback().await?);
        }
        if !events.is_empty() {
            self.handler.handle(&mut tx, &events).await?;
        }
        for arrival in arrivals {
            if let Err(Unread::Poison(code)) = arrival.content {
                poison::bury(&mut tx, self.handler.as_ref(), arrival, code).await?;
            }
        }
        tx.commit().await?;
        if !events.is_empty() {
            self.handler.committed(&events).await;
        }
        Ok(())
    }

    async fn bury(&self, arrival: &Arrival, code: &'static str) -> Result<(), HandleError> {
        let mut tx = self.store.begin().await?;
        poison::bury(&mut tx, self.handler.as_ref(), arrival, code).await?;
        Ok(tx.commit().await?)
    }

    async fn forget(&self, shutdown: &CancellationToken) {
        let mut next = Instant::now() + PRUNE_EVERY;
        while !shutdown.is_cancelled() {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep_until(next) => next += PRUNE_EVERY,
            }
            if let Err(error) = seen::prune(&self.store, REMEMBER).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "old seen events were not removed");
            }
        }
    }
}

/// The code of a batch that can never be taken in; a store that failed may take it the next time.
fn poisonous(cause: HandleError) -> Result<&'static str, StoreError> {
    match cause {
        HandleError::Poison { code } => Ok(code),
        HandleError::Store(StoreError::Refused(_)) => Ok(poison::REFUSED),
        HandleError::Store(error) => Err(error),
    }
}

/// False means that the service stops.
async fn pause(duration: Duration, shutdown: &CancellationToken) -> bool {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => false,
        () = tokio::time::sleep(duration) => true,
    }
}

fn decode(payload: &[u8]) -> Option<Envelope> {
    Envelope::decode(payload).ok()
}
