//! The answer to a subject access request, as a page that stands alone and prints, and for programs.
//!
//! It is made from the record alone, in either language, so that whoever verifies a page can make it again.

use std::collections::BTreeMap;

use askama::Template;
use mash_domain::organisation::OrganisationId;
use mash_policy::{Language, LawfulBasis, Words};
use mash_proto::{
    convert::time_from_wire,
    sharing::v1::{AccessClass, AccessEvent, AccessLine, AccessRecord, HarmOutcome},
    r#type::v1::Organisation,
};
use prost::Message as _;
use serde_json::{Value, json};

use crate::{
    dates,
    pages::view,
    statement::{CSS, hex, name, unhex},
    texts::Texts,
};

/// Where the record begins in a page.
const MARK: &str = "id=\"subject-access\">";
/// The largest page that is read back: 20,000 lines with their proofs.
const FILE_LIMIT: usize = 256 << 20;

/// Why an answer cannot be shown or read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectAccessFault {
    /// The record lacks what every record has.
    #[error("the record cannot be read")]
    Record,
    /// It cannot be written.
    #[error("the page cannot be written")]
    Write,
    /// The file holds no record.
    #[error("the file holds no record of a subject access")]
    NoRecord,
}

struct Count {
    label: String,
    count: i64,
}

struct Told {
    term: String,
    values: Vec<String>,
}

struct Line {
    heading: String,
    moment: String,
    facts: Vec<Told>,
}

#[derive(Template)]
#[template(path = "subject_access_file.html")]
struct File {
    t: Texts,
    css: &'static str,
    owner: String,
    draft: bool,
    days: Vec<String>,
    recipients: Vec<Count>,
    lines: Vec<Line>,
    rules: Vec<Told>,
    checkpoint: String,
    record: String,
}

/// A page that stands alone.
///
/// # Errors
///
/// [`SubjectAccessFault`].
pub fn subject_access_html(
    record: &AccessRecord,
    language: Language,
) -> Result<String, SubjectAccessFault> {
    let t = Texts(language);
    let words = Words::of_codes(language).map_err(|_| SubjectAccessFault::Write)?;
    let shower = Shower { t, words: &words };
    let owner = organisation(record.organisation.as_ref()).ok_or(SubjectAccessFault::Record)?;
    let draft = record.release_time.is_none();
    let file = File {
        t,
        css: CSS,
        owner: name(t, &owner),
        draft,
        days: shower.days(record),
        recipients: shower.recipients(record),
        lines: record.lines.iter().map(|line| shower.line(line, draft)).collect(),
        rules: shower.rules(record),
        checkpoint: record.checkpoint.clone(),
        record: hex(&record.encode_to_vec()),
    };
    file.render().map_err(|_| SubjectAccessFault::Write)
}

/// What the page says first, as lines of text: whose answer it is, and every line's heading with its time.
///
/// # Errors
///
/// [`SubjectAccessFault`].
pub fn subject_access_text(
    record: &AccessRecord,
    language: Language,
) -> Result<Vec<String>, SubjectAccessFault> {
    let t = Texts(language);
    let words = Words::of_codes(language).map_err(|_| SubjectAccessFault::Write)?;
    let shower = Shower { t, words: &words };
    let owner = organisation(record.organisation.as_ref()).ok_or(SubjectAccessFault::Record)?;
    let mut lines = vec![format!("{}: {}", name(t, &owner), t.say("access-title"))];
    lines.extend(shower.days(record));
    for line in &record.lines {
        let Line { heading, moment, .. } = shower.line(line, false);
        lines.push(format!("{heading} ({moment})"));
    }
    Ok(lines)
}

/// The record that a page was made from, and the page's language.
///
/// # Errors
///
/// [`SubjectAccessFault::NoRecord`] if there is none, or the file is larger than any that was made.
pub fn subject_access_of_page(file: &str) -> Result<(AccessRecord, Language), SubjectAccessFault> {
    let none = SubjectAccessFault::NoRecord;
    let (page, rest) = file.split_once(MARK).filter(|_| file.len() <= FILE_LIMIT).ok_or(none)?;
    let welsh = page.contains("<html lang=\"cy\">");
    let language = if welsh { Language::Welsh } else { Language::English };
    let bytes = rest.split('<').next().and_then(unhex).filter(|bytes| !bytes.is_empty());
    let record = bytes.and_then(|bytes| AccessRecord::decode(bytes.as_slice()).ok());
    Ok((record.ok_or(none)?, language))
}

/// The same for programs: codes, ids, times in UTC and proofs in hexadecimal digits.
#[must_use]
pub fn subject_access_json(record: &AccessRecord) -> Value {
    json!({
        "name": record.name,
        "organisation": id(record.organisation.as_ref()),
        "received": record.received_date.as_ref().and_then(view::civil).map(|day| day.to_string()),
        "assembled": instant(record.assemble_time.as_ref()),
        "released": instant(record.release_time.as_ref()),
        "draft": record.release_time.is_none(),
        "lines": record.lines.iter().map(line_json).collect::<Vec<_>>(),
        "clauses": record.clauses.iter().map(|clause| json!({
            "ruleset": clause.ruleset,
            "clause": clause.clause,
            "title": { "en": clause.title, "cy": clause.title_cy },
            "statement": { "en": clause.statement, "cy": clause.statement_cy },
            "authority": clause.authority,
        })).collect::<Vec<_>>(),
        "checkpoint": record.checkpoint,
        "ledger_size": record.ledger_size,
    })
}

