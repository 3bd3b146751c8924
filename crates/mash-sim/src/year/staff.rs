//! What people at schools do, as far as it follows from nothing but the seed, who they are and which day it is: so that
//! the same morning can be replayed against another way of telling them.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date};
use mash_synth::random::Random;

use super::calendar::{FIRST, SchoolYear};

/// Of a thousand contacts, those who have left, and the directory does not know.
const LEFT: u32 = 50;
/// Of a thousand, those who never open anything.
const NEVER: u32 = 20;
/// Of a thousand days, those on which somebody is ill and has told nobody.
const ILL: u32 = 30;
/// Of a thousand mornings, those on which somebody looks before the bell without being told.
const LOOKS: u32 = 650;

/// What becomes of a mail to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mailbox {
    /// She gets it.
    Hers,
    /// She has left, and it bounces.
    Bounces,
    /// She has left, and it is taken and read by nobody.
    Swallows,
}

/// Everybody at schools.
#[derive(Clone, Copy)]
pub struct Staff {
    /// One seed is one staff.
    pub seed: u64,
}

impl Staff {
    fn random(self, what: &str, who: &str) -> Random {
        Random::new(self.seed).fork("staff").fork(what).fork(who)
    }

    /// What becomes of mail to her.
    #[must_use]
    pub fn mailbox(self, id: &str) -> Mailbox {
        let mut random = self.random("mailbox", id);
        match (random.chance(LEFT), random.chance(500)) {
            (false, _) => Mailbox::Hers,
            (true, true) => Mailbox::Bounces,
            (true, false) => Mailbox::Swallows,
        }
    }

    /// A week, from Monday on, for which she is away; and whether the directory knows.
    #[must_use]
    pub fn away(self, id: &str) -> Option<(Date, bool)> {
        let mut random = self.random("away", id);
        let week = i64::from(random.between(1, 45));
        // 7 September 2026 was the first Monday.
        let monday = FIRST + 6.days() + week.weeks();
        random.chance(600).then(|| (monday, random.chance(750)))
    }

    /// Whether she works on a day on which the school is open.
    #[must_use]
    pub fn is_there(self, id: &str, day: Date) -> bool {
        let away =
            self.away(id).is_some_and(|(monday, _)| monday <= day && day <= monday + 6.days());
        let ill = self.random("ill", id).fork(&day.to_string()).chance(ILL);
        self.mailbox(id) == Mailbox::Hers
            && !away
            && !ill
            && !self.random("never", id).chance(NEVER)
    }

    /// When she looks at what waits on a morning without being told, if she does so before the bell.
    #[must_use]
    pub fn looks(self, id: &str, bell: Timestamp, day: Date) -> Option<Timestamp> {
        if !self.is_there(id, day) {
            return None;
        }
        let mut random = self.random("look", id).fork(&day.to_string());
        let before = i64::from(random.between(10, 75));
        random.chance(LOOKS).then(|| bell - SignedDuration::from_mins(before))
    }

    /// When she looks on a day on which she did not look before the bell.
    #[must_use]
    pub fn looks_late(self, id: &str, bell: Timestamp, day: Date) -> Option<Timestamp> {
        if !self.is_there(id, day) {
            return None;
        }
        let minutes = i64::from(self.random("late", id).fork(&day.to_string()).between(15, 300));
        Some(bell + SignedDuration::from_mins(minutes))
    }

    /// When she acts on being told, if she does: on a text message more often and sooner than on a mail.
    #[must_use]
    pub fn answers(self, id: &str, by_text: bool, at: Timestamp, day: Date) -> Option<Timestamp> {
        if !self.is_there(id, day) {
            return None;
        }
        let mut random = self.random("answer", id).fork(&at.to_string());
        let (share, most) = if by_text { (700, 12) } else { (450, 30) };
        let minutes = i64::from(random.between(2, most));
        random.chance(share).then(|| at + SignedDuration::from_mins(minutes))
    }
}

/// Whether the school works at an instant: on an open day from an hour and a half before its bell until late afternoon.
#[must_use]
pub fn is_at_work(year: &SchoolYear, at: Timestamp, day: Date) -> bool {
    year.bell_on(day).is_some_and(|bell| {
        let since = at.duration_since(bell);
        SignedDuration::from_mins(-90) <= since && since <= SignedDuration::from_hours(8)
    })
}
