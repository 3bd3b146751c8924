//! The inbox in a real browser, headless: a key adult's morning in Welsh with the keyboard alone, a desk's morning, the
//! ways to sign in, and every page in both languages without a barrier that axe finds, without scrolling sideways on a
//! small screen. Pictures of all of them are left in `target/screenshots`.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{
    fs::Permissions,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use mash_inbox::ProviderSettings;
use mash_tests::morning::{KEY_ADULT, KEY_ADULTS_MAIL, Morning, NOW, OFFICER};
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_adult_and_a_desk_have_their_morning_in_a_browser() {
    assert!(
        mash_inbox::has_frontend(),
        "the style sheet was not there when the inbox was built, so not the real pages would be looked at; `cargo \
         xtask assets` makes it"
    );
    let mut provider = Provider::start();
    let hub = Morning::start(None, vec![provider.settings("hwb", "Hwb"), nowhere(&provider)]).await;
    provider.tell(&hub.origin);
    let mut links = Vec::new();
    for who in [KEY_ADULT, KEY_ADULT, KEY_ADULT, OFFICER] {
        links.push(hub.link(who).await);
    }
    let origin = hub.origin.clone();
    let ran = tokio::task::spawn_blocking(move || run(&origin, &links.join(" ")));
    ran.await.unwrap();
    hub.stop().await;
}

/// A provider that does not answer.
fn nowhere(provider: &Provider) -> ProviderSettings {
    let issuer = "http://127.0.0.1:1".to_owned();
    ProviderSettings { issuer, ..provider.settings("dfe", "DfE Sign-in") }
}

/// A real provider of OpenID Connect.
struct Provider {
    program: Child,
    said: BufReader<ChildStdout>,
    issuer: String,
    folder: TempDir,
}

const CLIENT: &str = "mash-inbox";
const SECRET: &str = "a-secret-of-the-provider";

impl Provider {
    fn start() -> Self {
        let mut program = Command::new("node")
            .arg(root().join("tests/browser/provider.mjs"))
            .env("MODULES", modules())
            .env("CLIENT", CLIENT)
            .env("SECRET", SECRET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(program.stdout.take().unwrap());
        let mut issuer = String::new();
        said.read_line(&mut issuer).unwrap();
        let folder = TempDir::new().unwrap();
        Self { program, said, issuer: issuer.trim().to_owned(), folder }
    }

    fn settings(&self, id: &str, name: &str) -> ProviderSettings {
        let path = self.folder.path().join("secret");
        std::fs::write(&path, SECRET).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let (issuer, path) = (&self.issuer, path.display());
        let text =
            format!("id={id},name={name},issuer={issuer},client={CLIENT},secret-file={path}");
        text.parse().unwrap()
    }

    /// Tells it where the inbox is, what time it is there, and who has an account.
    fn tell(&mut self, origin: &str) {
        let accounts = r#"{"mair":{"email":"MAIL","email_verified":true},
            "unverified":{"email":"MAIL","email_verified":false},
            "stranger":{"email":"stranger@school.example","email_verified":true}}"#;
        let accounts = accounts.replace("MAIL", KEY_ADULTS_MAIL).replace('\n', "");
        let told = format!(r#"{{"origin":"{origin}","now":"{NOW}","accounts":{accounts}}}"#);
        writeln!(self.program.stdin.as_mut().unwrap(), "{told}").unwrap();
        let mut ready = String::new();
        self.said.read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.program.kill());
        drop(self.program.wait());
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn modules() -> PathBuf {
    let modules = root().join(".tools/browser/node_modules");
    assert!(
        modules.join("playwright-core").exists() && modules.join("oidc-provider").exists(),
        "what drives the browser is not here, so nothing would be tested; `cargo xtask setup` installs it"
    );
    modules
}

fn run(origin: &str, links: &str) {
    let root = root();
    let pictures = root.join("target/screenshots");
    std::fs::create_dir_all(&pictures).unwrap();
    let output = Command::new("node")
        .arg(root.join("tests/browser/morning.mjs"))
        .env("MODULES", modules())
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
