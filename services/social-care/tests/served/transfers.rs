//! Transfers between authorities and across the border: the duty moves with the acceptance alone (R30).

use mash_proto::{
    referral::v1::{ClockState, ItemKind, ItemRecalled, ItemReleased, ItemSubmitted, ReportKind},
    social_care::v1 as wire,
};
use mash_store::Dialect;
use prost::Message;
use tonic::{Code, Status};

use crate::{
    meetings::at,
    support::{BRIDGEND, Hub, SCHOOL, by, child, id, organisation, refused},
};

on_both!(
    r30_a_case_crosses_the_border_and_each_body_keeps_its_own_duty_and_clocks,
    a_refused_transfer_stays_where_it_was_with_its_reason,
    a_transfer_that_nobody_answers_goes_to_the_manager,
    a_transfer_taken_back_ends_on_both_sides,
    bad_input_about_transfers_is_refused,
);

/// An English neighbour.
const BRISTOL: &str = "authority/801";

async fn offer(hub: &Hub, referral: &str, to: &str) -> Result<wire::Transfer, Status> {
    let request = wire::TransferReferralRequest {
        request_id: id(),
        referral: referral.to_owned(),
        to: Some(organisation(to)),
        on_plan: true,
        reason: "the family has moved".into(),
    };
    let answer = hub.meetings(BRIDGEND).transfer_referral(by("worker-1", request)).await?;
    Ok(answer.into_inner().transfer.unwrap())
}

/// Plays routing: what was submitted reaches the other authority.
async fn route(hub: &Hub, item: &ItemSubmitted, to: &str) {
    let content = item.content.clone().unwrap();
    hub.release(&ItemReleased {
        release_id: format!("release-{}", item.item_id),
        item_id: item.item_id.clone(),
        case_id: item.case_id.clone(),
        kind: item.kind,
        recipient: Some(organisation(to)),
        from: item.from.clone(),
        revision: item.revision,
        content: content.encode_to_vec(),
        classes: vec![1, 3, 6, 12],
        rule_ids: vec!["R07".into()],
        flow: item.flow.clone(),
        reply_to: item.reply_to.clone(),
        submit_time: item.submit_time,
        report_kind: item.report_kind,
        urgency: item.urgency,
        ..ItemReleased::default()
    })
    .await;
}

