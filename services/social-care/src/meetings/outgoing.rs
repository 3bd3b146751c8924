//! What a hub sends about meetings, disagreements and transfers.

use jiff::Timestamp;
use mash_domain::{clock::Clock, organisation::OrganisationId};
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{
        self as disclosure, Content, EvidenceClass, Feedback, Narrative, ReportedConcern,
    },
    envelope::event_id,
    referral::v1::{ItemKind, ItemSubmitted, ReportKind},
    social_care::v1 as wire,
    r#type::v1::{Answer, Organisation},
};

use crate::{
    case::Case,
    effects::Effects,
    outgoing::{about, submitted},
    store::{matters::Kept, sent::Sent},
};

/// The mark of a child on a plan, which the receiving authority reads.
pub(super) const ON_PLAN: &str = "on-plan";

/// Sends an item, and keeps that it was sent, so that what becomes of it finds its referral.
fn send(
    case: &Case,
    effects: &mut Effects,
    (mut item, subject): (ItemSubmitted, &str),
    by: &str,
    now: Timestamp,
) {
    item.submit_time = Some(time_to_wire(now));
    by.clone_into(&mut item.practitioner);
    effects.sent.push(Sent {
        item_id: item.item_id.clone(),
        referral: case.record.id.clone(),
        kind: i64::from(item.kind),
        subject: subject.to_owned(),
        state: "sent".to_owned(),
        send_ms: now.as_millisecond(),
    });
    effects.outbox.push(submitted(&item, now));
}

/// What the report says of the child, for those who are to protect her. What the hub itself said is not in it.
fn report(case: &Case) -> Content {
    let content = case.report().and_then(crate::store::items::Kept::content).unwrap_or_default();
    Content { officer: case.hub.contact.clone(), ..content }
}

/// The id of the item by which a partner is invited.
pub(super) fn invitation_id(meeting: &str, partner: &OrganisationId) -> String {
    event_id(&["social-care", "invitation", meeting, &partner.to_string()]).to_string()
}

/// Invites a partner, or tells it that the meeting is cancelled.
pub(super) fn invite(
    case: &Case,
    effects: &mut Effects,
    (meeting, invitation): (&Kept<wire::Meeting>, &wire::Invitation),
    by: &str,
    now: Timestamp,
) {
    let cancelled = meeting.wire.state() == wire::MeetingState::Cancelled;
    let mut item = about(&case.record, ItemKind::Invitation, "strategy", &case.hub);
    item.item_id.clone_from(&invitation.item_id);
    item.revision = if cancelled { 2 } else { 1 };
    item.to = invitation.partner.clone().into_iter().collect();
    let mut content = if cancelled {
        // Whoever does not come any more need not have it all again.
        Content { officer: case.hub.contact.clone(), ..Content::default() }
    } else {
        report(case)
    };
    content.meeting = Some(disclosure::Meeting {
        kind: kind_word(&meeting.wire).to_owned(),
        time: meeting.wire.time,
        place: meeting.wire.place.clone(),
        standing: if cancelled { "cancelled" } else { "invited" }.to_owned(),
        reason: String::new(),
    });
    if let Some(facts) = &mut item.facts {
        facts.section_47 = true;
        facts.invited = true;
        facts.kept_back_by_chair.clone_from(&invitation.kept_back_classes);
        let protect = content.address.as_ref().is_some_and(|address| address.protect);
        facts.set_address_protect(if protect { Answer::Yes } else { Answer::Unknown });
    }
    item.content = Some(content);
    send(case, effects, (item, &meeting.wire.name), by, now);
}

fn kind_word(meeting: &wire::Meeting) -> &'static str {
    mash_proto::convert::word_from_wire::<wire::MeetingKind, _>(meeting.kind)
        .map_or("", mash_domain::referral::meeting::MeetingKind::word)
}

/// Tells whoever disagrees where its disagreement stands.
pub(super) fn answer_disagreement(
    case: &Case,
    effects: &mut Effects,
    (kept, outcome): (&Kept<wire::Disagreement>, &str),
    (reason, clock): (&str, Option<&Clock>),
    (by, now): (&str, Timestamp),
) {
    let revision = kept.wire.revision.to_string();
    let mut item = about(&case.record, ItemKind::Feedback, "feedback", &case.hub);
    let parts = ["social-care", "disagreement", &case.record.id, &kept.id, &revision];
    item.item_id = event_id(&parts).to_string();
    item.to = kept.wire.from.clone().into_iter().collect();
    item.reply_to.clone_from(&kept.id);
    if let Some(content) = &mut item.content {
        content.feedback = Some(Feedback {
            stage: "disagreement".to_owned(),
            outcome: outcome.to_owned(),
            reason: reason.to_owned(),
            time: Some(time_to_wire(now)),
            next_due_time: clock.map(|clock| time_to_wire(clock.due())),
            ..Feedback::default()
        });
    }
    send(case, effects, (item, &kept.wire.name), by, now);
}

/// Offers a case to another authority, or takes it back.
pub(super) fn offer(
    case: &Case,
    effects: &mut Effects,
    (kept, case_id): (&Kept<wire::Transfer>, &str),
    by: &str,
    now: Timestamp,
) {
    let taken_back = kept.wire.state() == wire::TransferState::TakenBack;
    let mut item = about(&case.record, ItemKind::Referral, "concern", &case.hub);
    item.item_id.clone_from(&kept.id);
    case_id.clone_into(&mut item.case_id);
    item.revision = if taken_back { 2 } else { 1 };
    item.withdrawn = taken_back;
    item.report_kind = ReportKind::Transfer.into();
    item.urgency = case.record.referral.urgency;
    let to = kept.wire.to.as_ref().map(|to| to.code.clone());
    item.place_authority_code = to.unwrap_or_default();
    item.reply_to = case.report().map(|kept| kept.release.item_id.clone()).unwrap_or_default();
    let mut content = report(case);
    let narrative = content.narrative.get_or_insert_with(Narrative::default);
    let what = kept.wire.reason.clone();
    let evidence = EvidenceClass::Opinion.into();
    narrative.concerns.push(ReportedConcern { what, evidence, ..ReportedConcern::default() });
    if kept.wire.on_plan {
        narrative.marks.push(ON_PLAN.to_owned());
    }
    if let Some(facts) = &mut item.facts {
        let protect = content.address.as_ref().is_some_and(|address| address.protect);
        facts.set_address_protect(if protect { Answer::Yes } else { Answer::Unknown });
    }
    item.content = Some(content);
    send(case, effects, (item, &kept.wire.name), by, now);
}

/// What the receiving authority says to the sending one.
pub(super) fn answer_transfer(
    case: &Case,
    effects: &mut Effects,
    (kept, outcome): (&Kept<wire::Transfer>, &str),
    (by, now): (&str, Timestamp),
) {
    let mut item = about(&case.record, ItemKind::Feedback, "feedback", &case.hub);
    let parts = ["social-care", "transfer-answer", &case.record.id, &kept.id];
    item.item_id = event_id(&parts).to_string();
    item.to = kept.wire.from.clone().into_iter().collect::<Vec<Organisation>>();
    item.reply_to.clone_from(&kept.id);
    if let Some(content) = &mut item.content {
        content.feedback = Some(Feedback {
            stage: "transferred".to_owned(),
            outcome: outcome.to_owned(),
            reason: kept.wire.reason.clone(),
            time: Some(time_to_wire(now)),
            ..Feedback::default()
        });
    }
    send(case, effects, (item, &kept.wire.name), by, now);
}
