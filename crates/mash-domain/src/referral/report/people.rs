//! The people of a report.

use jiff::civil::Date;

use crate::{
    answer::Answer,
    identifier::{Laestab, NhsNumber, Upn},
    incident::{Address, DateOfBirth, Private, Sex, redacted},
};

/// When an unborn child is expected. Personal data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Expected(pub Date);

/// The child that a report is about, as far as she is known.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// Given names; may be empty.
    pub given_names: Private,
    /// Family name; may be empty.
    pub family_name: Private,
    /// Other names in use.
    pub aliases: Vec<Private>,
    /// Date of birth, if known; under 18 on the day of the report.
    pub date_of_birth: Option<DateOfBirth>,
    /// When an unborn child is expected.
    pub expected_birth: Option<Expected>,
    /// Sex, if recorded.
    pub sex: Option<Sex>,
    /// NHS number, if known.
    pub nhs_number: Option<NhsNumber>,
    /// Unique pupil number, if known.
    pub upn: Option<Upn>,
    /// Where the child lives, if known.
    pub address: Option<Address>,
    /// Where the child is educated, as stated; may be empty.
    pub stated_establishment: Private,
    /// Its number, if known.
    pub laestab: Option<Laestab>,
    /// First language; empty if not known.
    pub first_language: Private,
    /// What is needed to communicate; may be empty.
    pub communication_need: Private,
    /// Ethnicity with its code system; empty if not recorded.
    pub ethnicity: Private,
}

impl Subject {
    /// Whether the address must be protected: not known counts as protected, and so does no address (P3).
    #[must_use]
    pub fn protect_address(&self) -> Answer {
        self.address.as_ref().map_or(Answer::Unknown, |address| address.protect)
    }

    /// Whether the child is not born yet.
    #[must_use]
    pub const fn is_unborn(&self) -> bool {
        self.expected_birth.is_some()
    }
}

/// Somebody of the household, or a significant other.
#[derive(Clone, PartialEq, Eq)]
pub struct HouseholdMember {
    /// Given names; may be empty.
    pub given_names: Private,
    /// Family name; may be empty.
    pub family_name: Private,
    /// Date of birth, if known.
    pub date_of_birth: Option<DateOfBirth>,
    /// What this person is to the child; may be empty.
    pub relationship: Private,
    /// Whether this person holds parental responsibility.
    pub parental_responsibility: Answer,
    /// Whether this person lives in the household.
    pub in_household: Answer,
}

/// An adult who is alleged to have harmed the child.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    /// Given names; may be empty.
    pub given_names: Private,
    /// Family name; may be empty.
    pub family_name: Private,
    /// What this adult is to the child; may be empty.
    pub relationship: Private,
}

/// An adult who is a victim.
#[derive(Clone, PartialEq, Eq)]
pub struct Victim {
    /// Who.
    pub party: Party,
    /// Telephone; may be empty.
    pub telephone: Private,
}

/// What was asked of the family, as the forms ask it. It never blocks a duty.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentAsked {
    /// Whether consent was asked for.
    pub asked: Answer,
    /// Of whom; may be empty.
    pub of: Private,
    /// What it covers; may be empty.
    pub covers: Private,
    /// The answer.
    pub given: Answer,
    /// Why it was not asked for; never empty where `asked` is no.
    pub why_not: Private,
}

/// An agency that works with the family.
#[derive(Clone, PartialEq, Eq)]
pub struct Agency {
    /// Its name.
    pub name: Private,
    /// The person; may be empty.
    pub contact: Private,
    /// Work telephone; may be empty.
    pub telephone: Private,
}

/// Who reports: a name, or at least what she is.
#[derive(Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Name; empty only if there is a role.
    pub name: Private,
    /// Role; empty only if there is a name.
    pub role: Private,
    /// Work telephone; may be empty.
    pub telephone: Private,
    /// The family is not to learn who reported, wherever the law allows.
    pub protect_identity: bool,
}

/// A document that the agency holds. No content travels.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The agency's own reference.
    pub reference: Private,
    /// Media type; may be empty.
    pub media_type: Private,
    /// SHA-256 of the document, if it was given.
    pub digest: Option<[u8; 32]>,
    /// What it shows; may be empty.
    pub description: Private,
}

redacted!(
    Expected,
    Subject,
    HouseholdMember,
    Party,
    Victim,
    ConsentAsked,
    Agency,
    Referrer,
    Attachment
);
