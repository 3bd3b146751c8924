//! A ledger, or a part of it, in a file of lines.
//!
//! ```text
//! mash-ledger-export/1
//! origin <the ledger>
//! key <verifier key>              any number
//! witness <verifier key>          any number
//! from <first entry> <hashes>     the roots of the perfect trees before it
//! to <entries>
//!
//! e <index> <hash> <entry>        every entry, with its leaf hash
//! t <tile> <hash>                 after every 256th entry of the ledger, the root above those 256
//! c <signed note>                 a checkpoint, right after the last entry that it covers
//! end <entries>
//! ```
//!
//! Hashes, entries and notes are in Base64. The hashes say nothing that the entries do not say; they are there so that
//! whoever changes an entry is shown to have changed that one.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{hash::Hash, key::VerifierKey, note::Note, tiles::WIDTH, tree::Frontier};

/// The first line.
pub const FIRST_LINE: &str = "mash-ledger-export/1";
/// No line is longer, in bytes: a note in Base64, with room to spare.
pub const LONGEST_LINE: usize = 2 * crate::note::LONGEST;

/// Writes an export, line by line.
#[derive(Debug)]
pub struct Writer {
    next: u64,
    to: u64,
    tile: Frontier,
}

impl Writer {
    /// Begins an export of what comes after `before`, up to a ledger of `to` entries, and returns its head.
    #[must_use]
    pub fn begin(
        origin: &str,
        (keys, witnesses): (&[VerifierKey], &[VerifierKey]),
        before: &Frontier,
        to: u64,
    ) -> (Self, String) {
        let mut head = format!("{FIRST_LINE}\norigin {origin}\n");
        keys.iter().for_each(|key| head.push_str(&format!("key {key}\n")));
        witnesses.iter().for_each(|key| head.push_str(&format!("witness {key}\n")));
        head.push_str(&format!("from {}", before.size()));
        before.peaks().iter().for_each(|peak| head.push_str(&format!(" {}", peak.to_base64())));
        head.push_str(&format!("\nto {to}\n\n"));
        (Self { next: before.size(), to, tile: Frontier::default() }, head)
    }

    /// The next entry, with the hash that was kept when it was appended: if the entry was changed since, that is how
    /// anybody can tell.
    pub fn entry(&mut self, encoded: &[u8], leaf: Hash) -> String {
        let index = self.next;
        let mut line = format!("e {index} {} {}\n", leaf.to_base64(), STANDARD.encode(encoded));
        self.next += 1;
        if let Some(root) = tile_root(&mut self.tile, index, leaf) {
            line.push_str(&format!("t {} {}\n", index / WIDTH, root.to_base64()));
        }
        line
    }

    /// A checkpoint of what was written so far.
    #[must_use]
    pub fn checkpoint(&self, note: &Note) -> String {
        format!("c {}\n", STANDARD.encode(note.to_string()))
    }

    /// The last line.
    #[must_use]
    pub fn end(&self) -> String {
        format!("end {}\n", self.to)
    }
}

/// Takes a leaf into the tile of which it is one, and returns the root above the tile with its last leaf, if the tile was
/// seen from its first leaf on.
pub(crate) fn tile_root(tile: &mut Frontier, index: u64, leaf: Hash) -> Option<Hash> {
    if index.is_multiple_of(WIDTH) {
        *tile = Frontier::default();
    }
    tile.push(leaf);
    let whole = index % WIDTH == WIDTH - 1 && tile.size() == WIDTH;
    whole.then(|| tile.root())
}
