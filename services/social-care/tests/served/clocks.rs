//! Clocks: warned and breached once each, over restarts and replicas.

use mash_chassis::CaseSecret;
use mash_proto::{referral::v1::ClockState, social_care::v1 as wire};
use mash_social_care::SocialCare;
use mash_store::Dialect;

use crate::support::{Hub, SCHOOL, by, child, id};

on_both!(
    a_decision_clock_warns_then_goes_to_the_named_manager_once,
    a_grade_starts_its_clock_and_another_grade_another_one,
    the_queue_is_ordered_by_what_is_due_and_pages,
    a_referral_that_cannot_be_read_stops_no_other_clock,
);

async fn manager(hub: &Hub) {
    let request =
        wire::SetHubRequest { request_id: id(), duty_manager: "manager-9".into(), contact: None };
    hub.queue().set_hub(by("head", request)).await.unwrap();
}

async fn a_decision_clock_warns_then_goes_to_the_named_manager_once(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    manager(&hub).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Blue, "").await.unwrap();
    hub.at("2026-11-19T14:00:00Z");
    hub.care.tick().await.unwrap();
    hub.care.tick().await.unwrap();
    let warned = hub.prompts("clock-warning").await;
    assert!(
        warned.iter().any(|one| one.subject.starts_with("decide-referral")),
        "{}",
        warned.len()
    );
    assert!(warned.iter().all(|one| one.to == "manager-9"));
    hub.at("2026-11-19T17:00:00Z");
    // Two replicas and a restart look at the same time.
    let secret = || CaseSecret::new(&[7; 32]).unwrap();
    let timed = || std::sync::Arc::new(hub.clock.clone());
    let other =
        SocialCare::start(hub.store.clone(), hub.bus.clone(), timed(), secret()).await.unwrap();
    let (one, two) = tokio::join!(hub.care.tick(), other.tick());
    one.unwrap();
    two.unwrap();
    let restarted =
        SocialCare::start(hub.store.clone(), hub.bus.clone(), timed(), secret()).await.unwrap();
    restarted.tick().await.unwrap();
    let breached = hub.prompts("clock-breached").await;
    let of_decision =
        breached.iter().filter(|one| one.subject.starts_with("decide-referral")).count();
    assert_eq!(of_decision, 1);
    let found = hub.until("c-1", |_| true).await.referral.unwrap();
    assert_eq!(found.escalated_to, "manager-9");
    assert!(found.overdue);
    let receipts = hub.receipts(3).await;
    let escalated: Vec<_> = receipts.iter().filter(|one| one.starts_with("ESCALATED")).collect();
    assert_eq!(escalated, ["ESCALATED manager-9 not-decided-in-time"]);
    assert_eq!(hub.conservation().await.overdue, 1);
    // Decided late, and shown as late.
    hub.decide(hub.decision(&name, wire::Outcome::Advice).await).await.unwrap();
    let found = hub.until("c-1", |_| true).await.referral.unwrap();
    let decide = found.clocks.iter().find(|clock| clock.rule == "decide-referral").unwrap();
    assert!(decide.state() == ClockState::MetLate);
}

async fn a_grade_starts_its_clock_and_another_grade_another_one(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    let amber = hub.grade(&name, wire::Grade::Amber, "").await.unwrap().referral.unwrap();
    let state = |referral: &wire::Referral, rule: &str| {
        referral.clocks.iter().find(|clock| clock.rule == rule).map(|clock| clock.state())
    };
    assert!(state(&amber, "triage-amber") == Some(ClockState::Running));
    assert!(state(&amber, "grade-referral") == Some(ClockState::Met));
    hub.at("2026-11-18T11:00:00Z");
    let red = hub.grade(&name, wire::Grade::Red, "an injury").await.unwrap().referral.unwrap();
    assert!(state(&red, "triage-amber") == Some(ClockState::Cancelled));
    let clock = red.clocks.iter().find(|clock| clock.rule == "triage-red").unwrap();
    // It counts from the arrival.
    let due = "2026-11-18T14:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
    assert_eq!(clock.due_time.as_ref().unwrap().seconds, due);
    assert_eq!(red.due_time.unwrap().seconds, due);
}

