//! Clocks of meetings, disagreements and transfers.

use mash_proto::{
    convert::time_to_wire,
    police::v1 as police,
    social_care::v1::{self as care, Grade, Outcome},
};
use mash_tests::hub::{
    BOARD, FORCE, HUB, Hub, MANAGER, OFFICER, WORKER, by, id, organisation, refused, until,
};

use super::{
    NEXT_WORKING_DAY, TEN,
    course::{Course, Place, Times, instant},
    graded, read, told,
};

/// Who chairs.
const CHAIR: &str = "chair-1";
/// Who decides a disagreement at each stage: nobody does so twice.
const DECIDERS: [&str; 3] = ["team-manager-2", "head-of-service-3", "director-4"];
/// Where a family moves to.
const VALE: &str = "authority/673";

/// A clock that warns somebody. When its time has passed, she and the manager are told.
fn passes(
    (rule, breach): (&'static str, &'static str),
    place: Place,
    times: Times,
    (role, person): (&'static str, &'static str),
) -> Course {
    let course = Course::new(rule, place, times, (role, person));
    let course =
        course.passes(Some(&told("clock-warning", rule, person)), &told(breach, rule, person));
    if person == MANAGER { course } else { course.and_tells(told(breach, rule, MANAGER)) }
}

/// A day and a night from the decision; whoever decided has it until there is a chair.
pub(crate) async fn strategy_discussion_passes_after_24_hours(hub: &Hub) -> Course {
    let name = graded(hub, Grade::Red).await;
    hub.decide(&name, Outcome::StrategyDiscussion).await;
    let times = Times { started: TEN, warned: "2026-11-20T06:00:00Z", due: "2026-11-20T10:00:00Z" };
    let rule = ("strategy-discussion", "clock-breached");
    passes(rule, Place::Referral(HUB, name), times, ("chair", MANAGER))
}

async fn called(hub: &Hub) -> (String, care::Meeting) {
    let name = graded(hub, Grade::Red).await;
    hub.decide(&name, Outcome::StrategyDiscussion).await;
    let invite = |partner: &str| care::Invitee {
        partner: Some(organisation(partner)),
        kept_back_classes: Vec::new(),
    };
    let request = care::CallMeetingRequest {
        request_id: id(),
        referral: name.clone(),
        kind: care::MeetingKind::StrategyDiscussion.into(),
        time: Some(time_to_wire(instant("2026-11-19T16:00:00Z"))),
        place: "by telephone".to_owned(),
        chair: CHAIR.to_owned(),
        invitees: vec![invite(FORCE), invite(BOARD)],
    };
    let mut meetings = hub.people.meetings(HUB).unwrap();
    let called = meetings.call_meeting(by(WORKER, request)).await.unwrap().into_inner();
    (name, called.meeting.unwrap())
}

/// Four hub hours, and nobody who is invited answers.
pub(crate) async fn answer_invitation_passes_unanswered(hub: &Hub) -> Course {
    let (name, _) = called(hub).await;
    let times = Times { started: TEN, warned: "2026-11-19T13:00:00Z", due: "2026-11-19T14:00:00Z" };
    let rule = ("answer-invitation", "invitations-unanswered");
    passes(rule, Place::Meeting(name), times, ("chair", CHAIR))
}

/// A discussion that was held leads to an enquiry, and that to a conference. November has 7 working days left, so that the
/// fifteenth is the eighth of December: Thursday 10. Five working days before, the chair is warned.
const CONFERENCE: Times =
    Times { started: TEN, warned: "2026-12-03T17:00:00Z", due: "2026-12-10T17:00:00Z" };

async fn held(hub: &Hub) -> String {
    let (name, meeting) = called(hub).await;
    let request = care::RecordMeetingRequest {
        request_id: id(),
        name: meeting.name,
        expected_revision: meeting.revision,
        held_time: Some(time_to_wire(instant(TEN))),
        attended: vec![organisation(HUB), organisation(FORCE)],
        outcome: care::MeetingOutcome::Section47Joint.into(),
        reason: "the bruises are not explained".to_owned(),
        exception: None,
    };
    let mut meetings = hub.people.meetings(HUB).unwrap();
    meetings.record_meeting(by(WORKER, request)).await.unwrap();
    name
}

pub(crate) async fn initial_conference_passes_after_15_working_days(hub: &Hub) -> Course {
    let place = Place::Referral(HUB, held(hub).await);
    passes(("initial-conference", "clock-breached"), place, CONFERENCE, ("chair", CHAIR))
}

/// It stands still for one working day, and is due one working day later: Friday 11 December.
pub(crate) async fn initial_conference_stands_still_for_a_reason(hub: &Hub) -> Course {
    let name = held(hub).await;
    let pause = |reason: &str| care::PauseClockRequest {
        request_id: id(),
        subject: name.clone(),
        rule: "initial-conference".to_owned(),
        reason: reason.to_owned(),
    };
    let mut meetings = hub.people.meetings(HUB).unwrap();
    let silent = meetings.pause_clock(by(WORKER, pause(""))).await;
    assert!(refused(silent).starts_with("MASH-S"), "a pause has a reason");
    let reason = "the child is in hospital";
    let paused = meetings.pause_clock(by(WORKER, pause(reason))).await.unwrap().into_inner();
    assert_eq!(paused.clock.unwrap().pause_reason, reason);
    let (rule, place) = ("initial-conference", Place::Referral(HUB, name));
    let course = Course::new(rule, place, CONFERENCE, ("chair", CHAIR));
    course.stands_still("2026-11-20T10:00:00Z", ("2026-12-04T17:00:00Z", "2026-12-11T17:00:00Z"))
}

