//! What still goes when the rules cannot be evaluated.
//!
//! Fail closed on content, never on the duty (P3): a notice that the law asks for goes in its smallest form. The
//! smallest form is a value that is written down here and tested to be within what the rules permit, so that a fault
//! can only ever narrow a disclosure.

use std::sync::Arc;

use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
    sharing::{Flow, Ground},
};

use crate::{
    basis::LawfulBasis,
    decision::{
        ClassDecision, ConsentCode, Decision, Detail, Effect, Permit, PermitParts, ReasonCode,
        RecipientDecision, Refusal,
    },
    facts::{Conflict, RecipientFacts, RecipientKind},
    rule::RulesetVersion,
};

/// The classes that each flow consists of, whatever else may be shared: who the child is, and that there was an
/// incident. A flow that is a choice or a power has no minimum: without rules nothing goes.
///
/// A question to a partner has one, who the child is: a partner that is asked at all can pick up the telephone, and a
/// child whom nobody asked about is the harm that the rules are there to prevent. What the referrer hears has one, the
/// outcome: it tells the referrer nothing of the child, and silence sends a school back to waiting. A letter about how
/// the case is worked, a protection status and a notice of who looked have none: the first can be telephoned, the
/// second is a list that is sent again, and the third is a courtesy.
#[must_use]
pub const fn statutory_minimum(flow: Flow) -> ClassSet {
    match flow {
        Flow::School
        | Flow::HomeEducation
        | Flow::SchoolUnknown
        | Flow::HomeForce
        | Flow::Concern
        | Flow::Custody
        | Flow::Missing => {
            ClassSet::EMPTY.with(DataClass::ChildIdentity).with(DataClass::IncidentStub)
        }
        Flow::Enquiry => ClassSet::EMPTY.with(DataClass::ChildIdentity),
        Flow::Feedback => ClassSet::EMPTY.with(DataClass::Actions),
        Flow::EarlyYears
        | Flow::HealthNotice
        | Flow::Strategy
        | Flow::EnquiryAnswer
        | Flow::InformFamily
        | Flow::EarlyHelp
        | Flow::EarlyHelpFeedback
        | Flow::Advocate
        | Flow::ReferralMechanism
        | Flow::OffenderManagement
        | Flow::Record
        | Flow::RightsRequest
        | Flow::Misdirection
        | Flow::Correspondence
        | Flow::ProtectionStatus
        | Flow::Lookup => ClassSet::EMPTY,
    }
}

/// Who can be told within a flow at all. A test compares it with the schema of the rules.
#[must_use]
pub const fn recipients(flow: Flow) -> &'static [RecipientKind] {
    use RecipientKind as Kind;
    match flow {
        Flow::School => &[Kind::School, Kind::EducationDesk],
        Flow::HomeEducation => &[Kind::HomeEducationOfficer, Kind::EducationDesk],
        Flow::SchoolUnknown => &[Kind::EducationDesk, Kind::MashQueue],
        Flow::HomeForce => &[Kind::PoliceForce],
        Flow::EarlyYears => &[Kind::EarlyYearsLead],
        Flow::HealthNotice | Flow::ProtectionStatus => &[Kind::Health],
        Flow::Concern => &[Kind::SocialCare, Kind::AdoptionTeam],
        Flow::Strategy => &[Kind::SocialCare, Kind::PoliceForce, Kind::Health, Kind::School],
        Flow::EnquiryAnswer | Flow::Custody | Flow::Correspondence | Flow::Lookup => {
            &[Kind::SocialCare]
        }
        Flow::Enquiry => &[Kind::PoliceForce, Kind::Health, Kind::School],
        Flow::InformFamily => &[Kind::Family],
        Flow::EarlyHelp => &[Kind::SocialCare, Kind::EarlyHelpHub],
        Flow::EarlyHelpFeedback | Flow::Feedback => &[Kind::Referrer],
        Flow::Advocate => &[Kind::Provider],
        Flow::ReferralMechanism => &[Kind::PoliceForce, Kind::SocialCare, Kind::HomeOffice],
        Flow::Missing => &[Kind::SocialCare, Kind::CarePlacement, Kind::School, Kind::Provider],
        Flow::OffenderManagement => &[Kind::OffenderManager],
        Flow::Record => &[Kind::Audit],
        Flow::RightsRequest => &[Kind::OriginController],
        Flow::Misdirection => &[Kind::OriginController, Kind::DataProtectionOfficer],
    }
}

