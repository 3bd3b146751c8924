//! What clocks do when their time comes: each is started first, then the day goes on.

use std::{sync::Mutex, time::Duration};

use mash_proto::{
    police::v1 as police,
    referral::v1::{ClockState, ReportKind, SentReferral},
    social_care::v1::{self as care, Grade, Outcome},
};
use mash_tests::hub::{FORCE, HUB, Hub, MANAGER, OFFICER, WORKER, by, id, organisation, until};

/// Less than a call waits by itself, so that the failure tells of the clock.
const PATIENCE: Duration = Duration::from_secs(30);

async fn graded(hub: &Hub, grade: Grade) -> String {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    hub.grade(&name, grade).await;
    name
}

async fn reaches(hub: &Hub, name: &str, rule: &str, state: ClockState) {
    let stood = Mutex::new(String::new());
    let at = |found: &care::GetReferralResponse| {
        let clocks = found.referral.as_ref().map(|it| it.clocks.as_slice()).unwrap_or_default();
        let states =
            clocks.iter().map(|clock| format!("{}: {}", clock.rule, clock.state().as_str_name()));
        *stood.lock().unwrap() = states.collect::<Vec<_>>().join(", ");
        clocks.iter().any(|clock| clock.rule == rule && clock.state() == state)
    };
    let found = tokio::time::timeout(PATIENCE, hub.until(name, at)).await;
    let state = state.as_str_name();
    assert!(found.is_ok(), "{rule} is not {state}; {}", stood.lock().unwrap());
}

async fn is_told(hub: &Hub, name: &str, code: &str, rule: &str) {
    for prompt in hub.prompts(name, code).await {
        if prompt.subject.starts_with(rule) {
            assert!(!prompt.to.is_empty(), "{rule}: a named person");
            return;
        }
    }
    panic!("{rule} of {name}: nobody was told by a {code}");
}

/// From 10:00 on Thursday 19 November 2026.
pub(crate) async fn every_clock_warns_and_breaches_once(hub: &Hub) {
    // Nobody grades this one.
    let ungraded = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    hub.arrived(&ungraded).await;
    let red = graded(hub, Grade::Red).await;
    let amber = graded(hub, Grade::Amber).await;
    let green = graded(hub, Grade::Green).await;
    let blue = graded(hub, Grade::Blue).await;
    let asked = graded(hub, Grade::Amber).await;
    hub.ask(&asked, &[FORCE]).await;
    let discussed = graded(hub, Grade::Red).await;
    hub.decide(&discussed, Outcome::StrategyDiscussion).await;
    let in_time = graded(hub, Grade::Green).await;
    hub.decide(&in_time, Outcome::Advice).await;
    let unread = graded(hub, Grade::Green).await;
    hub.decide(&unread, Outcome::Advice).await;
    hub.heard(&unread, "decided").await;
    let offered = graded(hub, Grade::Green).await;
    offer(hub, &offered).await;
    let protection = police_protection(hub).await;
    let missing = back_from_missing(hub).await;
    let telephoned = telephoned(hub).await;

    reaches(hub, &in_time, "triage-green", ClockState::Met).await;
    reaches(hub, &red, "triage-red", ClockState::Running).await;

    hub.at("2026-11-19T11:40:00Z");
    is_told(hub, &ungraded, "clock-warning", "grade-referral").await;
    hub.at("2026-11-19T12:05:00Z");
    is_told(hub, &ungraded, "clock-breached", "grade-referral").await;
    hub.at("2026-11-19T13:30:00Z");
    is_told(hub, &red, "clock-warning", "triage-red").await;
    hub.at("2026-11-19T14:05:00Z");
    reaches(hub, &red, "triage-red", ClockState::Breached).await;
    is_told(hub, &asked, "enquiry-overdue", "").await;
    hub.at("2026-11-19T16:05:00Z");
    reaches(hub, &amber, "triage-amber", ClockState::Breached).await;
    // Green counts the hub's hours: seven of them today, one tomorrow. By the sun its eight hours are over at 18:00.
    hub.at("2026-11-19T18:05:00Z");
    reaches(hub, &green, "triage-green", ClockState::Warned).await;
    hub.at("2026-11-20T10:05:00Z");
    reaches(hub, &green, "triage-green", ClockState::Breached).await;
    reaches(hub, &discussed, "strategy-discussion", ClockState::Breached).await;
    // A working day is the next one, to its close.
    reaches(hub, &blue, "decide-referral", ClockState::Running).await;
    hub.at("2026-11-20T15:05:00Z");
    reaches(hub, &blue, "decide-referral", ClockState::Warned).await;
    hub.at("2026-11-20T17:05:00Z");
    reaches(hub, &blue, "decide-referral", ClockState::Breached).await;
    let with_manager = |found: &care::GetReferralResponse| {
        found.referral.as_ref().is_some_and(|it| it.overdue && it.escalated_to == MANAGER)
    };
    hub.until(&blue, with_manager).await;
    transfer_is_overdue(hub, &offered).await;
    hub.decide(&blue, Outcome::Advice).await;
    reaches(hub, &blue, "decide-referral", ClockState::MetLate).await;
    let (rule, prompt) = ("written-confirmation", "confirm-in-writing");
    force_sees(hub, &telephoned, rule, prompt, "2026-11-20T17:10:00Z").await;
    force_sees(hub, &missing, "return-interview", "offer-interview", "2026-11-22T10:10:00Z").await;
    force_sees(hub, &protection, "police-protection", "", "2026-11-22T10:15:00Z").await;
}

