//! Misdirected disclosures (R33): noticed when a force withdraws a report as misdirected or about the wrong child, which
//! recalls every copy; closed when every recipient has said that it is gone and somebody has decided about Art 33.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mash_domain::{
    organisation::{OrganisationId, OrganisationKind},
    rights::misdirection::{Copy, Misdirection, Ruling},
};
use mash_ledger::Kind;
use mash_proto::{
    convert::time_to_wire,
    police::v1::{IncidentWithdrawn, WithdrawalReason},
    sharing::v1 as pb,
};
use mash_store::{StoreError, Tx};

use crate::{
    store::{
        evidence::{self, Happening},
        misdirections::{self as store, Kept},
    },
    world::World,
};

/// The misdirection that a withdrawal tells of, before it is taken in: every copy that somebody has then. `None` if it is
/// withdrawn for another reason, or was before.
#[must_use]
pub fn told_by(withdrawn: &IncidentWithdrawn, world: &World, now: Timestamp) -> Option<Kept> {
    let misdirected = match withdrawn.reason() {
        WithdrawalReason::Misdirected | WithdrawalReason::WrongChild => true,
        WithdrawalReason::Unspecified | WithdrawalReason::EnteredByMistake => false,
    };
    let case_id = withdrawn.case_id.parse().ok()?;
    let case = world.cases.get(&case_id).filter(|case| misdirected && !case.withdrawn)?;
    let force = case.force.as_str();
    let organisation = OrganisationId::new(OrganisationKind::PoliceForce, force).ok()?;
    let live = world.duties_of(case_id).flat_map(|duty| &duty.disclosures).filter(|it| it.live);
    let copies: BTreeMap<String, Copy> = live
        .map(|held| (held.id.clone(), Copy { recipient: held.recipient.clone(), deleted_at: None }))
        .collect();
    let found = Misdirection { aware_at: now, copies, ruling: None };
    Some(Kept { case_id: case_id.to_string(), organisation, found })
}

/// Keeps it, and puts into the ledger that each copy was called back.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn keep(tx: &mut Tx, kept: &Kept) -> Result<(), StoreError> {
    store::put(tx, kept).await?;
    let recalled = kept.found.copies.iter().map(|(disclosure, copy)| Happening {
        kind: Kind::Recalled,
        at: kept.found.aware_at,
        organisation: copy.recipient.to_string(),
        case: kept.case_id.clone(),
        subject: format!("recalls/{disclosure}"),
        ruleset: String::new(),
        nonce: String::new(),
        content: b"misdirected".to_vec(),
    });
    evidence::record(tx, &recalled.collect::<Vec<_>>()).await
}

/// Keeps that a recipient has deleted what it had.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn deleted(tx: &mut Tx, disclosure: &str, at: Timestamp) -> Result<(), StoreError> {
    store::deleted(tx, disclosure, at).await
}

/// Puts into the ledger what was decided.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn ruled(tx: &mut Tx, kept: &Kept) -> Result<(), StoreError> {
    let Some((ruling, because)) = &kept.found.ruling else { return Ok(()) };
    let happening = Happening {
        kind: Kind::Recalled,
        at: because.at,
        organisation: kept.organisation.to_string(),
        case: kept.case_id.clone(),
        subject: format!("misdirections/{}", kept.case_id),
        ruleset: String::new(),
        nonce: ruling.word().to_owned(),
        content: format!("{}\n{}\n{}", ruling.word(), because.by, because.reason.as_str())
            .into_bytes(),
    };
    evidence::record(tx, &[happening]).await
}

/// For the wire, as this organisation may see it: the force all of it, a recipient its own copy and no ruling.
#[must_use]
pub fn to_wire(kept: &Kept, reader: &OrganisationId, now: Timestamp) -> pb::Misdirection {
    let own = kept.organisation == *reader;
    let found = &kept.found;
    let copies = found.copies.iter().filter(|(_, copy)| own || copy.recipient == *reader);
    let copies: Vec<pb::MisdirectedCopy> = copies
        .map(|(disclosure, copy)| pb::MisdirectedCopy {
            disclosure_id: disclosure.clone(),
            recipient: Some((&copy.recipient).into()),
            delete_time: copy.deleted_at.map(time_to_wire),
        })
        .collect();
    let outstanding = copies.iter().filter(|copy| copy.delete_time.is_none()).count();
    let ruling = found.ruling.as_ref().filter(|_| own);
    pb::Misdirection {
        name: format!("misdirections/{}", kept.case_id),
        organisation: Some((&kept.organisation).into()),
        aware_time: Some(time_to_wire(found.aware_at)),
        due_time: Some(time_to_wire(found.due_at())),
        overdue: own && found.is_overdue(now),
        outstanding: i32::try_from(outstanding).unwrap_or(i32::MAX),
        copies,
        ruling: ruling
            .map_or(pb::MisdirectionRuling::Unspecified, |(it, _)| ruling_to_wire(*it))
            .into(),
        because: ruling.map(|(_, because)| super::wire::because_to_wire(because)),
    }
}

const fn ruling_to_wire(ruling: Ruling) -> pb::MisdirectionRuling {
    match ruling {
        Ruling::Told => pb::MisdirectionRuling::Told,
        Ruling::NoRisk => pb::MisdirectionRuling::NoRisk,
    }
}

/// What was decided; `None` if it is not said.
#[must_use]
pub const fn ruling(of: pb::MisdirectionRuling) -> Option<Ruling> {
    Some(match of {
        pb::MisdirectionRuling::Unspecified => return None,
        pb::MisdirectionRuling::Told => Ruling::Told,
        pb::MisdirectionRuling::NoRisk => Ruling::NoRisk,
    })
}
