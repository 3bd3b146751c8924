//! Checking an export, line by line, with nothing but the export and a key.

use std::{collections::BTreeMap, ops::Range};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    checkpoint::{Checkpoint, number},
    entry::{Entry, Kind},
    export::{FIRST_LINE, LONGEST_LINE, tile_root},
    fault::Fault,
    hash::{self, Hash},
    key::{Use, VerifierKey},
    note::Note,
    tiles::WIDTH,
    tree::Frontier,
};

mod keys;

use keys::Keys;

/// How many changed entries are listed.
const LISTED: usize = 20;
/// Keys in the head of an export.
const MOST_KEYS: usize = 1_000;

/// What the one who verifies brings along.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Keys of the ledger, from anywhere but the export. Without one, those in the export are taken, which shows that the
    /// export is whole, and not whose it is.
    pub keys: Vec<VerifierKey>,
    /// Keys of witnesses; without one, those in the export are taken.
    pub witnesses: Vec<VerifierKey>,
    /// How many of them must have co-signed the last checkpoint.
    pub quorum: usize,
    /// A checkpoint of the ledger that is known from elsewhere: the export must continue or contain it.
    pub known: Option<Note>,
}

/// What was found to be in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which ledger.
    pub origin: String,
    /// Which entries.
    pub entries: Range<u64>,
    /// The root of the tree at their end.
    pub root: Hash,
    /// How many of each kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// How many were written late.
    pub late: u64,
    /// How many checkpoints of trusted keys were checked.
    pub checkpoints: u64,
    /// The keys that are trusted at the end, by name and id.
    pub keys: Vec<String>,
    /// Whether these keys come from the export itself.
    pub on_first_use: bool,
    /// Who has co-signed the last checkpoint, and when, in seconds since the epoch.
    pub witnesses: Vec<(String, u64)>,
}

/// What is wrong with an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The line at which it was found, from 1.
    pub line: u64,
    /// What is wrong, the worst first.
    pub faults: Vec<Fault>,
}

/// Checks an export.
#[derive(Debug)]
pub struct Verifier {
    quorum: usize,
    known: Option<Result<Checkpoint, Fault>>,
    line: u64,
    place: Place,
    origin: String,
    keys: Keys,
    begin: u64,
    to: u64,
    /// The tree of the hashes that are listed.
    listed: Frontier,
    /// The tree of the entries themselves, once one is not what was listed for it.
    actual: Option<Frontier>,
    tile: Frontier,
    /// The root that the next line must have for the tile that is full.
    owed_tile: Option<(u64, Hash)>,
    odd_tiles: Vec<u64>,
    changed: Vec<u64>,
    /// Up to where a checkpoint of a trusted key has vouched.
    vouched: u64,
    known_seen: bool,
    report: Report,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    First,
    Head,
    Body,
    Over,
}

