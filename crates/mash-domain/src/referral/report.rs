//! A report: what any agency tells the hub about a child who may be at risk.
//!
//! Every part is valid by construction, and a detail that is missing is empty or not known: it never stops a report.
//! What must be there is a child as far as she is known, one concern, and somebody who reports. Deliberately absent:
//! who may be told what (that is for policy), and the organisation that reports, which its certificate proves.

use jiff::Timestamp;

use crate::{
    answer::Answer,
    identifier::AuthorityCode,
    incident::{Private, Voice, coded, redacted},
};

pub mod people;
pub mod rules;

pub use people::{
    Agency, Attachment, ConsentAsked, Expected, HouseholdMember, Party, Referrer, Subject, Victim,
};
pub use rules::{AgeFault, age_fault};

/// A report of one child. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    /// What sort of report it is.
    pub kind: ReportKind,
    /// How soon somebody has to look at it.
    pub urgency: Urgency,
    /// The child.
    pub child: Subject,
    /// The household and significant others.
    pub household: Vec<HouseholdMember>,
    /// The concerns, at least one.
    pub concerns: Vec<Concern>,
    /// What protects the child already; may be empty.
    pub protection_in_place: Private,
    /// The voice of the child; `None` if nothing was said of it, which a hub sees as a gap.
    pub voice: Option<Voice>,
    /// What was asked of the family, if anything was said of it.
    pub consent: Option<ConsentAsked>,
    /// Whether a parent knows of this report.
    pub parent_informed: Answer,
    /// Why not; never empty where the answer is no.
    pub parent_not_informed_reason: Private,
    /// Telling a parent would raise the risk or impede an investigation (R14).
    pub do_not_inform_parent: bool,
    /// Reasonable cause to suspect harm (R06, R07).
    pub harm_suspected: Answer,
    /// What was recognised.
    pub marks: Marks,
    /// Whether somebody who visits the home is at risk.
    pub risk_to_visitors: Answer,
    /// Who else works with the family.
    pub agencies: Vec<Agency>,
    /// Who reports.
    pub referrer: Referrer,
    /// The language that the family prefers; empty if not known.
    pub preferred_language: Private,
    /// Documents that the agency holds.
    pub attachments: Vec<Attachment>,
    /// A police reference; may be empty.
    pub police_reference: Private,
    /// Injuries and what else is known of the child's health.
    pub health: Option<Health>,
    /// The grade that the sender gave.
    pub sender_grade: Option<SenderGrade>,
    /// Offences under consideration.
    pub offences: Vec<Private>,
    /// What was done already; may be empty.
    pub actions: Private,
    /// The authority of where the concern arose or the child was found. It answers first.
    pub place_authority: Option<AuthorityCode>,
    /// What third parties supplied (R25).
    pub third_party: Vec<Private>,
    /// Graded intelligence (R27).
    pub intelligence: Option<Intelligence>,
    /// Immigration and national referral mechanism (R15); may be empty.
    pub immigration: Private,
    /// Detail of a sexual offence (R22); may be empty.
    pub sexual_offence_detail: Private,
    /// A live investigation that a disclosure could tip off (R23).
    pub live_investigation: bool,
    /// The report was first made by telephone.
    pub telephoned: Option<Telephoned>,
    /// Who is alleged to have harmed the child.
    pub suspects: Vec<Party>,
    /// Adults who are victims.
    pub victims: Vec<Victim>,
}

/// One concern. Fact, observation, opinion and hearsay are told apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Concern {
    /// What; never empty.
    pub what: Private,
    /// When, as far as known.
    pub when: Private,
    /// Where, as far as known.
    pub place: Private,
    /// What kind of statement it is.
    pub evidence: Evidence,
}

/// What was recognised. Not known is never no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Indicators of sexual exploitation.
    pub sexual_exploitation: Answer,
    /// Indicators of criminal exploitation, county lines among it.
    pub criminal_exploitation: Answer,
    /// Referred to the national referral mechanism.
    pub referred_to_mechanism: Answer,
    /// The child is or was missing.
    pub missing: Answer,
    /// The child is in police custody.
    pub in_custody: Answer,
    /// The family lives in a refuge.
    pub refuge: Answer,
    /// The child is looked after.
    pub looked_after: Answer,
}

