//! Referrals of schools, children missing education, and what hubs ask schools.
//!
//! What every partner of a hub has in common is in `mash_partner`. Here is what only education has: that a designated
//! safeguarding person of the directory speaks for a school, what was tried to find a child, and attendance.

use jiff::{Timestamp, civil::Date};
use mash_bus::topics;
use mash_chassis::{Caller, CaseSecret, fault};
use mash_domain::{organisation::OrganisationKind, referral::report::Report};
use mash_partner::{Agency, Partner, PartnerError};
use mash_proto::{
    convert::{Violation, referral::report_from_wire},
    disclosure::v1::EvidenceClass,
    education::v1 as wire,
    referral::v1::{self as common, ItemKind},
};
use mash_store::{Store, StoreError};
use tonic::Status;

use crate::{COMPONENT, access::desk_word, directory::Shared, store};

mod answer;
mod grpc;

pub use grpc::ReferralApi;

/// The practitioner is not a safeguarding contact of the school, or not an officer of the desk.
const NOT_A_CONTACT: &str = "MASH-E030";
/// A sort of report that a school does not make.
const NOT_OF_A_SCHOOL: &str = "MASH-E031";
/// A date that cannot be.
const DATE: &str = "MASH-E032";
/// Too long, or too many.
const LONG: &str = "MASH-E033";

/// The most attempts to find a child.
const MOST_ATTEMPTS: usize = 20;

/// How schools work with hubs.
const SCHOOLS: Agency = Agency {
    component: COMPONENT,
    source: crate::SOURCE,
    group: "education-items",
    topics: &[topics::DISCLOSED_EDUCATION],
    kinds: &[OrganisationKind::School],
    elsewhere: &[],
    alone: true,
};

/// How education desks of authorities hear of the children that they reported. The hub of the same authority reads the
/// same topic: what is not a desk's is left to it.
const DESKS: Agency = Agency {
    component: COMPONENT,
    source: crate::SOURCE,
    group: "education-desk-items",
    topics: &[topics::DISCLOSED_SOCIAL_CARE],
    kinds: &[OrganisationKind::LocalAuthority],
    elsewhere: &[
        ItemKind::Referral,
        ItemKind::Enquiry,
        ItemKind::Answer,
        ItemKind::Invitation,
        ItemKind::Response,
        ItemKind::Disagreement,
        ItemKind::ProtectionStatus,
        ItemKind::Lookup,
    ],
    alone: false,
};

/// The part of education that works with hubs.
#[derive(Clone)]
pub(crate) struct Referrals {
    service: Shared,
    pub(crate) partner: Partner,
    pub(crate) desks: Partner,
}

impl Referrals {
    pub(crate) async fn start(service: Shared) -> Result<Self, StoreError> {
        let secret = secret(&service.store).await?;
        let (store, clock) = (service.store.clone(), service.clock.clone());
        let partner = Partner::start(store.clone(), clock.clone(), secret.clone(), SCHOOLS).await?;
        let desks = Partner::start(store, clock, secret, DESKS).await?;
        Ok(Self { service, partner, desks })
    }

    /// Whether the practitioner may speak for the caller: a contact of the school in the directory, or an officer of the
    /// authority's education desk.
    pub(crate) async fn may_act(&self, caller: &Caller) -> Result<(), NotAContact> {
        let practitioner = caller.practitioner.as_deref().unwrap_or_default();
        let code = caller.organisation.code();
        let mut conn = self.service.store.read().await?;
        let known = match caller.organisation.kind() {
            OrganisationKind::School => {
                let school = store::directory::get(&mut conn, code).await?;
                let contacts = school.map(|school| school.establishment.contacts);
                contacts.is_some_and(|contacts| contacts.iter().any(|one| one.id == practitioner))
            }
            OrganisationKind::LocalAuthority => {
                let desks = store::directory::desks(&mut conn, code).await?;
                let duty = desk_word(mash_proto::disclosure::v1::Desk::EducationDuty);
                let officers = desks.get(duty).map(|(_, officers)| officers);
                officers.is_some_and(|officers| officers.iter().any(|one| one.id == practitioner))
            }
            OrganisationKind::PoliceForce
            | OrganisationKind::HealthBoard
            | OrganisationKind::Provider
            | OrganisationKind::Operator => false,
        };
        if known { Ok(()) } else { Err(NotAContact::Unknown(caller.organisation.kind())) }
    }

    /// Reads a school's report, every fault at once. Of an amendment, `first` is when it was first submitted.
    pub(crate) fn read_report(
        &self,
        report: Option<common::Report>,
        first: Option<Timestamp>,
    ) -> Result<Report, PartnerError> {
        let mut report = report.unwrap_or_default();
        let mut faults = Vec::new();
        let early_help = i32::from(common::ReportKind::EarlyHelp);
        let school = i32::from(common::ReportKind::School);
        if report.kind != early_help {
            if report.kind != 0 && report.kind != school {
                let what = "a school makes a school's referral or one for early help; a child missing education has a \
                            call of her own";
                faults.push(fault_at("report.kind", NOT_OF_A_SCHOOL, what));
            }
            report.kind = school;
        }
        read(report, first.unwrap_or_else(|| self.partner.now()), faults)
    }

