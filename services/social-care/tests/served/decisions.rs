//! Decisions: every outcome, snapshots, feedback and its end, steps, samples.

use mash_proto::{
    disclosure::v1::Reply,
    referral::v1::{ItemKind, ItemReleased, ReportKind},
    social_care::v1 as wire,
    r#type::v1::Answer,
};
use mash_store::Dialect;

use crate::support::{BRIDGEND, HEALTH, Hub, POLICE, SCHOOL, by, child, id, referral, refused};

on_both!(
    p08_a_snapshot_holds_what_was_known_asked_refused_and_withheld,
    p08_red_with_gaps_is_decided_only_by_saying_so,
    p20_every_outcome_is_told_with_its_reason_and_what_would_change_it,
    early_help_needs_consent_and_stops_at_a_refusal,
    feedback_ends_acknowledged_escalated_or_withheld,
    a_referral_of_the_hub_itself_is_told_by_telephone,
    a_step_up_and_a_step_down_are_decisions_of_their_own,
    p25_a_sample_is_the_same_for_the_same_seed,
    p09_three_greens_in_three_months_are_no_green,
);

async fn p08_a_snapshot_holds_what_was_known_asked_refused_and_withheld(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    hub.referred("c-0", POLICE, child("Carys", "9990000018")).await;
    hub.grade(&name, wire::Grade::Amber, "").await.unwrap();
    let asked = hub.ask(&name, &[POLICE, HEALTH, SCHOOL]).await.unwrap().enquiries;
    hub.answer(&asked[0], Reply::default(), "police").await;
    let refusal = Reply {
        refusal_code: "legal-advice".into(),
        refusal_reason: "counsel is asked".into(),
        nothing_known: false,
    };
    hub.answer(&asked[1], refusal, "health").await;
    let found = hub.until("c-1", |found| found.referral.as_ref().unwrap().unanswered == 1).await;
    assert!(found.gaps.contains(&"refused:health-board/7A5".to_owned()));
    assert!(found.gaps.contains(&"unanswered:school/6722301".to_owned()));
    hub.until_prompt("enquiry-refused").await;
    let decided = hub.decide(hub.decision(&name, wire::Outcome::Section47).await).await.unwrap();
    let request = wire::GetSnapshotRequest { name: decided.snapshot };
    let frozen = hub.queue().get_snapshot(by("auditor", request)).await.unwrap().into_inner();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &frozen.content);
    assert_eq!(frozen.digest, digest.as_ref());
    let decision = &decided.referral.unwrap().decisions[0];
    assert_eq!(decision.snapshot_digest, frozen.digest);
    assert!(decision.with_gaps);
    let snapshot = frozen.snapshot.unwrap();
    assert_eq!(snapshot.known.len(), 3, "the report, the answer and the refusal");
    assert!(snapshot.known.iter().all(|item| item.content.is_some() && item.revision == 1));
    assert_eq!(snapshot.withheld_classes, [13]);
    assert_eq!(snapshot.unanswered.len(), 1);
    assert!(snapshot.unanswered[0].ask_time.is_some());
    assert_eq!(snapshot.refused[0].refusal_reason, "counsel is asked");
    assert_eq!((snapshot.answered.len(), snapshot.grades.len(), snapshot.history.len()), (1, 1, 1));
}

async fn p08_red_with_gaps_is_decided_only_by_saying_so(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    let graded = hub.grade(&name, wire::Grade::Red, "").await.unwrap();
    assert_eq!(graded.gaps, ["withheld:F13", "voice-of-child"], "shown before grading");
    hub.ask(&name, &[POLICE]).await.unwrap();
    let request = hub.decision(&name, wire::Outcome::StrategyDiscussion).await;
    assert_eq!(refused(hub.decide(request.clone()).await).1, "MASH-S012");
    let knowing = wire::DecideReferralRequest { decide_with_gaps: true, ..request };
    let decided = hub.decide(knowing).await.unwrap().referral.unwrap();
    assert!(decided.decisions[0].with_gaps);
}

async fn p20_every_outcome_is_told_with_its_reason_and_what_would_change_it(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let outcomes = [
        (wire::Outcome::StrategyDiscussion, "strategy-discussion"),
        (wire::Outcome::Section47, "section-47"),
        (wire::Outcome::Assessment, "assessment"),
        (wire::Outcome::Advice, "advice"),
        (wire::Outcome::OtherAgency, "other-agency"),
        (wire::Outcome::NoFurtherAction, "no-further-action"),
    ];
    for (place, (outcome, word)) in outcomes.into_iter().enumerate() {
        let case = format!("c-{place}");
        let name = hub.referred(&case, SCHOOL, child(&format!("Child{place}"), "")).await;
        hub.grade(&name, wire::Grade::Amber, "").await.unwrap();
        hub.decide(hub.decision(&name, outcome).await).await.unwrap();
        let sent = hub.sent(ItemKind::Feedback, 2 * (place + 1)).await;
        let told = sent.into_iter().rfind(|item| item.case_id == case).unwrap();
        assert_eq!(told.flow, "feedback");
        let feedback = told.content.unwrap().feedback.unwrap();
        assert_eq!((feedback.stage.as_str(), feedback.outcome.as_str()), ("decided", word));
        assert_eq!(feedback.reason, "the threshold is met");
        assert_eq!(feedback.what_would_change_it, "a full explanation");
        assert_eq!(feedback.next_step, "keep in touch");
    }
    let count = hub.conservation().await;
    assert_eq!((count.accepted, count.decided, count.feedback_pending), (6, 6, 6));
}

