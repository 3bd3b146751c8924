//! A notice in words, for the list, the page, the print and the download.

use std::collections::HashMap;

use jiff::Timestamp;
use mash_education::Listed;
use mash_proto::{
    convert::time_from_wire,
    disclosure::v1::{ChildIdentity, Content},
    education::v1::{Notice, NoticeState},
    r#type::v1::{Answer, Date},
};

use uuid::Uuid;

use super::{Fact, Facts};
use crate::{dates, texts::Texts};

/// A notice in a list.
pub(crate) struct Row {
    pub(crate) href: String,
    /// The words of the link: whom it is about, once that may be shown.
    pub(crate) link: String,
    pub(crate) state: String,
    pub(crate) colour: &'static str,
    pub(crate) late: bool,
    pub(crate) changed: bool,
    pub(crate) facts: Vec<Fact>,
    /// What an officer of a desk can do: take it.
    pub(crate) take: Option<Take>,
}

/// A form by which an officer takes what her desk has.
pub(crate) struct Take {
    pub(crate) request: String,
    pub(crate) name: String,
    /// From whom; empty if nobody has it.
    pub(crate) instead_of: String,
    /// The words of its button.
    pub(crate) label: String,
}

/// An officer of a desk who looks at a list.
pub(crate) struct Officer<'a> {
    /// Who she is, by contact id.
    pub(crate) own: &'a str,
    /// What the officers of her authority are called.
    pub(crate) names: &'a HashMap<String, String>,
}

impl Officer<'_> {
    /// Whose it is, in words: who has taken it and when, else who would have to.
    pub(crate) fn owner(
        &self,
        t: Texts,
        owner: &str,
        taken: Option<Timestamp>,
        now: Timestamp,
    ) -> String {
        let Some(name) = self.names.get(owner) else { return t.say("desk-owner-none") };
        match taken {
            Some(at) => {
                let time = dates::moment(t, at, now);
                t.args("desk-owner-taken", &[("officer", name), ("time", &time)])
            }
            None => t.arg("desk-owner-not-taken", "officer", name),
        }
    }

    /// The form by which she takes it; none if she has it.
    pub(crate) fn take(&self, t: Texts, name: &str, taken_by: &str) -> Option<Take> {
        if taken_by == self.own {
            return None;
        }
        let holder = self.names.get(taken_by).filter(|_| !taken_by.is_empty());
        Some(Take {
            request: Uuid::new_v4().to_string(),
            name: name.to_owned(),
            instead_of: taken_by.to_owned(),
            label: match holder {
                Some(holder) => t.arg("desk-take-over", "officer", holder),
                None => t.say("desk-take"),
            },
        })
    }
}

/// Advice on contact with parents.
pub(crate) struct Advice {
    pub(crate) title: String,
    pub(crate) text: String,
    /// Whether it forbids.
    pub(crate) stop: bool,
}

/// An instant of the wire.
pub(crate) fn instant(time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    time.and_then(|time| time_from_wire(time).ok())
}

