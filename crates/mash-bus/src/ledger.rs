//! The port to the ledger: where evidence goes before anything is published.

use async_trait::async_trait;

/// Why the ledger did not take entries.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It could not be reached, or did not answer in time: whether it has them is not known.
    #[error("MASH-L031: the ledger cannot be reached: {0}")]
    Unreachable(String),
    /// It will not take them, however often they are offered. Somebody must look.
    #[error("the ledger refuses an entry: {0}")]
    Refused(String),
}

/// Takes entries, all or none, and has them durably when it returns. An entry that it has already has no further effect.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// Appends these entries, each in its one encoding; at most 500.
    ///
    /// # Errors
    ///
    /// When they may not be there. Offer all of them again.
    async fn append(&self, entries: Vec<Vec<u8>>) -> Result<(), LedgerError>;
}
