//! The project's own tooling: real Kafka and PostgreSQL for the tests, the set-up of a fresh machine, and the checks.
//!
//! Deliberately absent: any dependency on the project's crates, so that this compiles in seconds on an empty machine.

pub mod assets;
pub mod check;
pub mod kafka;
pub mod machine;
pub mod matrix;
pub mod mutants;
pub mod postgres;
pub mod process;
pub mod services;
pub mod setup;
pub mod simulate;
