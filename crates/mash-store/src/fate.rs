//! Dying on purpose: a simulation is asked at every step after which something is durable whether the process lives on.
//!
//! Between two such steps nothing lasts, so a process that may die at each of them dies at every place that matters.
//! Once dead, a store does nothing any more, whatever its process still tries.

use crate::StoreError;

/// A step of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A transaction is to begin.
    Begin,
    /// A connection for reading is to be had.
    Read,
    /// A transaction is to be committed.
    Commit,
    /// A transaction was committed, and whoever committed it does not know yet.
    Committed,
}

/// Whether a process lives on.
pub trait Fate: Send + Sync + 'static {
    /// Asked at each step; once false, it stays false until the process is started anew.
    fn lives(&self, step: Step) -> bool;
}

/// What a dead process hears from its store.
pub(crate) fn dead() -> StoreError {
    sqlx::Error::PoolClosed.into()
}
