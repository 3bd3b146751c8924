//! The pages of the agencies: every command on them is run as it stands, with a client that this project did not write,
//! against a hub with the directory of the demonstration, at the time at which the demonstration ends. What a page says
//! is refused is refused with the code that it names.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use mash_hub::data::Data;
use mash_tests::standing::Standing;

#[tokio::test(flavor = "multi_thread")]
async fn every_command_on_a_page_of_an_agency_is_answered() {
    let pages = pages();
    assert!(pages.len() >= 4, "a page for each agency: {pages:?}");
    let hub = Standing::start().await;
    let mut failures = String::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        let script = script(&text);
        certificates(&hub.data, &script);
        let (folder, host) = (hub.folder().to_owned(), hub.host.clone());
        let run = tokio::task::spawn_blocking(move || play(&script, &folder, &host));
        if let Err(said) = run.await.unwrap() {
            write!(failures, "\n== {}\n{said}", page.display()).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
    hub.stop().await;
}

/// The pages that describe a service, and the contract of each of its services.
const CONTRACTS: [(&str, &str); 8] = [
    ("police.md", "mash/police/v1/protection_service.proto"),
    ("health.md", "mash/health/v1/health_service.proto"),
    ("education.md", "mash/education/v1/referral_service.proto"),
    ("education.md", "mash/education/v1/notice_service.proto"),
    ("education.md", "mash/sharing/v1/statement_service.proto"),
    ("social-care.md", "mash/social_care/v1/queue_service.proto"),
    ("social-care-meetings.md", "mash/social_care/v1/meeting_service.proto"),
    ("receiving.md", "mash/delivery/v1/delivery_service.proto"),
];

#[test]
fn a_page_names_every_call_and_tells_of_events_and_clocks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut missing = String::new();
    for (page, contract) in CONTRACTS {
        let text = std::fs::read_to_string(root.join("docs/agencies").join(page)).unwrap();
        let contract = std::fs::read_to_string(root.join("proto").join(contract)).unwrap();
        let calls = contract.lines().filter_map(|line| line.trim().strip_prefix("rpc "));
        for call in calls.filter_map(|line| line.split('(').next()) {
            if !text.contains(&format!("`{call}`")) && !text.contains(&format!("/{call}")) {
                writeln!(missing, "{page}: {call}").unwrap();
            }
        }
        if page == "receiving.md" {
            continue;
        }
        for title in ["\n## Calls\n", "\n## Events\n", "\n## Clocks", "\n## To try it\n"] {
            if !text.contains(title) {
                writeln!(missing, "{page}: {}", title.trim()).unwrap();
            }
        }
    }
    assert!(missing.is_empty(), "not on the page:\n{missing}");
}

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/agencies");
    let mut pages: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages
}

/// The blocks of a page one after the other: what one sets, the next one knows.
fn script(page: &str) -> String {
    let mut script = String::new();
    let mut inside = false;
    for line in page.lines() {
        match (inside, line.trim_end()) {
            (false, "```sh") => inside = true,
            (true, "```") => inside = false,
            (true, line) => writeln!(script, "{line}").unwrap(),
            (false, _) => (),
        }
    }
    script
}

/// Every organisation for which the page names a certificate gets one.
fn certificates(data: &Data, script: &str) {
    for part in script.split("certificates/").skip(1) {
        let Some((stem, _)) = part.split_once(".pem") else { continue };
        let stem = stem.trim_end_matches("-key");
        let Some((kind, code)) = stem.rsplit_once('-') else { continue };
        let organisation = format!("{kind}/{code}").parse();
        data.organisation(&organisation.unwrap_or_else(|_| panic!("who is {stem}?"))).unwrap();
    }
}

fn play(script: &str, folder: &Path, host: &str) -> Result<(), String> {
    let here = |line: &str| {
        let part = |word: &str| match word.split_once('=') {
            Some(("DATA", _)) => format!("DATA={}", folder.display()),
            Some(("HOST", _)) => format!("HOST={host}"),
            _ => word.to_owned(),
        };
        if line.starts_with("DATA=") || line.starts_with("HOST=") {
            line.split(' ').map(part).collect::<Vec<_>>().join(" ")
        } else {
            line.to_owned()
        }
    };
    let lines: Vec<String> = script.lines().map(here).collect();
    let script = format!("set -euo pipefail\n{}\n", lines.join("\n"));
    let path = format!("{}:{}", tool().display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash").arg("-c").arg(&script).env("PATH", path).output().unwrap();
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if !output.status.success() {
        return Err(said);
    }
    let unheard = |code: &&str| !said.contains(&format!("Message: {code}:"));
    match refusals(&script).find(unheard) {
        Some(code) => Err(format!("{said}\nnothing was refused with {code}")),
        None => Ok(()),
    }
}

/// The codes with which a page says that calls are refused: `… || true  # MASH-C009`.
fn refusals(script: &str) -> impl Iterator<Item = &str> {
    let said = script.lines().filter_map(|line| line.split_once("|| true"));
    said.map(|(_, comment)| {
        let code = comment.trim_start_matches([' ', '#']).split([' ', ':']).next();
        code.filter(|code| code.starts_with("MASH-"))
            .unwrap_or_else(|| panic!("{comment}: which code?"))
    })
}

/// Where `cargo xtask setup` puts grpcurl.
fn tool() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/grpcurl-1.8.9");
    assert!(
        folder.join("grpcurl").exists(),
        "grpcurl is not here, so nothing would be tested; `cargo xtask setup` installs it"
    );
    folder
}
