//! An attacker with the export in hand: whatever is done to it is found, and where.

use mash_ledger::{Fault, Hash, Note, hash, tree::Frontier, verify::Trust};

use crate::support::{checkpoint, entry, export, export_of, fault, key, trust, verify, witness};

fn at(lines: &[String], start: &str) -> usize {
    lines.iter().position(|line| line.starts_with(start)).unwrap()
}

/// The encoded entry of this line in the place of another.
fn with_entry(line: &str, encoded: &[u8], hash: Hash) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let index = line.split(' ').nth(1).unwrap();
    format!("e {index} {} {}", hash.to_base64(), STANDARD.encode(encoded))
}

fn other(index: u64) -> Vec<u8> {
    let mut other = entry(index);
    other.organisation = "school/6722952".to_owned();
    other.encode().unwrap()
}

#[test]
fn an_export_that_nobody_touched_is_in_order() {
    let trust = Trust { quorum: 1, ..trust() };
    let report = verify(&export(1_000, 100), trust).unwrap();
    assert_eq!((report.entries, report.checkpoints), (0..1_000, 10));
    assert_eq!(report.kinds.values().sum::<u64>(), 1_000);
    assert_eq!(report.witnesses, [(witness(1).verifier().label(), 1_760_000_000)]);
    assert!(!report.on_first_use);
    assert!(verify(&export(1_000, 100), Trust::default()).unwrap().on_first_use);
    assert_eq!(verify(&export(0, 1), trust_nobody()).unwrap().entries, 0..0);
}

/// An empty ledger has no checkpoint to sign.
fn trust_nobody() -> Trust {
    Trust::default()
}

#[test]
fn an_edited_entry_is_named() {
    let mut lines = export(1_000, 250);
    let place = at(&lines, "e 617 ");
    let listed = Hash::from_base64(lines[place].split(' ').nth(2).unwrap()).unwrap();
    lines[place] = with_entry(&lines[place], &other(617), listed);
    assert_eq!(fault(&lines, trust()), Fault::Edited { entries: vec![617] });
}

#[test]
fn an_entry_edited_with_its_hash_is_found_among_256() {
    let mut lines = export(1_000, 500);
    let place = at(&lines, "e 617 ");
    lines[place] = with_entry(&lines[place], &other(617), hash::leaf(&other(617)));
    assert_eq!(fault(&lines, trust()), Fault::NotSigned { entries: 512..768 });
}

#[test]
fn a_history_rewritten_from_end_to_end_is_found_at_the_first_checkpoint() {
    let mut entries: Vec<_> = (0..1_000).map(|index| entry(index).encode().unwrap()).collect();
    entries[617] = other(617);
    let (real, mut forged) = (export(1_000, 100), export_of(&entries, 100));
    // Everything is rewritten but what only the ledger's key can make.
    for (line, real) in forged.iter_mut().zip(&real).filter(|(line, _)| line.starts_with("c ")) {
        line.clone_from(real);
    }
    assert_eq!(fault(&forged, trust()), Fault::NotSigned { entries: 600..700 });
}

#[test]
fn dropped_repeated_and_swapped_entries_are_named() {
    let whole = export(300, 100);
    let place = at(&whole, "e 42 ");
    let mut dropped = whole.clone();
    dropped.remove(place);
    assert_eq!(fault(&dropped, trust()), Fault::OutOfOrder { expected: 42, found: 43 });
    let mut twice = whole.clone();
    twice.insert(place, whole[place].clone());
    assert_eq!(fault(&twice, trust()), Fault::OutOfOrder { expected: 43, found: 42 });
    let mut swapped = whole.clone();
    swapped.swap(place, place + 1);
    assert_eq!(fault(&swapped, trust()), Fault::OutOfOrder { expected: 42, found: 43 });
    // Swapped, and numbered as if they were not.
    let renumber = |line: &str, index: u64| {
        let rest: Vec<_> = line.split(' ').skip(2).collect();
        format!("e {index} {}", rest.join(" "))
    };
    swapped[place] = renumber(&whole[place + 1], 42);
    swapped[place + 1] = renumber(&whole[place], 43);
    assert_eq!(fault(&swapped, trust()), Fault::NotSigned { entries: 0..100 });
}

