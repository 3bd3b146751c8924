//! A statement as a table for programs. Its columns and words are the same in both languages, and stay as they are.

use mash_domain::organisation::OrganisationId;
use mash_proto::{
    sharing::v1::{SignedRecord, Statement, StatementFigures},
    r#type::v1::{Date, Organisation},
};
use prost::Message as _;

use super::{StatementFault, organisation, record};
use crate::pages::view;

/// The columns.
const COLUMNS: [&str; 6] = ["statement", "section", "counterpart", "code", "measure", "value"];

/// The table.
///
/// # Errors
///
/// [`StatementFault`].
pub fn statement_csv(signed: &SignedRecord) -> Result<String, StatementFault> {
    let made = Statement::decode(signed.record.as_slice()).map_err(|_| StatementFault::Record)?;
    let mut rows = Rows { name: made.name.clone(), rows: Vec::new() };
    let owner = id(made.owner.as_ref());
    rows.add("statement", "", "", "owner", &owner);
    rows.add("statement", "", "", "day", &day(made.day.as_ref()));
    rows.add("statement", "", "", "since", &time(made.since_time.as_ref()));
    rows.add("statement", "", "", "until", &time(made.until_time.as_ref()));
    rows.add("statement", "", "", "balanced", &made.balanced.to_string());
    rows.figures("total", "", &made.total.unwrap_or_default());
    for line in &made.lines {
        let other = id(line.counterpart.as_ref());
        rows.figures("line", &other, &line.figures.unwrap_or_default());
    }
    for to in &made.escalated {
        let (other, number) = (id(to.authority.as_ref()), to.notices.to_string());
        let measure = if to.officer.is_empty() { "desk" } else { &to.officer };
        rows.add("escalated", &other, &to.reason_code, measure, &number);
    }
    for (section, counts) in [("withheld", &made.withheld), ("late", &made.late)] {
        for count in counts {
            rows.add(section, "", &count.code, "notices", &count.notices.to_string());
        }
    }
    for missing in &made.missing {
        rows.add("missing", "", &missing.code, "notices", &missing.notices.to_string());
        for id in &missing.ids {
            rows.add("missing", "", &missing.code, "id", id);
        }
    }
    for change in &made.changed {
        let code = format!("{} {}", change.from, change.to);
        rows.add("changed", "", &code, "notices", &change.notices.to_string());
    }
    for morning in &made.month {
        let day = day(morning.day.as_ref());
        for (measure, count) in [
            ("acknowledged", morning.acknowledged),
            ("escalated", morning.escalated),
            ("late", morning.late),
            ("missing", morning.missing),
        ] {
            rows.add("month", "", &day, measure, &count.to_string());
        }
    }
    rows.add("signed", "", "", "record", &record(signed));
    written(&COLUMNS, &rows.rows)
}

/// A table in which no cell is a formula.
pub(super) fn written(columns: &[&str], rows: &[Vec<String>]) -> Result<String, StatementFault> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut done = table.write_record(columns);
    for row in rows {
        done = done.and_then(|()| table.write_record(row.iter().map(|cell| guarded(cell))));
    }
    done.map_err(|_| StatementFault::Write)?;
    let bytes = table.into_inner().map_err(|_| StatementFault::Write)?;
    String::from_utf8(bytes).map_err(|_| StatementFault::Write)
}

/// A cell that no spreadsheet takes for a formula. A number below nothing is none.
fn guarded(value: &str) -> String {
    if value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{value}")
    } else {
        value.to_owned()
    }
}

struct Rows {
    name: String,
    rows: Vec<Vec<String>>,
}

impl Rows {
    fn add(&mut self, section: &str, other: &str, code: &str, measure: &str, value: &str) {
        let cells = [&self.name, section, other, code, measure, value];
        self.rows.push(cells.into_iter().map(str::to_owned).collect());
    }

    fn figures(&mut self, section: &str, other: &str, of: &StatementFigures) {
        for (measure, count) in [
            ("incidents", of.incidents),
            ("children", of.children),
            ("carried", of.carried),
            ("arrived", of.arrived),
            ("returned", of.returned),
            ("acknowledged", of.acknowledged),
            ("acknowledged-late", of.acknowledged_late),
            ("escalated", of.escalated),
            ("escalated-late", of.escalated_late),
            ("withheld", of.withheld),
            ("moved", of.moved),
            ("waiting", of.waiting),
            ("missing", of.missing),
        ] {
            self.add(section, other, "", measure, &count.to_string());
        }
    }
}

pub(super) fn id(of: Option<&Organisation>) -> String {
    organisation(of).as_ref().map(OrganisationId::to_string).unwrap_or_default()
}

fn day(of: Option<&Date>) -> String {
    of.and_then(view::civil).map(|day| day.to_string()).unwrap_or_default()
}

fn time(of: Option<&prost_types::Timestamp>) -> String {
    view::instant(of).map(|at| at.to_string()).unwrap_or_default()
}
