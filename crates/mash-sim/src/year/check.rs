//! What was promised, held against what was written down. No service is asked but for the reason why something was late.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, civil::Date};
use uuid::Uuid;

use super::{
    calendar::SchoolYear,
    ledger::Notice,
    post::Attempt,
    trace::{Identity, Outage},
};

/// How soon a notice is at the school when nothing is down: the sweep that tells people is not part of it.
const SOON: SignedDuration = SignedDuration::from_mins(6);
/// How long the home education desk may have something before it goes up, and one look at the clocks more.
const PATIENCE: SignedDuration = SignedDuration::from_mins(24 * 60 + 16);
/// The number of the education duty desk and of that of home education.
const DUTY_DESK: i32 = 1;
const HOME_EDUCATION: i32 = 2;

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Somebody at the school acknowledged it before the bell.
    Acknowledged,
    /// A named officer had it before the bell.
    Escalated,
    /// The school said before the bell that the child is not on its roll, and it went on.
    SentOn,
    /// The hub was down when the bell rang, and the duty desk had been told before.
    ToldOfOutage,
    /// It came when its bell had rung, and says so.
    CameLate,
    /// It went to a desk, which has no bell, and a named officer has it or has answered it.
    AtDesk,
}

impl Fate {
    /// In words, for the closing table.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged by the school before its bell",
            Self::Escalated => "with a named officer before its bell",
            Self::SentOn => "not on the roll, said before its bell, and sent on",
            Self::ToldOfOutage => "hub down at its bell, desk told before",
            Self::CameLate => "came in after its bell, cause kept",
            Self::AtDesk => "for a desk, with an officer",
        }
    }
}

/// What is known about a region when its year is over.
pub struct Known<'a> {
    /// Calendars as they were on the first day.
    pub years: &'a BTreeMap<String, SchoolYear>,
    /// When schools announced on which day they stay closed.
    pub closures: &'a BTreeMap<String, Vec<(Timestamp, Date)>>,
    /// What broke down.
    pub outages: &'a [Outage],
    /// When desks were told that the hub is down, and of which authority.
    pub told: &'a [(Timestamp, String)],
}

impl Known<'_> {
    /// The bell of a school for what was accepted then, as far as it was known at an instant.
    #[must_use]
    pub fn bell(&self, laestab: &str, accepted: Timestamp, at: Timestamp) -> Option<Timestamp> {
        let mut year = self.years.get(laestab)?.clone();
        for (announced, day) in self.closures.get(laestab).into_iter().flatten() {
            if *announced <= at {
                year.close(*day);
            }
        }
        year.bell_after(accepted)
    }

    fn was_down(&self, from: Timestamp, until: Timestamp) -> bool {
        // After an outage everything goes on within minutes.
        self.outages.iter().any(|outage| from <= outage.until() + SOON && outage.from <= until)
    }

    /// What became of a notice.
    ///
    /// # Errors
    ///
    /// Which promise was broken, in words.
    pub fn fate(&self, notice: &Notice) -> Result<Fate, String> {
        let name = format!("notice {} for {} of {}", notice.id, notice.recipient, notice.accepted);
        let Some(delivered) = notice.delivered else {
            return Err(format!("{name} was lost between routing and education"));
        };
        let waited = delivered.duration_since(notice.released);
        if waited > SOON && !self.was_down(notice.released, delivered) {
            return Err(format!("{name} was held up for {waited} without an outage"));
        }
        let Some(laestab) = notice.recipient.strip_prefix("school/") else {
            return self.at_desk(notice, delivered).map_err(|words| format!("{name} {words}"));
        };
        for (at, told) in &notice.bells {
            let bell = self.bell(laestab, notice.accepted, *at);
            if bell != Some(*told) {
                return Err(format!("{name} has the bell {told}, and it rings at {bell:?}"));
            }
        }
        self.by_the_bell(notice, delivered).map_err(|words| format!("{name} {words}"))
    }

    fn by_the_bell(&self, notice: &Notice, delivered: Timestamp) -> Result<Fate, String> {
        let bell = notice.bell.ok_or("has no bell")?;
        let with_a_person = notice.with_a_person();
        if delivered >= bell {
            return match with_a_person {
                None => Err("came late and is with nobody".to_owned()),
                Some(_) if notice.late_code.is_empty() && notice.rejected.is_none() => {
                    Err("came late and does not say why".to_owned())
                }
                Some(_) => Ok(Fate::CameLate),
            };
        }
        let Some(with_a_person) = with_a_person else { return Err("is with nobody".to_owned()) };
        if with_a_person < bell {
            return Ok(match (&notice.escalated, notice.rejected) {
                (Some((at, _)), _) if *at == with_a_person => Fate::Escalated,
                (_, Some(at)) if at == with_a_person => Fate::SentOn,
                (_, _) => Fate::Acknowledged,
            });
        }
        let authority: String = notice.recipient.chars().skip("school/".len()).take(3).collect();
        let desk_knew = self.told.iter().any(|(at, of)| {
            *of == authority && delivered <= *at && *at < bell && self.was_down(*at, *at)
        });
        match (desk_knew, notice.late_code.as_str()) {
            (true, "outage") => Ok(Fate::ToldOfOutage),
            (true, code) => Err(format!("is late for the outage and says `{code}`")),
            (false, _) => {
                Err(format!("was with nobody at its bell {bell}, and only at {with_a_person}"))
            }
        }
    }

    fn at_desk(&self, notice: &Notice, delivered: Timestamp) -> Result<Fate, String> {
        let with_a_person = notice.with_a_person().ok_or("is with nobody")?;
        let waited = with_a_person.duration_since(delivered);
        let within = match notice.desk {
            DUTY_DESK => SignedDuration::ZERO,
            HOME_EDUCATION => PATIENCE,
            // A copy for somebody who was told beside the duty desk; it counts for nobody's duty.
            _ => SignedDuration::from_hours(5 * 24),
        };
        if waited > within && !self.was_down(delivered, with_a_person) {
            return Err(format!("was with nobody at the desk for {waited}"));
        }
        Ok(Fate::AtDesk)
    }
}

