//! Holds, orders to erase, and certificates that a stranger can check.

use mash_ledger::{Entry, Kind, entry::commitment};
use mash_proto::audit::v1::{
    EraseCaseRequest, GetInclusionProofRequest, ListErasuresRequest, ListedErasure,
    PlaceHoldRequest, ReleaseHoldRequest, erasure_service_client::ErasureServiceClient,
};
use mash_store::{
    Dialect, Store, StoreError,
    erasure::{self, GRACE_MS},
    keys::{self, Scope},
};
use prost::Message as _;
use tonic::{Code, Request, transport::Channel};
use uuid::Uuid;

use crate::{
    python::python,
    support::{
        Hub, OPERATOR, POLICE, Process, append, checkpoint, entries, export, key, named, told,
        trust, verify, violations,
    },
};

type Client = ErasureServiceClient<Channel>;

fn id() -> String {
    Uuid::new_v4().to_string()
}

fn erase(case_id: &str, reason: &str) -> Request<EraseCaseRequest> {
    let (case_id, reason) = (case_id.to_owned(), reason.to_owned());
    named(EraseCaseRequest { request_id: id(), case_id, reason })
}

fn hold(case_id: &str, reason: &str) -> Request<PlaceHoldRequest> {
    let (case_id, reason) = (case_id.to_owned(), reason.to_owned());
    named(PlaceHoldRequest { request_id: id(), case_id, reason })
}

fn release(case_id: &str) -> Request<ReleaseHoldRequest> {
    named(ReleaseHoldRequest { request_id: id(), case_id: case_id.to_owned() })
}

/// Seals something for a case, as services do.
async fn content(store: &Store, case: &str) -> Vec<u8> {
    let mut tx = store.begin().await.unwrap();
    let sealed = keys::seal(&mut tx, &Scope::payload(case), "place", b"content").await.unwrap();
    tx.commit().await.unwrap();
    sealed
}

async fn open(store: &Store, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    keys::open(&mut store.read().await.unwrap(), "place", sealed.to_vec()).await
}

/// Lets the two minutes pass.
async fn sweep(store: &Store) -> u64 {
    let now = jiff::Timestamp::now().as_millisecond() + GRACE_MS + 1;
    erasure::sweep(store, &[], now).await.unwrap().destroyed
}

async fn listed(client: &mut Client) -> Vec<ListedErasure> {
    let request = named(ListErasuresRequest::default());
    client.list_erasures(request).await.unwrap().into_inner().erasures
}

/// Looks, and hands the certificates to the ledger.
async fn certify(process: &Process) {
    process.audit.tick().await.unwrap();
    process.audit.relay().drain().await.unwrap();
}

async fn an_erasure_closes_at_once_and_its_certificate_is_in_the_ledger(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let mut operator = hub.erasures(&process, OPERATOR);
    let (case, other) = (id(), id());
    let (gone, kept) =
        (content(&process.store, &case).await, content(&process.store, &other).await);
    let answer = operator.erase_case(erase(&case, "court order 7")).await.unwrap().into_inner();
    assert_eq!(answer.keys, 1);
    assert!(matches!(open(&process.store, &gone).await, Err(StoreError::Erased)));
    assert_eq!(open(&process.store, &kept).await.unwrap(), b"content");
    assert!(listed(&mut operator).await.is_empty(), "nothing is certified before it is done");
    assert_eq!(sweep(&process.store).await, 1);
    certify(&process).await;
    certify(&process).await;
    let mut certificates = listed(&mut operator).await;
    assert_eq!(certificates.len(), 1, "one for the one key, however often it is looked");
    let certificate = certificates.remove(0);
    let says = certificate.certificate.unwrap();
    assert_eq!((says.case_id.as_str(), says.reason.as_str()), (case.as_str(), "court order 7"));
    assert_eq!(says.by, "operator/hub|auditor-1");
    let mut ledger = hub.client(&process, OPERATOR);
    let request = GetInclusionProofRequest { entry_id: certificate.entry_id, size: 0 };
    let proof = ledger.get_inclusion_proof(request).await.unwrap().into_inner();
    let entry = Entry::decode(&proof.entry).unwrap();
    assert_eq!((entry.kind, entry.case.as_str()), (Kind::Erased, case.as_str()));
    assert_eq!(entry.subject, format!("keys/{}", says.key_id));
    let salt: [u8; 32] = certificate.salt.try_into().unwrap();
    assert_eq!(entry.commitment, commitment(&salt, &says.encode_to_vec()));
    process.stop().await;
}

