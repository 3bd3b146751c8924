//! `cargo xtask simulate`: the simulation, built as the tests are.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// Runs it with these arguments.
pub fn run(arguments: &[String]) -> Result<()> {
    let status = Command::new("cargo")
        .current_dir(process::root()?)
        .args(["run", "--quiet", "--package", "mash-sim", "--bin", "simulate", "--"])
        .args(arguments)
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the simulation found something");
    }
    Ok(())
}
