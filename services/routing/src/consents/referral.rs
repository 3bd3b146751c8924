//! The register of the child of a referral. Whoever referred the child keeps it, and the authority that works the case.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mash_domain::{consent::Command, organisation::OrganisationId};
use mash_proto::{event::v1::Envelope, referral::v1::ItemKind};
use mash_store::Tx;

use super::app::{Act, Acting, ConsentRefusal, Done, names};
use crate::{
    items::{file::CaseFile, follow_up, plan::CHILD},
    route::Means,
    store::{
        consents::{self as store, ChildFile, ChildKey},
        items,
    },
};

/// The case of a referral, if this is the key of its child.
///
/// # Errors
///
/// [`ConsentRefusal::NotFound`] if there is no such referral.
pub async fn find(tx: &mut Tx, key: &ChildKey) -> Result<CaseFile, ConsentRefusal> {
    let mut files = items::load(tx, &BTreeSet::from([key.case_id.clone()])).await?;
    let file = files.remove(&key.case_id).unwrap_or_default();
    let known = key.child_ref == CHILD && file.items().any(|it| it.kind == ItemKind::Referral);
    if known { Ok(file) } else { Err(ConsentRefusal::NotFound) }
}

/// Who keeps the register of a referral's child.
#[must_use]
pub fn keeps(file: &CaseFile, caller: &OrganisationId) -> bool {
    let refers =
        |it: &crate::items::file::Item| it.kind == ItemKind::Referral && it.from == *caller;
    file.works_the_case(caller) || file.items().any(refers)
}

/// Acts on the register of a referral's child, and follows it up for everything that rests on it.
///
/// # Errors
///
/// [`ConsentRefusal`]; the transaction should be dropped then.
pub async fn act(
    tx: &mut Tx,
    means: Means<'_>,
    key: &ChildKey,
    act: Act,
    (event, now): (&Envelope, Timestamp),
) -> Result<Done, ConsentRefusal> {
    let case = find(tx, key).await?;
    let mut files = store::files(tx, std::slice::from_ref(&key.case_id)).await?;
    let mut file = files.remove(key).unwrap_or_default();
    if let Act::Command(command, caller) = &act
        && !may_keep(&case, caller, command, &file)
    {
        return Err(ConsentRefusal::NotFound);
    }
    let mut acting = Acting::new(tx, key, &mut file);
    let about = acting.act(act, now).await?;
    let kept_back = acting.kept_back();
    let following = follow_up::Means { ruleset: means.ruleset, pseudonymiser: means.pseudonymiser };
    let stop_notices = follow_up::again(tx, &key.case_id, following, (event, now)).await?;
    Ok(Done { about, kept_back, stop_notices })
}

/// An organisation may take back a consent that names it.
fn may_keep(case: &CaseFile, caller: &OrganisationId, command: &Command, file: &ChildFile) -> bool {
    let withdrawn = match command {
        Command::Withdraw { id, .. } => file.register.consent(*id),
        Command::Record { .. } | Command::Expire { .. } | Command::View(_) => None,
    };
    keeps(case, caller) || withdrawn.is_some_and(|consent| names(consent, caller))
}
