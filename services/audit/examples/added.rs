//! What sealing and the ledger together add to an event with three recipients, in CPU time of the whole process.
//!
//! ```console
//! cargo run --release -p mash-audit --example added -- [EVENTS]
//! ```
//!
//! First the work itself, on one core and without a store: four seals and opens of content, three of recipients, three
//! entries with their commitments, their leaves and their part of the tree. Then the same way through the store, twice: once
//! as it was before there were keys and a ledger, once with both. An event is one message in and three out, committed in
//! batches of 500, published by the relay on the embedded bus, and taken in; SQLite in a temporary folder, or the database in
//! `MASH_DATABASE_URL`.

#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a program that measures, and answers on standard output"
)]

use std::{error::Error, hint::black_box, sync::Arc, time::Duration};

use mash_audit::{Audit, Signer};
use mash_bus::{Bus, Relay, topics};
use mash_chassis::SystemClock;
use mash_keys::{
    DataKey, FileKeys, content,
    wire::{Limits, Opener, RecipientKey, Sealer},
};
use mash_ledger::{
    Entry, Kind, SigningKey, Use,
    entry::commitment,
    hash,
    tiles::{Appender, Tiles},
};
use mash_store::{
    Store,
    evidence::{self, Record},
    keys::{Scope, rotation},
    outbox::{self, OutboxMessage},
};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

const COMPONENT: &str = "measured";
const BATCH: u64 = 500;
const RECIPIENTS: u64 = 3;
/// Messages of a case: a report and what follows it.
const OF_A_CASE: u64 = 4;
const EVENT: usize = 1_024;

#[tokio::main]
async fn main() -> Outcome<()> {
    let events = std::env::args().nth(1).map(|count| count.parse()).transpose()?.unwrap_or(20_000);
    alone()?;
    let without = through(events, false).await?;
    let with = through(events, true).await?;
    println!("through the store, without: {without:.1} µs CPU for each event");
    println!("through the store, with:    {with:.1} µs CPU for each event");
    println!("added:                      {:.1} µs CPU for each event", with - without);
    Ok(())
}

fn entry(number: u64, salt: &[u8; 32], event: &[u8]) -> Entry {
    Entry {
        id: Entry::id_of(&["measured", &number.to_string()]),
        kind: Kind::Permitted,
        at_ms: 1_760_000_000_000 + number,
        late: false,
        organisation: format!("school/{:07}", number % 26_000),
        case: format!("{:032x}", number / RECIPIENTS / OF_A_CASE),
        subject: format!("decisions/{number:032x}"),
        ruleset: "2026-11-23".to_owned(),
        commitment: commitment(salt, event),
    }
}

/// The median of eleven rounds, without a store.
fn alone() -> Outcome<()> {
    const ROUND: u64 = 4_000;
    let event = vec![0x5a; EVENT];
    let key = DataKey::fresh()?;
    let pairs: Vec<(Sealer, Opener)> = (0..RECIPIENTS)
        .map(|_| {
            let key = RecipientKey::fresh()?;
            Ok((Sealer::new(key.public.clone(), Limits::default()), Opener::new([key])))
        })
        .collect::<Outcome<_>>()?;
    let mut rounds = Vec::new();
    for _ in 0..11 {
        let mut tree = Appender::resume(0, Tiles::new()).ok_or("an empty tree")?;
        let begun = of_this_thread()?;
        for number in 0..ROUND {
            let stored = content::seal(&key, "outbox", &event)?;
            black_box(content::open(&key, "outbox", &stored)?);
            for (at, (sealer, opener)) in pairs.iter().enumerate() {
                let salt: [u8; 32] = mash_keys::random()?;
                let number = number * RECIPIENTS + u64::try_from(at)?;
                tree.push(hash::leaf(&entry(number, &salt, &event[..200]).encode()?));
                let stored = content::seal(&key, "outbox", &event)?;
                let received = opener.open(b"t", &sealer.seal(b"t", &stored)?)?;
                black_box(content::open(&key, "outbox", &received)?);
            }
        }
        black_box(tree.root());
        let spent = of_this_thread()?.saturating_sub(begun);
        rounds.push(spent.as_secs_f64() * 1e6 / f64::from(u32::try_from(ROUND)?));
    }
    rounds.sort_by(f64::total_cmp);
    println!("sealing and ledger alone: {:.1} µs CPU for each event", rounds[rounds.len() / 2]);
    Ok(())
}

