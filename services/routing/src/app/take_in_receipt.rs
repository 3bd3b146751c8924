//! A recipient did something with a disclosure. A school that does not know the child sends the duty on.

use mash_domain::{identifier::Laestab, organisation::OrganisationKind};
use mash_proto::{
    convert::{
        police::{Checks, incident_from_wire},
        time_from_wire,
    },
    disclosure::v1::{ReceiptKind, ReceiptRecorded},
};

use super::{
    discharge::{Changes, DischargeError, Occasion, discharge},
    effects::{Cause, Effects},
};
use crate::{
    duty::{Duty, DutyState, Receipt},
    route::{Consulted, Means},
    world::World,
};

/// Takes in a receipt. One for a disclosure that is not current any more changes nothing.
///
/// # Errors
///
/// [`DischargeError`]; nothing has changed then.
pub fn take_in_receipt(
    receipt: &ReceiptRecorded,
    means: Means<'_>,
    world: &mut World,
    effects: &mut Effects,
    cause: Cause<'_>,
) -> Result<(), DischargeError> {
    let Some(duty) = world.duties.get(&receipt.duty_id) else {
        return Ok(());
    };
    let mut duty = duty.clone();
    let at = receipt
        .receipt_time
        .as_ref()
        .and_then(|time| time_from_wire(time).ok())
        .unwrap_or(cause.now);
    let received = match receipt.kind() {
        ReceiptKind::Delivered => Receipt::Delivered,
        ReceiptKind::Opened => Receipt::Opened,
        ReceiptKind::Acknowledged => Receipt::Acknowledged,
        ReceiptKind::Escalated => Receipt::Escalated,
        ReceiptKind::Rejected => return route_again(duty, receipt, means, world, effects, cause),
        // The recall was counted when it was made; that copies are gone is for the record of the recipient's service.
        // That a system has not fetched it in time moves no duty: the ladder of the recipient does.
        ReceiptKind::Deleted | ReceiptKind::Undelivered | ReceiptKind::Unspecified => return Ok(()),
    };
    // A bell may move while nothing else does.
    let bell = receipt.deliver_by_time.as_ref().and_then(|time| time_from_wire(time).ok());
    let rung = duty.ring_at(&receipt.disclosure_id, bell);
    let moved = duty.receive(&receipt.disclosure_id, received, at, receipt.late);
    if moved {
        if received == Receipt::Escalated {
            receipt.practitioner.clone_into(&mut duty.escalated_to);
            if duty.reason.is_empty() {
                receipt.reason_code.clone_into(&mut duty.reason);
            }
        }
        if !receipt.late_code.is_empty() {
            receipt.late_code.clone_into(&mut duty.late_cause);
        }
    }
    if moved || rung {
        world.put_duty(duty);
    }
    Ok(())
}

/// The school says that the child is not on its roll: it is left out from now on, and the duty is planned again.
fn route_again(
    mut duty: Duty,
    receipt: &ReceiptRecorded,
    means: Means<'_>,
    world: &mut World,
    effects: &mut Effects,
    cause: Cause<'_>,
) -> Result<(), DischargeError> {
    let current =
        duty.disclosures.iter_mut().find(|held| held.live && held.id == receipt.disclosure_id);
    let Some(current) = current else {
        return Ok(());
    };
    if current.recipient.kind() != OrganisationKind::School || duty.state == DutyState::Withheld {
        return Ok(());
    }
    let laestab: Laestab =
        current.recipient.code().parse().map_err(|_| DischargeError::Incident)?;
    // The school's service took the content away when the school answered; there is nothing left to recall.
    current.live = false;
    duty.rejected_by.push(laestab);
    let (slot, child_ref) = (duty.slot, duty.child_ref.clone());
    let case_id = duty.case_id.parse().map_err(|_| DischargeError::Incident)?;
    world.put_duty(duty);
    let case = world.cases.get(&case_id).ok_or(DischargeError::Incident)?.clone();
    let incident = incident_from_wire(case.incident.clone(), &Checks::stored())
        .map_err(|_| DischargeError::Incident)?;
    let child = incident.children.iter().find(|child| child.reference.as_str() == child_ref);
    let child = child.ok_or(DischargeError::Incident)?;
    let occasion = Occasion {
        case: &case,
        incident: &incident,
        child,
        only: Some(slot),
        reason: Some("re-routed"),
        cause,
    };
    let mut changes = Changes::default();
    discharge(&occasion, Consulted { world, means }, &mut changes)?;
    changes.apply(world, effects);
    Ok(())
}
