//! What a hub sends: feedback to referrers, questions to partners, the standing of children to health boards, and
//! receipts. Every id follows from what the message is about, so that it is the same however often it is made.

use jiff::Timestamp;
use mash_bus::topics;
use mash_domain::referral::work::{Decision, Outcome};
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{ChildIdentity, Content, Feedback, ProtectionStatus, Question, ReceiptKind},
    envelope::{Attributes, event_id, wrap},
    referral::v1::{ItemKind, ItemReceiptRecorded, ItemReleased, ItemSubmitted, StatedFacts},
    r#type::v1::Organisation,
};
use mash_store::{keys::Scope, outbox::OutboxMessage};
use prost::{Message as _, Name};

use crate::{
    SOURCE,
    record::{Record, organisation},
    store::{enquiries::KeptEnquiry, hubs::Hub, items::Kept, sent::Sent},
};

/// An event of this service about a case, ready for the outbox.
pub(crate) fn message<M: prost::Message + Name>(
    topic: &'static str,
    case_id: &str,
    event: &M,
    identity: &[&str],
    now: Timestamp,
) -> OutboxMessage {
    let id = event_id(identity);
    let attributes = Attributes { id, source: SOURCE, subject: case_id, time: now, cause: None };
    OutboxMessage {
        topic,
        key: case_id.to_owned(),
        event_id: id.to_string(),
        payload: wrap(event, &attributes).encode_to_vec(),
        guards: Vec::new(),
        scope: Some(Scope::payload(case_id)),
    }
}

/// An item on its way to routing.
pub(crate) fn submitted(item: &ItemSubmitted, now: Timestamp) -> OutboxMessage {
    let revision = item.revision.to_string();
    let identity = ["social-care", "item", &item.item_id, &revision];
    message(topics::SUBMITTED, &item.case_id, item, &identity, now)
}

/// What was done with something that reached the hub.
pub(crate) fn receipt(
    release: &ItemReleased,
    kind: ReceiptKind,
    (practitioner, reason_code): (&str, &str),
    now: Timestamp,
) -> OutboxMessage {
    let event = ItemReceiptRecorded {
        release_id: release.release_id.clone(),
        item_id: release.item_id.clone(),
        case_id: release.case_id.clone(),
        recipient: release.recipient.clone(),
        kind: kind.into(),
        receipt_time: Some(time_to_wire(now)),
        practitioner: practitioner.to_owned(),
        revision: release.revision,
        reason_code: reason_code.to_owned(),
    };
    let revision = release.revision.to_string();
    let identity =
        ["social-care", "item-receipt", &release.release_id, kind.as_str_name(), &revision];
    message(topics::RECEIPTS, &release.case_id, &event, &identity, now)
}

/// A person opened a referral: told for each copy of its report, once for each person and hour.
pub(crate) fn opened(items: &[Kept], practitioner: &str, now: Timestamp) -> Vec<OutboxMessage> {
    let hour = now.as_second().div_euclid(3_600).to_string();
    let reports = items.iter().filter(|kept| kept.release.kind() == ItemKind::Referral);
    let told = reports.map(|kept| {
        let release = &kept.release;
        let event = ItemReceiptRecorded {
            release_id: release.release_id.clone(),
            item_id: release.item_id.clone(),
            case_id: release.case_id.clone(),
            recipient: release.recipient.clone(),
            kind: ReceiptKind::Opened.into(),
            receipt_time: Some(time_to_wire(now)),
            practitioner: practitioner.to_owned(),
            revision: release.revision,
            reason_code: String::new(),
        };
        let identity = ["social-care", "opened", &release.release_id, practitioner, &hour];
        message(topics::RECEIPTS, &release.case_id, &event, &identity, now)
    });
    told.collect()
}

/// The receipts for every copy of the report of a referral.
pub(crate) fn receipts(
    items: &[Kept],
    kind: ReceiptKind,
    who: (&str, &str),
    now: Timestamp,
) -> Vec<OutboxMessage> {
    let reports = items.iter().filter(|kept| kept.release.kind() == ItemKind::Referral);
    reports.map(|kept| receipt(&kept.release, kind, who, now)).collect()
}

/// An item of a hub about a referral, still without what it says.
pub(crate) fn about(record: &Record, kind: ItemKind, flow: &str, hub: &Hub) -> ItemSubmitted {
    let referral = &record.referral;
    ItemSubmitted {
        case_id: record.case_id.clone(),
        revision: 1,
        kind: kind.into(),
        flow: flow.to_owned(),
        from: organisation(&record.authority).as_ref().map(Organisation::from),
        content: Some(Content { officer: hub.contact.clone(), ..Content::default() }),
        facts: Some(StatedFacts {
            child_under_18: true,
            harm_suspected: referral.harm_suspected,
            section_47: is_section_47(record),
            do_not_inform_parent: if referral.do_not_inform_parent { 1 } else { 0 },
            ..StatedFacts::default()
        }),
        reference: referral.reference.clone(),
        ..ItemSubmitted::default()
    }
}

fn is_section_47(record: &Record) -> bool {
    record.work.decision().is_some_and(|decision| {
        matches!(decision.ruling.outcome, Outcome::StrategyDiscussion | Outcome::Section47)
    })
}

