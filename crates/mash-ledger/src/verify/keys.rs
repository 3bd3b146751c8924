//! Which keys are believed while an export is read: those that were brought along, and those that they vouch for.
//!
//! A key comes into use by an entry of the ledger, and is believed once a checkpoint of a key that is believed already
//! covers that entry. It goes out of use the same way, and a checkpoint that is signed with nothing else afterwards is
//! refused.

use crate::{
    entry::{Entry, Kind},
    fault::Fault,
    hash,
    key::{Use, VerifierKey},
    note::Note,
};

#[derive(Debug)]
pub(super) struct Keys {
    brought: bool,
    live: Vec<VerifierKey>,
    retired: Vec<VerifierKey>,
    offered: Vec<VerifierKey>,
    witnesses: Vec<VerifierKey>,
    witnesses_brought: bool,
    /// What entries said and no checkpoint has covered yet: where, whether it came or went, and which key.
    pending: Vec<(u64, Kind, VerifierKey)>,
}

impl Keys {
    pub(super) fn new(live: Vec<VerifierKey>, witnesses: Vec<VerifierKey>) -> Self {
        Self {
            brought: !live.is_empty(),
            witnesses_brought: !witnesses.is_empty(),
            live,
            retired: Vec::new(),
            offered: Vec::new(),
            witnesses,
            pending: Vec::new(),
        }
    }

    pub(super) fn offered(&self) -> usize {
        self.offered.len() + self.witnesses.len()
    }

    /// A key in the head of the export.
    pub(super) fn offer(&mut self, key: VerifierKey, purpose: Use) -> Result<(), Fault> {
        if key.purpose() != purpose {
            return Err(Fault::BadKey("it is for another use than the export says"));
        }
        match purpose {
            Use::Note => self.offered.push(key),
            Use::Cosignature if !self.witnesses_brought => self.witnesses.push(key),
            Use::Cosignature => {}
        }
        Ok(())
    }

    pub(super) fn begin(&mut self) {
        if !self.brought {
            self.live.clone_from(&self.offered);
        }
    }

    pub(super) fn heard(&mut self, index: u64, entry: &Entry) {
        if !matches!(entry.kind, Kind::KeyAdded | Kind::KeyRetired) {
            return;
        }
        let mut known = self.offered.iter().chain(&self.live);
        let named = known.find(|key| hash::plain(key.to_string().as_bytes()) == entry.commitment);
        if let Some(key) = named {
            self.pending.push((index, entry.kind, key.clone()));
        }
    }

    /// Whether a key that is believed has signed it. A note that only another key of the export has signed is passed over:
    /// a later one has to vouch for what it covers.
    pub(super) fn signed(&self, note: &Note) -> Result<bool, Fault> {
        if !note.signed_by(&self.live)?.is_empty() {
            return Ok(true);
        }
        match note.signed_by(&self.retired)?.first() {
            Some(key) => Err(Fault::RetiredKey { key: key.label() }),
            None if note.signed_by(&self.offered)?.is_empty() => Err(Fault::UnknownKey),
            None => Ok(false),
        }
    }

    /// A checkpoint of a key that is believed covers so many entries.
    pub(super) fn vouched(&mut self, size: u64) {
        let (covered, pending) =
            std::mem::take(&mut self.pending).into_iter().partition(|(index, ..)| *index < size);
        self.pending = pending;
        let covered: Vec<_> = covered;
        for (_, kind, key) in covered {
            self.live.retain(|known| *known != key);
            self.retired.retain(|known| *known != key);
            if kind == Kind::KeyAdded { &mut self.live } else { &mut self.retired }.push(key);
        }
    }

    pub(super) fn witnesses(&self, note: &Note) -> Result<Vec<(String, u64)>, Fault> {
        let found = note.signed_by(&self.witnesses)?;
        let told = found.into_iter().map(|key| {
            let mine = note
                .signatures()
                .iter()
                .find(|it| it.name == key.name() && it.id == key.id())
                .and_then(crate::note::Signature::cosigned_at);
            (key.label(), mine.unwrap_or_default())
        });
        Ok(told.collect())
    }

    pub(super) fn labels(&self) -> Vec<String> {
        self.live.iter().map(VerifierKey::label).collect()
    }

    pub(super) const fn on_first_use(&self) -> bool {
        !self.brought
    }
}
