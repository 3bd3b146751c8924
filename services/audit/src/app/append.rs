//! Appending entries.

use std::collections::HashSet;

use mash_ledger::{Entry, hash, tiles, tiles::Appender};
use mash_store::Tx;
use uuid::Uuid;

use super::App;
use crate::{
    error::Refusal,
    store::{
        entries::{self, NewEntry},
        tiles::{Head, hold, load, move_to, save},
    },
};

/// Entries in one call.
pub(crate) const MOST: usize = 1_000;

/// What was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    /// How many entries the ledger has now.
    pub(crate) size: u64,
    /// How many of the entries were not in it before.
    pub(crate) added: usize,
}

impl App {
    /// Appends entries, all or none. An entry that is there already stays as it is.
    pub(crate) async fn append(&self, encoded: Vec<Vec<u8>>) -> Result<Appended, Refusal> {
        if encoded.len() > MOST {
            return Err(Refusal::field("entries", "at most 1,000 entries in one call"));
        }
        let entries = decode(encoded)?;
        let mut tx = self.store.begin().await?;
        let appended = append_in(&mut tx, entries).await?;
        tx.commit().await?;
        Ok(appended)
    }
}

/// As [`App::append`], in somebody's transaction.
pub(crate) async fn append_in(
    tx: &mut Tx,
    entries: Vec<(Entry, Vec<u8>)>,
) -> Result<Appended, Refusal> {
    // Before anything is looked up: whoever appends at the same time has committed then.
    let head = hold(tx).await?;
    let fresh = without_known(tx, entries).await?;
    if fresh.is_empty() {
        return Ok(Appended { size: head.size, added: 0 });
    }
    let open = load(tx.conn(), tiles::open(head.size)).await?;
    let mut appender = Appender::resume(head.size, open)
        .ok_or(Refusal::Corrupt("the last tiles are not those of its size"))?;
    if appender.root() != head.root {
        return Err(Refusal::Corrupt("the last tiles do not lead to its root"));
    }
    fresh.iter().for_each(|entry| appender.push(hash::leaf(&entry.encoded)));
    let (size, root) = (appender.size(), appender.root());
    entries::insert(tx, head.size, &fresh).await?;
    save(tx, &appender.into_changed()).await?;
    move_to(tx, Head { size, root }).await?;
    Ok(Appended { size, added: fresh.len() })
}

/// The entries that are not in the ledger yet, each once.
async fn without_known(
    tx: &mut Tx,
    entries: Vec<(Entry, Vec<u8>)>,
) -> Result<Vec<NewEntry>, Refusal> {
    let ids: Vec<Uuid> = entries.iter().map(|(entry, _)| entry.id).collect();
    let known = entries::known(tx, &ids).await?;
    let mut seen = HashSet::new();
    let mut fresh = Vec::new();
    for (entry, encoded) in entries {
        if let Some(before) = known.get(&entry.id) {
            // Marked late by a service that did not hear that it had been appended in time.
            if *before != encoded && !Entry::decode(before)?.is_same_but_late(&entry) {
                return Err(Refusal::OtherContent(entry.id));
            }
        } else if seen.insert(entry.id) {
            let Entry { id, organisation, case, .. } = entry;
            fresh.push(NewEntry { id, organisation, case, encoded });
        } else if !fresh.iter().any(|it| it.id == entry.id && it.encoded == encoded) {
            return Err(Refusal::OtherContent(entry.id));
        }
    }
    Ok(fresh)
}

/// Every entry that cannot be read is named.
fn decode(encoded: Vec<Vec<u8>>) -> Result<Vec<(Entry, Vec<u8>)>, Refusal> {
    let mut faults = Vec::new();
    let mut entries = Vec::with_capacity(encoded.len());
    for (at, encoded) in encoded.into_iter().enumerate() {
        match Entry::decode(&encoded) {
            Ok(entry) => entries.push((entry, encoded)),
            Err(fault) => faults.push(mash_chassis::fault::Violation::new(
                format!("entries[{at}]"),
                fault.code(),
                fault.to_string(),
            )),
        }
    }
    if faults.is_empty() { Ok(entries) } else { Err(Refusal::Invalid(faults)) }
}
