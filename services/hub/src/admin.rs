//! Administering a hub.

pub mod agreement;
pub mod ca;
pub mod dead_letters;
pub mod health;
pub mod import;
pub mod inbox;
pub mod init;
pub mod ledger;
pub mod load;
pub mod misdirected;
pub mod policy;
pub mod sar;
pub mod statement;
pub mod synth;
pub mod who_looked;
