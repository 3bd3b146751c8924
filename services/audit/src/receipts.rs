//! What recipients did with what they were sent: delivered, opened, acknowledged, escalated, taken back.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use aws_lc_rs::rand;
use jiff::Timestamp;
use mash_bus::{HandleError, Handler, topics};
use mash_domain::organisation::OrganisationId;
use mash_ledger::{Entry, Kind, entry::commitment};
use mash_proto::{
    disclosure::v1::{ReceiptKind, ReceiptRecorded},
    envelope::{holds, unwrap},
    event::v1::Envelope,
    referral::v1::ItemReceiptRecorded,
    r#type::v1::Organisation,
};
use mash_store::{
    StoreError, Tx,
    evidence::{self, Record},
};
use prost::Message as _;

use crate::{
    app::{App, COMPONENT, append::append_in},
    error::Refusal,
};

/// A receipt that cannot be put into the ledger.
const UNREADABLE: HandleError = HandleError::Poison { code: "MASH-L012" };

/// Takes in receipts, straight into the ledger, which is here.
pub(crate) struct Receipts(pub(crate) Arc<App>);

#[async_trait]
impl Handler for Receipts {
    fn group(&self) -> &'static str {
        "audit-receipts"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::RECEIPTS]
    }

    fn owner(&self) -> &'static str {
        COMPONENT
    }

    // An entry has its id from the event, and its salt is kept once: a repeat is known by that.
    fn remembers(&self) -> bool {
        false
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        let mut records = Vec::new();
        let mut entries = HashMap::new();
        for event in events {
            if let Some(entry) = read(event, self.0.clock.now())? {
                let (record, entry) = record(event, entry)?;
                entries.insert(record.entry_id.clone(), entry);
                records.push(record);
            }
        }
        // Only then the ledger, so that nobody waits for longer than it takes to append.
        let fresh = evidence::keep_salts(tx, COMPONENT, &records).await?;
        let fresh = fresh
            .into_iter()
            .filter_map(|record| Some((entries.remove(&record.entry_id)?, record.entry.clone())));
        let fresh: Vec<(Entry, Vec<u8>)> = fresh.collect();
        if fresh.is_empty() {
            return Ok(());
        }
        match append_in(tx, fresh).await {
            Ok(_) => Ok(()),
            Err(Refusal::Store(error)) => Err(error.into()),
            // Not the receipts are wrong but the ledger: they wait for whoever mends it.
            Err(refusal) => {
                let error: &dyn std::error::Error = &refusal;
                tracing::error!(error, "receipts cannot be appended and wait");
                Err(StoreError::Corrupt("the ledger").into())
            }
        }
    }
}

/// The entry about a receipt, without its commitment; nothing if the event is none.
fn read(event: &Envelope, now: Timestamp) -> Result<Option<Entry>, HandleError> {
    let (kind, recipient, case, subject, at) = if holds::<ItemReceiptRecorded>(event) {
        let receipt: ItemReceiptRecorded = unwrap(event).map_err(|_| UNREADABLE)?;
        let subject = format!("releases/{}", receipt.release_id);
        (receipt.kind(), receipt.recipient, receipt.case_id, subject, receipt.receipt_time)
    } else if holds::<ReceiptRecorded>(event) {
        let receipt: ReceiptRecorded = unwrap(event).map_err(|_| UNREADABLE)?;
        let subject = format!("disclosures/{}", receipt.disclosure_id);
        (receipt.kind(), receipt.recipient, receipt.case_id, subject, receipt.receipt_time)
    } else {
        return Ok(None);
    };
    let kind = match kind {
        ReceiptKind::Unspecified => return Ok(None),
        ReceiptKind::Delivered => Kind::Delivered,
        ReceiptKind::Opened => Kind::Opened,
        ReceiptKind::Acknowledged => Kind::Acknowledged,
        ReceiptKind::Escalated | ReceiptKind::Undelivered => Kind::Escalated,
        ReceiptKind::Rejected | ReceiptKind::Deleted => Kind::Recalled,
    };
    let recipient: Organisation = recipient.ok_or(UNREADABLE)?;
    let organisation = OrganisationId::try_from(recipient).map_err(|_| UNREADABLE)?.to_string();
    let at = at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok()).unwrap_or(now);
    Ok(Some(Entry {
        id: Entry::id_of(&["receipt", &event.id]),
        kind,
        at_ms: u64::try_from(at.as_millisecond()).unwrap_or_default(),
        late: false,
        organisation,
        case,
        subject,
        ruleset: String::new(),
        commitment: mash_ledger::hash::empty(),
    }))
}

fn record(event: &Envelope, entry: Entry) -> Result<(Record, Entry), HandleError> {
    let mut salt = [0; 32];
    rand::fill(&mut salt).map_err(|_| UNREADABLE)?;
    let entry = Entry { commitment: commitment(&salt, &event.encode_to_vec()), ..entry };
    let encoded = entry.encode().map_err(|_| UNREADABLE)?;
    Ok((Record { entry_id: entry.id.to_string(), entry: encoded, salt }, entry))
}
