//! Reads requests, every fault at once.

use mash_chassis::Caller;
use mash_domain::{
    identifier::ForceCode,
    incident::{CaseId, Incident, WithdrawalReason},
};
use mash_proto::{
    convert::{
        Violation,
        police::{Checks, codes, incident_from_wire, words::word_from_wire},
    },
    police::v1 as wire,
};
use prost::Message;
use uuid::Uuid;

use crate::{
    app::{App, Idempotency, amend_incident::Amendment},
    error::PoliceError,
};

/// The most hand-overs on a page, and how many if the caller does not say.
const MOST: usize = 500;
const USUAL: usize = 50;

/// A report, read.
pub(super) struct Report {
    pub(super) idempotency: Idempotency,
    pub(super) incident: Incident,
}

/// Reads a report by this force.
pub(super) fn report(
    request: wire::ReportDomesticAbuseIncidentRequest,
    app: &App,
    caller: &Caller,
    force: ForceCode,
) -> Result<Report, PoliceError> {
    let mut faults = Faults::default();
    let request_id = faults.request_id(&request.request_id);
    let incident = faults.message("incident", request.incident).map(reported);
    let content = incident.as_ref().map(Message::encode_to_vec);
    let checks = Checks::report(app.clock.now(), force);
    let incident = incident.and_then(|incident| faults.keep(incident_from_wire(incident, &checks)));
    let build = || {
        let idempotency = idempotency(app, caller, request_id?, &content?);
        Some(Report { idempotency, incident: incident? })
    };
    let report = build();
    faults.finish(report)
}

/// Reads an amendment by this force.
pub(super) fn amendment(
    request: wire::AmendIncidentRequest,
    app: &App,
    caller: &Caller,
    force: ForceCode,
) -> Result<(Idempotency, Amendment), PoliceError> {
    let mut faults = Faults::default();
    let request_id = faults.request_id(&request.request_id);
    let expected = u32::try_from(request.expected_revision).ok().filter(|revision| *revision > 0);
    let expected_revision = faults.message("expected_revision", expected);
    let incident = faults.message("incident", request.incident);
    let case_id =
        incident.as_ref().and_then(|incident| faults.case_id("incident.name", &incident.name));
    let incident = incident.map(reported);
    // The name and the revision that is amended are part of what is asked; `reported` has taken them out.
    let content = incident.as_ref().map(|incident| {
        let revision = request.expected_revision;
        let name = case_id.map(CaseId::name).unwrap_or_default();
        wire::Incident { name, revision, ..incident.clone() }.encode_to_vec()
    });
    let checks = Checks::amendment(app.clock.now(), force);
    let incident = incident.and_then(|incident| faults.keep(incident_from_wire(incident, &checks)));
    let build = || {
        let idempotency = idempotency(app, caller, request_id?, &content?);
        let (case_id, expected_revision) = (case_id?, expected_revision?);
        Some((idempotency, Amendment { case_id, expected_revision, incident: incident? }))
    };
    let amendment = build();
    faults.finish(amendment)
}

/// A withdrawal, read.
pub(super) struct Withdrawal {
    pub(super) idempotency: Idempotency,
    pub(super) case_id: CaseId,
    pub(super) reason: WithdrawalReason,
}

/// Reads a withdrawal.
pub(super) fn withdrawal(
    request: &wire::WithdrawIncidentRequest,
    app: &App,
    caller: &Caller,
) -> Result<Withdrawal, PoliceError> {
    let mut faults = Faults::default();
    let request_id = faults.request_id(&request.request_id);
    let case_id = faults.case_id("name", &request.name);
    let reason = word_from_wire::<wire::WithdrawalReason, WithdrawalReason>(request.reason).ok();
    if reason.is_none() {
        faults.add("reason", codes::NOT_AN_ANSWER, "must be one of the known answers");
    }
    let content = format!("{}|{}", request.name, request.reason);
    let build = || {
        let idempotency = idempotency(app, caller, request_id?, content.as_bytes());
        Some(Withdrawal { idempotency, case_id: case_id?, reason: reason? })
    };
    let withdrawal = build();
    faults.finish(withdrawal)
}

