//! Consents, wire to domain and back.

use std::collections::BTreeSet;

use mash_domain::{
    answer::Answer,
    consent::{
        Assessor, Command, Consent, ConsentId, Ending, Evidence, EvidenceKind, Giver, Outcome,
        RecordedView, Scope, Service, Unsafe, Whose,
    },
    organisation::{OrganisationId, OrganisationKind},
    sharing::{ChildView, ConsentState, Flow},
};

use super::{
    ConvertError, Violation, answer_from_wire, answer_to_wire, time_from_wire, time_to_wire,
    word_from_wire,
};
use crate::{sharing::v1 as wire, r#type::v1 as common};

/// The codes of what can be wrong with a record.
pub mod codes {
    /// The request id, a name or the evidence.
    pub const SHAPE: &str = "MASH-R120";
    /// No incident or no child.
    pub const SUBJECT: &str = "MASH-R121";
    /// A service that nobody knows, or that cannot receive in the flow.
    pub const SERVICE: &str = "MASH-R122";
    /// A flow that nobody listed, or for which nobody is asked.
    pub const FLOW: &str = "MASH-R123";
    /// What was said, and what belongs to it.
    pub const OUTCOME: &str = "MASH-R124";
    /// Who said it, or for whom.
    pub const GIVER: &str = "MASH-R125";
    /// Until when.
    pub const UNTIL: &str = "MASH-R126";
    /// The child's view.
    pub const VIEW: &str = "MASH-R127";
}

words! {
    wire::ConsentGiver => Giver { Parent, Child, Carer, Court }
    wire::ConsentInformation => Whose { Child, AdultVictim, Household }
    wire::UnsafeReason => Unsafe { SignificantHarm, RiskToAnother, Obstructs, Delay }
    wire::EvidenceKind => EvidenceKind { SignedForm, Witnessed, RecordedCall, OnlineForm, CourtOrder }
    wire::CompetenceAssessor => Assessor { SocialWorker, Clinician, School, Police, Advocate }
}

/// Collects what is wrong, so that a caller learns of everything at once.
#[derive(Default)]
struct Faults(Vec<Violation>);

impl Faults {
    fn add(&mut self, field: &str, code: &'static str, description: &str) {
        let (field, description) = (field.to_owned(), description.to_owned());
        self.0.push(Violation { field, code, description });
    }

    fn keep<T, E>(
        &mut self,
        value: Result<T, E>,
        field: &str,
        code: &'static str,
        description: &str,
    ) -> Option<T> {
        if value.is_err() {
            self.add(field, code, description);
        }
        value.ok()
    }
}

/// What a request says about a consent: a command under this id. The practitioner is whoever makes the call.
///
/// # Errors
///
/// Everything that is wrong with it, at once.
pub fn record_from_wire(
    request: &wire::RecordConsentRequest,
    id: ConsentId,
    practitioner: &str,
) -> Result<Command, Vec<Violation>> {
    let mut faults = Faults::default();
    let outcome = outcome_of(request, &mut faults);
    let giver = giver_of(request, &mut faults);
    let mut whose = BTreeSet::new();
    for (index, number) in request.information.iter().enumerate() {
        let field = format!("information[{index}]");
        let word = word_from_wire::<wire::ConsentInformation, Whose>(*number);
        whose.extend(faults.keep(word, &field, codes::GIVER, "must say whose information it is"));
    }
    if request.information.is_empty() {
        faults.add("information", codes::GIVER, "must say whose information is covered");
    }
    if let Some(giver) = giver
        && whose.iter().any(|whose| !giver.may_speak_for(*whose))
    {
        faults.add("giver", codes::GIVER, "does not speak for that information");
    }
    let scope = scope_of(&request.services, &request.flows, &mut faults);
    let evidence = evidence_of(request.evidence.as_ref(), practitioner, &mut faults);
    match (outcome, evidence) {
        (Some(outcome), Some(evidence)) if faults.0.is_empty() => {
            Ok(Command::Record { id, outcome, giver, whose, scope, evidence })
        }
        _ => Err(faults.0),
    }
}

fn outcome_of(request: &wire::RecordConsentRequest, faults: &mut Faults) -> Option<Outcome> {
    let given = request.outcome() == wire::ConsentOutcome::Given;
    let not_sought = request.outcome() == wire::ConsentOutcome::NotSoughtUnsafe;
    if !given && request.until_time.is_some() {
        faults.add("until_time", codes::UNTIL, "is only for a consent that was given");
    }
    if !not_sought && request.unsafe_reason != 0 {
        faults.add("unsafe_reason", codes::OUTCOME, "is only for where nobody was asked");
    }
    match request.outcome() {
        wire::ConsentOutcome::Unspecified => {
            faults.add("outcome", codes::OUTCOME, "must be GIVEN, REFUSED or NOT_SOUGHT_UNSAFE");
            None
        }
        wire::ConsentOutcome::Given => {
            let until = request.until_time.as_ref().map(time_from_wire);
            let until = until.unwrap_or(Err(ConvertError::Time));
            let until = faults.keep(until, "until_time", codes::UNTIL, "must say until when");
            until.map(|until| Outcome::Given { until })
        }
        wire::ConsentOutcome::Refused => Some(Outcome::Refused),
        wire::ConsentOutcome::NotSoughtUnsafe => {
            let reason = word_from_wire::<wire::UnsafeReason, Unsafe>(request.unsafe_reason);
            let text = "must say why asking is not safe";
            faults.keep(reason, "unsafe_reason", codes::OUTCOME, text).map(Outcome::NotSought)
        }
    }
}

fn giver_of(request: &wire::RecordConsentRequest, faults: &mut Faults) -> Option<Giver> {
    if request.outcome() == wire::ConsentOutcome::NotSoughtUnsafe {
        if request.giver != 0 {
            faults.add("giver", codes::GIVER, "must be empty where nobody was asked");
        }
        return None;
    }
    let giver = word_from_wire::<wire::ConsentGiver, Giver>(request.giver);
    faults.keep(giver, "giver", codes::GIVER, "must say in what role somebody spoke")
}

fn scope_of(services: &[wire::ConsentedService], flows: &[String], faults: &mut Faults) -> Scope {
    let mut scope = Scope { services: BTreeSet::new(), flows: BTreeSet::new() };
    for (index, code) in flows.iter().enumerate() {
        let known = Flow::from_word(code).filter(|flow| flow.asks_consent());
        let text = "must be a flow for which consent is asked";
        scope.flows.extend(faults.keep(
            known.ok_or(()),
            &format!("flows[{index}]"),
            codes::FLOW,
            text,
        ));
    }
    if flows.is_empty() {
        faults.add("flows", codes::FLOW, "must name a flow");
    }
    for (index, wire) in services.iter().enumerate() {
        let field = format!("services[{index}]");
        let text = "must be an organisation or a kind of organisation";
        let Some(service) = faults.keep(service_from_wire(wire), &field, codes::SERVICE, text)
        else {
            continue;
        };
        if !scope.flows.is_empty() && !scope.flows.iter().any(|flow| service.can_receive(*flow)) {
            faults.add(&field, codes::SERVICE, "does not receive in any of the flows");
        }
        scope.services.insert(service);
    }
    if services.is_empty() {
        faults.add("services", codes::SERVICE, "must name a service");
    }
    scope
}

fn evidence_of(
    wire: Option<&wire::ConsentEvidence>,
    practitioner: &str,
    faults: &mut Faults,
) -> Option<Evidence> {
    let Some(wire::ConsentEvidence { kind, reference, taken_by }) = wire else {
        faults.add("evidence", codes::SHAPE, "must say what shows it");
        return None;
    };
    let kind = word_from_wire::<wire::EvidenceKind, EvidenceKind>(*kind);
    let kind = faults.keep(kind, "evidence.kind", codes::SHAPE, "must be a kind of evidence");
    let text = "must be a reference of 1 to 64 letters, digits or any of `/._-`, and no free text";
    let reference = faults.keep(reference.parse(), "evidence.reference", codes::SHAPE, text);
    if !taken_by.is_empty() {
        faults.add("evidence.taken_by", codes::SHAPE, "is set by the hub");
    }
    Some(Evidence { kind: kind?, reference: reference?, taken_by: practitioner.to_owned() })
}

/// What a request says about a child's view.
///
/// # Errors
///
/// Everything that is wrong with it, at once.
pub fn view_from_wire(
    request: &wire::RecordChildViewRequest,
    practitioner: &str,
    now: jiff::Timestamp,
) -> Result<Command, Vec<Violation>> {
    let mut faults = Faults::default();
    let view = match request.view() {
        wire::ConsentView::Unspecified => {
            faults.add("view", codes::VIEW, "must be AGREES or OBJECTS");
            None
        }
        wire::ConsentView::Agrees => Some(ChildView::Agrees),
        wire::ConsentView::Objects => Some(ChildView::Objects),
    };
    let competent = answer_from_wire(request.competent);
    let text = "must say whether the child was found competent";
    let competent = faults.keep(competent, "competent", codes::VIEW, text);
    let assessor = word_from_wire::<wire::CompetenceAssessor, Assessor>(request.assessor);
    let assessor = faults.keep(assessor, "assessor", codes::VIEW, "must say who assessed it");
    let scope = scope_of(&request.services, &request.flows, &mut faults);
    let evidence = evidence_of(request.evidence.as_ref(), practitioner, &mut faults);
    match (view, competent, assessor, evidence) {
        (Some(view), Some(competent), Some(assessor), Some(evidence)) if faults.0.is_empty() => {
            let competent = competent == Answer::Yes;
            let view =
                RecordedView { view, competent, assessor, scope, evidence, recorded_at: now };
            Ok(Command::View(view))
        }
        _ => Err(faults.0),
    }
}

/// The role in which somebody withdraws a consent.
///
/// # Errors
///
/// [`ConvertError::Enum`] if it is unspecified or not known.
pub fn giver_from_wire(number: i32) -> Result<Giver, ConvertError> {
    word_from_wire::<wire::ConsentGiver, Giver>(number)
}

fn service_from_wire(wire: &wire::ConsentedService) -> Result<Service, ConvertError> {
    use wire::consented_service::Service as Wire;
    match &wire.service {
        None => Err(ConvertError::Enum),
        Some(Wire::Organisation(organisation)) => {
            Ok(Service::One(OrganisationId::try_from(organisation.clone())?))
        }
        Some(Wire::Kind(kind)) => {
            Ok(Service::Kind(word_from_wire::<common::OrganisationKind, OrganisationKind>(*kind)?))
        }
    }
}

fn service_to_wire(service: &Service) -> wire::ConsentedService {
    use wire::consented_service::Service as Wire;
    let service = match service {
        Service::One(organisation) => Wire::Organisation(organisation.into()),
        Service::Kind(kind) => Wire::Kind(common::OrganisationKind::from(*kind).into()),
    };
    wire::ConsentedService { service: Some(service) }
}

fn evidence_to_wire(evidence: &Evidence) -> wire::ConsentEvidence {
    wire::ConsentEvidence {
        kind: wire::EvidenceKind::from(evidence.kind).into(),
        reference: evidence.reference.as_str().to_owned(),
        taken_by: evidence.taken_by.clone(),
    }
}

const fn state_to_wire(state: ConsentState) -> wire::ConsentState {
    match state {
        ConsentState::Given => wire::ConsentState::Given,
        ConsentState::Refused => wire::ConsentState::Refused,
        ConsentState::Withdrawn => wire::ConsentState::Withdrawn,
        ConsentState::Expired => wire::ConsentState::Expired,
        ConsentState::NotSoughtUnsafe => wire::ConsentState::NotSoughtUnsafe,
        // No record is ever in these.
        ConsentState::NotRequired | ConsentState::NotRecorded => wire::ConsentState::Unspecified,
    }
}

/// Whom a record is about and who made it, which the register itself does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// `incidents/{id}`.
    pub incident: String,
    /// The child's reference within the report.
    pub child_ref: String,
    /// The organisation that put it on record.
    pub recorded_by: OrganisationId,
}

