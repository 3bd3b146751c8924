//! The coded answers of a report, wire to domain and back.

use mash_domain::referral::report as domain;

use crate::{convert::ConvertError, disclosure::v1 as disclosure, referral::v1 as wire};

words! {
    wire::ReportKind => domain::ReportKind {
        PoliceNotice, Custody, Missing, PoliceProtection, Clinical, Unborn, School, MissingEducation,
        Public, Transfer, EarlyHelp
    }
    wire::Urgency => domain::Urgency { Immediate, SameDay, Routine }
    disclosure::EvidenceClass => domain::Evidence { Fact, Observation, Opinion, Hearsay }
}

/// The number of a sort of report, for a wire field.
#[must_use]
pub fn kind_to_wire(kind: domain::ReportKind) -> i32 {
    wire::ReportKind::from(kind).into()
}

/// The number of an urgency, for a wire field.
#[must_use]
pub fn urgency_to_wire(urgency: domain::Urgency) -> i32 {
    wire::Urgency::from(urgency).into()
}
