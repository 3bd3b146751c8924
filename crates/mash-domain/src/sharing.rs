//! What data is shared for, and on what footing: the coded words that rules, agreements and consents have in common.
//!
//! Purposes, flows and lawful bases are codes and never free text, so that two organisations mean the same by them and
//! a decision can be counted, replayed and proved.

use std::fmt;

/// What data is shared for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Telling the place of education that a child may be a victim of domestic abuse (R01 to R05, R18).
    OperationEncompass,
    /// Protecting a child who may be at risk of harm (R06 to R09, R14, R35 to R38).
    ChildProtection,
    /// Help that a family may take or leave (R10 to R13, R19).
    EarlyHelp,
    /// Protecting a child who may be exploited (R15).
    Exploitation,
    /// A child in police custody (R16).
    ChildInCustody,
    /// A missing child (R17).
    MissingChild,
    /// Managing those who offend, and children who do (R34).
    OffenderManagement,
    /// Records, rights and mistakes (R31 to R33).
    Accountability,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::OperationEncompass,
        Self::ChildProtection,
        Self::EarlyHelp,
        Self::Exploitation,
        Self::ChildInCustody,
        Self::MissingChild,
        Self::OffenderManagement,
        Self::Accountability,
    ];

    /// The code that decisions and agreements record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OperationEncompass => "operation-encompass",
            Self::ChildProtection => "child-protection",
            Self::EarlyHelp => "early-help",
            Self::Exploitation => "exploitation",
            Self::ChildInCustody => "child-in-custody",
            Self::MissingChild => "missing-child",
            Self::OffenderManagement => "offender-management",
            Self::Accountability => "accountability",
        }
    }

    /// The purpose with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.word() == word)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// Whether the sharer must share, or may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ground {
    /// A duty. No consent and no agreement is needed, and neither can stand in its way.
    Duty,
    /// A power. Each release cites a live clause of an agreement.
    Power,
}

impl Ground {
    /// Both grounds.
    pub const ALL: [Self; 2] = [Self::Duty, Self::Power];

    /// The code that decisions record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Duty => "duty",
            Self::Power => "power",
        }
    }

    /// The ground with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.word() == word)
    }
}

/// A flow of data: who is told what sort of thing on what sort of occasion.
///
/// It is the line of a data-flow table in an information sharing protocol. A rule permits within a flow, and a clause
/// of an agreement covers one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flow {
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
    /// The child's health body is told of the incident (R18).
    HealthNotice,
    /// A child may be at risk of harm: social care is told (R06, R07).
    Concern,
    /// A strategy discussion: the core partners, and those who are invited (R08).
    Strategy,
    /// A partner answers a question of social care within an enquiry (R09).
    EnquiryAnswer,
    /// The family is told that something was shared (R14).
    InformFamily,
    /// A child in need of help, no harm suspected: early help is told (R10, R12, R13).
    EarlyHelp,
    /// The referrer hears what became of an offer of early help (R11).
    EarlyHelpFeedback,
    /// An advocate or other provider works with the child (R19).
    Advocate,
    /// A potential victim of slavery is referred (R15).
    ReferralMechanism,
    /// A child in police custody: children's services are told (R16).
    Custody,
    /// A missing child was reported or has come back (R17).
    Missing,
    /// Probation or a youth justice service is told (R34).
    OffenderManagement,
    /// A refusal is put on record (R31).
    Record,
    /// A request of the data subject is handed to the controller of the origin record (R32).
    RightsRequest,
    /// Something went to the wrong recipient (R33).
    Misdirection,
    /// Social care asks a partner what it knows of a child (R09).
    Enquiry,
    /// The referrer hears where a referral stands and what was decided (R35).
    Feedback,
    /// A partner writes to the authority about how the case is worked: it accepts or declines an invitation, or
    /// disagrees (R36).
    Correspondence,
    /// Health hears whether a child is protected by a plan or looked after (R37).
    ProtectionStatus,
    /// The lead social worker hears who looked that up (R38).
    Lookup,
}

impl Flow {
    /// Every flow.
    pub const ALL: [Self; 25] = [
        Self::School,
        Self::HomeEducation,
        Self::SchoolUnknown,
        Self::HomeForce,
        Self::EarlyYears,
        Self::HealthNotice,
        Self::Concern,
        Self::Strategy,
        Self::EnquiryAnswer,
        Self::InformFamily,
        Self::EarlyHelp,
        Self::EarlyHelpFeedback,
        Self::Advocate,
        Self::ReferralMechanism,
        Self::Custody,
        Self::Missing,
        Self::OffenderManagement,
        Self::Record,
        Self::RightsRequest,
        Self::Misdirection,
        Self::Enquiry,
        Self::Feedback,
        Self::Correspondence,
        Self::ProtectionStatus,
        Self::Lookup,
    ];

