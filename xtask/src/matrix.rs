//! `cargo xtask matrix`: who may know what, against the page that is committed.
//!
//! The page is drawn by an example of the crate that decides, because this crate depends on none of the project's.

use std::process::Command;

use anyhow::Result;

use crate::process;

/// Prints the matrix and what is different or not covered; with `bless` writes the page first.
pub fn run(bless: bool) -> Result<()> {
    let mut command = Command::new("cargo");
    command.current_dir(process::root()?);
    command.args(["run", "--quiet", "--package", "mash-policy", "--example", "matrix"]);
    if bless {
        command.args(["--", "--bless"]);
    }
    process::run(&mut command)
}
