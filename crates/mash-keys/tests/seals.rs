//! What sealing promises, tried with the vectors of RFC 9180, with whatever else a bus may do, and with arbitrary bytes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail loudly"
)]

use std::{collections::HashSet, sync::Arc, time::Duration};

use mash_keys::{
    DataKey, KeyError, KeyId, Wrapped, content,
    wire::{self, Limits, Opener, RecipientKey, Sealer},
};
use proptest::prelude::*;
use rustls::crypto::{
    aws_lc_rs::hpke::ALL_SUPPORTED_SUITES,
    hpke::{EncapsulatedSecret, HpkePrivateKey},
};

/// Published test vectors of RFC 9180 (base mode, X25519, HKDF-SHA256): AES-128-GCM, which the appendix prints, and
/// AES-256-GCM, which is the suite used here.
const VECTORS: &str = include_str!("rfc9180.json");

fn hex(value: &serde_json::Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn the_hpke_in_use_opens_the_published_vectors() {
    let vectors: Vec<serde_json::Value> = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(vectors.len(), 2);
    for vector in &vectors {
        let aead = vector["aead_id"].as_u64().unwrap();
        let suite = ALL_SUPPORTED_SUITES
            .iter()
            .find(|suite| {
                let suite = suite.suite();
                u16::from(suite.kem) == 32 && u64::from(u16::from(suite.sym.aead_id)) == aead
            })
            .unwrap();
        let (enc, private) = (EncapsulatedSecret(hex(&vector["enc"])), hex(&vector["skRm"]));
        let mut opener = suite
            .setup_opener(&enc, &hex(&vector["info"]), &HpkePrivateKey::from(private))
            .unwrap();
        let messages = vector["encryptions"].as_array().unwrap();
        assert_eq!(messages.len(), 8);
        for message in messages {
            let opened = opener.open(&hex(&message["aad"]), &hex(&message["ct"])).unwrap();
            assert_eq!(opened, hex(&message["pt"]));
        }
    }
}

fn pair() -> (Sealer, Opener) {
    limited(Limits::default())
}

fn limited(limits: Limits) -> (Sealer, Opener) {
    let key = RecipientKey::fresh().unwrap();
    (Sealer::new(key.public.clone(), limits), Opener::new([key]))
}

#[test]
fn a_bus_may_lose_repeat_and_reorder() {
    let (sealer, opener) = limited(Limits { messages: 7, age: Duration::from_secs(3600) });
    let sealed: Vec<_> = (0..50u32).map(|n| sealer.seal(b"t", &n.to_be_bytes()).unwrap()).collect();
    for n in [49u32, 3, 3, 48, 0, 21, 3, 7, 6] {
        let opened = opener.open(b"t", &sealed[n as usize]).unwrap();
        assert_eq!(opened, n.to_be_bytes());
    }
}

#[test]
fn a_recipient_that_restarts_opens_what_was_sealed_before() {
    let key = RecipientKey::fresh().unwrap();
    let kept = (key.public.clone(), key.private().unwrap());
    let sealer = Sealer::new(key.public, Limits::default());
    let sealed: Vec<_> = (0..3u8).map(|n| sealer.seal(b"t", &[n]).unwrap()).collect();
    // In the middle of a context, and with nothing remembered.
    let opener = Opener::new([RecipientKey::of(kept.0, &kept.1)]);
    assert_eq!(opener.open(b"t", &sealed[2]).unwrap(), [2]);
}

/// Which content key and which nonce: the recipient, the number, and the encapsulation in a message's header.
fn nonce_of(sealed: &[u8]) -> Vec<u8> {
    sealed[2..98].to_vec()
}

#[test]
fn no_nonce_is_used_twice_whatever_replicas_threads_and_limits() {
    let key = RecipientKey::fresh().unwrap();
    for limits in [
        Limits::default(),
        Limits { messages: 3, age: Duration::from_secs(3600) },
        Limits { messages: 0, age: Duration::from_secs(3600) },
        Limits { messages: 1_000, age: Duration::ZERO },
    ] {
        // Two replicas with four threads each, which publish the very same messages.
        let replicas: Vec<_> =
            (0..2).map(|_| Arc::new(Sealer::new(key.public.clone(), limits))).collect();
        let threads: Vec<_> = replicas
            .iter()
            .flat_map(|replica| std::iter::repeat_n(replica, 4))
            .map(|replica| {
                let replica = Arc::clone(replica);
                std::thread::spawn(move || {
                    (0..50u8)
                        .map(|n| nonce_of(&replica.seal(b"t", &[n]).unwrap()))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let nonces: Vec<_> =
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        let distinct: HashSet<_> = nonces.iter().collect();
        assert_eq!(distinct.len(), 400);
    }
}

#[test]
fn a_context_ends_after_its_count() {
    let (sealer, _) = limited(Limits { messages: 10, age: Duration::from_secs(3600) });
    let contexts: HashSet<_> =
        (0..100).map(|_| sealer.seal(b"t", b"m").unwrap()[18..98].to_vec()).collect();
    assert_eq!(contexts.len(), 10);
}

#[test]
fn many_senders_are_opened_though_few_contexts_are_remembered() {
    let key = RecipientKey::fresh().unwrap();
    let public = key.public.clone();
    let opener = Opener::new([key]);
    let sealed: Vec<_> = (0..1_100u32)
        .map(|n| {
            Sealer::new(public.clone(), Limits::default()).seal(b"t", &n.to_be_bytes()).unwrap()
        })
        .collect();
    for round in 0..2 {
        for (n, message) in (0u32..).zip(&sealed) {
            assert_eq!(opener.open(b"t", message).unwrap(), n.to_be_bytes(), "round {round}");
        }
    }
}

#[test]
fn a_message_opens_for_its_topic_and_its_recipient_alone() {
    let (sealer, opener) = pair();
    let sealed = sealer.seal(b"topic\x1forganisation", b"message").unwrap();
    assert!(matches!(opener.open(b"topic\x1fanother", &sealed), Err(KeyError::Broken)));
    let (_, stranger) = pair();
    let refused = stranger.open(b"topic\x1forganisation", &sealed).unwrap_err();
    assert_eq!(refused.code(), "MASH-X009");
}

#[test]
fn lengths_are_rounded_up() {
    let (sealer, opener) = pair();
    let lengths: HashSet<_> = (0..256usize)
        .map(|length| {
            let sealed = sealer.seal(b"t", &vec![0; length]).unwrap();
            assert_eq!(
                opener.open(b"t", &sealed).unwrap(),
                vec![0; length],
                "zeros at the end stay"
            );
            sealed.len()
        })
        .collect();
    assert_eq!(lengths.len(), 1);
}

#[test]
fn content_opens_in_its_place_with_its_key_alone() {
    let (key, other) = (DataKey::fresh().unwrap(), DataKey::fresh().unwrap());
    let sealed = content::seal(&key, "table.column/1", b"content").unwrap();
    assert_eq!(content::open(&key, "table.column/1", &sealed).unwrap(), b"content");
    assert_eq!(content::key_of(&sealed).unwrap(), key.id());
    assert!(matches!(content::open(&key, "table.column/2", &sealed), Err(KeyError::Broken)));
    assert!(matches!(content::open(&other, "table.column/1", &sealed), Err(KeyError::Unknown(_))));
    // The same name for another key does not help.
    let forged = DataKey::of(key.id(), zeroize::Zeroizing::new(*other.bytes())).unwrap();
    assert!(matches!(content::open(&forged, "table.column/1", &sealed), Err(KeyError::Broken)));
}

#[test]
fn neither_form_can_be_taken_for_a_protobuf_message_or_for_the_other() {
    let (sealer, opener) = pair();
    let key = DataKey::fresh().unwrap();
    let (message, stored) =
        (sealer.seal(b"", b"m").unwrap(), content::seal(&key, "", b"m").unwrap());
    // Field number 0 is none, so a tag byte of 0 begins no message.
    assert_eq!((message[0], stored[0]), (0, 0));
    assert!(wire::is_sealed(&message) && !wire::is_sealed(&stored));
    assert!(content::is_sealed(&stored) && !content::is_sealed(&message));
    assert!(opener.open(b"", &stored).is_err() && content::open(&key, "", &message).is_err());
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), mark in 0..3u8) {
        let mut bytes = bytes;
        if let Some(head) = bytes.first_chunk_mut::<2>() && mark > 0 {
            *head = [0, mark];
        }
        let (_, opener) = pair();
        let key = DataKey::fresh().unwrap();
        prop_assert!(opener.open(b"t", &bytes).is_err());
        prop_assert!(content::open(&key, "p", &bytes).is_err());
        let read = Wrapped::parse(&bytes);
        prop_assert!(read.is_err() || bytes.len() == 64);
    }

    #[test]
    fn an_altered_byte_anywhere_is_refused(content in prop::collection::vec(any::<u8>(), 0..700), at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let (sealer, opener) = pair();
        let mut message = sealer.seal(b"t", &content).unwrap();
        prop_assert_eq!(&opener.open(b"t", &message).unwrap(), &content);
        let place = at.index(message.len());
        message[place] ^= 1 << bit;
        prop_assert!(opener.open(b"t", &message).is_err(), "byte {}", place);

        let key = DataKey::fresh().unwrap();
        let mut stored = content::seal(&key, "p", &content).unwrap();
        prop_assert_eq!(&content::open(&key, "p", &stored).unwrap(), &content);
        let place = at.index(stored.len());
        stored[place] ^= 1 << bit;
        prop_assert!(content::open(&key, "p", &stored).is_err(), "byte {}", place);
    }

    #[test]
    fn a_cut_is_refused(length in 0..400usize, cut in any::<prop::sample::Index>()) {
        let (sealer, opener) = pair();
        let message = sealer.seal(b"t", &vec![1; length]).unwrap();
        prop_assert!(opener.open(b"t", &message[..cut.index(message.len())]).is_err());
        let key = DataKey::fresh().unwrap();
        let stored = content::seal(&key, "p", &vec![1; length]).unwrap();
        prop_assert!(content::open(&key, "p", &stored[..cut.index(stored.len())]).is_err());
    }

    #[test]
    fn names_of_keys_read_back_and_nothing_else_does(bytes in any::<[u8; 16]>(), text in ".{0,40}") {
        prop_assert_eq!(KeyId::parse(&KeyId(bytes).to_string()), Some(KeyId(bytes)));
        if let Some(id) = KeyId::parse(&text) {
            prop_assert_eq!(id.to_string(), text.to_lowercase());
        }
    }
}

/// Sections by their names and where each ends, and what a flipped bit in it is refused with.
type Sections = &'static [(&'static str, usize, &'static str)];

fn flips(sealed: &[u8], sections: Sections, open: impl Fn(&[u8]) -> Result<Vec<u8>, KeyError>) {
    let mut from = 0;
    for (section, to, code) in sections {
        let to = if *to == 0 { sealed.len() } else { *to };
        for at in from..to {
            for bit in 0..8 {
                let mut changed = sealed.to_vec();
                changed[at] ^= 1 << bit;
                let told = open(&changed).unwrap_err().code();
                assert_eq!(told, *code, "{section}, byte {at}, bit {bit}");
            }
        }
        from = to;
    }
}

#[test]
fn a_flipped_bit_in_each_section_of_content_has_a_refusal_of_its_own() {
    let key = DataKey::fresh().unwrap();
    let sealed = content::seal(&key, "p", &[7; 60]).unwrap();
    let sections: Sections = &[
        ("mark", 2, "MASH-X001"),
        ("name of the key", 18, "MASH-X003"),
        ("nonce", 30, "MASH-X002"),
        ("ciphertext", 90, "MASH-X002"),
        ("tag", 0, "MASH-X002"),
    ];
    flips(&sealed, sections, |changed| content::open(&key, "p", changed));
}

#[test]
fn a_flipped_bit_in_each_section_of_a_message_has_a_refusal_of_its_own() {
    let (sealer, opener) = pair();
    let sealed = sealer.seal(b"t", &[7; 60]).unwrap();
    let sections: Sections = &[
        ("mark", 2, "MASH-X001"),
        ("recipient", 10, "MASH-X009"),
        ("number", 18, "MASH-X002"),
        ("encapsulated key", 50, "MASH-X002"),
        ("sealed content key", 98, "MASH-X002"),
        ("ciphertext", 98 + 256, "MASH-X002"),
        ("tag", 0, "MASH-X002"),
    ];
    flips(&sealed, sections, |changed| opener.open(b"t", changed));
    assert_eq!(opener.open(b"t", &sealed).unwrap(), [7; 60], "and none of them spoils the context");
}
