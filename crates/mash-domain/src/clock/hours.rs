//! In what time a limit counts: every hour, the hours of a hub, or working days.
//!
//! Each way of counting is a set of open instants. What lies between two instants is the measure of the open ones between
//! them, so that time left over from a pause can be laid down again exactly.

use std::collections::BTreeSet;

use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{Date, Time, Weekday},
};

use crate::{bank_holidays::BankHolidays, calendar::london};

/// A due time is searched this far ahead; no limit is longer than a year, and no pause is counted.
const SEARCH_DAYS: u32 = 3 * 366;
const DAY_MINUTES: u16 = 24 * 60;

/// What counts towards a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counting {
    /// Every hour, day and night.
    Running,
    /// The hours in which the hub is open.
    HubHours,
    /// Whole days, Monday to Friday, without bank holidays.
    WorkingDays,
}

impl Counting {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Running, Self::HubHours, Self::WorkingDays];

    /// The word that stands for it in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::HubHours => "hub-hours",
            Self::WorkingDays => "working-days",
        }
    }

    /// The one with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|counting| counting.word() == word)
    }
}

/// When a hub is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubHours {
    days: BTreeSet<i8>, // INVARIANT: not empty, 1 (Monday) to 7.
    open: u16,          // INVARIANT: minutes after midnight, before `close`.
    close: u16,         // INVARIANT: at most 1,440, which is midnight.
    bank_holidays: bool,
}

impl HubHours {
    /// Monday to Friday, 09:00 to 17:00, not on bank holidays.
    #[must_use]
    pub fn office() -> Self {
        Self { days: (1..=5).collect(), open: 9 * 60, close: 17 * 60, bank_holidays: false }
    }

    /// These days of the week (1 is Monday), from and until so many minutes after midnight, on bank holidays or not.
    #[must_use]
    pub fn new(
        days: impl IntoIterator<Item = i8>,
        open: u16,
        close: u16,
        bank_holidays: bool,
    ) -> Option<Self> {
        let days: BTreeSet<i8> = days.into_iter().collect();
        let known = !days.is_empty() && days.iter().all(|day| (1..=7).contains(day));
        (known && open < close && close <= DAY_MINUTES).then_some(Self {
            days,
            open,
            close,
            bank_holidays,
        })
    }

    /// Days of the week when it is open, 1 is Monday.
    pub fn days(&self) -> impl Iterator<Item = i8> {
        self.days.iter().copied()
    }

    /// When it opens, in minutes after midnight.
    #[must_use]
    pub const fn open(&self) -> u16 {
        self.open
    }

    /// When it closes, in minutes after midnight; 1,440 is midnight.
    #[must_use]
    pub const fn close(&self) -> u16 {
        self.close
    }
}

/// When time counts at one hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendars {
    hours: HubHours,
    bank_holidays: BankHolidays,
}

/// A point in time that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// When.
    pub at: Timestamp,
    /// A day was counted that lies beyond the list of bank holidays, as if it were none.
    pub uncertain: bool,
}

#[derive(Clone, Copy)]
struct Open {
    from: Timestamp,
    until: Timestamp,
    known: bool,
}

impl Calendars {
    /// A hub with these hours under these bank holidays.
    #[must_use]
    pub const fn new(hours: HubHours, bank_holidays: BankHolidays) -> Self {
        Self { hours, bank_holidays }
    }

    /// Office hours and the bank holidays of England and Wales, which have the same ones.
    #[must_use]
    pub fn builtin() -> Self {
        Self::new(HubHours::office(), BankHolidays::builtin().clone())
    }

    /// When the hub is open.
    #[must_use]
    pub const fn hours(&self) -> &HubHours {
        &self.hours
    }

    /// Whether the list of bank holidays reaches this day, so that its silence means something.
    #[must_use]
    pub fn reaches(&self, day: Date) -> bool {
        self.bank_holidays.reaches(day)
    }

