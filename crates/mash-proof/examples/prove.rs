//! Measures a full proof of the built-in rule set: three runs with every processor, and one with two.
#![expect(clippy::print_stdout, reason = "a program for people at a terminal")]

use std::error::Error;

use mash_policy::Ruleset;
use mash_proof::{Invariants, Options, Solver, prove};

fn main() -> Result<(), Box<dyn Error>> {
    let ruleset = Ruleset::builtin()?;
    let schema = ruleset.schema().ok_or("no rules")?;
    let invariants = Invariants::builtin(schema)?;
    let solver = std::env::var_os("CVC5").map_or_else(Solver::default, Solver::at);
    println!("{}", solver.version()?);
    let workers = Options::default().workers;
    for workers in [workers, workers, workers, 2] {
        let options = Options { solver: solver.clone(), workers, progress: None };
        let report = prove(&ruleset, &invariants, &options)?;
        println!(
            "{workers} solvers: {} of {} promises proved, {} kinds of request, {} questions, {:.2} s",
            report.outcomes.len() - report.broken().count(),
            report.outcomes.len(),
            report.sections,
            report.questions,
            report.took.as_secs_f64(),
        );
    }
    Ok(())
}
