//! Reports of children, wire to domain and onwards: what is given to be shared, and what is stated of the circumstances.
//!
//! Reading reports every violation at once. A detail that is missing is none: an answer that was left out is UNKNOWN here,
//! unlike elsewhere, for a form that cannot be finished must never keep a child waiting.

use jiff::{SignedDuration, Timestamp, civil::Date};
use mash_domain::{
    answer::Answer,
    incident::{Private, rules::day_of},
    referral::report::{Report, rules},
    sharing::Flow,
};

pub mod codes;
mod concerns;
mod content;
mod people;
#[cfg(test)]
mod tests;
mod words;

pub use content::content_of;
pub use words::{kind_to_wire, urgency_to_wire};

use crate::{
    convert::{
        ConvertError, Violation, answer_from_wire, answer_to_wire,
        read::{At, Reader},
        time_from_wire, word_from_wire,
    },
    referral::v1 as wire,
};
use mash_domain::{
    incident::Limit,
    referral::report::{ReportKind, Telephoned, Urgency},
};

/// How far a sender's clock may be ahead of the hub's.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// The version of the form.
const FORM: i32 = 1;

/// Reads a report that is made at this time. Of an amendment, give the time of the first report: a child who has come of
/// age since is still the child of that report.
///
/// # Errors
///
/// Every violation, with the path of its field from `report`; there is at least one.
pub fn report_from_wire(wire: wire::Report, now: Timestamp) -> Result<Report, Vec<Violation>> {
    let mut reader = Reader::new(&codes::READING);
    let report = read(&mut reader, wire, now);
    reader.finish(report)
}

/// What the sender states of the circumstances on this day.
#[must_use]
pub fn facts_of(report: &Report, on: Date) -> wire::StatedFacts {
    let child = &report.child;
    let sexual =
        report.marks.sexual_exploitation.is_yes() || !report.sexual_offence_detail.is_empty();
    let (intelligence, source) = match &report.intelligence {
        None => ("none", Answer::Unknown),
        Some(graded) => {
            let code = graded.handling.map_or("unknown", |handling| handling.word());
            (code, graded.source_identifiable)
        }
    };
    // A refuge is an address to protect, whatever else was said of it (R21).
    let protect = if report.marks.refuge.is_yes() { Answer::Yes } else { child.protect_address() };
    wire::StatedFacts {
        child_under_18: rules::age_fault(child.date_of_birth, child.expected_birth, on).is_none(),
        harm_suspected: answer_to_wire(report.harm()),
        do_not_inform_parent: answer_to_wire(if report.do_not_inform_parent {
            Answer::Yes
        } else {
            Answer::No
        }),
        address_protect: answer_to_wire(protect),
        sexual_offence_alleged: sexual,
        live_investigation: report.live_investigation,
        collection_risk: answer_to_wire(Answer::Unknown),
        intelligence: intelligence.to_owned(),
        source_identifiable: answer_to_wire(source),
        exploitation_indicated: report.marks.exploitation(),
        consent: report.consent_word().to_owned(),
        // The rest is for whoever answers or decides to say.
        ..wire::StatedFacts::default()
    }
}

/// The flow under which a report goes.
#[must_use]
pub const fn flow_of(report: &Report) -> Flow {
    report.flow()
}

/// An answer that may be left out: it is then not known.
fn answer(reader: &mut Reader, at: &At<'_>, number: i32) -> Answer {
    if number == 0 {
        return Answer::Unknown;
    }
    reader.coded(at, answer_from_wire(number)).unwrap_or(Answer::Unknown)
}

fn texts(
    reader: &mut Reader,
    at: &At<'_>,
    field: &'static str,
    all: &[String],
    limit: (usize, Limit),
) -> Vec<Private> {
    let (most, limit) = limit;
    if !reader.fits(&at.field(field), all, most) {
        return Vec::new();
    }
    let mut read = Vec::with_capacity(all.len());
    for (index, text) in all.iter().enumerate() {
        read.push(reader.text(&at.item(field, index), text, limit));
    }
    read.retain(|text| !text.is_empty());
    read
}

