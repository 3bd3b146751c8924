//! Decisions and receipts for the cases of this service become outcomes that the reporting force can watch.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use mash_bus::{HandleError, Handler, topics};
use mash_domain::organisation::OrganisationId;
use mash_proto::{
    convert::time_from_wire,
    disclosure::v1 as disclosure,
    envelope::{holds, is_of_referral, unwrap},
    event::v1::Envelope,
    sharing::v1 as sharing,
};
use mash_store::Tx;

use crate::{
    app::watch_outcomes::SIGNAL,
    duty::{Decided, Mark, Receipt, Step},
    error::POISON,
    store::{
        duties::{self, DutyRow},
        incidents,
    },
};

/// The handler of decisions and receipts.
pub(crate) struct Outcomes;

/// Something that was heard of a duty.
struct Heard {
    duty_id: String,
    case_id: String,
    what: What,
}

enum What {
    Decision(Decided),
    Receipt { disclosure_id: String, receipt: Receipt },
}

#[async_trait]
impl Handler for Outcomes {
    fn group(&self) -> &'static str {
        "police-outcomes"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::DECISIONS, topics::RECEIPTS]
    }

    fn owner(&self) -> &'static str {
        "police"
    }

    // Receipts of referrals are for the hubs that sent them, and decisions on their items are no duty of an incident.
    fn concerns(&self, event: &Envelope) -> bool {
        let of_item = |recorded: sharing::DecisionRecorded| {
            recorded.decision.is_some_and(|decision| !decision.item_id.is_empty())
        };
        !is_of_referral(event) && !unwrap(event).is_ok_and(of_item)
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        let mut heard = Vec::with_capacity(events.len());
        for event in events {
            heard.extend(read(event)?);
        }
        let cases: BTreeSet<&str> = heard.iter().map(|one| one.case_id.as_str()).collect();
        let forces = incidents::forces(tx, &cases.into_iter().collect::<Vec<_>>()).await?;
        // Other services have cases too; theirs are not ours to tell of.
        heard.retain(|one| forces.contains_key(&one.case_id));
        let ids: BTreeSet<&str> = heard.iter().map(|one| one.duty_id.as_str()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let turn = duties::turn(tx, ids.len()).await?;
        let known = turn.load(tx, &ids).await?;
        // In the order of their ids, and each with where it stood before.
        let mut rows: BTreeMap<_, _> = known.into_iter().collect();
        let before: BTreeMap<_, _> =
            rows.iter().map(|(id, row)| (id.clone(), standing(row))).collect();
        for Heard { duty_id, case_id, what } in heard {
            let force = forces.get(&case_id).map_or("", String::as_str);
            let row = rows
                .entry(duty_id.clone())
                .or_insert_with(|| DutyRow::new(&duty_id, &case_id, force));
            match what {
                What::Decision(decision) => row.duty.decide(decision),
                What::Receipt { disclosure_id, receipt } => {
                    row.duty.receive(&disclosure_id, receipt)
                }
            }
        }
        let rows: Vec<_> = rows
            .into_iter()
            .map(|(id, row)| {
                let moved = before.get(&id).is_none_or(|before| *before != standing(&row));
                (row, moved)
            })
            .collect();
        turn.save(tx, &rows).await?;
        tx.signal_on_commit(SIGNAL);
        Ok(())
    }
}

/// All that a watcher can see of it.
fn standing(row: &DutyRow) -> Option<(crate::duty::Standing, Decided)> {
    row.duty.standing().zip(row.duty.decided.clone())
}

const UNREADABLE: HandleError = HandleError::Poison { code: POISON };

/// What an event says of a duty; nothing if it is of another sort.
fn read(event: &Envelope) -> Result<Option<Heard>, HandleError> {
    if holds::<sharing::DecisionRecorded>(event) {
        let recorded: sharing::DecisionRecorded = unwrap(event).map_err(|_| UNREADABLE)?;
        let decided = recorded.decision.ok_or(UNREADABLE)?;
        // The duty is discharged by its first recipient; a second one has no part in what became of it.
        if decided.second_recipient {
            return Ok(None);
        }
        return decision(decided).map(Some);
    }
    if holds::<disclosure::ReceiptRecorded>(event) {
        return receipt(unwrap(event).map_err(|_| UNREADABLE)?);
    }
    Ok(None)
}

fn decision(wire: sharing::Decision) -> Result<Heard, HandleError> {
    let permitted = match sharing::Effect::try_from(wire.effect) {
        Ok(sharing::Effect::Permit) => true,
        Ok(sharing::Effect::Refuse) => false,
        Ok(sharing::Effect::Unspecified) | Err(_) => return Err(UNREADABLE),
    };
    let decided = Decided {
        recipient: recipient(wire.recipient, permitted)?,
        permitted,
        disclosure_id: wire.disclosure_id,
        reason: wire.reason_codes.into_iter().next().unwrap_or_default(),
        at: time(wire.decide_time)?,
        revision: u32::try_from(wire.incident_revision).map_err(|_| UNREADABLE)?,
        child: wire.child_ref,
        kind: wire.duty_kind,
        discrepancy: wire.discrepancy_code,
    };
    let what = What::Decision(decided);
    Ok(Heard { duty_id: present(wire.duty_id)?, case_id: present(wire.case_id)?, what })
}

fn receipt(wire: disclosure::ReceiptRecorded) -> Result<Option<Heard>, HandleError> {
    let mark = Mark { at: time(wire.receipt_time)?, late: wire.late, reason: wire.reason_code };
    let kind = disclosure::ReceiptKind::try_from(wire.kind).map_err(|_| UNREADABLE)?;
    let receipt = match kind {
        disclosure::ReceiptKind::Unspecified => return Err(UNREADABLE),
        disclosure::ReceiptKind::Delivered => Receipt::Step(Step::Delivered, mark),
        disclosure::ReceiptKind::Opened => Receipt::Step(Step::Opened, mark),
        disclosure::ReceiptKind::Escalated => Receipt::Step(Step::Escalated, mark),
        disclosure::ReceiptKind::Acknowledged => Receipt::Step(Step::Acknowledged, mark),
        disclosure::ReceiptKind::Rejected => Receipt::Rejected(mark),
        // That a recalled disclosure was deleted moves no duty: its recall has withheld it. That a system has not fetched
        // it in time moves none either: the ladder of the recipient does.
        disclosure::ReceiptKind::Deleted | disclosure::ReceiptKind::Undelivered => return Ok(None),
    };
    let what = What::Receipt { disclosure_id: present(wire.disclosure_id)?, receipt };
    Ok(Some(Heard { duty_id: present(wire.duty_id)?, case_id: present(wire.case_id)?, what }))
}

fn present(id: String) -> Result<String, HandleError> {
    if id.is_empty() { Err(UNREADABLE) } else { Ok(id) }
}

/// A refusal may be about nobody in particular; a permit may not.
fn recipient(
    wire: Option<mash_proto::r#type::v1::Organisation>,
    permitted: bool,
) -> Result<Option<OrganisationId>, HandleError> {
    if wire.is_none() && permitted {
        return Err(UNREADABLE);
    }
    wire.map(|wire| wire.try_into().map_err(|_| UNREADABLE)).transpose()
}

fn time(wire: Option<prost_types::Timestamp>) -> Result<jiff::Timestamp, HandleError> {
    time_from_wire(&wire.ok_or(UNREADABLE)?).map_err(|_| UNREADABLE)
}
