//! Whoever has the database, and at last also the machine with the key, changes the ledger of a hub that has worked: the
//! offline verifier and a witness say what was done. On SQLite with the embedded bus and on PostgreSQL with Kafka.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Parser;
use mash_hub::admin::ledger::{LedgerCommand, export, verify_file};
use mash_ledger::{
    Fault, Note, SigningKey, VerifierKey,
    verify::{Broken, Report, Trust},
};
use mash_proto::{
    audit::v1::GetCheckpointRequest,
    referral::v1::ReportKind,
    social_care::v1::{Grade, Outcome},
};
use mash_store::{Dialect, Store, testing::execute};
use mash_tests::{
    OnBus, Stage,
    hub::{FORCE, Hub, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_the_ledger_is_named_on_sqlite_and_the_embedded_bus() {
    Box::pin(tampering_is_named(Dialect::Sqlite, OnBus::Embedded)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_the_ledger_is_named_on_postgres_and_kafka() {
    Box::pin(tampering_is_named(Dialect::Postgres, OnBus::Kafka)).await;
}

/// `mash ledger …`.
#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: LedgerCommand,
}

/// Everything of the ledger, as somebody keeps it who means to put it back.
const KEEP: [&str; 4] = [
    "CREATE TABLE kept_entries AS SELECT * FROM audit_entries",
    "CREATE TABLE kept_tiles AS SELECT * FROM audit_tiles",
    "CREATE TABLE kept_ledger AS SELECT * FROM audit_ledger",
    "CREATE TABLE kept_checkpoints AS SELECT * FROM audit_checkpoints",
];
const PUT_BACK: [&str; 9] = [
    "DELETE FROM audit_cosignatures",
    "DELETE FROM audit_entries",
    "INSERT INTO audit_entries SELECT * FROM kept_entries",
    "DELETE FROM audit_tiles",
    "INSERT INTO audit_tiles SELECT * FROM kept_tiles",
    "DELETE FROM audit_ledger",
    "INSERT INTO audit_ledger SELECT * FROM kept_ledger",
    "DELETE FROM audit_checkpoints",
    "INSERT INTO audit_checkpoints SELECT * FROM kept_checkpoints",
];
const EDIT: [&str; 1] = [
    "UPDATE audit_entries SET entry = (SELECT entry FROM kept_entries WHERE idx = 6) WHERE idx = 5",
];
const UNDO_EDIT: [&str; 1] = [
    "UPDATE audit_entries SET entry = (SELECT entry FROM kept_entries WHERE idx = 5) WHERE idx = 5",
];
const SWAP: [&str; 3] = [
    "UPDATE audit_entries SET idx = -1 WHERE idx = 5",
    "UPDATE audit_entries SET idx = 5 WHERE idx = 6",
    "UPDATE audit_entries SET idx = 6 WHERE idx = -1",
];
const DROP_THE_LAST: [&str; 1] =
    ["DELETE FROM audit_entries WHERE idx = (SELECT MAX(idx) FROM audit_entries)"];

async fn attack(store: &Store, statements: &[&'static str]) {
    for statement in statements {
        execute(store, statement).await.unwrap();
    }
}

/// A referral, worked to its end.
async fn work(hub: &Hub) {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    hub.grade(&name, Grade::Amber).await;
    hub.decide(&name, Outcome::Advice).await;
}

/// The entries that the ledger has signed for by now.
async fn size(hub: &Hub) -> u64 {
    let mut ledger = hub.people.ledger(FORCE).unwrap();
    let answer = ledger.get_checkpoint(GetCheckpointRequest { size: 0 }).await.unwrap();
    let note = Note::parse(&answer.into_inner().checkpoint).unwrap();
    mash_ledger::Checkpoint::of(&note).unwrap().size
}

async fn grown(hub: &Hub, beyond: u64) {
    until("more entries in the ledger", async || (size(hub).await > beyond).then_some(())).await;
}

/// Whoever looks from outside: what an auditor brings, and a witness with a memory of its own.
struct Outside {
    folder: tempfile::TempDir,
    key: VerifierKey,
}

impl Outside {
    fn new(data: &Path) -> Self {
        let key = fs::read_to_string(data.join("secrets/ledger.key")).unwrap();
        let key = SigningKey::parse(key.trim()).unwrap().verifier().clone();
        Self { folder: tempfile::tempdir().unwrap(), key }
    }

    fn witness(&self) -> PathBuf {
        self.folder.path().join("witness")
    }

    /// `mash ledger witness`, once; what it says when it does not co-sign.
    async fn look(&self, hub: &Hub) -> Result<(), String> {
        let (data, witness) = (hub.options().data, self.witness());
        let (data, witness) = (data.to_str().unwrap(), witness.to_str().unwrap());
        let (endpoint, key) = (hub.endpoint(), self.key.to_string());
        let words = ["ledger", "witness", "--data", data, "--endpoint", &endpoint, "--as", FORCE];
        let words = words.into_iter().chain(["--folder", witness, "--key", &key]);
        let looked = Line::try_parse_from(words).unwrap().command.run().await;
        looked.map_err(|error| format!("{error:#}"))
    }

    /// A fresh export, verified offline.
    async fn verify(&self, hub: &Hub, known: Option<Note>) -> Result<Report, Broken> {
        let file = self.folder.path().join("ledger.txt");
        export(&hub.people, "auditor-1", 0, &file).await.unwrap();
        verify_file(&file, Trust { keys: vec![self.key.clone()], known, ..Trust::default() })
            .unwrap()
    }

    async fn faults(&self, hub: &Hub) -> Vec<Fault> {
        self.verify(hub, None).await.unwrap_err().faults
    }

    /// The code with which the hub refuses an export.
    async fn no_export(&self, hub: &Hub) -> String {
        let file = self.folder.path().join("ledger.txt");
        let refused = export(&hub.people, "auditor-1", 0, &file).await.unwrap_err();
        let status = refused.downcast_ref::<tonic::Status>().unwrap();
        mash_chassis::fault::code_of(status).unwrap_or_default()
    }
}

async fn tampering_is_named(dialect: Dialect, bus: OnBus) {
    let mut hub = Hub::start(Stage::new(dialect, bus).await).await;
    let outside = Outside::new(&hub.options().data);
    work(&hub).await;
    grown(&hub, 7).await;
    let store = Store::connect(&hub.options().database.unwrap()).await.unwrap();
    // While nobody writes: tables of different moments are no ledger.
    hub.halt().await;
    attack(&store, &KEEP).await;
    hub.restart_at("2026-11-19T10:15:00Z").await;
    let kept = size(&hub).await;
    work(&hub).await;
    grown(&hub, kept + 4).await;
    outside.look(&hub).await.unwrap();
    let report = outside.verify(&hub, None).await.unwrap();
    assert!(report.entries.end > kept, "{report:?}");

    attack(&store, &EDIT).await;
    assert_eq!(outside.faults(&hub).await, [Fault::Edited { entries: vec![5] }]);
    attack(&store, &UNDO_EDIT).await;
    attack(&store, &SWAP).await;
    // A checkpoint between the two ends the search at the first.
    let swapped = outside.faults(&hub).await;
    let named = [vec![5], vec![5, 6]].map(|entries| vec![Fault::Edited { entries }]);
    assert!(named.contains(&swapped), "{swapped:?}");
    attack(&store, &SWAP).await;
    outside.verify(&hub, None).await.unwrap();
    outside.look(&hub).await.unwrap();
    attack(&store, &DROP_THE_LAST).await;
    assert_eq!(outside.no_export(&hub).await, "MASH-L037");

    // The operator himself: the database of before, and a process that has forgotten what it signed.
    hub.halt().await;
    attack(&store, &PUT_BACK).await;
    fs::remove_file(hub.options().data.join("secrets/ledger.last")).unwrap();
    hub.restart_at("2026-11-19T10:30:00Z").await;
    let refused = outside.look(&hub).await.unwrap_err();
    assert!(refused.contains("MASH-L011") && refused.contains("NOT co-signed"), "{refused}");
    let seen = fs::read_to_string(outside.witness().join("last.checkpoint")).unwrap();
    let seen = Note::parse(&seen).unwrap();
    let cut = outside.verify(&hub, Some(seen.clone())).await.unwrap_err();
    assert_eq!(cut.faults, [Fault::RolledBack]);

    // It goes on from there: two histories, both signed with the one key, each whole in itself.
    let known = mash_ledger::Checkpoint::of(&seen).unwrap().size;
    while size(&hub).await <= known {
        work(&hub).await;
    }
    outside.verify(&hub, None).await.unwrap();
    let refused = outside.look(&hub).await.unwrap_err();
    assert!(refused.contains("MASH-L010") && refused.contains("NOT co-signed"), "{refused}");
    assert!(
        outside.witness().join("refused.checkpoint").exists(),
        "the other half of the evidence"
    );
    let fork = outside.verify(&hub, Some(seen)).await.unwrap_err();
    assert_eq!(fork.faults, [Fault::Inconsistent]);
    store.close().await;
    hub.stop().await;
}
