//! Which mornings have a statement.

use jiff::{
    Timestamp,
    civil::{Date, Time},
};

use crate::{
    bank_holidays::BankHolidays,
    calendar::{Calendar, london, next_session},
};

/// When the statement of a school morning is made, local time.
pub const AT: Time = Time::constant(8, 30, 0, 0);

/// The day of which a statement is due at this time: from 08:30 on, today.
#[must_use]
pub fn is_due(now: Timestamp) -> Option<Date> {
    let local = now.to_zoned(london().clone());
    (local.time() >= AT).then(|| local.date())
}

/// Whether the day is a school morning of an authority: its calendar says so, or a bell of one of its schools rings on it,
/// whatever the calendar says. An authority whose calendar is not known has school on weekdays.
///
/// A day without school has no statement; what comes in on it is in the next one.
#[must_use]
pub fn is_school_morning(
    day: Date,
    calendar: Option<&Calendar>,
    bank_holidays: &BankHolidays,
    bell_rings: bool,
) -> bool {
    if bell_rings {
        return true;
    }
    let assumed = Calendar::assumed();
    let midnight = day.to_zoned(london().clone()).map(|zoned| zoned.timestamp());
    let Ok(midnight) = midnight else { return false };
    // Beyond the terms the calendar guesses, as it does for the bell.
    let next = next_session(midnight, calendar.unwrap_or(&assumed), bank_holidays);
    next.at.to_zoned(london().clone()).date() == day
}
