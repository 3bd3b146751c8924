//! A clinician refers a child, or amends what she referred.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::{health::confidence::Confidentiality, referral::report::Report};
use mash_partner::Submission;
use mash_proto::{
    convert::{
        Violation,
        health::{self as read, Entitled, codes, professional_to_wire},
        read::At,
        referral::report_from_wire,
    },
    health::v1 as wire,
    referral::v1::{self as referral, ReportKind},
};

use crate::{Service, call::Opened, error::Refusal};

/// The prompt that third-party data has stayed here.
pub(crate) const HELD: &str = "third-party-held";

/// What was read of a referral.
pub(crate) struct Referral {
    pub(crate) reference: String,
    pub(crate) report: Report,
    /// 0 for a new one.
    pub(crate) revision: i32,
    /// A doctor or nurse has given her word for the third-party data.
    pub(crate) vouched: bool,
    /// How many pieces of it stay here.
    pub(crate) held: i32,
}

impl Service {
    pub(crate) async fn submit_referral(
        &self,
        caller: &Caller,
        request: wire::SubmitReferralRequest,
    ) -> Result<wire::SubmitReferralResponse, Refusal> {
        let at = self.time_of(caller, &request).await?;
        let read = read_request(&request, caller, at);
        let what = (request.request_id.as_str(), &request);
        let (mut call, referral) = match self.open((caller, "SubmitReferral"), what, read).await? {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, referral) => (call, referral),
        };
        let held_back = referral.held;
        let referral = Box::pin(self.send_referral(&mut call, referral)).await?;
        let answer = wire::SubmitReferralResponse { referral: Some(referral), held_back };
        Ok(call.finish(answer).await?)
    }

    /// Sends a referral or the next revision of it.
    pub(crate) async fn send_referral(
        &self,
        call: &mut mash_partner::Call,
        referral: Referral,
    ) -> Result<referral::SentReferral, Refusal> {
        let Referral { reference, report, revision, vouched, held } = referral;
        if vouched {
            call.vouch_for_third_party();
        }
        let case_id = self.partner.case_id(&call.organisation, &reference);
        let sent = if revision == 0 {
            self.partner.submit(call, Submission { reference, report }).await?
        } else {
            self.partner.amend(call, case_id, revision, &report).await?
        };
        if held > 0 {
            self.partner.raise_prompt(call, (&sent.name, HELD), None).await?;
        } else {
            self.partner.settle_prompt(call, &sent.name, HELD).await?;
        }
        Ok(self.partner.told(call, case_id).await?)
    }

    /// When the referral was first made: a child who has come of age since is still the child of it.
    async fn time_of(
        &self,
        caller: &Caller,
        request: &wire::SubmitReferralRequest,
    ) -> Result<Timestamp, Refusal> {
        let now = self.clock.now();
        if request.revision == 0 {
            return Ok(now);
        }
        let case_id = self.partner.case_id(&caller.organisation, request.reference.trim());
        match self.partner.submitted_at(caller, case_id).await {
            Ok(at) => Ok(at),
            Err(mash_partner::PartnerError::NotFound) => Ok(now),
            Err(error) => Err(error.into()),
        }
    }
}

fn read_request(
    request: &wire::SubmitReferralRequest,
    caller: &Caller,
    now: Timestamp,
) -> Result<Referral, Vec<Violation>> {
    let practitioner = caller.practitioner.clone().unwrap_or_default();
    let mut reader = read::reader();
    let reference = read::reference(&mut reader, &At::root("reference"), &request.reference);
    let by = (practitioner.as_str(), Entitled::Clinician);
    let who = request.professional.clone();
    let professional = read::professional(&mut reader, &At::root("professional"), who, by);
    let bears = At::root("third_party_bears");
    let word = read::bears(&mut reader, &bears, request.third_party_bears.clone(), &practitioner);
    if request.revision < 0 {
        let what = "0 for a new referral, else the revision that was read";
        reader.fault(&At::root("revision"), codes::REVISION, what);
    }
    let mut report = request.report.clone().unwrap_or_default();
    let known = [ReportKind::Clinical, ReportKind::Unborn, ReportKind::EarlyHelp];
    let at = At::root("report");
    if !known.contains(&report.kind()) {
        let what = "health sends clinical reports, those of unborn children, and for early help";
        reader.fault(&at.field("kind"), codes::REPORT_KIND, what);
    }
    number_of_unborn(&mut reader, &report);
    let third_party = report.third_party.len();
    let goes = Confidentiality::ThirdParty.class(word.as_ref()).is_ok();
    if !goes {
        report.third_party.clear();
    }
    let protect_identity = report.referrer.as_ref().is_some_and(|known| known.protect_identity);
    if let Some(professional) = &professional {
        let told = professional_to_wire(professional);
        report.referrer = Some(referral::Referrer {
            name: told.name,
            role: professional.role.word().to_owned(),
            telephone: told.telephone,
            protect_identity,
        });
    }
    let report = report_from_wire(report, now);
    let mut faults = reader.violations;
    let held = if goes { 0 } else { i32::try_from(third_party).unwrap_or(i32::MAX) };
    match report {
        Ok(report) if faults.is_empty() => Ok(Referral {
            reference,
            report,
            revision: request.revision,
            vouched: goes && third_party > 0,
            held,
        }),
        Ok(_) => Err(faults),
        Err(more) => {
            faults.extend(more);
            Err(faults)
        }
    }
}

/// A child who is not born has no number: the one that is given is somebody else's, most likely the mother's.
fn number_of_unborn(reader: &mut mash_proto::convert::read::Reader, report: &referral::Report) {
    let Some(child) = &report.child else { return };
    let unborn = report.kind() == ReportKind::Unborn
        || (child.expected_birth.is_some() && child.date_of_birth.is_none());
    if unborn && !child.nhs_number.is_empty() {
        let report = At::root("report");
        let child = report.field("child");
        let what = "a child who is not born has no number; the mother's is never put here";
        reader.fault(&child.field("nhs_number"), codes::NUMBER_OF_UNBORN, what);
    }
}
