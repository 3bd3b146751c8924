//! Decisions with what was known then.

use jiff::Timestamp;
use mash_store::{Column, StoreError, Tx, opening, present};
use sqlx::Row as _;

use super::{
    Conn, RECORD, case_of,
    rows::{Known, Table, Value},
};

const TABLE: Table = Table {
    name: "social_care_snapshots",
    columns: &["referral", "number", "authority", "decide_ms", "outcome", "digest", "content"],
    key: 2,
};

const CONTENT: Column = Column::new(RECORD, "social_care_snapshots.content");

/// A snapshot as it was frozen.
#[derive(Clone)]
pub(crate) struct Frozen {
    /// The id of the referral.
    pub(crate) referral: String,
    /// The number of the decision.
    pub(crate) number: i64,
    pub(crate) authority: String,
    pub(crate) decided: Timestamp,
    pub(crate) outcome: i64,
    pub(crate) digest: Vec<u8>,
    pub(crate) content: Vec<u8>,
}

/// Freezes. What is frozen stays as it is.
pub(crate) async fn freeze(tx: &mut Tx, frozen: &[Frozen]) -> Result<(), StoreError> {
    let rows = frozen.iter().map(|frozen| {
        let Frozen { referral, number, authority, decided, outcome, digest, content } = frozen;
        vec![
            referral.as_str().into(),
            (*number).into(),
            authority.as_str().into(),
            decided.as_millisecond().into(),
            (*outcome).into(),
            digest.clone().into(),
            Value::sealed(&CONTENT, case_of(referral, referral), content.clone()),
        ]
    });
    TABLE.put(tx, Known::Kept, rows.collect()).await
}

/// The bytes of one, and their digest.
pub(crate) async fn get(
    conn: &mut Conn,
    referral: &str,
    number: i64,
) -> Result<Option<(Vec<u8>, Vec<u8>)>, StoreError> {
    let rows = sqlx::query(
        "SELECT content, digest FROM social_care_snapshots WHERE referral = $1 AND number = $2",
    )
    .bind(referral)
    .bind(number)
    .fetch_all(conn.conn())
    .await?;
    let open = opening(conn, &rows, &[0]).await?;
    let read = |row: &sqlx::any::AnyRow| {
        Ok((open.column(&CONTENT, referral, row.try_get(0)?)?, row.try_get(1)?))
    };
    rows.first().and_then(|row| present(read(row))).transpose()
}

/// The decisions of a hub in a span of time: (referral, number), oldest first.
pub(crate) async fn between(
    conn: &mut Conn,
    authority: &str,
    (from, to): (Timestamp, Timestamp),
    outcome: Option<i64>,
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT referral, number FROM social_care_snapshots WHERE authority = $1
         AND decide_ms >= $2 AND decide_ms < $3 AND ($4 = 0 OR outcome = $4)
         ORDER BY decide_ms, referral, number",
    )
    .bind(authority)
    .bind(from.as_millisecond())
    .bind(to.as_millisecond())
    .bind(outcome.unwrap_or(0))
    .fetch_all(conn.conn())
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
