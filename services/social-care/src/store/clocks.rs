//! Clocks.

use jiff::Timestamp;
use mash_domain::clock::Clock;
use mash_store::{StoreError, Tx};
use sqlx::{Row as _, any::AnyRow};

use super::{
    Conn, corrupt,
    rows::{Known, Table, Value},
};
use crate::record::KeptClock;

const TABLE: Table = Table {
    name: "social_care_clocks",
    columns: &["referral", "rule", "subject", "next_ms", "content"],
    key: 3,
};

/// Writes clocks, new or changed. One of the same rule and subject is replaced.
pub(crate) async fn put(tx: &mut Tx, clocks: &[&KeptClock]) -> Result<(), StoreError> {
    let rows = clocks.iter().map(|kept| -> Vec<Value> {
        let KeptClock { referral, subject, clock } = kept;
        vec![
            referral.as_str().into(),
            clock.rule().into(),
            subject.as_str().into(),
            clock.next_ring().map_or(0, Timestamp::as_millisecond).into(),
            clock.to_text().into(),
        ]
    });
    TABLE.put(tx, Known::Replaced, rows.collect()).await
}

/// The referrals of which a clock has something to say by now.
pub(crate) async fn due(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT referral FROM social_care_clocks WHERE next_ms > 0 AND next_ms <= $1
         ORDER BY next_ms LIMIT $2",
    )
    .bind(now.as_millisecond())
    .bind(limit)
    .fetch_all(conn.conn())
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Leaves the clocks of a referral that have something to say by now alone until then. False if there is none.
pub(crate) async fn put_off(
    tx: &mut Tx,
    referral: &str,
    (now, until): (Timestamp, Timestamp),
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE social_care_clocks SET next_ms = $3 WHERE referral = $1 AND next_ms > 0 AND next_ms <= $2",
    )
    .bind(referral)
    .bind(now.as_millisecond())
    .bind(until.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// From referral, subject and the clock.
pub(super) fn kept(row: &AnyRow) -> Result<KeptClock, StoreError> {
    let content: String = row.try_get(3)?;
    Ok(KeptClock {
        referral: row.try_get(1)?,
        subject: row.try_get(2)?,
        clock: Clock::from_text(&content).map_err(corrupt("a clock"))?,
    })
}
