//! The ledger as a file, piece by piece.

use std::{collections::VecDeque, sync::Arc};

use mash_ledger::{VerifierKey, export::Writer, tiles as tree_tiles, tree, tree::Frontier};

use super::App;
use crate::{
    app::checkpoint::with_cosignatures,
    error::Refusal,
    store::{
        Connection,
        checkpoints::{self, Signed},
        entries, keys, tiles,
    },
};

/// Entries, or checkpoints, that are read at a time.
const PAGE: u64 = 1_000;

/// An export on its way. It goes up to the checkpoint that was the newest when it began.
pub(crate) struct Exporting {
    app: Arc<App>,
    writer: Writer,
    next: u64,
    to: u64,
    head: Option<String>,
    checkpoints: VecDeque<Signed>,
    over: bool,
}

impl Exporting {
    /// Begins an export from this entry on.
    pub(crate) async fn begin(app: Arc<App>, from: u64) -> Result<Self, Refusal> {
        let to = app.newest().await?.size;
        if from >= to {
            return Err(Refusal::field("from", "the ledger has no entry from there on"));
        }
        let mut conn = app.store.read().await?;
        let before = frontier(&mut conn, from).await?;
        let keys: Vec<VerifierKey> =
            keys::all(&mut conn).await?.into_iter().map(|known| known.key).collect();
        let witnesses = keys::witnesses(&mut conn).await?;
        drop(conn);
        let (writer, head) = Writer::begin(app.signer.origin(), (&keys, &witnesses), &before, to);
        let (checkpoints, head) = (VecDeque::new(), Some(head));
        Ok(Self { app, writer, next: from, to, head, checkpoints, over: false })
    }

    /// How many entries it has.
    pub(crate) const fn entries(&self) -> u64 {
        self.to
    }

    /// The next piece; nothing once it is whole.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, Refusal> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        if self.over {
            return Ok(None);
        }
        if self.next == self.to {
            self.over = true;
            return Ok(Some(self.writer.end()));
        }
        let app = Arc::clone(&self.app);
        let mut conn = app.store.read().await?;
        let page = entries::list(&mut conn, (self.next, self.to), None, PAGE).await?;
        let leaves = tree_tiles::leaves(self.next..(self.next + PAGE).min(self.to));
        let leaves = tiles::load(&mut conn, leaves).await?;
        let mut text = String::new();
        for placed in page {
            if placed.index != self.next {
                return Err(Refusal::Corrupt("an entry is missing"));
            }
            let leaf = tree_tiles::find(&leaves, tree::Node { level: 0, index: placed.index });
            let leaf = leaf.ok_or(Refusal::Corrupt("a tile is missing"))?;
            text.push_str(&self.writer.entry(&placed.encoded, leaf));
            self.next += 1;
            if let Some(signed) = self.checkpoint_here(&mut conn).await? {
                let note = with_cosignatures(&mut conn, signed).await?;
                text.push_str(&self.writer.checkpoint(&note));
            }
        }
        if text.is_empty() {
            return Err(Refusal::Corrupt("an entry is missing"));
        }
        Ok(Some(text))
    }

    /// The checkpoint of exactly the entries that were written, if there is one.
    async fn checkpoint_here(&mut self, conn: &mut Connection) -> Result<Option<Signed>, Refusal> {
        if self.checkpoints.is_empty() {
            let after = (self.next - 1, self.to);
            self.checkpoints = checkpoints::after(conn, after, PAGE).await?.into();
        }
        let here = self.checkpoints.front().is_some_and(|signed| signed.size == self.next);
        Ok(if here { self.checkpoints.pop_front() } else { None })
    }
}

/// How far the tree had grown at this size.
async fn frontier(conn: &mut Connection, size: u64) -> Result<Frontier, Refusal> {
    let nodes = tree::perfect(&(0..size));
    let whole = 0..size;
    let found = tiles::load(conn, tree_tiles::holding(std::slice::from_ref(&whole))).await?;
    let peaks: Option<Vec<_>> =
        nodes.into_iter().map(|node| tree_tiles::find(&found, node)).collect();
    peaks.and_then(|peaks| Frontier::new(size, peaks)).ok_or(Refusal::Corrupt("a tile is missing"))
}
