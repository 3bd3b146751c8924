//! Custody, missing episodes and police protection: when, and how often for a child.

use jiff::Timestamp;
use mash_store::{StoreError, Tx};
use sqlx::Row as _;

/// One record.
pub(crate) struct RecordRow<'a> {
    pub(crate) organisation: &'a str,
    pub(crate) case_id: &'a str,
    /// `custody`, `missing` or `protection`.
    pub(crate) kind: &'a str,
    /// Who the child is, as a keyed fingerprint.
    pub(crate) child_key: &'a str,
    pub(crate) started: Timestamp,
    pub(crate) ended: Option<Timestamp>,
}

/// Writes a record, new or changed, and tells the how-manieth of its kind it is for the child.
pub(crate) async fn put(tx: &mut Tx, row: &RecordRow<'_>) -> Result<i64, StoreError> {
    let known = sqlx::query(
        "SELECT COUNT(*) FROM police_records WHERE organisation = $1 AND kind = $2 AND child_key = $3
         AND case_id <> $4 AND (started_ms < $5 OR (started_ms = $5 AND case_id < $4))",
    )
    .bind(row.organisation)
    .bind(row.kind)
    .bind(row.child_key)
    .bind(row.case_id)
    .bind(row.started.as_millisecond())
    .fetch_one(tx.conn())
    .await?;
    let number = known.try_get::<i64, _>(0)? + 1;
    sqlx::query(
        "INSERT INTO police_records (organisation, case_id, kind, child_key, started_ms, ended_ms, number)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (organisation, case_id) DO UPDATE SET
         child_key = excluded.child_key, started_ms = excluded.started_ms, ended_ms = excluded.ended_ms,
         number = excluded.number",
    )
    .bind(row.organisation)
    .bind(row.case_id)
    .bind(row.kind)
    .bind(row.child_key)
    .bind(row.started.as_millisecond())
    .bind(row.ended.map(Timestamp::as_millisecond))
    .bind(number)
    .execute(tx.conn())
    .await?;
    Ok(number)
}
