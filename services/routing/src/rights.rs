//! Rights of those whose data is shared: subject access, and who looked.
//!
//! An answer is put together from what is on record here, class by class with the clauses that decided, and every line is
//! proved by the ledger. What an organisation may see of a case is what it may see of its decisions anyway; for whoever
//! has no part in a case, there is none.

mod assemble;
pub mod break_glass;
mod clauses;
pub mod grpc;
pub mod looks;
pub mod misdirections;
mod subject;
pub mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use mash_chassis::Clock;
use mash_proto::audit::v1::ProveCasesResponse;
use mash_store::Store;
use tonic::Status;

use crate::{pseudonym::Pseudonymiser, rulesets::Rulesets};

pub use self::subject::{known_by_identity, known_by_keys};

/// The caller was not appointed to answer for her organisation.
pub const NOT_AN_OFFICER: &str = "MASH-A001";
/// The request has faults; each is listed.
pub const INVALID: &str = "MASH-A002";
/// The ledger cannot be asked for proofs.
pub const NO_PROOFS: &str = "MASH-A007";
/// More is on record than one answer can hold.
pub const TOO_MUCH: &str = "MASH-A008";
/// Somebody appoints herself.
pub const ONESELF: &str = "MASH-A010";

/// It was decided before whether the Commissioner is told.
pub const RULED_BEFORE: &str = "MASH-A020";

/// A request about broken glass has faults; each is listed.
pub const FAULTY_GLASS: &str = "MASH-A034";

/// Where the ledger is asked for the entries about cases, and their proofs.
#[async_trait]
pub trait CaseProofs: Send + Sync + 'static {
    /// Every entry about these cases, 1 to 200 of them, proved to one checkpoint.
    ///
    /// # Errors
    ///
    /// [`Status`] as from the ledger.
    async fn prove(&self, case_ids: Vec<String>) -> Result<ProveCasesResponse, Status>;
}

/// What everything here stands on.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rulesets: Arc<Rulesets>,
    pub(crate) pseudonymiser: Pseudonymiser,
    /// Without, as in tests of other things, no line has a proof.
    pub(crate) proofs: Option<Arc<dyn CaseProofs>>,
}
