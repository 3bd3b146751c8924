//! Proposing a version and putting it in force, by two people of different organisations.

use std::sync::Arc;

use jiff::Timestamp;
use mash_domain::{
    organisation::{OrganisationId, OrganisationKind},
    sharing::Flow,
};
use mash_ledger::Kind;
use mash_policy::{Fault, Ruleset};
use mash_proto::sharing::v1::{RulesetFiles, RulesetState};
use mash_store::{Store, StoreError, Tx};

use super::{Proofs, Prover, files};
use crate::store::{
    evidence::{self, Happening},
    rulesets::{self as store, StoredRuleset},
};

/// Who acts, and when.
pub struct Actor<'a> {
    /// The organisation.
    pub organisation: &'a OrganisationId,
    /// Its practitioner.
    pub practitioner: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// Why a version was not proposed or not put in force. The one that is in force stays.
#[derive(Debug, thiserror::Error)]
pub enum RulesetRefusal {
    /// It does not parse, does not fit the schema, or lacks an annotation.
    #[error("the rule set cannot be used")]
    Faults(Vec<Fault>),
    /// A promise is broken, or nothing could be proved.
    #[error("the rule set could not be proved")]
    Unproved(Vec<String>),
    /// The version exists with other files.
    #[error("the version exists with other files")]
    OtherFiles,
    /// There is no such version.
    #[error("there is no such version")]
    NoSuchVersion,
    /// The approver has read other files.
    #[error("the digest is not that of the version")]
    OtherDigest,
    /// It takes somebody of another organisation.
    #[error("a version is approved by another person of another organisation than proposed it")]
    SamePerson,
    /// It is not proposed any more.
    #[error("the version was in force before; propose it again")]
    Retired,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which version is in force when a program starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InForce {
    /// The one that the program carries.
    Carried,
    /// Another one.
    Other {
        /// Which.
        version: String,
        /// The flows that it does not know, because it is older than they are: only the minimum goes in them.
        unknown: Vec<Flow>,
    },
}

/// Records the version that the program carries as the one in force, if none is.
///
/// Where another is, it stays: a new program does not change the rules, two people do. Whoever runs the hub has to
/// hear of it, because flows that came with the program may not be known to the rules.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn start(
    store: &Store,
    ruleset: &Ruleset,
    now: Timestamp,
) -> Result<InForce, StoreError> {
    let Ok(hub) = OrganisationId::new(OrganisationKind::Operator, "hub") else {
        return Ok(InForce::Carried);
    };
    let mut tx = store.begin().await?;
    if let Some(version) = store::in_force(tx.conn()).await? {
        let row = store::find(tx.conn(), &version).await?;
        tx.rollback().await?;
        if version == ruleset.version().as_str() {
            return Ok(InForce::Carried);
        }
        let unknown = super::unknown_flows(row.as_ref().and_then(super::load).as_deref());
        return Ok(InForce::Other { version, unknown });
    }
    let files = files::builtin();
    let row = StoredRuleset {
        version: ruleset.version().to_string(),
        digest: files::digest(&files),
        files,
        state: RulesetState::Proposed,
        proposed_by: hub.clone(),
        proposer: String::new(),
        proposed: now,
        approved: None,
        activated: None,
    };
    store::propose(tx.conn(), &row).await?;
    store::put_in_force(tx.conn(), &row.version, (&hub, ""), now).await?;
    activated(&mut tx, &row, &hub, now).await?;
    tx.commit().await?;
    Ok(InForce::Carried)
}

/// Proposes a version. The same files again are the same proposal; a version that was in force before is proposed
/// anew, by whoever proposes it now.
///
/// # Errors
///
/// [`RulesetRefusal`]; nothing has changed then.
pub async fn propose(
    store: &Store,
    (proofs, prover): (&Proofs, &Arc<dyn Prover>),
    actor: &Actor<'_>,
    (version, files): (&str, RulesetFiles),
) -> Result<StoredRuleset, RulesetRefusal> {
    let digest = files::digest(&files);
    if let Some(known) = proposed(store, version, &digest).await? {
        return Ok(known);
    }
    let ruleset = files::load(version, &files)
        .map_err(|error| RulesetRefusal::Faults(error.faults().to_vec()))?;
    let proof = proofs.prove(&digest, Arc::new(ruleset), prover).await;
    proof.map_err(|unproved| RulesetRefusal::Unproved(unproved.0))?;
    let row = StoredRuleset {
        version: version.to_owned(),
        digest,
        files,
        state: RulesetState::Proposed,
        proposed_by: actor.organisation.clone(),
        proposer: actor.practitioner.to_owned(),
        proposed: actor.now,
        approved: None,
        activated: None,
    };
    let mut tx = store.begin().await?;
    store::propose(tx.conn(), &row).await?;
    let kept = store::find(tx.conn(), version).await?;
    tx.commit().await?;
    // Proofs take their time: somebody else may have been first with other files.
    kept.filter(|kept| kept.digest == row.digest).ok_or(RulesetRefusal::OtherFiles)
}

/// The proposal, if it is one already.
async fn proposed(
    store: &Store,
    version: &str,
    digest: &[u8],
) -> Result<Option<StoredRuleset>, RulesetRefusal> {
    let mut read = store.read().await?;
    match store::find(&mut read, version).await? {
        Some(known) if known.digest != digest => Err(RulesetRefusal::OtherFiles),
        Some(known) if known.state == RulesetState::Retired => Ok(None),
        known => Ok(known),
    }
}

/// Puts a proposed version in force.
///
/// # Errors
///
/// [`RulesetRefusal`]; nothing has changed then.
pub async fn approve(
    store: &Store,
    actor: &Actor<'_>,
    (version, digest): (&str, &[u8]),
) -> Result<StoredRuleset, RulesetRefusal> {
    let mut tx = store.begin().await?;
    let Some(row) = store::find(tx.conn(), version).await? else {
        return Err(RulesetRefusal::NoSuchVersion);
    };
    if row.digest != digest {
        return Err(RulesetRefusal::OtherDigest);
    }
    let same = row.proposed_by == *actor.organisation || row.proposer == actor.practitioner;
    match row.state {
        RulesetState::Active => return Ok(row),
        RulesetState::Retired => return Err(RulesetRefusal::Retired),
        RulesetState::Proposed | RulesetState::Unspecified if same => {
            return Err(RulesetRefusal::SamePerson);
        }
        RulesetState::Proposed | RulesetState::Unspecified => {}
    }
    // This program must be able to decide by it: it may have been proposed to another version of the program.
    files::load(version, &row.files)
        .map_err(|error| RulesetRefusal::Faults(error.faults().to_vec()))?;
    let approver = (actor.organisation, actor.practitioner);
    store::put_in_force(tx.conn(), version, approver, actor.now).await?;
    let row = store::find(tx.conn(), version).await?.ok_or(RulesetRefusal::NoSuchVersion)?;
    activated(&mut tx, &row, actor.organisation, actor.now).await?;
    tx.commit().await?;
    Ok(row)
}

/// The ledger hears which rules decide from now on, and who put them in force.
async fn activated(
    tx: &mut Tx,
    row: &StoredRuleset,
    by: &OrganisationId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let happening = Happening {
        kind: Kind::RulesetActivated,
        at: now,
        organisation: by.to_string(),
        case: String::new(),
        subject: format!("rulesets/{}", row.version),
        ruleset: row.version.clone(),
        // A version may come into force again.
        nonce: now.as_millisecond().to_string(),
        content: row.digest.to_vec(),
    };
    evidence::record(tx, &[happening]).await
}
