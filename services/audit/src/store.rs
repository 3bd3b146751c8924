//! The tables of the ledger, and the only place in this service that knows SQL.

use mash_ledger::{Hash, Note, tiles::TileId};
use mash_store::{Migration, StoreError};

pub(crate) mod checkpoints;
pub(crate) mod entries;
pub(crate) mod keys;
pub(crate) mod tiles;

/// The tables.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "ledger", sql: include_str!("../migrations/0001_ledger.sql") },
    Migration {
        version: 2,
        name: "entries by case",
        sql: include_str!("../migrations/0002_entries_by_case.sql"),
    },
];

/// A connection within somebody's transaction or read.
pub(crate) use sqlx::AnyConnection as Connection;

/// Rows per statement: far below the parameter limits of both databases.
const CHUNK: usize = 200;

/// A number, as the databases know it.
pub(crate) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A number that was stored.
fn count(stored: i64) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(|_| StoreError::Corrupt("a number of the ledger"))
}

fn hash(stored: &[u8]) -> Result<Hash, StoreError> {
    Hash::from_slice(stored).ok_or(StoreError::Corrupt("a hash of the ledger"))
}

fn hashes(stored: &[u8]) -> Result<Vec<Hash>, StoreError> {
    if !stored.len().is_multiple_of(Hash::BYTES) {
        return Err(StoreError::Corrupt("a tile of the ledger"));
    }
    stored.chunks(Hash::BYTES).map(hash).collect()
}

fn note(stored: &str) -> Result<Note, StoreError> {
    Note::parse(stored).map_err(|_| StoreError::Corrupt("a checkpoint of the ledger"))
}

fn tile_key(id: TileId) -> (i64, i64) {
    (i64::from(id.row), number(id.index))
}
