//! A prompt is resolved: by a referral that carries every injury and photograph of the record, or by a reason of somebody
//! with a name (P04).

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::{
    health::{
        injury::{Command, ReasonCode},
        staff::Professional,
    },
    incident::{Limit, Private},
};
use mash_proto::{
    convert::{
        Violation,
        health::{self as read, Entitled, codes, detail_of, professional_to_wire},
        read::At,
        referral::report_from_wire,
    },
    health::v1::{self as wire, resolve_injury_prompt_request::Resolution},
    referral::v1 as referral,
};

use crate::{
    Service,
    board::Board,
    call::{Opened, id_of},
    error::Refusal,
    injuries::{PROMPTS, machine},
    store::injuries::{self, InjuryRow},
    submit_referral::Referral,
};

struct Read {
    id: String,
    revision: u32,
    by: Professional,
    how: How,
}

enum How {
    Refer { reference: String, report: Box<referral::Report> },
    Reason { code: ReasonCode, text: Private },
}

impl Service {
    pub(crate) async fn resolve_injury_prompt(
        &self,
        caller: &Caller,
        request: wire::ResolveInjuryPromptRequest,
    ) -> Result<wire::ResolveInjuryPromptResponse, Refusal> {
        let now = self.clock.now();
        let read = read_request(request.clone(), caller);
        let what = (request.request_id.as_str(), &request);
        let opened = self.open((caller, "ResolveInjuryPrompt"), what, read).await?;
        let (mut call, Read { id, revision, by, how }) = match opened {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, read) => (call, read),
        };
        let board = caller.organisation.to_string();
        let found = injuries::lock(call.tx(), &board, &id).await?;
        let mut row = found.filter(|row| !row.state.is_empty()).ok_or(Refusal::NotFound)?;
        let mut sent = None;
        let command = match how {
            How::Reason { code, text } => Command::Reason { revision, by, code, text },
            How::Refer { reference, report } => {
                // Asked before anything is sent: a prompt that is not open needs no referral.
                let name = String::new();
                let ask = Command::Refer { revision, by: by.clone(), referral: name };
                machine(&row)?.apply(ask, now)?;
                let referral = with_everything(&row, (reference, *report), &by, now)?;
                let made = Box::pin(self.send_referral(&mut call, referral)).await?;
                let name = made.name.clone();
                sent = Some(made);
                Command::Refer { revision, by, referral: name }
            }
        };
        self.command_injuries(call.tx(), (&mut row, &caller.organisation), command).await?;
        call.record("resolve-injury-prompt", &row.id).await?;
        let teams = Board::load(call.tx(), &board).await?;
        let prompt = Some(self.show_injuries(&row, &teams));
        Ok(call.finish(wire::ResolveInjuryPromptResponse { prompt, referral: sent }).await?)
    }
}

/// The report, with every injury and photograph that is on record, and the patient where it names nobody.
fn with_everything(
    row: &InjuryRow,
    (reference, mut report): (String, referral::Report),
    by: &Professional,
    now: Timestamp,
) -> Result<Referral, Refusal> {
    let seen = detail_of(&machine(row)?.injuries);
    let health = report.health.get_or_insert_default();
    health.injuries.extend(seen.injuries);
    health.photographs.extend(seen.photographs);
    if report.child.is_none() {
        let patient = row.record.record.as_ref().and_then(|record| record.patient.clone());
        report.child = patient.map(|patient| referral::Subject {
            given_names: patient.given_names,
            family_name: patient.family_name,
            date_of_birth: patient.date_of_birth,
            nhs_number: patient.nhs_number,
            ..referral::Subject::default()
        });
    }
    if report.kind == 0 {
        report.kind = referral::ReportKind::Clinical.into();
    }
    let told = professional_to_wire(by);
    let protect_identity = report.referrer.as_ref().is_some_and(|known| known.protect_identity);
    report.referrer = Some(referral::Referrer {
        name: told.name,
        role: by.role.word().to_owned(),
        telephone: told.telephone,
        protect_identity,
    });
    // A third party's data goes with an answer to an enquiry, on the word of a doctor or nurse.
    let held = i32::try_from(report.third_party.len()).unwrap_or(i32::MAX);
    report.third_party.clear();
    let report = report_from_wire(report, now).map_err(|faults| {
        let under =
            |fault: Violation| Violation { field: format!("referral.{}", fault.field), ..fault };
        Refusal::Invalid(faults.into_iter().map(under).collect())
    })?;
    Ok(Referral { reference, report, revision: 0, vouched: false, held })
}

fn read_request(
    request: wire::ResolveInjuryPromptRequest,
    caller: &Caller,
) -> Result<Read, Vec<Violation>> {
    let practitioner = caller.practitioner.clone().unwrap_or_default();
    let mut reader = read::reader();
    let id = id_of(PROMPTS, &request.name)
        .map(str::to_owned)
        .map_err(|fault| reader.violations.push(fault))
        .ok();
    let revision = u32::try_from(request.revision).ok().filter(|revision| *revision > 0);
    if revision.is_none() {
        reader.fault(
            &At::root("revision"),
            codes::REVISION,
            "the revision that was read, 1 or more",
        );
    }
    let by = (practitioner.as_str(), Entitled::Clinician);
    let by = read::professional(&mut reader, &At::root("professional"), request.professional, by);
    let how = match request.resolution {
        None => {
            let what = "a prompt is closed by a referral or by a reason, and by nothing else";
            reader.fault(&At::root("resolution"), codes::NO_RESOLUTION, what);
            None
        }
        Some(Resolution::Referral(wire::InjuryReferral { reference, report })) => {
            let at = At::root("referral");
            let reference = read::reference(&mut reader, &at.field("reference"), &reference);
            let report = reader.present(&at.field("report"), report);
            report.map(|report| How::Refer { reference, report: Box::new(report) })
        }
        Some(Resolution::Reason(wire::InjuryReason { code, text })) => {
            let at = At::root("reason");
            let known = ReasonCode::from_word(&code).ok_or(());
            let code = reader.coded(&at.field("code"), known);
            let text_at = at.field("text");
            let text = reader.text(&text_at, &text, Limit::paragraphs(2_000));
            if text.as_str().chars().count() < mash_domain::health::injury::REASON_LEAST {
                let what = "say why no referral is needed, in at least 10 characters";
                reader.fault(&text_at, codes::NO_REASON, what);
            }
            code.map(|code| How::Reason { code, text })
        }
    };
    let read = match (id, revision, by, how) {
        (Some(id), Some(revision), Some(by), Some(how)) => Some(Read { id, revision, by, how }),
        _ => None,
    };
    reader.finish(read)
}