    /// Reads the report of a child missing education, every fault at once.
    pub(crate) fn read_missing(
        &self,
        missing: Option<wire::MissingEducation>,
    ) -> Result<Report, PartnerError> {
        let missing = missing.unwrap_or_default();
        let mut days = Days { today: self.service.today(), faults: Vec::new() };
        let seen = days.past("missing.last_seen_date", missing.last_seen_date);
        let off = days.any("missing.off_roll_date", missing.off_roll_date);
        let tried = days.attempts(&missing.attempts);
        let mut faults = days.faults;
        if missing.destination.chars().count() > 400 {
            faults.push(fault_at("missing.destination", LONG, "longer than 400 characters"));
        }
        let mut report = missing.report.unwrap_or_default();
        let kind = i32::from(common::ReportKind::MissingEducation);
        if report.kind != 0 && report.kind != kind {
            let what = "this call reports a child missing education; leave the kind out";
            faults.push(fault_at("missing.report.kind", NOT_OF_A_SCHOOL, what));
        }
        report.kind = kind;
        if report.urgency == 0 {
            report.urgency = common::Urgency::Routine.into();
        }
        let since = seen.map_or_else(|| "not known when".to_owned(), |day| day.to_string());
        let mut what = format!("Missing from education; last seen {since}.");
        if let Some(off) = off {
            what = format!("{what} Off the roll on {off}.");
        }
        if !missing.destination.trim().is_empty() {
            what = format!("{what} May have gone to: {}.", missing.destination.trim());
        }
        let evidence = EvidenceClass::Fact.into();
        report.concerns.insert(0, common::Concern { what, evidence, ..common::Concern::default() });
        if !tried.is_empty() {
            let tried = format!("Tried: {}", tried.join("; "));
            report.actions = [report.actions.as_str(), &tried].join("\n").trim().to_owned();
        }
        read(report, self.partner.now(), faults)
    }
}

/// Reads days, and keeps every fault.
struct Days {
    today: Date,
    faults: Vec<Violation>,
}

impl Days {
    fn any(&mut self, field: &str, date: Option<mash_proto::r#type::v1::Date>) -> Option<Date> {
        let day = Date::try_from(date?);
        day.map_err(|error| self.faults.push(fault_at(field, DATE, &error.to_string()))).ok()
    }

    fn past(&mut self, field: &str, date: Option<mash_proto::r#type::v1::Date>) -> Option<Date> {
        let day = self.any(field, date)?;
        if day <= self.today {
            return Some(day);
        }
        self.faults.push(fault_at(field, DATE, "is in the future"));
        None
    }

    /// What was tried to find her, a line for each attempt.
    fn attempts(&mut self, attempts: &[wire::ContactAttempt]) -> Vec<String> {
        if attempts.len() > MOST_ATTEMPTS {
            self.faults.push(fault_at("missing.attempts", LONG, "at most 20 attempts"));
            return Vec::new();
        }
        let mut lines = Vec::with_capacity(attempts.len());
        for (index, one) in attempts.iter().enumerate() {
            let field = format!("missing.attempts[{index}]");
            let day = self.past(&format!("{field}.date"), one.date);
            let day = day.map_or_else(|| "at some time".to_owned(), |day| day.to_string());
            if one.what.chars().count() > 200 || one.outcome.chars().count() > 400 {
                self.faults.push(fault_at(&field, LONG, "at most 200 and 400 characters"));
            }
            lines.push(format!("{day}: {} – {}", one.what.trim(), one.outcome.trim()));
        }
        lines
    }
}

fn read(
    report: common::Report,
    now: Timestamp,
    mut faults: Vec<Violation>,
) -> Result<Report, PartnerError> {
    match report_from_wire(report, now) {
        Ok(report) if faults.is_empty() => Ok(report),
        Ok(_) => Err(PartnerError::Invalid(faults)),
        Err(violations) => {
            faults.extend(violations);
            Err(PartnerError::Invalid(faults))
        }
    }
}

fn fault_at(field: &str, code: &'static str, description: &str) -> Violation {
    Violation { field: field.to_owned(), code, description: description.to_owned() }
}

/// Why a practitioner may not speak for the caller.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAContact {
    #[error("not a contact")]
    Unknown(OrganisationKind),
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// How it is told, with what to do.
fn refused(error: NotAContact) -> Status {
    match error {
        NotAContact::Store(error) => status(error.into()),
        NotAContact::Unknown(OrganisationKind::School) => fault::permission_denied(
            NOT_A_CONTACT,
            "the practitioner is not a safeguarding contact of this school; have her entered with \
             DirectoryService.ReplaceContacts, or let one who is make the call. In an emergency telephone the hub or the \
             police",
        ),
        NotAContact::Unknown(_) => fault::permission_denied(
            NOT_A_CONTACT,
            "the practitioner is not an officer of this authority's education duty desk; have her entered with \
             DirectoryService.ReplaceContacts",
        ),
    }
}

/// How a refusal is told.
fn status(error: PartnerError) -> Status {
    fault::Refusal::from(error).into()
}

/// The secret under which the ids of this service's referrals are made; the same for the life of the store.
async fn secret(store: &Store) -> Result<CaseSecret, StoreError> {
    let bytes = crate::roll::lasting_key(store, "case-secret").await?;
    CaseSecret::new(&bytes).map_err(|_| StoreError::Corrupt("the case secret"))
}
