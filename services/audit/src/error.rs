//! What can come of a call, and how a caller is told.

use std::collections::HashMap;

use mash_chassis::fault::{self, Sort, Violation};
use mash_ledger::Fault;
use mash_store::{StoreError, erasure::EraseError};
use tonic::Status;

/// The request has faults; each is listed.
pub(crate) const INVALID: &str = "MASH-L030";
/// The store failed.
pub(crate) const STORE: &str = "MASH-L031";
/// There is another entry of this id.
pub(crate) const OTHER_CONTENT: &str = "MASH-L032";
/// The cosignature is of another history.
pub(crate) const OTHER_HISTORY: &str = "MASH-L033";
/// There is no such witness, or its signature is not good.
pub(crate) const NO_WITNESS: &str = "MASH-L034";
/// The rows of the ledger do not fit together.
pub(crate) const CORRUPT: &str = "MASH-L037";

/// The request id was used for something else.
const REQUEST_ID_REUSED: &str = "MASH-X027";

/// Why a call was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The request has faults.
    #[error("the request has {} faults", .0.len())]
    Invalid(Vec<Violation>),
    /// It does not exist, or it is not for this caller.
    #[error("not found")]
    NotFound,
    /// There is another entry of this id.
    #[error("entry {0} was appended before, with other content")]
    OtherContent(uuid::Uuid),
    /// The cosignature is of another history.
    #[error("the checkpoint that was co-signed is not of this ledger's history")]
    OtherHistory,
    /// The witness is not known, or its signature is not good.
    #[error("no cosignature of a registered witness")]
    NoWitness,
    /// The store has fewer entries than were signed, or others.
    #[error(
        "MASH-L036: the ledger's store was rolled back: {signed} entries were signed, and it has {found}"
    )]
    RolledBack {
        /// Entries of the last checkpoint that was signed here.
        signed: u64,
        /// Entries that the store has.
        found: u64,
    },
    /// The rows of the ledger do not fit together.
    #[error("the rows of the ledger do not fit together: {0}")]
    Corrupt(&'static str),
    /// Something was not accepted by the ledger itself.
    #[error("the ledger does not take this")]
    Fault(#[from] Fault),
    /// The request id was used before, for something else.
    #[error("the request id was used before, for something else")]
    RequestReused,
    /// A case is not erased, or a hold not placed or released.
    #[error("no erasure, no hold")]
    Erase(EraseError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Refusal {
    /// A fault of one field.
    pub(crate) fn field(field: &str, text: &str) -> Self {
        Self::Invalid(vec![Violation::new(field, INVALID, text)])
    }
}

impl From<EraseError> for Refusal {
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::Store(error) => Self::Store(error),
            other @ (EraseError::Already
            | EraseError::Unknown
            | EraseError::Held(_)
            | EraseError::HeldAlready(_)
            | EraseError::NotHeld
            | EraseError::NoReason) => Self::Erase(other),
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let told = |sort, code, text: &str| {
            let metadata = HashMap::new();
            Self::from(fault::Refusal { sort, code, text: text.to_owned(), metadata })
        };
        match &refusal {
            Refusal::Invalid(violations) => fault::invalid(INVALID, violations.clone()),
            Refusal::NotFound => fault::not_found(),
            Refusal::OtherContent(id) => {
                tracing::error!(entry.id = %id, "an entry came again with other content");
                told(
                    Sort::Conflict,
                    OTHER_CONTENT,
                    "an entry was appended before, with other content",
                )
            }
            Refusal::OtherHistory => told(
                Sort::Precondition,
                OTHER_HISTORY,
                "this ledger never had that root at that size",
            ),
            Refusal::NoWitness => {
                let text = "no signature is by the key that this organisation has registered";
                fault::invalid(INVALID, vec![Violation::new("checkpoint", NO_WITNESS, text)])
            }
            Refusal::Fault(found) => fault::invalid(
                INVALID,
                vec![Violation::new("checkpoint", found.code(), found.to_string())],
            ),
            Refusal::RequestReused => fault::conflict(
                REQUEST_ID_REUSED,
                "request id was already used for different content",
            ),
            Refusal::Erase(error) => {
                let text = error.to_string();
                let text = text.split_once(": ").map_or(text.as_str(), |(_, text)| text);
                fault::failed_precondition(error.code(), text)
            }
            Refusal::RolledBack { .. } | Refusal::Corrupt(_) => {
                tracing::error!(error = %refusal, "the ledger is not what it was");
                fault::internal(CORRUPT)
            }
            Refusal::Store(error) => {
                // Logged here and nowhere else; the caller learns only that it may try again.
                let cause: &dyn std::error::Error = error;
                tracing::error!(error = cause, "a call failed in the store");
                if error.is_transient() {
                    fault::unavailable(STORE, "try again, nothing is lost")
                } else {
                    fault::internal(STORE)
                }
            }
        }
    }
}