impl Marks {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        sexual_exploitation: Answer::Unknown,
        criminal_exploitation: Answer::Unknown,
        referred_to_mechanism: Answer::Unknown,
        missing: Answer::Unknown,
        in_custody: Answer::Unknown,
        refuge: Answer::Unknown,
        looked_after: Answer::Unknown,
    };

    /// Whether indicators of exploitation were recorded. Only what was seen counts: the rules ask whether somebody did.
    #[must_use]
    pub const fn exploitation(self) -> bool {
        self.sexual_exploitation.is_yes() || self.criminal_exploitation.is_yes()
    }

    /// The code and the answer of each, in the order of the form.
    #[must_use]
    pub const fn coded(self) -> [(&'static str, Answer); 7] {
        [
            ("sexual-exploitation", self.sexual_exploitation),
            ("criminal-exploitation", self.criminal_exploitation),
            ("referred-to-mechanism", self.referred_to_mechanism),
            ("missing", self.missing),
            ("in-custody", self.in_custody),
            ("refuge", self.refuge),
            ("looked-after", self.looked_after),
        ]
    }
}

/// What is known of the child's health.
#[derive(Clone, PartialEq, Eq)]
pub struct Health {
    /// Injuries.
    pub injuries: Vec<Injury>,
    /// What else; may be empty.
    pub summary: Private,
    /// Photographs of injuries, by reference. None is lost on the way (P04).
    pub photographs: Vec<Attachment>,
}

/// One injury.
#[derive(Clone, PartialEq, Eq)]
pub struct Injury {
    /// Where on the body.
    pub site: Private,
    /// What it looks like.
    pub description: Private,
    /// The explanation that was given; empty if none.
    pub explanation: Private,
    /// Whether the explanation fits the injury and the child's age.
    pub explained: Answer,
}

/// Graded intelligence.
#[derive(Clone, PartialEq, Eq)]
pub struct Intelligence {
    /// The text; never empty.
    pub text: Private,
    /// The handling code; `None` if not known, and then it is shared with nobody.
    pub handling: Option<Handling>,
    /// Whether the source could be identified.
    pub source_identifiable: Answer,
}

/// A report that was made by telephone first.
#[derive(Clone, PartialEq, Eq)]
pub struct Telephoned {
    /// When.
    pub time: Timestamp,
    /// Who took the call at the hub; may be empty.
    pub taken_by: Private,
    /// This is only the note of the call: the written report follows.
    pub to_be_confirmed: bool,
}

coded! {
    /// What sort of report.
    ReportKind {
        /// A public protection notification of police.
        PoliceNotice = "police-notice",
        /// A child in police custody (R16).
        Custody = "custody",
        /// A missing child was reported or has come back (R17).
        Missing = "missing",
        /// A child taken into police protection (Children Act 1989 s.46).
        PoliceProtection = "police-protection",
        /// A clinician's referral.
        Clinical = "clinical",
        /// A midwife's referral of an unborn child.
        Unborn = "unborn",
        /// A designated safeguarding person's referral.
        School = "school",
        /// A child missing education.
        MissingEducation = "missing-education",
        /// From the public, taken by the hub.
        Public = "public",
        /// A family moves in from another authority.
        Transfer = "transfer",
        /// Help is sought, and no harm is suspected (R10).
        EarlyHelp = "early-help",
    }
}

coded! {
    /// How soon somebody has to look.
    Urgency {
        /// At once: a child may be harmed today.
        Immediate = "immediate",
        /// Today.
        SameDay = "same-day",
        /// In the usual time.
        Routine = "routine",
    }
}

coded! {
    /// What kind of statement a concern is.
    Evidence {
        /// Established.
        Fact = "fact",
        /// Seen or heard by whoever reports.
        Observation = "observation",
        /// What whoever reports thinks.
        Opinion = "opinion",
        /// What somebody else told.
        Hearsay = "hearsay",
    }
}

coded! {
    /// The grade that the sender gave: DASH words, or the colours of a notice.
    SenderGrade {
        /// High (DASH).
        High = "high",
        /// Medium (DASH).
        Medium = "medium",
        /// Standard (DASH).
        Standard = "standard",
        /// Red.
        Red = "red",
        /// Amber.
        Amber = "amber",
        /// Green.
        Green = "green",
    }
}

coded! {
    /// The handling code of intelligence (3x5x2).
    Handling {
        /// Lawful sharing permitted.
        Permitted = "p",
        /// Lawful sharing permitted with conditions.
        Conditions = "c",
    }
}

redacted!(Report, Concern, Health, Injury, Intelligence, Telephoned);
