//! The tables of the mailboxes, and the only place in this service that knows SQL.

use mash_store::{Migration, StoreError};

pub(crate) mod items;
pub(crate) mod mailboxes;
pub(crate) mod releases;
pub(crate) mod retention;
pub(crate) mod settling;

/// The tables.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "mailboxes",
    sql: include_str!("../migrations/0001_mailboxes.sql"),
}];

/// Rows per statement: far below the parameter limits of both databases.
const CHUNK: usize = 200;

/// A time from its milliseconds.
fn instant(at_ms: i64) -> Result<jiff::Timestamp, StoreError> {
    jiff::Timestamp::from_millisecond(at_ms)
        .map_err(|_| StoreError::Corrupt("a time is out of range"))
}

/// A time that may be missing.
fn optional_instant(at_ms: i64) -> Result<Option<jiff::Timestamp>, StoreError> {
    if at_ms == 0 { Ok(None) } else { instant(at_ms).map(Some) }
}

/// A number, however large, as the databases know it.
fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
