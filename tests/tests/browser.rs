//! The inbox in a real browser, headless: a key adult's morning in Welsh with the keyboard alone, a desk's morning, and
//! every page in both languages without a barrier that axe finds, without scrolling sideways on a small screen.
//! Pictures of all of them are left in `target/screenshots`.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use mash_tests::morning::{KEY_ADULT, Morning, OFFICER};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_adult_and_a_desk_have_their_morning_in_a_browser() {
    assert!(
        mash_inbox::has_frontend(),
        "the style sheet was not there when the inbox was built, so not the real pages would be looked at; `cargo \
         xtask assets` makes it"
    );
    let hub = Morning::start(None).await;
    let links =
        [hub.link(KEY_ADULT).await, hub.link(KEY_ADULT).await, hub.link(OFFICER).await].join(" ");
    let origin = hub.origin.clone();
    let ran = tokio::task::spawn_blocking(move || run(&origin, &links));
    ran.await.unwrap();
    hub.stop().await;
}

fn run(origin: &str, links: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let modules = root.join(".tools/browser/node_modules");
    assert!(
        modules.join("playwright-core").exists(),
        "what drives the browser is not here, so nothing would be tested; `cargo xtask setup` installs it"
    );
    let pictures = root.join("target/screenshots");
    std::fs::create_dir_all(&pictures).unwrap();
    let output = Command::new("node")
        .arg(root.join("tests/browser/morning.mjs"))
        .env("MODULES", &modules)
        .env("CHROMIUM", chromium())
        .env("PICTURES", &pictures)
        .env("ORIGIN", origin)
        .env("LINKS", links)
        .output()
        .unwrap();
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// Debian's, or whatever `CHROMIUM` names.
fn chromium() -> PathBuf {
    let program =
        std::env::var_os("CHROMIUM").map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from);
    assert!(
        program.exists(),
        "there is no browser, so nothing would be tested; `cargo xtask setup` installs it, CHROMIUM names another one"
    );
    program
}
