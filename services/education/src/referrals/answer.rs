//! What a school tells a hub that asks: attendance first.

use mash_domain::referral::report::Report;
use mash_partner::{Answer, PartnerError};
use mash_proto::{
    convert::{
        Violation,
        referral::{content_of, facts_of, report_from_wire},
    },
    disclosure::v1::{Attendance, Content, Household, Narrative},
    education::v1 as wire,
    referral::v1 as common,
};

use super::{DATE, LONG, fault_at};

/// Reads an answer. What it tells is held against the same limits as a report.
pub(super) fn answer(
    answer: Option<wire::SchoolAnswer>,
    now: jiff::Timestamp,
) -> Result<Answer, PartnerError> {
    let wire::SchoolAnswer {
        nothing_known,
        attendance,
        presentation,
        concerns,
        voice,
        household,
        actions,
        by,
    } = answer.unwrap_or_default();
    let mut faults = Vec::new();
    if presentation.chars().count() > 4_000 {
        faults.push(fault_at("answer.presentation", LONG, "longer than 4000 characters"));
    }
    if let Some(attendance) = &attendance {
        check(attendance, &mut faults);
    }
    let told = Told { concerns: !concerns.is_empty(), household: !household.is_empty() };
    let evidence = mash_proto::disclosure::v1::EvidenceClass::Fact.into();
    let nothing = common::Concern { what: "none".into(), evidence, ..common::Concern::default() };
    let report = common::Report {
        kind: common::ReportKind::School.into(),
        urgency: common::Urgency::Routine.into(),
        // Who it is about was asked, and is not told back.
        child: Some(common::Subject {
            given_names: "as asked".into(),
            ..common::Subject::default()
        }),
        concerns: if told.concerns { concerns } else { vec![nothing] },
        referrer: Some(common::Referrer { role: "school".into(), ..common::Referrer::default() }),
        voice,
        household,
        actions,
        ..common::Report::default()
    };
    let report = match report_from_wire(report, now) {
        Ok(report) => report,
        Err(violations) => {
            let below = |one: Violation| Violation {
                field: one.field.replacen("report", "answer", 1),
                ..one
            };
            faults.extend(violations.into_iter().map(below));
            return Err(PartnerError::Invalid(faults));
        }
    };
    if !faults.is_empty() {
        return Err(PartnerError::Invalid(faults));
    }
    let facts = facts_of(&report, mash_domain::incident::rules::day_of(now));
    let content = content(&report, (attendance, presentation), &told);
    Ok(Answer { content, facts, nothing_known, by: by.unwrap_or_default() })
}

/// What was told at all.
struct Told {
    concerns: bool,
    household: bool,
}

fn check(attendance: &Attendance, faults: &mut Vec<Violation>) {
    let numbers = [
        attendance.sessions_possible,
        attendance.sessions_attended,
        attendance.sessions_unauthorised,
    ];
    let [possible, attended, unauthorised] = numbers.map(i64::from);
    if numbers.iter().any(|number| *number < 0) || attended + unauthorised > possible {
        let what = "sessions attended and missed without leave are not more than were possible";
        faults.push(fault_at("answer.attendance", LONG, what));
    }
    if attendance.pattern.chars().count() > 1_000 {
        faults.push(fault_at("answer.attendance.pattern", LONG, "longer than 1000 characters"));
    }
    let days = [attendance.first_date, attendance.last_date, attendance.last_seen_date];
    let days = days.map(|date| date.map(jiff::civil::Date::try_from));
    if days.iter().flatten().any(Result::is_err) {
        faults.push(fault_at("answer.attendance", DATE, "holds a day that does not exist"));
    }
    if let [Some(Ok(first)), Some(Ok(last)), _] = days
        && last < first
    {
        faults.push(fault_at("answer.attendance.last_date", DATE, "is before the first day"));
    }
}

fn content(
    report: &Report,
    (attendance, presentation): (Option<Attendance>, String),
    told: &Told,
) -> Content {
    let all = content_of(report);
    let concerns = all.narrative.map(|narrative| narrative.concerns).unwrap_or_default();
    let concerns = if told.concerns { concerns } else { Vec::new() };
    let said = told.concerns || attendance.is_some() || !presentation.trim().is_empty();
    let narrative = said.then(|| Narrative {
        circumstances: presentation.trim().to_owned(),
        concerns,
        attendance,
        ..Narrative::default()
    });
    let people = all.household.map(|household| household.people).unwrap_or_default();
    let household = told.household.then(|| Household { people, ..Household::default() });
    Content { narrative, voice: all.voice, household, actions: all.actions, ..Content::default() }
}
