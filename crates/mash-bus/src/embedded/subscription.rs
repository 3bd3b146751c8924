//! A member of a consumer group that reads the log.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Row as _};
use tokio::{task::JoinHandle, time::Instant};

use mash_store::{ReadConn, Signal, Store, StoreError, in_list};

use super::{
    Partition,
    claims::{self, BEAT, Member},
    signal_name,
};
use crate::{BusError, Delivery, Subscription};

/// How soon messages are found that another process published: at once after some came, later when it is quiet.
const POLL_SOON: Duration = Duration::from_millis(20);
const POLL_LATE: Duration = Duration::from_millis(250);
/// How long a commit may wait for the next one. Each is a write of its own for the one writer; what is read again
/// after a crash has been seen, and has no second effect.
const GATHER: Duration = Duration::from_millis(100);

pub(super) struct EmbeddedSubscription {
    store: Store,
    member: Member,
    topics: Vec<String>,
    signals: Vec<Signal>,
    /// The next offset to hand out of each partition that this member holds.
    positions: BTreeMap<Partition, i64>,
    /// What was handed out and not committed yet.
    uncommitted: BTreeMap<Partition, i64>,
    /// What was committed and not written yet.
    unwritten: Unwritten,
    balance_at: Instant,
    poll: Duration,
    /// Where the last fetch began, so that a busy partition cannot starve the others.
    turn: usize,
    heart: JoinHandle<()>,
}

/// Positions that were committed, gathered for a moment before they are written together.
#[derive(Clone, Default)]
struct Unwritten(Arc<Mutex<BTreeMap<Partition, i64>>>);

impl Unwritten {
    /// Adds positions; the first ones start the moment.
    fn add(&self, committed: &mut BTreeMap<Partition, i64>, store: &Store, group: &str) {
        let mut gathered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = gathered.is_empty();
        gathered.append(committed);
        if first && !gathered.is_empty() {
            let (gathered, store, group) = (self.clone(), store.clone(), group.to_owned());
            tokio::spawn(async move {
                tokio::time::sleep(GATHER).await;
                if let Err(error) = gathered.write(&store, &group).await {
                    // Positions only ever rise, so the next ones make up for these.
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(group, error, "a position was not written");
                }
            });
        }
    }

    /// Writes them now.
    async fn write(&self, store: &Store, group: &str) -> Result<(), StoreError> {
        let gathered = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if gathered.is_empty() { Ok(()) } else { claims::commit(store, group, &gathered).await }
    }
}

impl EmbeddedSubscription {
    pub(super) async fn join(
        store: &Store,
        group: &str,
        topics: &[&str],
    ) -> Result<Self, BusError> {
        let member = Member { group: group.to_owned(), id: uuid::Uuid::new_v4().to_string() };
        claims::beat(store, &member).await?;
        Ok(Self {
            heart: tokio::spawn(keep_alive(store.clone(), member.clone())),
            signals: topics.iter().map(|topic| store.signal(&signal_name(topic))).collect(),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            store: store.clone(),
            member,
            positions: BTreeMap::new(),
            uncommitted: BTreeMap::new(),
            unwritten: Unwritten::default(),
            balance_at: Instant::now(),
            poll: POLL_SOON,
            turn: 0,
        })
    }

    async fn balance(&mut self) -> Result<(), StoreError> {
        // Whoever takes a partition over must begin where this member has ended.
        self.unwritten.write(&self.store, &self.member.group).await?;
        let held: BTreeSet<Partition> = self.positions.keys().cloned().collect();
        let changed = claims::balance(&self.store, &self.member, &self.topics, &held).await?;
        self.balance_at = Instant::now() + BEAT;
        if let Some(committed) = changed {
            // A partition that stays goes on where it is; one that is new begins with what the group committed.
            let kept = std::mem::take(&mut self.positions);
            self.positions = committed
                .into_iter()
                .map(|(partition, offset)| {
                    let offset = kept.get(&partition).copied().unwrap_or(offset);
                    (partition, offset)
                })
                .collect();
            self.uncommitted.retain(|partition, _| self.positions.contains_key(partition));
        }
        Ok(())
    }

    async fn fetch(&mut self, max: usize) -> Result<Vec<Delivery>, StoreError> {
        let mut conn = self.store.read().await?;
        let mut behind = self.behind(&mut conn).await?;
        if behind.is_empty() {
            return Ok(Vec::new());
        }
        let turn = self.turn % behind.len();
        behind.rotate_left(turn);
        let mut batch = Vec::new();
        let mut moved = BTreeMap::new();
        for (partition, from, head) in behind {
            let room = max.saturating_sub(batch.len());
            if room == 0 {
                break;
            }
            let next = read(&mut conn, &partition, from, head, room, &mut batch).await?;
            moved.insert(partition, next);
        }
        // No waiting from here on: a cancelled call must not lose what it has read.
        self.turn = self.turn.wrapping_add(1);
        self.uncommitted.extend(moved.iter().map(|(partition, next)| (partition.clone(), *next)));
        self.positions.extend(moved);
        Ok(batch)
    }

