//! A statement as people read it: as a part of a page, as a file of its own, and as a table for programs.
//!
//! Everything is made from the record that was signed and from nothing else, so that whoever verifies a file can make it
//! again and compare: `record` in a file is what `extract` takes out of it.

mod names;
mod plot;
mod public;
mod table;
#[cfg(test)]
mod tests;

use askama::Template;
use aws_lc_rs::digest;
use mash_domain::organisation::{OrganisationId, OrganisationKind};
use mash_policy::Language;
use mash_proto::{
    sharing::v1::{SignedRecord, Statement, StatementFigures, StatementLine, StatementMissing},
    r#type::v1::Organisation,
};
use prost::Message as _;

use self::plot::Plot;
use crate::{
    dates,
    pages::{Fact, Facts, view},
    texts::Texts,
};

pub(crate) use self::names::name;
pub use self::{
    public::{public_csv, public_html},
    table::statement_csv,
};

/// The style of a file that stands alone.
pub(crate) const CSS: &str =
    concat!(include_str!("../styles/shared.css"), include_str!("../styles/file.css"));

/// Where the record begins in a page.
const MARK: &str = "id=\"signed-record\">";

/// The largest file that is read back.
const FILE_LIMIT: usize = 8 << 20;

/// Why a statement cannot be shown or read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementFault {
    /// The record does not hold what its schema says.
    #[error("the record cannot be read")]
    Record,
    /// It cannot be written.
    #[error("the statement cannot be written")]
    Write,
    /// The file holds no record.
    #[error("the file holds no signed record")]
    NoRecord,
}

/// What was taken out of a file.
pub struct Rendered {
    /// The record and its signature, as the file has them.
    pub signed: SignedRecord,
    /// The language of a page; none for a table.
    pub language: Option<Language>,
}

/// A number with its words.
pub(crate) struct Row {
    pub(crate) label: String,
    pub(crate) count: i64,
    pub(crate) red: bool,
}

/// In, or out.
pub(crate) struct Side {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) total: i64,
}

/// A line of a wide table.
pub(crate) struct Line {
    pub(crate) label: String,
    pub(crate) cells: Vec<i64>,
}

/// A list with its heading.
pub(crate) struct List {
    pub(crate) title: String,
    pub(crate) text: Option<String>,
    pub(crate) rows: Vec<Row>,
}

/// What is missing for one cause.
pub(crate) struct Lost {
    pub(crate) text: String,
    pub(crate) count: i64,
    pub(crate) ids: Vec<String>,
    pub(crate) more: String,
}

/// A statement in words.
pub(crate) struct Shown {
    pub(crate) title: String,
    pub(crate) heading: String,
    pub(crate) owner: String,
    pub(crate) balanced: bool,
    pub(crate) verdict: String,
    pub(crate) missing_text: String,
    pub(crate) missing: Vec<Lost>,
    pub(crate) period: String,
    pub(crate) arrivals: String,
    pub(crate) sides: Vec<Side>,
    pub(crate) lines_title: String,
    pub(crate) columns: Vec<String>,
    pub(crate) lines: Vec<Line>,
    pub(crate) lists: Vec<List>,
    pub(crate) plot: Plot,
    pub(crate) signed: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "statement_file.html")]
struct File {
    t: Texts,
    css: &'static str,
    shown: Shown,
    record: String,
}

/// A page that stands alone.
///
/// # Errors
///
/// [`StatementFault`].
pub fn statement_html(signed: &SignedRecord, language: Language) -> Result<String, StatementFault> {
    let t = Texts(language);
    let file = File { t, css: CSS, shown: Shown::of(t, signed)?, record: record(signed) };
    file.render().map_err(|_| StatementFault::Write)
}

/// The record that a file was made from: a page, or a table.
///
/// # Errors
///
/// [`StatementFault::NoRecord`] if there is none, or the file is larger than any that was made.
pub fn extract(file: &str) -> Result<Rendered, StatementFault> {
    if file.len() > FILE_LIMIT {
        return Err(StatementFault::NoRecord);
    }
    let (record, language) = match file.split_once(MARK) {
        Some((page, rest)) => {
            let welsh = page.contains("<html lang=\"cy\">");
            let language = if welsh { Language::Welsh } else { Language::English };
            (rest.split('<').next().unwrap_or_default(), Some(language))
        }
        None => {
            let last = file.trim_end().lines().last().unwrap_or_default();
            (last.rsplit(',').next().unwrap_or_default(), None)
        }
    };
    let bytes = unhex(record.trim()).filter(|bytes| !bytes.is_empty());
    let signed = bytes.and_then(|bytes| SignedRecord::decode(bytes.as_slice()).ok());
    Ok(Rendered { signed: signed.ok_or(StatementFault::NoRecord)?, language })
}