/// Whether this kind of recipient can be told within this flow at all.
pub(crate) fn is_recipient(flow: Flow, kind: RecipientKind) -> bool {
    recipients(flow).contains(&kind)
}

/// Whether one person would be told, so that a conflict that nobody could check is in the way (R20).
const fn is_person(kind: RecipientKind) -> bool {
    match kind {
        RecipientKind::School
        | RecipientKind::HomeEducationOfficer
        | RecipientKind::EarlyYearsLead
        | RecipientKind::Provider
        | RecipientKind::Referrer
        | RecipientKind::CarePlacement
        | RecipientKind::Family => true,
        RecipientKind::EducationDesk
        | RecipientKind::MashQueue
        | RecipientKind::PoliceForce
        | RecipientKind::SocialCare
        | RecipientKind::Health
        | RecipientKind::EarlyHelpHub
        | RecipientKind::HomeOffice
        | RecipientKind::OffenderManager
        | RecipientKind::AdoptionTeam
        | RecipientKind::Audit
        | RecipientKind::OriginController
        | RecipientKind::DataProtectionOfficer => false,
    }
}

/// The smallest form for these facts. Only the bodies that the duty names have one, and an order of a court holds.
fn minimum_for(facts: &RecipientFacts) -> ClassSet {
    let named = match facts.flow {
        Flow::Concern => facts.recipient_kind == RecipientKind::SocialCare,
        Flow::Missing => {
            matches!(facts.recipient_kind, RecipientKind::SocialCare | RecipientKind::CarePlacement)
        }
        // What was decided may tell of an investigation (R23).
        Flow::Feedback => !facts.live_investigation,
        Flow::School
        | Flow::HomeEducation
        | Flow::SchoolUnknown
        | Flow::HomeForce
        | Flow::Custody
        | Flow::Enquiry => true,
        // No minimum at all.
        Flow::EarlyYears
        | Flow::HealthNotice
        | Flow::Strategy
        | Flow::EnquiryAnswer
        | Flow::InformFamily
        | Flow::EarlyHelp
        | Flow::EarlyHelpFeedback
        | Flow::Advocate
        | Flow::ReferralMechanism
        | Flow::OffenderManagement
        | Flow::Record
        | Flow::RightsRequest
        | Flow::Misdirection
        | Flow::Correspondence
        | Flow::ProtectionStatus
        | Flow::Lookup => false,
    };
    let minimum = if named { statutory_minimum(facts.flow) } else { ClassSet::EMPTY };
    minimum.intersection(facts.offered).difference(facts.kept_back_by_order)
}

/// The decision without rules.
pub(crate) fn decide(facts: &RecipientFacts, ruleset: &RulesetVersion) -> RecipientDecision {
    let mut reasons = Vec::new();
    if !is_recipient(facts.flow, facts.recipient_kind) {
        reasons.push(ReasonCode::NotARecipient);
    }
    if !facts.child_under_18 {
        reasons.push(ReasonCode::NotUnder18);
    }
    if facts.conflict == Conflict::Unknown && is_person(facts.recipient_kind) {
        reasons.push(ReasonCode::ConflictUnknown);
    }
    if facts.flow == Flow::HomeForce && facts.child_in_force_area {
        reasons.push(ReasonCode::LivesInForceArea);
    }
    let no_harm = facts.harm_suspected == Answer::No;
    if no_harm
        && (facts.flow == Flow::Concern || (facts.flow == Flow::Enquiry && !facts.section_47))
    {
        reasons.push(ReasonCode::NoHarmSuspected);
    }
    let minimum = minimum_for(facts);
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
            basis: vec![LawfulBasis::StatutoryMinimum],
            ground: Ground::Duty,
            consent: ConsentCode::Duty,
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
