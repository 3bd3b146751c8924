//! `mash` is killed with SIGKILL in the middle of the night, again and again, and the night ends in the same line.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use mash_store::{Dialect, testing::TestDatabase};

const CLOSING: &str = concat!(
    r#"{"accepted":16,"acknowledged":12,"escalated":2,"withheld":2,"pending":0,"lost":0,"late":0,"#,
    r#""referrals":{"accepted":3,"decided":3,"feedback_delivered":3,"feedback_escalated":0,"withheld":0,"#,
    r#""pending":0,"lost":0,"late":0}}"#
);

/// When the process is killed, counted from its start: every part of the night and of the morning, from the first
/// import to the count. The moments do not divide them evenly, so that on a slower machine other steps are hit.
const MOMENTS_MS: [u64; 12] =
    [150, 400, 620, 700, 850, 990, 1_150, 1_300, 1_450, 1_600, 1_900, 2_300];

#[tokio::test]
async fn the_closing_line_is_the_same_after_kills_on_the_embedded_pair() {
    survives_kills(None, "embedded").await;
}

#[tokio::test]
async fn the_closing_line_is_the_same_after_kills_on_postgres_and_kafka() {
    let Ok(broker) = std::env::var("MASH_TEST_KAFKA") else {
        panic!(
            "MASH_TEST_KAFKA is not set, so nothing would be tested on Kafka; see `cargo xtask services up`"
        );
    };
    let database = TestDatabase::create(Dialect::Postgres).await;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let bus = format!("kafka://{broker}?topic_prefix=killed-{id}.");
    survives_kills(Some(&database.url), &bus).await;
}

async fn survives_kills(database: Option<&str>, bus: &str) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut killed_midway = 0;
    for moment in MOMENTS_MS {
        let mut child = start(&data, database, bus);
        sleep(Duration::from_millis(moment));
        if child.try_wait().unwrap().is_none() {
            killed_midway += 1;
        }
        // SIGKILL: no handler runs, nothing is flushed.
        child.kill().unwrap();
        child.wait().unwrap();
        if data.join("finished").exists() {
            break;
        }
    }
    assert!(
        killed_midway >= 3,
        "the process was killed {killed_midway} times before it ended; kill it earlier"
    );
    let finished_before = data.join("finished").exists();
    let last = finish(&data, database, bus);
    assert_eq!(last, CLOSING, "after {killed_midway} kills (finished before: {finished_before})");
}

fn start(data: &Path, database: Option<&str>, bus: &str) -> Child {
    command(data, database, bus).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Runs it to its end, and returns its last line.
fn finish(data: &Path, database: Option<&str>, bus: &str) -> String {
    let started = Instant::now();
    let output = command(data, database, bus).output().unwrap();
    let (text, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success(),
        "the last run failed after {:?}:\n{text}\n{errors}",
        started.elapsed()
    );
    text.lines().last().unwrap_or_default().to_owned()
}

fn command(data: &Path, database: Option<&str>, bus: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mash"));
    command.args(["demo", "--once", "--listen", "127.0.0.1:0", "--bus", bus, "--data"]).arg(data);
    command.env_remove("MASH_DATABASE_URL");
    if let Some(url) = database {
        command.env("MASH_DATABASE_URL", url);
    }
    command
}
