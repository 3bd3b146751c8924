//! What hubs ask of police, and what police say to decisions.

use jiff::SignedDuration;
use mash_bus::topics;
use mash_proto::{
    disclosure::v1::{Content, Meeting},
    police::v1 as wire,
    referral::v1::{self as referral, ItemKind, SentState},
    r#type::v1 as common,
};
use prost::Message as _;
use tonic::Code;

use super::{
    FORCE, client, enquiries, feedback, items, notice, on, organisation, prompts, prompts_about,
    question, referral_of, release, released, submitted,
};
use crate::support::{Hub, by, id, told, violations};

on_both!(
    feedback_for_somebody_else_is_a_dead_letter,
    an_enquiry_is_answered_corrected_and_answered_late,
    a_refusal_has_a_reason_and_does_not_follow_an_answer,
    an_enquiry_that_is_due_prompts,
    a_row_that_cannot_be_read_stops_no_other_clock,
    an_invitation_is_answered_and_called_off,
    a_disagreement_is_raised_escalated_and_withdrawn,
);

async fn feedback_for_somebody_else_is_a_dead_letter(hub: Hub) {
    let mut client = client(&hub, FORCE);
    release(&hub, &released(ItemKind::Feedback, "f1", "item-of-nobody", &feedback("decided")))
        .await;
    let mut school = released(ItemKind::Enquiry, "e9", "", &question("2026-11-18T12:00:00Z"));
    school.recipient = organisation("school/6722301");
    release(&hub, &school).await;
    release(&hub, &released(ItemKind::Answer, "a1", "", &Content::default())).await;
    // A force that hears of exploitation takes that from its mailbox: it is no dead letter.
    release(&hub, &released(ItemKind::Referral, "r1", "", &Content::default())).await;
    release(&hub, &released(ItemKind::Enquiry, "e1", "", &question("2026-11-18T12:00:00Z"))).await;
    until!(enquiries(&mut client).await.len() == 1);
    let letters = mash_store::dead_letters::list(&hub.store, None, 10).await.unwrap();
    let mut codes: Vec<_> = letters.iter().map(|letter| letter.code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["MASH-T013", "MASH-T013", "MASH-T014"], "refused, and nothing stops");
}

async fn an_enquiry_is_answered_corrected_and_answered_late(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let answer = |name: &str, history: &str| wire::AnswerEnquiryRequest {
        request_id: id(),
        name: name.into(),
        answer: Some(wire::PoliceAnswer {
            history: history.into(),
            intelligence: Some(referral::Intelligence {
                text: "Seen with an older man.".into(),
                handling_code: "p".into(),
                source_identifiable: common::Answer::No.into(),
            }),
            ..wire::PoliceAnswer::default()
        }),
    };
    let never = client.answer_enquiry(by(answer("enquiries/item-e1", "x"))).await;
    assert_eq!(
        told(never),
        (Code::NotFound, "MASH-C009".into()),
        "an answer to an enquiry never asked"
    );
    release(&hub, &released(ItemKind::Enquiry, "e1", "", &question("2026-11-18T12:00:00Z"))).await;
    until!(enquiries(&mut client).await.len() == 1);
    let empty = wire::AnswerEnquiryRequest { answer: None, ..answer("enquiries/item-e1", "") };
    assert_eq!(violations(client.answer_enquiry(by(empty)).await)[0].1, "MASH-T026");
    client.answer_enquiry(by(answer("enquiries/item-e1", "Two calls."))).await.unwrap();
    client.answer_enquiry(by(answer("enquiries/item-e1", "Three calls."))).await.unwrap();
    let recall = referral::ItemRecalled {
        release_id: "release-e1".into(),
        item_id: "item-e1".into(),
        case_id: "case-e1".into(),
        recipient: organisation(FORCE),
        reason_code: "withdrawn".into(),
    };
    hub.publish(topics::DISCLOSED_POLICE, FORCE, "recall-e1", &recall).await;
    until!(enquiries(&mut client).await[0].state() == referral::EnquiryState::Closed);
    client.answer_enquiry(by(answer("enquiries/item-e1", "Late."))).await.unwrap();
    let kept = enquiries(&mut client).await.remove(0);
    let late: Vec<_> = kept.answers.iter().map(|answer| (answer.revision, answer.late)).collect();
    assert_eq!(late, [(1, false), (2, false), (3, true)], "kept and shown");
    assert!(kept.content.is_none(), "what was recalled is deleted");
    let items = items(&hub, 3).await;
    assert!(
        items.iter().all(|item| item.item_id == items[0].item_id && item.reply_to == "item-e1")
    );
    assert_eq!(items[0].facts.as_ref().unwrap().intelligence, "p");
    same!(items[0].to, vec![organisation("authority/672").unwrap()]);
}