    /// Whether the hub is open at an instant.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.open_on(local_day(at), Counting::HubHours)
            .is_some_and(|open| open.from <= at && at < open.until)
    }

    /// Whether a day is a working day: Monday to Friday and no bank holiday.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.bank_holidays.contains(day)
    }

    /// How much counts between two instants; nothing if they are the other way round.
    #[must_use]
    pub fn counted(&self, from: Timestamp, to: Timestamp, counting: Counting) -> SignedDuration {
        if to <= from {
            return SignedDuration::ZERO;
        }
        if counting == Counting::Running {
            return from.duration_until(to);
        }
        let last = local_day(to);
        days_from(local_day(from))
            .take_while(|day| *day <= last)
            .filter_map(|day| self.open_on(day, counting))
            .map(|open| open.from.max(from).duration_until(open.until.min(to)))
            .filter(SignedDuration::is_positive)
            .fold(SignedDuration::ZERO, SignedDuration::saturating_add)
    }

    /// When so much will have counted.
    #[must_use]
    pub fn after(&self, from: Timestamp, length: SignedDuration, counting: Counting) -> Counted {
        if counting == Counting::Running {
            return Counted { at: later(from, length), uncertain: false };
        }
        let mut left = length;
        let mut uncertain = false;
        for day in days_from(local_day(from)) {
            let Some(open) = self.open_on(day, counting) else { continue };
            let begin = open.from.max(from);
            let here = begin.duration_until(open.until);
            if !here.is_positive() {
                continue;
            }
            uncertain |= !open.known;
            if left <= here {
                return Counted { at: later(begin, left), uncertain };
            }
            left = left.saturating_sub(here);
        }
        // A hub that is never open: too early is safer than never.
        Counted { at: later(from, length), uncertain: true }
    }

    /// The latest instant from which so much counts until another.
    #[must_use]
    pub fn before(&self, to: Timestamp, length: SignedDuration, counting: Counting) -> Timestamp {
        if counting == Counting::Running {
            return to.checked_sub(length).unwrap_or(to);
        }
        let mut left = length;
        let mut day = local_day(to);
        for _ in 0..SEARCH_DAYS {
            if let Some(open) = self.open_on(day, counting) {
                let end = open.until.min(to);
                let here = open.from.duration_until(end);
                if here.is_positive() && left <= here {
                    return end.checked_sub(left).unwrap_or(end);
                }
                left = left.saturating_sub(here.max(SignedDuration::ZERO));
            }
            let Ok(yesterday) = day.yesterday() else { break };
            day = yesterday;
        }
        to
    }

    /// The close of the hub on the n-th working day after the day of an instant.
    #[must_use]
    pub fn working_days_after(&self, from: Timestamp, days: u32) -> Counted {
        let mut uncertain = false;
        let mut left = days;
        for day in days_from(local_day(from)).skip(1) {
            if !self.is_working_day(day) {
                continue;
            }
            uncertain |= !self.reaches(day);
            left = left.saturating_sub(1);
            if left == 0 {
                let at = instant(day, self.hours.close).unwrap_or(from);
                return Counted { at, uncertain };
            }
        }
        Counted { at: from, uncertain: true }
    }

    fn open_on(&self, day: Date, counting: Counting) -> Option<Open> {
        let (open, from, until) = match counting {
            Counting::Running => (true, 0, DAY_MINUTES),
            Counting::WorkingDays => (self.is_working_day(day), 0, DAY_MINUTES),
            Counting::HubHours => {
                let weekday = self.hours.days.contains(&day.weekday().to_monday_one_offset());
                let holiday = !self.hours.bank_holidays && self.bank_holidays.contains(day);
                (weekday && !holiday, self.hours.open, self.hours.close)
            }
        };
        if !open {
            return None;
        }
        let known = self.hours.bank_holidays || self.reaches(day);
        Some(Open { from: instant(day, from)?, until: instant(day, until)?, known })
    }
}

/// The same time of day so many days later, on the clock on the wall.
pub(super) fn days_later(from: Timestamp, days: u32) -> Timestamp {
    from.to_zoned(london().clone())
        .checked_add(Span::new().days(days))
        .map_or(from, |zoned| zoned.timestamp())
}

fn later(from: Timestamp, length: SignedDuration) -> Timestamp {
    from.checked_add(length).unwrap_or(Timestamp::MAX)
}

fn local_day(at: Timestamp) -> Date {
    at.to_zoned(london().clone()).date()
}

fn days_from(day: Date) -> impl Iterator<Item = Date> {
    (0..SEARCH_DAYS).scan(Some(day), |next, _| {
        let today = (*next)?;
        *next = today.tomorrow().ok();
        Some(today)
    })
}

fn instant(day: Date, minutes: u16) -> Option<Timestamp> {
    let (day, minutes) =
        if minutes == DAY_MINUTES { (day.tomorrow().ok()?, 0) } else { (day, minutes) };
    let hour = i8::try_from(minutes / 60).ok()?;
    let minute = i8::try_from(minutes % 60).ok()?;
    let time = Time::new(hour, minute, 0, 0).ok()?;
    day.to_datetime(time).to_zoned(london().clone()).ok().map(|zoned| zoned.timestamp())
}
