//! Where a child learns: by age, with the exceptions that make matching hard.

use jiff::civil::{Date, date};

use super::{Enrolment, EnrolmentKind, SCHOOL_YEAR};
use crate::wales::{
    random::Random,
    schools::{School, Sector},
};

/// The establishments that a family uses, unless a child is an exception.
pub(super) struct Usual<'a> {
    schools: &'a [School],
    primary: Option<&'a School>,
    secondary: Option<&'a School>,
    /// The primary before the family moved.
    before: Option<&'a School>,
}

impl<'a> Usual<'a> {
    pub(super) fn draw(
        random: &mut Random,
        schools: &'a [School],
        welsh: bool,
        moved: bool,
    ) -> Self {
        let primary = of_medium(random, schools, &[Sector::Primary, Sector::Middle], welsh);
        let secondary = of_medium(random, schools, &[Sector::Secondary, Sector::Middle], welsh);
        let before = if moved { any(random, schools, &[Sector::Primary]) } else { None };
        Self { schools, primary, secondary, before }
    }
}

/// The enrolments of a child, the latest first.
pub(super) fn draw(random: &mut Random, born: Date, usual: &Usual<'_>) -> Vec<Enrolment> {
    let age = age_on(born, SCHOOL_YEAR);
    match age {
        // Under three: a setting, or nothing yet.
        ..=2 => setting(random, usual, 400),
        3 => {
            if random.chance(300) {
                setting(random, usual, 1_000)
            } else {
                place(usual.primary, born)
            }
        }
        4..=15 => school_age(random, born, age, usual),
        _ => after_sixteen(random, born, usual),
    }
}

fn school_age(random: &mut Random, born: Date, age: i16, usual: &Usual<'_>) -> Vec<Enrolment> {
    let ordinary = if age <= 10 { usual.primary } else { usual.secondary };
    match random.below(1_000) {
        0..12 => vec![Enrolment {
            kind: EnrolmentKind::HomeEducated,
            laestab: String::new(),
            start: SCHOOL_YEAR,
            end: None,
        }],
        // Missing education: on the books, and nowhere.
        12..14 => Vec::new(),
        14..29 => place(any(random, usual.schools, &[Sector::Special]), born),
        29..47 => place(any(random, usual.schools, &[Sector::Independent]), born),
        // Two places at once: the school keeps the registration.
        47..53 if age >= 8 => {
            let mut both = place(ordinary, born);
            let unit = place(any(random, usual.schools, &[Sector::PupilReferralUnit]), born);
            both.extend(unit.into_iter().map(|unit| Enrolment {
                kind: EnrolmentKind::Subsidiary,
                start: date(2026, 10, 5),
                ..unit
            }));
            both
        }
        // Another school than the brothers and sisters.
        53..93 => place(any(random, usual.schools, sectors(age)), born),
        _ => moved(ordinary, usual.before.filter(|_| age <= 10), born),
    }
}

fn after_sixteen(random: &mut Random, born: Date, usual: &Usual<'_>) -> Vec<Enrolment> {
    let college = any(random, usual.schools, &[Sector::FurtherEducation]);
    if college.is_some() && random.chance(450) {
        place(college, born)
    } else {
        place(usual.secondary, born)
    }
}

const fn sectors(age: i16) -> &'static [Sector] {
    if age <= 10 { &[Sector::Primary] } else { &[Sector::Secondary] }
}

fn setting(random: &mut Random, usual: &Usual<'_>, per_mille: u32) -> Vec<Enrolment> {
    if !random.chance(per_mille) {
        return Vec::new();
    }
    any(random, usual.schools, &[Sector::EarlyYears, Sector::Nursery])
        .map(|setting| vec![main(setting, SCHOOL_YEAR)])
        .unwrap_or_default()
}

/// A family that moved last month: the old school is closed off, the new one open.
fn moved(now: Option<&School>, before: Option<&School>, born: Date) -> Vec<Enrolment> {
    match (now, before) {
        (Some(now), Some(before)) if now.laestab != before.laestab => vec![
            main(now, date(2026, 11, 2)),
            Enrolment { end: Some(date(2026, 10, 23)), ..main(before, started(before, born)) },
        ],
        _ => place(now, born),
    }
}

fn place(school: Option<&School>, born: Date) -> Vec<Enrolment> {
    school.map(|school| vec![main(school, started(school, born))]).unwrap_or_default()
}

fn main(school: &School, start: Date) -> Enrolment {
    Enrolment { kind: EnrolmentKind::Main, laestab: school.laestab.clone(), start, end: None }
}

/// The first of September at or after the lowest age of the school.
fn started(school: &School, born: Date) -> Date {
    let lowest = i16::from(school.sector.ages().0);
    let year = born.year() + lowest + i16::from(born.month() >= 9);
    Date::new(year.min(2026), 9, 1).unwrap_or(SCHOOL_YEAR)
}

/// A school of one of these sectors, of the family's language where there is one.
fn of_medium<'a>(
    random: &mut Random,
    schools: &'a [School],
    sectors: &[Sector],
    welsh: bool,
) -> Option<&'a School> {
    let fitting: Vec<&School> = schools
        .iter()
        .filter(|school| sectors.contains(&school.sector) && school.welsh_medium == welsh)
        .collect();
    random.pick(&fitting).copied().or_else(|| any(random, schools, sectors))
}

fn any<'a>(random: &mut Random, schools: &'a [School], sectors: &[Sector]) -> Option<&'a School> {
    let fitting: Vec<&School> =
        schools.iter().filter(|school| sectors.contains(&school.sector)).collect();
    random.pick(&fitting).copied()
}

fn age_on(born: Date, day: Date) -> i16 {
    let had_birthday = (day.month(), day.day()) >= (born.month(), born.day());
    day.year() - born.year() - i16::from(!had_birthday)
}
