//! The tables of this service. Nothing else in it knows SQL.

pub(crate) mod around;
pub(crate) mod children;
pub(crate) mod clocks;
pub(crate) mod enquiries;
pub(crate) mod hubs;
pub(crate) mod items;
pub(crate) mod links;
pub(crate) mod lookups;
pub(crate) mod matters;
pub(crate) mod notices;
pub(crate) mod openings;
pub(crate) mod prompts;
pub(crate) mod referrals;
mod rows;
pub(crate) mod sent;
pub(crate) mod snapshots;

use jiff::Timestamp;
use mash_store::{Look, Migration, Store, StoreError};

/// A connection, for those who only pass it on.
pub(crate) type Conn = dyn Look;

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "the queue of a hub", sql: include_str!("store/0001_queue.sql") },
    Migration {
        version: 2,
        name: "meetings, disagreements and transfers",
        sql: include_str!("store/0002_meetings.sql"),
    },
    Migration {
        version: 3,
        name: "the case of a notice",
        sql: include_str!("store/0003_sealed.sql"),
    },
    Migration {
        version: 4,
        name: "openings of referrals",
        sql: include_str!("store/0004_openings.sql"),
    },
];

/// Brings the tables up to date.
pub(crate) async fn migrate(store: &Store) -> Result<(), StoreError> {
    store.migrate(crate::COMPONENT, MIGRATIONS).await
}

/// The kind of record under which a hub's content is kept.
const RECORD: &str = "social-care";

/// The case of a referral, by whose key its content is sealed; what belongs to no referral is a case of its own.
fn case_of<'a>(referral: &'a str, own: &'a str) -> &'a str {
    let case = referral.rsplit('/').next().unwrap_or_default();
    if case.is_empty() { own } else { case }
}

fn corrupt<E>(what: &'static str) -> impl FnOnce(E) -> StoreError {
    move |_| StoreError::Corrupt(what)
}

fn time(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(corrupt("a time"))
}

fn limit(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
