//! Published vectors: the eight leaves of the certificate transparency projects, the example of signed notes, and the
//! examples of checkpoints and cosignatures of C2SP.

use mash_ledger::{
    Checkpoint, Fault, Hash, Note, SigningKey, Use, VerifierKey, hash, proof,
    tree::{self, Frontier},
};

use crate::support::{hash_of, hex};

const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
/// Leaf (from 0), size, proof.
const INCLUSIONS: [(u64, u64, &[&str]); 4] = [
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];
/// Old size, new size, proof.
const CONSISTENCIES: [(u64, u64, &[&str]); 4] = [
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
];
const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
const SIGNATURE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const COSIGNED: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
    \u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

fn leaves() -> Vec<Hash> {
    LEAVES.iter().map(|leaf| hash::leaf(&hex(leaf))).collect()
}

fn hashes(proof: &[&str]) -> Vec<Hash> {
    proof.iter().map(|hash| hash_of(hash)).collect()
}

#[test]
fn roots_are_those_of_the_published_trees() {
    let mut tree = Frontier::default();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(tree.root(), hash_of(empty));
    for (leaf, root) in leaves().into_iter().zip(ROOTS) {
        tree.push(leaf);
        assert_eq!(tree.root(), hash_of(root), "{} leaves", tree.size());
    }
}

#[test]
fn proofs_are_the_published_ones() {
    let leaves = leaves();
    let node = |node: tree::Node| {
        let mut subtree = Frontier::default();
        let first = usize::try_from(node.index << node.level).unwrap();
        leaves[first..first + (1 << node.level)].iter().for_each(|leaf| subtree.push(*leaf));
        Some(subtree.root())
    };
    let root = |size: u64| hash_of(ROOTS[usize::try_from(size).unwrap() - 1]);
    for (index, size, path) in INCLUSIONS {
        let path = hashes(path);
        let made = tree::resolve(&tree::inclusion(index, size).unwrap(), node);
        assert_eq!(made.unwrap(), path, "leaf {index} of {size}");
        let leaf = leaves[usize::try_from(index).unwrap()];
        proof::inclusion(index, size, &leaf, &path, &root(size)).unwrap();
    }
    for (old, new, path) in CONSISTENCIES {
        let path = hashes(path);
        let made = tree::resolve(&tree::consistency(old, new).unwrap(), node);
        assert_eq!(made.unwrap(), path, "{old} to {new}");
        proof::consistency((old, &root(old)), (new, &root(new)), &path).unwrap();
    }
}

#[test]
fn the_example_of_signed_notes_is_signed_byte_for_byte() {
    let (key, secret) = (VerifierKey::parse(KEY).unwrap(), SigningKey::parse(SECRET).unwrap());
    assert_eq!(secret.verifier(), &key);
    assert_eq!((key.to_string(), secret.secret_line()), (KEY.to_owned(), SECRET.to_owned()));
    let note = Note::sign(TEXT, &[&secret]).unwrap();
    assert_eq!(note.to_string(), format!("{TEXT}\n{SIGNATURE}"));
    assert_eq!(note.signed_by(std::slice::from_ref(&key)).unwrap(), [&key]);
}

#[test]
fn notes_that_the_reference_refuses_are_refused() {
    let table = [
        TEXT.to_owned(),
        format!("{TEXT}\n"),
        format!("{TEXT}\n{}", SIGNATURE.trim_end()),
        format!("\u{1}{TEXT}\n{SIGNATURE}"),
        format!("{TEXT}\n{}", SIGNATURE.replace("PeterNeumann", "Bad Name")),
        format!("{TEXT}\n{SIGNATURE}Unexpected line.\n"),
        format!("{TEXT}\n{}", SIGNATURE.repeat(101)),
    ];
    for bad in table {
        assert!(matches!(Note::parse(&bad), Err(Fault::NotANote(_))), "{bad:?}");
    }
    assert!(Note::parse(&format!("{TEXT}\n{}", SIGNATURE.repeat(100))).is_ok());
    let forged =
        Note::parse(&format!("{TEXT}\n{}", SIGNATURE.replace("wJnAM=", "wJnBM="))).unwrap();
    let fault = forged.signed_by(&[VerifierKey::parse(KEY).unwrap()]).unwrap_err();
    assert_eq!(fault.code(), "MASH-L003");
}

#[test]
fn the_examples_of_checkpoints_are_read_and_written_back() {
    let note = Note::parse(COSIGNED).unwrap();
    assert_eq!(note.to_string(), COSIGNED);
    let says = Checkpoint::of(&note).unwrap();
    assert_eq!((says.origin.as_str(), says.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(says.to_string(), note.text());
    let times: Vec<_> = note.signatures().iter().map(|it| it.cosigned_at()).collect();
    assert_eq!(times, [None, Some(1_679_315_147)]);
}

#[test]
fn keys_of_others_are_read_or_refused_as_published() {
    let witness = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
    let key = VerifierKey::parse(witness).unwrap();
    assert_eq!((key.purpose(), key.to_string().as_str()), (Use::Cosignature, witness));
    let table = [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "bananas.example+12344556",
        "bananas.example+12345678+THIS_IS_NOT_BASE64!",
        "bananas.example+12345678+AwEB",
        "",
    ];
    for bad in table {
        assert!(matches!(VerifierKey::parse(bad), Err(Fault::BadKey(_))), "{bad:?}");
    }
}
