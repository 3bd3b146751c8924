//! What a recipient did, told to whoever sent it.

use jiff::Timestamp;
use mash_bus::topics;
use mash_domain::notice::NoticeEvent;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{ReceiptKind, ReceiptRecorded},
    envelope::{Attributes, event_id, wrap},
};
use mash_store::{keys::Scope, outbox::OutboxMessage};
use prost::Message as _;

use crate::record::Record;

/// The receipt for what happened to a notice, if the sender is told of it; with why it was late, if it was.
pub(crate) fn receipt(
    record: &Record,
    event: &NoticeEvent,
    now: Timestamp,
    late_code: &str,
) -> Option<OutboxMessage> {
    let nobody = String::new;
    let (kind, practitioner, reason, late) = match event {
        NoticeEvent::Delivered => {
            (ReceiptKind::Delivered, nobody(), "", record.notice.is_late(now))
        }
        NoticeEvent::Opened { by } => {
            (ReceiptKind::Opened, by.clone(), "", record.notice.is_late(now))
        }
        NoticeEvent::Acknowledged { by, late } => {
            (ReceiptKind::Acknowledged, by.clone(), "", *late)
        }
        NoticeEvent::Rejected { by } => {
            (ReceiptKind::Rejected, by.clone(), "not-on-roll", record.notice.is_late(now))
        }
        NoticeEvent::Escalated { to, reason, late } => {
            (ReceiptKind::Escalated, to.clone().unwrap_or_default(), *reason, *late)
        }
        NoticeEvent::Deleted { by } => (ReceiptKind::Deleted, by.clone(), "", false),
        NoticeEvent::RollConfirmed { .. } | NoticeEvent::Revised | NoticeEvent::Recalled => {
            return None;
        }
    };
    // One receipt of a kind for each revision: a repeat is the same event.
    let told = Told { kind, practitioner, reason, late, late_code, again: None };
    Some(message(record, told, now))
}

/// The bell of a notice that waits has moved: whoever counts must not count by the old one.
pub(crate) fn bell_moved(record: &Record, now: Timestamp) -> OutboxMessage {
    let told = Told {
        kind: ReceiptKind::Delivered,
        practitioner: String::new(),
        reason: "",
        late: record.notice.is_late(now),
        late_code: "",
        again: record.notice.deliver_by,
    };
    message(record, told, now)
}

/// What a receipt tells.
struct Told<'a> {
    kind: ReceiptKind,
    practitioner: String,
    reason: &'a str,
    late: bool,
    late_code: &'a str,
    /// The bell for which it is told once more.
    again: Option<Timestamp>,
}

fn message(record: &Record, told: Told<'_>, now: Timestamp) -> OutboxMessage {
    let Told { kind, practitioner, reason, late, late_code, again } = told;
    let release = record.release();
    let revision = i32::try_from(record.notice.revision).unwrap_or(i32::MAX);
    let revised = revision.to_string();
    // A bell may move there and back.
    let moved = again.map(|bell| format!("{}/{}", bell.as_millisecond(), now.as_millisecond()));
    let mut parts = vec!["education", "receipt", &record.id, kind.as_str_name(), &revised];
    parts.extend(moved.as_deref());
    let id = event_id(&parts);
    let case_id = release.case_id;
    let told = ReceiptRecorded {
        disclosure_id: record.id.clone(),
        duty_id: release.duty_id,
        case_id: case_id.clone(),
        recipient: Some((&record.recipient).into()),
        kind: kind.into(),
        receipt_time: Some(time_to_wire(now)),
        practitioner,
        reason_code: reason.to_owned(),
        late,
        revision,
        deliver_by_time: record.notice.deliver_by.map(time_to_wire),
        late_code: late_code.to_owned(),
    };
    let attributes = Attributes {
        id,
        source: crate::SOURCE,
        subject: &case_id,
        time: now,
        cause: Some(&record.released),
    };
    let payload = wrap(&told, &attributes).encode_to_vec();
    OutboxMessage {
        topic: topics::RECEIPTS,
        scope: Some(Scope::payload(&case_id)),
        key: case_id,
        event_id: id.to_string(),
        payload,
        guards: Vec::new(),
    }
}
