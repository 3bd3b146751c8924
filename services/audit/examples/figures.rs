//! The figures of the ledger in `docs/benchmarks.md`.
//!
//! ```console
//! cargo run --release -p mash-audit --example figures -- [ENTRIES TO APPEND] [ENTRIES TO VERIFY]
//! ```
//!
//! Appends in batches of 500 through the port that services use, durably, to SQLite in a temporary folder or to the
//! database in `MASH_DATABASE_URL`; asks for proofs of entries far apart; and verifies an export.

#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a program that measures, and answers on standard output"
)]

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use mash_audit::{Audit, Signer};
use mash_chassis::SystemClock;
use mash_ledger::{
    Checkpoint, Entry, Kind, Note, SigningKey, Use,
    export::Writer,
    hash,
    tree::Frontier,
    verify::{Trust, Verifier},
};
use mash_proto::audit::v1::{
    GetCheckpointRequest, GetInclusionProofRequest, ledger_service_server::LedgerService as _,
};
use mash_store::Store;

const ORIGIN: &str = "ledger.example/figures";
const BATCH: u64 = 500;
const PROOFS: u64 = 2_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut counts = std::env::args().skip(1).map(|count| count.parse::<u64>());
    let appended = counts.next().transpose()?.unwrap_or(200_000);
    let verified = counts.next().transpose()?.unwrap_or(1_000_000);
    verify(verified)?;
    append(appended).await
}

fn key() -> Result<SigningKey, mash_ledger::Fault> {
    SigningKey::from_seed(ORIGIN, Use::Note, [7; 32])
}

fn entry(number: u64) -> Entry {
    Entry {
        id: Entry::id_of(&["figures", &number.to_string()]),
        kind: Kind::Permitted,
        at_ms: 1_760_000_000_000 + number,
        late: false,
        organisation: format!("school/{:07}", number % 26_000),
        case: format!("{:032x}", number / 4),
        subject: format!("decisions/{number:032x}"),
        ruleset: "2026-11-23".to_owned(),
        commitment: hash::plain(&number.to_be_bytes()),
    }
}

fn verify(count: u64) -> Result<(), Box<dyn Error>> {
    let key = key()?;
    let mut tree = Frontier::default();
    let (mut writer, mut export) =
        Writer::begin(ORIGIN, (&[key.verifier().clone()], &[]), &tree, count);
    for number in 0..count {
        let encoded = entry(number).encode()?;
        let leaf = hash::leaf(&encoded);
        export.push_str(&writer.entry(&encoded, leaf));
        tree.push(leaf);
        if tree.size().is_multiple_of(1_000) || tree.size() == count {
            let says =
                Checkpoint { origin: ORIGIN.to_owned(), size: tree.size(), root: tree.root() };
            export.push_str(&writer.checkpoint(&Note::sign(&says.to_string(), &[&key])?));
        }
    }
    export.push_str(&writer.end());
    let began = Instant::now();
    let trust = Trust { keys: vec![key.verifier().clone()], ..Trust::default() };
    let mut verifier = Verifier::new(trust);
    for line in export.lines() {
        verifier.line(line.as_bytes()).map_err(|broken| format!("{broken:?}"))?;
    }
    let report = verifier.finish().map_err(|broken| format!("{broken:?}"))?;
    println!(
        "verified {} entries and {} checkpoints, {} MB, in {:.2} s",
        report.entries.end,
        report.checkpoints,
        export.len() / 1_000_000,
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

fn operator<T>(message: T) -> Result<tonic::Request<T>, Box<dyn Error>> {
    let mut request = tonic::Request::new(message);
    let caller = mash_chassis::Caller { organisation: "operator/hub".parse()?, practitioner: None };
    request.extensions_mut().insert(caller);
    Ok(request)
}

/// How many entries of an earlier run the ledger has: a large one is filled in several runs. Its first entry is its key.
async fn already(audit: &Audit) -> Result<u64, Box<dyn Error>> {
    let request = operator(GetCheckpointRequest { size: 0 })?;
    let note = audit.grpc().get_checkpoint(request).await?.into_inner().checkpoint;
    Ok(Checkpoint::of(&Note::parse(&note)?)?.size.saturating_sub(1))
}

async fn append(count: u64) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let url = std::env::var("MASH_DATABASE_URL")
        .unwrap_or_else(|_| format!("sqlite:{}", folder.path().join("ledger.db").display()));
    let store = Store::connect(&url).await?;
    let bus = mash_bus::connect("embedded", &store).await?;
    let signer = Signer::new(vec![key()?], Vec::new())?;
    let audit = Audit::start(store.clone(), bus, Arc::new(SystemClock), signer).await?;
    let ledger = audit.ledger();
    let there = already(&audit).await?.min(count);
    let began = Instant::now();
    let mut batch = Vec::new();
    for number in there..count {
        batch.push(entry(number).encode()?);
        if batch.len() as u64 == BATCH || number + 1 == count {
            ledger.append(std::mem::take(&mut batch)).await?;
        }
    }
    let took = began.elapsed();
    println!(
        "{:?}: appended {} entries in batches of {BATCH}, durably, in {:.1} s: {:.0} a second",
        store.dialect(),
        count - there,
        took.as_secs_f64(),
        f64::from(u32::try_from(count - there)?) / took.as_secs_f64()
    );
    audit.tick().await?;
    let grpc = audit.grpc();
    let mut times: Vec<Duration> = Vec::new();
    for number in 0..PROOFS {
        let entry_id = entry(number * (count / PROOFS).max(1) % count).id.to_string();
        let request = operator(GetInclusionProofRequest { entry_id, size: 0 })?;
        let began = Instant::now();
        grpc.get_inclusion_proof(request).await?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1_000.0;
    println!(
        "proved {PROOFS} of {count} entries: p50 {:.2} ms, p99 {:.2} ms, without the network",
        at(50),
        at(99)
    );
    Ok(())
}