async fn early_help_needs_consent_and_stops_at_a_refusal(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let release = ItemReleased {
        report_kind: ReportKind::EarlyHelp.into(),
        harm_suspected: Answer::No.into(),
        ..referral("c-1", SCHOOL, child("Carys", ""))
    };
    hub.release(&release).await;
    hub.until("c-1", |_| true).await;
    let name = "referrals/c-1";
    hub.grade(name, wire::Grade::Green, "").await.unwrap();
    let help = hub.decision(name, wire::Outcome::EarlyHelp).await;
    assert_eq!(refused(hub.decide(help).await).1, "MASH-S009");
    let consent = |answer: wire::HelpConsent, revision| wire::RecordHelpConsentRequest {
        request_id: id(),
        name: name.to_owned(),
        expected_revision: revision,
        answer: answer.into(),
        of: "mother".into(),
        covers: "family support".into(),
    };
    let no = consent(wire::HelpConsent::Refused, hub.revision(name).await);
    hub.queue().record_help_consent(by("worker-1", no)).await.unwrap();
    assert_eq!(refused(hub.ask(name, &[POLICE]).await).1, "MASH-S010");
    let help = hub.decision(name, wire::Outcome::EarlyHelp).await;
    assert_eq!(refused(hub.decide(help).await).1, "MASH-S010");
    // The family changes its mind.
    let yes = consent(wire::HelpConsent::Given, hub.revision(name).await);
    hub.queue().record_help_consent(by("worker-1", yes)).await.unwrap();
    hub.decide(hub.decision(name, wire::Outcome::EarlyHelp).await).await.unwrap();
    let sent = hub.sent(ItemKind::Feedback, 2).await;
    let feedback = sent[1].content.clone().unwrap().feedback.unwrap();
    assert_eq!(feedback.outcome, "early-help");
}

async fn feedback_ends_acknowledged_escalated_or_withheld(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    for case in ["c-1", "c-2", "c-3", "c-4"] {
        let name = hub.referred(case, SCHOOL, child(case, "")).await;
        hub.grade(&name, wire::Grade::Green, "").await.unwrap();
        hub.decide(hub.decision(&name, wire::Outcome::Advice).await).await.unwrap();
    }
    let sent = hub.sent(ItemKind::Feedback, 8).await;
    let of = |case: &str, stage: &str| {
        let fits = |item: &&mash_proto::referral::v1::ItemSubmitted| {
            let feedback = item.content.as_ref().unwrap().feedback.as_ref().unwrap();
            item.case_id == case && feedback.stage == stage
        };
        sent.iter().find(fits).unwrap().clone()
    };
    hub.acknowledged(&of("c-1", "received")).await;
    hub.acknowledged(&of("c-1", "decided")).await;
    hub.not_delivered(&of("c-2", "decided"), "not-acknowledged-in-time").await;
    hub.not_delivered(&of("c-3", "decided"), "withheld").await;
    let state = |found: &wire::GetReferralResponse| found.referral.as_ref().unwrap().feedback();
    for (case, end) in [
        ("c-1", wire::FeedbackState::Acknowledged),
        ("c-2", wire::FeedbackState::Escalated),
        ("c-3", wire::FeedbackState::Withheld),
    ] {
        let found = hub.until(case, |found| state(found) == end).await.referral.unwrap();
        assert!(found.state() == wire::ReferralState::Informed, "{case}");
    }
    let prompt = hub.until_prompt("telephone-referrer").await;
    assert_eq!((prompt.referral.as_str(), prompt.to.as_str()), ("referrals/c-2", "duty-manager"));
    // A receipt that comes afterwards changes nothing: the first end wins.
    hub.acknowledged(&of("c-2", "decided")).await;
    hub.referred("c-5", SCHOOL, child("c-5", "")).await;
    let count = hub.conservation().await;
    assert_eq!(
        (count.accepted, count.decided, count.open, count.withdrawn),
        (5, 4, 1, 0),
        "accepted = decided + open + withdrawn"
    );
    assert_eq!(
        (
            count.feedback_acknowledged,
            count.feedback_escalated,
            count.feedback_withheld,
            count.feedback_pending
        ),
        (1, 1, 1, 1)
    );
    let close = wire::CloseReferralRequest {
        request_id: id(),
        name: "referrals/c-1".into(),
        expected_revision: hub.revision("referrals/c-1").await,
    };
    let closed = hub.queue().close_referral(by("worker-1", close)).await.unwrap().into_inner();
    assert!(closed.referral.unwrap().state() == wire::ReferralState::Closed);
    let pending = wire::CloseReferralRequest {
        request_id: id(),
        name: "referrals/c-4".into(),
        expected_revision: hub.revision("referrals/c-4").await,
    };
    let answer = refused(hub.queue().close_referral(by("worker-1", pending)).await);
    assert_eq!(answer.1, "MASH-S003", "the referrer does not know yet");
}

