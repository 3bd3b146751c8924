//! Mailboxes: their numbers, and who opened them.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use mash_store::{Store, StoreError, Tx, listed, pieces, placeholders};
use sqlx::{AssertSqlSafe, Row as _};

use super::{CHUNK, number};

/// How far a microsecond is from the next one in the numbers of a mailbox.
const STRIDE: i64 = 1_000;

/// A mailbox that this transaction holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// The first of the numbers that were drawn.
    pub(crate) first: i64,
    /// Whether a system of the organisation has ever opened it.
    pub(crate) opened: bool,
}

/// Draws so many numbers from each of these mailboxes, and holds the mailboxes until the end of the transaction: nobody
/// else can draw meanwhile, so that whoever reads in the order of the numbers misses nothing that is committed later.
///
/// Numbers follow the time of arrival, which the recipient is told anyway. A gap says nothing of what is not for it.
pub(crate) async fn draw(
    tx: &mut Tx,
    now: Timestamp,
    counts: &BTreeMap<String, usize>,
) -> Result<HashMap<String, Held>, StoreError> {
    let base = now.as_microsecond().max(0).saturating_mul(STRIDE);
    let mut held = HashMap::with_capacity(counts.len());
    // In the order of the organisations, so that two transactions that hold the same mailboxes take turns.
    let counts: Vec<_> = counts.iter().collect();
    for chunk in pieces(&counts) {
        let sql = format!(
            "INSERT INTO delivery_mailboxes (organisation, last_seq, drawn, opened_ms) VALUES {}
             ON CONFLICT (organisation) DO UPDATE SET drawn = excluded.drawn, last_seq = CASE
                WHEN excluded.drawn = 0 THEN delivery_mailboxes.last_seq
                WHEN delivery_mailboxes.last_seq > excluded.last_seq - excluded.drawn
                THEN delivery_mailboxes.last_seq + excluded.drawn ELSE excluded.last_seq END
             RETURNING organisation, last_seq, opened_ms",
            placeholders(chunk.len(), 4)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (organisation, count) in chunk {
            let count = number(**count);
            query = query.bind(*organisation).bind(base + count).bind(count).bind(0_i64);
        }
        for row in query.fetch_all(tx.conn()).await? {
            let (organisation, last, opened): (String, i64, i64) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let drawn = counts.iter().find(|(known, _)| **known == organisation);
            let drawn = drawn.map_or(0, |(_, count)| number(**count));
            held.insert(organisation, Held { first: last - drawn + 1, opened: opened != 0 });
        }
    }
    Ok(held)
}

/// Opens a mailbox, and returns the number of the last item that arrived in it.
pub(crate) async fn open(
    tx: &mut Tx,
    organisation: &str,
    practitioner: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let at_ms = now.as_millisecond();
    let last: i64 = sqlx::query_scalar(
        "INSERT INTO delivery_mailboxes (organisation, last_seq, drawn, opened_ms) VALUES ($1, 0, 0, $2)
         ON CONFLICT (organisation) DO UPDATE SET opened_ms = CASE
            WHEN delivery_mailboxes.opened_ms = 0 THEN excluded.opened_ms ELSE delivery_mailboxes.opened_ms END
         RETURNING last_seq",
    )
    .bind(organisation)
    .bind(at_ms)
    .fetch_one(tx.conn())
    .await?;
    sqlx::query(
        "INSERT INTO delivery_accesses (at_ms, organisation, practitioner) VALUES ($1, $2, $3)",
    )
    .bind(at_ms)
    .bind(organisation)
    .bind(practitioner)
    .execute(tx.conn())
    .await?;
    Ok(last)
}

/// The number of the last item that arrived in each of these mailboxes.
pub(crate) async fn last_numbers(
    store: &Store,
    organisations: &[String],
) -> Result<Vec<(String, i64)>, StoreError> {
    let mut conn = store.read().await?;
    let mut found = Vec::with_capacity(organisations.len());
    for chunk in organisations.chunks(CHUNK) {
        let (list, organisations) = listed(1, chunk);
        let sql = format!(
            "SELECT organisation, last_seq FROM delivery_mailboxes WHERE organisation IN ({list})"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for organisation in organisations {
            query = query.bind(organisation);
        }
        for row in query.fetch_all(&mut *conn).await? {
            found.push((row.try_get(0)?, row.try_get(1)?));
        }
    }
    conn.done();
    Ok(found)
}
