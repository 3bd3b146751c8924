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

/// The receipt for what happened to a notice, if the sender is told of it.
pub(crate) fn receipt(
    record: &Record,
    event: &NoticeEvent,
    now: Timestamp,
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
    let release = record.release();
    let revision = i32::try_from(record.notice.revision).unwrap_or(i32::MAX);
    // One receipt of a kind for each revision: a repeat is the same event.
    let id =
        event_id(&["education", "receipt", &record.id, kind.as_str_name(), &revision.to_string()]);
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
    };
    let attributes = Attributes {
        id,
        source: crate::SOURCE,
        subject: &case_id,
        time: now,
        cause: Some(&record.released),
    };
    let payload = wrap(&told, &attributes).encode_to_vec();
    Some(OutboxMessage {
        topic: topics::RECEIPTS,
        scope: Some(Scope::payload(&case_id)),
        key: case_id,
        event_id: id.to_string(),
        payload,
        guards: Vec::new(),
    })
}
