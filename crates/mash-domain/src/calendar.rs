//! School calendars, and the start of the next session: the bell by which a notice must have been seen.

use std::{collections::BTreeSet, sync::LazyLock};

use jiff::{
    Timestamp,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

use crate::bank_holidays::BankHolidays;

/// The most terms that one calendar holds.
pub const TERMS_LIMIT: usize = 12;
/// The most half terms and the most training days that one calendar holds.
pub const DAYS_LIMIT: usize = 100;
/// When schools start whose calendar nobody has given. Early rather than late: a bell too early only hurries.
pub const ASSUMED_START: Time = Time::constant(8, 30, 0, 0);

// A calendar is searched this far ahead; more than a year, so that any summer fits.
const SEARCH_DAYS: u32 = 400;
// A calendar that begins with a new school year is trusted for the summer before it, not for longer.
const SUMMER_DAYS: i32 = 56;

/// Days from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateRange {
    first: Date,
    last: Date, // INVARIANT: not before `first`.
}

impl DateRange {
    /// The days from the first to the last, if they are in that order.
    #[must_use]
    pub fn new(first: Date, last: Date) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The first day.
    #[must_use]
    pub const fn first(self) -> Date {
        self.first
    }

    /// The last day.
    #[must_use]
    pub const fn last(self) -> Date {
        self.last
    }

    /// Whether the day is one of them.
    #[must_use]
    pub fn contains(self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }
}

/// When an establishment is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    session_start: Time,
    terms: Vec<DateRange>, // INVARIANT: in order, not overlapping.
    holidays: Vec<DateRange>,
    training_days: BTreeSet<Date>,
    open_weekdays: BTreeSet<i8>, // INVARIANT: not empty, 1 (Monday) to 7.
    closures: BTreeSet<Date>,
}

/// What a calendar is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CalendarParts {
    /// When the first session starts, minutes after midnight, local time.
    pub session_start_minutes: i32,
    /// Terms, in order, not overlapping.
    pub terms: Vec<DateRange>,
    /// Days within terms when pupils do not attend.
    pub holidays: Vec<DateRange>,
    /// In-service training days.
    pub training_days: Vec<Date>,
    /// Days of the week when open, 1 = Monday; empty means Monday to Friday.
    pub open_weekdays: Vec<i32>,
}

/// Why parts do not make a calendar. `index` counts from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarFault {
    /// The session starts outside 05:00 to 14:00, which is a slip of the keys.
    #[error("a first session starts between 05:00 (300) and 14:00 (840)")]
    SessionStart,
    /// No term.
    #[error("a calendar has at least one term")]
    NoTerm,
    /// More than [`TERMS_LIMIT`] terms, or more than [`DAYS_LIMIT`] half terms or training days.
    #[error("a calendar has at most 12 terms, 100 holidays and 100 training days")]
    TooMany,
    /// A term begins before the one before it has ended.
    #[error("term {index} begins before the one before it ends")]
    TermOrder {
        /// Which term.
        index: usize,
    },
    /// A term is longer than 200 days.
    #[error("term {index} is longer than 200 days")]
    TermLength {
        /// Which term.
        index: usize,
    },
    /// Not a day of the week.
    #[error("weekday {index} is not 1 (Monday) to 7 (Sunday)")]
    Weekday {
        /// Which entry.
        index: usize,
    },
    /// No day of any term is a school day.
    #[error("the calendar leaves no school day")]
    NeverOpen,
}

/// The start of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextSession {
    /// When it starts.
    pub at: Timestamp,
    /// Whether it rests on a guess, since the calendar or the list of bank holidays does not reach that far.
    pub uncertain: bool,
}

/// The time zone of England and Wales.
#[must_use]
pub fn london() -> &'static TimeZone {
    static LONDON: LazyLock<TimeZone> = LazyLock::new(|| {
        // The database is compiled in; the rule in force since 1996 stands behind it, so that there is no failure.
        TimeZone::get("Europe/London")
            .or_else(|_| TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0"))
            .unwrap_or(TimeZone::UTC)
    });
    &LONDON
}

