//! Receipts: what this service says of items, and what it hears that others said.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use jiff::Timestamp;
use mash_bus::{HandleError, Handler, topics};
use mash_domain::organisation::OrganisationId;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{ReceiptKind, ReceiptRecorded},
    envelope::{Attributes, event_id, holds, unwrap, wrap},
    event::v1::Envelope,
    referral::v1::ItemReceiptRecorded,
    r#type::v1::Organisation,
};
use mash_store::{StoreError, Tx, keys::Scope, outbox::OutboxMessage};
use prost::Message as _;

use crate::{
    app::{App, SOURCE},
    item::Kind,
    store::{
        items::Acknowledged,
        mailboxes,
        releases::{self, ReleaseRow},
        settling,
    },
};

/// The receipt for an item of a referral; of notices the sender hears from the recipient's own service.
pub(crate) fn receipt(
    item: &Acknowledged,
    (organisation, practitioner): (&str, &str),
    kind: ReceiptKind,
    now: Timestamp,
) -> Result<Option<OutboxMessage>, StoreError> {
    if item.kind != Kind::Released {
        return Ok(None);
    }
    let recipient: OrganisationId =
        organisation.parse().map_err(|_| StoreError::Corrupt("the organisation of a mailbox"))?;
    let cause = Envelope::decode(item.cause.as_slice())
        .map_err(|_| StoreError::Corrupt("the cause of an item"))?;
    let revision = item.revision.to_string();
    // One receipt of a kind for each revision: a repeat is the same event.
    let id = event_id(&["delivery", "receipt", &item.release_id, kind.as_str_name(), &revision]);
    let told = ItemReceiptRecorded {
        release_id: item.release_id.clone(),
        item_id: item.item_id.clone(),
        case_id: item.case_id.clone(),
        recipient: Some((&recipient).into()),
        kind: kind.into(),
        receipt_time: Some(time_to_wire(now)),
        practitioner: practitioner.to_owned(),
        revision: i32::try_from(item.revision).unwrap_or(i32::MAX),
        reason_code: match kind {
            ReceiptKind::Undelivered => "not-acknowledged-in-time".to_owned(),
            ReceiptKind::Unspecified
            | ReceiptKind::Delivered
            | ReceiptKind::Opened
            | ReceiptKind::Acknowledged
            | ReceiptKind::Rejected
            | ReceiptKind::Escalated
            | ReceiptKind::Deleted => String::new(),
        },
    };
    let attributes =
        Attributes { id, source: SOURCE, subject: &item.case_id, time: now, cause: Some(&cause) };
    Ok(Some(OutboxMessage {
        topic: topics::RECEIPTS,
        key: item.case_id.clone(),
        event_id: id.to_string(),
        payload: wrap(&told, &attributes).encode_to_vec(),
        guards: Vec::new(),
        scope: Some(Scope::payload(&item.case_id)),
    }))
}

/// The consumer of receipts: what a person acknowledged in a service of the recipient waits for nobody.
pub(crate) struct Receipts(pub(crate) Arc<App>);

/// What was acknowledged elsewhere.
struct Settled {
    release_id: String,
    organisation: String,
    revision: u32,
    practitioner: String,
}

#[async_trait]
impl Handler for Receipts {
    fn group(&self) -> &'static str {
        "delivery-receipts"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::RECEIPTS]
    }

    fn owner(&self) -> &'static str {
        "delivery"
    }

    // What this service said itself it has written into its tables already.
    fn concerns(&self, event: &Envelope) -> bool {
        event.source != SOURCE && !matches!(read(event), Ok(None))
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        let mut settled = Vec::new();
        for event in events {
            settled.extend(read(event)?);
        }
        if settled.is_empty() {
            return Ok(());
        }
        Ok(settle(tx, &settled, self.0.clock.now()).await?)
    }
}

/// What a receipt settles, if anything. The other words of receipts are for their senders.
fn read(event: &Envelope) -> Result<Option<Settled>, HandleError> {
    const UNREADABLE: HandleError = HandleError::Poison { code: crate::error::UNUSABLE };
    let (release_id, recipient, kind, revision, practitioner) =
        if holds::<ItemReceiptRecorded>(event) {
            let receipt: ItemReceiptRecorded = unwrap(event).map_err(|_| UNREADABLE)?;
            let kind = receipt.kind();
            (receipt.release_id, receipt.recipient, kind, receipt.revision, receipt.practitioner)
        } else if holds::<ReceiptRecorded>(event) {
            let receipt: ReceiptRecorded = unwrap(event).map_err(|_| UNREADABLE)?;
            let kind = receipt.kind();
            (receipt.disclosure_id, receipt.recipient, kind, receipt.revision, receipt.practitioner)
        } else {
            return Ok(None);
        };
    match kind {
        ReceiptKind::Acknowledged | ReceiptKind::Rejected => (),
        ReceiptKind::Unspecified
        | ReceiptKind::Delivered
        | ReceiptKind::Opened
        | ReceiptKind::Escalated
        | ReceiptKind::Deleted
        | ReceiptKind::Undelivered => return Ok(None),
    }
    let recipient: Organisation = recipient.ok_or(UNREADABLE)?;
    let organisation = OrganisationId::try_from(recipient).map_err(|_| UNREADABLE)?.to_string();
    let revision = u32::try_from(revision).map_err(|_| UNREADABLE)?;
    Ok(Some(Settled { release_id, organisation, revision, practitioner }))
}

async fn settle(tx: &mut Tx, settled: &[Settled], now: Timestamp) -> Result<(), StoreError> {
    // The mailboxes are held, so that a release which arrives at the same time sees this or is seen here.
    let counts: BTreeMap<String, usize> =
        settled.iter().map(|settled| (settled.organisation.clone(), 0)).collect();
    let mailboxes = mailboxes::draw(tx, now, &counts).await?;
    let ids: BTreeSet<&str> = settled.iter().map(|settled| settled.release_id.as_str()).collect();
    let mut known = releases::load(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
    let mut changed = BTreeSet::new();
    // What is settled alike, by revision and by whose content goes with it, is settled with one statement.
    let mut alike: BTreeMap<(u32, Option<&str>), Vec<&str>> = BTreeMap::new();
    for Settled { release_id, organisation, revision, practitioner } in settled {
        let row = known
            .entry(release_id.clone())
            .or_insert_with(|| ReleaseRow::new(release_id, organisation));
        // A receipt of somebody else's says nothing about this mailbox.
        if row.organisation != *organisation || row.settled_revision >= *revision {
            continue;
        }
        row.settled_revision = *revision;
        changed.insert(release_id.as_str());
        let fetched = mailboxes.get(organisation).is_some_and(|mailbox| mailbox.opened);
        let wipe_for = (!fetched).then_some(practitioner.as_str());
        alike.entry((*revision, wipe_for)).or_default().push(release_id);
    }
    for ((revision, wipe_for), releases) in alike {
        settling::settle(tx, &releases, revision, wipe_for, now).await?;
    }
    let rows: Vec<&ReleaseRow> = changed.iter().filter_map(|id| known.get(*id)).collect();
    releases::save(tx, &rows, now).await
}
