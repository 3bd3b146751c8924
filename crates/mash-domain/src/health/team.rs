//! Which team has a child, by the child's age.

use std::collections::BTreeSet;

use jiff::{ToSpan as _, civil::Date};

use super::worded;

worded! {
    /// A team of a board.
    Team {
        /// An unborn child, and the first days.
        Midwifery = "midwifery",
        /// Up to school age.
        HealthVisiting = "health-visiting",
        /// From school age on.
        SchoolNursing = "school-nursing",
        /// Where no other team has the child.
        GeneralPractice = "general-practice",
    }
}

worded! {
    /// Why a team has a child.
    Routed {
        /// By the child's age.
        ByAge = "by-age",
        /// The board has no such team: general practice stands in.
        StandsIn = "stands-in",
        /// The age is not known, or the person is no child any more.
        AgeUnknown = "age-unknown",
        /// The board has no team at all: every practitioner sees it.
        NoTeam = "no-team",
    }
}

/// From which age on which team has a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgeThresholds {
    midwifery_days: u8,   // INVARIANT: 0 to 60.
    school_age_years: u8, // INVARIANT: 4 to 7.
}

/// Ages outside what any board could mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("midwifery has a child for 0 to 60 days, and school age begins at 4 to 7 years")]
pub struct ThresholdsError;

impl Default for AgeThresholds {
    /// Ten days, and five years.
    fn default() -> Self {
        Self { midwifery_days: 10, school_age_years: 5 }
    }
}

impl AgeThresholds {
    /// The ages of a board.
    ///
    /// # Errors
    ///
    /// [`ThresholdsError`] outside of 0 to 60 days and 4 to 7 years.
    pub fn new(midwifery_days: u8, school_age_years: u8) -> Result<Self, ThresholdsError> {
        if midwifery_days <= 60 && (4..=7).contains(&school_age_years) {
            Ok(Self { midwifery_days, school_age_years })
        } else {
            Err(ThresholdsError)
        }
    }

    /// For how many days after birth midwifery has a child.
    #[must_use]
    pub const fn midwifery_days(self) -> u8 {
        self.midwifery_days
    }

    /// At which age in whole years a child passes to school nursing.
    #[must_use]
    pub const fn school_age_years(self) -> u8 {
        self.school_age_years
    }
}

/// How old the child is, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Not born.
    Unborn,
    /// Born on this day.
    Born(Date),
    /// Not known.
    Unknown,
}

impl Age {
    /// What a date of birth or an expected one tell.
    #[must_use]
    pub const fn of(born: Option<Date>, expected: Option<Date>) -> Self {
        match (born, expected) {
            (Some(born), _) => Self::Born(born),
            (None, Some(_)) => Self::Unborn,
            (None, None) => Self::Unknown,
        }
    }
}

/// The team that has a child of this age, if one has it by age.
#[must_use]
pub fn by_age(age: Age, today: Date, thresholds: AgeThresholds) -> Option<Team> {
    match age {
        Age::Unknown => None,
        Age::Unborn => Some(Team::Midwifery),
        Age::Born(born) if born > today => Some(Team::Midwifery),
        Age::Born(born) => {
            let turned = |years: u8| {
                // Whoever is born on 29 February turns a year older on 1 March of other years: `checked_add` clamps to the
                // 28th, which is a day early and asks the older team a day early; nobody is left without one.
                born.checked_add(i64::from(years).years()).is_ok_and(|birthday| birthday <= today)
            };
            let midwifery = born.checked_add(i64::from(thresholds.midwifery_days).days());
            if turned(18) {
                None
            } else if turned(thresholds.school_age_years) {
                Some(Team::SchoolNursing)
            } else if midwifery.is_ok_and(|last| today <= last) {
                Some(Team::Midwifery)
            } else {
                Some(Team::HealthVisiting)
            }
        }
    }
}

