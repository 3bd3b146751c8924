//! What routing takes in about items from the bus: a batch is loaded once, changed, and written once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use jiff::Timestamp;
use mash_bus::{HandleError, Handler, topics};
use mash_chassis::{Caller, Clock};
use mash_domain::{
    agreement::Agreement, authority::Authorities, incident::rules::day_of,
    organisation::OrganisationId, rights::looked::Look, sharing::Ground,
};
use mash_policy::Ruleset;
use mash_proto::{
    convert::time_from_wire,
    disclosure::v1::ReceiptKind,
    envelope::{holds, is_of_referral, unwrap},
    event::v1::Envelope,
    referral::v1::{ItemKind, ItemReceiptRecorded, ItemSubmitted},
};
use mash_store::{StoreError, Tx, guards};

use super::{
    UNKNOWN_TYPE, UNREADABLE,
    file::CaseFile,
    plan::{Consulted, child_key},
    receive::receive,
    submission::Submission,
    take_in::{Changes, Tools, take_in},
};
use crate::{
    app::effects::Cause,
    pseudonym::Pseudonymiser,
    rights::{
        known_by_identity,
        looks::{self, Opened},
    },
    rulesets::Rulesets,
    store::{
        agreements,
        consents::{self, ChildFile, ChildKey},
        items as store,
        save::save_effects,
        subjects::{self, CaseChild},
    },
};

/// Takes in items.
pub struct Items {
    /// For commitments.
    pub pseudonymiser: Pseudonymiser,
    /// The versions of the rules.
    pub rulesets: Arc<Rulesets>,
    /// The time of decisions.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Handler for Items {
    fn group(&self) -> &'static str {
        "routing-items"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::SUBMITTED]
    }

    fn owner(&self) -> &'static str {
        "routing"
    }

    // What is said of incidents travels on the same topic and is taken in by another handler.
    fn concerns(&self, event: &Envelope) -> bool {
        is_of_referral(event)
    }

    // Cases have little in common, and a batch of them is much work.
    fn lanes(&self) -> usize {
        4
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        let items: Vec<Submission> = events.iter().map(open).collect::<Result<_, _>>()?;
        let cases = items.iter().map(|item| item.case_id.clone()).collect();
        let mut files = store::load(tx, &cases).await?;
        // In this transaction, so that every replica decides by the same version.
        let ruleset = self.rulesets.in_force(tx).await?;
        let gathered = Gathered::of(tx, &items).await?;
        let known = items
            .iter()
            .flat_map(|item| known_by_identity(&item.case_id, &item.content, &self.pseudonymiser));
        subjects::put(tx, &known.collect()).await?;
        // That somebody asks whether a child is protected is a look at her record.
        for item in items.iter().filter(|item| item.kind == ItemKind::Lookup && !item.withdrawn) {
            let child = CaseChild { case_id: item.case_id.clone(), child_ref: String::new() };
            let by = Caller { organisation: item.from.clone(), practitioner: None };
            looks::looks(tx, &by, Look::Status, &[child], item.submitted_at).await?;
        }
        let mut changes = Changes::default();
        for (event, item) in events.iter().zip(items) {
            let Some(file) = files.get_mut(&item.case_id) else { continue };
            let cause = Cause { event, now: self.clock.now() };
            let consulted = gathered.consulted(&item.case_id, &ruleset, cause);
            let tools = Tools { consulted, pseudonymiser: &self.pseudonymiser, cause };
            take_in(&item, &event.data, file, tools, &mut changes)
                .map_err(|error| HandleError::Poison { code: error.code() })?;
        }
        Ok(write(tx, &files, changes).await?)
    }
}

fn open(event: &Envelope) -> Result<Submission, HandleError> {
    let wire: ItemSubmitted = opened(event)?;
    Submission::read(wire).map_err(|fault| {
        tracing::warn!(event.id, field = fault.0, "a submitted item does not hold together");
        HandleError::Poison { code: UNREADABLE }
    })
}

fn opened<M: prost::Message + prost::Name + Default>(event: &Envelope) -> Result<M, HandleError> {
    if holds::<M>(event) {
        unwrap(event).map_err(|_| HandleError::Poison { code: UNREADABLE })
    } else {
        Err(HandleError::Poison { code: UNKNOWN_TYPE })
    }
}