fn line_json(line: &AccessLine) -> Value {
    let class = |class: &AccessClass| {
        json!({
            "class": format!("F{}", class.data_class),
            "released": class.released,
            "clauses": class.clauses,
        })
    };
    json!({
        "number": line.number,
        "event": event_word(line.event()),
        "time": instant(line.time.as_ref()),
        "recipient": id(line.recipient.as_ref()),
        "sender": id(line.sender.as_ref()),
        "flow": line.flow,
        "purpose": line.purpose,
        "classes": line.classes.iter().map(class).collect::<Vec<_>>(),
        "reasons": line.reason_codes,
        "bases": line.basis_codes,
        "agreements": line.citations.iter().map(|cited| json!({
            "agreement": cited.agreement, "clause": cited.clause,
        })).collect::<Vec<_>>(),
        "masked": line.masked_details,
        "ruleset": line.ruleset,
        "redacted": line.redaction.as_ref().map(|redaction| json!({
            "classes": redaction.data_classes.iter().map(|it| format!("F{it}")).collect::<Vec<_>>(),
            "sender": redaction.sender,
            "reason": redaction.reason_code,
        })),
        "proof": line.proof.as_ref().map(|proof| json!({
            "index": proof.index,
            "entry": hex(&proof.entry),
            "hashes": proof.hashes.iter().map(|hash| hex(hash)).collect::<Vec<_>>(),
        })),
    })
}

fn organisation(of: Option<&Organisation>) -> Option<OrganisationId> {
    of.and_then(|of| OrganisationId::try_from(of.clone()).ok())
}

fn id(of: Option<&Organisation>) -> Option<String> {
    organisation(of).map(|id| id.to_string())
}

fn instant(of: Option<&prost_types::Timestamp>) -> Option<String> {
    of.and_then(|time| time_from_wire(time).ok()).map(|time| time.to_string())
}

const fn event_word(event: AccessEvent) -> &'static str {
    match event {
        AccessEvent::Unspecified => "other",
        AccessEvent::Released => "released",
        AccessEvent::Refused => "refused",
        AccessEvent::Delivered => "delivered",
        AccessEvent::Opened => "opened",
        AccessEvent::Acknowledged => "acknowledged",
        AccessEvent::Escalated => "escalated",
        AccessEvent::Deleted => "deleted",
        AccessEvent::Looked => "looked",
        AccessEvent::BrokeGlass => "broke-glass",
    }
}

const fn outcome_word(outcome: HarmOutcome) -> &'static str {
    match outcome {
        HarmOutcome::Unspecified => "untested",
        HarmOutcome::HandOver => "hand-over",
        HarmOutcome::SeriousHarm => "serious-harm",
        HarmOutcome::ChildAbuseData => "child-abuse-data",
        HarmOutcome::Crime => "crime",
        HarmOutcome::ThirdParty => "third-party",
    }
}

/// A clause as people read it: `R01 (statutory)`.
fn clause(name: &str) -> String {
    name.split_once('/').map_or_else(|| name.to_owned(), |(id, clause)| format!("{id} ({clause})"))
}

struct Shower<'a> {
    t: Texts,
    words: &'a Words,
}

