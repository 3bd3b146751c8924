//! The embedded bus: a log in the SQL store, for one machine with nothing else installed.
//!
//! A partition's next offset is a row; a publisher takes its offsets by updating that row and holds its lock until the
//! commit. So offsets become visible in order and without gaps, and a reader that has seen offset 8 has seen 7.
//! Other tasks of the process are woken by a signal, other processes find new messages by looking.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{PoisonError, RwLock},
};

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Row as _};
use tokio::task::JoinHandle;

use mash_store::{Migration, Store, StoreError, Tx, in_list, is_kept, placeholders};

use crate::{Bus, BusError, BusMessage, Subscription, TopicSpec};

mod claims;
mod partition;
mod subscription;
mod tidy;

const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "the log", sql: include_str!("embedded/0001_the_log.sql") }];

/// Rows per statement.
const CHUNK: usize = 500;

/// A topic and one of its partitions.
type Partition = (String, i64);

#[derive(Debug)]
pub(crate) struct EmbeddedBus {
    store: Store,
    /// Partitions by topic. They never change once a topic exists.
    partitions: RwLock<HashMap<String, i64>>,
    tidying: JoinHandle<()>,
}

impl Drop for EmbeddedBus {
    fn drop(&mut self) {
        self.tidying.abort();
    }
}

impl EmbeddedBus {
    pub(crate) async fn open(store: &Store) -> Result<Self, BusError> {
        store.migrate("embedded-bus", MIGRATIONS).await?;
        Ok(Self {
            store: store.clone(),
            partitions: RwLock::default(),
            tidying: tidy::start(store),
        })
    }

    /// How many partitions the topic has.
    async fn partitions(&self, topic: &str) -> Result<i64, BusError> {
        let known =
            self.partitions.read().unwrap_or_else(PoisonError::into_inner).get(topic).copied();
        if let Some(count) = known {
            return Ok(count);
        }
        let mut conn = self.store.read().await?;
        let count: i64 = sqlx::query("SELECT partitions FROM bus_topics WHERE topic = $1")
            .bind(topic)
            .fetch_optional(&mut *conn)
            .await
            .map_err(StoreError::from)?
            .ok_or_else(|| BusError::UnknownTopic(topic.to_owned()))?
            .try_get(0)
            .map_err(StoreError::from)?;
        self.partitions
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(topic.to_owned(), count);
        Ok(count)
    }

    /// Sorted by partition, so that two publishers lock the heads in the same order.
    async fn by_partition<'a>(
        &self,
        batch: &'a [BusMessage],
    ) -> Result<BTreeMap<Partition, Vec<&'a BusMessage>>, BusError> {
        let mut by_partition: BTreeMap<Partition, Vec<&BusMessage>> = BTreeMap::new();
        for message in batch {
            let count = self.partitions(&message.topic).await?;
            let part = partition::of(message.key.as_bytes(), count);
            by_partition.entry((message.topic.clone(), part)).or_default().push(message);
        }
        Ok(by_partition)
    }
}

#[async_trait]
impl Bus for EmbeddedBus {
    async fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), BusError> {
        let mut tx = self.store.begin().await?;
        for topic in topics {
            ensure(&mut tx, topic).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn publish(&self, batch: &[BusMessage]) -> Result<(), BusError> {
        let by_partition = self.by_partition(batch).await?;
        if by_partition.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        append_all(&mut tx, &by_partition).await?;
        Ok(tx.commit().await?)
    }

    async fn publish_in(&self, tx: &mut Tx, batch: &[BusMessage]) -> Result<bool, BusError> {
        if !tx.is_of(&self.store) {
            return Ok(false);
        }
        let by_partition = self.by_partition(batch).await?;
        append_all(tx, &by_partition).await?;
        Ok(true)
    }

    async fn subscribe(
        &self,
        group: &str,
        topics: &[&str],
    ) -> Result<Box<dyn Subscription>, BusError> {
        Ok(Box::new(subscription::EmbeddedSubscription::join(&self.store, group, topics).await?))
    }

    async fn lag(&self, group: &str, topics: &[&str]) -> Result<u64, BusError> {
        Ok(lag(&self.store, group, topics).await?)
    }
}

fn signal_name(topic: &str) -> String {
    format!("bus/{topic}")
}

/// The embedded log serves one machine with one writer: partitions cost statements there and share out no work. Two
/// keep it honest about order, which is promised per key only.
const MOST_PARTITIONS: i32 = 2;

async fn ensure(tx: &mut Tx, topic: &TopicSpec) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO bus_topics (topic, partitions, compacted) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(topic.name)
    .bind(i64::from(topic.partitions.min(MOST_PARTITIONS)))
    .bind(i64::from(topic.compacted))
    .execute(tx.conn())
    .await?;
    // An existing topic keeps its partitions: more of them would part a key from its past.
    let count: i64 = sqlx::query("SELECT partitions FROM bus_topics WHERE topic = $1")
        .bind(topic.name)
        .fetch_one(tx.conn())
        .await?
        .try_get(0)?;
    for part in 0..count {
        sqlx::query(
            "INSERT INTO bus_heads (topic, part, next_offset) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
        )
        .bind(topic.name)
        .bind(part)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

async fn append_all(
    tx: &mut Tx,
    by_partition: &BTreeMap<Partition, Vec<&BusMessage>>,
) -> Result<(), StoreError> {
    for ((topic, part), messages) in by_partition {
        append(tx, topic, *part, messages).await?;
        tx.signal_on_commit(&signal_name(topic));
    }
    Ok(())
}

async fn append(
    tx: &mut Tx,
    topic: &str,
    part: i64,
    messages: &[&BusMessage],
) -> Result<(), StoreError> {
    let count = i64::try_from(messages.len()).unwrap_or(i64::MAX);
    let next: i64 = sqlx::query(
        "UPDATE bus_heads SET next_offset = next_offset + $1 WHERE topic = $2 AND part = $3 RETURNING next_offset",
    )
    .bind(count)
    .bind(topic)
    .bind(part)
    .fetch_one(tx.conn())
    .await?
    .try_get(0)?;
    let now = jiff::Timestamp::now().as_millisecond();
    let mut offset = next - count;
    for chunk in messages.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO bus_log (topic, part, log_offset, msg_key, event_id, payload, at_ms) VALUES {}",
            placeholders(chunk.len(), 7)
        );
        // One statement is kept for the single message; other lengths would crowd the cache.
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for message in chunk {
            query = query
                .bind(topic)
                .bind(part)
                .bind(offset)
                .bind(&message.key)
                .bind(&message.event_id);
            query = query.bind(message.payload.as_ref()).bind(now);
            offset += 1;
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

async fn lag(store: &Store, group: &str, topics: &[&str]) -> Result<u64, StoreError> {
    if topics.is_empty() {
        return Ok(0);
    }
    let sql = format!(
        "SELECT h.next_offset - COALESCE(o.committed, 0) FROM bus_heads h
         LEFT JOIN bus_offsets o ON o.grp = $1 AND o.topic = h.topic AND o.part = h.part
         WHERE h.topic IN ({})",
        in_list(2, topics.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(group);
    for topic in topics {
        query = query.bind(*topic);
    }
    let mut conn = store.read().await?;
    let mut total = 0;
    for row in query.fetch_all(&mut *conn).await? {
        let behind: i64 = row.try_get(0)?;
        total += u64::try_from(behind).unwrap_or(0);
    }
    Ok(total)
}
