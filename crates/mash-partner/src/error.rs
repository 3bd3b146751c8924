//! Why the library did not do what it was asked.

use std::{collections::HashMap, error::Error};

use mash_chassis::fault::{self, Sort};
use mash_proto::convert::Violation;
use mash_store::StoreError;

/// The request has faults.
pub const INVALID: &str = "MASH-T001";
/// The request id was used for other content.
pub const REQUEST_ID_REUSED: &str = "MASH-T002";
/// The revision is stale.
pub const STALE: &str = "MASH-T003";
/// The reference was used for another report.
pub const REFERENCE_USED: &str = "MASH-T004";
/// The referral was withdrawn.
pub const WITHDRAWN: &str = "MASH-T005";
/// The report is not waiting to be confirmed in writing.
pub const NOT_TELEPHONED: &str = "MASH-T006";
/// An answer was given before, so it is too late to refuse one.
pub const ANSWERED: &str = "MASH-T007";
/// The invitation was cancelled.
pub const CANCELLED: &str = "MASH-T008";
/// Nobody has decided yet, so there is nothing to disagree with.
pub const NOTHING_DECIDED: &str = "MASH-T009";
/// The disagreement is not open.
pub const DISAGREEMENT: &str = "MASH-T010";
/// The store failed.
pub const STORE: &str = "MASH-T011";
/// An event cannot be understood.
pub const POISON: &str = "MASH-T012";
/// An item for another sort of organisation, or of a kind that no partner receives.
pub const NOT_OURS: &str = "MASH-T013";
/// Feedback on a referral that its recipient did not make.
pub const NOT_THE_REFERRER: &str = "MASH-T014";
/// A stored row cannot be read, and its clocks stand still.
pub const UNREADABLE: &str = "MASH-T015";

/// Not the name of a resource.
pub const NAME: &str = "MASH-T020";
/// Not a UUID.
pub const REQUEST_ID: &str = "MASH-T021";
/// Not a reference.
pub const REFERENCE: &str = "MASH-T022";
/// Not a page that can be returned.
pub const PAGE: &str = "MASH-T023";
/// A reason is required.
pub const NO_REASON: &str = "MASH-T024";
/// Not one of the coded words.
pub const WORD: &str = "MASH-T025";
/// An answer that says nothing.
pub const NO_ANSWER: &str = "MASH-T026";

/// Why the library did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum PartnerError {
    /// The request has faults; each is listed.
    #[error("the request has {} faults", .0.len())]
    Invalid(Vec<Violation>),
    /// The request id was used for something else.
    #[error("this request id was used before for other content")]
    RequestIdReused,
    /// Somebody else has changed it.
    #[error("the referral is at another revision; read it, then amend that one")]
    Stale {
        /// The present revision.
        current: i64,
    },
    /// The organisation has used the reference; the name of that referral.
    #[error("a report with this reference was submitted before; amend it")]
    ReferenceUsed(String),
    /// It was withdrawn.
    #[error("the referral was withdrawn; make a new one with a new reference")]
    Withdrawn,
    /// It is not waiting for that.
    #[error("the report is not waiting to be confirmed in writing; amend it")]
    NotTelephoned,
    /// An answer went before.
    #[error("the enquiry was answered before; answer again to correct it")]
    Answered,
    /// The discussion is off.
    #[error("the invitation was cancelled")]
    Cancelled,
    /// Nothing to disagree with.
    #[error("no authority has answered yet, so there is no decision to disagree with")]
    NothingDecided,
    /// It was withdrawn before.
    #[error("the disagreement is not open")]
    NotOpen,
    /// It does not exist, or it is not for this caller.
    #[error("not found")]
    NotFound,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl PartnerError {
    /// One thing that is wrong with one field.
    #[must_use]
    pub fn field(field: &str, code: &'static str, description: &str) -> Self {
        let (field, description) = (field.to_owned(), description.to_owned());
        Self::Invalid(vec![Violation { field, code, description }])
    }

    const fn code(&self) -> (Sort, &'static str) {
        match self {
            Self::Invalid(_) => (Sort::Invalid(Vec::new()), INVALID),
            Self::RequestIdReused => (Sort::Conflict, REQUEST_ID_REUSED),
            Self::Stale { .. } => (Sort::Aborted, STALE),
            Self::ReferenceUsed(_) => (Sort::Conflict, REFERENCE_USED),
            Self::Withdrawn => (Sort::Precondition, WITHDRAWN),
            Self::NotTelephoned => (Sort::Precondition, NOT_TELEPHONED),
            Self::Answered => (Sort::Precondition, ANSWERED),
            Self::Cancelled => (Sort::Precondition, CANCELLED),
            Self::NothingDecided => (Sort::Precondition, NOTHING_DECIDED),
            Self::NotOpen => (Sort::Precondition, DISAGREEMENT),
            Self::NotFound => (Sort::NotFound, fault::NOT_FOUND),
            Self::Store(_) => (Sort::Internal, STORE),
        }
    }
}

impl From<PartnerError> for fault::Refusal {
    fn from(error: PartnerError) -> Self {
        let (sort, code) = error.code();
        let text = error.to_string();
        let plain = |sort| Self { sort, code, text: text.clone(), metadata: HashMap::new() };
        let told = |key: &str, value: String| HashMap::from([(key.to_owned(), value)]);
        match error {
            PartnerError::Invalid(violations) => {
                let told =
                    |one: Violation| fault::Violation::new(one.field, one.code, one.description);
                plain(Sort::Invalid(violations.into_iter().map(told).collect()))
            }
            PartnerError::Store(cause) => {
                // Logged here and nowhere else; the caller learns only whether to try again.
                tracing::error!(error = &cause as &dyn Error, "a call failed in the store");
                plain(if cause.is_transient() { Sort::Unavailable } else { Sort::Internal })
            }
            PartnerError::Stale { current } => {
                Self { metadata: told("revision", current.to_string()), ..plain(sort) }
            }
            PartnerError::ReferenceUsed(name) => {
                Self { metadata: told("referral", name), ..plain(sort) }
            }
            PartnerError::RequestIdReused
            | PartnerError::Withdrawn
            | PartnerError::NotTelephoned
            | PartnerError::Answered
            | PartnerError::Cancelled
            | PartnerError::NothingDecided
            | PartnerError::NotOpen
            | PartnerError::NotFound => plain(sort),
        }
    }
}
