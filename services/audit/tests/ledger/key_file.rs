//! The key: its file, and one key after another.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use mash_audit::{Signer, write_keys};
use mash_ledger::{Fault, Note, VerifierKey};
use mash_store::Dialect;

use crate::support::{
    Hub, OPERATOR, append, checkpoint, entries, export, key, signer, trust, trust_in, verify,
};

#[test]
fn a_key_that_others_can_read_or_that_is_none_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.key");
    let refused = |path: &Path| Signer::read(path).unwrap_err().to_string();
    assert!(refused(&path).starts_with("MASH-L035"), "there is none");
    write_keys(&path, &[key(1).secret_line()]).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Signer::read(&path).unwrap().in_use(), [key(1).verifier().clone()]);
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(refused(&path).starts_with("MASH-L035"), "{mode:o}");
    }
    for text in ["", "PRIVATE+KEY+", "nonsense", &key(1).verifier().to_string()] {
        write_keys(&path, &[text.to_owned()]).unwrap();
        assert!(refused(&path).starts_with("MASH-L035"), "{text}");
    }
}

#[test]
fn nothing_prints_the_key() {
    let seed = key(1).secret_line();
    let seed = seed.rsplit('+').next().unwrap();
    assert!(!format!("{:?} {:?}", signer(), key(1)).contains(seed));
}

async fn a_process_remembers_what_it_signed_over_a_restart(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.key");
    write_keys(&path, &[key(1).secret_line()]).unwrap();
    let process = hub.start_with(Signer::read(&path).unwrap()).await.unwrap();
    append(&mut hub.client(&process, OPERATOR), entries(0..9)).await.unwrap();
    checkpoint(&mut hub.client(&process, OPERATOR), 0).await.unwrap();
    process.stop().await;
    // Another database: empty, as after a restore of nothing.
    let other = Hub::new(dialect).await;
    let process = other.start_with(Signer::read(&path).unwrap()).await.unwrap();
    let refused = checkpoint(&mut other.client(&process, OPERATOR), 0).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Internal);
    process.stop().await;
}

async fn an_old_key_stays_verifiable_and_signs_nothing_any_more(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let with = |keys: &[u8], retired: &[u8]| {
        let retired: Vec<VerifierKey> =
            retired.iter().map(|number| key(*number).verifier().clone()).collect();
        Signer::new(keys.iter().map(|number| key(*number)).collect(), retired).unwrap()
    };
    let mut notes: Vec<Note> = Vec::new();
    let states: [(&[u8], &[u8]); 3] = [(&[1], &[]), (&[2, 1], &[]), (&[2], &[1])];
    for (number, (keys, retired)) in (0..).zip(states) {
        let process = hub.start_with(with(keys, retired)).await.unwrap();
        let mut operator = hub.client(&process, OPERATOR);
        append(&mut operator, entries(number * 10..number * 10 + 10)).await.unwrap();
        notes.push(checkpoint(&mut operator, 0).await.unwrap());
        assert_eq!(notes.last().unwrap().signatures().len(), keys.len());
        if number == 2 {
            let text = export(&mut operator, 0).await.unwrap();
            for trusted in [1, 2] {
                verify(&text, trust_in(key(trusted).verifier())).unwrap();
            }
            assert_eq!(verify(&text, trust()).unwrap().keys, [key(2).verifier().label()]);
        }
        process.stop().await;
    }
    // A replica that still has the old key does not start.
    let refused = hub.start_with(with(&[1], &[])).await.err().unwrap();
    let retired = Fault::RetiredKey { key: key(1).verifier().label() };
    assert_eq!(refused.to_string(), mash_audit::Refusal::from(retired).to_string());
}

on_both!(
    a_process_remembers_what_it_signed_over_a_restart,
    an_old_key_stays_verifiable_and_signs_nothing_any_more,
);
