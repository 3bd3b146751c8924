//! The store: SQL that runs unchanged on SQLite (one machine) and PostgreSQL (production).
//!
//! Services keep their own tables; this crate owns what every service needs around them: transactions, migrations,
//! the outbox, evidence, the events already seen, answered requests, dead letters and leases.
//! Statements use `$1` placeholders, `BIGINT`, `BYTEA`, `TEXT` and `ON CONFLICT`; where the two dialects differ, the
//! difference lives in one private module, `dialect`. Times are milliseconds since the epoch, UTC.
//!
//! Deliberately absent: an object mapper, and reads from a replica (consent is never decided on stale data).

mod connections;
mod dialect;
mod error;
mod migrate;
mod signal;
mod sql;
mod store;

pub mod dead_letters;
pub mod erasure;
pub mod evidence;
#[cfg(feature = "testing")]
pub mod fate;
pub mod guards;
pub mod keys;
pub mod leases;
pub mod outbox;
pub mod requests;
pub mod seen;

#[cfg(feature = "testing")]
pub mod testing;

pub use dialect::Dialect;
pub use error::{Fault, StoreError};
pub use keys::{
    Look,
    columns::{Column, opening, present},
};
pub use migrate::Migration;
pub use signal::Signal;
pub use sql::{in_list, is_kept, listed, pieces, placeholders};
pub use store::{ReadConn, Store, Tx};
