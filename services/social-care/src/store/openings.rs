//! Which openings of referrals were told: a system that asks again every second tells of one an hour.

use std::collections::HashSet;

use mash_store::{StoreError, Tx, in_list, outbox::OutboxMessage, placeholders};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

/// Those that were not told before.
pub(crate) async fn fresh(
    conn: &mut AnyConnection,
    told: Vec<OutboxMessage>,
) -> Result<Vec<OutboxMessage>, StoreError> {
    if told.is_empty() {
        return Ok(told);
    }
    let sql = format!(
        "SELECT event_id FROM social_care_openings WHERE event_id IN ({})",
        in_list(1, told.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(told.len() == 1);
    for message in &told {
        query = query.bind(message.event_id.clone());
    }
    let mut known: HashSet<String> = HashSet::new();
    for row in query.fetch_all(conn).await? {
        known.insert(row.try_get(0)?);
    }
    Ok(told.into_iter().filter(|message| !known.contains(&message.event_id)).collect())
}

/// Keeps that they are told now.
pub(crate) async fn keep(tx: &mut Tx, told: &[OutboxMessage]) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO social_care_openings (event_id) VALUES {} ON CONFLICT DO NOTHING",
        placeholders(told.len(), 1)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(told.len() == 1);
    for message in told {
        query = query.bind(message.event_id.clone());
    }
    query.execute(tx.conn()).await?;
    Ok(())
}
