//! Proofs.

use mash_ledger::{Hash, tree};
use uuid::Uuid;

use super::{App, hashes};
use crate::{
    error::Refusal,
    store::{entries, entries::Placed, tiles},
};

/// An entry, and the proof that it is in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Included {
    pub(crate) placed: Placed,
    pub(crate) size: u64,
    pub(crate) path: Vec<Hash>,
}

impl App {
    /// The entry of this id with its proof, if it is about this organisation, or about any if none is named.
    pub(crate) async fn prove_inclusion(
        &self,
        id: Uuid,
        size: u64,
        organisation: Option<&str>,
    ) -> Result<Included, Refusal> {
        let mut conn = self.store.read().await?;
        let placed = entries::find(&mut conn, id, organisation).await?.ok_or(Refusal::NotFound)?;
        if size > tiles::head(&mut conn).await?.size {
            return Err(Refusal::field("size", "the ledger is smaller than that"));
        }
        let ranges = tree::inclusion(placed.index, size)
            .ok_or_else(|| Refusal::field("size", "the entry came after that size"))?;
        let path = hashes(&mut conn, &ranges).await?;
        Ok(Included { placed, size, path })
    }

    /// The proof that the ledger of the new size continues that of the old one.
    pub(crate) async fn prove_consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Refusal> {
        let mut conn = self.store.read().await?;
        if new > tiles::head(&mut conn).await?.size {
            return Err(Refusal::field("new_size", "the ledger is smaller than that"));
        }
        let ranges = tree::consistency(old, new)
            .ok_or_else(|| Refusal::field("old_size", "it is larger than the new size"))?;
        hashes(&mut conn, &ranges).await
    }
}
