//! The hub: one binary, `mash`, that serves, administers, and plays the demonstration.
//!
//! Deliberately absent: any rule, any state of its own. It puts the services together and calls them.

#![expect(clippy::print_stdout, reason = "a command line answers on standard output")]

pub mod admin;
pub mod cli;
pub mod data;
pub mod demo;
pub mod imports;
pub mod keyring;
pub mod ledger;
pub mod people;
pub mod proofs;
pub mod refused;
pub mod retention;
pub mod serve;

pub use mash_watchdog as watchdog;
