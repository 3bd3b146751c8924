//! What must hold between the parts of a report, and what follows from it.

use jiff::{ToSpan as _, civil::Date};

use super::{ConsentAsked, Expected, Marks, Report, ReportKind, Urgency};
use crate::{
    answer::Answer,
    incident::{
        DateOfBirth,
        rules::{AgeFit, age_fit},
    },
    sharing::Flow,
};

/// The most people of a household, concerns, agencies, offences and entries of third parties.
pub const MOST: usize = 20;
/// The most suspects, and the most victims.
pub const MOST_PARTIES: usize = 10;
/// The most other names.
pub const MOST_ALIASES: usize = 5;
/// The most injuries.
pub const MOST_INJURIES: usize = 100;
/// The most attachments, and the most photographs: none of an examination is left behind (P04).
pub const MOST_PHOTOGRAPHS: usize = 40;
/// How many days ahead a birth can be expected.
const LONGEST_WAIT: i64 = 320;
/// How many days an expected birth may have passed before a date of birth is known.
const OVERDUE: i64 = 31;

/// Why the hub cannot take a child of this age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgeFault {
    /// 18 or over.
    #[error(
        "is 18 or over: this hub takes reports of children; report an adult at risk to adult safeguarding of the authority"
    )]
    Adult,
    /// Born after today.
    #[error("is in the future; of an unborn child, give the expected date of birth")]
    NotBorn,
    /// Born and not born.
    #[error("a child has a date of birth or an expected one, not both")]
    Both,
    /// An expected birth too far from today.
    #[error("is not within the next 320 or the last 31 days; once born, give the date of birth")]
    NotExpected,
}

/// What is wrong with the age of a child who is reported on this day. Not known is not wrong.
#[must_use]
pub fn age_fault(
    born: Option<DateOfBirth>,
    expected: Option<Expected>,
    day: Date,
) -> Option<AgeFault> {
    match (born, expected) {
        (Some(_), Some(_)) => Some(AgeFault::Both),
        (Some(born), None) => match age_fit(born, day) {
            AgeFit::Adult => Some(AgeFault::Adult),
            AgeFit::Unborn => Some(AgeFault::NotBorn),
            AgeFit::Child => None,
        },
        (None, Some(Expected(date))) => {
            let earliest = day.saturating_sub(OVERDUE.days());
            let latest = day.saturating_add(LONGEST_WAIT.days());
            (!(earliest..=latest).contains(&date)).then_some(AgeFault::NotExpected)
        }
        (None, None) => None,
    }
}

/// Whether the form says that the child agreed to being exploited. Nobody under 18 can.
#[must_use]
pub fn claims_consent_to_exploitation(marks: Marks, consent: &ConsentAsked) -> bool {
    const CHILD: [&str; 6] =
        ["child", "the child", "young person", "the young person", "subject", "plentyn"];
    let of = consent.of.as_str().to_lowercase();
    marks.exploitation() && consent.given.is_yes() && CHILD.contains(&of.as_str())
}

impl Report {
    /// The flow under which it goes.
    ///
    /// Where harm is suspected, or exploitation was recognised, the duty to protect carries it whatever sort of report it is:
    /// nothing then hangs on consent, and nothing that a social worker needs stays behind.
    #[must_use]
    pub const fn flow(&self) -> Flow {
        match self.kind {
            _ if self.harm().is_yes() => Flow::Concern,
            ReportKind::Custody => Flow::Custody,
            ReportKind::Missing => Flow::Missing,
            ReportKind::EarlyHelp => Flow::EarlyHelp,
            ReportKind::PoliceNotice
            | ReportKind::PoliceProtection
            | ReportKind::Clinical
            | ReportKind::Unborn
            | ReportKind::School
            | ReportKind::MissingEducation
            | ReportKind::Public
            | ReportKind::Transfer => Flow::Concern,
        }
    }

    /// Whether harm is suspected. Exploitation is harm, whatever the child says to it, and police protection is taken only
    /// where harm is likely (Children Act 1989 s.46).
    #[must_use]
    pub const fn harm(&self) -> Answer {
        if self.marks.exploitation() || matches!(self.kind, ReportKind::PoliceProtection) {
            Answer::Yes
        } else {
            self.harm_suspected
        }
    }

    /// Whether this is the note of a telephone call that a written report has to follow.
    #[must_use]
    pub fn awaits_writing(&self) -> bool {
        self.telephoned.as_ref().is_some_and(|call| call.to_be_confirmed)
    }

    /// Whether somebody has to look at it before this day ends.
    #[must_use]
    pub const fn is_urgent(&self) -> bool {
        matches!(self.urgency, Urgency::Immediate | Urgency::SameDay)
    }

    /// What is on record about consent to a service, as the sender heard it: a word of the rules, or nothing.
    #[must_use]
    pub fn consent_word(&self) -> &'static str {
        let Some(consent) = &self.consent else { return "" };
        match (consent.asked, consent.given) {
            (Answer::Yes, Answer::Yes) => "given",
            (Answer::Yes, Answer::No) => "refused",
            (Answer::No, _) if self.do_not_inform_parent => "not-sought-unsafe",
            _ => "",
        }
    }
}
