//! What can come of a call, and how a caller is told.

use mash_chassis::fault::{self, Violation};
use mash_domain::referral::{enquiry, work};
use mash_partner::PartnerError;
use mash_store::StoreError;
use tonic::Status;

/// The request has faults; each is listed.
pub(crate) const INVALID: &str = "MASH-S001";
/// The request id was used for something else.
const REUSED: &str = "MASH-S002";
/// The state of the referral does not allow it.
const STATE: &str = "MASH-S003";
/// The store failed.
const STORE: &str = "MASH-S004";
/// Somebody has changed it meanwhile.
const STALE: &str = "MASH-S005";
/// Nobody has graded it.
const NOT_GRADED: &str = "MASH-S006";
/// Another grade without a reason.
const REGRADE: &str = "MASH-S007";
/// A decision without a reason.
const NO_REASON: &str = "MASH-S008";
/// Early help without consent.
const NO_CONSENT: &str = "MASH-S009";
/// The family has refused early help.
const REFUSED_HELP: &str = "MASH-S010";
/// An outcome that cannot be chosen here.
const OUTCOME: &str = "MASH-S011";
/// Partners have not answered.
const GAPS: &str = "MASH-S012";
/// The question does not allow it.
const ENQUIRY: &str = "MASH-S013";
/// A merge of a child with herself.
const HERSELF: &str = "MASH-S014";
/// A match that was rejected.
const STRANGERS: &str = "MASH-S015";
/// A referral linked with itself.
const ITSELF: &str = "MASH-S016";
/// Somebody has seen to the prompt.
const RESOLVED: &str = "MASH-S017";
/// No named person, or no question.
const NOBODY: &str = "MASH-S018";

/// Not a name of the contract.
pub(crate) const NAME: &str = "MASH-S020";
/// Missing, too long, or with characters that cannot be shown.
pub(crate) const TEXT: &str = "MASH-S021";
/// Unspecified or not known.
pub(crate) const WORD: &str = "MASH-S022";
/// Nobody whom a hub can ask.
pub(crate) const PARTNER: &str = "MASH-S023";
/// Not a page.
pub(crate) const PAGE: &str = "MASH-S024";
/// A child who is not identified.
pub(crate) const CHILD: &str = "MASH-S025";
/// A time that does not fit.
pub(crate) const TIME: &str = "MASH-S026";

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
    /// The referral does not allow it.
    #[error(transparent)]
    Work(#[from] work::Refusal),
    /// The question does not allow it.
    #[error(transparent)]
    Enquiry(#[from] enquiry::Refusal),
    /// The report cannot be taken.
    #[error(transparent)]
    Partner(#[from] PartnerError),
    /// A meeting, a disagreement or a transfer does not allow it.
    #[error(transparent)]
    Meetings(#[from] crate::meetings::refusal::Refused),
    /// A merge of a child with herself.
    #[error("a child cannot be merged with herself")]
    Herself,
    /// Somebody has said that they are two.
    #[error("somebody has said that these are two children")]
    Strangers,
    /// A referral linked with itself.
    #[error("a referral cannot be linked with itself")]
    Itself,
    /// Somebody has seen to the prompt.
    #[error("somebody has seen to the prompt")]
    Resolved,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Refusal {
    pub(crate) fn field(field: &str, code: &'static str, description: &str) -> Self {
        Self::Invalid(vec![Violation::new(field, code, description)])
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
            Refusal::Work(refusal) => of_work(refusal),
            Refusal::Enquiry(refusal) => fault::failed_precondition(ENQUIRY, &refusal.to_string()),
            Refusal::Partner(refusal) => fault::Refusal::from(refusal).into(),
            Refusal::Meetings(refused) => refused.into(),
            Refusal::Herself => {
                fault::failed_precondition(HERSELF, "a child cannot be merged with herself")
            }
            Refusal::Strangers => fault::failed_precondition(
                STRANGERS,
                "somebody has said that these are two children; that stays so",
            ),
            Refusal::Itself => {
                fault::failed_precondition(ITSELF, "a referral cannot be linked with itself")
            }
            Refusal::Resolved => {
                fault::failed_precondition(RESOLVED, "somebody has seen to the prompt already")
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

fn of_work(refusal: work::Refusal) -> Status {
    use work::Refusal as R;
    let code = match refusal {
        R::StaleRevision => return fault::aborted(STALE, &refusal.to_string()),
        R::NotGraded => NOT_GRADED,
        R::RegradeWithoutReason => REGRADE,
        R::NoReason => NO_REASON,
        R::Gaps => GAPS,
        R::ConsentMissing => NO_CONSENT,
        R::ConsentRefused => REFUSED_HELP,
        R::OutcomeReserved | R::Direction => OUTCOME,
        R::Nobody | R::NothingAsked => NOBODY,
        R::State(_) => STATE,
    };
    fault::failed_precondition(code, &refusal.to_string())
}
