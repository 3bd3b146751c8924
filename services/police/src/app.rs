//! What the service does, one use case per file.

use std::sync::Arc;

use mash_chassis::{Caller, CaseSecret, Clock};
use mash_domain::{
    identifier::ForceCode, incident::RecordedIncident, organisation::OrganisationKind,
};
use mash_proto::{
    envelope::{Attributes, event_id, wrap},
    police::v1 as wire,
};
use mash_store::{Store, Tx, keys::Scope, outbox, requests};
use prost::{Message, Name};

use crate::{error::PoliceError, store::accesses::Access, writer::Writer};

pub(crate) mod acknowledge_handover;
pub(crate) mod amend_incident;
pub(crate) mod get_incident;
pub(crate) mod list_handovers;
pub(crate) mod report_incident;
pub(crate) mod watch_outcomes;
pub(crate) mod withdraw_incident;

/// The component under which the outbox of this service is published.
pub(crate) const COMPONENT: &str = "police";

/// What every use case needs.
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secret: CaseSecret,
    pub(crate) writer: Writer,
}

/// The force that calls.
pub(crate) fn force_of(caller: &Caller) -> Result<ForceCode, PoliceError> {
    // The access layer lets only forces through; a code that is no force has nothing here.
    let organisation = &caller.organisation;
    match organisation.kind() {
        OrganisationKind::PoliceForce => {
            organisation.code().parse().map_err(|_| PoliceError::NotFound)
        }
        OrganisationKind::School
        | OrganisationKind::LocalAuthority
        | OrganisationKind::HealthBoard
        | OrganisationKind::Provider
        | OrganisationKind::Operator => Err(PoliceError::NotFound),
    }
}

/// A request that changes something, by which a repeat is recognised.
#[derive(Clone)]
pub(crate) struct Idempotency {
    /// The organisation that calls.
    pub(crate) caller: String,
    /// Its id, in one spelling.
    pub(crate) request_id: String,
    /// The fingerprint of its content.
    pub(crate) content: Vec<u8>,
}

impl Idempotency {
    /// As the store wants it.
    pub(crate) fn request(&self) -> requests::Request<'_> {
        requests::Request {
            caller: &self.caller,
            request_id: &self.request_id,
            content_hash: &self.content,
        }
    }
}

/// What is kept of the first answer. The content of an incident is not: it is in the request that is repeated, or in
/// the store.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Answered {
    /// The revision that the request made.
    #[prost(uint32, tag = "1")]
    pub(crate) revision: u32,
    /// When the incident was first reported, or the hand-over acknowledged.
    #[prost(message, optional, tag = "2")]
    pub(crate) at: Option<prost_types::Timestamp>,
}

/// How a request that was claimed ends.
pub(crate) enum Claim {
    /// Never seen: do it.
    Fresh,
    /// Done before, and answered so.
    Answered(Answered),
}

/// Claims a request in this transaction.
pub(crate) async fn claim(
    tx: &mut Tx,
    method: &str,
    request: &Idempotency,
) -> Result<Claim, PoliceError> {
    let Idempotency { caller, request_id, content } = request;
    match requests::check(tx, caller, request_id, method, content).await? {
        requests::Prior::Fresh => Ok(Claim::Fresh),
        requests::Prior::Conflict => Err(PoliceError::RequestIdReused),
        requests::Prior::Replay(answer) => Ok(Claim::Answered(answered(&answer)?)),
    }
}

/// Keeps the answer to a request that was claimed.
pub(crate) async fn answer(
    tx: &mut Tx,
    method: &str,
    request: &Idempotency,
    answered: Answered,
    at_ms: i64,
) -> Result<(), PoliceError> {
    let Idempotency { caller, request_id, content } = request;
    let response = answered.encode_to_vec();
    Ok(requests::record(tx, caller, request_id, method, content, &response, at_ms).await?)
}

/// Reads an answer that was kept.
pub(crate) fn answered(bytes: &[u8]) -> Result<Answered, PoliceError> {
    Answered::decode(bytes)
        .map_err(|_| mash_store::StoreError::Corrupt("an answer cannot be decoded").into())
}

/// An event of this service, ready for the outbox. Its id follows from what it is about, so that it is the same event
/// however often it is made.
pub(crate) fn outgoing<M: Message + Name>(
    topic: &'static str,
    key: &str,
    event: &M,
    identity: &[&str],
    attributes: Attributes<'_>,
) -> outbox::OutboxMessage {
    let id = event_id(identity);
    let envelope = wrap(event, &Attributes { id, ..attributes });
    outbox::OutboxMessage {
        topic,
        key: key.to_owned(),
        event_id: id.to_string(),
        payload: envelope.encode_to_vec(),
        guards: Vec::new(),
        scope: Some(Scope::payload(attributes.subject)),
    }
}

/// The event that tells of this revision of an incident.
pub(crate) fn reported(recorded: &RecordedIncident, now: jiff::Timestamp) -> outbox::OutboxMessage {
    let case_id = recorded.case_id.to_string();
    let event = wire::IncidentReported {
        case_id: case_id.clone(),
        incident: Some(wire::Incident::from(recorded)),
    };
    let identity = ["incident-reported", &case_id, &recorded.revision.to_string()];
    outgoing(mash_bus::topics::SUBMITTED, &case_id, &event, &identity, attributes(&case_id, now))
}

/// The attributes of an event that nothing caused but a call. The id is set by [`outgoing`].
pub(crate) const fn attributes(subject: &str, time: jiff::Timestamp) -> Attributes<'_> {
    Attributes { id: uuid::Uuid::nil(), source: "mash/police", subject, time, cause: None }
}

/// Something to record beside what was done.
pub(crate) struct By<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) action: &'static str,
}

impl By<'_> {
    /// The access to this subject.
    pub(crate) fn access(&self, subject: impl Into<String>) -> Access {
        Access::new(self.caller, self.action, subject)
    }
}
