//! The thread that polls for one subscription.
//!
//! It polls whatever the handler does, so the group never evicts a slow member. When the buffer stays full it pauses
//! the partitions and goes on polling.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use rdkafka::{
    ClientContext, Message as _, Offset, Statistics, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    message::BorrowedMessage,
};

use super::{
    context::log,
    shared::{Partition, Shared},
};
use crate::Delivery;

/// How long a poll waits for a message.
const POLL: Duration = Duration::from_millis(50);
/// What a member that dies has taken in and not committed comes again and is known; to commit more often costs the broker
/// more than that.
const COMMIT_EVERY: Duration = Duration::from_millis(500);
/// Pausing throws away what was fetched, so a short jam is waited out.
const PAUSE_AFTER: Duration = Duration::from_millis(500);
/// Rounds of statistics (ten seconds each) without progress before it is said aloud.
const STUCK_ROUNDS: u32 = 3;

pub(super) struct WorkerContext {
    pub(super) shared: Arc<Shared>,
    pub(super) group: String,
    pub(super) progress: std::sync::Mutex<(u64, u32)>,
}

impl ClientContext for WorkerContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let gone = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
        if gone && !self.shared.away.swap(true, Ordering::AcqRel) {
            tracing::warn!(
                group = self.group,
                reason,
                "no broker can be reached; the consumer keeps trying"
            );
        } else {
            tracing::debug!(group = self.group, %error, reason, "kafka consumer");
        }
    }

    fn stats(&self, statistics: Statistics) {
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        let lag: i64 = partitions.map(|partition| partition.consumer_lag.max(0)).sum();
        let handed_out = self.shared.handed_out.load(Ordering::Relaxed);
        let mut progress = self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (before, rounds) = *progress;
        let rounds = if lag > 0 && handed_out == before { rounds + 1 } else { 0 };
        *progress = (handed_out, rounds);
        drop(progress);
        if rounds >= STUCK_ROUNDS {
            tracing::warn!(
                group = self.group,
                lag,
                "messages wait and none is taken: the consumer is stuck"
            );
        }
    }
}

impl ConsumerContext for WorkerContext {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => self.shared.assign(partitions(list)),
            Rebalance::Revoke(list) => {
                // Others own what was lost already; committing it would set them back.
                if !consumer.assignment_lost() {
                    commit(consumer, &self.shared, CommitMode::Sync);
                }
                self.shared.revoke(&partitions(list));
            }
            Rebalance::Error(error) => {
                tracing::warn!(group = self.group, %error, "the rebalance failed")
            }
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        if let Err(error) = result {
            tracing::debug!(group = self.group, %error, "a commit failed and is repeated");
            self.shared.commit_failed.store(true, Ordering::Release);
        }
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<Partition> {
    list.elements()
        .iter()
        .map(|element| (element.topic().to_owned(), element.partition()))
        .collect()
}

/// Polls until the subscription is gone or the consumer cannot go on, then commits and leaves the group.
pub(super) fn run(consumer: &BaseConsumer<WorkerContext>, names: &HashMap<String, String>) {
    let context = Arc::clone(consumer.context());
    let shared = &context.shared;
    let mut committed = Instant::now();
    let mut brake = Brake::default();
    while !shared.stop.load(Ordering::Acquire) {
        shared.polled();
        if committed.elapsed() >= COMMIT_EVERY {
            commit(consumer, shared, CommitMode::Async);
            committed = Instant::now();
        }
        if brake.hold(consumer, shared) {
            std::thread::sleep(Duration::from_millis(2));
            continue;
        }
        match consumer.poll(POLL) {
            None => (),
            Some(Ok(message)) => receive(shared, &message, names),
            Some(Err(error)) if is_final(&error) => {
                shared.end(error.to_string());
                break;
            }
            Some(Err(error)) => {
                tracing::debug!(group = context.group, %error, "the consumer goes on")
            }
        }
    }
    if !consumer.assignment_lost() {
        commit(consumer, shared, CommitMode::Sync);
    }
}

fn is_final(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    matches!(error, KafkaError::MessageConsumptionFatal(_))
        || matches!(
            code,
            Some(
                RDKafkaErrorCode::Fatal
                    | RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::GroupAuthorizationFailed
                    | RDKafkaErrorCode::FencedInstanceId
                    | RDKafkaErrorCode::BadMessage
            )
        )
}

fn receive(shared: &Shared, message: &BorrowedMessage<'_>, names: &HashMap<String, String>) {
    if shared.away.swap(false, Ordering::AcqRel) {
        tracing::info!("the brokers are back");
    }
    let Some(topic) = names.get(message.topic()) else { return };
    let delivery = Delivery {
        fault: None,
        topic: topic.clone(),
        partition: message.partition(),
        offset: message.offset(),
        key: String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned(),
        payload: bytes::Bytes::copy_from_slice(message.payload().unwrap_or_default()),
    };
    shared.push((message.topic().to_owned(), message.partition()), delivery);
}

fn commit(consumer: &BaseConsumer<WorkerContext>, shared: &Shared, mode: CommitMode) {
    let commits = shared.commits();
    if commits.is_empty() {
        return;
    }
    let mut list = TopicPartitionList::with_capacity(commits.len());
    for ((topic, partition), offset) in &commits {
        if let Err(error) = list.add_partition_offset(topic, *partition, Offset::Offset(*offset)) {
            tracing::warn!(%error, "an offset cannot be committed");
        }
    }
    if let Err(error) = consumer.commit(&list, mode) {
        tracing::debug!(%error, "a commit failed and is repeated");
        shared.commit_failed.store(true, Ordering::Release);
    }
}

/// Back-pressure: lets nothing more in while the buffer is full.
#[derive(Default)]
struct Brake {
    full_since: Option<Instant>,
    /// The number of the assignment that was paused; partitions that come later must be paused too.
    paused: Option<u64>,
}

impl Brake {
    /// True means that the thread should wait a moment instead of polling.
    fn hold(&mut self, consumer: &BaseConsumer<WorkerContext>, shared: &Shared) -> bool {
        if let Some(assignment) = self.paused {
            if shared.is_half_empty() {
                self.apply(consumer, false);
                (self.paused, self.full_since) = (None, None);
            } else if assignment != shared.assignments() {
                self.apply(consumer, true);
                self.paused = Some(shared.assignments());
            }
            return false;
        }
        if !shared.is_full() {
            self.full_since = None;
            return false;
        }
        let since = *self.full_since.get_or_insert_with(Instant::now);
        if since.elapsed() < PAUSE_AFTER {
            return true;
        }
        self.apply(consumer, true);
        self.paused = Some(shared.assignments());
        false
    }

    fn apply(&self, consumer: &BaseConsumer<WorkerContext>, pause: bool) {
        let outcome = consumer.assignment().and_then(|assignment| {
            if pause { consumer.pause(&assignment) } else { consumer.resume(&assignment) }
        });
        if let Err(error) = outcome {
            tracing::warn!(%error, pause, was_paused = self.paused.is_some(), "partitions were not paused or resumed");
        }
    }
}
