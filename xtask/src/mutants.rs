//! `cargo xtask mutants`: bad edits of the rule set, each of which something must catch.
//!
//! An example of the crate that proves does it, because this crate depends on none of the project's.

use std::process::Command;

use anyhow::Result;

use crate::process;

/// Tells what catches each edit of `policy/mutants.toml`; with `generate` draws the list anew first.
pub fn run(generate: bool) -> Result<()> {
    let mutants = || -> Result<Command> {
        let mut command = Command::new("cargo");
        command.current_dir(process::root()?);
        command.args(["run", "--quiet", "--package", "mash-proof", "--example", "mutants"]);
        Ok(command)
    };
    if generate {
        process::run(mutants()?.args(["--", "--generate"]))?;
    }
    process::run(&mut mutants()?)
}
