//! What a subscription and its polling thread share.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::Delivery;

/// The full name of a topic, and a partition of it.
pub(super) type Partition = (String, i32);

/// The buffer is full at this many messages or bytes; the thread pauses its partitions then.
const FULL_MESSAGES: usize = 2_000;
const FULL_BYTES: usize = 16 << 20;

/// Shared between the task that takes messages and the thread that polls.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Something came in, or the thread has ended.
    pub(super) arrived: Notify,
    /// The subscription is gone, the thread should leave the group.
    pub(super) stop: AtomicBool,
    /// A commit failed and must be repeated.
    pub(super) commit_failed: AtomicBool,
    /// The brokers were away when we last heard.
    pub(super) away: AtomicBool,
    /// Messages handed out so far: the watchdog sees by it whether anything moves.
    pub(super) handed_out: AtomicU64,
    started: Instant,
    polled_ms: AtomicU64,
}

#[derive(Default)]
struct State {
    buffer: VecDeque<(u64, Partition, Delivery)>,
    bytes: usize,
    /// Partitions that we hold, with the number of the assignment. What came under an older one is not handed out.
    held: HashMap<Partition, u64>,
    assignments: u64,
    /// The next offset after what was handed out under the current assignment.
    positions: HashMap<Partition, i64>,
    /// What the group should remember.
    to_commit: HashMap<Partition, i64>,
    /// To commit once more if the last attempt fails.
    in_doubt: HashMap<Partition, i64>,
    ended: Option<String>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
            arrived: Notify::new(),
            stop: AtomicBool::new(false),
            commit_failed: AtomicBool::new(false),
            away: AtomicBool::new(false),
            handed_out: AtomicU64::new(0),
            started: Instant::now(),
            polled_ms: AtomicU64::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Partitions given to us.
    pub(super) fn assign(&self, partitions: impl IntoIterator<Item = Partition>) {
        let mut state = self.state();
        state.assignments += 1;
        let number = state.assignments;
        state.held.extend(partitions.into_iter().map(|partition| (partition, number)));
    }

    /// Partitions taken from us: what was not handed out is dropped, for their new holder reads it.
    pub(super) fn revoke(&self, partitions: &[Partition]) {
        let mut state = self.state();
        for partition in partitions {
            state.held.remove(partition);
            state.positions.remove(partition);
            state.to_commit.remove(partition);
            state.in_doubt.remove(partition);
        }
        state.buffer.retain(|(_, partition, _)| !partitions.contains(partition));
        state.bytes = state.buffer.iter().map(|(_, _, delivery)| delivery.payload.len()).sum();
    }

    pub(super) fn assignments(&self) -> u64 {
        self.state().assignments
    }

    /// A message came in.
    pub(super) fn push(&self, partition: Partition, delivery: Delivery) {
        let mut state = self.state();
        let Some(number) = state.held.get(&partition).copied() else { return };
        state.bytes += delivery.payload.len();
        state.buffer.push_back((number, partition, delivery));
        drop(state);
        self.arrived.notify_one();
    }

    /// Hands out what is there.
    pub(super) fn take(&self, max: usize) -> Vec<Delivery> {
        let mut state = self.state();
        let mut batch = Vec::new();
        while batch.len() < max
            && let Some((number, partition, delivery)) = state.buffer.pop_front()
        {
            state.bytes = state.bytes.saturating_sub(delivery.payload.len());
            if state.held.get(&partition) == Some(&number) {
                state.positions.insert(partition, delivery.offset + 1);
                batch.push(delivery);
            }
        }
        drop(state);
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        self.handed_out.fetch_add(count, Ordering::Relaxed);
        batch
    }

    /// Everything handed out is done with.
    pub(super) fn done(&self) {
        let mut state = self.state();
        let positions = std::mem::take(&mut state.positions);
        state.to_commit.extend(positions);
    }

    /// What to commit now. It stays in doubt until the next call.
    pub(super) fn commits(&self) -> HashMap<Partition, i64> {
        let mut state = self.state();
        if self.commit_failed.swap(false, Ordering::AcqRel) {
            for (partition, offset) in std::mem::take(&mut state.in_doubt) {
                state.to_commit.entry(partition).or_insert(offset);
            }
        }
        let commits = std::mem::take(&mut state.to_commit);
        state.in_doubt.extend(commits.clone());
        commits
    }

    pub(super) fn is_full(&self) -> bool {
        let state = self.state();
        state.buffer.len() >= FULL_MESSAGES || state.bytes >= FULL_BYTES
    }

    pub(super) fn is_half_empty(&self) -> bool {
        let state = self.state();
        state.buffer.len() <= FULL_MESSAGES / 2 && state.bytes <= FULL_BYTES / 2
    }

    /// The thread ends, and says why.
    pub(super) fn end(&self, reason: String) {
        self.state().ended.get_or_insert(reason);
        self.arrived.notify_one();
    }

    pub(super) fn ended(&self) -> Option<String> {
        self.state().ended.clone()
    }

    pub(super) fn polled(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.polled_ms.store(now, Ordering::Relaxed);
    }

    /// How long ago the thread last polled.
    pub(super) fn since_poll(&self) -> Duration {
        self.started
            .elapsed()
            .saturating_sub(Duration::from_millis(self.polled_ms.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(offset: i64) -> (Partition, Delivery) {
        let delivery = Delivery {
            fault: None,
            topic: "t".into(),
            partition: 0,
            offset,
            key: "k".into(),
            payload: "p".into(),
        };
        (("t".into(), 0), delivery)
    }

    #[test]
    fn what_came_before_a_revocation_is_neither_handed_out_nor_committed() {
        let shared = Shared::new();
        shared.assign([("t".to_owned(), 0)]);
        for offset in 0..4 {
            let (partition, delivery) = delivery(offset);
            shared.push(partition, delivery);
        }
        assert_eq!(shared.take(2).len(), 2);
        shared.revoke(&[("t".to_owned(), 0)]);
        shared.done();
        assert!(shared.take(9).is_empty());
        assert!(shared.commits().is_empty());
    }

    #[test]
    fn a_failed_commit_is_repeated() {
        let shared = Shared::new();
        shared.assign([("t".to_owned(), 0)]);
        let (partition, delivery) = delivery(7);
        shared.push(partition.clone(), delivery);
        assert_eq!(shared.take(9).len(), 1);
        shared.done();
        assert_eq!(shared.commits(), HashMap::from([(partition.clone(), 8)]));
        assert!(shared.commits().is_empty());
        shared.commit_failed.store(true, Ordering::Release);
        assert_eq!(shared.commits(), HashMap::from([(partition, 8)]));
    }
}