    /// Partitions of ours with something new: where we are and where the log ends.
    async fn behind(&self, conn: &mut ReadConn) -> Result<Vec<(Partition, i64, i64)>, StoreError> {
        let sql = format!(
            "SELECT topic, part, next_offset FROM bus_heads WHERE topic IN ({}) ORDER BY topic, part",
            in_list(1, self.topics.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for topic in &self.topics {
            query = query.bind(topic);
        }
        let mut behind = Vec::new();
        for row in query.fetch_all(&mut **conn).await? {
            let (partition, head): (Partition, i64) =
                ((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
            if let Some(from) = self.positions.get(&partition).filter(|from| **from < head) {
                behind.push((partition, *from, head));
            }
        }
        Ok(behind)
    }

    async fn wait(&mut self) {
        let until = self.balance_at.min(Instant::now() + self.poll);
        let signals = self.signals.iter_mut().map(|signal| Box::pin(signal.changed()));
        let raised =
            tokio::time::timeout_at(until, futures::future::select_all(signals)).await.is_ok();
        self.poll = if raised { POLL_SOON } else { (self.poll * 2).min(POLL_LATE) };
    }
}

/// Reads one partition and returns the next offset to hand out.
async fn read(
    conn: &mut ReadConn,
    partition: &Partition,
    from: i64,
    head: i64,
    room: usize,
    batch: &mut Vec<Delivery>,
) -> Result<i64, StoreError> {
    let rows = sqlx::query(
        "SELECT log_offset, msg_key, payload FROM bus_log
         WHERE topic = $1 AND part = $2 AND log_offset >= $3 AND log_offset < $4 ORDER BY log_offset LIMIT $5",
    )
    .bind(&partition.0)
    .bind(partition.1)
    .bind(from)
    .bind(head)
    .bind(i64::try_from(room).unwrap_or(i64::MAX))
    .fetch_all(&mut **conn)
    .await?;
    // Fewer rows than there is room for mean that the rest, up to the head, was compacted away.
    let mut next = head;
    let full = rows.len() == room;
    for row in rows {
        let (offset, payload): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(2)?);
        if full {
            next = offset + 1;
        }
        batch.push(Delivery {
            fault: None,
            topic: partition.0.clone(),
            partition: i32::try_from(partition.1).map_err(|_| StoreError::Corrupt("partition"))?,
            offset,
            key: row.try_get(1)?,
            payload: payload.into(),
        });
    }
    Ok(next)
}

async fn keep_alive(store: Store, member: Member) {
    loop {
        tokio::time::sleep(BEAT).await;
        if let Err(error) = claims::beat(&store, &member).await {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(group = member.group, error, "a member could not say that it is alive");
        }
    }
}

#[async_trait]
impl Subscription for EmbeddedSubscription {
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        loop {
            if Instant::now() >= self.balance_at {
                self.balance().await?;
            }
            // What is published from here on wakes us again, so nothing falls between the look and the wait.
            for signal in &mut self.signals {
                signal.clear();
            }
            let batch = self.fetch(max).await?;
            if !batch.is_empty() {
                self.poll = POLL_SOON;
                return Ok(batch);
            }
            self.wait().await;
        }
    }

    async fn commit(&mut self) -> Result<(), BusError> {
        self.unwritten.add(&mut self.uncommitted, &self.store, &self.member.group);
        Ok(())
    }

    async fn leave(&mut self) {
        self.heart.abort();
        if let Err(error) = self.unwritten.write(&self.store, &self.member.group).await {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(group = self.member.group, error, "the last position was not written");
        }
        if let Err(error) = claims::leave(&self.store, &self.member).await {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(group = self.member.group, error, "the claims expire by themselves");
        }
    }
}

impl Drop for EmbeddedSubscription {
    fn drop(&mut self) {
        self.heart.abort();
        let (store, member) = (self.store.clone(), self.member.clone());
        let unwritten = self.unwritten.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // If the runtime ends first, the claims expire by themselves, and what is read again has been seen.
            drop(runtime.spawn(async move {
                unwritten.write(&store, &member.group).await?;
                claims::leave(&store, &member).await
            }));
        }
    }
}
