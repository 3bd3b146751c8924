//! The tables of this service. Nothing else in it knows SQL.

pub(crate) mod injuries;
pub(crate) mod lookups;
pub(crate) mod notices;
pub(crate) mod protection;
pub(crate) mod teams;

use jiff::Timestamp;
use mash_domain::clock::Clock;
use mash_store::{Look, Migration, Store, StoreError, Tx};
use sqlx::Row as _;

/// A connection, for those who only pass it on.
pub(crate) type Conn = dyn Look;

const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "teams, injuries, notices, protection and look-ups",
    sql: include_str!("store/0001_health.sql"),
}];

/// The kind of record under which health boards keep content.
const RECORD: &str = "health";

/// Brings the tables up to date.
pub(crate) async fn migrate(store: &Store) -> Result<(), StoreError> {
    store.migrate(crate::COMPONENT, MIGRATIONS).await
}

/// Which rows of a list: those after this one, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// After this sequence number.
    pub(crate) after: i64,
    /// At most so many.
    pub(crate) size: usize,
}

impl Page {
    fn limit(self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX)
    }
}

/// The next sequence number. Until the transaction ends, other writers of such rows of the board wait.
pub(crate) async fn next_seq(tx: &mut Tx, board: &str, kind: &str) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "INSERT INTO health_sequences (board, kind, last) VALUES ($1, $2, 1)
         ON CONFLICT (board, kind) DO UPDATE SET last = health_sequences.last + 1 RETURNING last",
    )
    .bind(board)
    .bind(kind)
    .fetch_one(tx.conn())
    .await?;
    Ok(row.try_get(0)?)
}

fn clock_to_text(clock: Option<&Clock>) -> String {
    clock.map(Clock::to_text).unwrap_or_default()
}

fn clock_from_text(text: &str) -> Result<Option<Clock>, StoreError> {
    if text.is_empty() {
        return Ok(None);
    }
    Clock::from_text(text).map(Some).map_err(|_| StoreError::Corrupt("a clock of health"))
}

/// When a clock has something to say next; 0 if never.
fn ring_ms(clock: Option<&Clock>) -> i64 {
    clock.and_then(Clock::next_ring).map_or(0, Timestamp::as_millisecond)
}

fn time(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|_| StoreError::Corrupt("a time of health"))
}
