//! What a decision rests on: a small vector of coded facts about one recipient, one child and one incident.
//!
//! Deliberately absent: who the child is. Two children with the same facts get the same decision, which is why
//! decisions can be remembered, replayed and proved.

use jiff::civil::Date;
use mash_domain::{answer::Answer, data_class::ClassSet, nation::Nation};

/// What data is shared for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Telling the place of education that a child may be a victim of domestic abuse.
    OperationEncompass,
}

impl Purpose {
    /// The code that decisions record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OperationEncompass => "operation-encompass",
        }
    }
}

/// Which duty is being discharged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DutyKind {
    /// The establishment where the child is registered is told (R01).
    School,
    /// The authority is told of a child who is educated at home (R02).
    HomeEducation,
    /// Nobody knows the school: the authority's desk and the hub's queue are told (R03).
    SchoolUnknown,
    /// The force of the area where the child lives is told (R04).
    HomeForce,
    /// A setting that is not a school is told, where the force does that (R05).
    EarlyYears,
}

impl DutyKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::School, Self::HomeEducation, Self::SchoolUnknown, Self::HomeForce, Self::EarlyYears];

    /// The code that decisions and notices record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::HomeEducation => "home-education",
            Self::SchoolUnknown => "school-unknown",
            Self::HomeForce => "home-force",
            Self::EarlyYears => "early-years",
        }
    }

    /// The kind with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Who would receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecipientKind {
    /// The key adult of a school or college, or an alternate.
    School,
    /// The education duty desk of an authority: for a child whose school is unknown, or standing in for a person
    /// who cannot be told.
    EducationDesk,
    /// The elective home education officer of an authority.
    HomeEducationOfficer,
    /// The queue of the multi-agency hub.
    MashQueue,
    /// A police force.
    PoliceForce,
    /// The lead of an early years setting that is not a school.
    EarlyYearsLead,
    /// An authority's children's social care.
    SocialCare,
    /// A health body.
    Health,
}

impl RecipientKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::School,
        Self::EducationDesk,
        Self::HomeEducationOfficer,
        Self::MashQueue,
        Self::PoliceForce,
        Self::EarlyYearsLead,
        Self::SocialCare,
        Self::Health,
    ];

    /// The code that stands for it in cases and tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::EducationDesk => "education-desk",
            Self::HomeEducationOfficer => "home-education-officer",
            Self::MashQueue => "mash-queue",
            Self::PoliceForce => "police-force",
            Self::EarlyYearsLead => "early-years-lead",
            Self::SocialCare => "social-care",
            Self::Health => "health",
        }
    }

    /// The kind with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// How much a force shares with a kind of recipient beyond the statutory minimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// F1 and F2 only.
    Minimal,
    /// And F3 and F5.
    Middle,
    /// And F4, and where in the place the child was.
    Full,
}

impl Profile {
    /// Every profile, from the narrowest to the widest.
    pub const ALL: [Self; 3] = [Self::Minimal, Self::Middle, Self::Full];

    /// The word that stands for it in files and rules.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Middle => "middle",
            Self::Full => "full",
        }
    }

    /// The profile with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.word() == word)
    }
}

/// Whether the person who would be told is a party to the incident, or close to one (R20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Conflict {
    /// Checked: the person is neither.
    Clear,
    /// Somebody at the recipient is, and the addressee is an alternate who is not.
    AlternateOnly,
    /// The check could not be made.
    Unknown,
}

impl Conflict {
    /// Every outcome of the check.
    pub const ALL: [Self; 3] = [Self::Clear, Self::AlternateOnly, Self::Unknown];

    /// The word that stands for it in files and rules.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::AlternateOnly => "alternate-only",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|conflict| conflict.word() == word)
    }
}

/// Everything that one decision rests on.
///
/// A fact that is not known has a value of its own, and it never lets more through than the known ones would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecipientFacts {
    /// What for.
    pub purpose: Purpose,
    /// Which duty.
    pub duty: DutyKind,
    /// Who would receive. A desk that stands in for a person has the person's duty and its own kind.
    pub recipient_kind: RecipientKind,
    /// The nation of the recipient, whose law its rules follow.
    pub nation: Nation,
    /// What the force shares with this kind of recipient. For a child of another area, that area's force.
    pub profile: Profile,
    /// Whether the force tells early years settings.
    pub early_years_opted_in: bool,
    /// Whether the child was under 18.
    pub child_under_18: bool,
    /// Whether the child lives in the area of the force that reports.
    pub child_in_force_area: bool,
    /// The outcome of the check on the person who would be told.
    pub conflict: Conflict,
    /// Whether the child's address must be protected.
    pub address_protect: Answer,
    /// Whether a sexual offence is alleged.
    pub sexual_offence_alleged: bool,
    /// Whether there is a live investigation that a disclosure could tip off.
    pub live_investigation: bool,
    /// Whether the alleged perpetrator may try to collect the child.
    pub collection_risk: Answer,
    /// Whether an adult whose contact details the report holds asked not to be contacted there (R29).
    pub no_contact_requested: bool,
    /// The day of the decision, in the calendar of the United Kingdom. Rules begin and end on days.
    pub decided_on: Date,
    /// The classes that the report holds. Each gets a decision; no other does.
    pub offered: ClassSet,
}