/// The record as a file carries it.
fn record(signed: &SignedRecord) -> String {
    hex(&signed.encode_to_vec())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|it| u8::try_from(it).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let (pairs, _) = digits.as_chunks::<2>();
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn facts_of(t: Texts, name: &str, signed: &SignedRecord) -> Vec<Fact> {
    let mut facts = Facts::default();
    facts.add(t.say("statement-name"), name);
    let digest = digest::digest(&digest::SHA256, &signed.record);
    facts.add(t.say("statement-digest"), hex(digest.as_ref()));
    facts.add(t.say("statement-signature"), hex(&signed.signature));
    facts.add(t.say("statement-key"), hex(&signed.public_key));
    facts.0
}

fn organisation(of: Option<&Organisation>) -> Option<OrganisationId> {
    of.and_then(|of| OrganisationId::try_from(of.clone()).ok())
}

impl Shown {
    /// What a record says.
    pub(crate) fn of(t: Texts, signed: &SignedRecord) -> Result<Self, StatementFault> {
        let made =
            Statement::decode(signed.record.as_slice()).map_err(|_| StatementFault::Record)?;
        let owner = organisation(made.owner.as_ref()).ok_or(StatementFault::Record)?;
        let day = made.day.as_ref().and_then(view::civil).ok_or(StatementFault::Record)?;
        let total = made.total.unwrap_or_default();
        let by_force = owner.kind() == OrganisationKind::LocalAuthority;
        let day = dates::weekday(t, day);
        let says = |good, bad| t.say(if made.balanced { good } else { bad });
        Ok(Self {
            title: format!("{}, {day}", t.say("statement-title")),
            heading: format!("{}: {day}", t.say("statement-title")),
            owner: name(t, &owner),
            balanced: made.balanced,
            verdict: says("statement-balanced", "statement-unbalanced"),
            missing_text: t.counted("statement-unbalanced-count", total.missing, &[]),
            missing: made.missing.iter().map(|of| lost(t, of)).collect(),
            period: period(t, &made),
            arrivals: format!(
                "{} {}",
                t.counted("statement-incidents", total.incidents, &[]),
                t.counted("statement-children", total.children, &[])
            ),
            sides: sides(t, &total),
            lines_title: t.say(if by_force {
                "statement-lines-forces"
            } else {
                "statement-lines-authorities"
            }),
            columns: columns(t),
            lines: in_order(&made.lines).map(|it| line(t, it)).collect(),
            lists: lists(t, &made),
            plot: Plot::of(t, &made.month),
            signed: facts_of(t, &made.name, signed),
        })
    }
}

fn period(t: Texts, made: &Statement) -> String {
    let moment = |time: Option<&prost_types::Timestamp>| {
        let at = view::instant(time)?;
        // Told with its day: whoever reads it does so on any day.
        Some(dates::moment(t, at, jiff::Timestamp::UNIX_EPOCH))
    };
    let until = moment(made.until_time.as_ref()).unwrap_or_default();
    match moment(made.since_time.as_ref()) {
        Some(since) => t.args("statement-period", &[("since", &since), ("until", &until)]),
        None => t.arg("statement-period-first", "until", until),
    }
}

fn lost(t: Texts, of: &StatementMissing) -> Lost {
    let named = i64::try_from(of.ids.len()).unwrap_or(i64::MAX);
    let more = of.notices - named;
    Lost {
        text: t.code("statement-cause-", &of.code, "statement-cause-other"),
        count: of.notices,
        ids: of.ids.clone(),
        more: if more > 0 { t.arg("statement-and-more", "count", more) } else { String::new() },
    }
}

fn sides(t: Texts, of: &StatementFigures) -> Vec<Side> {
    let row = |label: String, count: i64| Row { label, count, red: false };
    let late = |key: &str, late: i64| {
        let label = t.say(key);
        if late == 0 {
            return label;
        }
        t.args("statement-of-late", &[("label", &label), ("late", &late.to_string())])
    };
    let into = [
        ("statement-carried", of.carried),
        ("statement-arrived", of.arrived),
        ("statement-returned", of.returned),
    ];
    let mut out = vec![
        row(late("statement-acknowledged", of.acknowledged_late), of.acknowledged),
        row(late("statement-escalated", of.escalated_late), of.escalated),
        row(t.say("statement-withheld"), of.withheld),
        row(t.say("statement-waiting"), of.waiting),
    ];
    if of.moved > 0 {
        out.push(row(t.say("statement-moved"), of.moved));
    }
    if of.missing > 0 {
        let label = t.say("statement-missing");
        out.push(Row { label, count: of.missing, red: true });
    }
    vec![
        Side {
            title: t.say("statement-in"),
            rows: into.into_iter().map(|(key, count)| row(t.say(key), count)).collect(),
            total: came_in(of),
        },
        Side {
            title: t.say("statement-out"),
            total: out.iter().filter(|row| !row.red).map(|row| row.count).sum(),
            rows: out,
        },
    ]
}

const fn came_in(of: &StatementFigures) -> i64 {
    of.carried + of.arrived + of.returned
}

fn columns(t: Texts) -> Vec<String> {
    [
        "statement-column-in",
        "statement-column-acknowledged",
        "statement-column-escalated",
        "statement-column-withheld",
        "statement-column-waiting",
        "statement-column-missing",
    ]
    .into_iter()
    .map(|key| t.say(key))
    .collect()
}

/// By name of whoever was told, and then what nobody was told.
fn in_order(lines: &[StatementLine]) -> impl Iterator<Item = &StatementLine> {
    let told = lines.iter().filter(|line| line.counterpart.is_some());
    told.chain(lines.iter().filter(|line| line.counterpart.is_none()))
}

fn line(t: Texts, of: &StatementLine) -> Line {
    let other = organisation(of.counterpart.as_ref());
    let figures = of.figures.unwrap_or_default();
    Line {
        label: other.map_or_else(|| t.say("statement-nobody"), |other| name(t, &other)),
        cells: vec![
            came_in(&figures),
            figures.acknowledged,
            figures.escalated,
            figures.withheld,
            figures.waiting,
            figures.missing,
        ],
    }
}

fn lists(t: Texts, made: &Statement) -> Vec<List> {
    let row = |label: String, count: i64| Row { label, count, red: false };
    let escalated = made.escalated.iter().map(|to| {
        let reason = t.code("statement-reason-", &to.reason_code, "statement-reason-other");
        let authority = organisation(to.authority.as_ref());
        let authority = authority.map_or_else(String::new, |authority| name(t, &authority));
        let label = if to.officer.is_empty() {
            t.args("statement-to-desk", &[("authority", &authority), ("reason", &reason)])
        } else {
            t.args("statement-to-officer", &[("officer", &to.officer), ("reason", &reason)])
        };
        row(label, to.notices)
    });
    let withheld = made.withheld.iter().map(|of| {
        row(
            capital(&t.code("statement-withheld-", &of.code, "statement-withheld-other")),
            of.notices,
        )
    });
    let late = made.late.iter().map(|of| {
        row(capital(&t.code("statement-late-", &of.code, "statement-late-other")), of.notices)
    });
    let end = |code: &str| t.code("statement-end-", code, "statement-end-other");
    let changed = made.changed.iter().map(|of| {
        let words = t.args("statement-change", &[("from", &end(&of.from)), ("to", &end(&of.to))]);
        row(capital(&words), of.notices)
    });
    let list = |title: &str, text: Option<&str>, rows: Vec<Row>| List {
        title: t.say(title),
        text: text.map(|key| t.say(key)).filter(|_| !rows.is_empty()),
        rows,
    };
    let (why, since) = (Some("statement-why-late-text"), Some("statement-changed-text"));
    vec![
        list("statement-to-whom", None, escalated.collect()),
        list("statement-why-withheld", None, withheld.collect()),
        list("statement-why-late", why, late.collect()),
        list("statement-changed", since, changed.collect()),
    ]
}

/// With a capital at the front.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
