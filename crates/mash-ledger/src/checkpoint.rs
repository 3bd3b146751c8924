//! Checkpoints, as C2SP tlog-checkpoint has them: how far a ledger has grown, and its root there.

use std::fmt;

use crate::{
    fault::Fault,
    hash::Hash,
    key::{Use, VerifierKey},
    note::Note,
};

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which ledger.
    pub origin: String,
    /// Its entries.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

impl Checkpoint {
    /// What a note says, whoever has signed it.
    ///
    /// # Errors
    ///
    /// [`Fault::NotACheckpoint`] if it says something else.
    pub fn of(note: &Note) -> Result<Self, Fault> {
        let bad = |what| move || Fault::NotACheckpoint(what);
        let text = note.text().strip_suffix('\n').unwrap_or_default();
        let mut lines = text.split('\n');
        let origin =
            lines.next().filter(|line| !line.is_empty()).ok_or_else(bad("it names no ledger"))?;
        let size = lines.next().ok_or_else(bad("it has no size"))?;
        let size = number(size).ok_or_else(bad("its size is no number"))?;
        let root = lines.next().ok_or_else(bad("it has no root"))?;
        let root = Hash::from_base64(root).ok_or_else(bad("its root is no hash"))?;
        if lines.any(str::is_empty) {
            return Err(Fault::NotACheckpoint("it has an empty line"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// What a note says, once one of these keys has signed it.
    ///
    /// # Errors
    ///
    /// [`Fault::NotACheckpoint`], [`Fault::OtherLedger`] if it is not of this ledger, [`Fault::Forged`], and
    /// [`Fault::UnknownKey`] if none of the keys has signed it.
    pub fn verified(note: &Note, origin: &str, keys: &[VerifierKey]) -> Result<Self, Fault> {
        let checkpoint = Self::of(note)?;
        if checkpoint.origin != origin {
            return Err(Fault::OtherLedger);
        }
        let signers = note.signed_by(keys)?;
        if signers.iter().any(|key| key.purpose() == Use::Note) {
            Ok(checkpoint)
        } else {
            Err(Fault::UnknownKey)
        }
    }
}

impl fmt::Display for Checkpoint {
    /// The text to be signed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, size, root } = self;
        write!(formatter, "{origin}\n{size}\n{}\n", root.to_base64())
    }
}

/// A number in the one way in which it is written: no sign, no zero before it.
pub(crate) fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
