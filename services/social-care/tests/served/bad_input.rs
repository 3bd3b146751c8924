//! The bad input that a hub has to refuse clearly, each with its code; nothing is lost.

use mash_bus::topics;
use mash_proto::{
    disclosure::v1::{DisclosureReleased, Reply},
    referral::v1::{ItemKind, ItemReleased},
    social_care::v1 as wire,
};
use mash_store::Dialect;
use tonic::Code;

use crate::support::{
    BRIDGEND, HEALTH, Hub, POLICE, SCHOOL, by, child, id, organisation, referral, refused,
};

on_both!(
    a_decision_before_a_grade,
    a_regrade_without_a_reason,
    a_decision_without_a_reason_or_an_outcome,
    a_stale_revision,
    two_workers_deciding_at_once,
    an_answer_to_a_question_never_asked,
    an_answer_of_somebody_else,
    an_answer_after_closure_is_kept_and_prompts,
    a_merge_of_a_child_with_herself_and_of_rejected_ones,
    requests_with_faults_are_told_every_one,
    other_authorities_and_other_kinds_see_nothing,
    what_is_not_for_a_hub_is_a_dead_letter,
);

async fn a_decision_before_a_grade(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    let request = hub.decision(&name, wire::Outcome::Assessment).await;
    let answer = refused(hub.decide(request).await);
    assert_eq!(answer, (Code::FailedPrecondition, "MASH-S006".into()));
    assert_eq!(hub.conservation().await.open, 1);
}

async fn a_regrade_without_a_reason(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Green, "").await.unwrap();
    let answer = refused(hub.grade(&name, wire::Grade::Red, " ").await);
    assert_eq!(answer, (Code::FailedPrecondition, "MASH-S007".into()));
    let answer = hub.grade(&name, wire::Grade::Red, "an injury was seen").await.unwrap();
    assert_eq!(answer.referral.unwrap().grades.len(), 2);
    let answer = refused(hub.grade(&name, wire::Grade::Unspecified, "x").await);
    assert_eq!(answer, (Code::InvalidArgument, "MASH-S001".into()));
}

async fn a_decision_without_a_reason_or_an_outcome(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Green, "").await.unwrap();
    let request = hub.decision(&name, wire::Outcome::Advice).await;
    let silent =
        wire::DecideReferralRequest { what_would_change_it: String::new(), ..request.clone() };
    assert_eq!(refused(hub.decide(silent).await).1, "MASH-S008");
    let none = wire::DecideReferralRequest { outcome: 0, request_id: id(), ..request.clone() };
    assert_eq!(refused(hub.decide(none).await).1, "MASH-S001");
    let own = wire::DecideReferralRequest {
        outcome: wire::Outcome::OpenCase.into(),
        request_id: id(),
        ..request.clone()
    };
    assert_eq!(refused(hub.decide(own).await).1, "MASH-S011");
    let long =
        wire::DecideReferralRequest { reason: "x".repeat(2_001), request_id: id(), ..request };
    assert_eq!(refused(hub.decide(long).await), (Code::InvalidArgument, "MASH-S001".into()));
}

async fn a_stale_revision(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    let old = hub.revision(&name).await;
    hub.grade(&name, wire::Grade::Green, "").await.unwrap();
    let request = wire::AssignReferralRequest {
        request_id: id(),
        name: name.clone(),
        expected_revision: old,
        worker: "worker-2".into(),
    };
    let answer = refused(hub.queue().assign_referral(by("worker-1", request)).await);
    assert_eq!(answer, (Code::Aborted, "MASH-S005".into()));
    let request = wire::GradeReferralRequest {
        request_id: id(),
        name,
        expected_revision: 0,
        grade: 1,
        reason: "x".into(),
    };
    let answer = refused(hub.queue().grade_referral(by("worker-1", request)).await);
    assert_eq!(answer, (Code::InvalidArgument, "MASH-S001".into()));
}

async fn two_workers_deciding_at_once(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Green, "").await.unwrap();
    let request = hub.decision(&name, wire::Outcome::Advice).await;
    let calls = (0..8).map(|worker| {
        let mut client = hub.queue();
        let request = wire::DecideReferralRequest { request_id: id(), ..request.clone() };
        tokio::spawn(async move {
            client.decide_referral(by(&format!("worker-{worker}"), request)).await
        })
    });
    let (mut won, mut told) = (0, 0);
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            Ok(_) => won += 1,
            Err(status) => {
                assert_eq!(refused::<()>(Err(status)), (Code::Aborted, "MASH-S005".into()));
                told += 1;
            }
        }
    }
    assert_eq!((won, told), (1, 7));
    // The same request again has the same answer, and no second effect.
    let stages = hub.stages(2).await;
    assert_eq!(stages, ["received", "decided"]);
}