/// A record for the wire, as it stands at this instant.
#[must_use]
pub fn consent_to_wire(consent: &Consent, about: &About, now: jiff::Timestamp) -> wire::Consent {
    let mut wire = stored_consent(consent, about);
    wire.set_state(state_to_wire(consent.state_at(now)));
    wire
}

/// A record for a store.
#[must_use]
pub fn stored_consent(consent: &Consent, about: &About) -> wire::Consent {
    let ending = consent.ended.map(|(_, ending)| ending);
    let withdrawn_by = match ending {
        Some(Ending::Withdrawn(giver)) => wire::ConsentGiver::from(giver),
        Some(Ending::Overtaken | Ending::Expired) | None => wire::ConsentGiver::Unspecified,
    };
    let ending = match ending {
        None => wire::ConsentEnding::Unspecified,
        Some(Ending::Withdrawn(_)) => wire::ConsentEnding::Withdrawn,
        Some(Ending::Overtaken) => wire::ConsentEnding::Overtaken,
        Some(Ending::Expired) => wire::ConsentEnding::Expired,
    };
    let unsafe_reason = match consent.outcome {
        Outcome::NotSought(reason) => wire::UnsafeReason::from(reason),
        Outcome::Given { .. } | Outcome::Refused => wire::UnsafeReason::Unspecified,
    };
    let giver = consent.giver.map_or(wire::ConsentGiver::Unspecified, wire::ConsentGiver::from);
    let whose = consent.whose.iter();
    wire::Consent {
        name: format!("consents/{}", consent.id),
        incident: about.incident.clone(),
        child_ref: about.child_ref.clone(),
        state: state_to_wire(consent.state).into(),
        giver: giver.into(),
        information: whose.map(|whose| wire::ConsentInformation::from(*whose).into()).collect(),
        services: consent.scope.services.iter().map(service_to_wire).collect(),
        flows: consent.scope.flows.iter().map(|flow| flow.word().to_owned()).collect(),
        evidence: Some(evidence_to_wire(&consent.evidence)),
        until_time: consent.until().map(time_to_wire),
        unsafe_reason: unsafe_reason.into(),
        record_time: Some(time_to_wire(consent.recorded_at)),
        end_time: consent.ended.map(|(at, _)| time_to_wire(at)),
        ending: ending.into(),
        withdrawn_by: withdrawn_by.into(),
        recorded_by: Some((&about.recorded_by).into()),
        change: i64::try_from(consent.changed).unwrap_or(i64::MAX),
    }
}

