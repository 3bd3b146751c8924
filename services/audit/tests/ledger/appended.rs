//! What is appended is there once, in one history, proved and signed.

use std::collections::BTreeSet;

use mash_ledger::{Entry, Hash, hash, proof};
use mash_proto::audit::v1::{GetInclusionProofRequest, ListEntriesRequest};
use mash_store::Dialect;
use tokio::task::JoinSet;

use crate::support::{
    Hub, OPERATOR, OTHER_SCHOOL, POLICE, SCHOOL, append, checkpoint, consistency, entries, entry,
    export, says, trust, verify,
};

async fn appending_again_has_no_further_effect(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let mut operator = hub.client(&process, OPERATOR);
    // The first entry is the ledger's own, about its key.
    let first = append(&mut operator, entries(0..300)).await.unwrap();
    assert_eq!((first.size, first.added), (301, 300));
    let again = append(&mut operator, entries(290..310)).await.unwrap();
    assert_eq!((again.size, again.added), (311, 10));
    let twice = append(&mut operator, [entries(310..311), entries(310..311)].concat()).await;
    assert_eq!(twice.unwrap().added, 1);
    // Marked late meanwhile, because nobody heard that it was in time.
    let late = Entry { late: true, ..entry(5) }.encode().unwrap();
    assert_eq!(append(&mut operator, vec![late]).await.unwrap().added, 0);
    assert_eq!(append(&mut operator, Vec::new()).await.unwrap().size, 312);
    let report = verify(&export(&mut operator, 0).await.unwrap(), trust()).unwrap();
    assert_eq!((report.entries, report.late), (0..312, 0));
    process.stop().await;
}

async fn a_ledger_outlives_its_process_and_any_export_begins_anywhere(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    append(&mut hub.client(&process, OPERATOR), entries(0..700)).await.unwrap();
    let before = checkpoint(&mut hub.client(&process, POLICE), 0).await.unwrap();
    process.stop().await;
    let process = hub.start().await;
    let mut operator = hub.client(&process, OPERATOR);
    append(&mut operator, entries(700..900)).await.unwrap();
    let after = checkpoint(&mut hub.client(&process, POLICE), 0).await.unwrap();
    let (old, new) = (says(&before), says(&after));
    assert_eq!((old.size, new.size), (701, 901));
    let path = consistency(&mut operator, old.size, new.size).await;
    proof::consistency((old.size, &old.root), (new.size, &new.root), &path).unwrap();
    for from in [0, 1, 255, 256, 257, 700, 701, 702, 900] {
        let text = export(&mut operator, from).await.unwrap();
        let report = verify(&text, trust()).unwrap();
        assert_eq!(report.entries, u64::try_from(from).unwrap()..901);
    }
    assert!(export(&mut operator, 901).await.is_err(), "there is nothing");
    process.stop().await;
}

async fn every_entry_is_proved_to_whom_it_is_about_and_to_nobody_else(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    append(&mut hub.client(&process, OPERATOR), entries(0..520)).await.unwrap();
    for (organisation, numbers) in [(SCHOOL, [0, 256, 518]), (OTHER_SCHOOL, [1, 257, 519])] {
        let mut client = hub.client(&process, organisation);
        for number in numbers {
            let request =
                GetInclusionProofRequest { entry_id: entry(number).id.to_string(), size: 0 };
            let answer = client.get_inclusion_proof(request).await.unwrap().into_inner();
            let signed = says(&mash_ledger::Note::parse(&answer.checkpoint).unwrap());
            let path: Vec<_> =
                answer.hashes.iter().map(|hash| Hash::from_slice(hash).unwrap()).collect();
            let (index, size) = (answer.index.cast_unsigned(), answer.size.cast_unsigned());
            let leaf = hash::leaf(&answer.entry);
            proof::inclusion(index, size, &leaf, &path, &signed.root).unwrap();
            assert_eq!(Entry::decode(&answer.entry).unwrap(), entry(number));
        }
        let foreign =
            GetInclusionProofRequest { entry_id: entry(numbers[0] ^ 1).id.to_string(), size: 0 };
        let status = client.get_inclusion_proof(foreign).await.err().unwrap();
        assert_eq!(status.code(), tonic::Code::NotFound);
        let listed = client.list_entries(ListEntriesRequest::default()).await.unwrap().into_inner();
        let about: BTreeSet<_> = listed
            .entries
            .iter()
            .map(|it| Entry::decode(&it.entry).unwrap().organisation)
            .collect();
        assert_eq!(about, BTreeSet::from([organisation.to_owned()]));
        let page_token = listed.next_page_token;
        let rest = ListEntriesRequest { page_size: 1_000, page_token };
        let rest = client.list_entries(rest).await.unwrap().into_inner();
        assert_eq!((rest.entries.len(), rest.next_page_token.as_str()), (160, ""));
    }
    process.stop().await;
}

/// Two replicas, many callers, the same entries from both sides: one history.
async fn replicas_that_append_at_once_do_not_fork(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let (one, two) = (hub.start().await, hub.start().await);
    let mut tasks = JoinSet::new();
    for batch in 0..40_u64 {
        for process in [&one, &two] {
            let mut operator = hub.client(process, OPERATOR);
            tasks.spawn(async move {
                let numbers = batch * 25..batch * 25 + 30;
                append(&mut operator, entries(numbers)).await.unwrap();
                checkpoint(&mut operator, 0).await.unwrap()
            });
        }
    }
    let mut seen = Vec::new();
    while let Some(note) = tasks.join_next().await {
        seen.push(says(&note.unwrap()));
    }
    seen.sort_by_key(|it| it.size);
    let mut operator = hub.client(&two, OPERATOR);
    for pair in seen.windows(2) {
        let path = consistency(&mut operator, pair[0].size, pair[1].size).await;
        let [old, new] = [&pair[0], &pair[1]];
        proof::consistency((old.size, &old.root), (new.size, &new.root), &path).unwrap();
    }
    let report = verify(&export(&mut operator, 0).await.unwrap(), trust()).unwrap();
    assert_eq!(report.entries, 0..1_006, "each of the 1,005 once, and the key");
    one.stop().await;
    two.stop().await;
}

async fn something_new_is_signed_within_the_minute_and_nothing_new_is_not(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    process.audit.tick().await.unwrap();
    assert_eq!(process.count("audit_checkpoints").await, 1, "the first entry at once");
    append(&mut hub.client(&process, OPERATOR), entries(0..10)).await.unwrap();
    hub.pass(29);
    process.audit.tick().await.unwrap();
    assert_eq!(process.count("audit_checkpoints").await, 1);
    hub.pass(1);
    process.audit.tick().await.unwrap();
    assert_eq!(process.count("audit_checkpoints").await, 2);
    hub.pass(3_600);
    process.audit.tick().await.unwrap();
    assert_eq!(process.count("audit_checkpoints").await, 2);
    let found = checkpoint(&mut hub.client(&process, SCHOOL), 1).await.unwrap();
    assert_eq!(says(&found).size, 1, "an earlier one can be asked for");
    process.stop().await;
}

on_both!(
    appending_again_has_no_further_effect,
    a_ledger_outlives_its_process_and_any_export_begins_anywhere,
    every_entry_is_proved_to_whom_it_is_about_and_to_nobody_else,
    replicas_that_append_at_once_do_not_fork,
    something_new_is_signed_within_the_minute_and_nothing_new_is_not,
);
