//! Professional disagreements: stages with a limit and a named decider each, and an answer back at every stage (P21).

use mash_proto::{
    disclosure::v1::{Content, Disagreement as Said},
    referral::v1::{ClockState, ItemKind, ItemRecalled, ItemReleased},
    social_care::v1 as wire,
};
use mash_store::Dialect;
use prost::Message;
use tonic::Status;

use crate::{
    meetings::at,
    support::{BRIDGEND, Hub, SCHOOL, by, child, id, organisation, refused},
};

on_both!(
    p21_a_disagreement_goes_from_stage_to_stage_each_with_its_clock_and_decider,
    nobody_decides_a_disagreement_of_their_own,
    a_partner_takes_its_disagreement_further_and_back,
);

fn said(revision: i32, escalated: bool) -> ItemReleased {
    let said = Said {
        stage: 1,
        grounds: "The injuries are not explained.".into(),
        sought: "A strategy discussion.".into(),
        escalated,
    };
    let content = Content { disagreement: Some(said), ..Content::default() };
    ItemReleased {
        release_id: "disagreement-release".into(),
        item_id: "disagreement-1".into(),
        case_id: "c-1".into(),
        kind: ItemKind::Disagreement.into(),
        recipient: Some(organisation(BRIDGEND)),
        from: Some(organisation(SCHOOL)),
        revision,
        content: content.encode_to_vec(),
        classes: vec![18],
        flow: "correspondence".into(),
        ..ItemReleased::default()
    }
}

async fn listed(hub: &Hub) -> Vec<wire::Disagreement> {
    let request = wire::ListDisagreementsRequest { include_ended: true, ..Default::default() };
    let answer = hub.meetings(BRIDGEND).list_disagreements(by("manager", request)).await.unwrap();
    answer.into_inner().disagreements
}