/// A record from a store. `None` if it is not one that [`stored_consent`] wrote.
#[must_use]
pub fn consent_from_stored(wire: &wire::Consent) -> Option<(Consent, About)> {
    let time = |time: &Option<prost_types::Timestamp>| time_from_wire(time.as_ref()?).ok();
    let giver = |number| word_from_wire::<wire::ConsentGiver, Giver>(number).ok();
    let outcome = match (time(&wire.until_time), wire.unsafe_reason) {
        (Some(until), _) => Outcome::Given { until },
        (None, 0) => Outcome::Refused,
        (None, reason) => {
            Outcome::NotSought(word_from_wire::<wire::UnsafeReason, Unsafe>(reason).ok()?)
        }
    };
    let ending = match wire.ending() {
        wire::ConsentEnding::Unspecified => None,
        wire::ConsentEnding::Withdrawn => Some(Ending::Withdrawn(giver(wire.withdrawn_by)?)),
        wire::ConsentEnding::Overtaken => Some(Ending::Overtaken),
        wire::ConsentEnding::Expired => Some(Ending::Expired),
    };
    let ended = ending.and_then(|ending| Some((time(&wire.end_time)?, ending)));
    let whose: Result<BTreeSet<Whose>, _> = wire
        .information
        .iter()
        .map(|number| word_from_wire::<wire::ConsentInformation, Whose>(*number))
        .collect();
    let consent = Consent {
        id: wire.name.strip_prefix("consents/")?.parse().ok()?,
        outcome,
        giver: if wire.giver == 0 { None } else { Some(giver(wire.giver)?) },
        whose: whose.ok()?,
        scope: stored_scope(&wire.services, &wire.flows)?,
        evidence: stored_evidence(wire.evidence.as_ref()?)?,
        recorded_at: time(&wire.record_time)?,
        state: ended.map_or_else(|| outcome.state(), |(_, ending)| ending.state()),
        ended,
        changed: u64::try_from(wire.change).ok()?,
    };
    let about = About {
        incident: wire.incident.clone(),
        child_ref: wire.child_ref.clone(),
        recorded_by: wire.recorded_by.clone()?.try_into().ok()?,
    };
    Some((consent, about))
}

