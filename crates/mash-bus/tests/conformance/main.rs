//! One suite for every bus, and one for relay and intake over every pair of bus and store.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

mod away;
mod bus;
mod evidence;
mod fixture;
mod guards;
mod ledger;
mod pipeline;
mod scanner;
mod sealed;
