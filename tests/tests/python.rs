//! A hub's morning, played over mutual TLS by a client in another language, with stubs made from the contract, against a
//! hub with the directory of the demonstration.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use mash_tests::standing::Standing;

/// Whoever has a certificate in the morning.
const CALLERS: [&str; 6] = [
    "police/62",
    "police/52",
    "authority/672",
    "authority/673",
    "school/6722951",
    "health-board/7A5",
];

#[tokio::test(flavor = "multi_thread")]
async fn python_plays_a_hubs_morning() {
    let hub = Standing::start().await;
    for organisation in CALLERS {
        hub.data.organisation(&organisation.parse().unwrap()).unwrap();
    }
    let played = tokio::task::spawn_blocking({
        let (folder, host) = (hub.folder().to_owned(), hub.host.clone());
        move || play(&folder, &host)
    });
    played.await.unwrap();
    hub.stop().await;
}

fn play(data: &Path, address: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (python, stubs) = (python(&root), data.join("stubs"));
    std::fs::create_dir_all(&stubs).unwrap();
    let mut compile = Command::new(&python);
    compile.args(["-m", "grpc_tools.protoc", "-I", "proto"]).current_dir(&root);
    compile.arg(format!("--python_out={}", stubs.display()));
    compile.arg(format!("--grpc_python_out={}", stubs.display()));
    run(compile.args(protos(&root.join("proto"))));
    let mut morning = Command::new(&python);
    morning.arg(root.join("tests/python/morning.py"));
    run(morning
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONPATH", stubs)
        .env("MASH_ADDRESS", address)
        .env("MASH_DATA", data));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// Every file of the contract, relative to its root.
fn protos(root: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![root.join("mash")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "proto") {
                files.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

/// Where `cargo xtask setup` puts it.
fn python(root: &Path) -> PathBuf {
    let python = root.join(".tools/python/bin/python");
    assert!(
        python.exists(),
        "the Python client is not here, so nothing would be tested; `cargo xtask setup` installs it"
    );
    python
}
