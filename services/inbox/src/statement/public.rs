//! Public figures, as a page and as a table. Every total is made of what is shown.

use askama::Template;
use mash_domain::statement::public::{Shown, total};
use mash_policy::Language;
use mash_proto::sharing::v1::{PublicCell, PublicFigures, PublicLine, SignedRecord};
use prost::Message as _;

use super::{
    CSS, StatementFault, facts_of,
    names::name,
    organisation, record,
    table::{id, written},
};
use crate::{
    pages::{Fact, view},
    texts::Texts,
};

/// The columns of the table.
const COLUMNS: [&str; 7] =
    ["figures", "force", "authority", "acknowledged", "acknowledged_late", "escalated", "withheld"];

struct Line {
    force: String,
    authority: String,
    cells: Vec<String>,
}

#[derive(Template)]
#[template(path = "public_file.html")]
struct File {
    t: Texts,
    css: &'static str,
    lead: String,
    columns: Vec<String>,
    lines: Vec<Line>,
    totals: Vec<String>,
    signed: Vec<Fact>,
    record: String,
}

/// A page that stands alone.
///
/// # Errors
///
/// [`StatementFault`].
pub fn public_html(signed: &SignedRecord, language: Language) -> Result<String, StatementFault> {
    let t = Texts(language);
    let figures =
        PublicFigures::decode(signed.record.as_slice()).map_err(|_| StatementFault::Record)?;
    let month = figures.month.as_ref().and_then(view::civil).ok_or(StatementFault::Record)?;
    let month = format!("{} {}", t.say(&format!("month-{}", month.month())), month.year());
    let keys =
        ["public-acknowledged", "public-acknowledged-late", "public-escalated", "public-withheld"];
    let file = File {
        t,
        css: CSS,
        lead: t.arg("public-lead", "month", month),
        columns: keys.into_iter().map(|key| t.say(key)).collect(),
        lines: figures.lines.iter().map(|of| line(t, of)).collect(),
        totals: totals(t, &figures.lines),
        signed: facts_of(t, &figures.name, signed),
        record: record(signed),
    };
    file.render().map_err(|_| StatementFault::Write)
}

/// The table: a number that is not shown is `<5`.
///
/// # Errors
///
/// [`StatementFault`].
pub fn public_csv(signed: &SignedRecord) -> Result<String, StatementFault> {
    let figures =
        PublicFigures::decode(signed.record.as_slice()).map_err(|_| StatementFault::Record)?;
    let row = |of: &PublicLine| {
        let mut row = vec![figures.name.clone(), id(of.force.as_ref()), id(of.authority.as_ref())];
        row.extend(cells(of).map(|cell| match cell {
            Shown::FewerThanFive => "<5".to_owned(),
            Shown::About(about) => about.to_string(),
        }));
        row
    };
    let mut rows: Vec<Vec<String>> = figures.lines.iter().map(row).collect();
    let mut last = vec![figures.name.clone()];
    last.extend(["signed", "", "", "", ""].map(str::to_owned));
    last.push(record(signed));
    rows.push(last);
    written(&COLUMNS, &rows)
}

fn cells(of: &PublicLine) -> [Shown; 4] {
    let PublicLine { acknowledged, acknowledged_late, escalated, withheld, .. } = of;
    [acknowledged, acknowledged_late, escalated, withheld].map(|cell| {
        let PublicCell { rounded, fewer_than_five } = cell.unwrap_or_default();
        if fewer_than_five { Shown::FewerThanFive } else { Shown::About(rounded) }
    })
}

fn line(t: Texts, of: &PublicLine) -> Line {
    let named = |of: Option<&mash_proto::r#type::v1::Organisation>| {
        organisation(of).map_or_else(|| t.say("statement-nobody"), |it| name(t, &it))
    };
    let cell = |cell: Shown| match cell {
        Shown::FewerThanFive => t.say("public-fewer"),
        Shown::About(about) => about.to_string(),
    };
    Line {
        force: named(of.force.as_ref()),
        authority: named(of.authority.as_ref()),
        cells: cells(of).map(cell).into(),
    }
}

fn totals(t: Texts, lines: &[PublicLine]) -> Vec<String> {
    let column = |at: usize| {
        let of = total(lines.iter().filter_map(|line| cells(line).get(at).copied()));
        let about = of.about.to_string();
        if of.not_shown == 0 {
            return about;
        }
        t.counted("public-not-shown", of.not_shown, &[("about", &about)])
    };
    (0..4).map(column).collect()
}
