//! A real mail server in another language, started for one test.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

/// An e-mail as the server took it.
#[derive(Clone)]
pub(crate) struct Mail {
    to: String,
    /// With its headers.
    pub(crate) text: String,
}

pub(crate) struct Sink {
    process: Child,
    port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
}

impl Sink {
    pub(crate) fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut process = Command::new(python(&root))
            .arg(root.join("tests/python/sink.py"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next().expect("the mail server starts").unwrap().parse().unwrap();
        let mails: Arc<Mutex<Vec<Mail>>> = Arc::default();
        let kept = mails.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mail: serde_json::Value = serde_json::from_str(&line).unwrap();
                let to = mail["to"][0].as_str().unwrap().to_owned();
                let text = mail["content"].as_str().unwrap().to_owned();
                kept.lock().unwrap().push(Mail { to, text });
            }
        });
        Self { process, port, mails }
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Every e-mail to somebody, once there are at least so many.
    pub(crate) async fn mail_to(&self, address: &str, at_least: usize) -> Vec<Mail> {
        let waiting = async {
            loop {
                let mails: Vec<Mail> = self.mails.lock().unwrap().clone();
                let hers: Vec<_> = mails.into_iter().filter(|mail| mail.to == address).collect();
                if hers.len() >= at_least {
                    return hers;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waiting)
            .await
            .expect("the mail comes in time")
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Where `cargo xtask setup` puts it, with the mail server.
fn python(root: &Path) -> PathBuf {
    let python = root.join(".tools/python/bin/python");
    let there = Command::new(&python).args(["-c", "import aiosmtpd"]).status();
    assert!(
        there.is_ok_and(|status| status.success()),
        "the mail server is not here, so nothing would be tested; `cargo xtask setup` installs it"
    );
    python
}
