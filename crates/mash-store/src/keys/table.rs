//! The table of data keys.

use mash_keys::{KeyId, Wrapped};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::Scope;
use crate::{
    StoreError, Tx,
    sql::{CHUNK, in_list, is_kept},
};

/// A data key as it is kept.
pub(super) struct Row {
    pub(super) id: KeyId,
    pub(super) record: String,
    pub(super) case: String,
    pub(super) wrapped: Vec<u8>,
    pub(super) closed: bool,
    /// Milliseconds since it was last noted that it sealed something.
    pub(super) idle_ms: i64,
}

impl Row {
    pub(super) fn is_of(&self, scope: &Scope) -> bool {
        self.record == scope.record && self.case == scope.case
    }
}

/// A use is noted once in this time, so that sealing costs a write now and then only.
const NOTE_USE_MS: i64 = 6 * 3600 * 1000;

fn read(row: &AnyRow) -> Result<Row, StoreError> {
    let id: String = row.try_get(0)?;
    Ok(Row {
        id: KeyId::parse(&id).ok_or(StoreError::Corrupt("the name of a key"))?,
        record: row.try_get(1)?,
        case: row.try_get(2)?,
        wrapped: row.try_get(3)?,
        closed: row.try_get::<i64, _>(4)? != 0,
        idle_ms: row.try_get(5)?,
    })
}

fn columns(now: &str) -> String {
    format!("key_id, record, case_id, wrapped, close_ms, ({now}) - use_ms")
}

/// The keys in use of these scopes.
pub(super) async fn live(tx: &mut Tx, scopes: &[&Scope]) -> Result<Vec<Row>, StoreError> {
    let columns = columns(tx.dialect().now_ms());
    let mut rows = Vec::new();
    for chunk in scopes.chunks(CHUNK) {
        let sql = format!(
            "SELECT {columns} FROM data_keys WHERE close_ms = 0 AND case_id IN ({})",
            in_list(1, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for scope in chunk {
            query = query.bind(scope.case.as_str());
        }
        for row in query.fetch_all(tx.conn()).await? {
            let row = read(&row)?;
            if chunk.iter().any(|scope| row.is_of(scope)) {
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

/// The keys of these names, whatever has become of them.
pub(super) async fn named(conn: &mut AnyConnection, ids: &[KeyId]) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let columns = columns("0");
        let sql = format!(
            "SELECT {columns} FROM data_keys WHERE key_id IN ({})",
            in_list(1, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for id in chunk {
            query = query.bind(id.to_string());
        }
        for row in query.fetch_all(&mut *conn).await? {
            rows.push(read(&row)?);
        }
    }
    Ok(rows)
}

/// Notes that these keys seal something, unless that was noted lately: retention counts from there.
pub(super) async fn touch(tx: &mut Tx, rows: &[Row]) -> Result<(), StoreError> {
    let mut idle: Vec<String> =
        rows.iter().filter(|row| row.idle_ms > NOTE_USE_MS).map(|row| row.id.to_string()).collect();
    idle.sort_unstable();
    let now = tx.dialect().now_ms();
    for id in idle {
        let sql = format!("UPDATE data_keys SET use_ms = {now} WHERE key_id = $1");
        sqlx::query(AssertSqlSafe(sql)).bind(id).execute(tx.conn()).await?;
    }
    Ok(())
}

/// Keeps a fresh key. False means that there is one already.
pub(super) async fn insert(
    tx: &mut Tx,
    scope: &Scope,
    id: KeyId,
    wrapped: &Wrapped,
) -> Result<bool, StoreError> {
    // One statement: the number of the next generation, and nothing where one is in use.
    let sql = format!(
        "INSERT INTO data_keys
            (key_id, record, case_id, generation, wrapped, wrapped_by, use_ms, close_ms, close_reason, close_by, destroy_ms)
         SELECT $1, $2, $3, COALESCE(MAX(generation), 0) + 1, $4, $5, {now}, 0, '', '', 0
         FROM data_keys WHERE record = $2 AND case_id = $3
         HAVING COALESCE(MIN(close_ms), 1) > 0
         ON CONFLICT DO NOTHING",
        now = tx.dialect().now_ms()
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(id.to_string())
        .bind(scope.record)
        .bind(scope.case.as_str())
        .bind(wrapped.to_bytes())
        .bind(i64::from(wrapped.version))
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}
