//! What the service does, one use case per file.

use std::{ops::Range, sync::Arc};

use mash_chassis::Clock;
use mash_ledger::{Hash, tiles, tree};
use mash_store::Store;

use crate::{
    error::Refusal,
    signer::Signer,
    store::{self, Connection},
};

pub(crate) mod append;
pub(crate) mod checkpoint;
pub(crate) mod erase;
pub(crate) mod export;
pub(crate) mod keys;
pub(crate) mod list;
pub(crate) mod prove;
pub(crate) mod prove_cases;
pub(crate) mod witness;

/// The component under which the tables of this service go.
pub(crate) const COMPONENT: &str = "audit";

/// What every use case needs.
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) signer: Signer,
}

/// The hashes of a proof, from the tiles that hold them.
pub(crate) async fn hashes(
    conn: &mut Connection,
    ranges: &[Range<u64>],
) -> Result<Vec<Hash>, Refusal> {
    let found = store::tiles::load(conn, tiles::holding(ranges)).await?;
    tree::resolve(ranges, |node| tiles::find(&found, node))
        .ok_or(Refusal::Corrupt("a tile is missing"))
}

/// The root that the tree had at this size, which is not larger than it is now.
pub(crate) async fn root_at(conn: &mut Connection, size: u64) -> Result<Hash, Refusal> {
    if size == 0 {
        return Ok(mash_ledger::hash::empty());
    }
    let whole = 0..size;
    let roots = hashes(conn, std::slice::from_ref(&whole)).await?;
    roots.first().copied().ok_or(Refusal::Corrupt("a tile is missing"))
}
