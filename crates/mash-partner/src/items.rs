//! What a partner publishes: items, and receipts for items.

use jiff::Timestamp;
use mash_bus::topics;
use mash_domain::organisation::OrganisationId;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::ReceiptKind,
    envelope::{Attributes, event_id, wrap},
    event::v1::Envelope,
    referral::v1::{ItemReceiptRecorded, ItemSubmitted},
};
use mash_store::{keys::Scope, outbox::OutboxMessage};
use prost::Message;

use crate::Agency;

/// The id of the item that these parts identify, the same for every revision.
pub(crate) fn item_id(parts: &[&str]) -> String {
    let mut all = vec!["item"];
    all.extend(parts);
    event_id(&all).to_string()
}

/// The event that tells of this revision of an item.
pub(crate) fn submitted(agency: &Agency, item: &ItemSubmitted, now: Timestamp) -> OutboxMessage {
    let id = event_id(&["item-submitted", &item.item_id, &item.revision.to_string()]);
    let attributes =
        Attributes { id, source: agency.source, subject: &item.case_id, time: now, cause: None };
    OutboxMessage {
        topic: topics::SUBMITTED,
        key: item.case_id.clone(),
        event_id: id.to_string(),
        payload: wrap(item, &attributes).encode_to_vec(),
        guards: Vec::new(),
        scope: Some(Scope::payload(&item.case_id)),
    }
}

/// What a receipt is for.
pub(crate) struct Received<'a> {
    pub(crate) release_id: &'a str,
    pub(crate) item_id: &'a str,
    pub(crate) case_id: &'a str,
    pub(crate) recipient: &'a OrganisationId,
    pub(crate) revision: i64,
}

/// What was done with it, by whom and when.
pub(crate) struct Done<'a> {
    pub(crate) kind: ReceiptKind,
    pub(crate) practitioner: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) cause: Option<&'a Envelope>,
}

/// The event that tells of it: one of a kind for each revision of a release, however often it is done.
pub(crate) fn receipt(agency: &Agency, what: &Received<'_>, done: &Done<'_>) -> OutboxMessage {
    let kind = done.kind.as_str_name();
    let id = event_id(&["item-receipt", what.release_id, kind, &what.revision.to_string()]);
    let event = ItemReceiptRecorded {
        release_id: what.release_id.to_owned(),
        item_id: what.item_id.to_owned(),
        case_id: what.case_id.to_owned(),
        recipient: Some(what.recipient.into()),
        kind: done.kind.into(),
        receipt_time: Some(time_to_wire(done.now)),
        practitioner: done.practitioner.to_owned(),
        revision: number(what.revision),
        reason_code: done.reason.to_owned(),
    };
    let attributes = Attributes {
        id,
        source: agency.source,
        subject: what.case_id,
        time: done.now,
        cause: done.cause,
    };
    OutboxMessage {
        topic: topics::RECEIPTS,
        key: what.case_id.to_owned(),
        event_id: id.to_string(),
        payload: wrap(&event, &attributes).encode_to_vec(),
        guards: Vec::new(),
        scope: Some(Scope::payload(what.case_id)),
    }
}

/// A number for the wire.
pub(crate) fn number(revision: i64) -> i32 {
    i32::try_from(revision).unwrap_or(i32::MAX)
}
