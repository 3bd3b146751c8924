//! The ledger: a log to which entries are only ever appended, and what it takes for a stranger to check that.
//!
//! In reading order: `hash` and `tree` are RFC 6962, `proof` checks what they answer, `tiles` is how the hashes are kept,
//! `key`, `note` and `checkpoint` are the formats of C2SP, `entry` is what the ledger says, `export` a ledger in a file,
//! and `verify` the check of such a file, which needs nothing but the file and a key.
//!
//! Deliberately absent: input and output, clocks, chance, and any content. Whoever verifies trusts nothing of the hub.

pub mod checkpoint;
pub mod entry;
pub mod export;
pub mod fault;
pub mod hash;
pub mod key;
pub mod note;
pub mod proof;
pub mod tiles;
pub mod tree;
pub mod verify;

pub use checkpoint::Checkpoint;
pub use entry::{Entry, Kind};
pub use fault::Fault;
pub use hash::Hash;
pub use key::{SigningKey, Use, VerifierKey};
pub use note::Note;
