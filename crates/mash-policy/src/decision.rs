//! What a rule set decides, as values.

use std::{fmt, sync::Arc};

use mash_domain::{
    data_class::{ClassSet, DataClass},
    sharing::{ConsentState, Ground},
};

use crate::{
    basis::LawfulBasis,
    facts::RecipientFacts,
    rule::{RuleId, RulesetVersion},
};

/// The decision on one recipient: class by class, and as a whole.
///
/// It is complete: every class that was offered has an entry, permitted or refused, with the rules that decided.
/// Recording all of it is what R31 asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an unread decision is a disclosure nobody authorised"]
pub struct RecipientDecision {
    /// The version of the rule set.
    pub ruleset: RulesetVersion,
    /// One entry for each class that was offered, in order.
    pub classes: Arc<[ClassDecision]>,
    /// Permit or refuse as a whole.
    pub outcome: Decision,
}

/// The decision on one class of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassDecision {
    /// Which class.
    pub class: DataClass,
    /// Whether it may go.
    pub effect: Effect,
    /// The rules that decided, in order. Empty on a refusal means that no rule permits it, and silence refuses.
    pub rules: Vec<RuleId>,
}

/// Whether a class may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It may.
    Permit,
    /// It may not.
    Refuse,
}

/// Permit or refuse as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an unread decision is a disclosure nobody authorised"]
pub enum Decision {
    /// Some classes may go: these and no others.
    Permit(Permit),
    /// Nothing may go.
    Refuse(Refusal),
}

/// Proof that a rule set let these classes, and only these, go to one recipient.
///
/// It has private fields and no public constructor: only [`crate::Ruleset::decide`] mints one.
#[derive(Clone, PartialEq, Eq)]
pub struct Permit(Arc<PermitParts>);

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PermitParts {
    pub(crate) classes: ClassSet,
    pub(crate) rules: Vec<RuleId>,
    pub(crate) basis: Vec<LawfulBasis>,
    pub(crate) ground: Ground,
    pub(crate) consent: ConsentCode,
    pub(crate) masked: Vec<Detail>,
    pub(crate) mask_rules: Vec<RuleId>,
    pub(crate) ruleset: RulesetVersion,
    pub(crate) degraded: bool,
}

impl Permit {
    pub(crate) fn mint(parts: PermitParts) -> Self {
        Self(Arc::new(parts))
    }

    /// The classes that may go.
    #[must_use]
    pub fn classes(&self) -> ClassSet {
        self.0.classes
    }

    /// The rules that permitted, in order.
    #[must_use]
    pub fn rules(&self) -> &[RuleId] {
        &self.0.rules
    }

    /// The lawful bases and gateways that the permitting rules cite, each once.
    #[must_use]
    pub fn basis(&self) -> &[LawfulBasis] {
        &self.0.basis
    }

    /// Whether it rests on a duty, or on a power, and then its release must cite a live clause of an agreement.
    #[must_use]
    pub fn ground(&self) -> Ground {
        self.0.ground
    }

    /// What consent had to do with it, for whoever receives it and asks.
    #[must_use]
    pub fn consent_code(&self) -> ConsentCode {
        self.0.consent
    }

    /// The details that must be taken out although their class may go.
    #[must_use]
    pub fn masked(&self) -> &[Detail] {
        &self.0.masked
    }

    /// The rules that took them out, in order. A detail that no rule permits is taken out without one.
    #[must_use]
    pub fn mask_rules(&self) -> &[RuleId] {
        &self.0.mask_rules
    }

    /// The version of the rule set.
    #[must_use]
    pub fn ruleset(&self) -> &RulesetVersion {
        &self.0.ruleset
    }

    /// Whether the rules could not be evaluated, so that only the statutory minimum goes (P3). Somebody must look.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.0.degraded
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

/// Why something could go without consent, or that consent was given (P03).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsentCode {
    /// It is a duty: no consent is needed, and none could have stopped it.
    Duty,
    /// The law allows it and a signed agreement covers it: no consent is needed.
    Power,
    /// It rests on consent to a service, which was given and stands.
    ConsentGiven,
}