/// Reads an acknowledgement of a hand-over.
pub(super) fn acknowledgement(
    request: wire::AcknowledgeHandoverRequest,
    app: &App,
    caller: &Caller,
) -> Result<(Idempotency, String), PoliceError> {
    let wire::AcknowledgeHandoverRequest { request_id, name } = request;
    let mut faults = Faults::default();
    let request_id = faults.request_id(&request_id);
    let id = name.strip_prefix("handovers/").filter(|id| is_id(id)).map(str::to_owned);
    if id.is_none() {
        faults.add("name", codes::NAME, "not the name of a hand-over");
    }
    let acknowledgement = request_id.zip(id);
    let acknowledgement = acknowledgement
        .map(|(request_id, id)| (idempotency(app, caller, request_id, id.as_bytes()), id));
    faults.finish(acknowledgement)
}

/// Reads which page is asked for: after which number, and how many.
pub(super) fn page(request: &wire::ListHandoversRequest) -> Result<(i64, usize), PoliceError> {
    let mut faults = Faults::default();
    let size = match usize::try_from(request.page_size) {
        Ok(0) => Some(USUAL),
        Ok(size) if size <= MOST => Some(size),
        Ok(_) | Err(_) => None,
    };
    if size.is_none() {
        faults.add("page_size", codes::PAGE, format!("must be between 0 and {MOST}"));
    }
    let token = request.page_token.as_str();
    let after = if token.is_empty() {
        Some(0)
    } else {
        token.parse().ok().filter(|after: &i64| *after > 0)
    };
    if after.is_none() {
        faults.add("page_token", codes::PAGE, "is not one that the hub gave");
    }
    faults.finish(after.zip(size))
}

/// Reads the name of an incident.
pub(super) fn case_id(field: &str, name: &str) -> Result<CaseId, PoliceError> {
    let mut faults = Faults::default();
    let case_id = faults.case_id(field, name);
    faults.finish(case_id)
}

/// The incident without what the hub sets, which is ignored on input.
fn reported(incident: wire::Incident) -> wire::Incident {
    wire::Incident {
        name: String::new(),
        revision: 0,
        state: 0,
        reported_time: None,
        withdrawal_reason: 0,
        ..incident
    }
}

fn idempotency(app: &App, caller: &Caller, request_id: Uuid, content: &[u8]) -> Idempotency {
    Idempotency {
        caller: caller.organisation.to_string(),
        request_id: request_id.to_string(),
        content: app.secret.fingerprint(content),
    }
}

/// Ids of the hub are short and plain; anything else is not worth a look in the store.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The faults found so far.
#[derive(Default)]
struct Faults(Vec<Violation>);

impl Faults {
    fn add(&mut self, field: &str, code: &'static str, description: impl Into<String>) {
        self.0.push(Violation { field: field.to_owned(), code, description: description.into() });
    }

    fn keep<T>(&mut self, read: Result<T, Vec<Violation>>) -> Option<T> {
        read.map_err(|violations| self.0.extend(violations)).ok()
    }

    fn message<T>(&mut self, field: &str, message: Option<T>) -> Option<T> {
        if message.is_none() {
            self.add(field, codes::MISSING, "is required");
        }
        message
    }

    fn request_id(&mut self, text: &str) -> Option<Uuid> {
        let id = Uuid::try_parse(text).ok().filter(|id| !id.is_nil());
        if id.is_none() {
            self.add(
                "request_id",
                codes::REQUEST_ID,
                "must be a UUID, a new one for each new request",
            );
        }
        id
    }

    fn case_id(&mut self, field: &str, name: &str) -> Option<CaseId> {
        let id = CaseId::from_name(name);
        id.map_err(|error| self.add(field, codes::NAME, error.to_string())).ok()
    }

    fn finish<T>(self, read: Option<T>) -> Result<T, PoliceError> {
        match read {
            Some(read) if self.0.is_empty() => Ok(read),
            _ => Err(PoliceError::Invalid(self.0)),
        }
    }
}
