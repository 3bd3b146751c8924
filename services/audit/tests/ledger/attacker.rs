//! An attacker who has the database, and can do in it whatever a statement can do.

use mash_ledger::{Fault, verify::Trust};
use mash_store::Dialect;
use tonic::Code;

use crate::support::{
    Hub, OPERATOR, Process, append, checkpoint, entries, entry, export, told, trust, verify,
};

/// A ledger of 601 entries in two parts, each signed.
async fn ledger(hub: &Hub) -> Process {
    let process = hub.start().await;
    let mut operator = hub.client(&process, OPERATOR);
    append(&mut operator, entries(0..300)).await.unwrap();
    checkpoint(&mut operator, 0).await.unwrap();
    append(&mut operator, entries(300..600)).await.unwrap();
    checkpoint(&mut operator, 0).await.unwrap();
    process
}

async fn found(hub: &Hub, process: &Process) -> Fault {
    let text = export(&mut hub.client(process, OPERATOR), 0).await.unwrap();
    verify(&text, trust()).unwrap_err().faults.remove(0)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A literal of bytes in the dialect.
fn literal(dialect: Dialect, bytes: &[u8]) -> String {
    match dialect {
        Dialect::Sqlite => format!("X'{}'", hex(bytes)),
        Dialect::Postgres => format!("'\\x{}'::bytea", hex(bytes)),
    }
}

async fn an_edited_row_is_found(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = ledger(&hub).await;
    let mut other = entry(416);
    other.organisation = "school/6722952".to_owned();
    let bytes = literal(dialect, &other.encode().unwrap());
    process.tamper(&format!("UPDATE audit_entries SET entry = {bytes} WHERE idx = 417")).await;
    assert_eq!(found(&hub, &process).await, Fault::Edited { entries: vec![417] });
    // With its hash in the tile: then it is between the two checkpoints.
    let mut conn = process.store.read().await.unwrap();
    let sql = "SELECT hashes FROM audit_tiles WHERE row_no = 0 AND idx = 1";
    let mut hashes: Vec<u8> = sqlx::query_scalar(sql).fetch_one(&mut *conn).await.unwrap();
    drop(conn);
    let leaf = mash_ledger::hash::leaf(&other.encode().unwrap());
    hashes[(417 - 256) * 32..(418 - 256) * 32].copy_from_slice(leaf.as_bytes());
    let bytes = literal(dialect, &hashes);
    process
        .tamper(&format!("UPDATE audit_tiles SET hashes = {bytes} WHERE row_no = 0 AND idx = 1"))
        .await;
    assert_eq!(found(&hub, &process).await, Fault::NotSigned { entries: 301..601 });
    process.stop().await;
}

async fn a_dropped_row_is_found(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = ledger(&hub).await;
    process.tamper("DELETE FROM audit_entries WHERE idx = 417").await;
    let mut operator = hub.client(&process, OPERATOR);
    let refused = export(&mut operator, 0).await;
    assert_eq!(told(refused), (Code::Internal, "MASH-L037".to_owned()));
    // Closed up, so that no number is missing.
    let closed = "UPDATE audit_entries SET idx = -idx WHERE idx > 417;
        UPDATE audit_entries SET idx = -idx - 1 WHERE idx < 0;";
    process.tamper(closed).await;
    let refused = export(&mut operator, 0).await;
    assert_eq!(told(refused), (Code::Internal, "MASH-L037".to_owned()));
    process.stop().await;
}

async fn swapped_rows_are_found(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = ledger(&hub).await;
    let swap = "UPDATE audit_entries SET idx = -1 WHERE idx = 20;
        UPDATE audit_entries SET idx = 20 WHERE idx = 21;
        UPDATE audit_entries SET idx = 21 WHERE idx = -1;";
    process.tamper(swap).await;
    assert_eq!(found(&hub, &process).await, Fault::Edited { entries: vec![20, 21] });
    process.stop().await;
}

/// Entries, tiles and head, all put back to what they were at 301: the signed checkpoint of 601 stays.
const ROLL_BACK: &str = "DELETE FROM audit_entries WHERE idx >= 301;
    UPDATE audit_ledger SET size = 301, root = (SELECT root FROM audit_checkpoints WHERE size = 301);";

async fn a_ledger_that_was_cut_short_signs_nothing_any_more(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = ledger(&hub).await;
    process.tamper(ROLL_BACK).await;
    let refused = checkpoint(&mut hub.client(&process, OPERATOR), 0).await;
    assert_eq!(told(refused), (Code::Internal, "MASH-L037".to_owned()));
    // Nor is anything appended where the tiles say something else than the head.
    let refused = append(&mut hub.client(&process, OPERATOR), entries(700..701)).await;
    assert_eq!(told(refused), (Code::Internal, "MASH-L037".to_owned()));
    process.stop().await;
}

/// The whole database as it was before: nothing in it tells, so the process that has signed must remember, and whoever
/// has a checkpoint must find out.
async fn a_database_that_was_restored_is_found_by_whoever_has_seen_more(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let mut operator = hub.client(&process, OPERATOR);
    append(&mut operator, entries(0..200)).await.unwrap();
    checkpoint(&mut operator, 0).await.unwrap();
    for table in ["entries", "tiles", "ledger", "checkpoints"] {
        process.tamper(&format!("CREATE TABLE kept_{table} AS SELECT * FROM audit_{table}")).await;
    }
    append(&mut operator, entries(200..400)).await.unwrap();
    let seen = checkpoint(&mut operator, 0).await.unwrap();
    for table in ["entries", "tiles", "ledger", "checkpoints"] {
        let sql = format!(
            "DELETE FROM audit_{table}; INSERT INTO audit_{table} SELECT * FROM kept_{table}"
        );
        process.tamper(&sql).await;
    }
    append(&mut operator, entries(500..510)).await.unwrap();
    let refused = checkpoint(&mut operator, 0).await;
    assert_eq!(told(refused), (Code::Internal, "MASH-L037".to_owned()), "the process remembers");
    process.stop().await;
    // Another process, without that memory, goes on from there: the one with the checkpoint is not deceived.
    let process = hub.start().await;
    let text = export(&mut hub.client(&process, OPERATOR), 0).await.unwrap();
    assert!(verify(&text, trust()).is_ok());
    let known = Trust { known: Some(seen.clone()), ..trust() };
    assert_eq!(verify(&text, known).unwrap_err().faults, [Fault::RolledBack]);
    append(&mut hub.client(&process, OPERATOR), entries(600..900)).await.unwrap();
    let text = export(&mut hub.client(&process, OPERATOR), 0).await.unwrap();
    let known = Trust { known: Some(seen), ..trust() };
    assert_eq!(verify(&text, known).unwrap_err().faults, [Fault::Inconsistent]);
    process.stop().await;
}

async fn a_rewritten_tile_proves_nothing(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = ledger(&hub).await;
    let zeros = literal(dialect, &[0; 32 * 256]);
    process
        .tamper(&format!("UPDATE audit_tiles SET hashes = {zeros} WHERE row_no = 0 AND idx = 0"))
        .await;
    let mut operator = hub.client(&process, OPERATOR);
    let request = mash_proto::audit::v1::GetInclusionProofRequest {
        entry_id: entry(3).id.to_string(),
        size: 0,
    };
    let answer = operator.get_inclusion_proof(request).await.unwrap().into_inner();
    let signed = crate::support::says(&mash_ledger::Note::parse(&answer.checkpoint).unwrap());
    let path: Vec<_> =
        answer.hashes.iter().map(|it| mash_ledger::Hash::from_slice(it).unwrap()).collect();
    let leaf = mash_ledger::hash::leaf(&answer.entry);
    let (index, size) = (answer.index.cast_unsigned(), answer.size.cast_unsigned());
    let outcome = mash_ledger::proof::inclusion(index, size, &leaf, &path, &signed.root);
    assert_eq!(outcome, Err(Fault::NotIncluded));
    process.stop().await;
}

on_both!(
    an_edited_row_is_found,
    a_dropped_row_is_found,
    swapped_rows_are_found,
    a_ledger_that_was_cut_short_signs_nothing_any_more,
    a_database_that_was_restored_is_found_by_whoever_has_seen_more,
    a_rewritten_tile_proves_nothing,
);