async fn offered(hub: &Hub, on_plan: bool) -> (String, String) {
    let name = graded(hub, Grade::Green).await;
    let request = care::TransferReferralRequest {
        request_id: id(),
        referral: name.clone(),
        to: Some(organisation(VALE)),
        on_plan,
        reason: "the family has moved to Barry".to_owned(),
    };
    let mut meetings = hub.people.meetings(HUB).unwrap();
    let answer = meetings.transfer_referral(by(WORKER, request)).await.unwrap().into_inner();
    (name, answer.transfer.unwrap().name)
}

/// The other authority has a working day, and does not answer.
pub(crate) async fn accept_transfer_passes_unanswered(hub: &Hub) -> Course {
    let (name, _) = offered(hub, false).await;
    let rule = ("accept-transfer", "clock-breached");
    passes(rule, Place::Transfer(name), NEXT_WORKING_DAY, ("hub-manager", MANAGER))
}

/// A child moves in who is on a plan: fifteen days, the weekends among them, for whoever has taken her in.
pub(crate) async fn transfer_in_conference_passes_after_15_days(hub: &Hub) -> Course {
    let (_, offer) = offered(hub, true).await;
    let theirs = until("the transfer at the other authority", async || {
        let request = care::ListTransfersRequest { page_size: 50, ..Default::default() };
        let mut other = hub.people.meetings(VALE).unwrap();
        let listed = other.list_transfers(by(WORKER, request)).await.ok()?.into_inner();
        listed.transfers.into_iter().find(|one| one.name == offer)
    })
    .await;
    let request = care::AcceptTransferRequest { request_id: id(), name: theirs.name };
    let mut other = hub.people.meetings(VALE).unwrap();
    other.accept_transfer(by(WORKER, request)).await.unwrap();
    let times = Times { started: TEN, warned: "2026-11-29T10:00:00Z", due: "2026-12-04T10:00:00Z" };
    let rule = "transfer-in-conference";
    let (warning, breach) =
        (told("clock-warning", rule, WORKER), told("clock-breached", rule, WORKER));
    let course =
        Course::new(rule, Place::Referral(VALE, theirs.referral), times, ("chair", WORKER));
    course.passes(Some(&warning), &breach)
}

/// Police disagree with a decision.
async fn disagreed(hub: &Hub) -> (String, care::Disagreement) {
    let name = graded(hub, Grade::Green).await;
    hub.decide(&name, Outcome::NoFurtherAction).await;
    hub.heard(&name, "decided").await;
    let request = police::RaiseDisagreementRequest {
        request_id: id(),
        subject: name.clone(),
        grounds: "The third notice in a month.".to_owned(),
        sought: "An assessment.".to_owned(),
        by: None,
    };
    let mut force = hub.people.protection(FORCE).unwrap();
    force.raise_disagreement(by(OFFICER, request)).await.unwrap();
    let found = until("the disagreement", async || read::disagreement(hub, &name).await).await;
    (name, found)
}

/// It climbs so many stages, each with a manager who decides.
async fn climbed(hub: &Hub, stages: usize) -> Place {
    let (name, mut disagreement) = disagreed(hub).await;
    let mut meetings = hub.people.meetings(HUB).unwrap();
    for decider in DECIDERS.into_iter().take(stages) {
        let request = care::RecordDisagreementStepRequest {
            request_id: id(),
            name: disagreement.name.clone(),
            expected_revision: disagreement.revision,
            escalate: true,
            reason: "no agreement yet".to_owned(),
            decider: decider.to_owned(),
            decider_organisation: None,
        };
        let answer = meetings.record_disagreement_step(by(WORKER, request)).await.unwrap();
        disagreement = answer.into_inner().disagreement.unwrap();
    }
    Place::Disagreement(name)
}

/// Two working days: to Monday 23 November.
const TWO_DAYS: Times =
    Times { started: TEN, warned: "2026-11-23T13:00:00Z", due: "2026-11-23T17:00:00Z" };

/// Five working days. Nobody is named yet: the manager is warned.
pub(crate) async fn disagreement_practitioners_passes_after_five_working_days(hub: &Hub) -> Course {
    let times = Times { started: TEN, warned: "2026-11-25T17:00:00Z", due: "2026-11-26T17:00:00Z" };
    let rule = ("disagreement-practitioners", "clock-breached");
    passes(rule, climbed(hub, 0).await, times, ("decider", MANAGER))
}

pub(crate) async fn disagreement_first_line_passes_after_two_working_days(hub: &Hub) -> Course {
    let rule = ("disagreement-first-line", "clock-breached");
    passes(rule, climbed(hub, 1).await, TWO_DAYS, ("decider", DECIDERS[0]))
}

pub(crate) async fn disagreement_senior_passes_after_two_working_days(hub: &Hub) -> Course {
    let rule = ("disagreement-senior", "clock-breached");
    passes(rule, climbed(hub, 2).await, TWO_DAYS, ("decider", DECIDERS[1]))
}

pub(crate) async fn disagreement_director_passes_after_two_working_days(hub: &Hub) -> Course {
    let rule = ("disagreement-director", "clock-breached");
    passes(rule, climbed(hub, 3).await, TWO_DAYS, ("decider", DECIDERS[2]))
}
