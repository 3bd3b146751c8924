//! What can be wrong with what is to be verified. Each has a code with a page in `docs/errors`.

use std::ops::Range;

/// Why something is not believed.
///
/// No text quotes what was read: an export may come from anybody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It is not a signed note.
    #[error("this is not a signed note: {0}")]
    NotANote(&'static str),
    /// It is a signed note, and not a checkpoint.
    #[error("this is not a checkpoint: {0}")]
    NotACheckpoint(&'static str),
    /// A signature in the name of a trusted key is not of that key.
    #[error("forged: the signature in the name of `{key}` is not by that key")]
    Forged {
        /// The name of the key.
        key: String,
    },
    /// No signature is of a trusted key.
    #[error("no signature is by a key that you trust")]
    UnknownKey,
    /// The only signatures are of keys that were rotated away before.
    #[error("signed only with `{key}`, a key that was rotated away before")]
    RetiredKey {
        /// The name of the key, and its id.
        key: String,
    },
    /// It is about another ledger.
    #[error("this is about another ledger")]
    OtherLedger,
    /// A key cannot be read.
    #[error("this is not a key: {0}")]
    BadKey(&'static str),
    /// A proof has not as many hashes as it must have, or there is no such leaf.
    #[error("the proof has not the form of a proof for this entry and this size")]
    ProofShape,
    /// A proof leads to another root.
    #[error("the proof does not lead from this entry to the root of this checkpoint")]
    NotIncluded,
    /// Two checkpoints are of two histories.
    #[error("two histories: the later checkpoint does not continue the earlier one")]
    Inconsistent,
    /// It is older than what is known already.
    #[error("rolled back: it is older than the checkpoint that is known already")]
    RolledBack,
    /// An entry cannot be read.
    #[error("an entry cannot be read: {0}")]
    BadEntry(&'static str),
    /// An export ends before its end.
    #[error("the export is cut off: it has {entries} entries, and does not end")]
    CutOff {
        /// Entries that were read.
        entries: u64,
    },
    /// A line of an export is not such a line.
    #[error("the export cannot be read here: {0}")]
    BadExport(&'static str),
    /// An entry is missing, is there twice, or stands in another place.
    #[error("entry {expected} should stand here, and entry {found} does")]
    OutOfOrder {
        /// Whose turn it was.
        expected: u64,
        /// Which one came.
        found: u64,
    },
    /// Entries are not what was hashed for them.
    #[error("changed after it was written: {}", indices(.entries))]
    Edited {
        /// Which, as far as they are listed.
        entries: Vec<u64>,
    },
    /// Entries are what was signed, and the hashes beside them are not.
    #[error("a hash was changed beside {}; the entries were not", indices(.entries))]
    HashChanged {
        /// Beside which, as far as they are listed.
        entries: Vec<u64>,
    },
    /// The entries are whole in themselves, and are not those that were signed.
    #[error("the entries from {} to before {} are not those that were signed", .entries.start, .entries.end)]
    NotSigned {
        /// Among which the fault is.
        entries: Range<u64>,
    },
    /// Fewer witnesses than wanted have co-signed.
    #[error("{found} witnesses have co-signed the last checkpoint, and {wanted} were wanted")]
    TooFewWitnesses {
        /// How many have.
        found: usize,
        /// How many were wanted.
        wanted: usize,
    },
    /// No checkpoint vouches for the last entries.
    #[error("no checkpoint covers the entries from {} to before {}", .entries.start, .entries.end)]
    NotCovered {
        /// Which.
        entries: Range<u64>,
    },
}

impl Fault {
    /// The entries that it names, by number; none where it does not name any.
    #[must_use]
    pub fn entries(&self) -> &[u64] {
        if let Self::Edited { entries } | Self::HashChanged { entries } = self {
            return entries;
        }
        &[]
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotANote(_) => "MASH-L001",
            Self::NotACheckpoint(_) => "MASH-L002",
            Self::Forged { .. } => "MASH-L003",
            Self::UnknownKey => "MASH-L004",
            Self::RetiredKey { .. } => "MASH-L005",
            Self::OtherLedger => "MASH-L006",
            Self::BadKey(_) => "MASH-L007",
            Self::ProofShape => "MASH-L008",
            Self::NotIncluded => "MASH-L009",
            Self::Inconsistent => "MASH-L010",
            Self::RolledBack => "MASH-L011",
            Self::BadEntry(_) => "MASH-L012",
            Self::CutOff { .. } => "MASH-L013",
            Self::BadExport(_) => "MASH-L014",
            Self::OutOfOrder { .. } => "MASH-L015",
            Self::Edited { .. } => "MASH-L016",
            Self::NotSigned { .. } => "MASH-L017",
            Self::TooFewWitnesses { .. } => "MASH-L018",
            Self::NotCovered { .. } => "MASH-L019",
            Self::HashChanged { .. } => "MASH-L020",
        }
    }
}

fn indices(entries: &[u64]) -> String {
    let listed: Vec<String> = entries.iter().map(|index| format!("entry {index}")).collect();
    listed.join(", ")
}