    /// The code that decisions, notices and agreements record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::HomeEducation => "home-education",
            Self::SchoolUnknown => "school-unknown",
            Self::HomeForce => "home-force",
            Self::EarlyYears => "early-years",
            Self::HealthNotice => "health-notice",
            Self::Concern => "concern",
            Self::Strategy => "strategy",
            Self::EnquiryAnswer => "enquiry-answer",
            Self::InformFamily => "inform-family",
            Self::EarlyHelp => "early-help",
            Self::EarlyHelpFeedback => "early-help-feedback",
            Self::Advocate => "advocate",
            Self::ReferralMechanism => "referral-mechanism",
            Self::Custody => "custody",
            Self::Missing => "missing",
            Self::OffenderManagement => "offender-management",
            Self::Record => "record",
            Self::RightsRequest => "rights-request",
            Self::Misdirection => "misdirection",
            Self::Enquiry => "enquiry",
            Self::Feedback => "feedback",
            Self::Correspondence => "correspondence",
            Self::ProtectionStatus => "protection-status",
            Self::Lookup => "lookup",
        }
    }

    /// The flow with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flow| flow.word() == word)
    }

    /// What the flow is for.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::School
            | Self::HomeEducation
            | Self::SchoolUnknown
            | Self::HomeForce
            | Self::EarlyYears
            | Self::HealthNotice => Purpose::OperationEncompass,
            Self::Concern
            | Self::Strategy
            | Self::EnquiryAnswer
            | Self::InformFamily
            | Self::Enquiry
            | Self::Feedback
            | Self::Correspondence
            | Self::ProtectionStatus
            | Self::Lookup => Purpose::ChildProtection,
            Self::EarlyHelp | Self::EarlyHelpFeedback | Self::Advocate => Purpose::EarlyHelp,
            Self::ReferralMechanism => Purpose::Exploitation,
            Self::Custody => Purpose::ChildInCustody,
            Self::Missing => Purpose::MissingChild,
            Self::OffenderManagement => Purpose::OffenderManagement,
            Self::Record | Self::RightsRequest | Self::Misdirection => Purpose::Accountability,
        }
    }

    /// Whether the flow discharges a duty or uses a power.
    #[must_use]
    pub const fn ground(self) -> Ground {
        match self {
            Self::HealthNotice
            | Self::EarlyHelp
            | Self::EarlyHelpFeedback
            | Self::Advocate
            | Self::OffenderManagement => Ground::Power,
            Self::School
            | Self::HomeEducation
            | Self::SchoolUnknown
            | Self::HomeForce
            | Self::EarlyYears
            | Self::Concern
            | Self::Strategy
            | Self::EnquiryAnswer
            | Self::InformFamily
            | Self::ReferralMechanism
            | Self::Custody
            | Self::Missing
            | Self::Record
            | Self::RightsRequest
            | Self::Misdirection
            | Self::Enquiry
            | Self::Feedback
            | Self::Correspondence
            | Self::ProtectionStatus
            | Self::Lookup => Ground::Duty,
        }
    }

    /// Whether the flow rests on somebody's agreement to take a service, so that a refusal or a withdrawal stops it.
    #[must_use]
    pub const fn asks_consent(self) -> bool {
        matches!(self, Self::EarlyHelp | Self::EarlyHelpFeedback | Self::Advocate)
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// What is on record about somebody's consent to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsentState {
    /// Given, and it stands.
    Given,
    /// Asked for, and refused.
    Refused,
    /// Given once, and withdrawn.
    Withdrawn,
    /// Given until a day that has passed.
    Expired,
    /// Not asked for, because asking would put somebody at risk or warn a suspect.
    NotSoughtUnsafe,
    /// The flow does not ask for any.
    NotRequired,
    /// Nobody recorded anything, or the register could not be asked.
    NotRecorded,
}

impl ConsentState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Given,
        Self::Refused,
        Self::Withdrawn,
        Self::Expired,
        Self::NotSoughtUnsafe,
        Self::NotRequired,
        Self::NotRecorded,
    ];

    /// The word that stands for it in files, rules and the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::NotSoughtUnsafe => "not-sought-unsafe",
            Self::NotRequired => "not-required",
            Self::NotRecorded => "not-recorded",
        }
    }

    /// The state with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// What a child who is competent to decide has said about a service (Gillick).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChildView {
    /// Agrees.
    Agrees,
    /// Objects.
    Objects,
    /// Was not asked, is not competent to decide, or it is not known.
    NotKnown,
}

impl ChildView {
    /// Every view.
    pub const ALL: [Self; 3] = [Self::Agrees, Self::Objects, Self::NotKnown];

    /// The word that stands for it in files, rules and the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Objects => "objects",
            Self::NotKnown => "not-known",
        }
    }

    /// The view with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.word() == word)
    }
}

/// Whether an agreement covers a flow between two parties on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgreementState {
    /// A signed clause covers it.
    Live,
    /// A clause covered it, and has ended.
    Expired,
    /// No clause covers it, or none that two parties have signed.
    Absent,
}

impl AgreementState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Live, Self::Expired, Self::Absent];

    /// The word that stands for it in files and rules.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired => "expired",
            Self::Absent => "absent",
        }
    }

    /// The state with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_back_to_what_it_stands_for() {
        assert!(Flow::ALL.iter().all(|flow| Flow::from_word(flow.word()) == Some(*flow)));
        assert!(Purpose::ALL.iter().all(|it| Purpose::from_word(it.word()) == Some(*it)));
        assert!(ConsentState::ALL.iter().all(|it| ConsentState::from_word(it.word()) == Some(*it)));
        assert!(ChildView::ALL.iter().all(|it| ChildView::from_word(it.word()) == Some(*it)));
        assert!(Ground::ALL.iter().all(|it| Ground::from_word(it.word()) == Some(*it)));
        assert!(
            AgreementState::ALL.iter().all(|it| AgreementState::from_word(it.word()) == Some(*it))
        );
    }

    #[test]
    fn only_a_power_asks_consent() {
        for flow in Flow::ALL {
            assert!(!flow.asks_consent() || flow.ground() == Ground::Power, "{flow}");
        }
    }
}
