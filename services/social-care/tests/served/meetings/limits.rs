//! Limits that a worker pauses, or starts for something outside of the hub.

use super::*;

on_both!(
    a_paused_clock_keeps_what_is_left_over_a_restart_and_a_change_of_the_clock,
    limits_outside_of_the_hub_are_started_and_met,
);

async fn a_paused_clock_keeps_what_is_left_over_a_restart_and_a_change_of_the_clock(
    dialect: Dialect,
) {
    let hub = Hub::start(dialect).await;
    // Friday before the clocks go forward.
    hub.at("2027-03-26T16:00:00Z");
    let name = decided(&hub).await;
    let rule = || "strategy-discussion".to_owned();
    let mut client = hub.meetings(BRIDGEND);
    let pause = |reason: &str| wire::PauseClockRequest {
        request_id: id(),
        subject: name.clone(),
        rule: rule(),
        reason: reason.into(),
    };
    assert_eq!(
        refused(client.pause_clock(by("worker-1", pause(""))).await).0,
        Code::InvalidArgument
    );
    hub.at("2027-03-27T10:00:00Z");
    let reason = "the family is in hospital";
    let paused = client.pause_clock(by("worker-1", pause(reason))).await.unwrap().into_inner();
    let paused = paused.clock.unwrap();
    same!((paused.state(), paused.pause_reason.as_str()), (ClockState::Paused, reason));
    let again = client.pause_clock(by("worker-1", pause(reason))).await;
    assert_eq!(refused(again).1, "MASH-S080");
    // It would have been due on Saturday at 16:00; a service that restarts says nothing of it.
    hub.at("2027-03-28T20:00:00Z");
    let restarted = SocialCare::start(
        hub.store.clone(),
        hub.bus.clone(),
        std::sync::Arc::new(hub.clock.clone()),
        CaseSecret::new(&[7; 32]).unwrap(),
    )
    .await
    .unwrap();
    restarted.tick().await.unwrap();
    let of_it = |prompts: Vec<wire::Prompt>| {
        prompts.into_iter().filter(|one| one.subject.starts_with("strategy")).count()
    };
    assert_eq!(of_it(hub.prompts("clock-breached").await), 0);
    let resume = wire::ResumeClockRequest { request_id: id(), subject: name.clone(), rule: rule() };
    let resumed = client.resume_clock(by("worker-1", resume)).await.unwrap().into_inner();
    // 18 of 24 hours had gone by: six are left.
    assert_eq!(resumed.clock.unwrap().due_time, at("2027-03-29T02:00:00Z"));
    hub.at("2027-03-29T01:59:59Z");
    restarted.tick().await.unwrap();
    assert_eq!(of_it(hub.prompts("clock-breached").await), 0);
    hub.at("2027-03-29T02:00:00Z");
    restarted.tick().await.unwrap();
    assert!(of_it(hub.prompts("clock-breached").await) > 0);
}

async fn limits_outside_of_the_hub_are_started_and_met(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    hub.grade(&name, wire::Grade::Amber, "").await.unwrap();
    hub.decide(hub.decision(&name, wire::Outcome::Assessment).await).await.unwrap();
    let mut client = hub.meetings(BRIDGEND);
    let start = |rule: &str| wire::StartClockRequest {
        request_id: id(),
        referral: name.clone(),
        rule: rule.into(),
        start_time: None,
    };
    let meet = |rule: &str| wire::MeetClockRequest {
        request_id: id(),
        referral: name.clone(),
        rule: rule.into(),
    };
    for (rule, due, warns) in [
        ("mechanism-decision", "2026-11-25T17:00:00Z", "worker-1"),
        ("designated-officer", "2026-11-19T17:00:00Z", "duty-manager"),
    ] {
        let started = client.start_clock(by("worker-1", start(rule))).await.unwrap().into_inner();
        let clock = started.clock.unwrap();
        assert_eq!((clock.due_time, clock.warns.as_str()), (at(due), warns), "{rule}");
        hub.at("2026-11-19T16:00:00Z");
        let met = client.meet_clock(by("worker-1", meet(rule))).await.unwrap().into_inner();
        same!(met.clock.unwrap().state(), ClockState::Met, "{rule}");
        hub.at("2026-11-18T10:00:00Z");
    }
    let refusal = client.start_clock(by("worker-1", start("assessment"))).await;
    assert_eq!(refused(refusal).0, Code::InvalidArgument);
    // Forty-two working days in Wales, since the referral arrived.
    hub.at("2027-01-20T16:59:00Z");
    let met = client.meet_clock(by("worker-1", meet("assessment"))).await.unwrap().into_inner();
    let met = met.clock.unwrap();
    assert_eq!(met.due_time, at("2027-01-20T17:00:00Z"));
    same!(met.state(), ClockState::Met);
}