async fn the_queue_is_ordered_by_what_is_due_and_pages(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    for number in 0..5 {
        hub.at(&format!("2026-11-18T10:0{number}:00Z"));
        hub.referred(&format!("c-{number}"), SCHOOL, child(&format!("Child{number}"), "")).await;
    }
    let name = "referrals/c-4";
    hub.grade(name, wire::Grade::Red, "").await.unwrap();
    let assign = wire::AssignReferralRequest {
        request_id: id(),
        name: name.to_owned(),
        expected_revision: hub.revision(name).await,
        worker: "worker-2".into(),
    };
    hub.queue().assign_referral(by("manager", assign)).await.unwrap();
    let list = async |request: wire::ListReferralsRequest| {
        let answer = hub.queue().list_referrals(by("worker-1", request)).await.unwrap();
        let answer = answer.into_inner();
        let names: Vec<String> = answer
            .referrals
            .iter()
            .map(|one| one.name.trim_start_matches("referrals/").to_owned())
            .collect();
        (names, answer.next_page_token)
    };
    let base = wire::ListReferralsRequest { page_size: 2, ..Default::default() };
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = list(wire::ListReferralsRequest { page_token: token, ..base.clone() }).await;
        all.extend(page.0);
        if page.1.is_empty() {
            break;
        }
        token = page.1;
    }
    // Ungraded ones are due to be graded within two hours; red has four.
    assert_eq!(all, ["c-0", "c-1", "c-2", "c-3", "c-4"]);
    let only = |change: fn(&mut wire::ListReferralsRequest)| {
        let mut request = wire::ListReferralsRequest::default();
        change(&mut request);
        request
    };
    assert_eq!(list(only(|it| it.worker = "worker-2".into())).await.0, ["c-4"]);
    assert_eq!(list(only(|it| it.worker = "-".into())).await.0.len(), 4);
    assert_eq!(list(only(|it| it.grade = 1)).await.0, ["c-4"]);
    let received = wire::ReferralState::Received.into();
    let request = wire::ListReferralsRequest { states: vec![received], ..Default::default() };
    assert_eq!(list(request).await.0.len(), 4);
    hub.at("2026-11-18T12:01:30Z");
    assert_eq!(list(only(|it| it.overdue_only = true)).await.0, ["c-0", "c-1"]);
    let summary = hub.queue().queue_summary(by("manager", wire::QueueSummaryRequest {})).await;
    let summary = summary.unwrap().into_inner();
    assert_eq!((summary.open, summary.overdue), (5, 2));
    assert_eq!(summary.workers.len(), 2);
}

/// Whatever says something about one referral.
async fn about(hub: &Hub, code: &str, case: &str) -> Vec<String> {
    let prompts = hub.prompts(code).await.into_iter();
    let of_case = prompts.filter(|one| one.referral == format!("referrals/{case}"));
    of_case.map(|one| one.to).collect()
}

async fn a_referral_that_cannot_be_read_stops_no_other_clock(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    manager(&hub).await;
    hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.at("2026-11-18T10:00:01Z");
    hub.referred("c-2", SCHOOL, child("Cerys", "")).await;
    let damage = "UPDATE social_care_clocks SET content = '?' || content WHERE referral = $1";
    hub.change(damage, "672/c-1").await;
    hub.at("2026-11-19T17:00:00Z");
    for _ in 0..2 {
        hub.care.tick().await.unwrap();
    }
    assert!(!about(&hub, "clock-breached", "c-2").await.is_empty(), "the other one goes on");
    assert_eq!(about(&hub, "clock-breached", "c-1").await, Vec::<String>::new());
    assert_eq!(about(&hub, "unreadable", "c-1").await, ["manager-9"], "told once, to a person");
    assert_eq!(about(&hub, "unreadable", "c-2").await, Vec::<String>::new());
    let mend = "UPDATE social_care_clocks SET content = substr(content, 2) WHERE referral = $1";
    hub.change(mend, "672/c-1").await;
    hub.at("2026-11-19T17:05:00Z");
    hub.care.tick().await.unwrap();
    assert!(!about(&hub, "clock-breached", "c-1").await.is_empty(), "mended, it rings, if late");
}