impl Verifier {
    /// Ready for the first line.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        let Trust { keys, witnesses, quorum, known } = trust;
        Self {
            quorum,
            known: known.as_ref().map(Checkpoint::of),
            line: 0,
            place: Place::First,
            origin: String::new(),
            keys: Keys::new(keys, witnesses),
            begin: 0,
            to: 0,
            listed: Frontier::default(),
            actual: None,
            tile: Frontier::default(),
            owed_tile: None,
            odd_tiles: Vec::new(),
            changed: Vec::new(),
            vouched: 0,
            known_seen: false,
            report: Report {
                origin: String::new(),
                entries: 0..0,
                root: hash::empty(),
                kinds: BTreeMap::new(),
                late: 0,
                checkpoints: 0,
                keys: Vec::new(),
                on_first_use: false,
                witnesses: Vec::new(),
            },
        }
    }

    /// The entry that should come next, for whoever shows how far it has got.
    #[must_use]
    pub const fn next_entry(&self) -> u64 {
        self.listed.size()
    }

    /// How many entries the export says that it goes up to.
    #[must_use]
    pub const fn last_entry(&self) -> u64 {
        self.to
    }

    /// The next line, without its line feed.
    ///
    /// # Errors
    ///
    /// [`Broken`] if nothing that follows could mend it.
    pub fn line(&mut self, line: &[u8]) -> Result<(), Broken> {
        self.line += 1;
        if line.len() > LONGEST_LINE {
            return Err(self.broken(Fault::BadExport("this line is longer than any line")));
        }
        let text = std::str::from_utf8(line)
            .map_err(|_| self.broken(Fault::BadExport("this line is no text")))?;
        let done = match self.place {
            Place::First if text == FIRST_LINE => {
                self.place = Place::Head;
                Ok(())
            }
            Place::First => Err(Fault::BadExport("this is not an export of a ledger")),
            Place::Head => self.head(text),
            Place::Body => self.body(text),
            Place::Over => Err(Fault::BadExport("something follows the end")),
        };
        done.map_err(|fault| self.broken(fault))
    }

    /// What to say once every line has been read.
    ///
    /// # Errors
    ///
    /// [`Broken`] if the export is not in order.
    pub fn finish(mut self) -> Result<Report, Broken> {
        self.judge().map_err(|fault| self.broken(fault))?;
        if self.changed.is_empty() {
            Ok(self.report)
        } else {
            // The entries are those that were signed: what was changed are the hashes beside them.
            let entries = std::mem::take(&mut self.changed);
            Err(self.broken(Fault::HashChanged { entries }))
        }
    }

    fn judge(&mut self) -> Result<(), Fault> {
        let entries = self.listed.size();
        if self.place != Place::Over {
            return Err(Fault::CutOff { entries: entries - self.begin });
        }
        // Nothing vouches for what comes before the first entry either.
        if self.to > 0 && self.report.checkpoints == 0 {
            return Err(Fault::UnknownKey);
        }
        if self.vouched < self.to {
            return Err(Fault::NotCovered { entries: self.vouched..self.to });
        }
        if let Some(Ok(known)) = &self.known
            && !self.known_seen
        {
            return Err(if known.size > self.to {
                Fault::RolledBack
            } else {
                Fault::BadExport("it begins after the checkpoint that is known from elsewhere")
            });
        }
        let found = self.report.witnesses.len();
        if found < self.quorum {
            return Err(Fault::TooFewWitnesses { found, wanted: self.quorum });
        }
        self.report.origin.clone_from(&self.origin);
        self.report.entries = self.begin..self.to;
        self.report.root = self.root();
        self.report.keys = self.keys.labels();
        self.report.on_first_use = self.keys.on_first_use();
        Ok(())
    }

    /// The root of the entries as they are.
    fn root(&self) -> Hash {
        self.actual.as_ref().unwrap_or(&self.listed).root()
    }

    fn broken(&mut self, fault: Fault) -> Broken {
        let mut faults = Vec::new();
        // Where a line cannot be read, nobody has found out yet which of the two was changed.
        if !self.changed.is_empty() {
            faults.push(Fault::Edited { entries: std::mem::take(&mut self.changed) });
        }
        if faults.first() != Some(&fault) {
            faults.push(fault);
        }
        Broken { line: self.line, faults }
    }

    fn head(&mut self, text: &str) -> Result<(), Fault> {
        if text.is_empty() {
            return self.begin_body();
        }
        let (word, rest) =
            text.split_once(' ').ok_or(Fault::BadExport("this line of its head is unknown"))?;
        match word {
            "origin" if self.origin.is_empty() => rest.clone_into(&mut self.origin),
            "key" | "witness" if self.keys.offered() >= MOST_KEYS => {
                return Err(Fault::BadExport("it lists more keys than any ledger has"));
            }
            "key" => self.keys.offer(VerifierKey::parse(rest)?, Use::Note)?,
            "witness" => self.keys.offer(VerifierKey::parse(rest)?, Use::Cosignature)?,
            "from" if self.begin == 0 => self.from(rest)?,
            "to" if self.to == 0 => {
                self.to = number(rest).ok_or(Fault::BadExport("its size is no number"))?;
            }
            _ => return Err(Fault::BadExport("this line of its head is unknown")),
        }
        Ok(())
    }

    fn from(&mut self, rest: &str) -> Result<(), Fault> {
        let bad = || Fault::BadExport("what comes before its first entry cannot be read");
        let mut words = rest.split(' ');
        let begin = words.next().and_then(number).ok_or_else(bad)?;
        let peaks: Option<Vec<Hash>> = words.map(Hash::from_base64).collect();
        self.listed = Frontier::new(begin, peaks.ok_or_else(bad)?).ok_or_else(bad)?;
        (self.begin, self.vouched) = (begin, begin);
        Ok(())
    }

    fn begin_body(&mut self) -> Result<(), Fault> {
        if self.origin.is_empty() || self.to < self.begin {
            return Err(Fault::BadExport("its head is not whole"));
        }
        match &self.known {
            Some(Err(fault)) => return Err(fault.clone()),
            Some(Ok(known)) if known.origin != self.origin => return Err(Fault::OtherLedger),
            Some(Ok(_)) | None => {}
        }
        self.keys.begin();
        self.place = Place::Body;
        self.compare_known()
    }

    fn body(&mut self, text: &str) -> Result<(), Fault> {
        let (word, rest) = text.split_once(' ').ok_or(Fault::BadExport("this line is unknown"))?;
        if self.owed_tile.is_some() != (word == "t") {
            return Err(Fault::BadExport("the hash of 256 entries is not where it belongs"));
        }
        match word {
            "e" => self.entry(rest),
            "t" => self.tile(rest),
            "c" => self.checkpoint(rest),
            "end" => self.end(rest),
            _ => Err(Fault::BadExport("this line is unknown")),
        }
    }

    fn entry(&mut self, rest: &str) -> Result<(), Fault> {
        let bad = || Fault::BadExport("this entry cannot be read");
        let mut words = rest.split(' ');
        let (Some(index), Some(leaf), Some(encoded), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(bad());
        };
        let (index, expected) = (number(index).ok_or_else(bad)?, self.listed.size());
        if index != expected {
            return Err(Fault::OutOfOrder { expected, found: index });
        }
        if index >= self.to {
            return Err(Fault::BadExport("it has more entries than it says"));
        }
        let leaf = Hash::from_base64(leaf).ok_or_else(bad)?;
        let encoded = STANDARD.decode(encoded).map_err(|_| bad())?;
        let hashed = hash::leaf(&encoded);
        if hashed == leaf {
            let entry = Entry::decode(&encoded)?;
            *self.report.kinds.entry(entry.kind).or_default() += 1;
            self.report.late += u64::from(entry.late);
            self.keys.heard(index, &entry);
        } else {
            self.actual.get_or_insert_with(|| self.listed.clone());
            if self.changed.len() < LISTED {
                self.changed.push(index);
            }
        }
        if let Some(actual) = &mut self.actual {
            actual.push(hashed);
        }
        self.listed.push(leaf);
        self.owed_tile = tile_root(&mut self.tile, index, leaf).map(|root| (index / WIDTH, root));
        self.compare_known()
    }

    fn tile(&mut self, rest: &str) -> Result<(), Fault> {
        let bad = || Fault::BadExport("the hash of 256 entries cannot be read");
        let (index, root) = rest.split_once(' ').ok_or_else(bad)?;
        let (index, root) = number(index).zip(Hash::from_base64(root)).ok_or_else(bad)?;
        match self.owed_tile.take() {
            Some((owed, _)) if owed != index => Err(bad()),
            Some((_, computed)) => {
                if computed != root {
                    self.odd_tiles.push(index);
                }
                Ok(())
            }
            None => Err(bad()),
        }
    }

    fn checkpoint(&mut self, rest: &str) -> Result<(), Fault> {
        let bytes =
            STANDARD.decode(rest).map_err(|_| Fault::BadExport("a checkpoint cannot be read"))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Fault::BadExport("a checkpoint cannot be read"))?;
        let note = Note::parse(&text)?;
        let checkpoint = Checkpoint::of(&note)?;
        if checkpoint.origin != self.origin {
            return Err(Fault::OtherLedger);
        }
        let size = self.listed.size();
        if checkpoint.size != size {
            return Err(Fault::BadExport("a checkpoint does not stand after its last entry"));
        }
        let believed = self.keys.signed(&note)?;
        self.compare(&checkpoint)?;
        if believed {
            self.vouched = size;
            self.report.checkpoints += 1;
            self.keys.vouched(size);
        }
        self.report.witnesses = self.keys.witnesses(&note)?;
        Ok(())
    }

    /// Whether the entries so far are those that were signed.
    fn compare(&mut self, checkpoint: &Checkpoint) -> Result<(), Fault> {
        if self.root() == checkpoint.root {
            // The entries are right; a hash beside them is not.
            return match self.odd_tiles.first() {
                Some(_) if self.changed.is_empty() => Err(Fault::BadExport(
                    "the hash of 256 entries was changed, the entries were not",
                )),
                Some(_) | None => Ok(()),
            };
        }
        if self.actual.is_some() && self.listed.root() == checkpoint.root {
            // The hashes are those that were signed, so the entries beside them were changed.
            return Err(Fault::Edited { entries: std::mem::take(&mut self.changed) });
        }
        let narrowed = match self.odd_tiles.as_slice() {
            [first, .., last] => first * WIDTH..(last + 1) * WIDTH,
            [only] => only * WIDTH..(only + 1) * WIDTH,
            [] => self.vouched..checkpoint.size,
        };
        Err(Fault::NotSigned { entries: narrowed })
    }

    /// Whether the entries so far are those of the checkpoint that is known from elsewhere.
    fn compare_known(&mut self) -> Result<(), Fault> {
        let known = match &self.known {
            Some(Ok(known)) if known.size == self.listed.size() => known,
            Some(_) | None => return Ok(()),
        };
        if known.root != self.root() {
            return Err(Fault::Inconsistent);
        }
        self.known_seen = true;
        Ok(())
    }

    fn end(&mut self, rest: &str) -> Result<(), Fault> {
        let entries = self.listed.size();
        if number(rest) != Some(self.to) {
            return Err(Fault::BadExport("its end says something else than its head"));
        }
        if entries < self.to {
            return Err(Fault::CutOff { entries: entries - self.begin });
        }
        self.place = Place::Over;
        Ok(())
    }
}
