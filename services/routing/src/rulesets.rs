//! Versions of the sharing rules: proposed and proved, approved by somebody of another organisation, in force, tried out
//! on what is on record.
//!
//! Every replica reads in the transaction of a decision which version is in force, so that all of them decide by the
//! same one and every decision names it.

pub mod app;
pub mod files;
pub mod grpc;
pub mod simulate;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use mash_policy::{Flow, Ruleset};
use mash_store::{StoreError, Tx};
use tokio::sync::watch;

use self::app::InForce;
use crate::store::{
    Connection,
    rulesets::{self as store, StoredRuleset},
};

/// Proves what must hold of every version, whatever the facts are.
#[async_trait]
pub trait Prover: Send + Sync + 'static {
    /// Proves it.
    ///
    /// # Errors
    ///
    /// [`Unproved`] if something does not hold, or could not be proved for whatever reason.
    async fn prove(&self, ruleset: Arc<Ruleset>) -> Result<(), Unproved>;
}

/// What could not be proved, a line each with its counterexample and the file and line of the clauses; or why nothing
/// could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unproved(pub Vec<String>);

/// Where no prover is set up, nothing is proved, and so no version is accepted.
pub struct NoProver;

#[async_trait]
impl Prover for NoProver {
    async fn prove(&self, _ruleset: Arc<Ruleset>) -> Result<(), Unproved> {
        Err(Unproved(vec!["no prover is set up on this server".to_owned()]))
    }
}

/// Proofs that are under way or were not asked for again: a proof takes longer than a call may, so it goes on when its
/// caller has gone, and whoever proposes the same files again hears how it came out.
#[derive(Default)]
pub struct Proofs(Mutex<BTreeMap<Vec<u8>, watch::Receiver<Option<Proof>>>>);

type Proof = Result<(), Unproved>;

/// How long the outcome of a proof is kept for a caller who comes back.
const KEPT: Duration = Duration::from_secs(600);

/// Proofs under way at once: each takes every processor that there is.
const MOST_PROOFS: usize = 4;

impl Proofs {
    /// How the proof of the rule set with this digest comes out, begun now or before.
    ///
    /// # Errors
    ///
    /// [`Unproved`], as from the prover.
    pub async fn prove(
        &self,
        digest: &[u8],
        ruleset: Arc<Ruleset>,
        prover: &Arc<dyn Prover>,
    ) -> Proof {
        let mut coming = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, proof| proof.has_changed().is_ok());
            if known.len() >= MOST_PROOFS && !known.contains_key(digest) {
                return Err(Unproved(vec!["other rule sets are being proved".to_owned()]));
            }
            known.entry(digest.to_vec()).or_insert_with(|| begin(ruleset, prover)).clone()
        };
        let proof = coming.wait_for(Option::is_some).await.map(|proof| proof.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
        match proof {
            Ok(Some(proof)) => proof,
            Ok(None) | Err(_) => Err(Unproved(vec!["the proof was broken off".to_owned()])),
        }
    }
}

fn begin(ruleset: Arc<Ruleset>, prover: &Arc<dyn Prover>) -> watch::Receiver<Option<Proof>> {
    let (sender, receiver) = watch::channel(None);
    let prover = Arc::clone(prover);
    tokio::spawn(async move {
        let proof = prover.prove(ruleset).await;
        sender.send_replace(Some(proof));
        // Whoever has given up may ask again within this time.
        tokio::time::sleep(KEPT).await;
    });
    receiver
}

/// The versions that this process has read, by their names: a version never changes.
#[derive(Default)]
pub struct Rulesets(RwLock<BTreeMap<String, Arc<Ruleset>>>);

impl Rulesets {
    /// The version that is in force, as this transaction sees it.
    ///
    /// Where it cannot be used, because another program wrote it, only the statutory minimum goes (P3).
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn in_force(&self, tx: &mut Tx) -> Result<Arc<Ruleset>, StoreError> {
        let version = store::in_force(tx.conn()).await?;
        let found = match version {
            Some(version) => self.of_version(tx.conn(), &version).await?,
            None => None,
        };
        Ok(found.unwrap_or_else(|| {
            tracing::error!("the rule set in force cannot be used: only the minimum is shared");
            Arc::new(Ruleset::minimum_only())
        }))
    }

    /// A version, if it is on record and can be used.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn of_version(
        &self,
        conn: &mut Connection,
        version: &str,
    ) -> Result<Option<Arc<Ruleset>>, StoreError> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(version).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(row) = store::find(conn, version).await? else { return Ok(None) };
        let loaded = load(&row);
        if let Some(ruleset) = &loaded {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(version.to_owned(), Arc::clone(ruleset));
        }
        Ok(loaded)
    }
}

/// Tells whoever runs the hub when the rules in force are not those that the program carries.
pub fn tell(in_force: &InForce, carried: &Ruleset) {
    let InForce::Other { version, unknown } = in_force else { return };
    let carried = carried.version();
    if unknown.is_empty() {
        tracing::info!(in_force = %version, %carried, "the rule set in force is not the one carried");
        return;
    }
    let flows: Vec<&str> = unknown.iter().map(|flow| flow.word()).collect();
    tracing::warn!(
        in_force = %version,
        %carried,
        flows = flows.join(" "),
        "the rule set in force is older than this program: in these flows only the minimum is shared until a newer \
         one is proposed and approved"
    );
}

/// The flows that a version does not know; every flow, where there is none that can be used.
fn unknown_flows(ruleset: Option<&Ruleset>) -> Vec<Flow> {
    let known = |flow: &Flow| ruleset.is_some_and(|ruleset| ruleset.knows(*flow));
    Flow::ALL.into_iter().filter(|flow| !known(flow)).collect()
}

/// The rule set of a stored version. The one that the program carries is not read twice.
fn load(row: &StoredRuleset) -> Option<Arc<Ruleset>> {
    if row.digest == files::digest(&files::builtin()) {
        return Ruleset::builtin().ok();
    }
    files::load(&row.version, &row.files)
        .inspect_err(|error| tracing::error!(%error, "a stored rule set cannot be used"))
        .ok()
        .map(Arc::new)
}
