//! Clocks of a hub's queue. They start at 10:00 on Thursday 19 November 2026, seven hub hours before the hub closes.

use mash_proto::{
    referral::v1::ReportKind,
    social_care::v1::{self as care, Grade, Outcome},
};
use mash_tests::hub::{FORCE, HUB, Hub, MANAGER, WORKER, by, id, until};

use super::{
    NEXT_WORKING_DAY, TEN,
    course::{Act, Course, Place, Times, Told},
    graded, read, told,
};

/// Whoever has the referral in hand.
const ALLOCATED: &str = "sw-2";

fn passes(rule: &'static str, name: String, times: Times) -> Course {
    let place = Place::Referral(HUB, name);
    let warning = told("clock-warning", rule, MANAGER);
    let course = Course::new(rule, place, times, ("hub-manager", MANAGER));
    course.passes(Some(&warning), &told("clock-breached", rule, MANAGER))
}

/// The hub says by itself that a report has arrived.
pub(crate) async fn acknowledge_referral_is_met_at_once(hub: &Hub) -> Course {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    hub.arrived(&name).await;
    let place = Place::Referral(HUB, name);
    let rule = "acknowledge-referral";
    let course = Course::new(rule, place, NEXT_WORKING_DAY, ("hub-manager", MANAGER));
    course.met(told("clock-breached", rule, MANAGER))
}

/// Two hub hours, of which seven are left today.
pub(crate) async fn grade_referral_passes_where_nobody_grades(hub: &Hub) -> Course {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    let times = Times { started: TEN, warned: "2026-11-19T11:30:00Z", due: "2026-11-19T12:00:00Z" };
    passes("grade-referral", name, times)
}

/// To the close of the hub on the next working day. Nothing else runs for Blue. The manager has it from then on.
pub(crate) async fn decide_referral_passes_and_is_met_late(hub: &Hub) -> Course {
    let name = graded(hub, Grade::Blue).await;
    let escalated = Told { code: "escalated", about: name.clone(), to: MANAGER };
    passes("decide-referral", name, NEXT_WORKING_DAY)
        .and_tells(escalated)
        .then_late("2026-11-23T09:30:00Z", Act::Decide(Outcome::Advice))
}

/// Four hours of the day or the night.
pub(crate) async fn triage_red_passes(hub: &Hub) -> Course {
    let times = Times { started: TEN, warned: "2026-11-19T13:00:00Z", due: "2026-11-19T14:00:00Z" };
    passes("triage-red", graded(hub, Grade::Red).await, times)
}

pub(crate) async fn triage_amber_passes(hub: &Hub) -> Course {
    let times = Times { started: TEN, warned: "2026-11-19T15:00:00Z", due: "2026-11-19T16:00:00Z" };
    passes("triage-amber", graded(hub, Grade::Amber).await, times)
}

/// Eight hub hours: seven today, and one from 09:00 tomorrow. By the sun they would be over at 18:00.
const GREEN: Times =
    Times { started: TEN, warned: "2026-11-19T16:00:00Z", due: "2026-11-20T10:00:00Z" };

pub(crate) async fn triage_green_passes_on_the_next_morning(hub: &Hub) -> Course {
    passes("triage-green", graded(hub, Grade::Green).await, GREEN)
}

pub(crate) async fn triage_green_is_met_by_a_decision_in_time(hub: &Hub) -> Course {
    let name = graded(hub, Grade::Green).await;
    hub.decide(&name, Outcome::Advice).await;
    let place = Place::Referral(HUB, name);
    let course = Course::new("triage-green", place, GREEN, ("hub-manager", MANAGER));
    course.met(told("clock-breached", "triage-green", MANAGER))
}

/// Police are asked and do not answer: whoever asked is told, for she has to decide without.
async fn asked(hub: &Hub, rule: &'static str, grade: Grade, times: Times) -> Course {
    let name = graded(hub, grade).await;
    hub.ask(&name, &[FORCE]).await;
    let course = Course::new(rule, Place::Enquiry(name), times, ("partner-contact", MANAGER));
    let overdue = Told { code: "enquiry-overdue", about: String::new(), to: MANAGER };
    course.passes(Some(&told("clock-warning", rule, MANAGER)), &overdue)
}

pub(crate) async fn enquiry_red_passes_unanswered(hub: &Hub) -> Course {
    let times = Times { started: TEN, warned: "2026-11-19T11:30:00Z", due: "2026-11-19T12:00:00Z" };
    asked(hub, "enquiry-red", Grade::Red, times).await
}

