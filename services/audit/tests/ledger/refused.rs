//! What is refused, every fault at once, each with its code.

use mash_ledger::Entry;
use mash_proto::audit::v1::{
    AppendEntriesRequest, GetCheckpointRequest, GetConsistencyProofRequest,
    GetInclusionProofRequest, ListEntriesRequest,
};
use mash_store::Dialect;
use tonic::Code;

use crate::support::{
    Hub, OPERATOR, POLICE, SCHOOL, append, checkpoint, entries, entry, export, named, told,
    violations,
};

async fn an_entry_is_never_written_anew(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let mut operator = hub.client(&process, OPERATOR);
    append(&mut operator, entries(0..3)).await.unwrap();
    let other = Entry { organisation: POLICE.to_owned(), ..entry(1) }.encode().unwrap();
    let conflict = (Code::AlreadyExists, "MASH-L032".to_owned());
    let batch = [entries(5..6), vec![other.clone()]].concat();
    assert_eq!(told(append(&mut operator, batch).await), conflict);
    let within =
        [entries(7..8), vec![Entry { case: "x".to_owned(), ..entry(7) }.encode().unwrap()]];
    assert_eq!(told(append(&mut operator, within.concat()).await), conflict);
    assert_eq!(append(&mut operator, Vec::new()).await.unwrap().size, 4, "nothing was appended");
    process.stop().await;
}

async fn faults_are_listed_with_their_fields(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let mut operator = hub.client(&process, OPERATOR);
    let bad = vec![vec![], entries(1..2).remove(0), vec![1; 80], b"a child's name".to_vec()];
    let refused = violations(append(&mut operator, bad).await);
    let fields: Vec<_> =
        refused.iter().map(|(field, code)| (field.as_str(), code.as_str())).collect();
    let code = "MASH-L012";
    assert_eq!(fields, [("entries[0]", code), ("entries[2]", code), ("entries[3]", code)]);
    let invalid = |field: &str| vec![(field.to_owned(), "MASH-L030".to_owned())];
    let many = vec![Vec::new(); 1_001];
    assert_eq!(violations(append(&mut operator, many).await), invalid("entries"));
    let request = GetInclusionProofRequest { entry_id: "7".to_owned(), size: 0 };
    assert_eq!(violations(operator.get_inclusion_proof(request).await), invalid("entry_id"));
    append(&mut operator, entries(0..5)).await.unwrap();
    for size in [-1, 2, 7, i64::MAX] {
        let request = GetInclusionProofRequest { entry_id: entry(3).id.to_string(), size };
        let refused = violations(operator.get_inclusion_proof(request).await);
        assert_eq!(refused, invalid("size"), "{size}");
    }
    for (old_size, new_size, field) in
        [(-1, 2, "old_size"), (1, -2, "new_size"), (3, 2, "old_size"), (1, 7, "new_size")]
    {
        let request = GetConsistencyProofRequest { old_size, new_size };
        assert_eq!(violations(operator.get_consistency_proof(request).await), invalid(field));
    }
    let request = GetCheckpointRequest { size: -1 };
    assert_eq!(violations(operator.get_checkpoint(request).await), invalid("size"));
    let none = (Code::NotFound, "MASH-C009".to_owned());
    assert_eq!(told(checkpoint(&mut operator, 3).await), none, "never signed");
    let request = ListEntriesRequest { page_size: -1, page_token: String::new() };
    assert_eq!(violations(operator.list_entries(request).await), invalid("page_size"));
    let request = ListEntriesRequest { page_size: 0, page_token: "x".to_owned() };
    assert_eq!(violations(operator.list_entries(request).await), invalid("page_token"));
    assert_eq!(violations(export(&mut operator, 9).await), invalid("from"));
    process.stop().await;
}

async fn only_the_operator_appends_and_exports(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let refused = (Code::PermissionDenied, "MASH-C002".to_owned());
    for organisation in [SCHOOL, POLICE] {
        let mut client = hub.client(&process, organisation);
        let request = named(AppendEntriesRequest { entries: entries(0..1) });
        assert_eq!(told(client.append_entries(request).await), refused);
        assert_eq!(told(export(&mut client, 0).await), refused);
    }
    process.stop().await;
}

on_both!(
    an_entry_is_never_written_anew,
    faults_are_listed_with_their_fields,
    only_the_operator_appends_and_exports,
);