async fn offer(hub: &Hub, name: &str) {
    let request = care::TransferReferralRequest {
        request_id: id(),
        referral: name.to_owned(),
        to: Some(organisation("authority/673")),
        on_plan: false,
        reason: "the family has moved to Barry".to_owned(),
    };
    hub.people.meetings(HUB).unwrap().transfer_referral(by(WORKER, request)).await.unwrap();
}

/// The other authority had a working day to answer, and has not.
async fn transfer_is_overdue(hub: &Hub, name: &str) {
    let breached = |transfer: &care::Transfer| {
        let mut clocks = transfer.clocks.iter();
        clocks.any(|it| it.rule == "accept-transfer" && it.state() == ClockState::Breached)
    };
    until("the transfer's clock", async || {
        let request = care::ListTransfersRequest { page_size: 50, ..Default::default() };
        let mut meetings = hub.people.meetings(HUB).unwrap();
        let listed = meetings.list_transfers(by(WORKER, request)).await.ok()?.into_inner();
        listed.transfers.into_iter().find(|one| one.referral == name).filter(breached)
    })
    .await;
}

fn at_ten() -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: 1_795_082_400, nanos: 0 })
}

async fn police_protection(hub: &Hub) -> String {
    let request = police::RecordPoliceProtectionRequest {
        request_id: id(),
        protection: Some(police::PoliceProtection {
            reference: hub.reference(),
            report: Some(hub.report(ReportKind::PoliceProtection)),
            take_time: at_ten(),
            ..police::PoliceProtection::default()
        }),
        expected_revision: 0,
    };
    let mut force = hub.people.protection(FORCE).unwrap();
    let answer = force.record_police_protection(by(OFFICER, request)).await.unwrap();
    answer.into_inner().referral.unwrap().name
}

async fn back_from_missing(hub: &Hub) -> String {
    let request = police::RecordMissingEpisodeRequest {
        request_id: id(),
        episode: Some(police::MissingEpisode {
            reference: hub.reference(),
            report: Some(hub.report(ReportKind::Missing)),
            report_time: Some(prost_types::Timestamp { seconds: 1_795_050_000, nanos: 0 }),
            return_time: at_ten(),
            screened: mash_proto::r#type::v1::Answer::Yes.into(),
            ..police::MissingEpisode::default()
        }),
        expected_revision: 0,
    };
    let mut force = hub.people.protection(FORCE).unwrap();
    let answer = force.record_missing_episode(by(OFFICER, request)).await.unwrap();
    answer.into_inner().referral.unwrap().name
}

/// A report by telephone is to be confirmed in writing within a working day.
async fn telephoned(hub: &Hub) -> String {
    let mut report = hub.report(ReportKind::PoliceNotice);
    report.telephoned = Some(mash_proto::referral::v1::Telephoned {
        time: at_ten(),
        taken_by: "duty desk".to_owned(),
        to_be_confirmed: true,
    });
    let name = hub.notify(report).await;
    hub.sent(&name, |sent| running(sent, "written-confirmation")).await;
    name
}

fn running(sent: &SentReferral, rule: &str) -> bool {
    sent.clocks.iter().any(|clock| clock.rule == rule && clock.state() == ClockState::Running)
}

/// Three days, through a weekend: these run on.
async fn force_sees(hub: &Hub, name: &str, rule: &str, prompt: &str, at: &str) {
    let breached = |sent: &SentReferral| {
        sent.clocks.iter().any(|it| it.rule == rule && it.state() == ClockState::Breached)
    };
    let asked =
        |sent: &SentReferral| prompt.is_empty() || sent.prompts.iter().any(|it| it == prompt);
    hub.at(at);
    hub.sent(name, |sent| breached(sent) && asked(sent)).await;
}
