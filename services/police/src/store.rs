//! The tables of the police service, and the only place in it that knows SQL.
//!
//! Payloads are protobuf bytes with the columns beside them that are searched by. Statements that take many rows are
//! made for as many as there are, since one round trip for 256 reports is what makes them cheap.

use mash_store::{Migration, StoreError, Tx};

pub(crate) mod accesses;
pub(crate) mod duties;
pub(crate) mod handovers;
pub(crate) mod incidents;
pub(crate) mod records;

/// The tables.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "police", sql: include_str!("../migrations/0001_police.sql") },
    Migration {
        version: 2,
        name: "handovers",
        sql: include_str!("../migrations/0002_handovers.sql"),
    },
    Migration {
        version: 3,
        name: "custody, missing and protection",
        sql: include_str!("../migrations/0003_protection.sql"),
    },
];

/// The kind of record under which police keep content.
const RECORD: &str = "police";

/// Rows per statement: far below the parameter limits of both databases.
const CHUNK: usize = 500;

/// The counters.
#[derive(Clone, Copy)]
enum Counter {
    Outcomes,
    Handovers,
}

/// Draws `count` numbers and returns the first. Until the end of the transaction nobody else can draw from the
/// counter, so that whoever reads in the order of the numbers misses nothing that is committed later.
async fn draw(tx: &mut Tx, counter: Counter, count: usize) -> Result<i64, StoreError> {
    let name = match counter {
        Counter::Outcomes => "outcomes",
        Counter::Handovers => "handovers",
    };
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let last: i64 = sqlx::query_scalar(
        "UPDATE police_counters SET value = value + $1 WHERE name = $2 RETURNING value",
    )
    .bind(count)
    .bind(name)
    .fetch_one(tx.conn())
    .await?;
    Ok(last - count + 1)
}

/// A number that was stored from an unsigned one.
fn unsigned(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| StoreError::Corrupt("a number is out of range"))
}

/// A time from its milliseconds.
fn instant(at_ms: i64) -> Result<jiff::Timestamp, StoreError> {
    jiff::Timestamp::from_millisecond(at_ms)
        .map_err(|_| StoreError::Corrupt("a time is out of range"))
}
