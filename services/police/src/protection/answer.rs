//! What police tell a hub that asks.

use mash_domain::referral::report::Report;
use mash_partner::{Answer, PartnerError};
use mash_proto::{
    convert::referral::{content_of, facts_of},
    disclosure::v1::{Content, Narrative},
    police::v1 as wire,
    referral::v1 as common,
};

use super::read::Faults;

/// Reads an answer. What it tells is held against the same limits as a report.
pub(super) fn answer(
    answer: Option<wire::PoliceAnswer>,
    now: jiff::Timestamp,
) -> Result<Answer, PartnerError> {
    let wire::PoliceAnswer {
        nothing_known,
        history,
        concerns,
        offences,
        suspects,
        risk_grade,
        intelligence,
        sexual_offence_detail,
        live_investigation,
        actions,
        by,
    } = answer.unwrap_or_default();
    let mut faults = Faults::of("answer");
    let by = by.unwrap_or_default();
    if history.chars().count() > 8_000 {
        faults.add("history", "MASH-T103", "longer than 8000 characters");
    }
    let told = !concerns.is_empty();
    let report = common::Report {
        urgency: common::Urgency::Routine.into(),
        // Who it is about was asked, and is not told back.
        child: Some(common::Subject {
            given_names: "as asked".into(),
            ..common::Subject::default()
        }),
        concerns: if told { concerns } else { vec![placeholder()] },
        referrer: Some(common::Referrer { role: "police".into(), ..common::Referrer::default() }),
        offences,
        suspects,
        sender_grade: risk_grade,
        intelligence,
        sexual_offence_detail,
        live_investigation,
        actions,
        ..common::Report::default()
    };
    let report = faults.report(Some(report), common::ReportKind::PoliceNotice, now);
    let answer = report.map(|report| {
        let facts = facts_of(&report, mash_domain::incident::rules::day_of(now));
        Answer { content: content(&report, &history, told), facts, nothing_known, by }
    });
    faults.finish(answer)
}

fn placeholder() -> common::Concern {
    let evidence = mash_proto::disclosure::v1::EvidenceClass::Fact.into();
    common::Concern { what: "none".into(), evidence, ..common::Concern::default() }
}

fn content(report: &Report, history: &str, told: bool) -> Content {
    let all = content_of(report);
    let narrative = all.narrative.unwrap_or_default();
    let concerns = if told { narrative.concerns } else { Vec::new() };
    let said = told || !history.trim().is_empty();
    let narrative = said.then(|| Narrative {
        circumstances: history.trim().to_owned(),
        concerns,
        ..Narrative::default()
    });
    Content {
        narrative,
        risk_grade: all.risk_grade,
        suspects: all.suspects,
        offences: all.offences,
        sexual_offence_detail: all.sexual_offence_detail,
        intelligence: all.intelligence,
        actions: all.actions,
        ..Content::default()
    }
}
