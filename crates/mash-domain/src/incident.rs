//! An attended domestic abuse incident, as a force reported it.
//!
//! Every part is valid by construction; what only holds between parts is in [`rules`]. Deliberately absent: what
//! may be told to whom (that is for policy) and what became of the report (that is for the services).
//! Nearly everything here is personal data, so `Debug` redacts and nothing has a `Display` but opaque ids.

use jiff::Timestamp;

use crate::{
    answer::Answer,
    identifier::{AuthorityCode, ForceCode},
};

pub mod case;
pub mod people;
pub mod rules;
pub mod text;

pub use case::{CaseId, CaseIdError, OccurrenceNumber, Reference};
pub use people::{
    Address, Adult, AdultRole, Child, DateOfBirth, Relationship, RelationshipKind, Sex,
    SexualOffence, StatedEstablishment, Voice,
};
pub use text::{Limit, Private, TextError};

/// What a force reported: the content of one revision of an incident.
#[derive(Clone, PartialEq, Eq)]
pub struct Incident {
    /// The force's own number for it.
    pub occurrence_number: OccurrenceNumber,
    /// The force that attended and reported.
    pub force: ForceCode,
    /// When officers attended.
    pub attended: Timestamp,
    /// The adults involved, at least one, each with its own reference.
    pub adults: Vec<Adult>,
    /// The children, at least one, each with its own reference, none twice.
    pub children: Vec<Child>,
    /// DASH risk.
    pub dash_risk: DashRisk,
    /// What sort of incident.
    pub kind: IncidentType,
    /// What happened, for sharing; may be empty.
    pub narrative: Private,
    /// A live investigation that a disclosure could tip off.
    pub live_investigation: bool,
    /// Telling a parent would raise the risk or impede the investigation.
    pub do_not_inform_parent: bool,
    /// What the school should do about contacting a parent.
    pub parent_contact_advice: ParentContactAdvice,
    /// Set where a sexual offence is alleged.
    pub sexual_offence: Option<SexualOffence>,
    /// Offences under consideration.
    pub offences: Vec<Private>,
    /// What police and others did; may be empty.
    pub actions: Private,
    /// Whether the alleged perpetrator may try to collect a child.
    pub collection_risk: Answer,
    /// The authority of the place of the incident, if known.
    pub place_authority: Option<AuthorityCode>,
    /// The officer to ask.
    pub officer: Option<Officer>,
}

/// An incident that the hub has accepted: what was reported, and where it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordedIncident {
    /// Its opaque id, the same for every revision.
    pub case_id: CaseId,
    /// 1, then one more for each amendment and for the withdrawal.
    pub revision: u32,
    /// Where it stands.
    pub state: IncidentState,
    /// When the hub accepted the first revision.
    pub reported: Timestamp,
    /// What was reported, as of this revision.
    pub incident: Incident,
}

impl Incident {
    /// The child with this reference.
    #[must_use]
    pub fn child(&self, reference: &Reference) -> Option<&Child> {
        self.children.iter().find(|child| child.reference == *reference)
    }

    /// What this adult is to this child, if it was reported.
    #[must_use]
    pub fn relationship(adult: &Adult, child: &Child) -> Option<RelationshipKind> {
        let found =
            adult.relationships.iter().find(|relationship| relationship.child == child.reference);
        found.map(|relationship| relationship.kind)
    }
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentState {
    /// Reported, and not withdrawn.
    Active,
    /// Withdrawn by the force.
    Withdrawn(WithdrawalReason),
}

/// Declares an enum of coded answers with the word that stands for each.
macro_rules! coded {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $value:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $value),+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// The word that stands for it in disclosures, rules and files.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }
        }
    };
}
pub(crate) use coded;

coded! {
    /// Why a report was withdrawn.
    WithdrawalReason {
        /// The report named the wrong child.
        WrongChild = "wrong-child",
        /// It went, or would have gone, to the wrong recipient.
        Misdirected = "misdirected",
        /// It was entered by mistake.
        EnteredByMistake = "entered-by-mistake",
    }
}

coded! {
    /// DASH grades.
    DashRisk {
        /// Standard.
        Standard = "standard",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
        /// Not graded yet.
        NotGraded = "not-graded",
    }
}

coded! {
    /// What sort of incident.
    IncidentType {
        /// Verbal.
        Verbal = "verbal",
        /// Physical.
        Physical = "physical",
        /// Sexual.
        Sexual = "sexual",
        /// Controlling or coercive behaviour.
        CoerciveControl = "coercive-control",
        /// Stalking or harassment.
        Stalking = "stalking",
        /// Damage to property.
        Damage = "damage",
        /// Another sort.
        Other = "other",
    }
}

coded! {
    /// What a school should do about contacting a parent.
    ParentContactAdvice {
        /// Do not approach either parent about it.
        DoNotContact = "do-not-contact",
        /// The harmed parent expects to be asked.
        MayContactHarmedParent = "may-contact-harmed-parent",
        /// No advice.
        None = "none",
    }
}

/// The officer to ask.
#[derive(Clone, PartialEq, Eq)]
pub struct Officer {
    /// Collar number or other reference.
    pub reference: Private,
    /// Work telephone; may be empty.
    pub telephone: Private,
}

/// Gives types that hold personal data a `Debug` that says only what they are.
macro_rules! redacted {
    ($($name:ident),+ $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )+};
}
pub(crate) use redacted;

redacted!(Incident, RecordedIncident, Officer);
