//! What a decision rests on: a small vector of coded facts about one recipient, one child and one incident.
//!
//! Deliberately absent: who the child is. Two children with the same facts get the same decision, which is why
//! decisions can be remembered, replayed and proved.

use jiff::civil::Date;
use mash_domain::{
    answer::Answer,
    data_class::ClassSet,
    nation::Nation,
    sharing::{AgreementState, ChildView, ConsentState, Flow},
};

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
    /// An early help hub.
    EarlyHelpHub,
    /// A third-sector advocate, or another provider of a service.
    Provider,
    /// Whoever made the referral.
    Referrer,
    /// The home or carer where a looked-after child lives.
    CarePlacement,
    /// The competent authority for victims of slavery.
    HomeOffice,
    /// Probation, or a youth justice service.
    OffenderManager,
    /// An adoption team.
    AdoptionTeam,
    /// A parent or carer.
    Family,
    /// The record of decisions.
    Audit,
    /// The organisation that holds the origin record.
    OriginController,
    /// A data protection officer.
    DataProtectionOfficer,
}

impl RecipientKind {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::School,
        Self::EducationDesk,
        Self::HomeEducationOfficer,
        Self::MashQueue,
        Self::PoliceForce,
        Self::EarlyYearsLead,
        Self::SocialCare,
        Self::Health,
        Self::EarlyHelpHub,
        Self::Provider,
        Self::Referrer,
        Self::CarePlacement,
        Self::HomeOffice,
        Self::OffenderManager,
        Self::AdoptionTeam,
        Self::Family,
        Self::Audit,
        Self::OriginController,
        Self::DataProtectionOfficer,
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
            Self::EarlyHelpHub => "early-help-hub",
            Self::Provider => "provider",
            Self::Referrer => "referrer",
            Self::CarePlacement => "care-placement",
            Self::HomeOffice => "home-office",
            Self::OffenderManager => "offender-manager",
            Self::AdoptionTeam => "adoption-team",
            Self::Family => "family",
            Self::Audit => "audit",
            Self::OriginController => "origin-controller",
            Self::DataProtectionOfficer => "data-protection-officer",
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

/// How intelligence may be handled (3x5x2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handling {
    /// The report holds no intelligence.
    None,
    /// Code P: lawful sharing is permitted.
    Permitted,
    /// Code C: lawful sharing is permitted with conditions.
    Conditions,
    /// It was not graded.
    Unknown,
}

impl Handling {
    /// Every code.
    pub const ALL: [Self; 4] = [Self::None, Self::Permitted, Self::Conditions, Self::Unknown];

    /// The word that stands for it in files and rules.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Permitted => "p",
            Self::Conditions => "c",
            Self::Unknown => "unknown",
        }
    }

    /// The code with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|handling| handling.word() == word)
    }
}

/// Everything that one decision rests on.
///
/// A fact that is not known has a value of its own, and it never lets more through than the known ones would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecipientFacts {
    /// Which flow of data.
    pub flow: Flow,
    /// Who would receive. A desk that stands in for a person has the person's flow and its own kind.
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
    /// Whether there is reasonable cause to suspect the harm that the duty of the recipient's nation speaks of (R06,
    /// R07).
    pub harm_suspected: Answer,
    /// Whether an enquiry under s.47, a strategy discussion or a child protection plan is in being.
    pub section_47: bool,
    /// Whether a body that is no core partner was invited to the strategy discussion (R08).
    pub invited: bool,
    /// Whether the recipient cites the case that it works on, which widens what its role may know (R34).
    pub case_cited: bool,
    /// What is on record about consent to the service that the flow offers.
    pub consent: ConsentState,
    /// What a child who is competent to decide has said (R13).
    pub child_view: ChildView,
    /// Whether telling the parent would raise the risk or impede an investigation (R14).
    pub do_not_inform_parent: Answer,
    /// Whether a signed clause of an agreement covers the flow between these parties today.
    pub agreement: AgreementState,
    /// The classes that its live clauses cover.
    pub agreed: ClassSet,
    /// The handling code of the intelligence that the report holds (R27).
    pub intelligence: Handling,
    /// Whether the source of the intelligence could be identified (R27).
    pub source_identifiable: Answer,
    /// Whether a named doctor or nurse has said that a third party's data bears directly on the enquiry (R25).
    pub third_party_relevant: bool,
    /// The classes that a court order keeps back from this recipient (R28).
    pub kept_back_by_order: ClassSet,
    /// The classes that the chair of a strategy discussion keeps back from this recipient (R08).
    pub kept_back_by_chair: ClassSet,
    /// Whether indicators of exploitation were recorded (R15).
    pub exploitation_indicated: bool,
    /// Whether the area tells schools of missing children (R17).
    pub area_shares_missing: bool,
    /// Whether the child took the offer of a return interview (R17).
    pub debrief_accepted: bool,
    /// The day of the decision, in the calendar of the United Kingdom. Rules begin and end on days.
    pub decided_on: Date,
    /// The classes that the report holds. Each gets a decision; no other does.
    pub offered: ClassSet,
}

impl RecipientFacts {
    /// The facts when nothing is known: every unknown, no consent, no agreement, the narrowest profile, a child.
    #[must_use]
    pub const fn cautious(
        flow: Flow,
        recipient_kind: RecipientKind,
        nation: Nation,
        decided_on: Date,
    ) -> Self {
        Self {
            flow,
            recipient_kind,
            nation,
            profile: Profile::Minimal,
            early_years_opted_in: false,
            child_under_18: true,
            child_in_force_area: true,
            conflict: Conflict::Unknown,
            address_protect: Answer::Unknown,
            sexual_offence_alleged: false,
            live_investigation: false,
            collection_risk: Answer::Unknown,
            no_contact_requested: false,
            harm_suspected: Answer::Unknown,
            section_47: false,
            invited: false,
            case_cited: false,
            consent: ConsentState::NotRecorded,
            child_view: ChildView::NotKnown,
            do_not_inform_parent: Answer::Unknown,
            agreement: AgreementState::Absent,
            agreed: ClassSet::EMPTY,
            intelligence: Handling::Unknown,
            source_identifiable: Answer::Unknown,
            third_party_relevant: false,
            kept_back_by_order: ClassSet::EMPTY,
            kept_back_by_chair: ClassSet::EMPTY,
            exploitation_indicated: false,
            area_shares_missing: false,
            debrief_accepted: false,
            decided_on,
            offered: ClassSet::EMPTY,
        }
    }
}