/// Which of the teams that a board has is to have the child, and why. No child is left without anybody.
#[must_use]
pub fn route(
    age: Age,
    today: Date,
    thresholds: AgeThresholds,
    present: &BTreeSet<Team>,
) -> (Option<Team>, Routed) {
    match by_age(age, today, thresholds) {
        Some(team) if present.contains(&team) => (Some(team), Routed::ByAge),
        found if present.contains(&Team::GeneralPractice) => {
            let why = if found.is_some() { Routed::StandsIn } else { Routed::AgeUnknown };
            (Some(Team::GeneralPractice), why)
        }
        Some(_) | None => (None, Routed::NoTeam),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const TODAY: Date = date(2026, 11, 19);

    fn team(age: Age) -> Option<Team> {
        by_age(age, TODAY, AgeThresholds::default())
    }

    #[test]
    fn a_child_passes_from_team_to_team_on_the_day() {
        let table = [
            (Age::Unborn, Some(Team::Midwifery), "unborn"),
            (Age::Born(date(2026, 12, 1)), Some(Team::Midwifery), "expected in December"),
            (Age::Born(TODAY), Some(Team::Midwifery), "born today"),
            (Age::Born(date(2026, 11, 9)), Some(Team::Midwifery), "ten days old"),
            (Age::Born(date(2026, 11, 8)), Some(Team::HealthVisiting), "eleven days old"),
            (Age::Born(date(2021, 11, 20)), Some(Team::HealthVisiting), "five tomorrow"),
            (Age::Born(date(2021, 11, 19)), Some(Team::SchoolNursing), "five today"),
            (Age::Born(date(2008, 11, 20)), Some(Team::SchoolNursing), "eighteen tomorrow"),
            (Age::Born(date(2008, 11, 19)), None, "eighteen today"),
            (Age::Unknown, None, "nobody knows"),
        ];
        for (age, expected, why) in table {
            assert_eq!(team(age), expected, "{why}");
        }
    }

    #[test]
    fn a_board_may_have_other_ages() {
        let ages = AgeThresholds::new(28, 4).unwrap();
        assert_eq!(by_age(Age::Born(date(2026, 10, 22)), TODAY, ages), Some(Team::Midwifery));
        assert_eq!(by_age(Age::Born(date(2022, 11, 1)), TODAY, ages), Some(Team::SchoolNursing));
        for (days, years) in [(61, 5), (10, 3), (10, 8)] {
            assert!(AgeThresholds::new(days, years).is_err(), "{days} {years}");
        }
    }

    #[test]
    fn where_a_team_is_missing_general_practice_stands_in_and_then_everybody() {
        let route = |age, present: &[Team]| {
            route(age, TODAY, AgeThresholds::default(), &present.iter().copied().collect())
        };
        let baby = Age::Born(date(2026, 1, 5));
        let both = [Team::HealthVisiting, Team::GeneralPractice];
        assert_eq!(route(baby, &both), (Some(Team::HealthVisiting), Routed::ByAge));
        let practice = [Team::GeneralPractice];
        assert_eq!(route(baby, &practice), (Some(Team::GeneralPractice), Routed::StandsIn));
        let unknown = (Some(Team::GeneralPractice), Routed::AgeUnknown);
        assert_eq!(route(Age::Unknown, &both), unknown);
        assert_eq!(route(baby, &[Team::SchoolNursing]), (None, Routed::NoTeam));
        assert_eq!(route(Age::Unknown, &[]), (None, Routed::NoTeam));
    }

    proptest! {
        /// Growing older never brings a child back to a team that has let it go.
        #[test]
        fn teams_follow_one_another(days in 0_i32..7_500, more in 0_i32..400) {
            let rank = |team: Option<Team>| team.map_or(3, |team| team as u8);
            let born = TODAY.checked_sub(days.days()).unwrap();
            let older = born.checked_sub(more.days()).unwrap();
            prop_assert!(rank(team(Age::Born(born))) <= rank(team(Age::Born(older))));
        }
    }
}
