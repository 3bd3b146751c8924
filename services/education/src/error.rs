//! What can come of a call, and how a caller is told.

use std::collections::HashMap;

use mash_chassis::fault::{self, Violation};
use mash_domain::notice::NoticeRefusal;
use mash_store::StoreError;
use tonic::Status;

/// The request has faults; each is listed.
pub(crate) const INVALID: &str = "MASH-E020";
/// The state of the notice does not allow it.
const STATE: &str = "MASH-E021";
/// Another revision has arrived.
const STALE: &str = "MASH-E022";
/// The request id was used for something else.
const REUSED: &str = "MASH-E023";
/// Nobody has confirmed that the child is on the roll.
const SEALED: &str = "MASH-E028";
/// Somebody else at the desk has it.
const TAKEN: &str = "MASH-E036";
/// The caller has not taken it.
const NOT_TAKEN: &str = "MASH-E037";
/// The store failed.
const STORE: &str = "MASH-E027";

/// Why a call was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The request has faults.
    #[error("the request has {} faults", .0.len())]
    Invalid(Vec<Violation>),
    /// It does not exist, or it is not for this caller.
    #[error("not found")]
    NotFound,
    /// The request id was used for other content.
    #[error("the request id was used for other content")]
    RequestReused,
    /// The notice does not allow it.
    #[error(transparent)]
    Notice(#[from] NoticeRefusal),
    /// Somebody else at the desk has it: this officer, by contact id.
    #[error("somebody else has it")]
    Taken(String),
    /// Only whoever has taken it can say that it was seen to.
    #[error("it was not taken by the caller")]
    NotTaken,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Refusal {
    pub(crate) fn field(field: &str, code: &'static str, description: &str) -> Self {
        Self::Invalid(vec![Violation::new(field, code, description)])
    }
}

impl From<Vec<mash_proto::convert::Violation>> for Refusal {
    fn from(violations: Vec<mash_proto::convert::Violation>) -> Self {
        let violation = |found: mash_proto::convert::Violation| {
            Violation::new(found.field, found.code, found.description)
        };
        Self::Invalid(violations.into_iter().map(violation).collect())
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(violations) => fault::invalid(INVALID, violations),
            Refusal::NotFound => fault::not_found(),
            Refusal::RequestReused => {
                fault::conflict(REUSED, "the request id was used for other content")
            }
            Refusal::Taken(by) => fault::Refusal {
                sort: fault::Sort::Precondition,
                code: TAKEN,
                text: "somebody else at the desk has it; name her in `instead_of` to take it over"
                    .to_owned(),
                metadata: HashMap::from([("taken_by".to_owned(), by)]),
            }
            .into(),
            Refusal::NotTaken => fault::failed_precondition(NOT_TAKEN, "take it first"),
            Refusal::Notice(NoticeRefusal::StaleRevision) => fault::aborted(
                STALE,
                "another revision has arrived; read it, then acknowledge that one",
            ),
            Refusal::Notice(NoticeRefusal::Sealed) => fault::failed_precondition(
                SEALED,
                "confirm first that the child is on the roll, then read the notice",
            ),
            Refusal::Notice(NoticeRefusal::State(state)) => {
                fault::failed_precondition(STATE, &format!("the notice is {}", state.word()))
            }
            Refusal::Store(error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::error!(error = cause, "a call failed in the store");
                if error.is_transient() {
                    fault::unavailable(STORE, "try again")
                } else {
                    fault::internal(STORE)
                }
            }
        }
    }
}
