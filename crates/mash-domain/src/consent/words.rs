//! The coded words of a consent record.

use std::str::FromStr;

use jiff::Timestamp;

use crate::{
    organisation::{OrganisationId, OrganisationKind},
    sharing::{ConsentState, Flow},
};

/// A list of words that stand for values, there and back.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word that stands for it on record.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// What the word stands for, if anything.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.word() == word)
            }
        }
    };
}

words! {
    /// In what role somebody spoke. Who it was stays with the agency that holds the evidence.
    Giver {
        /// A parent with parental responsibility.
        Parent = "parent",
        /// The child, who is competent to decide.
        Child = "child",
        /// Somebody who cares for the child without parental responsibility.
        Carer = "carer",
        /// A court.
        Court = "court",
    }
}

words! {
    /// Whose information a consent covers.
    Whose {
        /// The child's own.
        Child = "child",
        /// The adult victim's.
        AdultVictim = "adult-victim",
        /// That of others in the household.
        Household = "household",
    }
}

words! {
    /// Why consent must not be sought.
    Unsafe {
        /// Asking would put the child at risk of significant harm.
        SignificantHarm = "risk-of-significant-harm",
        /// Asking would put somebody else at risk.
        RiskToAnother = "risk-to-another",
        /// Asking would obstruct an investigation.
        Obstructs = "obstructs-investigation",
        /// Asking would take longer than the child can wait.
        Delay = "unjustified-delay",
    }
}

words! {
    /// What shows that somebody said so.
    EvidenceKind {
        /// A form with a signature.
        SignedForm = "signed-form",
        /// Said before a practitioner, who wrote it down.
        Witnessed = "witnessed",
        /// A recorded call.
        RecordedCall = "recorded-call",
        /// A form filled in online by somebody who had proved who they were.
        OnlineForm = "online-form",
        /// An order of a court.
        CourtOrder = "court-order",
    }
}

words! {
    /// Who assessed whether the child is competent to decide (Gillick).
    Assessor {
        /// A social worker.
        SocialWorker = "social-worker",
        /// A doctor, nurse or other clinician.
        Clinician = "clinician",
        /// A teacher or designated safeguarding lead.
        School = "school",
        /// A police officer.
        Police = "police",
        /// An advocate or youth worker.
        Advocate = "advocate",
    }
}

impl Giver {
    /// Whether somebody in this role may speak for this information. The child speaks for the child's own; a carer
    /// without parental responsibility never for that of an adult.
    #[must_use]
    pub const fn may_speak_for(self, whose: Whose) -> bool {
        match self {
            Self::Parent | Self::Court => true,
            Self::Child => matches!(whose, Whose::Child),
            Self::Carer => matches!(whose, Whose::Child | Whose::Household),
        }
    }
}

/// An opaque reference to something that an agency keeps, such as a form. 1 to 64 of `[0-9A-Za-z/._-]`.
#[derive(Clone, PartialEq, Eq)]
pub struct EvidenceReference(String);

impl std::fmt::Debug for EvidenceReference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("EvidenceReference(redacted)")
    }
}

/// The text is not a reference: it may hold no free text, since that would be personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reference is 1 to 64 letters, digits or any of `/._-`")]
pub struct ReferenceError;

impl EvidenceReference {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EvidenceReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
        if fits { Ok(Self(text.to_owned())) } else { Err(ReferenceError) }
    }
}

/// What shows that somebody said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// Where the agency that took it keeps it.
    pub reference: EvidenceReference,
    /// The opaque id of the practitioner who took it.
    pub taken_by: String,
}

/// A service that the consent is about: one organisation, or every one of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// This organisation.
    One(OrganisationId),
    /// Any organisation of this kind.
    Kind(OrganisationKind),
}

impl Service {
    /// Whether it takes this organisation in.
    #[must_use]
    pub fn includes(&self, organisation: &OrganisationId) -> bool {
        match self {
            Self::One(one) => one == organisation,
            Self::Kind(kind) => *kind == organisation.kind(),
        }
    }

    /// The kind of organisation.
    #[must_use]
    pub const fn kind(&self) -> OrganisationKind {
        match self {
            Self::One(one) => one.kind(),
            Self::Kind(kind) => *kind,
        }
    }

    /// Whether two of them may mean the same organisation.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(one), other) | (other, Self::One(one)) => other.includes(one),
            (Self::Kind(one), Self::Kind(other)) => one == other,
        }
    }

    /// Whether an organisation of this kind can receive in this flow.
    #[must_use]
    pub const fn can_receive(&self, flow: Flow) -> bool {
        use OrganisationKind as Kind;
        let kind = self.kind();
        match flow {
            Flow::EarlyHelp => matches!(kind, Kind::LocalAuthority),
            Flow::EarlyHelpFeedback => !matches!(kind, Kind::Operator),
            Flow::Advocate => matches!(kind, Kind::Provider),
            Flow::School
            | Flow::HomeEducation
            | Flow::SchoolUnknown
            | Flow::HomeForce
            | Flow::EarlyYears
            | Flow::HealthNotice
            | Flow::Concern
            | Flow::Strategy
            | Flow::EnquiryAnswer
            | Flow::InformFamily
            | Flow::ReferralMechanism
            | Flow::Custody
            | Flow::Missing
            | Flow::OffenderManagement
            | Flow::Record
            | Flow::RightsRequest
            | Flow::Misdirection
            | Flow::Enquiry
            | Flow::Feedback
            | Flow::Correspondence
            | Flow::ProtectionStatus
            | Flow::Lookup => false,
        }
    }
}

/// What was said when the family was asked, or why nobody asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Given, until then.
    Given {
        /// From this instant on it does not stand.
        until: Timestamp,
    },
    /// Refused.
    Refused,
    /// Not asked for, and why.
    NotSought(Unsafe),
}

impl Outcome {
    /// The state that it leads to.
    #[must_use]
    pub const fn state(self) -> ConsentState {
        match self {
            Self::Given { .. } => ConsentState::Given,
            Self::Refused => ConsentState::Refused,
            Self::NotSought(_) => ConsentState::NotSoughtUnsafe,
        }
    }
}
