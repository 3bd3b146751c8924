//! Why something about a meeting, a disagreement or a transfer was not done, and how a caller is told.

use mash_chassis::fault;
use mash_domain::{
    clock::ClockRefusal,
    referral::meeting::{
        MeetingRefusal, disagreement::DisagreementRefusal, section47::EnquiryRefusal,
        transfer::TransferRefusal,
    },
};
use tonic::Status;

/// The meeting does not allow it.
const STATE: &str = "MASH-S050";
/// Somebody has changed it meanwhile.
const STALE: &str = "MASH-S051";
/// Police or social services were missing.
const INQUORATE: &str = "MASH-S052";
/// Not the signature of a senior manager who did not chair.
const SIGNATURE: &str = "MASH-S053";
/// The referral is with somebody else, or was taken back.
const REFERRAL: &str = "MASH-S054";
/// Nothing has led to such a meeting.
const NOT_LED: &str = "MASH-S055";
/// Such a meeting does not come to this in this nation.
const OUTCOME: &str = "MASH-S056";
/// Not invited.
const ATTENDANCE: &str = "MASH-S057";
/// No enquiry is open.
const NO_ENQUIRY: &str = "MASH-S058";
/// A reason is needed.
const REASON: &str = "MASH-S059";
/// Somebody would decide in a cause of her own.
const OWN_CAUSE: &str = "MASH-S060";
/// Only the named decider decides.
const NOT_DECIDER: &str = "MASH-S061";
/// The disagreement does not allow it.
const DISAGREEMENT: &str = "MASH-S062";
/// An authority does not transfer to itself, nor to one that is not known.
const NO_OTHER: &str = "MASH-S070";
/// The other authority has to do this.
const OTHER_SIDE: &str = "MASH-S071";
/// The transfer has been answered.
const TRANSFER: &str = "MASH-S072";
/// The clock does not allow it.
const CLOCK: &str = "MASH-S080";

/// Nobody who can be invited.
pub(crate) const INVITEE: &str = "MASH-S090";
/// Not a class of data.
pub(crate) const CLASS: &str = "MASH-S091";

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Somebody else changed it meanwhile.
    #[error("somebody has changed it meanwhile; read it again")]
    Stale,
    /// The referral was taken back, or is with another authority.
    #[error("the referral was taken back, or is with another authority")]
    Referral,
    /// Nothing has led to it.
    #[error("nothing has led to such a meeting yet")]
    NotLed,
    /// No enquiry is open.
    #[error("this meeting has begun no enquiry")]
    NoEnquiry,
    /// Not in the reference data.
    #[error("the hub knows no such authority")]
    NoOther,
    /// The meeting does not allow it.
    #[error(transparent)]
    Meeting(#[from] MeetingRefusal),
    /// The enquiry does not allow it.
    #[error(transparent)]
    Enquiry(#[from] EnquiryRefusal),
    /// The disagreement does not allow it.
    #[error(transparent)]
    Disagreement(#[from] DisagreementRefusal),
    /// The transfer does not allow it.
    #[error(transparent)]
    Transfer(#[from] TransferRefusal),
    /// The clock does not allow it.
    #[error(transparent)]
    Clock(#[from] ClockRefusal),
}

impl Refused {
    const fn code(self) -> &'static str {
        use DisagreementRefusal as D;
        use MeetingRefusal as M;
        match self {
            Self::Stale => STALE,
            Self::Referral => REFERRAL,
            Self::NotLed => NOT_LED,
            Self::NoEnquiry | Self::Enquiry(EnquiryRefusal::Concluded) => NO_ENQUIRY,
            Self::NoOther | Self::Transfer(TransferRefusal::Same) => NO_OTHER,
            Self::Meeting(M::State(_) | M::Time) => STATE,
            Self::Meeting(M::Inquorate) => INQUORATE,
            Self::Meeting(M::Signature) => SIGNATURE,
            Self::Meeting(M::Outcome) => OUTCOME,
            Self::Meeting(M::Attendance | M::NotInvited | M::Invited) => ATTENDANCE,
            Self::Meeting(M::Reason)
            | Self::Enquiry(EnquiryRefusal::Reason)
            | Self::Disagreement(D::Reason)
            | Self::Transfer(TransferRefusal::Reason)
            | Self::Clock(ClockRefusal::Reason) => REASON,
            Self::Disagreement(D::OwnCause) => OWN_CAUSE,
            Self::Disagreement(D::NotDecider) => NOT_DECIDER,
            Self::Disagreement(D::LastStage | D::NotYours | D::Ended) => DISAGREEMENT,
            Self::Transfer(TransferRefusal::OtherSide) => OTHER_SIDE,
            Self::Transfer(TransferRefusal::State(_)) => TRANSFER,
            Self::Clock(ClockRefusal::State(_) | ClockRefusal::Order | ClockRefusal::TooMany) => {
                CLOCK
            }
        }
    }
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        let (code, words) = (refused.code(), refused.to_string());
        if refused == Refused::Stale {
            fault::aborted(code, &words)
        } else {
            fault::failed_precondition(code, &words)
        }
    }
}
