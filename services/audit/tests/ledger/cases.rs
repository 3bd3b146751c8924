//! Every entry about a case, proved to one checkpoint.

use mash_ledger::{Entry, Hash, Note, hash, proof};
use mash_proto::audit::v1::{ProveCasesRequest, ProveCasesResponse};
use mash_store::Dialect;
use tonic::{Code, Status};

use crate::support::{
    Client, Hub, OPERATOR, POLICE, append, entries, entry, says, told, violations,
};

/// Three entries about one case among three hundred about others.
fn about(case: &str) -> Vec<Vec<u8>> {
    let ours = (900..903).map(|number| Entry { case: case.to_owned(), ..entry(number) });
    ours.map(|entry| entry.encode().unwrap()).collect()
}

async fn prove(client: &mut Client, cases: &[&str]) -> Result<ProveCasesResponse, Status> {
    let case_ids = cases.iter().map(|case| (*case).to_owned()).collect();
    client.prove_cases(ProveCasesRequest { case_ids }).await.map(tonic::Response::into_inner)
}

async fn every_entry_about_a_case_is_proved_to_one_checkpoint(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let mut operator = hub.client(&process, OPERATOR);
    let ours = about("case-1");
    append(&mut operator, entries(0..150)).await.unwrap();
    append(&mut operator, ours[..2].to_vec()).await.unwrap();
    append(&mut operator, entries(150..300)).await.unwrap();
    append(&mut operator, ours[2..].to_vec()).await.unwrap();
    let found = prove(&mut operator, &["case-1", "case-nobody-knows"]).await.unwrap();
    let note = Note::parse(&found.checkpoint).unwrap();
    let signed = says(&note);
    assert_eq!(signed.size, u64::try_from(found.size).unwrap());
    assert_eq!(found.entries.iter().map(|it| it.entry.clone()).collect::<Vec<_>>(), ours);
    for proved in &found.entries {
        let path: Vec<Hash> =
            proved.hashes.iter().map(|it| Hash::from_slice(it).unwrap()).collect();
        let (index, leaf) = (u64::try_from(proved.index).unwrap(), hash::leaf(&proved.entry));
        proof::inclusion(index, signed.size, &leaf, &path, &signed.root).unwrap();
    }
    assert!(prove(&mut operator, &["case-nobody-knows"]).await.unwrap().entries.is_empty());
    process.stop().await;
}

async fn nobody_but_the_operator_asks_and_what_is_no_case_is_refused(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let refused = prove(&mut hub.client(&process, POLICE), &["case-1"]).await;
    assert_eq!(told(refused), (Code::PermissionDenied, "MASH-C002".to_owned()));
    let mut operator = hub.client(&process, OPERATOR);
    let many = vec!["case-1"; 201];
    for cases in [&[][..], &[""], many.as_slice()] {
        let refused = prove(&mut operator, cases).await;
        assert_eq!(violations(refused), [("case_ids".to_owned(), "MASH-L030".to_owned())]);
    }
    process.stop().await;
}

async fn entries_that_were_written_before_are_found_by_their_case_after_a_start(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    append(&mut hub.client(&process, OPERATOR), about("case-1")).await.unwrap();
    process.tamper("UPDATE audit_entries SET case_id = NULL").await;
    let mut operator = hub.client(&process, OPERATOR);
    assert!(prove(&mut operator, &["case-1"]).await.unwrap().entries.is_empty());
    process.stop().await;
    let process = hub.start().await;
    let mut operator = hub.client(&process, OPERATOR);
    assert_eq!(prove(&mut operator, &["case-1"]).await.unwrap().entries.len(), 3);
    process.stop().await;
}

on_both!(
    every_entry_about_a_case_is_proved_to_one_checkpoint,
    nobody_but_the_operator_asks_and_what_is_no_case_is_refused,
    entries_that_were_written_before_are_found_by_their_case_after_a_start,
);
