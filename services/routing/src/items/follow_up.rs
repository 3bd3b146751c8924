//! What follows for items when what they rest on changes, and nobody submits anything: consent was given, refused or
//! withdrawn, an agreement has ended, or a guard kept a release back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mash_domain::{authority::Authorities, incident::rules::day_of, organisation::OrganisationId};
use mash_policy::Ruleset;
use mash_proto::{event::v1::Envelope, referral::v1::ItemSubmitted};
use mash_store::{StoreError, Tx};
use prost::Message;

use super::{
    file::{CaseFile, Item},
    handler::write,
    plan::{Consulted, child_key},
    submission::Submission,
    take_in::{Changes, Tools, decide},
};
use crate::{
    app::effects::Cause,
    pseudonym::Pseudonymiser,
    store::{
        agreements,
        consents::{self, ChildFile},
        items as store,
    },
};

/// What a case is decided again with.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// The rules in force.
    pub ruleset: &'a Ruleset,
    /// For commitments.
    pub pseudonymiser: &'a Pseudonymiser,
}

/// Decides again on everything of a case that rests on consent. Returns how many recipients are told that they may not
/// keep it.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn again(
    tx: &mut Tx,
    case_id: &str,
    means: Means<'_>,
    (event, now): (&Envelope, Timestamp),
) -> Result<i32, StoreError> {
    let mut files = store::load(tx, &BTreeSet::from([case_id.to_owned()])).await?;
    let Some(file) = files.get_mut(case_id) else { return Ok(0) };
    let rest: Vec<(Item, Submission)> = file.items().filter_map(waiting).collect();
    if rest.is_empty() {
        return Ok(0);
    }
    let senders: BTreeSet<OrganisationId> = rest.iter().map(|(it, _)| it.from.clone()).collect();
    let agreements = agreements::of_organisations(tx, &senders).await?;
    let mut registers: BTreeMap<_, ChildFile> =
        consents::files(tx, std::slice::from_ref(&case_id.to_owned())).await?;
    let register = registers.remove(&child_key(case_id));
    let consulted = Consulted {
        authorities: Authorities::builtin(),
        ruleset: means.ruleset,
        agreements: &agreements,
        consents: register.as_ref(),
        now,
        today: day_of(now),
    };
    let cause = Cause { event, now };
    let tools = Tools { consulted, pseudonymiser: means.pseudonymiser, cause };
    let mut changes = Changes::default();
    for (known, item) in &rest {
        follow(item, known, file, tools, &mut changes);
    }
    let recalls = changes.effects.recalls_of_items();
    write(tx, &files, changes).await?;
    Ok(recalls)
}

fn follow(
    item: &Submission,
    known: &Item,
    file: &mut CaseFile,
    tools: Tools<'_>,
    changes: &mut Changes,
) {
    if let Err(error) = decide(item, known, file, tools, changes) {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, item.id = known.id, "an item could not be decided on again");
    }
}

/// An item that may have to go, or to be recalled, without a new revision.
fn waiting(item: &Item) -> Option<(Item, Submission)> {
    if item.withdrawn || item.payload.is_empty() {
        return None;
    }
    let wire = ItemSubmitted::decode(item.payload.as_slice()).ok()?;
    Some((item.clone(), Submission::read(wire).ok()?))
}

/// Puts on record what guards have kept back, at most so many, and decides on it again. Returns how many there were.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn put_kept_back_on_record(
    tx: &mut Tx,
    means: Means<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<usize, StoreError> {
    let kept = store::kept_back(tx.conn(), limit).await?;
    let events: Vec<String> = kept.iter().map(|it| it.event_id.clone()).collect();
    let cases: BTreeMap<&String, &String> =
        kept.iter().map(|it| (&it.case_id, &it.event_id)).collect();
    for (case_id, event_id) in cases {
        let cause = crate::consents::sweep::caused("item-kept-back", event_id, case_id);
        again(tx, case_id, means, (&cause, now)).await?;
    }
    store::forget(tx, &events).await?;
    Ok(events.len())
}
