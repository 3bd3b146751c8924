//! Disclosures to police: hand-overs of children who live in another force's area (R04).

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use mash_bus::{HandleError, Handler, topics};
use mash_chassis::Clock;
use mash_domain::{
    identifier::ForceCode,
    organisation::{OrganisationId, OrganisationKind},
};
use mash_proto::{
    convert::{time_from_wire, time_to_wire},
    disclosure::v1 as wire,
    envelope::{Attributes, holds, is_of_referral, unwrap},
    event::v1::Envelope,
    r#type::v1 as common,
};
use mash_store::{
    Tx,
    outbox::{self, OutboxMessage},
};
use prost::Message as _;

use crate::{
    app::{COMPONENT, attributes, outgoing},
    error::POISON,
    store::handovers::{self, HandoverRow},
};

/// The handler of what is disclosed to police.
pub(crate) struct Handovers {
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Handler for Handovers {
    fn group(&self) -> &'static str {
        "police-handovers"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::DISCLOSED_POLICE]
    }

    fn owner(&self) -> &'static str {
        "police"
    }

    // Questions of hubs share the topic, and have a reader of their own.
    fn concerns(&self, event: &Envelope) -> bool {
        !is_of_referral(event)
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        // A hand-over is rare, one in some hundreds of reports, so they are taken one after the other.
        let first = handovers::turn(tx, events.len()).await?;
        let now = self.clock.now();
        let mut receipts = Vec::new();
        for (seq, event) in (first..).zip(events) {
            if holds::<wire::DisclosureReleased>(event) {
                let released = unwrap(event).map_err(|_| UNREADABLE)?;
                receipts.extend(receive(tx, event, released, Arrival { now, seq }).await?);
            } else if holds::<wire::DisclosureRecalled>(event) {
                let recalled = unwrap(event).map_err(|_| UNREADABLE)?;
                receipts.push(recall(tx, event, recalled, Arrival { now, seq }).await?);
            }
        }
        Ok(outbox::enqueue(tx, COMPONENT, &receipts).await?)
    }
}

const UNREADABLE: HandleError = HandleError::Poison { code: POISON };

/// When an event is taken in, and the number of the hand-over if it is a new one.
#[derive(Clone, Copy)]
struct Arrival {
    now: Timestamp,
    seq: i64,
}

/// Takes a hand-over in, or what it now shows; returns the receipt, unless it is old news.
async fn receive(
    tx: &mut Tx,
    event: &Envelope,
    released: wire::DisclosureReleased,
    Arrival { now, seq }: Arrival,
) -> Result<Option<OutboxMessage>, HandleError> {
    let force = recipient(released.recipient)?;
    let revision =
        u32::try_from(released.revision).ok().filter(|revision| *revision > 0).ok_or(UNREADABLE)?;
    if released.disclosure_id.is_empty()
        || wire::Content::decode(released.content.as_slice()).is_err()
    {
        return Err(UNREADABLE);
    }
    let known = handovers::find(tx, &released.disclosure_id).await?;
    if known.as_ref().is_some_and(|known| known.force_code != force.as_str()) {
        return Err(UNREADABLE); // A disclosure has one recipient for ever.
    }
    if let Some(known) = &known {
        // A release that is older than the recall stays recalled, however late it comes.
        let released_at =
            event.time.as_ref().and_then(|time| time_from_wire(time).ok()).ok_or(UNREADABLE)?;
        if revision <= known.revision
            || known.recalled.is_some_and(|recalled| released_at <= recalled)
        {
            return Ok(None);
        }
    }
    let handover = HandoverRow {
        disclosure_id: released.disclosure_id,
        force_code: force.to_string(),
        seq: known.as_ref().map_or(seq, |known| known.seq),
        duty_id: released.duty_id,
        case_id: released.case_id,
        from_force_code: released.from_force_code,
        revision,
        received: known.as_ref().map_or(now, |known| known.received),
        acknowledged: known.as_ref().and_then(|known| known.acknowledged),
        recalled: None,
        content: released.content,
    };
    handovers::save(tx, &handover).await?;
    let delivered = wire::ReceiptRecorded {
        kind: wire::ReceiptKind::Delivered.into(),
        ..receipt(&handover, now)
    };
    Ok(Some(answer(event, &handover, &delivered, "handover-delivered", now)))
}

/// Deletes the content of a recalled hand-over, and says so.
async fn recall(
    tx: &mut Tx,
    event: &Envelope,
    recalled: wire::DisclosureRecalled,
    Arrival { now, seq }: Arrival,
) -> Result<OutboxMessage, HandleError> {
    let force = recipient(recalled.recipient)?;
    let at = recalled
        .recall_time
        .as_ref()
        .and_then(|time| time_from_wire(time).ok())
        .ok_or(UNREADABLE)?;
    if recalled.disclosure_id.is_empty() {
        return Err(UNREADABLE);
    }
    let known = handovers::find(tx, &recalled.disclosure_id).await?;
    // One that never arrived is remembered as recalled, so that it does not appear when it arrives after all.
    let handover = known.unwrap_or_else(|| HandoverRow {
        disclosure_id: recalled.disclosure_id,
        force_code: force.to_string(),
        seq,
        duty_id: recalled.duty_id,
        case_id: recalled.case_id,
        from_force_code: String::new(),
        revision: 0,
        received: now,
        acknowledged: None,
        recalled: None,
        content: Vec::new(),
    });
    if handover.force_code != force.as_str() {
        return Err(UNREADABLE);
    }
    let handover = HandoverRow { recalled: Some(at), content: Vec::new(), ..handover };
    handovers::save(tx, &handover).await?;
    let deleted = wire::ReceiptRecorded {
        kind: wire::ReceiptKind::Deleted.into(),
        ..receipt(&handover, now)
    };
    Ok(answer(event, &handover, &deleted, "handover-deleted", now))
}

/// A receipt for this hand-over, of a kind that is still to be said.
pub(crate) fn receipt(handover: &HandoverRow, now: Timestamp) -> wire::ReceiptRecorded {
    wire::ReceiptRecorded {
        disclosure_id: handover.disclosure_id.clone(),
        duty_id: handover.duty_id.clone(),
        case_id: handover.case_id.clone(),
        recipient: Some(common::Organisation {
            kind: common::OrganisationKind::PoliceForce.into(),
            code: handover.force_code.clone(),
        }),
        kind: wire::ReceiptKind::Unspecified.into(),
        receipt_time: Some(time_to_wire(now)),
        practitioner: String::new(),
        reason_code: String::new(),
        late: false,
        revision: i32::try_from(handover.revision).unwrap_or(i32::MAX),
        deliver_by_time: None, // A force has no school bell; it is told at once.
        late_code: String::new(),
    }
}

fn answer(
    cause: &Envelope,
    handover: &HandoverRow,
    receipt: &wire::ReceiptRecorded,
    what: &str,
    now: Timestamp,
) -> OutboxMessage {
    let identity = [what, &handover.disclosure_id, &handover.revision.to_string()];
    let attributes = Attributes { cause: Some(cause), ..attributes(&handover.case_id, now) };
    outgoing(topics::RECEIPTS, &handover.case_id, receipt, &identity, attributes)
}

fn recipient(wire: Option<common::Organisation>) -> Result<ForceCode, HandleError> {
    let organisation: OrganisationId =
        wire.ok_or(UNREADABLE)?.try_into().map_err(|_| UNREADABLE)?;
    if organisation.kind() != OrganisationKind::PoliceForce {
        return Err(UNREADABLE);
    }
    organisation.code().parse().map_err(|_| UNREADABLE)
}
