//! The table of data keys.

use std::collections::BTreeSet;

use mash_keys::{KeyId, Wrapped};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::Scope;
use crate::{
    StoreError, Tx,
    sql::{CHUNK, listed, pieces, placeholders},
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

/// The keys in use of these scopes. That they are in use is looked at here and not asked for: a database that does not
/// know its tables yet would go through every key in use instead of those of the case.
pub(super) async fn live(tx: &mut Tx, scopes: &[&Scope]) -> Result<Vec<Row>, StoreError> {
    let columns = columns(tx.dialect().now_ms());
    let mut rows = Vec::new();
    for chunk in scopes.chunks(CHUNK) {
        let cases: BTreeSet<&str> = chunk.iter().map(|scope| scope.case.as_str()).collect();
        let cases: Vec<&str> = cases.into_iter().collect();
        let (list, cases) = listed(1, &cases);
        let sql = format!("SELECT {columns} FROM data_keys WHERE case_id IN ({list})");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for case in cases {
            query = query.bind(*case);
        }
        for row in query.fetch_all(tx.conn()).await? {
            let row = read(&row)?;
            if !row.closed && chunk.iter().any(|scope| row.is_of(scope)) {
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
        let (list, ids) = listed(1, chunk);
        let sql = format!("SELECT {columns} FROM data_keys WHERE key_id IN ({list})");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for id in ids {
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

/// A fresh key, wrapped, for a scope.
pub(super) struct Fresh<'a> {
    pub(super) scope: &'a Scope,
    pub(super) id: KeyId,
    pub(super) wrapped: Wrapped,
}

/// Keeps fresh keys, one for each scope at most, and returns the names of those that were kept: for the others there is
/// one already.
pub(super) async fn insert(
    tx: &mut Tx,
    fresh: &[Fresh<'_>],
) -> Result<BTreeSet<String>, StoreError> {
    let now = tx.dialect().now_ms();
    let mut kept = BTreeSet::new();
    for chunk in pieces(fresh) {
        // The number of the next generation, and nothing where one is in use, looked for by its case as above. Both
        // databases name the columns so.
        let sql = format!(
            "INSERT INTO data_keys
                (key_id, record, case_id, generation, wrapped, wrapped_by, use_ms, close_ms, close_reason, close_by,
                 destroy_ms)
             SELECT it.column1, it.column2, it.column3,
                (SELECT COALESCE(MAX(known.generation), 0) + 1 FROM data_keys known
                 WHERE known.record = it.column2 AND known.case_id = it.column3),
                it.column4, it.column5, {now}, 0, '', '', 0
             FROM (VALUES {}) AS it
             WHERE NOT EXISTS (SELECT 1 FROM data_keys used WHERE used.record = it.column2
                AND used.case_id = it.column3 AND used.close_ms < 1)
             ORDER BY it.column2, it.column3 ON CONFLICT DO NOTHING RETURNING key_id",
            placeholders(chunk.len(), 5)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for Fresh { scope, id, wrapped } in chunk {
            query = query
                .bind(id.to_string())
                .bind(scope.record)
                .bind(scope.case.as_str())
                .bind(wrapped.to_bytes())
                .bind(i64::from(wrapped.version));
        }
        for row in query.fetch_all(tx.conn()).await? {
            kept.insert(row.try_get(0)?);
        }
    }
    Ok(kept)
}
