//! Clocks of whoever refers: they run at the force.

use mash_proto::{
    convert::time_to_wire,
    police::v1 as police,
    referral::v1::{Report, ReportKind, Telephoned},
};
use mash_tests::hub::{FORCE, Hub, OFFICER, by, id};

use super::{
    NEXT_WORKING_DAY, TEN,
    course::{Course, Place, Times, Told, instant},
};

/// A prompt of the force about this referral.
fn prompt(code: &'static str, name: &str) -> Told {
    Told { code, about: name.to_owned(), to: OFFICER }
}

/// The officer is asked once, at the warning, and it stays until she has seen to it.
fn passes(rule: &'static str, name: String, times: Times, code: &'static str) -> Course {
    let told = prompt(code, &name);
    let role = if rule == "written-confirmation" { "referrer" } else { "officer" };
    let course = Course::new(rule, Place::Force(name), times, (role, OFFICER));
    course.passes(Some(&told), &told)
}

/// A child of whom nobody knows which authority answers.
fn of_nowhere(hub: &Hub, kind: ReportKind) -> Report {
    let mut report = hub.report(kind);
    report.place_authority_code.clear();
    if let Some(child) = report.child.as_mut() {
        child.address = None;
    }
    report
}

/// Seven working days from Friday 20 to Monday 30 November.
const CHASE: Times =
    Times { started: TEN, warned: "2026-11-27T17:00:00Z", due: "2026-11-30T17:00:00Z" };

pub(crate) async fn chase_acknowledgement_is_met_by_the_hub(hub: &Hub) -> Course {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    let chase = prompt("chase", &name);
    let place = Place::Force(name);
    Course::new("chase-acknowledgement", place, CHASE, ("referrer", OFFICER)).met(chase)
}

/// Nobody has to contact a hub again before the time for it has come: there is no prompt at the warning.
pub(crate) async fn chase_acknowledgement_passes_where_nobody_answers(hub: &Hub) -> Course {
    let name = hub.notify(of_nowhere(hub, ReportKind::PoliceNotice)).await;
    let chase = prompt("chase", &name);
    let place = Place::Force(name);
    let course = Course::new("chase-acknowledgement", place, CHASE, ("referrer", OFFICER));
    course.passes(None, &chase)
}

/// A report by telephone is to be confirmed in writing.
pub(crate) async fn telephoned(hub: &Hub, mut report: Report, times: Times) -> Course {
    report.telephoned = Some(Telephoned {
        time: Some(time_to_wire(instant(times.started))),
        taken_by: "duty desk".to_owned(),
        to_be_confirmed: true,
    });
    let name = hub.notify(report).await;
    passes("written-confirmation", name, times, "confirm-in-writing")
}

pub(crate) async fn written_confirmation_in_wales_passes_on_the_next_working_day(
    hub: &Hub,
) -> Course {
    telephoned(hub, hub.report(ReportKind::PoliceNotice), NEXT_WORKING_DAY).await
}

/// 24 hours, through the night.
pub(crate) async fn written_confirmation_in_england_passes_after_24_hours(hub: &Hub) -> Course {
    let times = Times { started: TEN, warned: "2026-11-20T06:00:00Z", due: "2026-11-20T10:00:00Z" };
    telephoned(hub, super::of_bristol(hub, ReportKind::PoliceNotice), times).await
}

/// A child is taken into police protection.
pub(crate) async fn protected(hub: &Hub, times: Times) -> Course {
    let request = police::RecordPoliceProtectionRequest {
        request_id: id(),
        protection: Some(police::PoliceProtection {
            reference: hub.reference(),
            report: Some(hub.report(ReportKind::PoliceProtection)),
            take_time: Some(time_to_wire(instant(times.started))),
            ..police::PoliceProtection::default()
        }),
        expected_revision: 0,
    };
    let mut force = hub.people.protection(FORCE).unwrap();
    let answer = force.record_police_protection(by(OFFICER, request)).await.unwrap();
    let name = answer.into_inner().referral.unwrap().name;
    passes("police-protection", name, times, "protection-ending")
}

/// 72 hours, through the weekend.
pub(crate) async fn police_protection_passes_on_the_third_day(hub: &Hub) -> Course {
    let times = Times { started: TEN, warned: "2026-11-21T22:00:00Z", due: "2026-11-22T10:00:00Z" };
    protected(hub, times).await
}

pub(crate) async fn return_interview_passes_on_the_third_day(hub: &Hub) -> Course {
    let request = police::RecordMissingEpisodeRequest {
        request_id: id(),
        episode: Some(police::MissingEpisode {
            reference: hub.reference(),
            report: Some(hub.report(ReportKind::Missing)),
            report_time: Some(time_to_wire(instant("2026-11-19T01:00:00Z"))),
            return_time: Some(time_to_wire(instant(TEN))),
            screened: mash_proto::r#type::v1::Answer::Yes.into(),
            ..police::MissingEpisode::default()
        }),
        expected_revision: 0,
    };
    let mut force = hub.people.protection(FORCE).unwrap();
    let answer = force.record_missing_episode(by(OFFICER, request)).await.unwrap();
    let name = answer.into_inner().referral.unwrap().name;
    let times = Times { started: TEN, warned: "2026-11-21T10:00:00Z", due: "2026-11-22T10:00:00Z" };
    passes("return-interview", name, times, "offer-interview")
}

/// An hour from detention.
async fn detained(hub: &Hub, report: Report) -> (Course, Told) {
    let request = police::RecordCustodyRequest {
        request_id: id(),
        custody: Some(police::CustodyRecord {
            reference: hub.reference(),
            report: Some(report),
            detain_time: Some(time_to_wire(instant(TEN))),
            suite: "Bridgend".to_owned(),
            ..police::CustodyRecord::default()
        }),
        expected_revision: 0,
    };
    let mut force = hub.people.protection(FORCE).unwrap();
    let answer = force.record_custody(by(OFFICER, request)).await.unwrap();
    let name = answer.into_inner().referral.unwrap().name;
    let times = Times { started: TEN, warned: "2026-11-19T10:45:00Z", due: "2026-11-19T11:00:00Z" };
    let told = prompt("custody-not-told", &name);
    let role = ("custody-officer", OFFICER);
    (Course::new("custody-referral", Place::Force(name), times, role), told)
}

pub(crate) async fn custody_referral_is_met_by_the_hub(hub: &Hub) -> Course {
    let (course, told) = detained(hub, hub.report(ReportKind::Custody)).await;
    course.met(told)
}

pub(crate) async fn custody_referral_passes_where_nobody_answers(hub: &Hub) -> Course {
    let (course, told) = detained(hub, of_nowhere(hub, ReportKind::Custody)).await;
    course.passes(Some(&told), &told)
}