async fn until(hub: &Hub, fits: impl Fn(&wire::Disagreement) -> bool) -> wire::Disagreement {
    for _ in 0..500 {
        if let Some(found) = listed(hub).await.into_iter().find(&fits) {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the disagreement looks as it should in time");
}

/// The school disagrees with a decision of worker-1.
async fn raised(hub: &Hub) -> wire::Disagreement {
    let name = hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    hub.grade(&name, wire::Grade::Green, "").await.unwrap();
    hub.decide(hub.decision(&name, wire::Outcome::NoFurtherAction).await).await.unwrap();
    hub.release(&said(1, false)).await;
    until(hub, |_| true).await
}

async fn step(
    hub: &Hub,
    of: &wire::Disagreement,
    decider: &str,
    escalate: Option<&str>,
) -> Result<wire::Disagreement, Status> {
    let request = wire::RecordDisagreementStepRequest {
        request_id: id(),
        name: of.name.clone(),
        expected_revision: of.revision,
        escalate: escalate.is_some(),
        reason: escalate.unwrap_or_default().to_owned(),
        decider: decider.to_owned(),
        decider_organisation: None,
    };
    let mut client = hub.meetings(BRIDGEND);
    let answer = client.record_disagreement_step(by("manager", request)).await?;
    Ok(answer.into_inner().disagreement.unwrap())
}

async fn resolve(
    hub: &Hub,
    of: &wire::Disagreement,
    who: &str,
) -> Result<wire::Disagreement, Status> {
    let request = wire::ResolveDisagreementRequest {
        request_id: id(),
        name: of.name.clone(),
        expected_revision: of.revision,
        answer: wire::DisagreementAnswer::Changed.into(),
        reason: "we had not seen the photographs".into(),
    };
    let answer = hub.meetings(BRIDGEND).resolve_disagreement(by(who, request)).await?;
    Ok(answer.into_inner().disagreement.unwrap())
}

async fn p21_a_disagreement_goes_from_stage_to_stage_each_with_its_clock_and_decider(
    dialect: Dialect,
) {
    let hub = Hub::start(dialect).await;
    let begun = raised(&hub).await;
    assert_eq!(begun.sought, "A strategy discussion.");
    same!(begun.steps[0].stage(), wire::DisagreementStage::Practitioners);
    let clock = begun.clock.clone().unwrap();
    assert_eq!(
        (clock.rule.as_str(), clock.due_time),
        ("disagreement-practitioners", at("2026-11-25T17:00:00Z"))
    );
    assert_eq!(hub.until_prompt("disagreement-raised").await.to, "duty-manager");
    let named = step(&hub, &begun, "worker-2", None).await.unwrap();
    assert_eq!(named.clock.clone().unwrap().warns, "worker-2");
    hub.at("2026-11-24T17:00:00Z");
    hub.care.tick().await.unwrap();
    let warned = hub.prompts("clock-warning").await;
    assert!(
        warned.iter().any(|one| one.to == "worker-2" && one.subject.starts_with("disagreement"))
    );
    // Each stage has a limit of its own, and the one before ends with it.
    let mut now = named;
    for (rule, decider) in [
        ("disagreement-first-line", "manager-2"),
        ("disagreement-senior", "head-2"),
        ("disagreement-director", "director"),
    ] {
        now = step(&hub, &now, decider, Some("not settled")).await.unwrap();
        let clock = now.clock.clone().unwrap();
        assert_eq!((clock.rule.as_str(), clock.warns.as_str()), (rule, decider));
        assert_eq!(clock.due_time, at("2026-11-26T17:00:00Z"));
        same!(clock.state(), ClockState::Running);
    }
    assert_eq!(refused(step(&hub, &now, "", Some("still")).await).1, "MASH-S062", "the last stage");
    hub.at("2026-11-26T17:00:00Z");
    hub.care.tick().await.unwrap();
    let breached = hub.prompts("clock-breached").await;
    assert!(breached.iter().any(|one| one.to == "director"));
    let done = resolve(&hub, &now, "director").await.unwrap();
    same!(done.state(), wire::DisagreementState::Resolved);
    same!(done.clock.unwrap().state(), ClockState::MetLate);
    assert_eq!(hub.until_prompt("decision-to-change").await.subject, done.name);
    // The school hears of each.
    let items = hub.sent(ItemKind::Feedback, 6).await;
    let told: Vec<String> = items
        .into_iter()
        .filter(|item| item.reply_to == "disagreement-1")
        .map(|item| {
            same!(item.to, [organisation(SCHOOL)]);
            let feedback = item.content.unwrap().feedback.unwrap();
            assert_eq!(feedback.stage, "disagreement");
            feedback.outcome
        })
        .collect();
    assert_eq!(told, ["stage-first-line", "stage-senior", "stage-director", "decision-changed"]);
}

async fn nobody_decides_a_disagreement_of_their_own(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let begun = raised(&hub).await;
    assert_eq!(refused(step(&hub, &begun, "worker-1", None).await).1, "MASH-S060", "she decided");
    assert_eq!(refused(resolve(&hub, &begun, "worker-1").await).1, "MASH-S060");
    assert_eq!(refused(resolve(&hub, &begun, "worker-2").await).1, "MASH-S061", "not named");
    let of_the_school = wire::RecordDisagreementStepRequest {
        request_id: id(),
        name: begun.name.clone(),
        expected_revision: begun.revision,
        decider: "head-teacher".into(),
        decider_organisation: Some(organisation(SCHOOL)),
        ..Default::default()
    };
    let mut client = hub.meetings(BRIDGEND);
    let answer = client.record_disagreement_step(by("manager", of_the_school)).await;
    assert_eq!(refused(answer).1, "MASH-S060", "a party");
    let named = step(&hub, &begun, "manager-2", None).await.unwrap();
    assert_eq!(refused(resolve(&hub, &begun, "manager-2").await).1, "MASH-S051", "stale");
    let further = step(&hub, &named, "", Some("not settled")).await.unwrap();
    let clock = further.clock.clone().unwrap();
    assert_eq!(
        clock.rule, "disagreement-first-line",
        "begun at the same instant as the one before"
    );
    assert_eq!(
        refused(step(&hub, &further, "manager-2", None).await).1,
        "MASH-S060",
        "she had it at the stage before"
    );
    let unsaid = step(&hub, &further, "head-2", Some(" ")).await;
    assert_eq!(refused(unsaid).1, "MASH-S059");
    same!(until(&hub, |_| true).await, further, "nothing of it had an effect");
}

async fn a_partner_takes_its_disagreement_further_and_back(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    raised(&hub).await;
    hub.release(&said(2, true)).await;
    hub.release(&said(2, true)).await;
    let further = until(&hub, |found| found.steps.len() > 1).await;
    assert_eq!(further.steps.len(), 2, "a repeat has one effect");
    assert_eq!(further.clock.unwrap().rule, "disagreement-first-line");
    hub.until_prompt("disagreement-escalated").await;
    let recall = ItemRecalled {
        release_id: "disagreement-release".into(),
        item_id: "disagreement-1".into(),
        case_id: "c-1".into(),
        recipient: Some(organisation(BRIDGEND)),
        reason_code: "withdrawn".into(),
    };
    hub.publish(mash_bus::topics::DISCLOSED_SOCIAL_CARE, "recall", &recall).await;
    let over = until(&hub, |found| found.state() == wire::DisagreementState::Withdrawn).await;
    same!(over.clock.clone().unwrap().state(), ClockState::Cancelled);
    assert_eq!(refused(step(&hub, &over, "manager-2", None).await).1, "MASH-S062");
}
