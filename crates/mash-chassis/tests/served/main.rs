//! The server from outside: real TLS on a real port, a real client.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod access;
mod certificates;
mod limits;
mod support;