async fn a_refusal_has_a_reason_and_does_not_follow_an_answer(hub: Hub) {
    let mut client = client(&hub, FORCE);
    release(&hub, &released(ItemKind::Enquiry, "e1", "", &question("2026-11-18T12:00:00Z"))).await;
    until!(enquiries(&mut client).await.len() == 1);
    let refuse = |code: &str, reason: &str| wire::RefuseEnquiryRequest {
        request_id: id(),
        name: "enquiries/item-e1".into(),
        code: code.into(),
        reason: reason.into(),
        by: None,
    };
    let silent = client.refuse_enquiry(by(refuse("legal-advice", "  "))).await;
    assert_eq!(violations(silent), [("reason".to_owned(), "MASH-T024".to_owned())]);
    let odd = client.refuse_enquiry(by(refuse("no", "because"))).await;
    assert_eq!(violations(odd), [("code".to_owned(), "MASH-T025".to_owned())]);
    client.refuse_enquiry(by(refuse("legal-advice", "Counsel is asked."))).await.unwrap();
    same!(enquiries(&mut client).await[0].state(), referral::EnquiryState::Refused);
    let answer = wire::AnswerEnquiryRequest {
        request_id: id(),
        name: "enquiries/item-e1".into(),
        answer: Some(wire::PoliceAnswer { nothing_known: true, ..wire::PoliceAnswer::default() }),
    };
    client.answer_enquiry(by(answer)).await.unwrap();
    let late = client.refuse_enquiry(by(refuse("legal-advice", "Counsel says no."))).await;
    assert_eq!(told(late), (Code::FailedPrecondition, "MASH-T007".into()));
    let items = items(&hub, 2).await;
    let reply = |at: usize| items[at].content.as_ref().unwrap().reply.clone().unwrap();
    assert_eq!(reply(0).refusal_code, "legal-advice");
    assert!(reply(1).nothing_known);
}

async fn an_enquiry_that_is_due_prompts(hub: Hub) {
    let mut client = client(&hub, FORCE);
    release(&hub, &released(ItemKind::Enquiry, "e1", "", &question("2026-11-18T04:30:00Z"))).await;
    until!(enquiries(&mut client).await.len() == 1);
    assert_eq!(prompts(&mut client).await, ["answer-enquiry"]);
    hub.clock.advance(SignedDuration::from_hours(2));
    hub.police.tick().await.unwrap();
    assert_eq!(prompts(&mut client).await, ["answer-enquiry", "answer-overdue"]);
    let clock = enquiries(&mut client).await[0].clock.clone().unwrap();
    same!(clock.state(), referral::ClockState::Breached);
}

async fn change(hub: &Hub, sql: &'static str) {
    let mut tx = hub.store.begin().await.unwrap();
    assert_eq!(sqlx::query(sql).execute(tx.conn()).await.unwrap().rows_affected(), 1);
    tx.commit().await.unwrap();
}

async fn a_row_that_cannot_be_read_stops_no_other_clock(hub: Hub) {
    let mut client = client(&hub, FORCE);
    for name in ["e1", "e2"] {
        let asked = released(ItemKind::Enquiry, name, "", &question("2026-11-18T04:30:00Z"));
        release(&hub, &asked).await;
    }
    until!(enquiries(&mut client).await.len() == 2);
    let sent = submitted(&mut client, notice("PPN-1")).await;
    submitted(&mut client, notice("PPN-2")).await;
    let damaged =
        "UPDATE partner_enquiries SET from_organisation = 'nobody' WHERE item_id = 'item-e1'";
    change(&hub, damaged).await;
    // The first of two clocks.
    let damaged = "UPDATE partner_clocks SET clock = '?' || clock
         WHERE seq = (SELECT MIN(seq) FROM partner_clocks WHERE rule = 'chase-acknowledgement')";
    change(&hub, damaged).await;
    hub.clock.set("2026-11-27T17:00:00Z".parse().unwrap());
    for _ in 0..2 {
        hub.police.tick().await.unwrap();
    }
    let told = prompts_about(&mut client).await;
    let about = |kind: &str| -> Vec<&str> {
        told.iter().filter(|(one, _)| one == kind).map(|(_, subject)| subject.as_str()).collect()
    };
    assert_eq!(about("answer-overdue"), ["enquiries/item-e2"], "the other question goes on");
    assert_eq!(about("chase").len(), 1, "the other clock goes on");
    assert!(!about("chase").contains(&sent.name.as_str()));
    assert_eq!(about("unreadable"), [sent.name.as_str(), "enquiries/item-e1"], "told once each");
    change(&hub, "UPDATE partner_enquiries SET from_organisation = 'authority/672' WHERE item_id = 'item-e1'").await;
    change(&hub, "UPDATE partner_clocks SET clock = substr(clock, 2) WHERE clock LIKE '?%'").await;
    hub.clock.advance(SignedDuration::from_mins(5));
    hub.police.tick().await.unwrap();
    let told = prompts_about(&mut client).await;
    let count = |kind: &str| told.iter().filter(|(one, _)| one == kind).count();
    assert_eq!((count("answer-overdue"), count("chase")), (2, 2), "mended, they ring, if late");
}

