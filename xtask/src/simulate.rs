//! `cargo xtask simulate`: the simulation, built as the tests are.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// Runs it with these arguments: the months, or with `year` before them the school year of Wales.
pub fn run(arguments: &[String]) -> Result<()> {
    let (program, arguments) = match arguments.split_first() {
        Some((first, rest)) if first == "year" => ("year", rest),
        Some(_) | None => ("simulate", arguments),
    };
    let status = Command::new("cargo")
        .current_dir(process::root()?)
        .args(["run", "--quiet", "--package", "mash-sim", "--bin", program, "--"])
        .args(arguments)
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the simulation found something");
    }
    Ok(())
}
