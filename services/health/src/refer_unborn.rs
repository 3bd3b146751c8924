//! A midwife refers an unborn child. The mother is somebody of the household; her number has no field to be put in.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_proto::{
    convert::{
        Violation,
        health::{self as read, Entitled, professional_to_wire},
        read::At,
        referral::report_from_wire,
    },
    disclosure::v1::HealthDetail,
    health::v1 as wire,
    referral::v1::{self as referral, ReportKind},
    r#type::v1::Answer,
};

use crate::{Service, call::Opened, error::Refusal, submit_referral::Referral};

impl Service {
    pub(crate) async fn refer_unborn(
        &self,
        caller: &Caller,
        request: wire::ReferUnbornRequest,
    ) -> Result<wire::ReferUnbornResponse, Refusal> {
        let read = read_request(request.clone(), caller, self.clock.now());
        let what = (request.request_id.as_str(), &request);
        let (mut call, referral) = match self.open((caller, "ReferUnborn"), what, read).await? {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, referral) => (call, referral),
        };
        let referral = Box::pin(self.send_referral(&mut call, referral)).await?;
        Ok(call.finish(wire::ReferUnbornResponse { referral: Some(referral) }).await?)
    }
}

fn read_request(
    request: wire::ReferUnbornRequest,
    caller: &Caller,
    now: Timestamp,
) -> Result<Referral, Vec<Violation>> {
    let practitioner = caller.practitioner.clone().unwrap_or_default();
    let mut reader = read::reader();
    let reference = read::reference(&mut reader, &At::root("reference"), &request.reference);
    let expected = reader.present(&At::root("expected_birth"), request.expected_birth);
    let mother = reader.present(&At::root("mother"), request.mother);
    let by = (practitioner.as_str(), Entitled::Clinician);
    let professional =
        read::professional(&mut reader, &At::root("professional"), request.professional, by);
    let mother = mother.unwrap_or_default();
    let her = referral::HouseholdMember {
        given_names: mother.given_names,
        family_name: mother.family_name,
        date_of_birth: mother.date_of_birth,
        relationship: "mother".to_owned(),
        parental_responsibility: Answer::Yes.into(),
        in_household: Answer::Yes.into(),
    };
    let told = professional.as_ref().map(professional_to_wire).unwrap_or_default();
    let report = referral::Report {
        form_version: 1,
        kind: ReportKind::Unborn.into(),
        urgency: request.urgency,
        child: Some(referral::Subject {
            expected_birth: expected,
            address: mother.address,
            ..referral::Subject::default()
        }),
        household: std::iter::once(her).chain(request.household).collect(),
        concerns: request.concerns,
        protection_in_place: request.protection_in_place,
        consent: request.consent,
        parent_informed: request.parent_informed,
        parent_not_informed_reason: request.parent_not_informed_reason,
        do_not_inform_parent: request.do_not_inform_parent,
        harm_suspected: request.harm_suspected,
        risk_to_visitors: request.risk_to_visitors,
        referrer: Some(referral::Referrer {
            name: told.name,
            role: professional.as_ref().map_or("", |by| by.role.word()).to_owned(),
            telephone: told.telephone,
            protect_identity: false,
        }),
        health: (!request.summary.is_empty())
            .then(|| HealthDetail { summary: request.summary, ..HealthDetail::default() }),
        place_authority_code: request.place_authority_code,
        ..referral::Report::default()
    };
    let mut faults = reader.violations;
    match report_from_wire(report, now) {
        Ok(report) if faults.is_empty() => {
            Ok(Referral { reference, report, revision: 0, vouched: false, held: 0 })
        }
        Ok(_) => Err(faults),
        Err(more) => {
            let known: Vec<String> = faults.iter().map(|fault| fault.field.clone()).collect();
            let more = more.into_iter().filter_map(|fault| in_her_words(fault, &known));
            faults.extend(more);
            Err(faults)
        }
    }
}

/// The faults of the report, by the fields of this request. What follows from a field that is missing is not told twice.
fn in_her_words(mut fault: Violation, known: &[String]) -> Option<Violation> {
    let field = fault.field.strip_prefix("report.").unwrap_or(&fault.field);
    let field = if let Some(rest) = field.strip_prefix("household[0]") {
        format!("mother{rest}")
    } else if let Some((index, rest)) = household(field) {
        format!("household[{}]{rest}", index.saturating_sub(1))
    } else if let Some(rest) = field.strip_prefix("child.address") {
        format!("mother.address{rest}")
    } else if field == "health.summary" {
        "summary".to_owned()
    } else if let Some(rest) = field.strip_prefix("referrer") {
        format!("professional{rest}")
    } else if field == "child" {
        "expected_birth".to_owned()
    } else {
        field.strip_prefix("child.").unwrap_or(field).to_owned()
    };
    let told = |one: &String| field.starts_with(one.as_str()) || one.starts_with(field.as_str());
    if known.iter().any(told) {
        return None;
    }
    fault.field = field;
    Some(fault)
}

fn household(field: &str) -> Option<(usize, &str)> {
    let (index, rest) = field.strip_prefix("household[")?.split_once(']')?;
    Some((index.parse().ok()?, rest))
}
