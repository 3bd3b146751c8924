//! Professional disagreements (P21): stages with a limit and a named decider each.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::{
    organisation::{OrganisationId, OrganisationKind},
    referral::meeting::disagreement::{
        Answer, Command, Disagreement, DisagreementEvent, DisagreementRefusal, Professional, Stage,
    },
};
use mash_proto::{
    convert::meetings::{disagreement_from_wire, disagreement_to_wire},
    social_care::v1 as wire,
};
use mash_store::{StoreError, Tx};

use super::{
    outgoing::answer_disagreement,
    record_meeting::private,
    refusal::{INVITEE, Refused},
    show_disagreement, timekeeping,
};
use crate::{
    Service, access,
    call::{Call, fresh},
    case::Case,
    effects::Effects,
    error::Refusal,
    record::organisation,
    store::matters::{self, Kept},
};

impl Service {
    pub(crate) async fn record_disagreement_step(
        &self,
        caller: &Caller,
        request: wire::RecordDisagreementStepRequest,
    ) -> Result<wire::RecordDisagreementStepResponse, Refusal> {
        let reason = private("reason", &request.reason)?;
        let decider = decider(caller, &request)?;
        if decider.is_none() && !request.escalate {
            let words = "who decides, where it does not go further";
            return Err(Refusal::field("decider", crate::error::TEXT, words));
        }
        let id = ("RecordDisagreementStep", request.request_id.as_str());
        let mut call = fresh!(self.begin(caller, id, &request).await?);
        let (mut case, mut kept) =
            disagreement(&mut call, &request.name, request.expected_revision).await?;
        let mut state = state_of(&kept)?;
        let mut told = None;
        if request.escalate {
            let escalate = Command::Escalate { reason: reason.clone() };
            let (next, events) = state.apply(escalate, call.now).map_err(Refused::from)?;
            for event in events {
                if let DisagreementEvent::Reached(stage) = event {
                    reached(&mut case, &mut call.effects, &kept, stage, call.now);
                    told = Some(stage);
                }
            }
            state = next;
        }
        if let Some(decider) = decider {
            let name = Command::Name(decider.clone());
            let (next, _) = state.apply(name, call.now).map_err(Refused::from)?;
            state = next;
            let clocks = (None, kept.wire.name.as_str());
            timekeeping::change(&mut case, &mut call.effects, clocks, |clock| {
                clock.hand_to(decider.practitioner.clone());
            });
        }
        disagreement_to_wire(&state, &mut kept.wire);
        put(&mut call.tx, &mut kept).await?;
        if let Some(stage) = told {
            let outcome = format!("stage-{}", stage.word());
            tell(&mut call, &case, &kept, (&outcome, reason.as_str()));
        }
        let disagreement = Some(show_disagreement(&case, &kept, call.now));
        call.finish(wire::RecordDisagreementStepResponse { disagreement }).await
    }

    pub(crate) async fn resolve_disagreement(
        &self,
        caller: &Caller,
        request: wire::ResolveDisagreementRequest,
    ) -> Result<wire::ResolveDisagreementResponse, Refusal> {
        let answer = access::word::<wire::DisagreementAnswer, Answer>("answer", request.answer)?;
        let reason = private("reason", &request.reason)?;
        let id = ("ResolveDisagreement", request.request_id.as_str());
        let mut call = fresh!(self.begin(caller, id, &request).await?);
        let (mut case, mut kept) =
            disagreement(&mut call, &request.name, request.expected_revision).await?;
        let by = professional(&call.authority, &call.by).ok_or(Refusal::NotFound)?;
        let state = state_of(&kept)?;
        // At a stage where a partner's manager decides, the hub records what she decided under her name.
        let by = match state.decider() {
            Some(decider) if decider.organisation != by.organisation => {
                if by == state.decided_by {
                    return Err(Refused::Disagreement(DisagreementRefusal::OwnCause).into());
                }
                decider.clone()
            }
            Some(_) | None => by,
        };
        let command = Command::Resolve { by, answer, reason: reason.clone() };
        let (next, _) = state.apply(command, call.now).map_err(Refused::from)?;
        let now = call.now;
        let clocks = (None, kept.wire.name.as_str());
        timekeeping::change(&mut case, &mut call.effects, clocks, |clock| clock.meet(now));
        disagreement_to_wire(&next, &mut kept.wire);
        put(&mut call.tx, &mut kept).await?;
        if answer == Answer::Changed {
            // The decision itself is changed by whoever works the referral.
            let person = case.record.person(&case.hub.duty_manager);
            let about = ("decision-to-change", kept.wire.name.as_str());
            call.effects.prompt(&case.record, about, &person, now);
        }
        tell(&mut call, &case, &kept, (answer.word(), reason.as_str()));
        let disagreement = Some(show_disagreement(&case, &kept, call.now));
        call.finish(wire::ResolveDisagreementResponse { disagreement }).await
    }
}

