//! What somebody may hand over that is no evidence: each has a refusal of its own, with its code.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mash_ledger::{Checkpoint, Fault, Hash, Note, SigningKey, Use, hash, proof, tree::Frontier};
use proptest::prelude::*;

use crate::support::{ORIGIN, checkpoint, entry, export, key, trust, verify, witness};

fn tree(entries: std::ops::Range<u64>) -> Frontier {
    let mut tree = Frontier::default();
    entries.for_each(|index| tree.push(hash::leaf(&entry(index).encode().unwrap())));
    tree
}

#[test]
fn a_forged_checkpoint_one_of_another_ledger_and_one_of_a_wrong_key_are_told_apart() {
    let keys = [key(1).verifier().clone()];
    let code = |note: &Note, origin: &str| {
        Checkpoint::verified(note, origin, &keys).map(drop).unwrap_err().code()
    };
    let good = checkpoint(&tree(0..9), &[&key(1)]);
    assert!(Checkpoint::verified(&good, ORIGIN, &keys).is_ok());
    let forged = good.to_string().replacen("\n9\n", "\n8\n", 1);
    assert_eq!(code(&Note::parse(&forged).unwrap(), ORIGIN), "MASH-L003");
    assert_eq!(code(&checkpoint(&tree(0..9), &[&key(2)]), ORIGIN), "MASH-L004");
    assert_eq!(code(&good, "ledger.example/other"), "MASH-L006");
    // A witness vouches for what it has seen, and never in the place of the ledger.
    let mut only_seen = checkpoint(&tree(0..9), &[&key(2)]);
    only_seen.add(only_seen.cosign(&witness(1), 5));
    assert_eq!(code(&only_seen, ORIGIN), "MASH-L004");
    let told = Note::sign("a text\n", &[&key(1)]).unwrap();
    assert_eq!(code(&told, ORIGIN), "MASH-L002");
}

#[test]
fn a_proof_for_another_tree_leads_nowhere() {
    let leaf = |index| hash::leaf(&entry(index).encode().unwrap());
    // Two leaves: the path of the first is the second.
    let (ours, other) = (tree(0..2).root(), tree(5..7).root());
    proof::inclusion(0, 2, &leaf(0), &[leaf(1)], &ours).unwrap();
    let refused = proof::inclusion(0, 2, &leaf(0), &[leaf(1)], &other).unwrap_err();
    assert_eq!(refused.code(), "MASH-L009");
    let refused = proof::inclusion(0, 3, &leaf(0), &[leaf(1)], &ours).unwrap_err();
    assert_eq!(refused.code(), "MASH-L008");
    let longer = tree(0..3).root();
    proof::consistency((2, &ours), (3, &longer), &[leaf(2)]).unwrap();
    let refused = proof::consistency((2, &other), (3, &longer), &[leaf(2)]).unwrap_err();
    assert_eq!(refused.code(), "MASH-L010");
}

/// A line of the export by what it begins with, the code for a flipped bit in each part of it.
const SECTIONS: [(&str, usize, &[&str]); 12] = [
    ("mash-ledger-export/1", 3, &["MASH-L014"]),
    ("origin ", 2, &["MASH-L014"]),
    ("origin ", 12, &["MASH-L006"]),
    ("from ", 5, &["MASH-L014", "MASH-L015"]),
    ("to ", 3, &["MASH-L014", "MASH-L013"]),
    ("e 7 ", 2, &["MASH-L014", "MASH-L015"]),
    ("e 7 ", 9, &["MASH-L017", "MASH-L020"]),
    ("e 7 ", 70, &["MASH-L016"]),
    ("t 0 ", 9, &["MASH-L014"]),
    ("c ", 12, &["MASH-L001", "MASH-L002", "MASH-L006", "MASH-L003"]),
    ("c ", 400, &["MASH-L001", "MASH-L003", "MASH-L014", "MASH-L018"]),
    ("end ", 4, &["MASH-L014"]),
];

