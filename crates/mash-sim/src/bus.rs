//! The log between the processes: partitions in order per key, groups that read at their own pace, at least once.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use mash_bus::{Bus, BusError, BusMessage, Delivery, Subscription, TopicSpec};
use mash_store::Tx;
use mash_synth::random::Random;

use crate::{
    pulse::{Place, Pulse},
    watch::Watch,
};

/// Enough to let keys overtake each other.
const PARTITIONS: usize = 3;
/// How many messages that a group has behind it can still be delivered to it again.
const REMEMBERED: usize = 40;

/// How many of them at most are.
const AGAIN: usize = 10;

/// Where a group has come to, by topic and partition.
type Offsets = BTreeMap<(String, usize), usize>;

#[derive(Default)]
struct Partition {
    /// The offset of the first message that is still kept.
    base: usize,
    messages: VecDeque<BusMessage>,
}

impl Partition {
    fn end(&self) -> usize {
        self.base + self.messages.len()
    }
}

/// What all processes of a world share.
#[derive(Default)]
pub struct Log {
    partitions: BTreeMap<(String, usize), Partition>,
    groups: BTreeMap<&'static str, Offsets>,
    /// Topics and keys that were written to since somebody looked.
    touched: BTreeSet<(String, String)>,
    published: u64,
    /// Whether it takes nothing.
    down: bool,
    /// If not empty, nothing else is kept: there is nobody who would read it.
    kept: BTreeSet<&'static str>,
}

/// A batch for a group.
pub struct Batch {
    /// Its topic and partition.
    from: (String, usize),
    /// What is new to the group.
    pub fresh: Vec<Delivery>,
    /// What it had before, the last of it.
    pub old: Vec<Delivery>,
    /// Where the group stands once it has taken the batch in.
    next: usize,
}

impl Log {
    fn append(&mut self, batch: &[BusMessage]) {
        for message in batch {
            let kept = self.kept.is_empty() || self.kept.contains(message.topic.as_str());
            self.published += u64::from(!kept);
            if !kept {
                continue;
            }
            let place = (message.topic.clone(), partition(&message.key));
            self.partitions.entry(place).or_default().messages.push_back(message.clone());
            self.touched.insert((message.topic.clone(), message.key.clone()));
            self.published += 1;
        }
    }

    /// Whether it takes nothing from now on.
    pub fn is_down(&mut self, down: bool) {
        self.down = down;
    }

    /// Keeps these topics and no others.
    pub fn keep(&mut self, topics: &[&'static str]) {
        self.kept.extend(topics);
    }

    /// Makes a group known, so that nothing is thrown away before it has it.
    pub fn join(&mut self, group: &'static str) {
        self.groups.entry(group).or_default();
    }

    /// The topics and keys that were written to since the last look.
    pub fn touched(&mut self) -> BTreeSet<(String, String)> {
        std::mem::take(&mut self.touched)
    }

    /// How many messages were ever published, copies included.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.published
    }

    /// Whether a group has something to read.
    #[must_use]
    pub fn waits(&self, group: &str, topics: &[&str]) -> bool {
        !self.waiting(group, topics).is_empty()
    }

    fn waiting(&self, group: &str, topics: &[&str]) -> Vec<(String, usize)> {
        let offsets = self.groups.get(group);
        let behind = |place: &(String, usize), partition: &Partition| {
            offsets.and_then(|offsets| offsets.get(place)).copied().unwrap_or(0) < partition.end()
        };
        self.partitions
            .iter()
            .filter(|(place, partition)| {
                topics.contains(&place.0.as_str()) && behind(place, partition)
            })
            .map(|(place, _)| place.clone())
            .collect()
    }

