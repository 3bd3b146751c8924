//! `mash synth`: an invented Wales, on files.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use mash_synth::wales::{Scale, Wales};

/// What to generate.
#[derive(Debug, Args)]
pub struct SynthArgs {
    /// The same seed makes the same Wales.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much of it: 1 is all 1,460 schools, 0.01 a hundredth.
    #[arg(long, default_value_t = 0.01)]
    scale: f64,
    /// The folder to write to.
    #[arg(long)]
    out: PathBuf,
}

impl SynthArgs {
    /// Writes registers, rolls, contacts, calendars and incidents. No real person is in them.
    ///
    /// # Errors
    ///
    /// If the scale makes no sense, or a file cannot be written.
    pub fn run(self) -> anyhow::Result<()> {
        let scale = Scale::new(self.scale).context("the scale is more than 0 and at most 1")?;
        let wales = Wales::generate(self.seed, scale);
        for file in wales.write(&self.out)? {
            println!("{}", file.display());
        }
        println!("Everybody and every school in these files is invented.");
        Ok(())
    }
}