#[test]
fn an_export_cut_off_anywhere_is_refused() {
    let whole = export(300, 100);
    for length in 0..whole.len() {
        let fault = fault(&whole[..length], trust());
        assert!(matches!(fault, Fault::CutOff { .. }), "{length}: {fault}");
    }
    // Cut off, and ended as if that were all.
    let mut shorter = whole[..at(&whole, "e 250 ")].to_vec();
    shorter.push("end 300".to_owned());
    assert_eq!(fault(&shorter, trust()), Fault::CutOff { entries: 250 });
    let place = at(&shorter, "to ");
    shorter[place] = "to 250".to_owned();
    *shorter.last_mut().unwrap() = "end 250".to_owned();
    assert_eq!(fault(&shorter, trust()), Fault::NotCovered { entries: 200..250 });
}

#[test]
fn a_ledger_rolled_back_is_found_by_whoever_has_seen_more() {
    let newer = known(300);
    let older = export(200, 100);
    assert!(verify(&older, trust()).is_ok(), "in itself it is whole");
    let trust = Trust { known: Some(newer), ..trust() };
    assert_eq!(fault(&older, trust), Fault::RolledBack);
}

fn known(size: u64) -> Note {
    let mut tree = Frontier::default();
    (0..size).for_each(|index| tree.push(hash::leaf(&entry(index).encode().unwrap())));
    checkpoint(&tree, &[&key(1)])
}

#[test]
fn a_second_history_signed_with_the_same_key_is_found_by_whoever_has_seen_the_first() {
    let mut entries: Vec<_> = (0..300).map(|index| entry(index).encode().unwrap()).collect();
    entries[17] = other(17);
    let fork = export_of(&entries, 100);
    assert!(verify(&fork, trust()).is_ok(), "in itself it is whole");
    for size in [100, 123, 300] {
        let trust = Trust { known: Some(known(size)), ..trust() };
        assert_eq!(fault(&fork, trust), Fault::Inconsistent, "{size}");
    }
    let trust = Trust { known: Some(known(123)), ..trust() };
    assert!(verify(&export(300, 100), trust).is_ok());
}

#[test]
fn a_forged_checkpoint_and_a_wrong_key_are_refused() {
    let entries: Vec<_> = (0..50).map(other).collect();
    let forged = export_of(&entries, 10);
    let stranger = Trust { keys: vec![key(9).verifier().clone()], ..Trust::default() };
    assert_eq!(fault(&forged, stranger), Fault::UnknownKey);
    // Signatures of one ledger's checkpoints under the entries of another.
    let mut lines = export(50, 10);
    let place = at(&lines, "c ");
    lines[place].clone_from(&forged[place]);
    assert_eq!(fault(&lines, trust()), Fault::NotSigned { entries: 0..10 });
}

#[test]
fn fewer_witnesses_than_wanted_are_too_few() {
    let trust = Trust { quorum: 2, ..trust() };
    let lines = export(50, 10);
    assert_eq!(fault(&lines, trust), Fault::TooFewWitnesses { found: 1, wanted: 2 });
    let stranger =
        Trust { quorum: 1, witnesses: vec![witness(2).verifier().clone()], ..trust_all() };
    assert_eq!(fault(&lines, stranger), Fault::TooFewWitnesses { found: 0, wanted: 1 });
}

fn trust_all() -> Trust {
    trust()
}

/// Each bit of each byte of a small export: nothing else may ever pass.
#[test]
fn a_flipped_bit_anywhere_is_found() {
    let whole = export(260, 130).join("\n").into_bytes();
    // One bit of every byte, another one from byte to byte, so that the test stays quick.
    let entry = |at: usize| {
        let line = whole[..at].rsplit(|byte| *byte == b'\n').next().unwrap();
        line.starts_with(b"e ") && line.len() > 4
    };
    // Of the entries, which are all alike, every eleventh byte.
    for at in (0..whole.len()).filter(|at| !entry(*at) || at.is_multiple_of(11)) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        let lines: Vec<&[u8]> = flipped.split(|byte| *byte == b'\n').collect();
        let outcome = verify(&lines, Trust { quorum: 1, ..trust() });
        let head = &String::from_utf8_lossy(&whole[..at]).matches('\n').count();
        // The keys in the head are not believed by whoever brings a key, and a changed name of one is another key.
        assert!(outcome.is_err() || *head < 4, "byte {at} of line {}", head + 1);
    }
}
