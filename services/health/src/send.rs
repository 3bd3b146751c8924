//! What health says about what it was sent: receipts for notices and items; and the items that only health sends.

use jiff::Timestamp;
use mash_bus::topics;
use mash_domain::organisation::OrganisationId;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{ReceiptKind, ReceiptRecorded},
    envelope::{Attributes, event_id, wrap},
    event::v1::Envelope,
    referral::v1::{ItemReceiptRecorded, ItemSubmitted},
};
use mash_store::{keys::Scope, outbox::OutboxMessage};
use prost::{Message, Name};
use uuid::Uuid;

const SOURCE: &str = "mash/health";

/// Who did what, when, and because of what.
#[derive(Clone, Copy)]
pub(crate) struct Done<'a> {
    pub(crate) kind: ReceiptKind,
    /// Who, an opaque id; empty if a system did.
    pub(crate) practitioner: &'a str,
    /// A code.
    pub(crate) reason: &'a str,
    /// After its time.
    pub(crate) late: bool,
    pub(crate) now: Timestamp,
    pub(crate) cause: Option<&'a Envelope>,
}

/// The notice that a receipt is for.
pub(crate) struct OfNotice<'a> {
    pub(crate) id: &'a str,
    pub(crate) duty_id: &'a str,
    pub(crate) case_id: &'a str,
    pub(crate) board: &'a OrganisationId,
    pub(crate) revision: i32,
    pub(crate) due: Option<Timestamp>,
}

/// The receipt for a notice. One of a kind for each revision: a repeat is the same event.
pub(crate) fn notice_receipt(of: &OfNotice<'_>, done: &Done<'_>) -> OutboxMessage {
    let kind = done.kind.as_str_name();
    let id = event_id(&["health", "receipt", of.id, kind, &of.revision.to_string()]);
    let told = ReceiptRecorded {
        disclosure_id: of.id.to_owned(),
        duty_id: of.duty_id.to_owned(),
        case_id: of.case_id.to_owned(),
        recipient: Some(of.board.into()),
        kind: done.kind.into(),
        receipt_time: Some(time_to_wire(done.now)),
        practitioner: done.practitioner.to_owned(),
        reason_code: done.reason.to_owned(),
        late: done.late,
        revision: of.revision,
        deliver_by_time: of.due.map(time_to_wire),
        late_code: String::new(),
    };
    message((topics::RECEIPTS, of.case_id), id, &told, (done.now, done.cause))
}

/// The item that a receipt is for.
pub(crate) struct OfItem<'a> {
    pub(crate) release_id: &'a str,
    pub(crate) item_id: &'a str,
    pub(crate) case_id: &'a str,
    pub(crate) board: &'a OrganisationId,
    pub(crate) revision: i32,
}

/// The receipt for an item.
pub(crate) fn item_receipt(of: &OfItem<'_>, done: &Done<'_>) -> OutboxMessage {
    let kind = done.kind.as_str_name();
    let id = event_id(&["health", "item-receipt", of.release_id, kind, &of.revision.to_string()]);
    let told = ItemReceiptRecorded {
        release_id: of.release_id.to_owned(),
        item_id: of.item_id.to_owned(),
        case_id: of.case_id.to_owned(),
        recipient: Some(of.board.into()),
        kind: done.kind.into(),
        receipt_time: Some(time_to_wire(done.now)),
        practitioner: done.practitioner.to_owned(),
        revision: of.revision,
        reason_code: done.reason.to_owned(),
    };
    message((topics::RECEIPTS, of.case_id), id, &told, (done.now, done.cause))
}

/// The event that tells of an item of health's own.
pub(crate) fn submitted(item: &ItemSubmitted, now: Timestamp) -> OutboxMessage {
    let id = event_id(&["item-submitted", &item.item_id, &item.revision.to_string()]);
    message((topics::SUBMITTED, &item.case_id), id, item, (now, None))
}

fn message<M: Message + Name>(
    (topic, case_id): (&'static str, &str),
    id: Uuid,
    event: &M,
    (time, cause): (Timestamp, Option<&Envelope>),
) -> OutboxMessage {
    let attributes = Attributes { id, source: SOURCE, subject: case_id, time, cause };
    OutboxMessage {
        topic,
        key: case_id.to_owned(),
        event_id: id.to_string(),
        payload: wrap(event, &attributes).encode_to_vec(),
        guards: Vec::new(),
        scope: Some(Scope::payload(case_id)),
    }
}
