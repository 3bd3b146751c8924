//! Both engines at once, and the file that tells the tests where they are.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;

use crate::{kafka, postgres, process};

/// What to do with the two engines.
#[derive(Subcommand)]
pub enum Action {
    /// Start both (idempotent) and write `.mash/test-env`.
    Up {
        /// How many Kafka brokers.
        #[arg(long, default_value_t = 1)]
        brokers: u16,
    },
    /// Stop both and delete their data.
    Down,
}

/// Runs `cargo xtask services …`.
pub fn run(action: &Action) -> Result<()> {
    match action {
        Action::Up { brokers } => up(*brokers).map(|_environment| ()),
        Action::Down => down(),
    }
}

/// Starts both; returns the variables that the tests read.
pub fn up(brokers: u16) -> Result<Vec<(&'static str, String)>> {
    let database = postgres::up(None)?;
    let bootstrap = kafka::up(brokers, None)?;
    let environment = vec![("MASH_TEST_POSTGRES_URL", database), ("MASH_TEST_KAFKA", bootstrap)];
    let lines: String =
        environment.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    let file = file()?;
    fs::write(&file, &lines)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    println!("{lines}# for your shell: set -a; . {}; set +a", file.display());
    Ok(environment)
}

/// Stops both, even when one of them will not.
pub fn down() -> Result<()> {
    let file = file()?;
    if file.exists() {
        fs::remove_file(&file)?;
    }
    let kafka = kafka::down(false);
    postgres::down(false)?;
    kafka
}

fn file() -> Result<PathBuf> {
    let folder = process::root()?.join(".mash");
    fs::create_dir_all(&folder).context("cannot create .mash")?;
    Ok(folder.join("test-env"))
}