/// CPU time of this program's first thread so far, to the nanosecond: whoever else uses the machine is not in it.
fn of_this_thread() -> Outcome<Duration> {
    let told = std::fs::read_to_string("/proc/self/schedstat")?;
    let spent = told.split(' ').next().ok_or("the kernel's figures")?;
    Ok(Duration::from_nanos(spent.parse()?))
}

/// CPU time of this process so far.
fn cpu() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(") ").ok_or("the kernel's figures")?;
    let ticks = |at: usize| rest.split(' ').nth(at).and_then(|text| text.parse::<u64>().ok());
    let ticks = ticks(11).zip(ticks(12)).map(|(user, system)| user + system);
    // Linux counts these in hundredths of a second.
    Ok(Duration::from_millis(ticks.ok_or("the kernel's figures")? * 10))
}

async fn through(events: u64, sealed: bool) -> Outcome<f64> {
    let folder = tempfile::tempdir()?;
    let url = std::env::var("MASH_DATABASE_URL")
        .unwrap_or_else(|_| format!("sqlite:{}", folder.path().join("figures.db").display()));
    let store = if sealed {
        let keys = FileKeys::open(folder.path().join("keys"))?;
        rotation::make(&keys).await?;
        Store::connect_sealed(&url, Arc::new(keys)).await?
    } else {
        Store::connect(&url).await?
    };
    let bus = mash_bus::connect("embedded", &store).await?;
    bus.ensure_topics(&topics::all()).await?;
    let mut relay = Relay::new(store.clone(), Arc::clone(&bus), COMPONENT);
    if sealed {
        let key = SigningKey::from_seed("ledger.example/figures", Use::Note, [7; 32])?;
        let signer = Signer::new(vec![key], Vec::new())?;
        let audit =
            Audit::start(store.clone(), Arc::clone(&bus), Arc::new(SystemClock), signer).await?;
        relay = relay.with_ledger(audit.ledger(), Duration::from_secs(60));
    }
    let group = Uuid::new_v4().to_string();
    let begun = cpu()?;
    for from in (0..events).step_by(usize::try_from(BATCH)?) {
        commit(&store, from..(from + BATCH).min(events), sealed).await?;
        relay.drain().await?;
    }
    take_in(&*bus, &store, &group, events * (1 + RECIPIENTS)).await?;
    let spent = cpu()?.saturating_sub(begun);
    store.close().await;
    Ok(spent.as_secs_f64() * 1e6 / f64::from(u32::try_from(events)?))
}

async fn commit(store: &Store, numbers: std::ops::Range<u64>, sealed: bool) -> Outcome<()> {
    let event = vec![0x5a; EVENT];
    let (mut messages, mut records) = (Vec::new(), Vec::new());
    for number in numbers {
        let case = format!("case-{}", number / OF_A_CASE);
        for message in 0..=RECIPIENTS {
            messages.push(OutboxMessage {
                topic: if message == 0 { topics::SUBMITTED } else { topics::DISCLOSED_EDUCATION },
                key: case.clone(),
                event_id: format!("event-{number}-{message}"),
                payload: event.clone(),
                guards: Vec::new(),
                scope: Some(Scope::payload(&case)),
            });
        }
        for at in 0..RECIPIENTS {
            let salt: [u8; 32] = mash_keys::random()?;
            let entry = entry(number * RECIPIENTS + at, &salt, &event[..200]);
            let (entry_id, entry) = (entry.id.to_string(), entry.encode()?);
            records.push(Record { entry_id, entry, salt });
        }
    }
    let mut tx = store.begin().await?;
    if sealed {
        evidence::record(&mut tx, COMPONENT, &records).await?;
    }
    outbox::enqueue(&mut tx, COMPONENT, &messages).await?;
    Ok(tx.commit().await?)
}

async fn take_in(bus: &dyn Bus, store: &Store, group: &str, count: u64) -> Outcome<()> {
    let topics = [topics::SUBMITTED, topics::DISCLOSED_EDUCATION];
    let mut reading = bus.subscribe(group, &topics).await?;
    let mut left = usize::try_from(count)?;
    while left > 0 {
        let batch = reading.next_batch(500).await?;
        let mut conn = store.read().await?;
        let payloads = batch.iter().map(|it| &it.payload[..]);
        let open = mash_store::keys::to_open(&mut conn, payloads).await?;
        for it in &batch {
            black_box(open.open(&it.topic, it.payload.to_vec())?);
        }
        left = left.saturating_sub(batch.len());
    }
    Ok(())
}
