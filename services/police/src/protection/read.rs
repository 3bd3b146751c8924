//! Reads what police send, every fault at once.

use jiff::{SignedDuration, Timestamp};
use mash_domain::referral::report::Report;
use mash_partner::{PartnerError, reference_fault};
use mash_proto::{
    convert::{Violation, referral::report_from_wire, time_from_wire},
    referral::v1 as wire,
};

use super::{NO_TIME, NOT_POLICE, TIMES};

/// How far a sender's clock may be ahead of the hub's.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The faults found so far.
pub(super) struct Faults {
    /// The message that is read, such as `notice`.
    above: &'static str,
    all: Vec<Violation>,
}

impl Faults {
    pub(super) const fn of(above: &'static str) -> Self {
        Self { above, all: Vec::new() }
    }

    pub(super) fn add(&mut self, field: &str, code: &'static str, description: &str) {
        let field = format!("{}.{field}", self.above);
        self.all.push(Violation { field, code, description: description.to_owned() });
    }

    /// Looks at the force's own reference.
    pub(super) fn reference(&mut self, reference: &str) {
        self.all.extend(reference_fault(&format!("{}.reference", self.above), reference));
    }

    /// Reads the report within, as one of this sort.
    pub(super) fn report(
        &mut self,
        report: Option<wire::Report>,
        kind: wire::ReportKind,
        now: Timestamp,
    ) -> Option<Report> {
        let mut report = report.unwrap_or_default();
        if report.kind != 0 && report.kind != i32::from(kind) {
            let what = "this call makes another sort of report; leave it out, or use the call for that sort";
            self.add("report.kind", NOT_POLICE, what);
        }
        report.kind = kind.into();
        match report_from_wire(report, now) {
            Ok(report) => Some(report),
            Err(violations) => {
                let above = self.above;
                let below =
                    |one: Violation| Violation { field: format!("{above}.{}", one.field), ..one };
                self.all.extend(violations.into_iter().map(below));
                None
            }
        }
    }

    /// A time that may be left out, and is not in the future.
    pub(super) fn time(
        &mut self,
        field: &str,
        time: Option<prost_types::Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        match time_from_wire(&time?) {
            Ok(time) if time.duration_since(now) <= SKEW => Some(time),
            Ok(_) => {
                self.add(field, TIMES, "is in the future");
                None
            }
            Err(error) => {
                self.add(field, TIMES, &error.to_string());
                None
            }
        }
    }

    /// A time that must be there.
    pub(super) fn needed(
        &mut self,
        field: &str,
        time: Option<prost_types::Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        if time.is_none() {
            self.add(field, NO_TIME, "is required: a clock runs from it");
        }
        self.time(field, time, now)
    }

    /// Two times of which the second may not be before the first.
    pub(super) fn order(&mut self, field: &str, first: Option<Timestamp>, then: Option<Timestamp>) {
        if let (Some(first), Some(then)) = (first, then)
            && then < first
        {
            self.add(field, TIMES, "is before what came before it");
        }
    }

    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, PartnerError> {
        match read {
            Some(read) if self.all.is_empty() => Ok(read),
            _ => Err(PartnerError::Invalid(self.all)),
        }
    }
}

/// The concern that the service makes of what happened: it stands first, as a fact.
pub(super) fn fact(report: &mut wire::Report, what: String, at: Option<Timestamp>, place: &str) {
    let when = at.map(|at| at.to_string()).unwrap_or_default();
    let evidence = mash_proto::disclosure::v1::EvidenceClass::Fact.into();
    report.concerns.insert(0, wire::Concern { what, when, r#where: place.to_owned(), evidence });
}
