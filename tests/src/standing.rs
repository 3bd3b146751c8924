//! A hub on the embedded pair with the directory of the demonstration, at the hour at which that ends: for clients that
//! this project did not write.

use std::path::Path;

use mash_hub::{
    data::Data,
    demo::{ScriptedClock, prepare::directory_and_rolls},
    people::{Endpoints, People},
    serve::{Running, Settings, Which, start},
};
use mash_synth::{morning::at, night::Night};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A hub that runs.
pub struct Standing {
    /// Its certificates.
    pub data: Data,
    /// Where it answers, without a scheme.
    pub host: String,
    folder: TempDir,
    running: Running,
    shutdown: CancellationToken,
}

impl Standing {
    /// In a folder of its own.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let data = Data::open(folder.path()).expect("a data folder");
        let clock = ScriptedClock::open(&data).expect("a clock");
        clock.move_to(at::HEARD).expect("it moves");
        let settings = Settings {
            which: Which::All,
            data: folder.path().to_owned(),
            database: None,
            bus: "embedded".to_owned(),
            keys: mash_hub::keyring::Keyring::Files(None),
            listen: ([127, 0, 0, 1], 0).into(),
            hosts: vec!["localhost".to_owned()],
            clock: Some(data.clock()),
            inbox: None,
            ways: mash_hub::serve::Ways::default(),
            ledger: None,
            ledger_patience: mash_hub::serve::LEDGER_PATIENCE,
        };
        let shutdown = CancellationToken::new();
        let running = start(&settings, &shutdown).await.expect("the hub starts");
        let host = format!("localhost:{}", running.address.port());
        let people = People::new(data.clone(), Endpoints::all_at(&format!("https://{host}")));
        directory_and_rolls(&Night::new(), &people).await.expect("the directory");
        Self { data, host, folder, running, shutdown }
    }

    /// Its data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops it.
    ///
    /// # Panics
    ///
    /// If a part of it had failed.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.running.wait().await.expect("it stops");
    }
}
