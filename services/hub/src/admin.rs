//! Administering a hub.

pub mod agreement;
pub mod break_glass;
pub mod ca;
pub mod dead_letters;
pub mod erase;
pub mod health;
pub mod import;
pub mod inbox;
pub mod init;
pub mod keys;
pub mod ledger;
pub mod load;
pub mod misdirected;
pub mod policy;
pub mod sar;
pub mod statement;
pub mod synth;
pub mod who_looked;
