//! When every school of Wales is open from September 2026 to September 2027: what is told to the directory, and beside it
//! a plain list of the days, so that the bells of the services are checked against something that they did not compute.

use std::collections::BTreeSet;

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Time, date},
};
use mash_domain::{bank_holidays::BankHolidays, calendar::london};
use mash_proto::education::v1::{Calendar, DateRange};
use mash_synth::{
    random::Random,
    wales::schools::{School, Sector},
};

/// The first day of the school year.
pub const FIRST: Date = date(2026, 9, 1);
/// Its days, to 31 August 2027.
pub const DAYS: u32 = 365;

/// A first and a last day, both included.
type Days = (Date, Date);

/// The terms of an authority. Where they differ from authority to authority they differ by its code.
struct Terms {
    terms: [Days; 4],
    half_terms: [Days; 3],
    training: [Date; 2],
}

fn terms(authority: &str) -> Terms {
    let code: i8 = authority.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(60);
    let (third, half) = (code % 3, code % 2 == 0);
    let (autumn, spring) = (date(2026, 9, 1 + third), date(2027, 1, 4 + third));
    let october = if code % 4 == 0 { 19 } else { 26 };
    let february = if code % 5 < 2 { 8 } else { 15 };
    // Good Friday is on 26 March; half of them break up a week before it, half on the day before.
    let (march, april) = if half {
        (date(2027, 3, 19), date(2027, 4, 5))
    } else {
        (date(2027, 3, 25), date(2027, 4, 12))
    };
    let july = if half { 16 } else { 20 + third };
    let week = |year, month, day| (date(year, month, day), date(year, month, day + 4));
    Terms {
        terms: [
            (autumn, date(2026, 12, if half { 18 } else { 22 })),
            (spring, march),
            (april, date(2027, 7, july)),
            // Known well before the summer that it ends.
            (date(2027, 9, 1 + third), date(2027, 10, 22)),
        ],
        half_terms: [
            week(2026, 10, october),
            week(2027, 2, february),
            (date(2027, 5, 31), date(2027, 6, 4)),
        ],
        training: [autumn, spring],
    }
}

/// When one school is open.
#[derive(Clone)]
pub struct SchoolYear {
    /// What the directory is told.
    pub told: Calendar,
    /// The days on which it is open, in order.
    days: BTreeSet<Date>,
    /// When its first session starts.
    start: Time,
}

impl SchoolYear {
    /// That of an invented school: the terms of its authority, three training days of its own, a start of its own, and
    /// Saturdays where it boards.
    #[must_use]
    pub fn of(seed: u64, school: &School) -> Self {
        let mut random = Random::new(seed).fork("year").fork(&school.laestab);
        let terms = terms(school.laestab.get(..3).unwrap_or_default());
        let mut training: Vec<Date> = terms.training.to_vec();
        for (first, last) in terms.half_terms {
            // The Friday before a half term or the Monday after it.
            let own = if random.chance(500) { first - 3.days() } else { last + 3.days() };
            training.push(own);
        }
        let (from, steps) = match school.sector {
            Sector::Secondary | Sector::Middle => (8 * 60 + 20, 5),
            Sector::FurtherEducation => (9 * 60, 6),
            Sector::Independent => (8 * 60, 8),
            Sector::EarlyYears | Sector::Nursery => (9 * 60, 6),
            Sector::Primary | Sector::Special | Sector::PupilReferralUnit => (8 * 60 + 40, 5),
        };
        let minutes = i32::try_from(from + 5 * random.between(0, steps)).unwrap_or(9 * 60);
        let open: Vec<i32> = if school.boarding { (1..=6).collect() } else { (1..=5).collect() };
        let told = Calendar {
            session_start_minutes: minutes,
            terms: terms.terms.into_iter().map(range).collect(),
            holidays: terms.half_terms.into_iter().map(range).collect(),
            training_days: training.iter().map(|day| (*day).into()).collect(),
            open_weekdays: if school.boarding { open.clone() } else { Vec::new() },
        };
        let within =
            |all: &[Days], day: Date| all.iter().any(|(first, last)| *first <= day && day <= *last);
        let holidays = BankHolidays::builtin();
        let days = FIRST
            .series(1.day())
            .take_while(|day| *day <= date(2027, 10, 22))
            .filter(|day| {
                open.contains(&i32::from(day.weekday().to_monday_one_offset()))
                    && within(&terms.terms, *day)
                    && !within(&terms.half_terms, *day)
                    && !training.contains(day)
                    && !holidays.contains(*day)
            })
            .collect();
        let start = Time::midnight() + i64::from(minutes).minutes();
        Self { told, days, start }
    }

    /// That of an authority itself, for whoever has none.
    #[must_use]
    pub fn of_authority(code: &str) -> Calendar {
        let terms = terms(code);
        Calendar {
            session_start_minutes: 9 * 60,
            terms: terms.terms.into_iter().map(range).collect(),
            holidays: terms.half_terms.into_iter().map(range).collect(),
            training_days: terms.training.into_iter().map(Into::into).collect(),
            open_weekdays: Vec::new(),
        }
    }

    /// The bell of a day.
    #[must_use]
    pub fn bell_on(&self, day: Date) -> Option<Timestamp> {
        self.days.contains(&day).then(|| instant(day, self.start)).flatten()
    }

    /// The first bell after an instant.
    #[must_use]
    pub fn bell_after(&self, at: Timestamp) -> Option<Timestamp> {
        let today = at.to_zoned(london().clone()).date();
        self.days.range(today..).filter_map(|day| instant(*day, self.start)).find(|bell| *bell > at)
    }

    /// Whether it is open on a day.
    #[must_use]
    pub fn is_open(&self, day: Date) -> bool {
        self.days.contains(&day)
    }

    /// It stays closed on a day after all.
    pub fn close(&mut self, day: Date) {
        self.days.remove(&day);
    }
}

/// A time of day in Wales.
#[must_use]
pub fn instant(day: Date, time: Time) -> Option<Timestamp> {
    Some(day.to_datetime(time).to_zoned(london().clone()).ok()?.timestamp())
}

fn range((first, last): Days) -> DateRange {
    DateRange { first: Some(first.into()), last: Some(last.into()) }
}