/// The page of a notice.
pub(crate) fn href(notice: &Notice) -> String {
    let id = notice.name.trim_start_matches("notices/");
    let mut path = "/notices/".to_owned();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

/// The word of a state, its text and its colour.
pub(crate) fn state(t: Texts, notice: &Notice) -> (String, &'static str) {
    let (word, colour) = match notice.state() {
        NoticeState::Unspecified | NoticeState::Delivered => ("delivered", "govuk-tag--blue"),
        NoticeState::Opened => ("opened", "govuk-tag--light-blue"),
        NoticeState::Acknowledged => ("acknowledged", "govuk-tag--green"),
        NoticeState::Rejected => ("rejected", "govuk-tag--grey"),
        NoticeState::Escalated => ("escalated", "govuk-tag--orange"),
        NoticeState::Recalled => ("recalled", "govuk-tag--red"),
        NoticeState::Deleted => ("deleted", "govuk-tag--grey"),
    };
    (t.say(&format!("state-{word}")), colour)
}

/// Whether it waits for somebody.
pub(crate) fn waits(notice: &Notice) -> bool {
    match notice.state() {
        NoticeState::Delivered | NoticeState::Opened | NoticeState::Escalated => true,
        NoticeState::Acknowledged => notice.acknowledged_revision < notice.revision,
        NoticeState::Recalled => true,
        NoticeState::Unspecified | NoticeState::Rejected | NoticeState::Deleted => false,
    }
}

/// Whether its time has passed without an acknowledgement, or the acknowledgement came after it.
pub(crate) fn late(notice: &Notice, now: Timestamp) -> bool {
    let Some(bell) = instant(notice.deliver_by_time.as_ref()) else { return false };
    let acknowledged = instant(notice.acknowledge_time.as_ref());
    let open = matches!(
        notice.state(),
        NoticeState::Delivered | NoticeState::Opened | NoticeState::Escalated
    );
    acknowledged.map_or(open && bell <= now, |at| bell <= at)
}

/// By when, in words.
pub(crate) fn bell(t: Texts, notice: &Notice, now: Timestamp) -> String {
    let bell = instant(notice.deliver_by_time.as_ref());
    bell.map_or_else(|| t.say("notices-no-bell"), |bell| dates::moment(t, bell, now))
}

/// A notice in a list; a desk knows its officers by name.
pub(crate) fn row(t: Texts, listed: &Listed, now: Timestamp, desk: Option<&Officer<'_>>) -> Row {
    let Listed { notice, child } = listed;
    let received = instant(notice.receive_time.as_ref());
    let received = received.map(|at| dates::moment(t, at, now)).unwrap_or_default();
    let (state, colour) = state(t, notice);
    let mut facts = Facts::default();
    if let Some(officer) = desk {
        facts.add(t.say("desk-reason"), diversion(t, notice));
        let taken = instant(notice.take_time.as_ref());
        let owner = if taken.is_some() { &notice.taken_by } else { &notice.escalated_to };
        facts.add(t.say("desk-owner"), officer.owner(t, owner, taken, now));
        let clock = match instant(notice.deliver_by_time.as_ref()) {
            Some(bell) if bell <= now => {
                t.arg("desk-clock-passed", "time", dates::moment(t, bell, now))
            }
            Some(bell) => dates::moment(t, bell, now),
            None => t.arg("desk-clock-arrived", "time", &received),
        };
        facts.add(t.say("desk-clock"), clock);
        let school = notice.establishment.trim_start_matches("establishments/");
        facts.add(t.say("desk-school"), school);
    } else {
        facts.add(t.say("notices-deliver-by"), bell(t, notice, now));
        // Whoever is not named yet is known by when it came.
        let came = child.as_ref().map(|_| received.clone());
        facts.add(t.say("notices-received"), came.unwrap_or_default());
    }
    Row {
        href: href(notice),
        link: match child {
            Some(child) => name(child),
            None => t.arg("notices-open-about", "time", &received),
        },
        state,
        colour,
        late: late(notice, now),
        changed: notice.state() == NoticeState::Acknowledged
            && notice.acknowledged_revision < notice.revision,
        facts: facts.0,
        take: desk
            .filter(|_| mash_education::is_open(notice))
            .and_then(|officer| officer.take(t, &notice.name, &notice.taken_by)),
    }
}

/// Why a desk has it, in words; nothing if no desk has.
pub(crate) fn diversion(t: Texts, notice: &Notice) -> String {
    match notice.diversion_code.as_str() {
        "" => String::new(),
        code => t.code("diversion-", code, "diversion-other"),
    }
}

/// A child's name.
pub(crate) fn name(child: &ChildIdentity) -> String {
    format!("{} {}", child.given_names, child.family_name).trim().to_owned()
}

/// A day of the wire.
pub(crate) fn day(t: Texts, date: Option<&Date>) -> String {
    date.and_then(civil).map(|date| dates::date(t, date)).unwrap_or_default()
}

/// A day of the wire, if there is such a day.
pub(crate) fn civil(date: &Date) -> Option<jiff::civil::Date> {
    let (year, month) = (i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?);
    jiff::civil::Date::new(year, month, i8::try_from(date.day).ok()?).ok()
}

/// Who the child is.
pub(crate) fn identity(t: Texts, content: Option<&Content>, facts: &mut Facts) {
    let Some(child) = content.and_then(|content| content.child.as_ref()) else { return };
    facts.add(t.say("notice-name"), name(child));
    facts.add(t.say("notice-born"), day(t, child.date_of_birth.as_ref()));
}

/// Welsh answers with the verb of the question.
const WAS: [&str; 2] = ["was-yes", "was-no"];
const DID: [&str; 2] = ["did-yes", "did-no"];

fn answer(t: Texts, [yes, no]: [&str; 2], answer: Answer) -> String {
    match answer {
        Answer::Unspecified => String::new(),
        Answer::Yes => t.say(yes),
        Answer::No => t.say(no),
        Answer::Unknown => t.say("unknown"),
    }
}

/// What police told, in the order in which a tired reader needs it.
pub(crate) fn told(t: Texts, content: &Content, now: Timestamp) -> Vec<Fact> {
    let mut facts = Facts::default();
    if let Some(stub) = &content.incident {
        let attended = instant(stub.attended_time.as_ref());
        let attended = attended.map(|at| dates::moment(t, at, now));
        facts.add(t.say("notice-attended"), attended.unwrap_or_default());
        facts.add(t.say("notice-child-present"), answer(t, WAS, stub.child_present()));
        facts.add(t.say("notice-welfare"), answer(t, DID, stub.welfare_check()));
    }
    if let Some(narrative) = &content.narrative {
        if !narrative.r#type.is_empty() {
            facts.add(t.say("notice-kind"), t.code("kind-", &narrative.r#type, "kind-other"));
        }
        facts.add(t.say("notice-circumstances"), narrative.circumstances.clone());
        facts.add(t.say("notice-whereabouts"), narrative.whereabouts.clone());
        facts.add(t.say("notice-suspect"), relation(t, &narrative.suspect_relationship));
    }
    if let Some(voice) = &content.voice {
        if voice.words.is_empty() {
            facts.add(t.say("notice-not-spoken"), voice.not_spoken_to_reason.clone());
        } else {
            facts.add(t.say("notice-voice"), format!("“{}”", voice.words));
            facts.add(t.say("notice-alone"), answer(t, WAS, voice.alone()));
        }
    }
    if !content.risk_grade.is_empty() {
        facts.add(t.say("notice-risk"), t.code("risk-", &content.risk_grade, "risk-not-graded"));
    }
    if let Some(address) = &content.address {
        let lines = address.lines.iter().map(String::as_str).chain([address.postcode.as_str()]);
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        facts.add(t.say("notice-address"), lines.join("\n"));
    }
    let victims = content.victims.iter().map(|victim| {
        let name = format!("{} {}", victim.given_names, victim.family_name);
        let parts =
            [name.trim().to_owned(), relation(t, &victim.relationship), victim.telephone.clone()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    });
    facts.add(t.say("notice-victims"), victims.collect::<Vec<_>>().join("\n"));
    if let Some(household) = &content.household {
        let adults = household.adult_relationships.iter().map(|word| relation(t, word));
        facts.add(t.say("notice-household"), adults.collect::<Vec<_>>().join(", "));
    }
    facts.add(t.say("notice-actions"), content.actions.clone());
    if let Some(officer) = &content.officer {
        let parts = [&officer.name, &officer.role, &officer.organisation, &officer.telephone];
        let parts = [&officer.reference].into_iter().chain(parts);
        let parts: Vec<&str> = parts.map(String::as_str).filter(|it| !it.is_empty()).collect();
        facts.add(t.say("notice-officer"), parts.join(", "));
    }
    facts.0
}

fn relation(t: Texts, word: &str) -> String {
    if word.is_empty() {
        String::new()
    } else {
        t.code("relation-", word, "relation-other-relative")
    }
}

/// What the school should do about parents.
pub(crate) fn advice(t: Texts, content: &Content) -> Option<Advice> {
    let stub = content.incident.as_ref()?;
    let (key, text, stop) = match stub.parent_contact_advice.as_str() {
        _ if stub.do_not_inform_parent => ("notice-do-not", "notice-do-not-text", true),
        "do-not-contact" => ("notice-not-contact", "notice-not-contact-text", true),
        "may-contact-harmed-parent" => ("notice-may-contact", "notice-may-contact-text", false),
        _ => ("notice-no-advice", "notice-no-advice-text", false),
    };
    Some(Advice { title: t.say(key), text: t.say(text), stop })
}