/// Takes in what recipients do with items. It has a reader of its own: there are twice as many receipts as items, and no
/// item is to wait behind them.
pub struct ItemReceipts {
    /// The time of what is told of them.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Handler for ItemReceipts {
    fn group(&self) -> &'static str {
        "routing-item-receipts"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::RECEIPTS]
    }

    fn owner(&self) -> &'static str {
        "routing"
    }

    fn concerns(&self, event: &Envelope) -> bool {
        is_of_referral(event)
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        let receipts: Vec<ItemReceiptRecorded> =
            events.iter().map(opened).collect::<Result<_, _>>()?;
        let cases = receipts.iter().map(|receipt| receipt.case_id.clone()).collect();
        // Only a sender who has to be told of what was not delivered is named by the item itself.
        let told = receipts.iter().any(|receipt| receipt.kind() == ReceiptKind::Undelivered);
        let mut files = if told {
            store::load(tx, &cases).await?
        } else {
            store::load_releases(tx, &cases).await?
        };
        let mut changes = Changes::default();
        let mut opened = Vec::new();
        for (event, receipt) in events.iter().zip(receipts) {
            let Some(file) = files.get_mut(&receipt.case_id) else { continue };
            let cause = Cause { event, now: self.clock.now() };
            receive(&receipt, file, &mut changes.effects, cause);
            opened.extend(opening(&receipt, file, cause.now));
        }
        looks::opened(tx, &opened).await?;
        Ok(write(tx, &files, changes).await?)
    }
}

/// Who opened an item that was given to them, if that is what came.
fn opening(receipt: &ItemReceiptRecorded, file: &CaseFile, now: Timestamp) -> Option<Opened> {
    let recipient = OrganisationId::try_from(receipt.recipient.clone()?).ok()?;
    let release = file.release(&receipt.release_id).filter(|it| it.recipient == recipient)?;
    let at = receipt.receipt_time.as_ref().and_then(|time| time_from_wire(time).ok());
    let practitioner = Some(receipt.practitioner.clone());
    (receipt.kind() == ReceiptKind::Opened && release.revision > 0).then(|| Opened {
        by: Caller { organisation: recipient, practitioner },
        look: Look::Item,
        child: CaseChild { case_id: receipt.case_id.clone(), child_ref: String::new() },
        at: at.unwrap_or(now),
    })
}

/// What a batch consults, besides the cases. Most batches consult neither agreements nor consents: only what is a power
/// rests on them.
#[derive(Default)]
struct Gathered {
    agreements: Vec<Agreement>,
    consents: BTreeMap<ChildKey, ChildFile>,
}

impl Gathered {
    async fn of(tx: &mut Tx, items: &[Submission]) -> Result<Self, StoreError> {
        let power = items.iter().filter(|item| item.flow.ground() == Ground::Power);
        let power: Vec<&Submission> = power.collect();
        if power.is_empty() {
            return Ok(Self::default());
        }
        let senders: BTreeSet<OrganisationId> = power.iter().map(|it| it.from.clone()).collect();
        let cases: BTreeSet<String> = power.iter().map(|it| it.case_id.clone()).collect();
        let cases: Vec<String> = cases.into_iter().collect();
        Ok(Self {
            // A clause binds those who have signed it, so that those of the senders are enough.
            agreements: agreements::of_organisations(tx, &senders).await?,
            consents: consents::files(tx, &cases).await?,
        })
    }

    fn consulted<'a>(
        &'a self,
        case_id: &str,
        ruleset: &'a Ruleset,
        cause: Cause<'_>,
    ) -> Consulted<'a> {
        Consulted {
            authorities: Authorities::builtin(),
            ruleset,
            agreements: &self.agreements,
            consents: self.consents.get(&child_key(case_id)),
            now: cause.now,
            today: day_of(cause.now),
        }
    }
}

/// Writes what a batch has changed: all or nothing, with the transaction.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn write(
    tx: &mut Tx,
    files: &BTreeMap<String, CaseFile>,
    mut changes: Changes,
) -> Result<(), StoreError> {
    for (guard, until_ms) in &changes.open {
        guards::open(tx, guard, *until_ms).await?;
    }
    if !changes.close.is_empty() {
        let mut kept_back: BTreeSet<String> =
            changes.effects.drop_resting_on(&changes.close).into_iter().collect();
        for guard in &changes.close {
            kept_back.extend(guards::close(tx, guard).await?.dropped);
        }
        // Whoever was never reached hears of no recall.
        changes.effects.recall_nothing_of(&kept_back);
        let kept_back: Vec<String> = kept_back.into_iter().collect();
        store::forget(tx, &kept_back).await?;
    }
    store::save(tx, files).await?;
    save_effects(tx, &changes.effects).await
}
