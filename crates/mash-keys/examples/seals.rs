//! What sealing costs: `cargo run --release -p mash-keys --example seals`.
//!
//! One event of 1 KB with three recipients is sealed once under its data key and once for each recipient, and opened as
//! often. Printed is CPU time per event on one core, the median of eleven rounds, and what the parts of it cost.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that fails should say so"
)]

use std::{hint::black_box, time::Instant};

use mash_keys::{
    DataKey, FileKeys, KeyStore, content,
    wire::{Limits, Opener, RecipientKey, Sealer},
};

const EVENT: usize = 1024;
const RECIPIENTS: usize = 3;
const EVENTS: u32 = 20_000;

fn main() {
    let event = vec![0x5a; EVENT];
    let key = DataKey::fresh().expect("a key");
    let (sealers, openers): (Vec<_>, Vec<_>) = (0..RECIPIENTS)
        .map(|_| {
            let key = RecipientKey::fresh().expect("a key");
            (Sealer::new(key.public.clone(), Limits::default()), Opener::new([key]))
        })
        .unzip();
    let stored = content::seal(&key, "outbox", &event).expect("sealed");
    let sent: Vec<_> =
        sealers.iter().map(|sealer| sealer.seal(b"t", &stored).expect("sealed")).collect();

    report("seal content (AES-256-GCM, random nonce)", EVENTS, || {
        content::seal(&key, "outbox", &event).expect("sealed")
    });
    report("open content", EVENTS, || content::open(&key, "outbox", &stored).expect("opened"));
    report("seal to one recipient, context used again", EVENTS, || {
        sealers[0].seal(b"t", &stored).expect("sealed")
    });
    report("open from one sender, context remembered", EVENTS, || {
        openers[0].open(b"t", &sent[0]).expect("opened")
    });
    let public = RecipientKey::fresh().expect("a key").public;
    report("seal to one recipient, new context", EVENTS / 20, || {
        Sealer::new(public.clone(), Limits::default()).seal(b"t", &stored).expect("sealed")
    });
    report("one event to three recipients: all seals and opens", EVENTS, || {
        let stored = content::seal(&key, "outbox", &event).expect("sealed");
        let mut opened = 0;
        for (sealer, opener) in sealers.iter().zip(&openers) {
            // Each release is an event of its own, sealed under the data key before it is sealed to its recipient.
            let stored = content::seal(&key, "outbox", &event).expect("sealed");
            let sent = sealer.seal(b"t", &stored).expect("sealed");
            let received = opener.open(b"t", &sent).expect("opened");
            opened += content::open(&key, "outbox", &received).expect("opened").len();
        }
        content::open(&key, "outbox", &stored).expect("opened").len() + opened
    });
    wrapping();
}

/// A new case costs one data key, wrapped; a process that has not met a case unwraps one.
fn wrapping() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let keys = FileKeys::open(folder.path().join("keys")).expect("keys");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(keys.rotate("cases")).expect("a key");
    let wrapped = runtime.block_on(keys.wrap("cases", &[7; 32], b"k")).expect("wrapped");
    report("a fresh data key, wrapped (files)", EVENTS, || {
        let key = DataKey::fresh().expect("a key");
        runtime.block_on(keys.wrap("cases", key.bytes(), b"k")).expect("wrapped")
    });
    report("a data key unwrapped (files)", EVENTS, || {
        runtime.block_on(keys.unwrap("cases", &wrapped, b"k")).expect("unwrapped")
    });
}

fn report<T>(what: &str, times: u32, mut act: impl FnMut() -> T) {
    let mut rounds: Vec<f64> = (0..11)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..times {
                black_box(act());
            }
            begun.elapsed().as_secs_f64() * 1e6 / f64::from(times)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let median = rounds.get(rounds.len() / 2).copied().unwrap_or_default();
    println!("{median:8.2} µs  {what}");
}