impl ConsentCode {
    /// Every code.
    pub const ALL: [Self; 3] = [Self::Duty, Self::Power, Self::ConsentGiven];

    /// What it is for a release of this ground. Consent counts only in a flow that asks for it, and only where it was
    /// given: what goes without it within an enquiry goes on the power alone.
    pub(crate) fn of(ground: Ground, facts: &RecipientFacts) -> Self {
        match ground {
            Ground::Duty => Self::Duty,
            Ground::Power if !facts.flow.asks_consent() => Self::Power,
            Ground::Power if facts.consent == ConsentState::Given => Self::ConsentGiven,
            Ground::Power => Self::Power,
        }
    }

    /// The code that a release records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Duty => "duty",
            Self::Power => "power",
            Self::ConsentGiven => "consent-given",
        }
    }

    /// The code with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.word() == word)
    }
}

/// Why nothing may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    reasons: Arc<[ReasonCode]>, // INVARIANT: not empty, in order, each once.
    rules: Arc<[RuleId]>,
    ruleset: RulesetVersion,
}

impl Refusal {
    pub(crate) fn new(
        mut reasons: Vec<ReasonCode>,
        rules: Vec<RuleId>,
        ruleset: RulesetVersion,
    ) -> Self {
        if reasons.is_empty() {
            reasons.push(ReasonCode::NoRulePermits);
        }
        reasons.sort_unstable();
        reasons.dedup();
        Self { reasons: reasons.into(), rules: rules.into(), ruleset }
    }

    /// The coded reasons, at least one.
    #[must_use]
    pub fn reasons(&self) -> &[ReasonCode] {
        &self.reasons
    }

    /// The rules that refused, in order; empty if no rule permits.
    #[must_use]
    pub fn rules(&self) -> &[RuleId] {
        &self.rules
    }

    /// The version of the rule set.
    #[must_use]
    pub fn ruleset(&self) -> &RulesetVersion {
        &self.ruleset
    }

    /// Whether the duty stands and only this person may not be told of it: it goes to the authority's education
    /// desk, with the same duty and `RecipientKind::EducationDesk`, and somebody is called.
    #[must_use]
    pub fn diverts_to_desk(&self) -> bool {
        self.reasons.contains(&ReasonCode::ConflictUnknown)
    }
}

/// Why a recipient gets nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonCode {
    /// Silence refuses.
    NoRulePermits,
    /// The child was 18 or over.
    NotUnder18,
    /// The force does not tell settings that are not schools (R05).
    ForceNotOptedIn,
    /// Nobody could check whether the person is a party (R20); the duty goes to the desk.
    ConflictUnknown,
    /// This kind of recipient is never told within this flow.
    NotARecipient,
    /// The child lives in the area of the force that reports, so there is nothing to hand over (R04).
    LivesInForceArea,
    /// The rules could not be evaluated, and this flow has no statutory minimum.
    RulesUnavailable,
    /// The service asks consent and none is on record (R10, R19).
    ConsentMissing,
    /// Consent to the service was refused (R11).
    ConsentRefused,
    /// Consent to the service was withdrawn (R12).
    ConsentWithdrawn,
    /// Consent to the service has run out (R12).
    ConsentExpired,
    /// A competent child objects and no harm is suspected (R13).
    ChildObjects,
    /// The flow rests on a power, and no signed clause covers it today.
    AgreementNotLive,
    /// Harm is suspected: it belongs to social care as a concern and not to early help (R10).
    HarmSuspected,
    /// No harm is suspected: it is not a concern for social care's duty (R06, R07).
    NoHarmSuspected,
    /// Telling the parent would raise the risk, or nobody could say that it would not (R14).
    ParentNotToBeTold,
    /// The body was not invited to the strategy discussion (R08).
    NotInvited,
    /// No enquiry is in being that the flow could serve (R08, R09).
    NoEnquiry,
    /// The area does not tell schools of missing children (R17).
    AreaDoesNotShare,
    /// No indicator of exploitation was recorded (R15).
    NoExploitationIndicated,
    /// The record of decisions holds codes and never content (R31).
    CodesOnly,
    /// A court order or the chair of a discussion keeps it back (R28, R08).
    KeptBack,
}

