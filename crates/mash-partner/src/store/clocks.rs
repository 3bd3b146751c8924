//! Clocks, each with the prompt that it raises.

use mash_domain::clock::Clock;
use mash_store::{StoreError, Tx};
use sqlx::Row as _;

use super::{Conn, Owner, count};

/// A clock, and what it is about.
pub(crate) struct ClockRow {
    pub(crate) subject: String,
    /// The prompt that is raised when it rings.
    pub(crate) prompt: String,
    pub(crate) clock: Clock,
}

/// Writes a clock, new or changed.
pub(crate) async fn put(tx: &mut Tx, owner: Owner<'_>, row: &ClockRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO partner_clocks (agency, organisation, subject, rule, prompt, clock, next_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (agency, organisation, subject, rule) DO UPDATE SET clock = excluded.clock,
         next_ms = excluded.next_ms",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(&row.subject)
    .bind(row.clock.rule())
    .bind(&row.prompt)
    .bind(row.clock.to_text())
    .bind(row.clock.next_ring().map(jiff::Timestamp::as_millisecond))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Leaves the clocks of a subject that have something to say by now alone until then. False if there is none.
pub(crate) async fn put_off(
    tx: &mut Tx,
    owner: Owner<'_>,
    subject: &str,
    (now_ms, until_ms): (i64, i64),
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE partner_clocks SET next_ms = $5
         WHERE agency = $1 AND organisation = $2 AND subject = $3 AND next_ms <= $4",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(subject)
    .bind(now_ms)
    .bind(until_ms)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The clocks of a subject, in the order in which they started.
pub(crate) async fn of_subject(
    conn: &mut Conn,
    owner: Owner<'_>,
    subject: &str,
) -> Result<Vec<ClockRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT subject, prompt, clock FROM partner_clocks WHERE agency = $1 AND organisation = $2 AND subject = $3
         ORDER BY seq",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(subject)
    .fetch_all(conn.conn())
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &sqlx::any::AnyRow) -> Result<ClockRow, StoreError> {
    let text: String = row.try_get(2)?;
    let clock = Clock::from_text(&text).map_err(|_| StoreError::Corrupt("a clock"))?;
    Ok(ClockRow { subject: row.try_get(0)?, prompt: row.try_get(1)?, clock })
}

/// Whose clocks have something to say by now: organisation and subject.
pub(crate) async fn due(
    conn: &mut Conn,
    agency: &str,
    now_ms: i64,
    limit: usize,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT organisation, subject FROM partner_clocks WHERE agency = $1 AND next_ms <= $2
         ORDER BY next_ms, seq LIMIT $3",
    )
    .bind(agency)
    .bind(now_ms)
    .bind(count(limit))
    .fetch_all(conn.conn())
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
