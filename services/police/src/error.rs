//! Why the service did not do what it was asked, and how it says so.

use std::{collections::HashMap, error::Error, time::Duration};

use mash_chassis::fault;
use mash_domain::incident::CaseId;
use mash_proto::convert::Violation;
use mash_store::StoreError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The request has faults.
pub const INVALID: &str = "MASH-P001";
/// The request id was used for other content.
pub const REQUEST_ID_REUSED: &str = "MASH-P002";
/// The revision is stale.
pub const STALE: &str = "MASH-P003";
/// The incident was reported before.
pub const ALREADY_REPORTED: &str = "MASH-P004";
/// The incident was withdrawn.
pub const WITHDRAWN: &str = "MASH-P005";
/// There is no such record for this caller.
pub const NOT_FOUND: &str = "MASH-P006";
/// Too many reports are waiting.
pub const BUSY: &str = "MASH-P007";
/// The store cannot be reached.
pub const UNAVAILABLE: &str = "MASH-P008";
/// The hand-over was recalled.
pub const RECALLED: &str = "MASH-P009";
/// An event cannot be understood.
pub const POISON: &str = "MASH-P010";

/// Why the service did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PoliceError {
    #[error("the request has {} faults", .0.len())]
    Invalid(Vec<Violation>),
    #[error("this request id was used before for other content")]
    RequestIdReused,
    #[error("the incident is at another revision")]
    Stale { current: u32 },
    #[error("an incident with this occurrence number was reported before; amend it")]
    AlreadyReported(CaseId),
    #[error("the incident was withdrawn")]
    Withdrawn,
    #[error("not found")]
    NotFound,
    #[error("too many reports are waiting to be stored; send it again with the same request id")]
    Busy,
    #[error("the store cannot be reached; send it again with the same request id")]
    Unavailable,
    #[error("the hand-over was recalled")]
    Recalled,
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl PoliceError {
    const fn code(&self) -> (Code, &'static str) {
        match self {
            Self::Invalid(_) => (Code::InvalidArgument, INVALID),
            Self::RequestIdReused => (Code::AlreadyExists, REQUEST_ID_REUSED),
            Self::Stale { .. } => (Code::Aborted, STALE),
            Self::AlreadyReported(_) => (Code::AlreadyExists, ALREADY_REPORTED),
            Self::Withdrawn => (Code::FailedPrecondition, WITHDRAWN),
            Self::NotFound => (Code::NotFound, NOT_FOUND),
            Self::Busy => (Code::ResourceExhausted, BUSY),
            Self::Unavailable | Self::Store(_) => (Code::Unavailable, UNAVAILABLE),
            Self::Recalled => (Code::FailedPrecondition, RECALLED),
        }
    }

    /// What the caller needs to go on. Only of its own incidents.
    fn metadata(&self) -> HashMap<String, String> {
        match self {
            Self::Stale { current } => {
                HashMap::from([("revision".to_owned(), current.to_string())])
            }
            Self::AlreadyReported(case_id) => {
                HashMap::from([("incident".to_owned(), case_id.name())])
            }
            Self::Invalid(_)
            | Self::RequestIdReused
            | Self::Withdrawn
            | Self::NotFound
            | Self::Busy
            | Self::Unavailable
            | Self::Recalled
            | Self::Store(_) => HashMap::new(),
        }
    }
}

impl From<PoliceError> for Status {
    fn from(error: PoliceError) -> Self {
        let (code, reason) = error.code();
        let text = format!("{reason}: {error}");
        let mut details = ErrorDetails::with_error_info(reason, fault::DOMAIN, error.metadata());
        match error {
            PoliceError::Invalid(violations) => {
                return fault::invalid(INVALID, violations.into_iter().map(violation).collect());
            }
            PoliceError::Store(cause) => {
                // Logged here and nowhere else; the caller learns only that it may try again.
                tracing::error!(error = &cause as &dyn Error, "the store failed");
                return Self::from(PoliceError::Unavailable);
            }
            PoliceError::Busy | PoliceError::Unavailable => {
                details.set_retry_info(Some(Duration::from_secs(1)));
            }
            PoliceError::RequestIdReused
            | PoliceError::Stale { .. }
            | PoliceError::AlreadyReported(_)
            | PoliceError::Withdrawn
            | PoliceError::NotFound
            | PoliceError::Recalled => (),
        }
        Self::with_error_details(code, text, details)
    }
}

fn violation(Violation { field, code, description }: Violation) -> fault::Violation {
    fault::Violation::new(field, code, description)
}
