//! Witnesses co-sign what they have seen, and nothing of another history.

use mash_ledger::{Checkpoint, Note, SigningKey, hash, verify::Trust};
use mash_proto::audit::v1::{AddCosignatureRequest, RegisterWitnessRequest};
use mash_store::Dialect;
use tonic::{Code, Status};

use crate::support::{
    Client, Hub, OPERATOR, ORIGIN, POLICE, append, checkpoint, entries, export, key, named, told,
    trust, verify, violations, witness_key,
};

const HEALTH: &str = "health-board/7A5";

async fn register(client: &mut Client, line: String) -> Result<(), Status> {
    client.register_witness(named(RegisterWitnessRequest { verifier_key: line })).await.map(drop)
}

async fn cosign(client: &mut Client, note: &Note, key: &SigningKey) -> Result<i32, Status> {
    let mut note = note.clone();
    note.add(note.cosign(key, 1_760_000_000));
    let request = AddCosignatureRequest { checkpoint: note.to_string() };
    client.add_cosignature(request).await.map(|answer| answer.into_inner().witnesses)
}

async fn cosignatures_travel_with_the_checkpoint_and_its_export(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let mut operator = hub.client(&process, OPERATOR);
    append(&mut operator, entries(0..10)).await.unwrap();
    let note = checkpoint(&mut operator, 0).await.unwrap();
    let mut expected = Vec::new();
    for (number, organisation) in [(1, POLICE), (2, HEALTH)] {
        let (mut client, mine) =
            (hub.client(&process, organisation), witness_key(organisation, number));
        register(&mut client, mine.verifier().to_string()).await.unwrap();
        assert_eq!(cosign(&mut client, &note, &mine).await.unwrap(), i32::from(number));
        assert_eq!(cosign(&mut client, &note, &mine).await.unwrap(), i32::from(number), "again");
        expected.push((mine.verifier().label(), 1_760_000_000));
    }
    assert_eq!(checkpoint(&mut operator, 0).await.unwrap().signatures().len(), 3);
    let trust = Trust { quorum: 2, ..trust() };
    let mut report = verify(&export(&mut operator, 0).await.unwrap(), trust).unwrap();
    report.witnesses.sort();
    expected.sort();
    assert_eq!(report.witnesses, expected);
    process.stop().await;
}

async fn a_cosignature_of_another_history_is_refused(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    append(&mut hub.client(&process, OPERATOR), entries(0..10)).await.unwrap();
    let signed = checkpoint(&mut hub.client(&process, OPERATOR), 0).await.unwrap();
    let (mut police, mine) = (hub.client(&process, POLICE), witness_key(POLICE, 1));
    register(&mut police, mine.verifier().to_string()).await.unwrap();
    // Another root at a size that we had, and a size that we never had: a fork, and a roll-back of ours.
    for size in [11, 5, 12] {
        let says = Checkpoint { origin: ORIGIN.to_owned(), size, root: hash::plain(b"other") };
        let other = Note::sign(&says.to_string(), &[&key(1)]).unwrap();
        let refused = cosign(&mut police, &other, &mine).await;
        assert_eq!(told(refused), (Code::FailedPrecondition, "MASH-L033".to_owned()), "{size}");
    }
    // Another ledger altogether.
    let says = Checkpoint { origin: "other.example".to_owned(), size: 11, root: hash::plain(b"x") };
    let other = Note::sign(&says.to_string(), &[&key(1)]).unwrap();
    let refused = violations(cosign(&mut police, &other, &mine).await);
    assert_eq!(refused, [("checkpoint".to_owned(), "MASH-L006".to_owned())]);
    assert_eq!(checkpoint(&mut police, 0).await.unwrap(), signed, "nothing was added");
    process.stop().await;
}

async fn only_the_key_that_an_organisation_registered_counts(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let process = hub.start().await;
    let note = checkpoint(&mut hub.client(&process, OPERATOR), 0).await.unwrap();
    let (mut police, mine) = (hub.client(&process, POLICE), witness_key(POLICE, 1));
    let no_witness = [("checkpoint".to_owned(), "MASH-L034".to_owned())];
    assert_eq!(violations(cosign(&mut police, &note, &mine).await), no_witness, "not registered");
    let bad = [
        witness_key(HEALTH, 2).verifier().to_string(),
        key(1).verifier().to_string(),
        "witness/police/62+00000000+BA==".to_owned(),
        String::new(),
    ];
    for line in bad {
        let refused = violations(register(&mut police, line).await);
        assert_eq!(refused, [("verifier_key".to_owned(), "MASH-L030".to_owned())]);
    }
    register(&mut police, mine.verifier().to_string()).await.unwrap();
    let stranger = witness_key(POLICE, 9);
    assert_eq!(violations(cosign(&mut police, &note, &stranger).await), no_witness, "another key");
    let request = AddCosignatureRequest { checkpoint: note.to_string() };
    assert_eq!(violations(police.add_cosignature(request).await), no_witness, "none in it");
    let mut forged = note.clone();
    let mut signature = forged.cosign(&mine, 5);
    signature.bytes[20] ^= 1;
    forged.add(signature);
    let request = AddCosignatureRequest { checkpoint: forged.to_string() };
    assert_eq!(violations(police.add_cosignature(request).await), no_witness, "forged");
    let request = AddCosignatureRequest { checkpoint: "no note".to_owned() };
    let refused = violations(police.add_cosignature(request).await);
    assert_eq!(refused, [("checkpoint".to_owned(), "MASH-L001".to_owned())]);
    // A new key takes the place of the old one.
    register(&mut police, stranger.verifier().to_string()).await.unwrap();
    assert_eq!(violations(cosign(&mut police, &note, &mine).await), no_witness, "replaced");
    assert_eq!(cosign(&mut police, &note, &stranger).await.unwrap(), 1);
    process.stop().await;
}

on_both!(
    cosignatures_travel_with_the_checkpoint_and_its_export,
    a_cosignature_of_another_history_is_refused,
    only_the_key_that_an_organisation_registered_counts,
);
