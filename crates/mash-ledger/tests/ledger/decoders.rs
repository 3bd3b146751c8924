//! Whatever the bytes: an answer, and never a panic. What is read is written back as it was.

use mash_ledger::{Checkpoint, Entry, Note, SigningKey, VerifierKey, verify::Trust};
use proptest::prelude::*;

use crate::support::{checkpoint, entry, export, key, verify};

fn mutated(mut bytes: Vec<u8>, changes: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    for (at, what, byte) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = at.index(bytes.len());
        match what % 4 {
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            2 => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_entry_has_one_encoding(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
        if let Ok(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(entry.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn a_changed_entry_is_refused_or_another_entry(index in 0..100_u64, changes in changes()) {
        let whole = entry(index).encode().unwrap();
        let changed = mutated(whole, &changes);
        match Entry::decode(&changed) {
            Ok(read) => prop_assert_eq!(read.encode().unwrap(), changed),
            Err(fault) => prop_assert_eq!(fault.code(), "MASH-L012"),
        }
    }

    #[test]
    fn a_note_is_read_as_it_is_written(text in "\\PC{0,300}", changes in changes()) {
        let _any = Note::parse(&text);
        let mut tree = mash_ledger::tree::Frontier::default();
        tree.push(mash_ledger::hash::leaf(b"one"));
        let whole = checkpoint(&tree, &[&key(1)]).to_string();
        let changed = mutated(whole.clone().into_bytes(), &changes);
        let Ok(changed) = String::from_utf8(changed) else { return Ok(()) };
        if let Ok(note) = Note::parse(&changed) {
            let _says = Checkpoint::of(&note);
            let keys = [key(1).verifier().clone()];
            let believed = note.signed_by(&keys).is_ok_and(|signers| !signers.is_empty());
            prop_assert!(!believed || whole.starts_with(note.text()));
        }
    }

    #[test]
    fn keys_of_any_text_are_refused(text in "\\PC{0,200}") {
        prop_assert!(VerifierKey::parse(&text).is_err());
        let secret = format!("PRIVATE+KEY+{text}");
        prop_assert!(SigningKey::parse(&secret).is_err());
    }

    #[test]
    fn bytes_are_no_export(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        prop_assert!(verify(&lines, Trust::default()).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Without a key brought along too: an export that changed in any way is never the same ledger.
    #[test]
    fn a_changed_export_is_refused_or_says_the_same(changes in changes()) {
        let whole = export(40, 20);
        let said = verify(&whole, Trust::default()).unwrap();
        let changed = mutated(whole.join("\n").into_bytes(), &changes);
        let lines: Vec<&[u8]> = changed.split(|byte| *byte == b'\n').collect();
        if let Ok(report) = verify(&lines, Trust::default()) {
            prop_assert_eq!((report.root, report.entries), (said.root, said.entries));
        }
    }
}
