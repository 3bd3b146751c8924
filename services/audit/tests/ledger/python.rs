//! A verifier that was written separately, in another language, agrees: on the published vectors, on a real export, and on
//! what is wrong with one that somebody changed.

use std::{fs, path::Path, process::Command};

use mash_store::Dialect;

use crate::support::{Hub, OPERATOR, append, checkpoint, entries, export, key, trust, verify};

/// What the other verifier says in its one line.
pub(crate) fn python(arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join(".tools/python/bin/python");
    assert!(
        python.exists(),
        "Python is not here, so nothing would be compared; `cargo xtask setup` installs it"
    );
    let mut command = Command::new(python);
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(root.join("tests/python/verify_ledger.py"));
    let output = command.args(arguments).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn it_agrees_on_the_published_vectors() {
    assert_eq!(python(&["--vectors"]), "{\"vectors\": true}\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_agrees_on_a_real_export_and_on_what_was_changed_in_it() {
    let hub = Hub::new(Dialect::Sqlite).await;
    let process = hub.start().await;
    let mut operator = hub.client(&process, OPERATOR);
    for part in 0..4 {
        append(&mut operator, entries(part * 150..part * 150 + 150)).await.unwrap();
        checkpoint(&mut operator, 0).await.unwrap();
    }
    let whole = export(&mut operator, 0).await.unwrap();
    process.stop().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.txt");
    let trusted = key(1).verifier().to_string();
    let ask = |export: &[u8]| {
        fs::write(&file, export).unwrap();
        python(&[file.to_str().unwrap(), "--key", &trusted])
    };
    let report = verify(&whole, trust()).unwrap();
    let said = ask(&whole);
    let root = format!("\"root\": \"{}\"", report.root.to_base64());
    for part in ["\"verified\": true", &root, "\"entries\": 601", "\"checkpoints\": 4"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    // One byte after another, far apart: the same verdict, with the same code.
    for at in (0..whole.len() - 1).step_by(whole.len() / 60) {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 7);
        let (ours, theirs) = (verify(&changed, trust()), ask(&changed));
        match ours {
            Ok(_) => assert!(theirs.contains("\"verified\": true"), "byte {at}: {theirs}"),
            Err(broken) => {
                assert!(theirs.contains("\"verified\": false"), "byte {at}: {theirs}");
                let code = format!("\"code\": \"{}\"", broken.faults[0].code());
                assert!(theirs.contains(&code), "byte {at}: {:?} and {theirs}", broken.faults);
            }
        }
    }
}