async fn a_hold_stands_above_an_order_and_above_one_that_was_given_before(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let mut operator = hub.erasures(&process, OPERATOR);
    let case = id();
    content(&process.store, &case).await;
    let refused = |code: &str| (Code::FailedPrecondition, code.to_owned());
    operator.place_hold(hold(&case, "inquiry")).await.unwrap();
    assert_eq!(told(operator.place_hold(hold(&case, "again")).await), refused("MASH-X023"));
    let held = operator.erase_case(erase(&case, "expiry")).await;
    assert!(held.as_ref().err().unwrap().message().contains("inquiry"), "and why it stands");
    assert_eq!(told(held), refused("MASH-X022"));
    operator.release_hold(release(&case)).await.unwrap();
    assert_eq!(told(operator.release_hold(release(&case)).await), refused("MASH-X024"));
    operator.erase_case(erase(&case, "expiry")).await.unwrap();
    operator.place_hold(hold(&case, "inquiry")).await.unwrap();
    assert_eq!(sweep(&process.store).await, 0, "closed, and not destroyed while a hold stands");
    operator.release_hold(release(&case)).await.unwrap();
    assert_eq!(sweep(&process.store).await, 1);
    process.stop().await;
}

async fn a_second_erasure_and_one_of_nothing_are_told_apart(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let mut operator = hub.erasures(&process, OPERATOR);
    let case = id();
    content(&process.store, &case).await;
    let order = EraseCaseRequest { request_id: id(), case_id: case.clone(), reason: "x".into() };
    let first = operator.erase_case(named(order.clone())).await.unwrap().into_inner();
    let again = operator.erase_case(named(order.clone())).await.unwrap().into_inner();
    assert!(first == again, "the same request has one effect");
    let other = EraseCaseRequest { reason: "y".into(), ..order };
    let reused = (Code::AlreadyExists, "MASH-X027".to_owned());
    assert_eq!(told(operator.erase_case(named(other)).await), reused);
    let refused = |code: &str| (Code::FailedPrecondition, code.to_owned());
    assert_eq!(told(operator.erase_case(erase(&case, "x")).await), refused("MASH-X020"));
    assert_eq!(told(operator.erase_case(erase(&id(), "x")).await), refused("MASH-X021"));
    process.stop().await;
}

async fn every_fault_of_an_order_is_told_at_once_and_only_a_named_operator_orders(
    dialect: Dialect,
) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let mut operator = hub.erasures(&process, OPERATOR);
    let bad = EraseCaseRequest {
        request_id: "1".to_owned(),
        case_id: "all".to_owned(),
        reason: " \n".to_owned(),
    };
    let wrong = |field: &str, code: &str| (field.to_owned(), code.to_owned());
    assert_eq!(
        violations(operator.erase_case(named(bad.clone())).await),
        [
            wrong("request_id", "MASH-L030"),
            wrong("case_id", "MASH-X026"),
            wrong("reason", "MASH-X025")
        ]
    );
    let long = hold(&id(), &"x".repeat(201));
    assert_eq!(violations(operator.place_hold(long).await), [wrong("reason", "MASH-X025")]);
    let nobody = Request::new(bad.clone());
    assert_eq!(operator.erase_case(nobody).await.err().unwrap().code(), Code::InvalidArgument);
    let mut police = hub.erasures(&process, POLICE);
    assert_eq!(
        police.erase_case(erase(&id(), "x")).await.err().unwrap().code(),
        Code::PermissionDenied
    );
    process.stop().await;
}

async fn the_proofs_verify_after_an_erasure_also_by_the_other_verifier(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let mut operator = hub.client(&process, OPERATOR);
    append(&mut operator, entries(0..40)).await.unwrap();
    let before = checkpoint(&mut operator, 0).await.unwrap();
    let case = id();
    content(&process.store, &case).await;
    let mut erasures = hub.erasures(&process, OPERATOR);
    erasures.erase_case(erase(&case, "expiry")).await.unwrap();
    assert_eq!(sweep(&process.store).await, 1);
    certify(&process).await;
    checkpoint(&mut operator, 0).await.unwrap();
    let whole = export(&mut operator, 0).await.unwrap();
    assert!(whole.windows(20).any(|part| part == before.to_string().as_bytes().split_at(20).0));
    let report = verify(&whole, trust()).unwrap();
    assert_eq!(report.kinds.get(&Kind::Erased), Some(&1));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &whole).unwrap();
    let trusted = key(1).verifier().to_string();
    let said = python(&[file.path().to_str().unwrap(), "--key", &trusted]);
    assert!(said.contains("\"verified\": true"), "{said}");
    let root = format!("\"root\": \"{}\"", report.root.to_base64());
    assert!(said.contains(&root), "{said}");
    process.stop().await;
}

on_both!(
    an_erasure_closes_at_once_and_its_certificate_is_in_the_ledger,
    a_hold_stands_above_an_order_and_above_one_that_was_given_before,
    a_second_erasure_and_one_of_nothing_are_told_apart,
    every_fault_of_an_order_is_told_at_once_and_only_a_named_operator_orders,
    the_proofs_verify_after_an_erasure_also_by_the_other_verifier,
);
