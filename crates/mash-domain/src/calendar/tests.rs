use jiff::{Span, civil::date};
use proptest::prelude::*;

use super::*;

fn range(first: &str, last: &str) -> DateRange {
    DateRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap()
}

/// A Welsh school year, 2026-27, of a school that starts at 08:55.
fn parts() -> CalendarParts {
    CalendarParts {
        session_start_minutes: 8 * 60 + 55,
        terms: vec![
            range("2026-09-02", "2026-12-18"),
            range("2027-01-04", "2027-03-25"),
            range("2027-04-12", "2027-07-20"),
        ],
        holidays: vec![
            range("2026-10-26", "2026-10-30"),
            range("2027-02-15", "2027-02-19"),
            range("2027-05-31", "2027-06-04"),
        ],
        training_days: vec![date(2026, 9, 2), date(2026, 11, 20), date(2027, 1, 4)],
        open_weekdays: vec![],
    }
}

fn calendar() -> Calendar {
    Calendar::new(parts()).unwrap()
}

/// `2026-11-19T02:10` London time; a suffix is refused, so that a table cannot mean two things.
fn local(text: &str) -> Timestamp {
    text.parse::<jiff::civil::DateTime>().unwrap().to_zoned(london().clone()).unwrap().timestamp()
}

#[test]
fn london_keeps_both_clocks() {
    assert_eq!(local("2026-07-01T08:55").to_string(), "2026-07-01T07:55:00Z");
    assert_eq!(local("2026-12-01T08:55").to_string(), "2026-12-01T08:55:00Z");
}

#[test]
fn the_bell_is_that_of_the_next_school_day() {
    let table = [
        ("2026-11-19T02:10", "2026-11-19T08:55", "in the night"),
        ("2026-11-19T08:54", "2026-11-19T08:55", "a minute before the bell"),
        ("2026-11-18T08:55", "2026-11-19T08:55", "at the bell is after it"),
        ("2026-11-19T08:55", "2026-11-23T08:55", "Friday is a training day, then the weekend"),
        ("2026-11-13T23:00", "2026-11-16T08:55", "Friday night"),
        ("2026-11-14T12:00", "2026-11-16T08:55", "Saturday"),
        ("2026-10-23T16:00", "2026-11-02T08:55", "half term, and the clocks go back within it"),
        ("2026-10-25T01:30", "2026-11-02T08:55", "the hour that comes twice"),
        ("2026-12-18T09:00", "2027-01-05T08:55", "Christmas, then a training day"),
        ("2027-03-25T20:00", "2027-04-12T08:55", "Easter, and the clocks go forward within it"),
        ("2027-04-30T23:59", "2027-05-04T08:55", "early May bank holiday within a term"),
        ("2027-02-12T10:00", "2027-02-22T08:55", "spring half term"),
        ("2027-05-28T10:00", "2027-06-07T08:55", "bank holiday at the start of a half term"),
        (
            "2026-08-20T10:00",
            "2026-09-03T08:55",
            "the summer before the first term, and its training day",
        ),
    ];
    for (after, expected, why) in table {
        let next = next_session(local(after), &calendar(), BankHolidays::builtin());
        assert_eq!(next, NextSession { at: local(expected), uncertain: false }, "{why}");
    }
}

#[test]
fn the_clock_change_moves_the_instant_not_the_bell() {
    // A school that is open on Sundays, so that the very nights of both changes count.
    let open_weekdays = vec![1, 2, 3, 4, 5, 7];
    let terms = vec![range("2026-10-01", "2026-12-18"), range("2027-01-04", "2027-04-30")];
    let calendar = Calendar::new(CalendarParts {
        open_weekdays,
        terms,
        session_start_minutes: 535,
        ..CalendarParts::default()
    });
    let calendar = calendar.unwrap();
    let table = [
        ("2026-10-24T22:00:00Z", "2026-10-25T08:55:00Z", "back: 08:55 is no longer 07:55 UTC"),
        ("2026-10-23T22:00:00Z", "2026-10-25T08:55:00Z", "Saturday is closed"),
        ("2026-10-22T22:00:00Z", "2026-10-23T07:55:00Z", "still summer time"),
        ("2027-03-27T23:00:00Z", "2027-03-28T07:55:00Z", "forward"),
        ("2027-03-28T07:55:00Z", "2027-03-30T07:55:00Z", "Easter Monday"),
    ];
    for (after, expected, why) in table {
        let next = next_session(after.parse().unwrap(), &calendar, BankHolidays::builtin());
        assert_eq!(next.at.to_string(), expected, "{why}");
    }
}

#[test]
fn beyond_the_calendar_is_a_guess_and_says_so() {
    let table = [
        ("2027-07-20T10:00", "2027-07-21T08:55", "after the last term"),
        ("2028-02-05T10:00", "2028-02-07T08:55", "far after it, on a weekend"),
        ("2026-05-22T20:00", "2026-05-26T08:55", "long before the first, over a bank holiday"),
    ];
    for (after, expected, why) in table {
        let next = next_session(local(after), &calendar(), BankHolidays::builtin());
        assert_eq!(next, NextSession { at: local(expected), uncertain: true }, "{why}");
    }
    let assumed =
        next_session(local("2026-11-20T20:00"), &Calendar::assumed(), BankHolidays::builtin());
    assert_eq!(assumed, NextSession { at: local("2026-11-23T08:30"), uncertain: true });
    let short_list: BankHolidays = [date(2026, 8, 31)].into_iter().collect();
    assert!(next_session(local("2026-11-18T10:00"), &calendar(), &short_list).uncertain);
}

