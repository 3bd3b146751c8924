//! The ledger against published vectors, against its own definition, and against an attacker.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

mod attacker;
mod bad_input;
mod decoders;
mod keys;
mod support;
mod trees;
mod vectors;