impl Shower<'_> {
    fn name(&self, of: Option<&Organisation>) -> String {
        organisation(of).map_or_else(|| "-".to_owned(), |id| name(self.t, &id))
    }

    /// The words for a code of the rules, or the code itself where a later version has more of them.
    fn word(&self, front: &str, code: &str) -> String {
        self.words.say(&format!("{front}{code}"), &[]).unwrap_or_else(|_| code.to_owned())
    }

    fn moment(&self, time: Option<&prost_types::Timestamp>) -> Option<String> {
        let at = view::instant(time)?;
        Some(dates::moment(self.t, at, jiff::Timestamp::UNIX_EPOCH))
    }

    fn days(&self, record: &AccessRecord) -> Vec<String> {
        let received = record.received_date.as_ref().and_then(view::civil);
        let received =
            received.map(|day| self.t.arg("access-received", "day", dates::date(self.t, day)));
        let made = self.moment(record.assemble_time.as_ref());
        let made = made.map(|moment| self.t.arg("access-made", "moment", moment));
        let released = self.moment(record.release_time.as_ref());
        let released = released.map(|moment| self.t.arg("access-released", "moment", moment));
        received.into_iter().chain(made).chain(released).collect()
    }

    fn recipients(&self, record: &AccessRecord) -> Vec<Count> {
        let released = record.lines.iter().filter(|line| line.event() == AccessEvent::Released);
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for line in released {
            *counts.entry(self.name(line.recipient.as_ref())).or_default() += 1;
        }
        counts.into_iter().map(|(label, count)| Count { label, count }).collect()
    }

    fn line(&self, line: &AccessLine, draft: bool) -> Line {
        let who = self.name(line.recipient.as_ref());
        let word = event_word(line.event());
        let heading = self.t.arg(event_key(word), "who", who);
        Line {
            heading: format!("{}. {heading}", line.number),
            moment: self.moment(line.time.as_ref()).unwrap_or_default(),
            facts: self.facts(line, draft),
        }
    }

    fn facts(&self, line: &AccessLine, draft: bool) -> Vec<Told> {
        let t = self.t;
        let looked = line.event() == AccessEvent::Looked;
        let class = |of: &AccessClass| self.class(of);
        let (given, kept): (Vec<&AccessClass>, Vec<&AccessClass>) =
            line.classes.iter().partition(|class| class.released);
        let basis = |code: &String| {
            LawfulBasis::from_word(code)
                .map_or_else(|| code.clone(), |basis| basis.title(t.0).to_owned())
        };
        let cited = line.citations.iter().map(|cited| {
            let names =
                [("agreement", cited.agreement.as_str()), ("clause", cited.clause.as_str())];
            t.args("access-agreement-clause", &names)
        });
        let flow = (!line.flow.is_empty()).then(|| self.word("flow-", &line.flow));
        let sender = line.sender.is_some().then(|| self.name(line.sender.as_ref()));
        let reasons = line.reason_codes.iter();
        let (reasons_term, reasons): (&str, Vec<String>) = if looked {
            let looked = reasons.map(|code| t.code("access-look-", code, "access-look-other"));
            ("access-looked-at", looked.collect())
        } else {
            ("access-reasons", reasons.map(|code| self.word("reason-", code)).collect())
        };
        let proof = line.proof.as_ref().map_or_else(
            || t.say("access-proof-none"),
            |proof| t.arg("access-proof-entry", "number", proof.index),
        );
        let outcome = format!("access-outcome-{}", outcome_word(line.outcome()));
        let all: [(&str, Vec<String>); 11] = [
            ("access-sender", sender.into_iter().collect()),
            ("access-why", flow.into_iter().collect()),
            (reasons_term, reasons),
            ("access-basis", line.basis_codes.iter().map(basis).collect()),
            ("access-agreement", cited.collect()),
            ("access-classes-released", given.into_iter().map(class).collect()),
            (
                "access-masked",
                line.masked_details.iter().map(|code| self.word("detail-", code)).collect(),
            ),
            ("access-classes-withheld", kept.into_iter().map(class).collect()),
            ("access-redacted", self.redacted(line)),
            ("access-outcome", draft.then(|| t.say(&outcome)).into_iter().collect()),
            ("access-proof", vec![proof]),
        ];
        let told = all.into_iter().filter(|(_, values)| !values.is_empty());
        told.map(|(term, values)| Told { term: t.say(term), values }).collect()
    }

    fn class(&self, of: &AccessClass) -> String {
        let class = self.word("class-", &of.data_class.to_string());
        let rules: Vec<String> = of.clauses.iter().map(|name| clause(name)).collect();
        if rules.is_empty() {
            return format!("{class}: {}", self.word("", "no-rule"));
        }
        let key = if of.released { "access-under" } else { "access-because" };
        self.t.args(key, &[("class", &class), ("rules", &rules.join(", "))])
    }

    fn redacted(&self, line: &AccessLine) -> Vec<String> {
        let Some(redaction) = &line.redaction else { return Vec::new() };
        let classes: Vec<String> = redaction
            .data_classes
            .iter()
            .map(|number| self.word("class-", &number.to_string()))
            .collect();
        let mut told = vec![self.t.arg("access-redacted-text", "classes", classes.join(", "))];
        if redaction.sender {
            told.push(self.t.say("access-redacted-sender"));
        }
        told
    }

    fn rules(&self, record: &AccessRecord) -> Vec<Told> {
        let choose = |english: &str, welsh: &str| self.t.0.choose(english, welsh).to_owned();
        let told = record.clauses.iter().map(|of| {
            let title = choose(&of.title, &of.title_cy);
            let set = self.t.arg("access-rule-set", "version", &of.ruleset);
            let statement = choose(&of.statement, &of.statement_cy);
            let authority = self.t.arg("access-authority", "authority", &of.authority);
            let values = [statement, authority, set].into_iter().filter(|text| !text.is_empty());
            Told { term: format!("{}: {title}", clause(&of.clause)), values: values.collect() }
        });
        told.collect()
    }
}

/// The heading of an event; of one that a later version has, that something happened.
fn event_key(word: &str) -> &'static str {
    match word {
        "released" => "access-event-released",
        "refused" => "access-event-refused",
        "delivered" => "access-event-delivered",
        "opened" => "access-event-opened",
        "acknowledged" => "access-event-acknowledged",
        "escalated" => "access-event-escalated",
        "deleted" => "access-event-deleted",
        "looked" => "access-event-looked",
        "broke-glass" => "access-event-broke-glass",
        _ => "access-event-other",
    }
}

#[cfg(test)]
mod tests;