#[test]
fn a_closure_moves_the_bell() {
    let closed = calendar().closed_on([date(2026, 11, 19)]);
    let next = next_session(local("2026-11-19T06:30"), &closed, BankHolidays::builtin());
    assert_eq!(next.at, local("2026-11-23T08:55"), "Friday is a training day");
}

#[test]
fn a_school_closed_for_ever_still_gets_a_bell() {
    let days: Vec<_> = date(2026, 9, 1).series(Span::new().days(1)).take(1_000).collect();
    let next = next_session(
        local("2026-11-19T06:30"),
        &calendar().closed_on(days),
        BankHolidays::builtin(),
    );
    assert_eq!(next, NextSession { at: local("2026-11-20T08:55"), uncertain: true });
}

#[test]
fn bad_calendars_are_refused_with_every_fault() {
    use CalendarFault as F;
    let good = parts();
    let table: [(&str, CalendarParts, Vec<F>); 7] = [
        ("nothing", CalendarParts::default(), vec![F::NoTerm, F::SessionStart]),
        (
            "hours for minutes",
            CalendarParts { session_start_minutes: 9, ..good.clone() },
            vec![F::SessionStart],
        ),
        (
            "overlap and length",
            CalendarParts {
                terms: vec![range("2026-09-02", "2027-07-20"), range("2027-01-01", "2027-02-01")],
                ..good.clone()
            },
            vec![F::TermLength { index: 0 }, F::TermOrder { index: 1 }],
        ),
        (
            "weekday",
            CalendarParts { open_weekdays: vec![1, 0, 900], ..good.clone() },
            vec![F::Weekday { index: 1 }, F::Weekday { index: 2 }],
        ),
        (
            "terms",
            CalendarParts { terms: vec![range("2026-09-02", "2026-09-02"); 13], ..good.clone() },
            { (1..13).map(|index| F::TermOrder { index }).chain([F::TooMany]).collect() },
        ),
        (
            "never open",
            CalendarParts { holidays: vec![range("2026-01-01", "2028-01-01")], ..good.clone() },
            vec![F::NeverOpen],
        ),
        (
            "training days",
            CalendarParts { training_days: vec![date(2026, 9, 2); 101], ..good },
            vec![F::TooMany],
        ),
    ];
    for (why, parts, expected) in table {
        assert_eq!(Calendar::new(parts), Err(expected), "{why}");
    }
}

prop_compose! {
    /// Up to three terms within two years of 2026, of odd lengths, with holidays, training days, weekdays and closures.
    fn any_calendar()(
        start in 300..840_i32,
        terms in proptest::collection::vec((0..200_i32, 0..199_i32), 0..4),
        holidays in proptest::collection::vec((0..700_i32, 0..20_i32), 0..6),
        training in proptest::collection::vec(0..700_i32, 0..8),
        closures in proptest::collection::vec(0..700_i32, 0..8),
        weekdays in proptest::collection::btree_set(1..=7_i32, 1..7),
    ) -> Calendar {
        let day = |offset: i32| date(2026, 1, 1).checked_add(Span::new().days(offset)).unwrap();
        let mut from = 0;
        let mut parts = CalendarParts {
            session_start_minutes: start,
            holidays: holidays.iter().map(|(at, long)| DateRange::new(day(*at), day(at + long)).unwrap()).collect(),
            training_days: training.iter().map(|offset| day(*offset)).collect(),
            open_weekdays: weekdays.into_iter().collect(),
            ..CalendarParts::default()
        };
        for (gap, long) in terms {
            parts.terms.push(DateRange::new(day(from + gap), day(from + gap + long)).unwrap());
            from += gap + long + 1;
        }
        let calendar = Calendar::new(parts).unwrap_or_else(|_| Calendar::assumed());
        calendar.closed_on(closures.into_iter().map(day))
    }
}

proptest! {
    #[test]
    fn the_bell_is_strictly_after_and_on_an_open_day(calendar in any_calendar(), seconds in 0..100_000_000_i64) {
        let after = Timestamp::from_second(1_750_000_000 + seconds).unwrap();
        let next = next_session(after, &calendar, BankHolidays::builtin());
        prop_assert!(next.at > after);
        let local = next.at.to_zoned(london().clone());
        prop_assert_eq!(local.time(), calendar.session_start());
        if next.uncertain {
            // A guess still falls on a weekday of the school, unless nothing was open for more than a year.
            prop_assert!(next.at.duration_since(after).as_hours() < 24 * 401);
        } else {
            prop_assert!(calendar.is_school_day(local.date(), BankHolidays::builtin()));
        }
    }

    /// A later report is never due earlier.
    #[test]
    fn the_bell_is_monotone(calendar in any_calendar(), seconds in 0..100_000_000_i64, later in 0..5_000_000_i64) {
        let at = |seconds| Timestamp::from_second(1_750_000_000 + seconds).unwrap();
        let first = next_session(at(seconds), &calendar, BankHolidays::builtin());
        let second = next_session(at(seconds + later), &calendar, BankHolidays::builtin());
        prop_assert!(first.at <= second.at);
    }

    /// No school day that the calendar knows is skipped.
    #[test]
    fn no_session_is_skipped(calendar in any_calendar(), seconds in 0..60_000_000_i64) {
        let after = Timestamp::from_second(1_770_000_000 + seconds).unwrap();
        let next = next_session(after, &calendar, BankHolidays::builtin());
        let from = after.to_zoned(london().clone()).date();
        let until = next.at.to_zoned(london().clone()).date();
        for day in from.series(Span::new().days(1)).take_while(|day| *day < until) {
            let start = day.to_datetime(calendar.session_start()).to_zoned(london().clone()).unwrap().timestamp();
            prop_assert!(start <= after || !calendar.is_school_day(day, BankHolidays::builtin()), "skipped {}", day);
        }
    }
}
