//! Signing how far the ledger has grown.

use mash_ledger::{Checkpoint, Note};
use mash_store::Tx;

use super::{App, root_at};
use crate::{
    error::Refusal,
    store::{
        Connection,
        checkpoints::{self, Signed},
        tiles::{self, Head},
    },
};

/// How old the newest checkpoint may be while there is something new, in milliseconds: half of the minute that is promised.
const OLDEST_MS: i64 = 30_000;

impl App {
    /// Signs what is new, if the newest checkpoint is old enough.
    pub(crate) async fn sign_in_time(&self) -> Result<(), Refusal> {
        let mut conn = self.store.read().await?;
        let head = tiles::head(&mut conn).await?;
        let newest = checkpoints::newest(&mut conn).await?;
        drop(conn);
        let now = self.clock.now().as_millisecond();
        let due = newest.is_none_or(|newest| {
            // Signed in what is the future by now: a clock that went back keeps nothing waiting.
            let age = now.saturating_sub(newest.at_ms);
            newest.size < head.size && !(0..OLDEST_MS).contains(&age)
        });
        if head.size > 0 && due {
            self.newest().await?;
        }
        Ok(())
    }

    /// The newest checkpoint, which covers everything that was appended before the call. It is signed if need be.
    pub(crate) async fn newest(&self) -> Result<Signed, Refusal> {
        // Most callers want what is signed already, and need not wait for those who append.
        let mut conn = self.store.read().await?;
        let head = tiles::head(&mut conn).await?;
        let newest = checkpoints::newest(&mut conn).await?;
        drop(conn);
        if let Some(signed) = newest
            && (signed.size, signed.root) == (head.size, head.root)
            && self.signer.has_signed(&signed.note)
            && self.signer.remembered().is_none_or(|(size, _)| size <= head.size)
        {
            return Ok(signed);
        }
        let mut tx = self.store.begin().await?;
        let head = tiles::hold(&mut tx).await?;
        self.nothing_is_missing(tx.conn(), head).await?;
        if let Some(signed) = checkpoints::newest(tx.conn()).await?
            && (signed.size, signed.root) == (head.size, head.root)
            && self.signer.has_signed(&signed.note)
        {
            return Ok(signed);
        }
        let signed = self.sign(&mut tx, head).await?;
        // Remembered before it is committed: what nobody has seen does no harm, what was forgotten would.
        self.signer.remember(signed.size, signed.root)?;
        tx.commit().await?;
        Ok(signed)
    }

    async fn sign(&self, tx: &mut Tx, head: Head) -> Result<Signed, Refusal> {
        let origin = self.signer.origin().to_owned();
        let says = Checkpoint { origin, size: head.size, root: head.root };
        let note = self.signer.sign(&says)?;
        let at_ms = self.clock.now().as_millisecond();
        let signed = Signed { size: head.size, root: head.root, at_ms, note };
        checkpoints::insert(tx, &signed).await?;
        Ok(signed)
    }

    /// Whether the store continues what was signed before: in the store, and in this process's own memory.
    async fn nothing_is_missing(&self, conn: &mut Connection, head: Head) -> Result<(), Refusal> {
        let newest = checkpoints::newest(conn).await?.map(|signed| (signed.size, signed.root));
        for (size, root) in newest.into_iter().chain(self.signer.remembered()) {
            if size > head.size || root_at(conn, size).await? != root {
                return Err(Refusal::RolledBack { signed: size, found: head.size });
            }
        }
        if root_at(conn, head.size).await? != head.root {
            return Err(Refusal::Corrupt("the tiles do not lead to its root"));
        }
        Ok(())
    }

    /// The checkpoint of this size with its cosignatures, or the newest one.
    pub(crate) async fn checkpoint(&self, size: u64) -> Result<Note, Refusal> {
        let signed = if size == 0 { Some(self.newest().await?) } else { None };
        let mut conn = self.store.read().await?;
        let signed = match signed {
            Some(signed) => signed,
            None => checkpoints::find(&mut conn, size).await?.ok_or(Refusal::NotFound)?,
        };
        with_cosignatures(&mut conn, signed).await
    }
}

/// A checkpoint with the cosignatures that there are.
pub(crate) async fn with_cosignatures(
    conn: &mut Connection,
    signed: Signed,
) -> Result<Note, Refusal> {
    let mut text = signed.note.to_string();
    for line in checkpoints::cosignatures(conn, signed.size).await? {
        text.push_str(&line);
    }
    Note::parse(&text).map_err(|_| Refusal::Corrupt("a cosignature does not read back"))
}