impl ReasonCode {
    /// Every code.
    pub const ALL: [Self; 22] = [
        Self::NoRulePermits,
        Self::NotUnder18,
        Self::ForceNotOptedIn,
        Self::ConflictUnknown,
        Self::NotARecipient,
        Self::LivesInForceArea,
        Self::RulesUnavailable,
        Self::ConsentMissing,
        Self::ConsentRefused,
        Self::ConsentWithdrawn,
        Self::ConsentExpired,
        Self::ChildObjects,
        Self::AgreementNotLive,
        Self::HarmSuspected,
        Self::NoHarmSuspected,
        Self::ParentNotToBeTold,
        Self::NotInvited,
        Self::NoEnquiry,
        Self::AreaDoesNotShare,
        Self::NoExploitationIndicated,
        Self::CodesOnly,
        Self::KeptBack,
    ];

    /// The code that decisions record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoRulePermits => "no-rule-permits",
            Self::NotUnder18 => "not-under-18",
            Self::ForceNotOptedIn => "force-not-opted-in",
            Self::ConflictUnknown => "conflict-unknown",
            Self::NotARecipient => "not-a-recipient",
            Self::LivesInForceArea => "lives-in-force-area",
            Self::RulesUnavailable => "rules-unavailable",
            Self::ConsentMissing => "consent-missing",
            Self::ConsentRefused => "consent-refused",
            Self::ConsentWithdrawn => "consent-withdrawn",
            Self::ConsentExpired => "consent-expired",
            Self::ChildObjects => "child-objects",
            Self::AgreementNotLive => "agreement-not-live",
            Self::HarmSuspected => "harm-suspected",
            Self::NoHarmSuspected => "no-harm-suspected",
            Self::ParentNotToBeTold => "parent-not-to-be-told",
            Self::NotInvited => "not-invited",
            Self::NoEnquiry => "no-enquiry",
            Self::AreaDoesNotShare => "area-does-not-share",
            Self::NoExploitationIndicated => "no-exploitation-indicated",
            Self::CodesOnly => "codes-only",
            Self::KeptBack => "kept-back",
        }
    }

    /// The reason with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// A detail within a class that a rule can take out on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Detail {
    /// The telephone of an adult victim (within F7). Taken out for the adults who asked not to be contacted (R29).
    AdultTelephone,
    /// Where in the place the child was (within F3). It can tell what sort of place it is (R21).
    Whereabouts,
    /// The school of a brother or sister (within F12). It tells where the family is (R21).
    SiblingSchool,
    /// Surgeries, courts and other places that free text names (within F3). They tell where the family is (R21).
    PlaceNames,
}

impl Detail {
    /// Every detail.
    pub const ALL: [Self; 4] =
        [Self::AdultTelephone, Self::Whereabouts, Self::SiblingSchool, Self::PlaceNames];

    /// The word that stands for it in files and rules.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AdultTelephone => "adult-telephone",
            Self::Whereabouts => "whereabouts",
            Self::SiblingSchool => "sibling-school",
            Self::PlaceNames => "place-names",
        }
    }

    /// The detail with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|detail| detail.word() == word)
    }

    /// The class that it is a part of.
    #[must_use]
    pub const fn class(self) -> DataClass {
        match self {
            Self::AdultTelephone => DataClass::AdultVictim,
            Self::Whereabouts | Self::PlaceNames => DataClass::Narrative,
            Self::SiblingSchool => DataClass::Household,
        }
    }
}
