//! What still goes when the rules cannot be evaluated.
//!
//! Fail closed on content, never on the duty (P3): a notice that the law asks for goes in its smallest form. The
//! smallest form is a value that is written down here and tested to be within what the rules permit, so that a fault
//! can only ever narrow a disclosure.

use std::sync::Arc;

use mash_domain::data_class::{ClassSet, DataClass};

use crate::{
    decision::{
        ClassDecision, Decision, Detail, Effect, Permit, PermitParts, ReasonCode,
        RecipientDecision, Refusal,
    },
    facts::{Conflict, DutyKind, RecipientFacts, RecipientKind},
    rule::RulesetVersion,
};

/// The basis that a permit of the minimum cites.
const MINIMUM_BASIS: &str = "statutory minimum: UK GDPR Art 6(1)(e)";

/// The classes that each duty consists of, whatever else may be shared: who the child is, and that there was an
/// incident. An early years setting is told by a force's choice and not by duty, so its minimum is empty.
#[must_use]
pub fn statutory_minimum(duty: DutyKind) -> ClassSet {
    match duty {
        DutyKind::School
        | DutyKind::HomeEducation
        | DutyKind::SchoolUnknown
        | DutyKind::HomeForce => {
            ClassSet::EMPTY.with(DataClass::ChildIdentity).with(DataClass::IncidentStub)
        }
        DutyKind::EarlyYears => ClassSet::EMPTY,
    }
}

/// Whether this kind of recipient can have this duty at all.
pub(crate) const fn is_recipient(duty: DutyKind, kind: RecipientKind) -> bool {
    match kind {
        RecipientKind::School => matches!(duty, DutyKind::School),
        RecipientKind::EducationDesk => {
            matches!(duty, DutyKind::School | DutyKind::HomeEducation | DutyKind::SchoolUnknown)
        }
        RecipientKind::HomeEducationOfficer => matches!(duty, DutyKind::HomeEducation),
        RecipientKind::MashQueue => matches!(duty, DutyKind::SchoolUnknown),
        RecipientKind::PoliceForce => matches!(duty, DutyKind::HomeForce),
        RecipientKind::EarlyYearsLead => matches!(duty, DutyKind::EarlyYears),
        RecipientKind::SocialCare | RecipientKind::Health => false,
    }
}

/// Whether one person would be told, so that a conflict that nobody could check is in the way (R20).
const fn is_person(kind: RecipientKind) -> bool {
    match kind {
        RecipientKind::School
        | RecipientKind::HomeEducationOfficer
        | RecipientKind::EarlyYearsLead => true,
        RecipientKind::EducationDesk
        | RecipientKind::MashQueue
        | RecipientKind::PoliceForce
        | RecipientKind::SocialCare
        | RecipientKind::Health => false,
    }
}

/// The decision without rules.
pub(crate) fn decide(facts: &RecipientFacts, ruleset: &RulesetVersion) -> RecipientDecision {
    let mut reasons = Vec::new();
    if !is_recipient(facts.duty, facts.recipient_kind) {
        reasons.push(ReasonCode::NotARecipient);
    }
    if !facts.child_under_18 {
        reasons.push(ReasonCode::NotUnder18);
    }
    if facts.conflict == Conflict::Unknown && is_person(facts.recipient_kind) {
        reasons.push(ReasonCode::ConflictUnknown);
    }
    if facts.duty == DutyKind::HomeForce && facts.child_in_force_area {
        reasons.push(ReasonCode::LivesInForceArea);
    }
    let minimum = statutory_minimum(facts.duty).intersection(facts.offered);
    if minimum.is_empty() {
        reasons.push(ReasonCode::RulesUnavailable);
    }
    let permitted = if reasons.is_empty() { minimum } else { ClassSet::EMPTY };
    let classes: Arc<[ClassDecision]> = facts
        .offered
        .iter()
        .map(|class| ClassDecision {
            class,
            effect: if permitted.contains(class) { Effect::Permit } else { Effect::Refuse },
            rules: Vec::new(),
        })
        .collect();
    let outcome = if reasons.is_empty() {
        Decision::Permit(Permit::mint(PermitParts {
            classes: permitted,
            rules: Vec::new(),
            basis: vec![MINIMUM_BASIS.into()],
            masked: Detail::ALL.to_vec(),
            mask_rules: Vec::new(),
            ruleset: ruleset.clone(),
            degraded: true,
        }))
    } else {
        Decision::Refuse(Refusal::new(reasons, Vec::new(), ruleset.clone()))
    };
    RecipientDecision { ruleset: ruleset.clone(), classes, outcome }
}
