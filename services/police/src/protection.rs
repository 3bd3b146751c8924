//! Public protection: notices, custody, missing children, police protection, and what hubs ask police.
//!
//! What every partner of a hub has in common is in `mash_partner`. Here is what only police have: the grade of a notice, the
//! suite and its clock, episodes that are counted for each child, 72 hours of protection, and intelligence with its handling
//! code.

use mash_bus::topics;
use mash_chassis::fault;
use mash_domain::organisation::OrganisationKind;
use mash_partner::{Agency, Partner, PartnerError};
use mash_proto::referral::v1::ItemKind;
use tonic::Status;

use crate::app::COMPONENT;

mod answer;
mod custody;
mod grpc;
mod missing;
mod notice;
mod read;
mod record;
mod taken;

pub use grpc::ProtectionGrpc;

/// How police work with hubs.
pub(crate) const AGENCY: Agency = Agency {
    component: COMPONENT,
    source: "mash/police",
    group: "police-items",
    topics: &[topics::DISCLOSED_POLICE],
    kinds: &[OrganisationKind::PoliceForce],
    // What a force hears of exploitation as first responder (R15) its systems take from its mailbox.
    elsewhere: &[ItemKind::Referral],
    alone: true,
};

/// A sort of report that is not one of police.
pub const NOT_POLICE: &str = "MASH-P130";
/// A grade that was not given.
pub const NO_GRADE: &str = "MASH-P131";
/// Times that cannot be, or not in this order.
pub const TIMES: &str = "MASH-P132";
/// A reason that is required.
pub const NO_REASON: &str = "MASH-P133";
/// A time that is required.
pub const NO_TIME: &str = "MASH-P134";

/// The prompts of police.
pub(crate) mod prompts {
    /// What the child said was not recorded (P28).
    pub(crate) const RECORD_VOICE: &str = "record-voice";
    /// Exploitation was recognised, and nobody has referred to the national referral mechanism.
    pub(crate) const CONSIDER_MECHANISM: &str = "consider-mechanism";
    /// Exploitation was recognised, and nobody has considered the defence of s.45.
    pub(crate) const CONSIDER_SECTION_45: &str = "consider-section-45";
    /// No hub has said that it knows of a child in custody.
    pub(crate) const CUSTODY_NOT_TOLD: &str = "custody-not-told";
    /// Nobody has looked for indicators of exploitation in a missing episode (P06).
    pub(crate) const SCREEN_EXPLOITATION: &str = "screen-exploitation";
    /// A child has come back, and no return interview is on record (P26).
    pub(crate) const OFFER_INTERVIEW: &str = "offer-interview";
    /// Police protection ends soon, or has lasted too long.
    pub(crate) const PROTECTION_ENDING: &str = "protection-ending";
}

/// The part of police that works with hubs.
#[derive(Clone)]
pub(crate) struct Protection {
    pub(crate) partner: Partner,
    pub(crate) secret: mash_chassis::CaseSecret,
}

/// How a refusal is told.
fn status(error: PartnerError) -> Status {
    fault::Refusal::from(error).into()
}
