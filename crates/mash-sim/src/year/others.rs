//! The same reports, the same people and the same mornings, carried by the retry schedules of others.
//!
//! None of them knows a bell, and none has anybody else to tell. Each is given the best of it. What it hands in is always
//! taken at once: its own service is never down, while ours has its outages. It writes to the key adult whom the school's
//! list names, and she looks as often before the bell, unasked, as she does with us; a mail that she gets while she is at
//! work she answers as she answers ours.
//!
//! * GOV.UK Notify, by e-mail: a mail server that does not answer is tried again every 300 s, 48 times; a mail that
//!   bounces has failed for good.
//! * Svix, a webhook to the school's own system, which shows it to her: at once, and again after 5 s, 5 min, 30 min, 2 h,
//!   5 h, 10 h and 10 h. The system is away whenever mail servers are, and has no account for whoever has left.
//! * MESH, a mailbox from which the school's system fetches when she looks: what nobody has fetched for 5 days is given
//!   up, and its sender gets a non-delivery report.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mash_domain::calendar::london;
use serde::Serialize;

use super::{
    calendar::SchoolYear,
    staff::{Mailbox, Staff, is_at_work},
    trace::{Breaks, Outage},
};

/// One notice as any system would be given it.
#[derive(Clone, Debug)]
pub struct Given {
    /// When the force hands it in.
    pub at: Timestamp,
    /// The school of the list.
    pub laestab: String,
    /// The key adult of the list; nothing where there is none.
    pub to: Option<String>,
    /// Its bell, snow and all.
    pub bell: Timestamp,
    /// Whether the child learns there.
    pub right: bool,
}

/// A schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum System {
    /// GOV.UK Notify.
    #[serde(rename = "GOV.UK Notify")]
    Notify,
    /// Svix.
    Svix,
    /// MESH.
    #[serde(rename = "MESH")]
    Mesh,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Notify, Self::Svix, Self::Mesh];

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Notify => "GOV.UK Notify",
            Self::Svix => "Svix",
            Self::Mesh => "MESH",
        }
    }

    /// When it tries, counted from when it was given something.
    #[must_use]
    pub fn tries(self) -> Vec<SignedDuration> {
        let gaps: Vec<i64> = match self {
            Self::Notify => std::iter::once(0).chain([300; 48]).collect(),
            Self::Svix => vec![0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000],
            Self::Mesh => vec![0],
        };
        let add = |sum: &mut i64, gap: i64| {
            *sum += gap;
            Some(SignedDuration::from_secs(*sum))
        };
        gaps.into_iter().scan(0, add).collect()
    }
}

/// How long MESH keeps what nobody fetches.
const KEPT: SignedDuration = SignedDuration::from_hours(5 * 24);

/// Why nobody had it by the bell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// The list names nobody.
    NobodyListed,
    /// The list names a school that the child has left.
    WrongSchool,
    /// She has left, and it bounced or was dropped.
    Left,
    /// It was given up before the bell, or still being tried.
    NotThereYet,
    /// It was there, and she was ill or away, or opened nothing.
    Unread,
}

impl Missed {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::NobodyListed, Self::WrongSchool, Self::Left, Self::NotThereYet, Self::Unread];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NobodyListed => "the list names nobody",
            Self::WrongSchool => "at a school that the child has left",
            Self::Left => "to somebody who has left",
            Self::NotThereYet => "not there at the bell",
            Self::Unread => "there, and unread",
        }
    }
}

/// What all of them share.
pub struct Morning<'a> {
    /// Who is there.
    pub staff: Staff,
    /// When schools are open, snow and all.
    pub years: &'a BTreeMap<String, SchoolYear>,
    /// What breaks down.
    pub outages: &'a [Outage],
}

impl Morning<'_> {
    /// When the first attempt of a system succeeds, if one does.
    fn arrives(&self, system: System, given: &Given) -> Option<Timestamp> {
        let away = |at: Timestamp| {
            self.outages.iter().any(|outage| outage.breaks == Breaks::Mail && outage.lasts(at))
        };
        let tries = system.tries().into_iter().filter_map(|after| given.at.checked_add(after).ok());
        match system {
            System::Notify | System::Svix => tries.into_iter().find(|at| !away(*at)),
            System::Mesh => Some(given.at),
        }
    }

    /// Why nobody had it by the bell; nothing if somebody had.
    #[must_use]
    pub fn missed(&self, system: System, given: &Given) -> Option<Missed> {
        let Some(id) = &given.to else { return Some(Missed::NobodyListed) };
        if self.staff.mailbox(id) != Mailbox::Hers {
            return Some(Missed::Left);
        }
        let Some(there) = self.arrives(system, given).filter(|at| *at < given.bell) else {
            return Some(Missed::NotThereYet);
        };
        let seen = self.sees(system, given, id, there);
        let given_up = system == System::Mesh
            && seen.is_none_or(|seen| seen > given.at + KEPT)
            && given.bell > given.at + KEPT;
        if given_up {
            return Some(Missed::NotThereYet);
        }
        match (seen, given.right) {
            (None, _) => Some(Missed::Unread),
            (Some(_), false) => Some(Missed::WrongSchool),
            (Some(_), true) => None,
        }
    }

    /// When she sees it before the bell: on her look of that morning, or by day because a mail came.
    fn sees(&self, system: System, given: &Given, id: &str, there: Timestamp) -> Option<Timestamp> {
        let day = given.bell.to_zoned(london().clone()).date();
        let looked = self.staff.looks(id, given.bell, day).filter(|at| *at > there);
        let came_on = there.to_zoned(london().clone()).date();
        let at_work =
            self.years.get(&given.laestab).is_some_and(|year| is_at_work(year, there, came_on));
        // Nothing tells her that a mailbox holds something.
        let told = (at_work && system != System::Mesh)
            .then(|| self.staff.answers(id, false, there, came_on))
            .flatten();
        [looked, told].into_iter().flatten().filter(|at| *at < given.bell).min()
    }
}