/// A stage is reached: the one before is met by that, and its own limit runs.
pub(super) fn reached(
    case: &mut Case,
    effects: &mut Effects,
    kept: &Kept<wire::Disagreement>,
    stage: Stage,
    now: Timestamp,
) {
    let name = kept.wire.name.as_str();
    timekeeping::change(case, effects, (None, name), |clock| clock.meet(now));
    let manager = case.hub.manager().to_owned();
    timekeeping::start(case, effects, (stage.clock(), name), &manager, now);
}

fn tell(
    call: &mut Call,
    case: &Case,
    kept: &Kept<wire::Disagreement>,
    (outcome, reason): (&str, &str),
) {
    let running = |known: &&crate::record::KeptClock| {
        known.subject == kept.wire.name && !known.clock.has_ended()
    };
    let clock = case.clocks.iter().find(running).map(|kept| kept.clock.clone());
    let said = (reason, clock.as_ref());
    let by = call.by.clone();
    answer_disagreement(case, &mut call.effects, (kept, outcome), said, (&by, call.now));
}

/// A professional of an authority.
pub(super) fn professional(authority: &str, practitioner: &str) -> Option<Professional> {
    let organisation = organisation(authority)?;
    Some(Professional { organisation, practitioner: practitioner.to_owned() })
}

pub(super) fn state_of(kept: &Kept<wire::Disagreement>) -> Result<Disagreement, StoreError> {
    let corrupt = StoreError::Corrupt("a disagreement");
    let Some(decided_by) = professional(&kept.authority, &kept.beside) else { return Err(corrupt) };
    disagreement_from_wire(&kept.wire, decided_by).map_err(|_| corrupt)
}

/// Writes it, one revision later.
pub(super) async fn put(
    tx: &mut Tx,
    kept: &mut Kept<wire::Disagreement>,
) -> Result<(), StoreError> {
    kept.wire.revision = kept.wire.revision.saturating_add(1);
    matters::put(tx, kept).await
}

async fn disagreement(
    call: &mut Call,
    name: &str,
    expected: i32,
) -> Result<(Case, Kept<wire::Disagreement>), Refusal> {
    let id = access::id("name", "disagreements", name)?;
    let (case, kept) = super::locked::<wire::Disagreement>(call, id).await?;
    if kept.wire.revision == expected { Ok((case, kept)) } else { Err(Refused::Stale.into()) }
}

fn decider(
    caller: &Caller,
    request: &wire::RecordDisagreementStepRequest,
) -> Result<Option<Professional>, Refusal> {
    if request.decider.is_empty() {
        return Ok(None);
    }
    let practitioner = access::practitioner("decider", &request.decider)?;
    let organisation = match &request.decider_organisation {
        None => caller.organisation.clone(),
        Some(other) => OrganisationId::try_from(other.clone())
            .ok()
            .filter(|other| {
                !matches!(other.kind(), OrganisationKind::Provider | OrganisationKind::Operator)
            })
            .ok_or_else(|| {
                let words = "a police force, a health board, a school or an authority";
                Refusal::field("decider_organisation", INVITEE, words)
            })?,
    };
    Ok(Some(Professional { organisation, practitioner }))
}