async fn until(hub: &Hub, of: &str, fits: impl Fn(&wire::Transfer) -> bool) -> wire::Transfer {
    for _ in 0..500 {
        let request = wire::ListTransfersRequest { include_answered: true, ..Default::default() };
        let answer = hub.meetings(of).list_transfers(by("manager", request)).await.unwrap();
        if let Some(found) = answer.into_inner().transfers.into_iter().find(&fits) {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the transfer looks as it should in time");
}

/// A case of Bridgend that Bristol has before it.
async fn offered(hub: &Hub) -> (wire::Transfer, wire::Transfer, ItemSubmitted) {
    let name = hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    hub.grade(&name, wire::Grade::Amber, "").await.unwrap();
    let sent = offer(hub, &name, BRISTOL).await.unwrap();
    let item = hub.sent(ItemKind::Referral, 1).await.remove(0);
    assert_eq!(item.report_kind, i32::from(ReportKind::Transfer));
    assert_eq!(
        (item.place_authority_code.as_str(), item.home_authority_code.as_str()),
        ("801", "")
    );
    assert_ne!(item.case_id, "c-1", "a case of its own");
    assert_eq!(item.reply_to, "item-c-1");
    route(hub, &item, BRISTOL).await;
    let received = until(hub, BRISTOL, |_| true).await;
    (sent, received, item)
}

/// What the other authority answered reaches this one.
async fn answered(hub: &Hub, transfer: &ItemSubmitted) {
    let is_answer = |item: &ItemSubmitted| {
        let said = item.content.clone().unwrap().feedback.unwrap();
        item.reply_to == transfer.item_id && said.outcome.starts_with("transfer-")
    };
    // The referrer is told that the referral has arrived, perhaps before.
    let mut answer = None;
    for _ in 0..100 {
        answer = hub.sent(ItemKind::Feedback, 1).await.into_iter().find(is_answer);
        if answer.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let answer = answer.unwrap();
    same!(answer.to, [organisation(BRIDGEND)]);
    route(hub, &answer, BRIDGEND).await;
}

async fn r30_a_case_crosses_the_border_and_each_body_keeps_its_own_duty_and_clocks(
    dialect: Dialect,
) {
    let hub = Hub::start(dialect).await;
    let (sent, received, item) = offered(&hub).await;
    assert!(sent.crosses_border && received.crosses_border && received.on_plan);
    same!(sent.duty, Some(organisation(BRIDGEND)), "until it is accepted");
    assert_eq!(received.reason, "the family has moved");
    assert_eq!(sent.clocks[0].rule, "accept-transfer");
    assert_eq!(received.clocks[0].due_time, at("2026-11-19T17:00:00Z"));
    same!(hub.until("c-1", |_| true).await.referral.unwrap().state(), wire::ReferralState::Graded);
    let accept = wire::AcceptTransferRequest { request_id: id(), name: received.name.clone() };
    // The sending authority cannot accept for the other one.
    let own = hub.meetings(BRIDGEND).accept_transfer(by("worker-1", accept.clone())).await;
    assert_eq!(refused(own), (Code::FailedPrecondition, "MASH-S071".to_owned()));
    let mut bristol = hub.meetings(BRISTOL);
    let accepted = bristol.accept_transfer(by("manager-b", accept)).await.unwrap().into_inner();
    let accepted = accepted.transfer.unwrap();
    same!(accepted.duty, Some(organisation(BRISTOL)));
    let rules: Vec<(&str, ClockState)> =
        accepted.clocks.iter().map(|clock| (clock.rule.as_str(), clock.state())).collect();
    assert!(rules.contains(&("accept-transfer", ClockState::Met)));
    assert!(rules.contains(&("transfer-in-conference", ClockState::Running)));
    let conference =
        accepted.clocks.iter().find(|clock| clock.rule == "transfer-in-conference").unwrap();
    assert_eq!(conference.due_time, at("2026-12-03T10:00:00Z"), "fifteen days");
    answered(&hub, &item).await;
    let moved = until(&hub, BRIDGEND, |found| found.state() == wire::TransferState::Accepted).await;
    same!(moved.duty, Some(organisation(BRISTOL)));
    let referral = hub
        .until("c-1", |found| {
            found.referral.as_ref().unwrap().state() == wire::ReferralState::Transferred
        })
        .await
        .referral
        .unwrap();
    let decision = referral.decisions.last().unwrap();
    assert!(decision.reason.contains("under the law of its own nation"));
    // The school, which referred the child, hears of it.
    let told = hub.stages(3).await;
    assert!(told.iter().filter(|stage| *stage == "transferred").count() >= 2, "{told:?}");
    // The receiving authority calls its conference, in the words of its own nation.
    let request = wire::CallMeetingRequest {
        request_id: id(),
        referral: accepted.referral.clone(),
        kind: wire::MeetingKind::TransferInConference.into(),
        time: at("2026-11-25T10:00:00Z"),
        invitees: vec![wire::Invitee {
            partner: Some(organisation("police/52")),
            kept_back_classes: Vec::new(),
        }],
        ..Default::default()
    };
    let called = bristol.call_meeting(by("chair-b", request)).await.unwrap().into_inner();
    let called = called.meeting.unwrap();
    hub.at("2026-11-25T12:00:00Z");
    let request = wire::RecordMeetingRequest {
        request_id: id(),
        name: called.name.clone(),
        expected_revision: called.revision,
        held_time: at("2026-11-25T10:00:00Z"),
        attended: vec![organisation("police/52")],
        outcome: wire::MeetingOutcome::ProtectionPlan.into(),
        reason: "the plan is made anew here".into(),
        exception: None,
    };
    let held = bristol.record_meeting(by("chair-b", request)).await.unwrap().into_inner();
    let held = held.meeting.unwrap();
    let clock = held.clocks.iter().find(|clock| clock.rule == "transfer-in-conference").unwrap();
    same!(clock.state(), ClockState::Met);
}

async fn a_refused_transfer_stays_where_it_was_with_its_reason(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let (_, received, item) = offered(&hub).await;
    let refuse = |reason: &str| wire::RefuseTransferRequest {
        request_id: id(),
        name: received.name.clone(),
        reason: reason.into(),
    };
    let mut bristol = hub.meetings(BRISTOL);
    let silent = bristol.refuse_transfer(by("manager-b", refuse(""))).await;
    assert_eq!(refused(silent).1, "MASH-S059");
    let answer = bristol.refuse_transfer(by("manager-b", refuse("she lives with you"))).await;
    same!(answer.unwrap().into_inner().transfer.unwrap().state(), wire::TransferState::Refused);
    answered(&hub, &item).await;
    let kept = until(&hub, BRIDGEND, |found| found.state() == wire::TransferState::Refused).await;
    same!(kept.duty, Some(organisation(BRIDGEND)));
    assert_eq!(kept.reason, "she lives with you");
    hub.until_prompt("transfer-refused").await;
    let referral = hub.until("c-1", |_| true).await.referral.unwrap();
    same!(referral.state(), wire::ReferralState::Graded, "worked on here");
    let accept = wire::AcceptTransferRequest { request_id: id(), name: received.name };
    let late = bristol.accept_transfer(by("manager-b", accept)).await;
    assert_eq!(refused(late).1, "MASH-S072");
}

async fn a_transfer_that_nobody_answers_goes_to_the_manager(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    offered(&hub).await;
    hub.at("2026-11-19T17:00:00Z");
    hub.care.tick().await.unwrap();
    let breached = hub.prompts("clock-breached").await;
    let one = breached.iter().find(|one| one.subject.starts_with("accept-transfer")).unwrap();
    assert_eq!(one.to, "duty-manager");
}

async fn a_transfer_taken_back_ends_on_both_sides(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let (sent, received, item) = offered(&hub).await;
    let request = wire::TakeBackTransferRequest {
        request_id: id(),
        name: sent.name.clone(),
        reason: "they have come back".into(),
    };
    let kept = hub.meetings(BRIDGEND).take_back_transfer(by("worker-1", request)).await.unwrap();
    same!(kept.into_inner().transfer.unwrap().state(), wire::TransferState::TakenBack);
    let items = hub.sent(ItemKind::Referral, 2).await;
    let withdrawn = items.iter().find(|item| item.revision == 2).unwrap();
    assert!(withdrawn.withdrawn);
    assert_eq!(withdrawn.item_id, item.item_id);
    let recall = ItemRecalled {
        release_id: format!("release-{}", item.item_id),
        item_id: item.item_id.clone(),
        case_id: item.case_id.clone(),
        recipient: Some(organisation(BRISTOL)),
        reason_code: "withdrawn".into(),
    };
    hub.publish(mash_bus::topics::DISCLOSED_SOCIAL_CARE, "recall", &recall).await;
    let over = until(&hub, BRISTOL, |found| found.state() == wire::TransferState::TakenBack).await;
    same!(over.clocks[0].state(), ClockState::Cancelled);
    let accept = wire::AcceptTransferRequest { request_id: id(), name: received.name };
    let late = hub.meetings(BRISTOL).accept_transfer(by("manager-b", accept)).await;
    assert_eq!(refused(late).1, "MASH-S072");
}

async fn bad_input_about_transfers_is_refused(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    let table = [
        (BRIDGEND, "MASH-S070", "itself"),
        ("authority/999", "MASH-S070", "not in the reference data"),
        (SCHOOL, "MASH-S070", "no authority"),
    ];
    for (to, code, why) in table {
        assert_eq!(refused(offer(&hub, &name, to).await).1, code, "{why}");
    }
    offer(&hub, &name, BRISTOL).await.unwrap();
    assert_eq!(refused(offer(&hub, &name, BRISTOL).await).1, "MASH-S054", "one waits already");
}