/// Feedback to whoever referred, and what is kept of it. Nothing where the referrer is the hub itself: the public has no
/// system that could receive it.
pub(crate) fn feedback(
    (record, report): (&Record, &str),
    (feedback, subject): (Feedback, &str),
    (hub, practitioner): (&Hub, &str),
    now: Timestamp,
) -> Option<(OutboxMessage, Sent)> {
    let referrer = record.referral.from.clone()?;
    if is_own(record) {
        return None;
    }
    let mut item = about(record, ItemKind::Feedback, "feedback", hub);
    item.item_id = event_id(&["social-care", "feedback", &record.id, subject]).to_string();
    item.to = vec![referrer];
    item.reply_to = report.to_owned();
    item.submit_time = Some(time_to_wire(now));
    item.practitioner = practitioner.to_owned();
    if let Some(content) = &mut item.content {
        content.feedback = Some(feedback);
    }
    let sent = Sent {
        item_id: item.item_id.clone(),
        referral: record.id.clone(),
        kind: i64::from(item.kind),
        subject: subject.to_owned(),
        state: "sent".to_owned(),
        send_ms: now.as_millisecond(),
    };
    Some((submitted(&item, now), sent))
}

/// Whether the hub took the report itself, from the public or from outside.
pub(crate) fn is_own(record: &Record) -> bool {
    record.referrer().is_none_or(|referrer| organisation(&record.authority) == Some(referrer))
}

/// That a referral has arrived, and by when it will be decided (P19).
pub(crate) fn received(due: Option<Timestamp>, now: Timestamp) -> Feedback {
    Feedback {
        stage: "received".to_owned(),
        time: Some(time_to_wire(now)),
        next_due_time: due.map(time_to_wire),
        ..Feedback::default()
    }
}

/// That it is decided: what, why, and what would change it (P20).
pub(crate) fn decided(decision: &Decision) -> Feedback {
    let ruling = &decision.ruling;
    let transferred = ruling.outcome == Outcome::Transferred;
    let stage = if transferred { "transferred" } else { "decided" };
    Feedback {
        stage: stage.to_owned(),
        outcome: ruling.outcome.word().to_owned(),
        reason: ruling.reason.clone(),
        what_would_change_it: ruling.what_would_change_it.clone(),
        time: Some(time_to_wire(decision.at)),
        next_step: ruling.next_step.clone(),
        ..Feedback::default()
    }
}

/// A question to a partner, or a reminder of it: the next revision of the same item.
pub(crate) fn enquiry(
    (record, child): (&Record, Option<&ChildIdentity>),
    kept: &KeptEnquiry,
    hub: &Hub,
    now: Timestamp,
) -> OutboxMessage {
    let enquiry = &kept.enquiry;
    let mut item = asked(record, kept, hub, now);
    item.practitioner.clone_from(&enquiry.practitioner);
    if let Some(content) = &mut item.content {
        content.child = child.cloned();
        content.question = Some(Question {
            topics: enquiry.topics.clone(),
            text: enquiry.text.clone(),
            due_time: enquiry.due_time,
            reminders: enquiry.reminders,
        });
    }
    submitted(&item, now)
}

/// That no answer is needed any more: the partner has the question no longer. Nothing follows it, for a question that is
/// closed is not asked again.
pub(crate) fn enquiry_closed(
    record: &Record,
    kept: &KeptEnquiry,
    (hub, by): (&Hub, &str),
    now: Timestamp,
) -> OutboxMessage {
    let mut item = asked(record, kept, hub, now);
    item.revision = item.revision.saturating_add(1);
    item.withdrawn = true;
    by.clone_into(&mut item.practitioner);
    submitted(&item, now)
}

fn asked(record: &Record, kept: &KeptEnquiry, hub: &Hub, now: Timestamp) -> ItemSubmitted {
    let mut item = about(record, ItemKind::Enquiry, "enquiry", hub);
    item.item_id.clone_from(&kept.id);
    item.revision = kept.enquiry.reminders.saturating_add(1);
    item.to = kept.enquiry.partner.clone().into_iter().collect();
    item.submit_time = Some(time_to_wire(now));
    item
}

/// What health boards are told of a child.
pub(crate) struct Standing<'a> {
    pub(crate) authority: &'a str,
    pub(crate) case_id: &'a str,
    pub(crate) item_id: &'a str,
    pub(crate) revision: i64,
    pub(crate) boards: Vec<Organisation>,
    pub(crate) child: ChildIdentity,
    pub(crate) status: ProtectionStatus,
    pub(crate) practitioner: &'a str,
}

/// The item that tells health boards whether a child is protected.
pub(crate) fn protection(standing: Standing<'_>, hub: &Hub, now: Timestamp) -> OutboxMessage {
    let Standing { authority, case_id, item_id, revision, boards, child, status, practitioner } =
        standing;
    let content = Content {
        child: Some(child),
        protection: Some(status),
        officer: hub.contact.clone(),
        ..Content::default()
    };
    let item = ItemSubmitted {
        case_id: case_id.to_owned(),
        item_id: item_id.to_owned(),
        revision: i32::try_from(revision).unwrap_or(i32::MAX),
        kind: ItemKind::ProtectionStatus.into(),
        flow: "protection-status".to_owned(),
        from: organisation(authority).as_ref().map(Organisation::from),
        to: boards,
        content: Some(content),
        facts: Some(StatedFacts {
            child_under_18: true,
            section_47: true,
            ..StatedFacts::default()
        }),
        submit_time: Some(time_to_wire(now)),
        practitioner: practitioner.to_owned(),
        ..ItemSubmitted::default()
    };
    submitted(&item, now)
}
