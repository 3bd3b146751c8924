//! The events that a consumer group has taken in: at-least-once delivery, one effect.

use std::{collections::HashSet, time::Duration};

use sqlx::{AssertSqlSafe, Row as _};

use crate::{
    Store, StoreError, Tx,
    sql::{in_list, pieces},
};

/// Marks events as taken in by the group, in the transaction of their effects. True means fresh: act on it.
///
/// An id that comes twice in one call is fresh the first time only. When another transaction of the group is at work
/// on the same event, this one waits for its outcome.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn mark(tx: &mut Tx, group: &str, event_ids: &[&str]) -> Result<Vec<bool>, StoreError> {
    // Sorted, so that two transactions which share events lock them in the same order.
    let mut sorted = event_ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let now = tx.dialect().now_ms();
    let mut fresh: HashSet<String> = HashSet::with_capacity(sorted.len());
    for chunk in pieces(&sorted) {
        let mut values = String::new();
        for row in 0..chunk.len() {
            let separator = if row == 0 { "" } else { "," };
            values.push_str(&format!("{separator}({}, {now})", in_list(row * 2 + 1, 2)));
        }
        let sql = format!(
            "INSERT INTO seen_events (grp, event_id, at_ms) VALUES {values} ON CONFLICT DO NOTHING RETURNING event_id"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for event_id in chunk {
            query = query.bind(group).bind(*event_id);
        }
        for row in query.fetch_all(tx.conn()).await? {
            fresh.insert(row.try_get(0)?);
        }
    }
    Ok(event_ids.iter().map(|event_id| fresh.remove(*event_id)).collect())
}

/// Forgets events seen longer ago than this. It must be longer than the bus may deliver an event again.
///
/// # Errors
/// When the store fails.
pub async fn prune(store: &Store, older_than: Duration) -> Result<u64, StoreError> {
    let age = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
    let mut tx = store.begin().await?;
    let sql = format!("DELETE FROM seen_events WHERE at_ms < {} - $1", tx.dialect().now_ms());
    let done = sqlx::query(AssertSqlSafe(sql)).bind(age).execute(tx.conn()).await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}