async fn a_referral_of_the_hub_itself_is_told_by_telephone(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", BRIDGEND, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Green, "").await.unwrap();
    let decided = hub.decide(hub.decision(&name, wire::Outcome::Advice).await).await.unwrap();
    let referral = decided.referral.unwrap();
    assert!(referral.feedback() == wire::FeedbackState::Escalated);
    assert!(referral.state() == wire::ReferralState::Informed);
    hub.until_prompt("telephone-referrer").await;
    hub.referred("c-2", SCHOOL, child("Elin", "")).await;
    assert_eq!(hub.stages(1).await, ["received"], "nothing goes to the hub itself");
}

async fn a_step_up_and_a_step_down_are_decisions_of_their_own(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Green, "").await.unwrap();
    hub.decide(hub.decision(&name, wire::Outcome::Assessment).await).await.unwrap();
    let step = |direction: wire::StepDirection, outcome: wire::Outcome, expected_revision| {
        wire::StepReferralRequest {
            request_id: id(),
            name: name.clone(),
            expected_revision,
            direction: direction.into(),
            outcome: outcome.into(),
            reason: "more is known".into(),
            what_would_change_it: "the plan".into(),
            next_step: String::new(),
        }
    };
    let wrong = step(wire::StepDirection::Up, wire::Outcome::Advice, hub.revision(&name).await);
    let answer = refused(hub.queue().step_referral(by("worker-1", wrong)).await);
    assert_eq!(answer.1, "MASH-S011");
    let up = step(wire::StepDirection::Up, wire::Outcome::Section47, hub.revision(&name).await);
    let done = hub.queue().step_referral(by("worker-1", up)).await.unwrap().into_inner();
    assert!(done.snapshot.ends_with("/snapshots/2"));
    let down = step(wire::StepDirection::Down, wire::Outcome::Advice, hub.revision(&name).await);
    let done = hub.queue().step_referral(by("worker-1", down)).await.unwrap().into_inner();
    let decisions = done.referral.unwrap().decisions;
    assert_eq!(decisions.len(), 3);
    assert!(decisions.iter().all(|decision| !decision.snapshot_digest.is_empty()));
    assert_eq!(hub.stages(4).await.len(), 4);
}

async fn p25_a_sample_is_the_same_for_the_same_seed(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    for number in 0..6 {
        let case = format!("c-{number}");
        let name = hub.referred(&case, SCHOOL, child(&case, "")).await;
        hub.grade(&name, wire::Grade::Green, "").await.unwrap();
        hub.decide(hub.decision(&name, wire::Outcome::Advice).await).await.unwrap();
    }
    let draw = async |seed: i64| {
        let request = wire::SampleDecisionsRequest { seed, size: 3, ..Default::default() };
        let drawn = hub.queue().sample_decisions(by("auditor", request)).await.unwrap();
        let drawn = drawn.into_inner();
        let names: Vec<String> =
            drawn.snapshots.into_iter().map(|one| one.snapshot.unwrap().name).collect();
        (drawn.population, names)
    };
    let first = draw(7).await;
    assert_eq!((first.0, first.1.len()), (6, 3));
    assert_eq!(draw(7).await, first);
    let mut others = Vec::new();
    for seed in 8..16 {
        others.push(draw(seed).await);
    }
    assert!(others.iter().any(|other| *other != first));
}

async fn p09_three_greens_in_three_months_are_no_green(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.at("2026-06-01T10:00:00Z");
    let old = hub.referred("c-0", SCHOOL, child("Carys", "9990000018")).await;
    hub.grade(&old, wire::Grade::Green, "").await.unwrap();
    for (case, at) in [("c-1", "2026-09-21T10:00:00Z"), ("c-2", "2026-10-21T10:00:00Z")] {
        hub.at(at);
        let name = hub.referred(case, SCHOOL, child("Carys", "9990000018")).await;
        hub.grade(&name, wire::Grade::Green, "").await.unwrap();
    }
    assert!(hub.prompts("three-greens").await.is_empty(), "one lies too far back");
    hub.at("2026-11-18T10:00:00Z");
    let name = hub.referred("c-3", POLICE, child("Carys", "9990000018")).await;
    hub.grade(&name, wire::Grade::Green, "").await.unwrap();
    assert_eq!(hub.prompts("three-greens").await[0].referral, name);
}
