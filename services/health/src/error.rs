//! What can come of a call, and how a caller is told.

use mash_chassis::fault::{self, Violation};
use mash_domain::health::{inbox, injury};
use mash_partner::PartnerError;
use mash_proto::convert::{self, health::codes};
use mash_store::StoreError;
use tonic::Status;

/// The request has faults; each is listed.
pub(crate) const INVALID: &str = "MASH-H001";
/// The prompt is not open.
pub(crate) const PROMPT: &str = "MASH-H002";
/// Something has changed since it was read.
pub(crate) const STALE: &str = "MASH-H003";
/// The professional may not answer for it.
pub(crate) const NOT_ENTITLED: &str = "MASH-H004";
/// Too many look-ups.
pub(crate) const TRAWLING: &str = "MASH-H005";
/// The state of the notice does not allow it.
pub(crate) const NOTICE: &str = "MASH-H006";
/// The record cannot hold more.
pub(crate) const FULL: &str = "MASH-H007";
/// The store failed.
pub(crate) const STORE: &str = "MASH-H008";
/// An event cannot be understood.
pub(crate) const POISON: &str = "MASH-H009";

/// Why a call was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The request has faults.
    #[error("the request has {} faults", .0.len())]
    Invalid(Vec<convert::Violation>),
    /// It does not exist, or it is not for this caller.
    #[error("not found")]
    NotFound,
    /// The machine of injuries refuses.
    #[error(transparent)]
    Injury(#[from] injury::Refusal),
    /// The machine of notices refuses.
    #[error(transparent)]
    Notice(#[from] inbox::Refusal),
    /// Somebody else has set the teams.
    #[error("the teams are at another version; read them, then set them")]
    StaleTeams,
    /// Too many look-ups in a minute.
    #[error("too many look-ups in the last minute")]
    Trawling,
    /// What every partner of a hub has in common refuses.
    #[error(transparent)]
    Partner(#[from] PartnerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Refusal {
    pub(crate) fn field(field: &str, code: &'static str, description: &str) -> Self {
        let (field, description) = (field.to_owned(), description.to_owned());
        Self::Invalid(vec![convert::Violation { field, code, description }])
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::Invalid(violations) => {
                let told =
                    |one: convert::Violation| Violation::new(one.field, one.code, one.description);
                fault::invalid(INVALID, violations.into_iter().map(told).collect())
            }
            Refusal::NotFound => fault::not_found(),
            Refusal::Injury(refusal) => injury_status(refusal, &text),
            Refusal::Notice(inbox::Refusal::Stale) | Refusal::StaleTeams => {
                fault::aborted(STALE, &text)
            }
            Refusal::Notice(inbox::Refusal::State(_)) => fault::failed_precondition(NOTICE, &text),
            Refusal::Trawling => fault::exhausted(TRAWLING, &text),
            Refusal::Partner(error) => fault::Refusal::from(error).into(),
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

fn injury_status(refusal: injury::Refusal, text: &str) -> Status {
    match refusal {
        injury::Refusal::NoPrompt | injury::Refusal::Resolved(_) => {
            fault::failed_precondition(PROMPT, text)
        }
        injury::Refusal::Stale => fault::aborted(STALE, text),
        injury::Refusal::Role => fault::permission_denied(NOT_ENTITLED, text),
        injury::Refusal::Reason => {
            fault::invalid(INVALID, vec![Violation::new("reason.text", codes::NO_REASON, text)])
        }
        injury::Refusal::TooManyInjuries | injury::Refusal::TooManyPhotographs => {
            fault::failed_precondition(FULL, text)
        }
    }
}
