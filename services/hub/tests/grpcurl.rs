//! A client that this project did not write lists and calls the services, and is refused without a certificate.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use mash_hub::{
    data::Data,
    serve::{Settings, Which, start},
};
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn grpcurl_lists_and_calls_with_a_certificate_and_is_refused_without() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::open(folder.path()).unwrap();
    let shutdown = CancellationToken::new();
    let settings = Settings {
        which: Which::All,
        data: folder.path().to_owned(),
        database: None,
        bus: "embedded".to_owned(),
        keys: mash_hub::keyring::Keyring::Files(None),
        listen: "127.0.0.1:0".parse().unwrap(),
        hosts: vec!["localhost".to_owned()],
        clock: None,
        inbox: None,
        ways: mash_hub::serve::Ways::default(),
        ledger: None,
        ledger_patience: mash_hub::serve::LEDGER_PATIENCE,
    };
    let running = start(&settings, &shutdown).await.unwrap();
    let address = format!("localhost:{}", running.address.port());
    for organisation in ["police/62", "operator/hub", "school/6722951"] {
        data.organisation(&organisation.parse().unwrap()).unwrap();
    }
    let checks = tokio::task::spawn_blocking({
        let folder = folder.path().to_owned();
        move || calls(&folder, &address)
    });
    checks.await.unwrap();
    shutdown.cancel();
    running.wait().await.unwrap();
}

fn calls(folder: &Path, address: &str) {
    let listed = grpcurl(folder, Some("police-62"), &[address, "list"]);
    for service in
        ["police.v1.PoliceService", "education.v1.NoticeService", "sharing.v1.SharingService"]
    {
        assert!(
            said(&listed).contains(&format!("mash.{service}")),
            "{service} is not listed: {}",
            said(&listed)
        );
    }
    let counted = grpcurl(
        folder,
        Some("operator-hub"),
        &["-emit-defaults", address, "mash.sharing.v1.SharingService/GetConservation"],
    );
    assert!(said(&counted).contains("\"accepted\": \"0\""), "{}", said(&counted));

    let wrong = grpcurl(
        folder,
        Some("school-6722951"),
        &[address, "mash.sharing.v1.SharingService/GetConservation"],
    );
    assert!(
        said(&wrong).contains("PermissionDenied"),
        "another kind of organisation: {}",
        said(&wrong)
    );
    let incomplete = grpcurl(
        folder,
        Some("police-62"),
        &["-d", "{}", address, "mash.police.v1.PoliceService/WatchOutcomes"],
    );
    assert!(
        said(&incomplete).contains("mash-practitioner"),
        "no practitioner: {}",
        said(&incomplete)
    );
    let stranger = grpcurl(folder, None, &[address, "list"]);
    assert!(!stranger.status.success(), "without a certificate: {}", said(&stranger));
    assert!(said(&stranger).contains("MASH-C001"), "without a certificate: {}", said(&stranger));
}

fn grpcurl(folder: &Path, stem: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.arg("-cacert").arg(folder.join("ca/ca.pem"));
    if let Some(stem) = stem {
        let certificates = folder.join("certificates");
        command.arg("-cert").arg(certificates.join(format!("{stem}.pem")));
        command.arg("-key").arg(certificates.join(format!("{stem}-key.pem")));
    }
    command.args(arguments).output().unwrap()
}

/// What it printed, answers and refusals alike.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// Where `cargo xtask setup` puts it, or wherever it is.
fn program() -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/grpcurl-1.8.9/grpcurl");
    if tools.exists() {
        return tools;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("grpcurl"))
        .find(|file| file.exists());
    found.unwrap_or_else(|| {
        panic!("grpcurl is not here, so nothing would be tested; `cargo xtask setup` installs it")
    })
}
