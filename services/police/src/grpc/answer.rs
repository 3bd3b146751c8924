//! Writes answers.

use mash_domain::organisation::OrganisationId;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{Content, DutyState as WireState},
    police::v1 as wire,
    r#type::v1::Organisation,
};
use mash_store::StoreError;
use prost::Message as _;

use crate::{
    duty::DutyState,
    error::PoliceError,
    store::{
        duties::OutcomeRow,
        handovers::{HandoverRow, HandoverState},
    },
};

/// What became of the report for one child and one recipient.
pub(super) fn outcome(row: OutcomeRow) -> wire::Outcome {
    let OutcomeRow { seq: _, duty_id, case_id, occurrence_number, decided, standing } = row;
    wire::Outcome {
        incident: format!("incidents/{case_id}"),
        child_ref: decided.child,
        duty: duty_id,
        recipient: decided.recipient.as_ref().map(organisation),
        state: state(standing.state).into(),
        state_time: Some(time_to_wire(standing.since)),
        reason_code: standing.reason,
        late: standing.late,
        occurrence_number,
        duty_kind: decided.kind,
        discrepancy_code: decided.discrepancy,
    }
}

fn organisation(id: &OrganisationId) -> Organisation {
    id.into()
}

const fn state(state: DutyState) -> WireState {
    match state {
        DutyState::Released => WireState::Released,
        DutyState::Delivered => WireState::Delivered,
        DutyState::Opened => WireState::Opened,
        DutyState::Acknowledged => WireState::Acknowledged,
        DutyState::Escalated => WireState::Escalated,
        DutyState::Withheld => WireState::Withheld,
        DutyState::Rerouting => WireState::Rerouting,
    }
}

/// What another force handed over.
pub(super) fn handover(row: &HandoverRow) -> Result<wire::Handover, PoliceError> {
    let state = match row.state() {
        HandoverState::Delivered => WireState::Delivered,
        HandoverState::Acknowledged => WireState::Acknowledged,
        HandoverState::Recalled => WireState::Withheld,
    };
    let content = Content::decode(row.content.as_slice())
        .map_err(|_| StoreError::Corrupt("a hand-over cannot be decoded"))?;
    Ok(wire::Handover {
        name: format!("handovers/{}", row.disclosure_id),
        from_force_code: row.from_force_code.clone(),
        // Nothing rather than an empty content, where it was deleted.
        content: row.recalled.is_none().then_some(content),
        state: state.into(),
        receive_time: Some(time_to_wire(row.received)),
        revision: i32::try_from(row.revision).unwrap_or(i32::MAX),
    })
}
