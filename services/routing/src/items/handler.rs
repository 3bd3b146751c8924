//! What routing takes in about items from the bus: a batch is loaded once, changed, and written once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use mash_bus::{HandleError, Handler, topics};
use mash_chassis::Clock;
use mash_domain::{
    agreement::Agreement, authority::Authorities, incident::rules::day_of,
    organisation::OrganisationId, sharing::Ground,
};
use mash_policy::Ruleset;
use mash_proto::{
    envelope::{holds, is_of_referral, unwrap},
    event::v1::Envelope,
    referral::v1::{ItemReceiptRecorded, ItemSubmitted},
};
use mash_store::{StoreError, Tx, guards};

use super::{
    UNKNOWN_TYPE, UNREADABLE,
    file::CaseFile,
    plan::{Consulted, child_key},
    receive::receive,
    submission::Submission,
    take_in::{Changes, TakeInError, Tools, take_in},
};
use crate::{
    app::effects::Cause,
    pseudonym::Pseudonymiser,
    rulesets::Rulesets,
    store::{
        agreements,
        consents::{self, ChildFile, ChildKey},
        items as store,
        save::save_effects,
    },
};

/// Takes in items and what their recipients do with them.
pub struct Items {
    /// For commitments.
    pub pseudonymiser: Pseudonymiser,
    /// The versions of the rules.
    pub rulesets: Arc<Rulesets>,
    /// The time of decisions.
    pub clock: Arc<dyn Clock>,
}

/// An event, decoded.
enum Taken {
    Item(Box<Submission>),
    Receipt(ItemReceiptRecorded),
}

impl Taken {
    fn case_id(&self) -> &str {
        match self {
            Self::Item(item) => &item.case_id,
            Self::Receipt(receipt) => &receipt.case_id,
        }
    }
}

#[async_trait]
impl Handler for Items {
    fn group(&self) -> &'static str {
        "routing-items"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::SUBMITTED, topics::RECEIPTS]
    }

    fn owner(&self) -> &'static str {
        "routing"
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        // What is said of incidents travels on the same topics and is taken in by another handler.
        let events: Vec<&Envelope> = events.iter().filter(|event| is_of_referral(event)).collect();
        if events.is_empty() {
            return Ok(());
        }
        let taken: Vec<Taken> = events.iter().map(|event| open(event)).collect::<Result<_, _>>()?;
        let cases = taken.iter().map(|taken| taken.case_id().to_owned()).collect();
        let mut files = store::load(tx, &cases).await?;
        // In this transaction, so that every replica decides by the same version.
        let ruleset = self.rulesets.in_force(tx).await?;
        let gathered = Gathered::of(tx, &taken).await?;
        let mut changes = Changes::default();
        for (event, taken) in events.into_iter().zip(taken) {
            let Some(file) = files.get_mut(taken.case_id()) else { continue };
            let cause = Cause { event, now: self.clock.now() };
            match taken {
                Taken::Item(item) => {
                    let consulted = gathered.consulted(&item.case_id, &ruleset, cause);
                    let tools = Tools { consulted, pseudonymiser: &self.pseudonymiser, cause };
                    take_in(&item, &event.data, file, tools, &mut changes)
                        .map_err(|error| poison(&error))?;
                }
                Taken::Receipt(receipt) => receive(&receipt, file, &mut changes.effects, cause),
            }
        }
        Ok(write(tx, &files, changes).await?)
    }
}

fn poison(error: &TakeInError) -> HandleError {
    HandleError::Poison { code: error.code() }
}

fn open(event: &Envelope) -> Result<Taken, HandleError> {
    let unreadable = || HandleError::Poison { code: UNREADABLE };
    if holds::<ItemSubmitted>(event) {
        let wire: ItemSubmitted = unwrap(event).map_err(|_| unreadable())?;
        let item = Submission::read(wire).map_err(|fault| {
            tracing::warn!(event.id, field = fault.0, "a submitted item does not hold together");
            unreadable()
        })?;
        Ok(Taken::Item(Box::new(item)))
    } else if holds::<ItemReceiptRecorded>(event) {
        Ok(Taken::Receipt(unwrap(event).map_err(|_| unreadable())?))
    } else {
        Err(HandleError::Poison { code: UNKNOWN_TYPE })
    }
}

/// What a batch consults, besides the cases. Most batches consult neither agreements nor consents: only what is a power
/// rests on them.
#[derive(Default)]
struct Gathered {
    agreements: Vec<Agreement>,
    consents: BTreeMap<ChildKey, ChildFile>,
}

impl Gathered {
    async fn of(tx: &mut Tx, taken: &[Taken]) -> Result<Self, StoreError> {
        let power = taken.iter().filter_map(|taken| match taken {
            Taken::Item(item) if item.flow.ground() == Ground::Power => Some(item.as_ref()),
            Taken::Item(_) | Taken::Receipt(_) => None,
        });
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
            consents: consents::files(tx.conn(), &cases).await?,
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