    /// The next batch of a group, from any of its partitions: across them, order is not promised.
    pub fn next(
        &mut self,
        group: &'static str,
        topics: &[&str],
        most: usize,
        random: &mut Random,
    ) -> Option<Batch> {
        let waiting = self.waiting(group, topics);
        let from = random.pick(&waiting)?.clone();
        let partition = self.partitions.get(&from)?;
        let at = self.groups.get(group).and_then(|all| all.get(&from)).copied().unwrap_or(0);
        let deliver = |(offset, message): (usize, &BusMessage)| Delivery {
            fault: None,
            topic: message.topic.clone(),
            partition: i32::try_from(from.1).unwrap_or(0),
            offset: i64::try_from(offset).unwrap_or(0),
            key: message.key.clone(),
            payload: message.payload.clone(),
        };
        let numbered = || (partition.base..).zip(&partition.messages);
        let fresh: Vec<_> =
            numbered().skip(at.saturating_sub(partition.base)).take(most).map(deliver).collect();
        let seen = numbered().take_while(|(offset, _)| *offset < at);
        let old = seen.skip(at.saturating_sub(partition.base + AGAIN)).map(deliver).collect();
        let next = at + fresh.len();
        Some(Batch { from, fresh, old, next })
    }

    /// Stores the offset of a group after a batch, and throws away what no group needs any more.
    pub fn commit(&mut self, group: &'static str, batch: &Batch, readers: &[&'static str]) {
        self.groups.entry(group).or_default().insert(batch.from.clone(), batch.next);
        let slowest = readers
            .iter()
            .map(|reader| {
                self.groups.get(reader).and_then(|all| all.get(&batch.from)).copied().unwrap_or(0)
            })
            .min()
            .unwrap_or(0);
        if let Some(partition) = self.partitions.get_mut(&batch.from) {
            while partition.base + REMEMBERED < slowest {
                partition.messages.pop_front();
                partition.base += 1;
            }
        }
    }
}

/// FNV-1a: the same on every machine.
fn partition(key: &str) -> usize {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    usize::try_from(hash >> 33).unwrap_or(0) % PARTITIONS
}

/// The log as one process sees it.
#[derive(Clone)]
pub struct SimBus {
    log: Arc<Mutex<Log>>,
    pulse: Arc<Pulse>,
    watch: Option<Arc<dyn Watch>>,
}

impl SimBus {
    /// For a process with this pulse. Whoever watches sees each batch before it is on the log.
    #[must_use]
    pub fn new(log: Arc<Mutex<Log>>, pulse: Arc<Pulse>, watch: Option<Arc<dyn Watch>>) -> Self {
        Self { log, pulse, watch }
    }
}

/// The log, whatever became of whoever held it last.
pub fn locked(log: &Mutex<Log>) -> std::sync::MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

fn dead() -> BusError {
    BusError::Broker("the process is dead".to_owned())
}

#[async_trait]
impl Bus for SimBus {
    async fn ensure_topics(&self, _topics: &[TopicSpec]) -> Result<(), BusError> {
        match locked(&self.log).down {
            true => Err(BusError::Broker("no broker answers".to_owned())),
            false => Ok(()),
        }
    }

    async fn publish(&self, batch: &[BusMessage]) -> Result<(), BusError> {
        if !self.pulse.beats(Place::Publish) {
            return Err(dead());
        }
        if locked(&self.log).down {
            return Err(BusError::Broker("no broker answers".to_owned()));
        }
        if let Some(watch) = &self.watch {
            watch.about_to_be_published(batch).await;
        }
        locked(&self.log).append(batch);
        if self.pulse.beats(Place::Published) { Ok(()) } else { Err(dead()) }
    }

    async fn publish_in(&self, _tx: &mut Tx, _batch: &[BusMessage]) -> Result<bool, BusError> {
        Ok(false)
    }

    async fn subscribe(
        &self,
        _group: &str,
        _topics: &[&str],
    ) -> Result<Box<dyn Subscription>, BusError> {
        Err(BusError::Ended("the simulation reads by itself".to_owned()))
    }

    async fn lag(&self, _group: &str, _topics: &[&str]) -> Result<u64, BusError> {
        Ok(0)
    }
}