async fn an_invitation_is_answered_and_called_off(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let meeting = Meeting {
        kind: "strategy-discussion".into(),
        standing: "invited".into(),
        ..Meeting::default()
    };
    let content = Content { meeting: Some(meeting), ..Content::default() };
    let invitation = released(ItemKind::Invitation, "i1", "", &content);
    release(&hub, &invitation).await;
    until!(prompts(&mut client).await == ["answer-invitation"]);
    let respond = |standing: &str, reason: &str| wire::RespondToInvitationRequest {
        request_id: id(),
        name: "invitations/item-i1".into(),
        standing: standing.into(),
        reason: reason.into(),
        by: None,
    };
    let silent = client.respond_to_invitation(by(respond("declines", ""))).await;
    assert_eq!(violations(silent), [("reason".to_owned(), "MASH-T024".to_owned())]);
    let answer = client.respond_to_invitation(by(respond("accepts", ""))).await.unwrap();
    assert_eq!(answer.into_inner().invitation.unwrap().standing, "accepts");
    let item = items(&hub, 1).await.remove(0);
    same!((item.kind(), item.flow.as_str()), (ItemKind::Response, "correspondence"));
    let off = Meeting { standing: "cancelled".into(), ..Meeting::default() };
    let off = Content { meeting: Some(off), ..Content::default() };
    release(
        &hub,
        &referral::ItemReleased { revision: 2, content: off.encode_to_vec(), ..invitation },
    )
    .await;
    let mut standing = String::new();
    until!({
        let answer = client.list_invitations(by(wire::ListInvitationsRequest::default())).await;
        standing.clone_from(&answer.unwrap().into_inner().invitations[0].standing);
        standing == "cancelled"
    });
    let late = client.respond_to_invitation(by(respond("accepts", ""))).await;
    assert_eq!(told(late), (Code::FailedPrecondition, "MASH-T008".into()));
}

async fn a_disagreement_is_raised_escalated_and_withdrawn(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let sent = submitted(&mut client, notice("PPN-1")).await;
    let raise = || wire::RaiseDisagreementRequest {
        request_id: id(),
        subject: sent.name.clone(),
        grounds: "The child was alone all night.".into(),
        sought: "A strategy discussion.".into(),
        by: None,
    };
    let early = client.raise_disagreement(by(raise())).await;
    assert_eq!(told(early), (Code::FailedPrecondition, "MASH-T009".into()));
    let item = items(&hub, 1).await.remove(0);
    release(&hub, &on(&item, "f1", "decided")).await;
    until!(referral_of(&mut client, &sent.name).await.state() == SentState::Decided);
    let raised = client.raise_disagreement(by(raise())).await.unwrap().into_inner();
    let raised = raised.disagreement.unwrap();
    let further = wire::EscalateDisagreementRequest {
        request_id: id(),
        name: raised.name.clone(),
        grounds: "Nothing has changed.".into(),
        ..wire::EscalateDisagreementRequest::default()
    };
    let further = client.escalate_disagreement(by(further)).await.unwrap().into_inner();
    assert_eq!(further.disagreement.unwrap().stage, 2);
    let withdraw =
        || wire::WithdrawDisagreementRequest { request_id: id(), name: raised.name.clone() };
    client.withdraw_disagreement(by(withdraw())).await.unwrap();
    let again = client.withdraw_disagreement(by(withdraw())).await;
    assert_eq!(told(again), (Code::FailedPrecondition, "MASH-T010".into()));
    let said: Vec<_> = items(&hub, 4).await.split_off(1);
    let revisions: Vec<_> = said.iter().map(|item| (item.revision, item.withdrawn)).collect();
    assert_eq!(revisions, [(1, false), (2, false), (3, true)]);
    assert!(
        said.iter().all(|one| one.kind() == ItemKind::Disagreement && one.reply_to == item.item_id)
    );
}
