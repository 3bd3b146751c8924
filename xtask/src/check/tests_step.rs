//! The tests, on the real engines. Their output passes through as it is; the closing lines are added up.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::{Outcome, cargo_command, engines};
use crate::process;

/// Building the tests included.
const CI_LIMIT_SECONDS: &str = "3000";

/// What `cargo test` said in its closing lines.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    /// Adds one line of output if it is a closing line.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        // "ok. 3 passed; 0 failed; 1 ignored; …"
        for part in result.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(number)), Some(kind)) =
                (words.next().map(str::parse::<u64>), words.next())
            else {
                continue;
            };
            match kind {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// `cargo`; where nobody sits to interrupt a test that hangs, with a limit, so that the summary is still printed.
fn command() -> Result<Command> {
    if std::env::var_os("CI").is_none() {
        return cargo_command();
    }
    let mut limited = Command::new("timeout");
    limited.args(["--kill-after=30", CI_LIMIT_SECONDS, "cargo"]).current_dir(process::root()?);
    Ok(limited)
}

/// Runs every test of the workspace.
pub(super) fn run() -> Result<Outcome> {
    let mut child = command()?
        .args(["test", "--workspace", "--locked", "--no-fail-fast"])
        .envs(engines()?)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo test")?;
    let mut tally = Tally::default();
    let output = child.stdout.take().context("no output to read")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally.add(&line);
    }
    let status = child.wait()?;
    let note =
        format!("{} passed, {} failed, {} ignored", tally.passed, tally.failed, tally.ignored);
    if status.code() == Some(124) {
        return Ok(Outcome::Failed(format!(
            "{note}; ended after {CI_LIMIT_SECONDS} s, a test hangs"
        )));
    }
    Ok(if status.success() && tally.passed > 0 {
        Outcome::Passed(note)
    } else {
        Outcome::Failed(note)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_add_up_and_other_lines_count_for_nothing() {
        let mut tally = Tally::default();
        tally.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        tally.add("test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s");
        tally.add("test kafka::tests::something ... ok");
        assert_eq!(tally, Tally { passed: 5, failed: 4, ignored: 1 });
    }
}
