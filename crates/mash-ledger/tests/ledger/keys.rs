//! Keys that come into use and go out of it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mash_ledger::{Fault, Kind, SigningKey, export::Writer, hash, tree::Frontier, verify::Trust};

use crate::support::{ORIGIN, checkpoint, entry, fault, key, key_entry, verify};

/// Key 1 signs; at 10 key 2 comes into use beside it, at 20 key 1 goes, and what comes last is signed with these.
fn rotated(last: &[&SigningKey]) -> Vec<String> {
    let (one, two) = (key(1), key(2));
    let offered = [one.verifier().clone(), two.verifier().clone()];
    let mut tree = Frontier::default();
    let (mut writer, mut text) = Writer::begin(ORIGIN, (&offered, &[]), &tree, 30);
    for index in 0..30 {
        let entry = match index {
            10 => key_entry(Kind::KeyAdded, two.verifier()),
            20 => key_entry(Kind::KeyRetired, one.verifier()),
            index => entry(index),
        };
        let encoded = entry.encode().unwrap();
        text.push_str(&writer.entry(&encoded, hash::leaf(&encoded)));
        tree.push(hash::leaf(&encoded));
        let signers: &[&SigningKey] = match index + 1 {
            10 => &[&one],
            20 => &[&two, &one],
            25 => &[&two],
            30 => last,
            _ => continue,
        };
        text.push_str(&writer.checkpoint(&checkpoint(&tree, signers)));
    }
    text.push_str(&writer.end());
    text.lines().map(str::to_owned).collect()
}

fn with(keys: &[SigningKey]) -> Trust {
    Trust { keys: keys.iter().map(|key| key.verifier().clone()).collect(), ..Trust::default() }
}

#[test]
fn whoever_has_the_first_key_believes_the_second_one_and_whoever_has_the_second_needs_no_more() {
    let lines = rotated(&[&key(2)]);
    let report = verify(&lines, with(&[key(1)])).unwrap();
    assert_eq!((report.checkpoints, report.keys), (4, vec![key(2).verifier().label()]));
    let report = verify(&lines, with(&[key(2)])).unwrap();
    assert_eq!(report.checkpoints, 3, "the first one is passed over");
}

#[test]
fn a_key_that_was_rotated_away_signs_nothing_any_more() {
    let found = fault(&rotated(&[&key(1)]), with(&[key(1)]));
    assert_eq!(found, Fault::RetiredKey { key: key(1).verifier().label() });
}

#[test]
fn a_key_that_nobody_vouched_for_is_not_believed() {
    assert_eq!(fault(&rotated(&[&key(3)]), with(&[key(1)])), Fault::UnknownKey);
    // In the head of the export, and never in the ledger.
    let mut lines = rotated(&[&key(3)]);
    lines.insert(2, format!("key {}", key(3).verifier()));
    assert_eq!(fault(&lines, with(&[key(1)])), Fault::NotCovered { entries: 25..30 });
}

#[test]
fn a_signature_in_the_name_of_a_trusted_key_must_be_by_it() {
    let mut lines = rotated(&[&key(2)]);
    let place = lines.iter().rposition(|line| line.starts_with("c ")).unwrap();
    let note =
        String::from_utf8(STANDARD.decode(lines[place].trim_start_matches("c ")).unwrap()).unwrap();
    let mut forged = mash_ledger::Note::parse(&note).unwrap();
    let mut signature = forged.signatures()[0].clone();
    signature.bytes[9] ^= 1;
    forged.add(signature);
    lines[place] = format!("c {}", STANDARD.encode(forged.to_string()));
    let found = fault(&lines, with(&[key(1)]));
    assert_eq!(found, Fault::Forged { key: key(2).verifier().label() });
}
