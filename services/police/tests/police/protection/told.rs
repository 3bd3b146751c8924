//! What a sender hears of an item that did not arrive, and prompts that a person closes.

use mash_proto::{
    disclosure::v1::Content,
    police::v1 as wire,
    referral::v1::{self as referral, ItemKind, ItemSubmitted, SentState},
};
use tonic::Code;

use super::{
    FORCE, client, enquiries, items, notice, organisation, prompts, question, referral_of, release,
    released, submitted,
};
use crate::support::{Hub, by, id, told, violations};

on_both!(
    what_the_rules_withheld_is_told_with_its_reasons,
    what_nobody_acknowledged_in_time_is_told_and_stays_submitted,
    a_prompt_is_closed_by_hand_and_with_a_reason_only,
    only_what_nobody_has_dealt_with_is_open,
);

/// A non-delivery report on the referral, from the hub itself.
fn report_on(sent: &ItemSubmitted, code: &str, reasons: &[&str]) -> referral::ItemReleased {
    referral::ItemReleased {
        case_id: sent.case_id.clone(),
        from: None,
        undelivered_to: organisation("authority/672"),
        non_delivery_code: code.into(),
        reason_codes: reasons.iter().map(|&reason| reason.to_owned()).collect(),
        ..released(ItemKind::NonDelivery, "n1", &sent.item_id, &Content::default())
    }
}

async fn what_the_rules_withheld_is_told_with_its_reasons(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let name = submitted(&mut client, notice("PPN-1")).await.name;
    let sent = items(&hub, 1).await.remove(0);
    release(&hub, &report_on(&sent, "withheld", &["no-consent"])).await;
    until!(referral_of(&mut client, &name).await.state() == SentState::Withheld);
    let referral = referral_of(&mut client, &name).await;
    assert_eq!(referral.withheld_codes, ["withheld", "no-consent"]);
    assert_eq!(referral.prompts, ["not-delivered"], "somebody sees it");
}

async fn what_nobody_acknowledged_in_time_is_told_and_stays_submitted(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let name = submitted(&mut client, notice("PPN-1")).await.name;
    let sent = items(&hub, 1).await.remove(0);
    release(&hub, &report_on(&sent, "not-acknowledged-in-time", &[])).await;
    until!(!referral_of(&mut client, &name).await.prompts.is_empty());
    let referral = referral_of(&mut client, &name).await;
    assert_eq!(referral.prompts, ["not-delivered"]);
    same!(referral.state(), SentState::Submitted, "it may still be acknowledged");
    assert!(referral.withheld_codes.is_empty());
}

async fn a_prompt_is_closed_by_hand_and_with_a_reason_only(hub: Hub) {
    let mut client = client(&hub, FORCE);
    release(&hub, &released(ItemKind::Enquiry, "e1", "", &question("2026-11-18T12:00:00Z"))).await;
    until!(enquiries(&mut client).await.len() == 1);
    let listed = client.list_prompts(by(wire::ListPromptsRequest::default())).await.unwrap();
    let name = listed.into_inner().prompts.remove(0).name;
    let close = |name: &str, reason: &str| wire::ClosePromptRequest {
        request_id: id(),
        name: name.into(),
        reason: reason.into(),
    };
    for reason in ["", "  ", &"x".repeat(1_001)] {
        let silent = client.close_prompt(by(close(&name, reason))).await;
        assert_eq!(violations(silent)[0].0, "reason", "{} characters", reason.len());
    }
    let mut other = super::client(&hub, "police/52");
    let foreign = other.close_prompt(by(close(&name, "seen"))).await;
    assert_eq!(told(foreign), (Code::NotFound, "MASH-C009".into()), "another force's");
    assert_eq!(prompts(&mut client).await.len(), 1, "it is still open");
    client.close_prompt(by(close(&name, "Answered by telephone."))).await.unwrap();
    assert!(prompts(&mut client).await.is_empty());
    let again = client.close_prompt(by(close(&name, "Answered by telephone."))).await;
    assert_eq!(told(again), (Code::NotFound, "MASH-C009".into()), "it is closed");
}

async fn only_what_nobody_has_dealt_with_is_open(hub: Hub) {
    let mut client = client(&hub, FORCE);
    for name in ["e1", "e2", "e3"] {
        let item = released(ItemKind::Enquiry, name, "", &question("2026-11-18T12:00:00Z"));
        release(&hub, &item).await;
    }
    until!(enquiries(&mut client).await.len() == 3);
    let answer = wire::AnswerEnquiryRequest {
        request_id: id(),
        name: "enquiries/item-e1".into(),
        answer: Some(wire::PoliceAnswer { nothing_known: true, ..wire::PoliceAnswer::default() }),
    };
    client.answer_enquiry(by(answer)).await.unwrap();
    let refusal = wire::RefuseEnquiryRequest {
        request_id: id(),
        name: "enquiries/item-e2".into(),
        code: "legal-advice".into(),
        reason: "Counsel is asked.".into(),
        by: None,
    };
    client.refuse_enquiry(by(refusal)).await.unwrap();
    let open = wire::ListEnquiriesRequest { open_only: true, ..Default::default() };
    let open = client.list_enquiries(by(open)).await.unwrap().into_inner().enquiries;
    let names: Vec<_> = open.iter().map(|enquiry| enquiry.name.as_str()).collect();
    assert_eq!(names, ["enquiries/item-e3"]);
    assert_eq!(enquiries(&mut client).await.len(), 3, "all are kept");
}