#[test]
fn a_flipped_bit_in_each_section_of_an_export_has_a_refusal_of_its_own() {
    let whole = export(260, 130);
    for (start, at, codes) in SECTIONS {
        let line = whole.iter().position(|line| line.starts_with(start)).unwrap();
        let at = at.min(whole[line].len() - 1);
        for bit in 0..7 {
            let mut lines: Vec<Vec<u8>> = whole.iter().map(|it| it.clone().into_bytes()).collect();
            lines[line][at] ^= 1 << bit;
            if lines[line][at] == b'\n' {
                continue;
            }
            let quorum = mash_ledger::verify::Trust { quorum: 1, ..trust() };
            let broken = verify(&lines, quorum).unwrap_err();
            let told = broken.faults[0].code();
            let readable = ["MASH-L014", "MASH-L012"].contains(&told);
            assert!(readable || codes.contains(&told), "`{start}` at {at}, bit {bit}: {told}");
        }
    }
}

#[test]
fn an_export_cut_in_any_byte_of_it_is_never_in_order() {
    let whole = export(20, 10).join("\n").into_bytes();
    for length in 0..whole.len() {
        let lines: Vec<&[u8]> = whole[..length].split(|byte| *byte == b'\n').collect();
        assert!(verify(&lines, trust()).is_err(), "{length}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Any bytes in the name of a witness: read or not, and never counted.
    #[test]
    fn a_cosignature_of_any_bytes_vouches_for_nothing(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let seen = witness(1);
        let mut note = checkpoint(&tree(0..3), &[&key(1)]);
        let mut line = seen.verifier().id().to_vec();
        line.extend(&bytes);
        let name = seen.verifier().name();
        let text = format!("{note}\u{2014} {name} {}\n", STANDARD.encode(line));
        if let Ok(read) = Note::parse(&text) {
            prop_assert!(read.signed_by(&[seen.verifier().clone()]).is_err());
        }
        note.add(note.cosign(&seen, 7));
        prop_assert!(note.signed_by(&[seen.verifier().clone()]).is_ok());
    }

    /// One bit of a proof, of its leaf or of its place: another root, or no proof at all.
    #[test]
    fn a_proof_with_a_flipped_bit_is_refused(size in 2..300_u64, at in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>()) {
        let leaves: Vec<Hash> = (0..size).map(|index| hash::leaf(&index.to_be_bytes())).collect();
        let index = u64::try_from(at.index(leaves.len())).unwrap();
        let (root, path) = by_definition(&leaves, usize::try_from(index).unwrap());
        let leaf = leaves[usize::try_from(index).unwrap()];
        prop_assert_eq!(proof::inclusion(index, size, &leaf, &path, &root), Ok(()));
        let mut hashes = path.clone();
        hashes.extend([leaf, root]);
        let place = flip.index(hashes.len() * 256);
        let mut bytes = *hashes[place / 256].as_bytes();
        bytes[place % 256 / 8] ^= 1 << (place % 8);
        hashes[place / 256] = Hash::from_slice(&bytes).unwrap();
        let (root, leaf) = (hashes.pop().unwrap(), hashes.pop().unwrap());
        prop_assert_eq!(proof::inclusion(index, size, &leaf, &hashes, &root), Err(Fault::NotIncluded));
        prop_assert!(proof::inclusion(index, size, &leaf, &path[1..], &root).is_err());
    }

    /// A secret key of any bytes in the right dress, and a public one: read as themselves, or not at all.
    #[test]
    fn a_changed_key_is_no_key(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        for whole in [key(1).verifier().to_string(), key(1).secret_line()] {
            let mut changed = whole.clone().into_bytes();
            let place = at.index(changed.len());
            changed[place] = byte;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            if changed == whole {
                continue;
            }
            prop_assert!(mash_ledger::VerifierKey::parse(&changed).is_err(), "{}", changed);
            let read = SigningKey::parse(&changed);
            prop_assert!(read.is_err() || read.is_ok_and(|read| read.verifier().purpose() == Use::Note && read.secret_line() == changed));
        }
    }
}

/// The root and the path of RFC 6962, sections 2.1 and 2.1.1, as they are written there.
fn by_definition(leaves: &[Hash], index: usize) -> (Hash, Vec<Hash>) {
    if let [only] = leaves {
        return (*only, Vec::new());
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let ((left, mut path), (right, other)) = (
        by_definition(left, index.min(left.len() - 1)),
        by_definition(right, index.saturating_sub(left.len())),
    );
    let root = hash::node(&left, &right);
    if index < leaves.len().next_power_of_two() / 2 {
        path.push(right);
        return (root, path);
    }
    let mut path = other;
    path.push(left);
    (root, path)
}