async fn an_answer_to_a_question_never_asked(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    let never = wire::Enquiry {
        name: "enquiries/never".into(),
        referral: name,
        partner: Some(organisation(POLICE)),
        ..wire::Enquiry::default()
    };
    hub.answer(&never, Reply::default(), "1").await;
    assert_eq!(hub.dead_letters("MASH-S031").await, 1);
    assert_eq!(hub.until("c-1", |_| true).await.items.len(), 1);
}

async fn an_answer_of_somebody_else(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Amber, "").await.unwrap();
    let asked = hub.ask(&name, &[POLICE]).await.unwrap();
    let other = wire::Enquiry { partner: Some(organisation(HEALTH)), ..asked.enquiries[0].clone() };
    hub.answer(&other, Reply::default(), "1").await;
    assert_eq!(hub.dead_letters("MASH-S031").await, 1);
    let found = hub.until("c-1", |_| true).await.referral.unwrap();
    assert_eq!((found.asked, found.unanswered), (1, 1));
}

async fn an_answer_after_closure_is_kept_and_prompts(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Amber, "").await.unwrap();
    let asked = hub.ask(&name, &[POLICE]).await.unwrap();
    let decision = hub.decision(&name, wire::Outcome::Assessment).await;
    let decided = hub.decide(decision).await.unwrap();
    let frozen = wire::GetSnapshotRequest { name: decided.snapshot };
    let before =
        hub.queue().get_snapshot(by("auditor", frozen.clone())).await.unwrap().into_inner();
    hub.answer(&asked.enquiries[0], Reply::default(), "late").await;
    let prompt = hub.until_prompt("late-answer").await;
    let found = hub.until("c-1", |found| found.items.len() == 2).await;
    assert!(found.items[1].after_decision && found.items[1].content.is_some());
    // What was known at the decision has not changed by a byte.
    let after = hub.queue().get_snapshot(by("auditor", frozen)).await.unwrap().into_inner();
    assert!(before == after);
    assert_eq!(after.snapshot.unwrap().unanswered.len(), 1);
    // And it opens the referral again, for a decision of its own.
    let resolve = wire::ResolvePromptRequest {
        request_id: id(),
        name: prompt.name.clone(),
        resolution: "it tells of an earlier injury".into(),
        reopen: true,
    };
    hub.queue().resolve_prompt(by("worker-1", resolve.clone())).await.unwrap();
    let again = wire::ResolvePromptRequest { request_id: id(), ..resolve };
    assert_eq!(refused(hub.queue().resolve_prompt(by("worker-2", again)).await).1, "MASH-S017");
    assert_eq!(hub.conservation().await.open, 1);
    let decision = hub.decision(&name, wire::Outcome::Section47).await;
    let decided = hub.decide(decision).await.unwrap();
    assert!(decided.snapshot.ends_with("/snapshots/2"));
    assert_eq!(hub.stages(3).await, ["received", "decided", "decided"]);
}

async fn a_merge_of_a_child_with_herself_and_of_rejected_ones(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let one = hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    let other = hub.referred("c-2", SCHOOL, child("Karis", "9990000026")).await;
    let of = |case: &str| {
        let case = case.to_owned();
        let hub = &hub;
        async move { hub.until(&case, |_| true).await.referral.unwrap().child }
    };
    let (carys, karis) = (of("c-1").await, of("c-2").await);
    let merge = |keep: &str, merge: &str| wire::MergeChildrenRequest {
        request_id: id(),
        keep: keep.to_owned(),
        merge: merge.to_owned(),
        reason: "the same birth certificate".into(),
    };
    let herself = hub.queue().merge_children(by("worker-1", merge(&carys, &carys))).await;
    assert_eq!(refused(herself), (Code::FailedPrecondition, "MASH-S014".into()));
    let done = hub.queue().merge_children(by("worker-1", merge(&carys, &karis))).await.unwrap();
    assert_eq!(done.into_inner().referrals, 2);
    assert_eq!(of("c-2").await, carys);
    // One under two names by now: still herself.
    let again = hub.queue().merge_children(by("worker-1", merge(&karis, &carys))).await;
    assert_eq!(refused(again).1, "MASH-S014");
    // A worker says that the match was wrong: the later one gets an id of her own, and they stay two.
    hub.referred("c-3", SCHOOL, child("Carys", "9990000018")).await;
    let unlink = wire::UnlinkReferralsRequest {
        request_id: id(),
        one: one.clone(),
        other: "referrals/c-3".into(),
        reason: "twins with one number".into(),
    };
    hub.queue().unlink_referrals(by("worker-1", unlink)).await.unwrap();
    let third = of("c-3").await;
    assert_ne!(third, carys);
    let rejected = hub.queue().merge_children(by("worker-2", merge(&carys, &third))).await;
    assert_eq!(refused(rejected), (Code::FailedPrecondition, "MASH-S015".into()));
    // More of it does not link them again.
    hub.release(&ItemReleased {
        revision: 2,
        ..referral("c-3", SCHOOL, child("Carys", "9990000018"))
    })
    .await;
    let third =
        hub.until("c-3", |found| found.referral.as_ref().unwrap().report_revision == 2).await;
    assert!(third.history.iter().all(|link| link.referral != one));
    let itself = wire::LinkReferralsRequest {
        request_id: id(),
        one: other.clone(),
        other,
        reason: String::new(),
    };
    assert_eq!(refused(hub.queue().link_referrals(by("worker-1", itself)).await).1, "MASH-S016");
}

