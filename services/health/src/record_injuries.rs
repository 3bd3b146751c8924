//! A clinician records what she saw on a child's body. What asks for a referral raises a prompt, which this call never closes.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::{
    answer::Answer,
    health::{
        injury::{Command, Injury},
        staff::Professional,
    },
};
use mash_proto::{
    convert::{
        Violation,
        health::{self as read, Entitled, Patient, codes, professional_to_wire},
        read::At,
        time_to_wire,
    },
    health::v1 as wire,
};

use crate::{
    Service,
    board::{Board, day},
    call::Opened,
    error::Refusal,
    store::{
        injuries::{self, InjuryRow},
        next_seq,
    },
};

struct Read {
    reference: String,
    patient: Patient,
    mobile: Answer,
    injuries: Vec<Injury>,
    examined: Timestamp,
    by: Professional,
}

impl Service {
    pub(crate) async fn record_injuries(
        &self,
        caller: &Caller,
        request: wire::RecordInjuriesRequest,
    ) -> Result<wire::RecordInjuriesResponse, Refusal> {
        let now = self.clock.now();
        let read = read_request(request.clone(), caller, now);
        let what = (request.request_id.as_str(), &request);
        let (mut call, read) = match self.open((caller, "RecordInjuries"), what, read).await? {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, read) => (call, read),
        };
        let board = caller.organisation.to_string();
        let id = self.secret.case_id(&["injuries", &board, &read.reference.to_ascii_uppercase()]);
        let id = id.to_string();
        let known = injuries::lock(call.tx(), &board, &id).await?;
        let mut row = match known {
            Some(row) => row,
            None => InjuryRow {
                seq: next_seq(call.tx(), &board, "injuries").await?,
                id,
                board: board.clone(),
                state: "",
                clock: None,
                record: blank(&read),
            },
        };
        if let Some(record) = &mut row.record.record {
            complete(record, &read.patient);
            record.examine_time = Some(time_to_wire(read.examined));
            record.recorded_by = Some(professional_to_wire(&read.by));
            record.record_time = Some(time_to_wire(now));
        }
        let command = Command::Record { injuries: read.injuries, mobile: read.mobile, by: read.by };
        let target = (&mut row, &caller.organisation);
        let events = self.command_injuries(call.tx(), target, command).await?;
        call.record("record-injuries", &row.id).await?;
        let teams = Board::load(call.tx(), &board).await?;
        let shown = self.show_injuries(&row, &teams);
        let record = shown.record.clone();
        let prompt = (!row.state.is_empty()).then_some(shown);
        tracing::info!(
            injuries.prompt = prompt.is_some(),
            injuries.changes = events.len(),
            "injuries were recorded"
        );
        Ok(call.finish(wire::RecordInjuriesResponse { record, prompt }).await?)
    }
}

/// A record before anything is in it.
fn blank(read: &Read) -> wire::InjuryPrompt {
    let machine = mash_domain::health::injury::InjuryRecord::default();
    let mut stored = mash_proto::convert::health::record_to_wire(&machine);
    if let Some(record) = &mut stored.record {
        record.reference.clone_from(&read.reference);
    }
    stored
}

/// What is known of the child is completed and never emptied.
fn complete(record: &mut wire::InjuryRecord, patient: &Patient) {
    let known = record.patient.get_or_insert_default();
    if let Some(number) = &patient.nhs_number {
        number.as_str().clone_into(&mut known.nhs_number);
    }
    if !patient.given_names.is_empty() {
        patient.given_names.as_str().clone_into(&mut known.given_names);
    }
    if !patient.family_name.is_empty() {
        patient.family_name.as_str().clone_into(&mut known.family_name);
    }
    if let Some(born) = patient.date_of_birth {
        known.date_of_birth = Some(born.into());
    }
}

fn read_request(
    request: wire::RecordInjuriesRequest,
    caller: &Caller,
    now: Timestamp,
) -> Result<Read, Vec<Violation>> {
    let practitioner = caller.practitioner.clone().unwrap_or_default();
    let mut reader = read::reader();
    let reference = read::reference(&mut reader, &At::root("reference"), &request.reference);
    let patient = read::patient(&mut reader, &At::root("patient"), request.patient, day(now));
    let mobile = read::answer(&mut reader, &At::root("mobile"), request.mobile);
    if request.injuries.is_empty() {
        reader.fault(&At::root("injuries"), codes::MISSING, "record at least one injury");
    }
    let injuries = read::body_map(&mut reader, "injuries", request.injuries);
    let examined = read::past(&mut reader, &At::root("examine_time"), request.examine_time, now);
    let by = (practitioner.as_str(), Entitled::Clinician);
    let by = read::professional(&mut reader, &At::root("professional"), request.professional, by);
    let read = match (patient, examined, by) {
        (Some(patient), Some(examined), Some(by)) => {
            Some(Read { reference, patient, mobile, injuries, examined, by })
        }
        _ => None,
    };
    reader.finish(read)
}