fn read(reader: &mut Reader, wire: wire::Report, now: Timestamp) -> Option<Report> {
    let (at, today) = (At::root("report"), day_of(now));
    if !matches!(wire.form_version, 0 | FORM) {
        let what = "this hub knows version 1 of the form";
        reader.fault(&at.field("form_version"), codes::FORM, what);
    }
    let kind = word_from_wire::<wire::ReportKind, ReportKind>(wire.kind);
    let kind = reader.coded(&at.field("kind"), kind);
    let urgency = word_from_wire::<wire::Urgency, Urgency>(wire.urgency);
    let urgency = reader.coded(&at.field("urgency"), urgency);
    let [protection_in_place, actions, immigration, sexual_offence_detail] =
        said(reader, &at, &wire);
    let (parent_informed, parent_not_informed_reason) = parent(reader, &at, &wire);
    let marks = concerns::marks(reader, &at, wire.marks.as_ref());
    let child = people::child(reader, &at, wire.child, today);
    let place = at.field("place_authority_code");
    let third = (rules::MOST, Limit::paragraphs(2_000));
    let telephoned = wire.telephoned.map(|call| telephoned(reader, &at, &call, now));
    let referrer = people::referrer(reader, &at, wire.referrer);
    let language = at.field("preferred_language");
    let reference = at.field("police_reference");
    // What can fail as a whole is asked for last, so that every fault was found by then.
    Some(Report {
        household: people::household(reader, &at, wire.household, today),
        concerns: concerns::concerns(reader, &at, wire.concerns),
        protection_in_place,
        voice: wire.voice.map(|voice| concerns::voice(reader, &at, voice)),
        consent: people::consent(reader, &at, wire.consent, marks),
        parent_informed,
        parent_not_informed_reason,
        do_not_inform_parent: wire.do_not_inform_parent,
        harm_suspected: answer(reader, &at.field("harm_suspected"), wire.harm_suspected),
        marks,
        risk_to_visitors: answer(reader, &at.field("risk_to_visitors"), wire.risk_to_visitors),
        agencies: people::agencies(reader, &at, wire.agencies),
        preferred_language: people::language(reader, &language, &wire.preferred_language),
        attachments: concerns::attachments(reader, &at, wire.attachments),
        police_reference: reader.text(&reference, &wire.police_reference, Limit::line(64)),
        health: wire.health.map(|health| concerns::health(reader, &at, health)),
        sender_grade: concerns::grade(reader, &at, &wire.sender_grade),
        offences: texts(reader, &at, "offences", &wire.offences, (rules::MOST, Limit::line(200))),
        actions,
        place_authority: reader.optional(&place, &wire.place_authority_code, codes::IDENTIFIER),
        third_party: texts(reader, &at, "third_party", &wire.third_party, third),
        intelligence: wire
            .intelligence
            .and_then(|graded| concerns::intelligence(reader, &at, &graded)),
        immigration,
        sexual_offence_detail,
        live_investigation: wire.live_investigation,
        suspects: people::suspects(reader, &at, wire.suspects),
        victims: people::victims(reader, &at, wire.victims),
        kind: kind?,
        urgency: urgency?,
        child: child?,
        referrer: referrer?,
        telephoned: match telephoned {
            Some(call) => Some(call?),
            None => None,
        },
    })
}

fn said(reader: &mut Reader, at: &At<'_>, wire: &wire::Report) -> [Private; 4] {
    let short = Limit::paragraphs(2_000);
    let long = Limit::paragraphs(4_000);
    [
        reader.text(&at.field("protection_in_place"), &wire.protection_in_place, short),
        reader.text(&at.field("actions"), &wire.actions, long),
        reader.text(&at.field("immigration"), &wire.immigration, short),
        reader.text(&at.field("sexual_offence_detail"), &wire.sexual_offence_detail, long),
    ]
}

fn parent(reader: &mut Reader, at: &At<'_>, wire: &wire::Report) -> (Answer, Private) {
    let informed = answer(reader, &at.field("parent_informed"), wire.parent_informed);
    let reason = at.field("parent_not_informed_reason");
    if informed.is_no() && wire.parent_not_informed_reason.trim().is_empty() {
        reader.fault(&reason, codes::NO_FAMILY_REASON, "say why no parent was informed");
    }
    let limit = Limit::paragraphs(1_000);
    (informed, reader.text(&reason, &wire.parent_not_informed_reason, limit))
}

fn telephoned(
    reader: &mut Reader,
    at: &At<'_>,
    wire: &wire::Telephoned,
    now: Timestamp,
) -> Option<Telephoned> {
    let wire::Telephoned { time, taken_by, to_be_confirmed } = wire;
    let at = at.field("telephoned");
    let taken_by = reader.text(&at.field("taken_by"), taken_by, Limit::line(200));
    let at = at.field("time");
    let time = reader.present(&at, *time)?;
    let time: Result<_, ConvertError> = time_from_wire(&time);
    let time = time.map_err(|error| reader.fault(&at, codes::DATE, error.to_string())).ok()?;
    if time.duration_since(now) > SKEW {
        reader.fault(&at, codes::DATE, "is in the future");
        return None;
    }
    Some(Telephoned { time, taken_by, to_be_confirmed: *to_be_confirmed })
}
