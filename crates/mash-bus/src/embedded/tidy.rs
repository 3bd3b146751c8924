//! Retention: what every group has read, and what a compacted topic has replaced, is removed.

use std::time::Duration;

use sqlx::Row as _;
use tokio::task::JoinHandle;

use mash_store::{Store, StoreError};

use super::{Partition, claims};

const EVERY: Duration = Duration::from_secs(60);
/// What every group has read is kept this long, so that a new group can still see the last day.
/// What some group has not read is kept for ever.
const KEEP: Duration = Duration::from_secs(24 * 3600);
/// Rows per partition and round, so that the writer is never held for long.
const ROWS: i64 = 5_000;

/// Tidies up in the background until it is aborted.
pub(super) fn start(store: &Store) -> JoinHandle<()> {
    let store = store.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(EVERY).await;
            match tidy(&store, KEEP).await {
                Ok(0) => (),
                Ok(rows) => tracing::debug!(rows, "the embedded log was tidied"),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "the embedded log was not tidied");
                }
            }
        }
    })
}

/// Removes what nobody needs any more, and returns how many messages that were.
pub(super) async fn tidy(store: &Store, keep: Duration) -> Result<u64, StoreError> {
    let before = jiff::Timestamp::now().as_millisecond()
        - i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
    let mut rows = 0;
    for (partition, floor) in read_by_all(store).await? {
        rows += remove_read(store, &partition, floor, before).await?;
    }
    for topic in compacted(store).await? {
        rows += compact(store, &topic).await?;
    }
    let mut tx = store.begin().await?;
    claims::forget_the_gone(&mut tx).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Partitions of topics that are not compacted, with the offset below which every group has read.
async fn read_by_all(store: &Store) -> Result<Vec<(Partition, i64)>, StoreError> {
    let mut conn = store.read().await?;
    let rows = sqlx::query(
        "SELECT o.topic, o.part, MIN(o.committed) FROM bus_offsets o JOIN bus_topics t ON t.topic = o.topic
         WHERE t.compacted = 0 GROUP BY o.topic, o.part HAVING MIN(o.committed) > 0",
    )
    .fetch_all(&mut *conn)
    .await?;
    rows.iter().map(|row| Ok(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?))).collect()
}

async fn remove_read(
    store: &Store,
    partition: &Partition,
    floor: i64,
    before: i64,
) -> Result<u64, StoreError> {
    let mut conn = store.read().await?;
    let row = sqlx::query(
        "SELECT MAX(log_offset) FROM (SELECT log_offset, at_ms FROM bus_log
            WHERE topic = $1 AND part = $2 AND log_offset < $3 ORDER BY log_offset LIMIT $4) AS oldest
         WHERE at_ms < $5",
    )
    .bind(&partition.0)
    .bind(partition.1)
    .bind(floor)
    .bind(ROWS)
    .bind(before)
    .fetch_one(&mut *conn)
    .await?;
    drop(conn);
    let Some(last): Option<i64> = row.try_get(0)? else { return Ok(0) };
    let mut tx = store.begin().await?;
    let done =
        sqlx::query("DELETE FROM bus_log WHERE topic = $1 AND part = $2 AND log_offset <= $3")
            .bind(&partition.0)
            .bind(partition.1)
            .bind(last)
            .execute(tx.conn())
            .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

/// Compacted topics with something to compact.
async fn compacted(store: &Store) -> Result<Vec<String>, StoreError> {
    let mut conn = store.read().await?;
    let rows = sqlx::query(
        "SELECT DISTINCT l.topic FROM bus_log l JOIN bus_topics t ON t.topic = l.topic
         WHERE t.compacted = 1 GROUP BY l.topic, l.part, l.msg_key HAVING COUNT(*) > 1",
    )
    .fetch_all(&mut *conn)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Keeps the last message of each key. Messages that come meanwhile are not in sight, so none is removed for them.
async fn compact(store: &Store, topic: &str) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    let done = sqlx::query(
        "DELETE FROM bus_log WHERE topic = $1 AND (part, log_offset) NOT IN
            (SELECT part, MAX(log_offset) FROM bus_log WHERE topic = $1 GROUP BY part, msg_key)",
    )
    .bind(topic)
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mash_store::{Dialect, testing::TestDatabase};

    use super::*;
    use crate::{Bus as _, BusMessage, TopicSpec, embedded::EmbeddedBus};

    fn message(topic: &str, key: &str, number: usize) -> BusMessage {
        BusMessage {
            topic: topic.into(),
            key: key.into(),
            event_id: number.to_string(),
            payload: number.to_string().into(),
        }
    }

    async fn only_what_nobody_needs_is_removed(dialect: Dialect) {
        let database = TestDatabase::create(dialect).await;
        let store = database.store().await;
        let bus = Arc::new(EmbeddedBus::open(&store).await.unwrap());
        bus.ensure_topics(&[
            TopicSpec { name: "events", partitions: 1, compacted: false },
            TopicSpec { name: "states", partitions: 2, compacted: true },
        ])
        .await
        .unwrap();
        let events: Vec<_> = (0..10).map(|number| message("events", "k", number)).collect();
        let states: Vec<_> =
            (0..30).map(|number| message("states", &(number % 3).to_string(), number)).collect();
        bus.publish(&events).await.unwrap();
        bus.publish(&states).await.unwrap();

        // One group has read all, another has read four.
        for (group, count) in [("all", 10), ("four", 4)] {
            let mut subscription = bus.subscribe(group, &["events"]).await.unwrap();
            assert_eq!(subscription.next_batch(count).await.unwrap().len(), count);
            subscription.commit().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(
            tidy(&store, Duration::from_secs(60)).await.unwrap(),
            27,
            "states are compacted, events are young"
        );
        assert_eq!(tidy(&store, Duration::ZERO).await.unwrap(), 4, "what both have read");
        assert_eq!(tidy(&store, Duration::ZERO).await.unwrap(), 0);

        let mut late = bus.subscribe("four", &["events"]).await.unwrap();
        let rest = late.next_batch(99).await.unwrap();
        assert!(rest.iter().map(|delivery| delivery.offset).eq(4..10));
        // A new group reads the last state of each key, over the gaps that compaction left.
        let mut states = bus.subscribe("new", &["states"]).await.unwrap();
        let mut last = Vec::new();
        while last.len() < 3 {
            last.extend(states.next_batch(1).await.unwrap());
        }
        last.sort_by(|a, b| a.payload.cmp(&b.payload));
        assert!(last.iter().map(|delivery| delivery.payload.as_ref()).eq([b"27", b"28", b"29"]));
        states.commit().await.unwrap();
        bus.publish(&[message("states", "1", 30)]).await.unwrap();
        assert_eq!(states.next_batch(9).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn only_what_nobody_needs_is_removed_on_sqlite() {
        only_what_nobody_needs_is_removed(Dialect::Sqlite).await;
    }

    #[tokio::test]
    async fn only_what_nobody_needs_is_removed_on_postgres() {
        only_what_nobody_needs_is_removed(Dialect::Postgres).await;
    }
}