impl Calendar {
    /// A calendar of these parts.
    ///
    /// # Errors
    ///
    /// Every [`CalendarFault`] that was found.
    pub fn new(parts: CalendarParts) -> Result<Self, Vec<CalendarFault>> {
        let mut faults = order_faults(&parts.terms);
        let start = Some(parts.session_start_minutes)
            .filter(|minutes| (300..=840).contains(minutes))
            .and_then(|minutes| {
                Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0)
                    .ok()
            });
        if start.is_none() {
            faults.push(CalendarFault::SessionStart);
        }
        let longest = parts.holidays.len().max(parts.training_days.len());
        if parts.terms.len() > TERMS_LIMIT || longest > DAYS_LIMIT {
            faults.push(CalendarFault::TooMany);
        }
        let mut open_weekdays = BTreeSet::new();
        for (index, weekday) in parts.open_weekdays.iter().enumerate() {
            match i8::try_from(*weekday) {
                Ok(day @ 1..=7) => _ = open_weekdays.insert(day),
                Ok(_) | Err(_) => faults.push(CalendarFault::Weekday { index }),
            }
        }
        if open_weekdays.is_empty() {
            open_weekdays = (1..=5).collect();
        }
        let calendar = Self {
            session_start: start.unwrap_or(ASSUMED_START),
            terms: parts.terms,
            holidays: parts.holidays,
            training_days: parts.training_days.into_iter().collect(),
            open_weekdays,
            closures: BTreeSet::new(),
        };
        if faults.is_empty() && !calendar.ever_open() {
            faults.push(CalendarFault::NeverOpen);
        }
        if faults.is_empty() { Ok(calendar) } else { Err(faults) }
    }

    /// What is assumed of a school that has given no calendar: weekdays, from [`ASSUMED_START`]; never certain.
    #[must_use]
    pub fn assumed() -> Self {
        Self {
            session_start: ASSUMED_START,
            terms: Vec::new(),
            holidays: Vec::new(),
            training_days: BTreeSet::new(),
            open_weekdays: (1..=5).collect(),
            closures: BTreeSet::new(),
        }
    }

    /// The same calendar, closed on these days too.
    #[must_use]
    pub fn closed_on(mut self, days: impl IntoIterator<Item = Date>) -> Self {
        self.closures.extend(days);
        self
    }

    /// When the first session of a day starts.
    #[must_use]
    pub const fn session_start(&self) -> Time {
        self.session_start
    }

    /// Whether pupils are expected on the day.
    #[must_use]
    pub fn is_school_day(&self, day: Date, bank_holidays: &BankHolidays) -> bool {
        self.may_be_open(day, bank_holidays) && self.terms.iter().any(|term| term.contains(day))
    }

    fn may_be_open(&self, day: Date, bank_holidays: &BankHolidays) -> bool {
        self.open_weekdays.contains(&day.weekday().to_monday_one_offset())
            && !bank_holidays.contains(day)
            && !self.training_days.contains(&day)
            && !self.closures.contains(&day)
            && !self.holidays.iter().any(|holiday| holiday.contains(day))
    }

    // Whether the terms say something about the day: it lies within them, or in the summer before the first.
    fn reaches(&self, day: Date) -> bool {
        let (Some(first), Some(last)) = (self.terms.first(), self.terms.last()) else {
            return false;
        };
        let days_before = day.until(first.first).map_or(i32::MAX, |span| span.get_days());
        day <= last.last && days_before <= SUMMER_DAYS
    }

    fn ever_open(&self) -> bool {
        let none = BankHolidays::from_iter([]);
        self.terms.iter().any(|term| {
            term.first
                .series(jiff::Span::new().days(1))
                .take_while(|day| *day <= term.last)
                .any(|day| self.may_be_open(day, &none))
        })
    }
}

fn order_faults(terms: &[DateRange]) -> Vec<CalendarFault> {
    let mut faults = Vec::new();
    if terms.is_empty() {
        faults.push(CalendarFault::NoTerm);
    }
    let mut before: Option<&DateRange> = None;
    for (index, term) in terms.iter().enumerate() {
        if before.is_some_and(|before| term.first <= before.last) {
            faults.push(CalendarFault::TermOrder { index });
        }
        if term.first.until(term.last).map_or(i32::MAX, |span| span.get_days()) > 200 {
            faults.push(CalendarFault::TermLength { index });
        }
        before = Some(term);
    }
    faults
}

/// The start of the next session strictly after an instant.
///
/// Where the calendar's terms do not reach, its weekdays count, and the answer is marked uncertain.
#[must_use]
pub fn next_session(
    after: Timestamp,
    calendar: &Calendar,
    bank_holidays: &BankHolidays,
) -> NextSession {
    let today = after.to_zoned(london().clone()).date();
    let mut day = today;
    for _ in 0..SEARCH_DAYS {
        let known = calendar.reaches(day);
        let open = if known {
            calendar.is_school_day(day, bank_holidays)
        } else {
            calendar.may_be_open(day, bank_holidays)
        };
        if open && let Some(at) = start_of(day, calendar.session_start).filter(|at| *at > after) {
            return NextSession { at, uncertain: !known || !bank_holidays.reaches(day) };
        }
        let Ok(tomorrow) = day.tomorrow() else { break };
        day = tomorrow;
    }
    // Closed for more than a year: an answer that is too early is safer than none.
    let at =
        next_weekday(today).and_then(|day| start_of(day, calendar.session_start)).unwrap_or(after);
    NextSession { at, uncertain: true }
}

fn start_of(day: Date, start: Time) -> Option<Timestamp> {
    day.to_datetime(start).to_zoned(london().clone()).ok().map(|zoned| zoned.timestamp())
}

fn next_weekday(today: Date) -> Option<Date> {
    let weekend = [Weekday::Saturday, Weekday::Sunday];
    today.series(jiff::Span::new().days(1)).skip(1).find(|day| !weekend.contains(&day.weekday()))
}

#[cfg(test)]
mod tests;
