//! The night of the scenario, child by child, on every pair of store and bus.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests may fail loudly"
)]

mod night {
    pub(crate) mod child;
    pub(crate) mod reading;
}

use mash_hub::demo::closing::{Closing, FORCE, WATCHER};
use mash_hub::demo::play::outcomes;
use mash_store::Dialect;
use mash_tests::{OnBus, Stage};
use tokio_util::sync::CancellationToken;

use night::child;

#[tokio::test(flavor = "multi_thread")]
async fn the_night_ends_as_told_on_sqlite_and_the_embedded_bus() {
    plays_as_told(Dialect::Sqlite, OnBus::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_ends_as_told_on_postgres_and_kafka() {
    plays_as_told(Dialect::Postgres, OnBus::Kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_ends_as_told_on_postgres_and_the_embedded_bus() {
    plays_as_told(Dialect::Postgres, OnBus::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_ends_as_told_on_sqlite_and_kafka() {
    plays_as_told(Dialect::Sqlite, OnBus::Kafka).await;
}

async fn plays_as_told(dialect: Dialect, bus: OnBus) {
    let stage = Stage::new(dialect, bus).await;
    let shutdown = CancellationToken::new();
    let played = stage.play(&shutdown).await;

    let expected = Closing {
        accepted: 16,
        acknowledged: 12,
        escalated: 2,
        withheld: 2,
        pending: 0,
        lost: 0,
        late: 0,
    };
    assert_eq!(played.closing, expected, "the closing line");
    let seen = outcomes(&played.people, FORCE, WATCHER, "").await.unwrap();
    assert_eq!(seen.len(), played.night.expected.len(), "police see one outcome for each duty");
    for expectation in &played.night.expected {
        child::ended_as_told(&played, &seen, expectation).await;
    }
    child::poison_became_a_dead_letter(&played).await;

    shutdown.cancel();
    played.running.expect("the hub was started here").wait().await.unwrap();
}
