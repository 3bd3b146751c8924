//! The adults and children of an incident.

use jiff::civil::Date;

use super::{Private, Reference, coded, redacted};
use crate::{
    answer::Answer,
    identifier::{AuthorityCode, ForceCode, Laestab, NhsNumber, Upn},
};

/// A date of birth. Personal data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateOfBirth(Date);

impl DateOfBirth {
    /// This date, as a date of birth.
    #[must_use]
    pub const fn new(date: Date) -> Self {
        Self(date)
    }

    /// The date. Whoever asks answers for where it goes.
    #[must_use]
    pub const fn date(self) -> Date {
        self.0
    }

    /// The age in whole years on a day; negative before birth.
    ///
    /// Somebody born on 29 February comes of age on 1 March of a common year.
    #[must_use]
    pub fn age_on(self, day: Date) -> i16 {
        let years = day.year() - self.0.year();
        let before_birthday = (day.month(), day.day()) < (self.0.month(), self.0.day());
        years - i16::from(before_birthday)
    }
}

/// An adult party.
#[derive(Clone, PartialEq, Eq)]
pub struct Adult {
    /// The reference within this report.
    pub reference: Reference,
    /// Given names; empty if not established.
    pub given_names: Private,
    /// Family name; empty if not established.
    pub family_name: Private,
    /// Date of birth, if known.
    pub date_of_birth: Option<DateOfBirth>,
    /// The part in the incident.
    pub role: AdultRole,
    /// What this adult is to each child; every child is one of the report.
    pub relationships: Vec<Relationship>,
    /// Where the adult works, if that is a school or setting.
    pub works_at: Option<StatedEstablishment>,
    /// The adult asked not to be contacted at the address or number held (R29).
    pub no_contact_at_address: bool,
    /// Telephone; empty if not held.
    pub telephone: Private,
}

/// What an adult is to a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// The child of the same report.
    pub child: Reference,
    /// What the adult is to the child.
    pub kind: RelationshipKind,
}

/// A child of the household or related to an adult involved, present or not.
#[derive(Clone, PartialEq, Eq)]
pub struct Child {
    /// The reference within this report, kept over revisions.
    pub reference: Reference,
    /// Given names; empty only if there is a family name.
    pub given_names: Private,
    /// Family name; empty only if there are given names.
    pub family_name: Private,
    /// Date of birth; the child was under 18 when officers attended.
    pub date_of_birth: DateOfBirth,
    /// Sex, if recorded.
    pub sex: Option<Sex>,
    /// NHS number, if known.
    pub nhs_number: Option<NhsNumber>,
    /// Unique pupil number, if known.
    pub upn: Option<Upn>,
    /// Where the child lives, if known.
    pub address: Option<Address>,
    /// The school as the officer was told it.
    pub stated_establishment: Option<StatedEstablishment>,
    /// Whether the child was there.
    pub present: Answer,
    /// Where in the place the child was; may be empty.
    pub whereabouts: Private,
    /// The voice of the child.
    pub voice: Voice,
    /// Whether a welfare check was made on the child.
    pub welfare_check: Answer,
    /// The force of the area where the child lives, if the officer knows that it is another one.
    pub home_force: Option<ForceCode>,
}

impl Child {
    /// Whether the address must be protected: not known counts as protected, and so does no address (P3).
    #[must_use]
    pub fn protect_address(&self) -> Answer {
        self.address.as_ref().map_or(Answer::Unknown, |address| address.protect)
    }
}

/// What the child said, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct Voice {
    /// Whether the child was spoken to.
    pub spoken_to: Answer,
    /// In the child's own words; may be empty.
    pub words: Private,
    /// Whether the child was alone with the officer.
    pub alone: Answer,
    /// Why the child was not spoken to; never empty unless the child was.
    pub not_spoken_to_reason: Private,
}

/// Where a child lives.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Lines.
    pub lines: Vec<Private>,
    /// Postcode; empty if not known.
    pub postcode: Private,
    /// Whether it must be protected. Not known is treated as yes.
    pub protect: Answer,
    /// The education authority of the area, if known.
    pub authority: Option<AuthorityCode>,
}

/// An establishment as somebody stated it.
#[derive(Clone, PartialEq, Eq)]
pub struct StatedEstablishment {
    /// As stated; empty only if there is a number.
    pub stated_name: Private,
    /// Its number, if it was picked from a list.
    pub laestab: Option<Laestab>,
}

/// A sexual offence that is alleged.
#[derive(Clone, PartialEq, Eq)]
pub struct SexualOffence {
    /// Detail; may be empty.
    pub detail: Private,
}

coded! {
    /// An adult's part in an incident.
    AdultRole {
        /// The victim.
        Victim = "victim",
        /// The alleged perpetrator.
        Suspect = "suspect",
        /// Counter-allegations: both.
        Both = "both",
        /// Somebody else who was there or is of the household.
        Other = "other",
    }
}

impl AdultRole {
    /// Whether the adult is alleged to have done harm, alone or with counter-allegations.
    #[must_use]
    pub const fn is_suspect(self) -> bool {
        matches!(self, Self::Suspect | Self::Both)
    }

    /// Whether the adult was harmed, alone or with counter-allegations.
    #[must_use]
    pub const fn is_victim(self) -> bool {
        matches!(self, Self::Victim | Self::Both)
    }
}

coded! {
    /// What an adult is to a child.
    RelationshipKind {
        /// Mother.
        Mother = "mother",
        /// Father.
        Father = "father",
        /// Step-parent, or a parent's partner.
        StepParent = "step-parent",
        /// Grandparent.
        Grandparent = "grandparent",
        /// Adult brother or sister.
        Sibling = "sibling",
        /// Carer, foster carer or special guardian.
        Carer = "carer",
        /// Another relative.
        OtherRelative = "other-relative",
        /// Not related.
        NotRelated = "not-related",
    }
}

coded! {
    /// Sex as recorded by the sender.
    Sex {
        /// Female.
        Female = "female",
        /// Male.
        Male = "male",
        /// Indeterminate, or another answer.
        Other = "other",
        /// Not known.
        Unknown = "unknown",
    }
}

redacted!(DateOfBirth, Adult, Child, Voice, Address, StatedEstablishment, SexualOffence);

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn age_turns_on_the_birthday() {
        let table = [
            (date(2008, 11, 19), date(2026, 11, 18), 17, "the day before"),
            (date(2008, 11, 18), date(2026, 11, 18), 18, "the birthday"),
            (date(2008, 2, 29), date(2026, 2, 28), 17, "a leap child on 28 February"),
            (date(2008, 2, 29), date(2026, 3, 1), 18, "a leap child on 1 March"),
            (date(2026, 11, 18), date(2026, 11, 18), 0, "born that day"),
            (date(2026, 11, 19), date(2026, 11, 18), -1, "not yet born"),
        ];
        for (born, day, expected, why) in table {
            assert_eq!(DateOfBirth::new(born).age_on(day), expected, "{why}");
        }
    }

    #[test]
    fn a_date_of_birth_does_not_print() {
        assert_eq!(format!("{:?}", DateOfBirth::new(date(2016, 1, 2))), "DateOfBirth(redacted)");
    }
}
