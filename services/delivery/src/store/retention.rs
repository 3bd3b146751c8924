//! How long what is kept is kept.

use jiff::Timestamp;
use mash_store::{StoreError, Tx, in_list};
use sqlx::AssertSqlSafe;

use super::{items::Ending, number};

/// Takes the content away from what arrived before this time and still waits. Returns how many items that were.
pub(crate) async fn expire(
    tx: &mut Tx,
    before: Timestamp,
    now: Timestamp,
    limit: usize,
) -> Result<usize, StoreError> {
    let sql = "SELECT id FROM delivery_items WHERE state = 0 AND arrive_ms < $1 ORDER BY arrive_ms LIMIT $2";
    let ids = pick(tx, sql, before, limit).await?;
    for chunk in ids.chunks(super::CHUNK) {
        let sql = format!(
            "UPDATE delivery_items SET state = $1, end_ms = $2, payload = $3 WHERE state = 0 AND id IN ({})",
            in_list(4, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .persistent(false)
            .bind(Ending::Expired.number())
            .bind(now.as_millisecond())
            .bind(&[][..]);
        for id in chunk {
            query = query.bind(id);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(ids.len())
}

/// Forgets items that ended before this time, and releases of which nothing was heard since. Returns how many rows.
pub(crate) async fn forget(
    tx: &mut Tx,
    before: Timestamp,
    limit: usize,
) -> Result<usize, StoreError> {
    let sql =
        "SELECT id FROM delivery_items WHERE state <> 0 AND end_ms < $1 ORDER BY end_ms LIMIT $2";
    let items = pick(tx, sql, before, limit).await?;
    delete(tx, "DELETE FROM delivery_readers WHERE item IN", &items).await?;
    delete(tx, "DELETE FROM delivery_items WHERE id IN", &items).await?;
    let sql = "SELECT release_id FROM delivery_releases WHERE touched_ms < $1 AND NOT EXISTS
        (SELECT 1 FROM delivery_items i WHERE i.release_id = delivery_releases.release_id)
        ORDER BY touched_ms LIMIT $2";
    let releases = pick(tx, sql, before, limit).await?;
    delete(tx, "DELETE FROM delivery_releases WHERE release_id IN", &releases).await?;
    Ok(items.len() + releases.len())
}

async fn pick(
    tx: &mut Tx,
    sql: &'static str,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    let query = sqlx::query_scalar(sql).bind(before.as_millisecond()).bind(number(limit));
    Ok(query.fetch_all(tx.conn()).await?)
}

async fn delete(tx: &mut Tx, statement: &str, ids: &[String]) -> Result<(), StoreError> {
    for chunk in ids.chunks(super::CHUNK) {
        let sql = format!("{statement} ({})", in_list(1, chunk.len()));
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        for id in chunk {
            query = query.bind(id);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}
