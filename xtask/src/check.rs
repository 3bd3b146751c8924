//! `cargo xtask check`: everything a change must pass. Each step is timed, none is skipped, all failures are listed.

mod alike;
mod tests_step;
pub mod tidy;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{process, services, setup};

/// How one step ended.
enum Outcome {
    Passed(String),
    Failed(String),
    /// Could not be run here for a reason outside the project; shouted, never swallowed.
    NotRun(String),
}

type Step = (&'static str, fn() -> Result<Outcome>);

const STEPS: [Step; 9] = [
    ("tidy", tidy_step),
    ("alike", alike_step),
    ("fmt", || cargo(&["fmt", "--all", "--check"], &[])),
    ("buf lint", buf_step),
    ("deny", deny_step),
    ("advisories", advisories_step),
    ("clippy", || {
        cargo(
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--keep-going",
                "--",
                "-D",
                "warnings",
            ],
            &[],
        )
    }),
    ("doc", || {
        cargo(
            &["doc", "--workspace", "--no-deps", "--locked", "--keep-going"],
            &[("RUSTDOCFLAGS", "-D warnings")],
        )
    }),
    ("test", tests_step::run),
];

/// Runs the steps named, or all of them; an error when any failed.
pub fn run(only: &[String]) -> Result<()> {
    if let Some(unknown) = only.iter().find(|name| !STEPS.iter().any(|(step, _)| step == name)) {
        let known: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        bail!("no step `{unknown}`; there are: {}", known.join(", "));
    }
    let began = Instant::now();
    let mut results = Vec::new();
    for (name, step) in
        STEPS.iter().filter(|(name, _)| only.is_empty() || only.iter().any(|wanted| wanted == name))
    {
        println!("\n=== {name} ===");
        let started = Instant::now();
        let outcome = step().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        results.push((*name, started.elapsed(), outcome));
    }
    report(&results, began.elapsed())
}

fn report(results: &[(&str, Duration, Outcome)], whole: Duration) -> Result<()> {
    println!("\n=== summary ===");
    let mut failures = Vec::new();
    for (name, took, outcome) in results {
        let (mark, note) = match outcome {
            Outcome::Passed(note) => ("passed", note),
            Outcome::NotRun(note) => ("NOT RUN", note),
            Outcome::Failed(note) => {
                failures.push(*name);
                ("FAILED", note)
            }
        };
        println!("{mark:>8} {name:<11} {:>7.1} s  {note}", took.as_secs_f64());
    }
    println!("{:>20} {:>7.1} s", "altogether", whole.as_secs_f64());
    if !failures.is_empty() {
        bail!("failed: {}", failures.join(", "));
    }
    Ok(())
}

/// A command whose success is the step's success.
fn judged(command: &mut Command) -> Result<Outcome> {
    let status = command.stdin(Stdio::null()).status().context("cannot start it")?;
    Ok(if status.success() {
        Outcome::Passed(String::new())
    } else {
        Outcome::Failed(status.to_string())
    })
}

fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Outcome> {
    judged(cargo_command()?.args(arguments).envs(environment.iter().copied()))
}

fn cargo_command() -> Result<Command> {
    let mut command = Command::new("cargo");
    command.current_dir(process::root()?);
    Ok(command)
}

fn tidy_step() -> Result<Outcome> {
    let findings = tidy::findings(&tidy::sources()?);
    for finding in &findings {
        println!("{finding}");
    }
    Ok(if findings.is_empty() {
        Outcome::Passed(String::new())
    } else {
        Outcome::Failed(format!("{} finding(s)", findings.len()))
    })
}

/// The services of the agencies against one another.
fn alike_step() -> Result<Outcome> {
    let shares = alike::shares(&tidy::sources()?);
    let mut note = Vec::new();
    for share in &shares {
        note.push(format!("{} {} %", share.service, share.percent()));
        for (here, there) in share.pairs.iter().filter(|_| share.too_much()) {
            println!("{here} stands again at {there}");
        }
    }
    let note = note.join(", ");
    Ok(if shares.iter().any(alike::Share::too_much) {
        Outcome::Failed(format!("more than 5 % of a service stands in another one too: {note}"))
    } else {
        Outcome::Passed(note)
    })
}

fn buf_step() -> Result<Outcome> {
    judged(Command::new(setup::buf()?).arg("lint").current_dir(process::root()?.join("proto")))
}

fn deny(checks: &[&str]) -> Result<Command> {
    let mut command = Command::new(setup::cargo_deny()?);
    command.current_dir(process::root()?).args(["--locked", "check"]).args(checks);
    Ok(command)
}

fn deny_step() -> Result<Outcome> {
    judged(&mut deny(&["bans", "licenses", "sources"])?)
}

/// The advisory database lives in a git repository that not every machine can reach.
fn advisories_step() -> Result<Outcome> {
    let output = deny(&["advisories"])?.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{said}");
    Ok(if output.status.success() {
        Outcome::Passed(String::new())
    } else if said.contains("failed to fetch advisory database") {
        Outcome::NotRun("the advisory database cannot be reached from this machine".to_owned())
    } else {
        Outcome::Failed(output.status.to_string())
    })
}

/// The addresses of the engines, started here if nobody did.
fn engines() -> Result<Vec<(&'static str, String)>> {
    services::up(1)
}
