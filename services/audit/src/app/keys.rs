//! The ledger says itself which keys sign it: one comes into use with an entry, and goes out of use with another.

use mash_ledger::{Entry, Kind, VerifierKey, hash};

use super::{App, append::append_in};
use crate::{
    error::Refusal,
    store::keys::{self, KnownKey},
};

impl App {
    /// Records keys that are new, and keys that were retired, since the last start.
    ///
    /// # Errors
    ///
    /// [`Refusal::Fault`] with `MASH-L005` if the process has a key that was rotated away.
    pub(crate) async fn record_keys(&self) -> Result<(), Refusal> {
        let mut tx = self.store.begin().await?;
        // One replica after the other.
        crate::store::tiles::hold(&mut tx).await?;
        let known = keys::all(tx.conn()).await?;
        let state = |key: &VerifierKey| known.iter().find(|it| it.key == *key);
        let now = self.clock.now();
        let mut entries = Vec::new();
        for key in self.signer.in_use() {
            match state(key) {
                Some(KnownKey { retired: true, .. }) => {
                    return Err(mash_ledger::Fault::RetiredKey { key: key.label() }.into());
                }
                Some(_) => {}
                None => {
                    keys::add(&mut tx, key, now).await?;
                    entries.push(self.entry(Kind::KeyAdded, key)?);
                }
            }
        }
        for key in self.signer.retired() {
            if state(key).is_some_and(|it| !it.retired) {
                keys::retire(&mut tx, key, now).await?;
                entries.push(self.entry(Kind::KeyRetired, key)?);
            }
        }
        if entries.is_empty() {
            return Ok(());
        }
        append_in(&mut tx, entries).await?;
        Ok(tx.commit().await?)
    }

    /// Every key that the ledger has used, and every key of a witness.
    pub(crate) async fn known_keys(&self) -> Result<(Vec<VerifierKey>, Vec<VerifierKey>), Refusal> {
        let mut conn = self.store.read().await?;
        let own = keys::all(&mut conn).await?.into_iter().map(|known| known.key).collect();
        Ok((own, keys::witnesses(&mut conn).await?))
    }

    fn entry(&self, kind: Kind, key: &VerifierKey) -> Result<(Entry, Vec<u8>), Refusal> {
        let line = key.to_string();
        let entry = Entry {
            id: Entry::id_of(&[kind.word(), &line]),
            kind,
            at_ms: u64::try_from(self.clock.now().as_millisecond()).unwrap_or_default(),
            late: false,
            organisation: "operator".to_owned(),
            case: String::new(),
            subject: key.label(),
            ruleset: String::new(),
            commitment: hash::plain(line.as_bytes()),
        };
        let encoded = entry.encode()?;
        Ok((entry, encoded))
    }
}
