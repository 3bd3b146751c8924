//! Meetings, disagreements and transfers of a hub, both ways. The wire form is also how they are stored.

use std::collections::{BTreeMap, BTreeSet};

use mash_domain::{
    incident::{Limit, Private},
    nation::Nation,
    organisation::OrganisationId,
    referral::meeting::{
        Exception, Held, Invitation, Meeting, MeetingKind, MeetingOutcome, Standing,
        disagreement::{Answer, Disagreement, Ending, Professional, Stage, Step},
        section47::{Conclusion, Conduct, EnquiryOutcome, Section47},
        transfer::{Body, Transfer, TransferState},
    },
};

use super::{ConvertError, time_from_wire, time_to_wire, word_from_wire};
use crate::{social_care::v1 as wire, r#type::v1::Organisation};

words! {
    wire::MeetingKind => MeetingKind {
        StrategyDiscussion, InitialConference, ReviewConference, TransferInConference,
    }
    wire::InvitationStanding => Standing { Invited, Accepts, Declines, SendsReport }
    wire::MeetingOutcome => MeetingOutcome {
        Section47Single, Section47Joint, Conference, Assessment, ProtectionPlan, Registered,
        SupportPlan, PlanGoesOn, PlanEnds, NoFurther,
    }
    wire::EnquiryOutcome => EnquiryOutcome { NotSubstantiated, NoContinuingHarm, Conference }
    wire::DisagreementStage => Stage { Practitioners, FirstLine, Senior, Director }
    wire::DisagreementAnswer => Answer { Stands, Changed, Agreed }
}

// What was stored was short enough when it came.
const KEPT: Limit = Limit::paragraphs(10_000);

fn text(text: &str) -> Result<Private, ConvertError> {
    Private::new(text, KEPT).map_err(|_| ConvertError::Enum)
}

fn organisation(of: Option<&Organisation>) -> Result<OrganisationId, ConvertError> {
    OrganisationId::try_from(of.cloned().unwrap_or_default())
}

fn time(time: Option<&prost_types::Timestamp>) -> Result<jiff::Timestamp, ConvertError> {
    time_from_wire(time.ok_or(ConvertError::Time)?)
}

/// The state machine of a meeting that was stored.
///
/// # Errors
///
/// [`ConvertError`] if something in it is not known.
pub fn meeting_from_wire(
    meeting: &wire::Meeting,
    authority: OrganisationId,
    nation: Nation,
) -> Result<Meeting, ConvertError> {
    let mut invitations = BTreeMap::new();
    for invitation in &meeting.invitations {
        let partner = organisation(invitation.partner.as_ref())?;
        let standing = word_from_wire::<wire::InvitationStanding, _>(invitation.standing)?;
        let answered = invitation.answer_time.as_ref().map(time_from_wire).transpose()?;
        let (reason, late) = (text(&invitation.reason)?, invitation.late);
        invitations.insert(partner, Invitation { standing, reason, answered, late });
    }
    let (mut held, mut cancelled) = (None, None);
    match meeting.state() {
        wire::MeetingState::Unspecified => return Err(ConvertError::Enum),
        wire::MeetingState::Called => (),
        wire::MeetingState::Held => held = Some(held_from_wire(meeting)?),
        wire::MeetingState::Cancelled => cancelled = Some(text(&meeting.reason)?),
    }
    Ok(Meeting {
        kind: word_from_wire::<wire::MeetingKind, _>(meeting.kind)?,
        nation,
        authority,
        chair: meeting.chair.clone(),
        invitations,
        held,
        cancelled,
    })
}

fn held_from_wire(meeting: &wire::Meeting) -> Result<Held, ConvertError> {
    let attended: Result<BTreeSet<OrganisationId>, ConvertError> =
        meeting.attended.iter().map(|who| organisation(Some(who))).collect();
    Ok(Held {
        at: time(meeting.time.as_ref())?,
        attended: attended?,
        outcome: word_from_wire::<wire::MeetingOutcome, _>(meeting.outcome)?,
        reason: text(&meeting.reason)?,
        exception: meeting.exception.as_ref().map(exception_from_wire).transpose()?,
    })
}

/// A signature from the wire.
///
/// # Errors
///
/// [`ConvertError`] if the reason cannot be kept.
pub fn exception_from_wire(exception: &wire::QuorumException) -> Result<Exception, ConvertError> {
    Ok(Exception {
        signed_by: exception.signed_by.clone(),
        senior: exception.senior_manager,
        reason: text(&exception.reason)?,
    })
}

/// Writes the state machine into what is stored. Items and kept back classes of invitations stay where they are.
pub fn meeting_to_wire(from: &Meeting, meeting: &mut wire::Meeting) {
    meeting.kind = wire::MeetingKind::from(from.kind).into();
    meeting.chair.clone_from(&from.chair);
    for (partner, invitation) in &from.invitations {
        let partner = Organisation::from(partner);
        let known =
            meeting.invitations.iter_mut().find(|known| known.partner.as_ref() == Some(&partner));
        let Some(kept) = known else { continue };
        kept.standing = wire::InvitationStanding::from(invitation.standing).into();
        invitation.reason.as_str().clone_into(&mut kept.reason);
        kept.answer_time = invitation.answered.map(time_to_wire);
        kept.late = invitation.late;
    }
    meeting.set_state(wire::MeetingState::Called);
    if let Some(reason) = &from.cancelled {
        meeting.set_state(wire::MeetingState::Cancelled);
        reason.as_str().clone_into(&mut meeting.reason);
    }
    if let Some(held) = &from.held {
        meeting.set_state(wire::MeetingState::Held);
        meeting.time = Some(time_to_wire(held.at));
        meeting.attended = held.attended.iter().map(Organisation::from).collect();
        meeting.quorate = mash_domain::referral::meeting::is_quorate(&held.attended);
        meeting.outcome = wire::MeetingOutcome::from(held.outcome).into();
        held.reason.as_str().clone_into(&mut meeting.reason);
        meeting.exception = held.exception.as_ref().map(|exception| wire::QuorumException {
            signed_by: exception.signed_by.clone(),
            senior_manager: exception.senior,
            reason: exception.reason.as_str().to_owned(),
        });
    }
}

/// The enquiry that a meeting began.
///
/// # Errors
///
/// [`ConvertError`] if something in it is not known.
pub fn section47_from_wire(enquiry: &wire::SectionEnquiry) -> Result<Section47, ConvertError> {
    let concluded = if enquiry.outcome() == wire::EnquiryOutcome::Unspecified {
        None
    } else {
        Some(Conclusion {
            outcome: enquiry.outcome().try_into()?,
            by: enquiry.practitioner.clone(),
            reason: text(&enquiry.reason)?,
            at: time(enquiry.conclude_time.as_ref())?,
        })
    };
    let conduct = if enquiry.joint { Conduct::Joint } else { Conduct::Single };
    Ok(Section47 { conduct, begun: time(enquiry.begin_time.as_ref())?, concluded })
}

/// An enquiry, for the wire.
#[must_use]
pub fn section47_to_wire(enquiry: &Section47, nation: Nation) -> wire::SectionEnquiry {
    let mut wire = wire::SectionEnquiry {
        joint: enquiry.conduct == Conduct::Joint,
        begin_time: Some(time_to_wire(enquiry.begun)),
        ..wire::SectionEnquiry::default()
    };
    if let Some(concluded) = &enquiry.concluded {
        wire.set_outcome(concluded.outcome.into());
        concluded.outcome.words(nation).clone_into(&mut wire.outcome_words);
        concluded.reason.as_str().clone_into(&mut wire.reason);
        wire.practitioner.clone_from(&concluded.by);
        wire.conclude_time = Some(time_to_wire(concluded.at));
    }
    wire
}

/// The state machine of a disagreement that was stored. Who took the decision is kept beside it.
///
/// # Errors
///
/// [`ConvertError`] if something in it is not known.
pub fn disagreement_from_wire(
    disagreement: &wire::Disagreement,
    decided_by: Professional,
) -> Result<Disagreement, ConvertError> {
    let steps: Result<Vec<Step>, ConvertError> = disagreement
        .steps
        .iter()
        .map(|step| {
            let whose = step
                .decider_organisation
                .as_ref()
                .map_or_else(|| Ok(decided_by.organisation.clone()), |of| organisation(Some(of)))?;
            let decider = (!step.decider.is_empty())
                .then(|| Professional { organisation: whose, practitioner: step.decider.clone() });
            Ok(Step {
                stage: word_from_wire::<wire::DisagreementStage, _>(step.stage)?,
                begun: time(step.begin_time.as_ref())?,
                decider,
                reason: text(&step.reason)?,
            })
        })
        .collect();
    let ending = match disagreement.state() {
        wire::DisagreementState::Unspecified => return Err(ConvertError::Enum),
        wire::DisagreementState::Open => None,
        wire::DisagreementState::Resolved => Some(Ending::Resolved {
            answer: word_from_wire::<wire::DisagreementAnswer, _>(disagreement.answer)?,
            reason: text(&disagreement.reason)?,
            at: time(disagreement.end_time.as_ref())?,
        }),
        wire::DisagreementState::Withdrawn => {
            Some(Ending::Withdrawn { at: time(disagreement.end_time.as_ref())? })
        }
    };
    let from = organisation(disagreement.from.as_ref())?;
    let raised_by = Professional { organisation: from, practitioner: String::new() };
    Ok(Disagreement { raised_by, decided_by, steps: steps?, ending })
}

/// Writes the state machine into what is stored.
pub fn disagreement_to_wire(from: &Disagreement, disagreement: &mut wire::Disagreement) {
    disagreement.from = Some(Organisation::from(&from.raised_by.organisation));
    disagreement.steps = from
        .steps
        .iter()
        .map(|step| {
            let other = step
                .decider
                .as_ref()
                .map(|decider| &decider.organisation)
                .filter(|whose| **whose != from.decided_by.organisation);
            wire::DisagreementStep {
                stage: wire::DisagreementStage::from(step.stage).into(),
                begin_time: Some(time_to_wire(step.begun)),
                decider: step
                    .decider
                    .as_ref()
                    .map(|decider| decider.practitioner.clone())
                    .unwrap_or_default(),
                decider_organisation: other.map(Organisation::from),
                reason: step.reason.as_str().to_owned(),
            }
        })
        .collect();
    match &from.ending {
        None => disagreement.set_state(wire::DisagreementState::Open),
        Some(Ending::Resolved { answer, reason, at }) => {
            disagreement.set_state(wire::DisagreementState::Resolved);
            disagreement.answer = wire::DisagreementAnswer::from(*answer).into();
            reason.as_str().clone_into(&mut disagreement.reason);
            disagreement.end_time = Some(time_to_wire(*at));
        }
        Some(Ending::Withdrawn { at }) => {
            disagreement.set_state(wire::DisagreementState::Withdrawn);
            disagreement.end_time = Some(time_to_wire(*at));
        }
    }
}

/// The state machine of a transfer that was stored.
///
/// # Errors
///
/// [`ConvertError`] if something in it is not known.
pub fn transfer_from_wire(
    transfer: &wire::Transfer,
    nation_of: impl Fn(&OrganisationId) -> Nation,
) -> Result<Transfer, ConvertError> {
    let body = |of: Option<&Organisation>| -> Result<Body, ConvertError> {
        let authority = organisation(of)?;
        Ok(Body { nation: nation_of(&authority), authority })
    };
    let at = || time(transfer.answer_time.as_ref());
    let state = match transfer.state() {
        wire::TransferState::Unspecified => return Err(ConvertError::Enum),
        wire::TransferState::Offered => TransferState::Offered,
        wire::TransferState::Accepted => TransferState::Accepted { by: String::new(), at: at()? },
        wire::TransferState::Refused => {
            TransferState::Refused { reason: text(&transfer.reason)?, at: at()? }
        }
        wire::TransferState::TakenBack => {
            TransferState::TakenBack { reason: text(&transfer.reason)?, at: at()? }
        }
    };
    let (from, to) = (body(transfer.from.as_ref())?, body(transfer.to.as_ref())?);
    Ok(Transfer { from, to, on_plan: transfer.on_plan, state })
}

/// Writes the state machine into what is stored.
pub fn transfer_to_wire(from: &Transfer, transfer: &mut wire::Transfer) {
    transfer.from = Some(Organisation::from(&from.from.authority));
    transfer.to = Some(Organisation::from(&from.to.authority));
    transfer.duty = Some(Organisation::from(&from.duty().authority));
    transfer.crosses_border = from.crosses_border();
    transfer.on_plan = from.on_plan;
    match &from.state {
        TransferState::Offered => transfer.set_state(wire::TransferState::Offered),
        TransferState::Accepted { at, .. } => {
            transfer.set_state(wire::TransferState::Accepted);
            transfer.answer_time = Some(time_to_wire(*at));
        }
        TransferState::Refused { reason, at } => {
            transfer.set_state(wire::TransferState::Refused);
            reason.as_str().clone_into(&mut transfer.reason);
            transfer.answer_time = Some(time_to_wire(*at));
        }
        TransferState::TakenBack { reason, at } => {
            transfer.set_state(wire::TransferState::TakenBack);
            reason.as_str().clone_into(&mut transfer.reason);
            transfer.answer_time = Some(time_to_wire(*at));
        }
    }
}

#[cfg(test)]
mod tests;
