//! A statement in the words of the contract, and the month behind it.

use jiff::{Timestamp, civil::Date};
use mash_domain::{
    organisation::OrganisationId,
    statement::{Figures, IDS_LIMIT, Statement as Made},
};
use mash_proto::{
    convert::time_to_wire,
    sharing::v1::{
        Statement, StatementChange, StatementCount, StatementEscalation, StatementFigures,
        StatementLine, StatementMissing, StatementMorning,
    },
};
use prost::Message as _;

use super::days;
use crate::store::statements::Kept;

/// How many days the plot reaches back.
const PLOT_DAYS: i32 = 30;

/// The name of a statement.
pub(super) fn name(owner: &OrganisationId, day: Date) -> String {
    format!("statements/{owner}/{day}")
}

/// The statement as it is signed.
pub(super) fn statement(
    owner: &OrganisationId,
    day: Date,
    (since, until): (Option<Timestamp>, Timestamp),
    made: &Made,
    mut month: Vec<StatementMorning>,
) -> Statement {
    let total = figures(&made.total);
    month.push(morning(day, &total));
    Statement {
        name: name(owner, day),
        owner: Some(owner.into()),
        day: Some(day.into()),
        since_time: since.map(time_to_wire),
        until_time: Some(time_to_wire(until)),
        balanced: made.is_balanced(),
        total: Some(total),
        lines: lines(made),
        escalated: escalated(made),
        withheld: counts(&made.withheld),
        late: counts(&made.late),
        missing: missing(made),
        changed: changed(made),
        month,
    }
}

fn lines(made: &Made) -> Vec<StatementLine> {
    let line = |(counterpart, of): (&Option<OrganisationId>, &Figures)| StatementLine {
        counterpart: counterpart.as_ref().map(Into::into),
        figures: Some(figures(of)),
    };
    made.lines.iter().map(line).collect()
}

fn escalated(made: &Made) -> Vec<StatementEscalation> {
    let all = made.escalated.iter();
    all.map(|((authority, officer, reason), notices)| StatementEscalation {
        authority: authority.as_ref().map(Into::into),
        officer: officer.clone(),
        reason_code: reason.clone(),
        notices: *notices,
    })
    .collect()
}

fn counts(of: &std::collections::BTreeMap<String, i64>) -> Vec<StatementCount> {
    of.iter()
        .map(|(code, notices)| StatementCount { code: code.clone(), notices: *notices })
        .collect()
}

fn missing(made: &Made) -> Vec<StatementMissing> {
    let all = made.missing.iter();
    all.map(|(cause, ids)| StatementMissing {
        code: cause.word().to_owned(),
        notices: i64::try_from(ids.len()).unwrap_or(i64::MAX),
        ids: ids.iter().take(IDS_LIMIT).cloned().collect(),
    })
    .collect()
}

fn changed(made: &Made) -> Vec<StatementChange> {
    let all = made.changed.iter();
    all.map(|((from, to), notices)| StatementChange {
        from: from.word().to_owned(),
        to: to.word().to_owned(),
        notices: *notices,
    })
    .collect()
}

fn figures(of: &Figures) -> StatementFigures {
    let Figures {
        incidents,
        children,
        carried,
        arrived,
        returned,
        acknowledged,
        acknowledged_late,
        escalated,
        escalated_late,
        withheld,
        moved,
        waiting,
        missing,
    } = *of;
    StatementFigures {
        incidents,
        children,
        carried,
        arrived,
        returned,
        acknowledged,
        acknowledged_late,
        escalated,
        escalated_late,
        withheld,
        moved,
        waiting,
        missing,
    }
}

/// The mornings before this one, the earliest first, as their own statements have them.
pub(super) fn month(earlier: &[Kept], day: Date) -> Vec<StatementMorning> {
    let first = days(day, -PLOT_DAYS);
    let within = earlier.iter().rev().filter(|kept| kept.day >= first);
    let total = |kept: &Kept| {
        let record = Statement::decode(kept.signed.record.as_slice()).unwrap_or_default();
        morning(kept.day, &record.total.unwrap_or_default())
    };
    within.map(total).collect()
}

fn morning(day: Date, total: &StatementFigures) -> StatementMorning {
    StatementMorning {
        day: Some(day.into()),
        acknowledged: total.acknowledged - total.acknowledged_late,
        escalated: total.escalated - total.escalated_late,
        late: total.acknowledged_late + total.escalated_late,
        missing: total.missing,
    }
}
