//! What was signed, and who has co-signed it.

use jiff::Timestamp;
use mash_ledger::{Hash, Note};
use mash_store::{StoreError, Tx};
use sqlx::{AnyConnection, Row as _, any::AnyRow};

use super::{count, hash, note, number};

/// A checkpoint that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) at_ms: i64,
    /// Without cosignatures.
    pub(crate) note: Note,
}

const COLUMNS: &str = "size, root, at_ms, note";

/// The newest checkpoint.
pub(crate) async fn newest(conn: &mut AnyConnection) -> Result<Option<Signed>, StoreError> {
    let sql = select("ORDER BY size DESC LIMIT 1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_optional(conn).await?;
    row.as_ref().map(signed).transpose()
}

/// The checkpoint of this size.
pub(crate) async fn find(
    conn: &mut AnyConnection,
    size: u64,
) -> Result<Option<Signed>, StoreError> {
    let sql = select("WHERE size = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(number(size)).fetch_optional(conn).await?;
    row.as_ref().map(signed).transpose()
}

/// The sizes of the checkpoints from this one on, and up to that one: at most so many, in order.
pub(crate) async fn after(
    conn: &mut AnyConnection,
    (size, to): (u64, u64),
    limit: u64,
) -> Result<Vec<Signed>, StoreError> {
    let sql = select("WHERE size > $1 AND size <= $2 ORDER BY size LIMIT $3");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(number(size))
        .bind(number(to))
        .bind(number(limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(signed).collect()
}

fn select(rest: &str) -> String {
    format!("SELECT {COLUMNS} FROM audit_checkpoints {rest}")
}

fn signed(row: &AnyRow) -> Result<Signed, StoreError> {
    Ok(Signed {
        size: count(row.try_get(0)?)?,
        root: hash(&row.try_get::<Vec<u8>, _>(1)?)?,
        at_ms: row.try_get(2)?,
        note: note(&row.try_get::<String, _>(3)?)?,
    })
}

/// Keeps what was signed, in the place of an earlier note of that size.
pub(crate) async fn insert(tx: &mut Tx, signed: &Signed) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit_checkpoints (size, root, at_ms, note) VALUES ($1, $2, $3, $4)
         ON CONFLICT (size) DO UPDATE SET note = excluded.note",
    )
    .bind(number(signed.size))
    .bind(signed.root.as_bytes().as_slice())
    .bind(signed.at_ms)
    .bind(signed.note.to_string())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps a cosignature, in the place of an earlier one of the same witness.
pub(crate) async fn cosign(
    tx: &mut Tx,
    size: u64,
    (witness, line): (&str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit_cosignatures (size, witness, line, at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (size, witness) DO UPDATE SET line = excluded.line, at_ms = excluded.at_ms",
    )
    .bind(number(size))
    .bind(witness)
    .bind(line)
    .bind(now.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The lines of the witnesses who have co-signed this checkpoint.
pub(crate) async fn cosignatures(
    conn: &mut AnyConnection,
    size: u64,
) -> Result<Vec<String>, StoreError> {
    let lines = sqlx::query_scalar(
        "SELECT line FROM audit_cosignatures WHERE size = $1 ORDER BY at_ms, witness",
    );
    Ok(lines.bind(number(size)).fetch_all(conn).await?)
}