/// A child of a report that was accepted.
#[derive(Clone, Debug)]
pub struct ReportedChild {
    /// Who.
    pub child: Identity,
    /// When the report was accepted.
    pub accepted: Timestamp,
    /// Whether the force sees that a rule withholds everything from a place of education.
    pub withheld: bool,
    /// What the force sees, in words.
    pub seen: String,
}

/// Children of whom nobody was told: every child of every report that was accepted, but for those whom a rule withholds.
#[must_use]
pub fn lost(reported: &[ReportedChild], notices: &BTreeMap<String, Notice>) -> Vec<String> {
    let told: BTreeSet<(&Identity, i64)> = notices
        .values()
        .filter_map(|notice| Some((notice.child.as_ref()?, notice.accepted.as_millisecond())))
        .collect();
    reported
        .iter()
        .filter(|it| !it.withheld && !told.contains(&(&it.child, it.accepted.as_millisecond())))
        .map(|it| {
            let ReportedChild { accepted, seen, .. } = it;
            format!("a child of the report of {accepted} is lost: nobody was told; the force sees: {seen}")
        })
        .collect()
}

/// What a duty ended with, as the force sees it: the word of its state and the coded reason.
pub type Ended = BTreeMap<String, (String, String)>;

/// What was sent back by a school must have gone on to somebody else under the same duty. It need not where routing says
/// that somebody else knows already, as where a child is registered at two places: then another notice of the same
/// report about the same child, of another duty, must have been out in time, and must not have been sent back before; what
/// is sent back later has to go on from there, and so the last one ends with somebody. That is read from what was
/// released; that routing says so is not believed by itself.
#[must_use]
pub fn stranded(
    notices: &BTreeMap<String, Notice>,
    ended: &Ended,
    known: &Known<'_>,
) -> Vec<String> {
    let mut by_duty: BTreeMap<&str, Vec<&Notice>> = BTreeMap::new();
    let mut by_child: BTreeMap<(&Identity, i64), Vec<&Notice>> = BTreeMap::new();
    for notice in notices.values() {
        by_duty.entry(&notice.duty).or_default().push(notice);
        if let Some(child) = &notice.child {
            by_child.entry((child, notice.accepted.as_millisecond())).or_default().push(notice);
        }
    }
    let mut broken = Vec::new();
    for notice in notices.values() {
        let Some(rejected) = notice.rejected else { continue };
        let others = by_duty.get(notice.duty.as_str()).into_iter().flatten();
        let on = others
            .filter(|other| other.recipient != notice.recipient && other.released >= rejected)
            .map(|other| other.released)
            .min();
        let late = |next: Timestamp| {
            next.duration_since(rejected) > SOON && !known.was_down(rejected, next)
        };
        let (state, reason) = ended.get(&notice.duty).cloned().unwrap_or_default();
        let words = match on {
            Some(next) if late(next) => "was sent back, and went on late",
            Some(_) => continue,
            None if reason == "told-elsewhere" => {
                let key =
                    notice.child.as_ref().map(|child| (child, notice.accepted.as_millisecond()));
                let hers = key.and_then(|key| by_child.get(&key)).into_iter().flatten();
                let knows = |other: &&&Notice| {
                    let stood = other.rejected.is_none_or(|at| at > rejected);
                    other.duty != notice.duty && stood && !late(other.released)
                };
                if hers.filter(knows).count() > 0 {
                    continue;
                }
                "was sent back, and nobody else has it although routing says so"
            }
            None => "was sent back, and nobody was told instead",
        };
        let Notice { id, recipient, .. } = notice;
        broken.push(format!("notice {id} of {recipient} {words}; the force sees {state} {reason}"));
    }
    broken
}

/// Steps that were sent twice by a process that knew that it had sent them. A process that dies between sending and
/// writing it down may send once more, under the same key; how often that was is returned beside.
#[must_use]
pub fn sent_twice(
    attempts: &BTreeMap<Uuid, Vec<Attempt>>,
    known: &Known<'_>,
) -> (Vec<String>, u64) {
    let (mut broken, mut after_a_crash) = (Vec::new(), 0);
    for (key, all) in attempts {
        let [first, rest @ ..] = all.as_slice() else { continue };
        let excused =
            |again: &Attempt| again.life > first.life || known.was_down(first.at, again.at);
        match rest {
            [] => (),
            [again] if excused(again) => after_a_crash += 1,
            [..] => {
                let times: Vec<String> = all.iter().map(|one| one.at.to_string()).collect();
                broken.push(format!(
                    "step {key} was sent {} times: {}",
                    all.len(),
                    times.join(", ")
                ));
            }
        }
    }
    (broken, after_a_crash)
}
