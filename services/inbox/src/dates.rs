//! Days and times as people read them, where the schools are, in both languages.
//!
//! English: `Thursday 19 November 2026`, `8:55am`. Welsh: `Dydd Iau 19 Tachwedd 2026`, `8.55yb`.

use jiff::{Timestamp, Zoned, civil::Date};
use mash_domain::calendar::london;

use crate::texts::Texts;

/// A day with its weekday.
pub(crate) fn weekday(t: Texts, day: Date) -> String {
    let weekday = t.say(&format!("weekday-{}", day.weekday().to_monday_one_offset()));
    format!("{weekday} {}", date(t, day))
}

/// A day.
pub(crate) fn date(t: Texts, day: Date) -> String {
    let month = t.say(&format!("month-{}", day.month()));
    format!("{} {month} {}", day.day(), day.year())
}

/// A time of the day.
pub(crate) fn time(t: Texts, at: &Zoned) -> String {
    let (hour, minute) = (at.hour(), at.minute());
    match (hour, minute) {
        (12, 0) => return t.say("midday"),
        (0, 0) => return t.say("midnight"),
        _ => (),
    }
    let (half, point) = (t.0.choose(["am", "pm"], ["yb", "yp"]), t.0.choose(':', '.'));
    let [morning, afternoon] = half;
    let half = if hour < 12 { morning } else { afternoon };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    if minute == 0 { format!("{hour}{half}") } else { format!("{hour}{point}{minute:02}{half}") }
}

/// An instant, told from another one: of the same day only the time.
pub(crate) fn moment(t: Texts, at: Timestamp, now: Timestamp) -> String {
    let [at, now] = [at, now].map(|it| it.to_zoned(london().clone()));
    let clock = time(t, &at);
    if at.date() == now.date() {
        return t.args("today-at-time", &[("time", &clock)]);
    }
    t.args("at-time", &[("date", &weekday(t, at.date())), ("time", &clock)])
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;
    use mash_policy::Language;

    use super::*;

    #[test]
    fn days_and_times_are_written_as_each_language_writes_them() {
        let table = [
            (
                "2026-11-19T08:55:00Z",
                "8:55am",
                "8.55yb",
                "Thursday 19 November 2026",
                "Dydd Iau 19 Tachwedd 2026",
            ),
            (
                "2026-07-01T07:30:00Z",
                "8:30am",
                "8.30yb",
                "Wednesday 1 July 2026",
                "Dydd Mercher 1 Gorffennaf 2026",
            ),
            (
                "2026-02-09T15:00:00Z",
                "3pm",
                "3yp",
                "Monday 9 February 2026",
                "Dydd Llun 9 Chwefror 2026",
            ),
            (
                "2026-02-09T12:00:00Z",
                "midday",
                "hanner dydd",
                "Monday 9 February 2026",
                "Dydd Llun 9 Chwefror 2026",
            ),
            (
                "2026-02-09T12:05:00Z",
                "12:05pm",
                "12.05yp",
                "Monday 9 February 2026",
                "Dydd Llun 9 Chwefror 2026",
            ),
            (
                "2026-02-09T00:05:00Z",
                "12:05am",
                "12.05yb",
                "Monday 9 February 2026",
                "Dydd Llun 9 Chwefror 2026",
            ),
        ];
        for (at, english, welsh, day_english, day_welsh) in table {
            let at: Timestamp = at.parse().unwrap();
            let at = at.to_zoned(london().clone());
            for (language, clock, day) in
                [(Language::English, english, day_english), (Language::Welsh, welsh, day_welsh)]
            {
                assert_eq!(time(Texts(language), &at), clock);
                assert_eq!(weekday(Texts(language), at.date()), day);
            }
        }
    }

    #[test]
    fn an_instant_of_today_is_told_without_its_day() {
        let now = "2026-11-19T07:45:00Z".parse().unwrap();
        let (bell, other) =
            ("2026-11-19T08:55:00Z".parse().unwrap(), "2026-11-18T23:40:00Z".parse().unwrap());
        let welsh = Texts(Language::Welsh);
        assert_eq!(moment(welsh, bell, now), "heddiw am 8.55yb");
        assert_eq!(moment(welsh, other, now), "Dydd Mercher 18 Tachwedd 2026 am 11.40yp");
    }

    #[test]
    fn every_month_and_weekday_has_its_name() {
        for language in Language::ALL {
            let names: std::collections::BTreeSet<String> = (1..=12)
                .map(|month| date(Texts(language), day(2026, month, 1)))
                .chain((1..=7).map(|number| weekday(Texts(language), day(2026, 6, number))))
                .collect();
            assert_eq!(names.len(), 19);
            assert!(
                names.iter().all(|name| !name.contains("month-") && !name.contains("weekday-"))
            );
        }
    }
}
