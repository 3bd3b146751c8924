//! Every clock, in two phases. While the hub's clock stands at 10:00 on Thursday 19 November 2026, each scenario starts one
//! by the services' own calls, and what is on the wire is held against instants that were counted by hand. Then time goes
//! on, once for all of them: each is seen just before its warning, warned, just before its time, and past it.
//!
//! London keeps winter time from 25 October 2026 to 28 March 2027, so that instants here are the hours of the wall. The
//! change itself is in [`over_the_change_of_the_hour`], and of hours and hub hours in the tests of
//! `mash_domain::clock` (`both_changes_of_the_clock_leave_hours_and_hub_hours_right`).

pub(crate) mod course;
pub(crate) mod health;
pub(crate) mod meetings;
pub(crate) mod play;
pub(crate) mod police;
pub(crate) mod queue;
pub(crate) mod read;

use std::{collections::BTreeSet, future::Future, pin::Pin, sync::Arc};

use mash_domain::clock::ClockRules;
use mash_proto::{
    referral::v1::{Report, ReportKind},
    social_care::v1::Grade,
};
use mash_tests::hub::Hub;

use self::{
    course::{Course, Times, Told},
    play::{Named, play, rules},
};

/// Starts a clock.
pub(crate) type Start =
    (&'static str, fn(Arc<Hub>) -> Pin<Box<dyn Future<Output = Course> + Send>>);

/// Limits that no call of a service starts, each with the reason.
const NOT_STARTED_BY_A_SERVICE: [(&str, &str); 0] = [];

/// When the clocks start.
const TEN: &str = "2026-11-19T10:00:00Z";
/// One working day after Thursday 19 November, to the close of the hub; four hours before somebody is warned.
const NEXT_WORKING_DAY: Times =
    Times { started: TEN, warned: "2026-11-20T13:00:00Z", due: "2026-11-20T17:00:00Z" };
/// Over the weekend the hub is down when the clock of a return interview is to be warned of.
const DOWN: &str = "2026-11-21T10:00:00Z";
/// An authority under the law of England.
const BRISTOL: &str = "authority/801";

async fn graded(hub: &Hub, grade: Grade) -> String {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    hub.grade(&name, grade).await;
    name
}

/// A report of a child who lives across the border.
fn of_bristol(hub: &Hub, kind: ReportKind) -> Report {
    let mut report = hub.report(kind);
    "801".clone_into(&mut report.place_authority_code);
    if let Some(address) = report.child.as_mut().and_then(|child| child.address.as_mut()) {
        "801".clone_into(&mut address.authority_code);
    }
    report
}

/// A prompt about a clock of this rule.
fn told(code: &'static str, rule: &str, to: &'static str) -> Told {
    Told { code, about: rule.to_owned(), to }
}

/// Starts every clock, side by side.
pub(crate) async fn begin(hub: &Arc<Hub>, starts: &[Start]) -> (Vec<Named>, Vec<String>) {
    let mut starting = Vec::new();
    for (name, start) in starts.iter().copied() {
        let hub = Arc::clone(hub);
        let begun = async move {
            let course = start(Arc::clone(&hub)).await;
            let begun = course.has_begun(&hub).await;
            (course, begun)
        };
        starting.push((name, tokio::spawn(begun)));
    }
    let (mut clocks, mut failed) = (Vec::new(), Vec::new());
    for (name, begun) in starting {
        match begun.await {
            Ok((course, Ok(()))) => clocks.push((name, course)),
            Ok((_, Err(words))) => failed.push(format!("{name}: {words}")),
            Err(error) => failed.push(format!("{name}: {}", super::super::words_of(error))),
        }
    }
    (clocks, failed)
}

/// Lets time go on.
pub(crate) async fn time_goes_on(hub: &mut Hub, clocks: &[Named]) -> Vec<String> {
    let mut failed = play(hub, clocks, DOWN).await;
    failed.extend(over_the_change_of_the_hour(hub).await);
    failed
}

/// On Saturday 27 March 2027 a child is taken into police protection, and another is reported by telephone. The clocks go
/// forward on Sunday. Hours are hours: 72 of them end at 11:00. Monday is Easter Monday, so that the next working day is
/// Tuesday, when the hub closes at 17:00 by the wall.
async fn over_the_change_of_the_hour(hub: &mut Hub) -> Vec<String> {
    let started = "2027-03-27T10:00:00Z";
    hub.at(started);
    let times = Times { started, warned: "2027-03-29T22:00:00Z", due: "2027-03-30T10:00:00Z" };
    let taken = police::protected(hub, times).await;
    let times = Times { started, warned: "2027-03-30T12:00:00Z", due: "2027-03-30T16:00:00Z" };
    let telephoned = police::telephoned(hub, hub.report(ReportKind::PoliceNotice), times).await;
    let clocks = [
        ("police_protection_over_the_change_of_the_hour", taken),
        ("written_confirmation_over_the_change_of_the_hour", telephoned),
    ];
    for (name, course) in &clocks {
        if let Err(words) = course.has_begun(hub).await {
            return vec![format!("{name}: {words}")];
        }
    }
    play(hub, &clocks, "2027-03-29T22:00:00Z").await
}

/// A limit without a scenario is a fault, and so is an exception that is none.
pub(crate) fn every_limit_has_a_scenario(clocks: &[Named]) -> Vec<String> {
    let excepted: BTreeSet<&str> = NOT_STARTED_BY_A_SERVICE.iter().map(|(rule, _)| *rule).collect();
    let shown = rules(clocks);
    let known: BTreeSet<&str> = ClockRules::builtin().iter().map(|rule| rule.id.as_str()).collect();
    let mut faults = Vec::new();
    for rule in &known {
        match (shown.contains(rule), excepted.contains(rule)) {
            (true, false) | (false, true) => (),
            (false, false) => faults.push(format!("the limit {rule} has no scenario")),
            (true, true) => faults.push(format!("the limit {rule} has a scenario: no exception")),
        }
    }
    let unknown = shown.union(&excepted).filter(|rule| !known.contains(*rule));
    faults.extend(unknown.map(|rule| format!("there is no limit {rule}")));
    faults
}