pub(crate) async fn enquiry_amber_passes_unanswered(hub: &Hub) -> Course {
    let times = Times { started: TEN, warned: "2026-11-19T13:00:00Z", due: "2026-11-19T14:00:00Z" };
    asked(hub, "enquiry-amber", Grade::Amber, times).await
}

pub(crate) async fn enquiry_green_passes_unanswered(hub: &Hub) -> Course {
    let times = Times { started: TEN, warned: "2026-11-19T15:00:00Z", due: "2026-11-19T16:00:00Z" };
    asked(hub, "enquiry-green", Grade::Green, times).await
}

/// The referral at this authority is graded, given to a worker, and assessed.
async fn assessed(hub: &Hub, authority: &'static str, name: String, times: Times) -> Course {
    let arrived = async || read::referral(hub, authority, &name).await?.referral;
    let revision = until("the referral", arrived).await.revision;
    let mut queue = hub.people.queue(authority).unwrap();
    let grade = care::GradeReferralRequest {
        request_id: id(),
        name: name.clone(),
        expected_revision: revision,
        grade: Grade::Green.into(),
        reason: String::new(),
    };
    let graded = queue.grade_referral(by(WORKER, grade)).await.unwrap().into_inner();
    let assign = care::AssignReferralRequest {
        request_id: id(),
        name: name.clone(),
        expected_revision: graded.referral.unwrap().revision,
        worker: ALLOCATED.to_owned(),
    };
    let assigned = queue.assign_referral(by(WORKER, assign)).await.unwrap().into_inner();
    let decide = care::DecideReferralRequest {
        request_id: id(),
        name: name.clone(),
        expected_revision: assigned.referral.unwrap().revision,
        outcome: Outcome::Assessment.into(),
        reason: "the threshold was weighed".to_owned(),
        what_would_change_it: "a second report".to_owned(),
        decide_with_gaps: true,
        ..care::DecideReferralRequest::default()
    };
    queue.decide_referral(by(WORKER, decide)).await.unwrap();
    let (rule, place) = ("assessment", Place::Referral(authority, name));
    let warning = told("clock-warning", rule, ALLOCATED);
    let course = Course::new(rule, place, times, ("allocated-worker", ALLOCATED));
    course.passes(Some(&warning), &told("clock-breached", rule, ALLOCATED))
}

/// 42 working days. November has 7 of them left, December 21 without Friday 25 and Monday 28, when Boxing Day is kept;
/// January has 14 until Thursday 21, without the first.
pub(crate) async fn assessment_in_wales_passes_after_42_working_days(hub: &Hub) -> Course {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    let times = Times { started: TEN, warned: "2027-01-07T17:00:00Z", due: "2027-01-21T17:00:00Z" };
    assessed(hub, HUB, name, times).await
}

/// Three more: Friday 22, Monday 25 and Tuesday 26 January.
pub(crate) async fn assessment_in_england_passes_after_45_working_days(hub: &Hub) -> Course {
    let name = hub.notify(super::of_bristol(hub, ReportKind::PoliceNotice)).await;
    let times = Times { started: TEN, warned: "2027-01-12T17:00:00Z", due: "2027-01-26T17:00:00Z" };
    assessed(hub, super::BRISTOL, name, times).await
}

async fn outside(hub: &Hub, rule: &'static str) -> Place {
    let name = graded(hub, Grade::Amber).await;
    let request = care::StartClockRequest {
        request_id: id(),
        referral: name.clone(),
        rule: rule.to_owned(),
        start_time: None,
    };
    hub.people.meetings(HUB).unwrap().start_clock(by(WORKER, request)).await.unwrap();
    Place::Referral(HUB, name)
}

/// Five working days from Friday 20 to Thursday 26 November.
pub(crate) async fn mechanism_decision_passes_after_five_working_days(hub: &Hub) -> Course {
    let rule = "mechanism-decision";
    let times = Times { started: TEN, warned: "2026-11-25T17:00:00Z", due: "2026-11-26T17:00:00Z" };
    let place = outside(hub, rule).await;
    let course = Course::new(rule, place, times, ("allocated-worker", WORKER));
    let warning = told("clock-warning", rule, WORKER);
    course.passes(Some(&warning), &told("clock-breached", rule, WORKER)).and_tells(told(
        "clock-breached",
        rule,
        MANAGER,
    ))
}

pub(crate) async fn designated_officer_passes_and_is_met_late(hub: &Hub) -> Course {
    let rule = "designated-officer";
    let Place::Referral(_, name) = outside(hub, rule).await else { panic!("a referral") };
    passes(rule, name, NEXT_WORKING_DAY).then_late("2026-11-23T09:30:00Z", Act::Meet)
}