fn stored_scope(services: &[wire::ConsentedService], flows: &[String]) -> Option<Scope> {
    let services: Result<BTreeSet<Service>, _> = services.iter().map(service_from_wire).collect();
    let flows: Option<BTreeSet<Flow>> = flows.iter().map(|word| Flow::from_word(word)).collect();
    Some(Scope { services: services.ok()?, flows: flows? })
}

fn stored_evidence(wire: &wire::ConsentEvidence) -> Option<Evidence> {
    Some(Evidence {
        kind: word_from_wire::<wire::EvidenceKind, EvidenceKind>(wire.kind).ok()?,
        reference: wire.reference.parse().ok()?,
        taken_by: wire.taken_by.clone(),
    })
}

/// A view for the wire and for a store.
#[must_use]
pub fn view_to_wire(view: &RecordedView) -> wire::ChildViewRecord {
    let said = match view.view {
        ChildView::Agrees => wire::ConsentView::Agrees,
        ChildView::Objects => wire::ConsentView::Objects,
        ChildView::NotKnown => wire::ConsentView::Unspecified,
    };
    let competent = if view.competent { Answer::Yes } else { Answer::No };
    wire::ChildViewRecord {
        view: said.into(),
        competent: answer_to_wire(competent),
        assessor: wire::CompetenceAssessor::from(view.assessor).into(),
        services: view.scope.services.iter().map(service_to_wire).collect(),
        flows: view.scope.flows.iter().map(|flow| flow.word().to_owned()).collect(),
        evidence: Some(evidence_to_wire(&view.evidence)),
        record_time: Some(time_to_wire(view.recorded_at)),
    }
}

/// A view from a store. `None` if it is not one that [`view_to_wire`] wrote.
#[must_use]
pub fn view_from_stored(wire: &wire::ChildViewRecord) -> Option<RecordedView> {
    let view = match wire.view() {
        wire::ConsentView::Unspecified => return None,
        wire::ConsentView::Agrees => ChildView::Agrees,
        wire::ConsentView::Objects => ChildView::Objects,
    };
    Some(RecordedView {
        view,
        competent: answer_from_wire(wire.competent).ok()? == Answer::Yes,
        assessor: word_from_wire::<wire::CompetenceAssessor, Assessor>(wire.assessor).ok()?,
        scope: stored_scope(&wire.services, &wire.flows)?,
        evidence: stored_evidence(wire.evidence.as_ref()?)?,
        recorded_at: time_from_wire(wire.record_time.as_ref()?).ok()?,
    })
}