async fn requests_with_faults_are_told_every_one(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Amber, "").await.unwrap();
    let answer = refused(hub.ask(&name, &[]).await);
    assert_eq!(answer, (Code::InvalidArgument, "MASH-S001".into()));
    let answer = hub.ask(&name, &[POLICE, POLICE, BRIDGEND]).await.err().unwrap();
    let violations = tonic_types::StatusExt::get_details_bad_request(&answer).unwrap();
    assert_eq!(violations.field_violations.len(), 2, "asked twice, and nobody to ask");
    let get = |name: &str| by("w", wire::GetReferralRequest { name: name.to_owned() });
    assert_eq!(refused(hub.queue().get_referral(get("c-1")).await).0, Code::InvalidArgument);
    assert_eq!(refused(hub.queue().get_referral(get("referrals/x")).await).0, Code::NotFound);
    let list = wire::ListReferralsRequest { page_size: 501, ..Default::default() };
    assert_eq!(refused(hub.queue().list_referrals(by("w", list)).await).1, "MASH-S001");
    let open = wire::RecordOpenCaseRequest { request_id: id(), ..Default::default() };
    assert_eq!(refused(hub.queue().record_open_case(by("w", open)).await).1, "MASH-S001");
    let again = wire::AssignReferralRequest {
        request_id: id(),
        name: name.clone(),
        expected_revision: hub.revision(&name).await,
        worker: "worker-2".into(),
    };
    hub.queue().assign_referral(by("worker-1", again.clone())).await.unwrap();
    hub.queue().assign_referral(by("worker-1", again.clone())).await.unwrap();
    let other = wire::AssignReferralRequest { worker: "worker-3".into(), ..again };
    let answer = refused(hub.queue().assign_referral(by("worker-1", other)).await);
    assert_eq!(answer, (Code::AlreadyExists, "MASH-S002".into()));
}

async fn other_authorities_and_other_kinds_see_nothing(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    let get = || by("w", wire::GetReferralRequest { name: name.clone() });
    let other = refused(hub.client("authority/673").get_referral(get()).await);
    assert_eq!(other.0, Code::NotFound);
    for kind in [POLICE, SCHOOL, HEALTH, "provider/x", "operator/hub"] {
        let answer = refused(hub.client(kind).get_referral(get()).await);
        assert_eq!(answer, (Code::PermissionDenied, "MASH-C002".into()), "{kind}");
    }
    let nobody = tonic::Request::new(wire::GetReferralRequest { name: name.clone() });
    assert_eq!(refused(hub.queue().get_referral(nobody).await).1, "MASH-C003");
    // The operator counts, and reads nothing.
    let count = wire::GetReferralConservationRequest {};
    let mut operator = hub.client("operator/hub");
    let count = operator.get_referral_conservation(tonic::Request::new(count)).await;
    assert_eq!(count.unwrap().into_inner().accepted, 1);
}

async fn what_is_not_for_a_hub_is_a_dead_letter(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let for_school = ItemReleased {
        recipient: Some(organisation(SCHOOL)),
        ..referral("c-1", POLICE, child("Carys", ""))
    };
    hub.release(&for_school).await;
    let broken =
        ItemReleased { content: vec![255; 3], ..referral("c-2", POLICE, child("Elin", "")) };
    hub.release(&broken).await;
    let for_desk = DisclosureReleased {
        disclosure_id: "d-1".into(),
        recipient: Some(organisation(BRIDGEND)),
        revision: 1,
        ..DisclosureReleased::default()
    };
    hub.publish(topics::DISCLOSED_SOCIAL_CARE, "desk", &for_desk).await;
    let enquiry = ItemReleased {
        kind: ItemKind::Enquiry.into(),
        ..referral("c-3", POLICE, child("Gwen", ""))
    };
    hub.release(&enquiry).await;
    let disagreement = ItemReleased {
        kind: ItemKind::Disagreement.into(),
        ..referral("c-4", POLICE, child("Gwen", ""))
    };
    hub.release(&disagreement).await;
    assert_eq!(hub.dead_letters("MASH-S032").await, 1);
    assert_eq!(hub.dead_letters("MASH-S030").await, 4);
    hub.referred("c-5", SCHOOL, child("Carys", "")).await;
    assert_eq!(hub.conservation().await.accepted, 1, "and the stream goes on");
}
