//! The harness of the scenarios: a whole hub on a pair of store and bus, and the night played on it.

#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "only tests use it, and they should fail loudly"
)]

pub mod hub;
pub mod morning;
pub mod standing;

use std::path::PathBuf;

use mash_hub::demo::{Options, Played, play_through};
use mash_store::{Dialect, testing::TestDatabase};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// The variable that names the Kafka broker of the tests.
pub const KAFKA: &str = "MASH_TEST_KAFKA";

/// The buses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBus {
    /// The log in the store.
    Embedded,
    /// A real broker.
    Kafka,
}

/// A place for a hub: its data folder, database and bus. All of it goes when it is dropped.
pub struct Stage {
    folder: TempDir,
    database: TestDatabase,
    bus: String,
}

impl Stage {
    /// A new one, with nothing of another test in it.
    ///
    /// # Panics
    ///
    /// If PostgreSQL or Kafka is asked for and not there: a part that could not run is never skipped.
    pub async fn new(dialect: Dialect, bus: OnBus) -> Self {
        let bus = match bus {
            OnBus::Embedded => "embedded".to_owned(),
            OnBus::Kafka => {
                let Ok(broker) = std::env::var(KAFKA) else {
                    panic!(
                        "{KAFKA} is not set, so nothing would be tested on Kafka. `cargo xtask services up` starts a \
                         broker and prints the line to set it."
                    );
                };
                let prefix = uuid::Uuid::new_v4().simple().to_string();
                format!(
                    "kafka://{broker}?topic_prefix=night-{}.",
                    prefix.get(..8).expect("a UUID is longer")
                )
            }
        };
        let folder = TempDir::new().expect("a temporary folder");
        Self { folder, database: TestDatabase::create(dialect).await, bus }
    }

    /// Plays the night here.
    ///
    /// # Panics
    ///
    /// If it cannot be played.
    pub async fn play(&self, shutdown: &CancellationToken) -> Played {
        play_through(&self.options(), shutdown).await.expect("the night can be played")
    }

    /// What a hub needs to know to run here.
    ///
    /// # Panics
    ///
    /// Never: the address is a constant.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            data: self.data(),
            database: Some(self.database.url.clone()),
            bus: self.bus.clone(),
            listen: "127.0.0.1:0".parse().expect("an address"),
            inbox: None,
            once: true,
            against: None,
        }
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}
