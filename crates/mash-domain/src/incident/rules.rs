//! What must hold between the parts of a report.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Child, DateOfBirth, Private, Reference, redacted};
use crate::identifier::{NhsNumber, Upn};

/// The most adults in a report.
pub const MOST_ADULTS: usize = 20;
/// The most children in a report.
pub const MOST_CHILDREN: usize = 20;
/// The most offences in a report.
pub const MOST_OFFENCES: usize = 20;
/// The most lines of an address.
pub const MOST_ADDRESS_LINES: usize = 6;
/// The age at which somebody is no child.
pub const ADULT_AGE: i16 = 18;

/// The day in the United Kingdom at an instant: ages and birthdays are reckoned by it, not by the day in UTC.
#[must_use]
pub fn day_of(time: Timestamp) -> Date {
    // The rules of Europe/London are compiled in; an error can only mean a build without them, and UTC is then the
    // nearest answer that depends on nothing.
    let london = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    time.to_zoned(london).date()
}

/// How a date of birth fits the day of the incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgeFit {
    /// Under 18 on the day.
    Child,
    /// Born after the day.
    Unborn,
    /// 18 or over on the day.
    Adult,
}

/// How this date of birth fits an incident on this day.
#[must_use]
pub fn age_fit(born: DateOfBirth, day: Date) -> AgeFit {
    match born.age_on(day) {
        ADULT_AGE.. => AgeFit::Adult,
        0.. => AgeFit::Child,
        _ => AgeFit::Unborn,
    }
}

/// By what two entries of a report are the same child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameBy {
    /// The same reference.
    Reference,
    /// The same NHS number.
    NhsNumber,
    /// The same unique pupil number.
    Upn,
    /// The same names and date of birth.
    NameAndBirth,
}

/// What two entries of a report are compared by. It can be made of an entry that has other faults, so that a sender
/// learns of everything at once.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Likeness {
    /// The reference within the report.
    pub reference: Option<Reference>,
    /// NHS number.
    pub nhs_number: Option<NhsNumber>,
    /// Unique pupil number.
    pub upn: Option<Upn>,
    /// Given names and family name.
    pub names: [Private; 2],
    /// Date of birth.
    pub born: Option<DateOfBirth>,
}

redacted!(Likeness);

impl From<&Child> for Likeness {
    fn from(child: &Child) -> Self {
        Self {
            reference: Some(child.reference.clone()),
            nhs_number: child.nhs_number.clone(),
            upn: child.upn.clone(),
            names: [child.given_names.clone(), child.family_name.clone()],
            born: Some(child.date_of_birth),
        }
    }
}

impl Likeness {
    /// By what these two are the same child, if they are. Twins differ in their given names.
    #[must_use]
    pub fn same_by(&self, other: &Self) -> Option<SameBy> {
        if both_equal(self.reference.as_ref(), other.reference.as_ref()) {
            Some(SameBy::Reference)
        } else if both_equal(self.nhs_number.as_ref(), other.nhs_number.as_ref()) {
            Some(SameBy::NhsNumber)
        } else if both_equal(self.upn.as_ref(), other.upn.as_ref()) {
            Some(SameBy::Upn)
        } else if both_equal(self.born.as_ref(), other.born.as_ref()) && self.has_names_of(other) {
            Some(SameBy::NameAndBirth)
        } else {
            None
        }
    }

    fn has_names_of(&self, other: &Self) -> bool {
        let [mine, theirs] = [self, other]
            .map(|likeness| likeness.names.each_ref().map(|name| name.as_str().to_lowercase()));
        // An entry without names has other faults; it resembles nobody.
        mine == theirs && mine.iter().any(|name| !name.is_empty())
    }
}

/// Whether both are known and equal: not known equals nothing.
fn both_equal<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.is_some() && one == other
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_day_is_that_of_the_united_kingdom() {
        let summer_night: Timestamp = "2026-07-01T23:30:00Z".parse().unwrap();
        assert_eq!(day_of(summer_night), date(2026, 7, 2));
        let winter_night: Timestamp = "2026-11-18T23:30:00Z".parse().unwrap();
        assert_eq!(day_of(winter_night), date(2026, 11, 18));
    }

    #[test]
    fn a_child_is_born_and_under_eighteen() {
        let day = date(2026, 11, 18);
        let table = [
            (date(2026, 11, 18), AgeFit::Child),
            (date(2026, 11, 19), AgeFit::Unborn),
            (date(2008, 11, 18), AgeFit::Adult),
            (date(2008, 11, 19), AgeFit::Child),
        ];
        for (born, expected) in table {
            assert_eq!(age_fit(DateOfBirth::new(born), day), expected);
        }
    }

    #[test]
    fn the_same_child_is_known_by_any_of_four_marks() {
        let text = |text| Private::new(text, super::super::Limit::line(40)).unwrap();
        let born = Some(DateOfBirth::new(date(2017, 3, 4)));
        let carys = Likeness {
            reference: "c1".parse().ok(),
            nhs_number: "9434765919".parse().ok(),
            upn: "B801200005001".parse().ok(),
            names: [text("Carys"), text("Morgan")],
            born,
        };
        let blank = Likeness::default();
        let table = [
            (Likeness { reference: "c1".parse().ok(), ..blank.clone() }, Some(SameBy::Reference)),
            (
                Likeness { nhs_number: carys.nhs_number.clone(), ..blank.clone() },
                Some(SameBy::NhsNumber),
            ),
            (Likeness { upn: carys.upn.clone(), ..blank.clone() }, Some(SameBy::Upn)),
            (
                Likeness { names: [text("CARYS"), text("morgan")], born, ..blank.clone() },
                Some(SameBy::NameAndBirth),
            ),
            // Her twin, one letter apart.
            (Likeness { names: [text("Cerys"), text("Morgan")], born, ..blank.clone() }, None),
            (blank.clone(), None),
        ];
        for (other, expected) in table {
            assert_eq!(carys.same_by(&other), expected);
        }
        assert_eq!(blank.same_by(&blank), None, "not known equals nothing");
    }
}
