//! A ledger to try things on.

use mash_ledger::{
    Checkpoint, Entry, Hash, Kind, Note, SigningKey, Use, VerifierKey,
    export::Writer,
    hash,
    tree::Frontier,
    verify::{Broken, Report, Trust, Verifier},
};

pub(crate) const ORIGIN: &str = "ledger.example/tests";

pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, Use::Note, [number; 32]).unwrap()
}

pub(crate) fn witness(number: u8) -> SigningKey {
    let name = format!("witness.example/{number}");
    SigningKey::from_seed(&name, Use::Cosignature, [100 + number; 32]).unwrap()
}

pub(crate) fn entry(index: u64) -> Entry {
    Entry {
        id: Entry::id_of(&["test", &index.to_string()]),
        kind: if index.is_multiple_of(3) { Kind::Refused } else { Kind::Permitted },
        at_ms: 1_760_000_000_000 + index,
        late: false,
        organisation: "school/6722951".to_owned(),
        case: format!("{:032x}", index / 4),
        subject: format!("decisions/{index}"),
        ruleset: "2026-11-20.1".to_owned(),
        commitment: hash::plain(&index.to_be_bytes()),
    }
}

pub(crate) fn key_entry(kind: Kind, key: &VerifierKey) -> Entry {
    let line = key.to_string();
    Entry {
        id: Entry::id_of(&[kind.word(), &line]),
        kind,
        subject: key.label(),
        case: String::new(),
        commitment: hash::plain(line.as_bytes()),
        ..entry(0)
    }
}

pub(crate) fn checkpoint(tree: &Frontier, keys: &[&SigningKey]) -> Note {
    let says = Checkpoint { origin: ORIGIN.to_owned(), size: tree.size(), root: tree.root() };
    Note::sign(&says.to_string(), keys).unwrap()
}

/// An export of so many entries with a checkpoint after every `each`, the last co-signed by one witness.
pub(crate) fn export(entries: u64, each: u64) -> Vec<String> {
    let entries: Vec<Vec<u8>> = (0..entries).map(|index| entry(index).encode().unwrap()).collect();
    export_of(&entries, each)
}

pub(crate) fn export_of(entries: &[Vec<u8>], each: u64) -> Vec<String> {
    let (signer, witness) = (key(1), witness(1));
    let to = entries.len() as u64;
    let keys = ([signer.verifier().clone()], [witness.verifier().clone()]);
    let mut tree = Frontier::default();
    let (mut writer, mut text) = Writer::begin(ORIGIN, (&keys.0, &keys.1), &tree, to);
    for encoded in entries {
        text.push_str(&writer.entry(encoded, hash::leaf(encoded)));
        tree.push(hash::leaf(encoded));
        if tree.size().is_multiple_of(each) || tree.size() == to {
            let mut note = checkpoint(&tree, &[&signer]);
            if tree.size() == to {
                note.add(note.cosign(&witness, 1_760_000_000));
            }
            text.push_str(&writer.checkpoint(&note));
        }
    }
    text.push_str(&writer.end());
    text.lines().map(str::to_owned).collect()
}

pub(crate) fn trust() -> Trust {
    Trust { keys: vec![key(1).verifier().clone()], ..Trust::default() }
}

pub(crate) fn verify(lines: &[impl AsRef<[u8]>], trust: Trust) -> Result<Report, Broken> {
    let mut verifier = Verifier::new(trust);
    for line in lines {
        verifier.line(line.as_ref())?;
    }
    verifier.finish()
}

/// The first fault.
pub(crate) fn fault(lines: &[impl AsRef<[u8]>], trust: Trust) -> mash_ledger::Fault {
    verify(lines, trust).unwrap_err().faults.remove(0)
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

pub(crate) fn hash_of(text: &str) -> Hash {
    Hash::from_slice(&hex(text)).unwrap()
}
