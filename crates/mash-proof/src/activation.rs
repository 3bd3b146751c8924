//! The gate that a rule set passes before it is put in force.

use std::sync::Arc;

use mash_policy::Ruleset;

use crate::{
    book,
    invariant::Invariants,
    prove::{Options, Outcome, prove},
    solver::Solver,
};

/// Whether every promise that this build carries holds of the rule set.
///
/// # Errors
///
/// A line for each promise that is broken, with a counterexample and the file and line of the clauses that decide it;
/// or why nothing could be proved. Either way the rule set is not to be put in force.
pub async fn prove_for_activation(
    ruleset: Arc<Ruleset>,
    solver: Solver,
) -> Result<(), Vec<String>> {
    // Provers are threads of their own; the caller's are left to its other work.
    let proof = tokio::task::spawn_blocking(move || {
        let schema = book::schema(&ruleset).map_err(|error| vec![error.to_string()])?;
        let invariants = Invariants::builtin(schema).map_err(|error| vec![error.to_string()])?;
        let options = Options { solver, ..Options::default() };
        let report =
            prove(&ruleset, &invariants, &options).map_err(|error| vec![error.to_string()])?;
        let broken: Vec<String> = report.broken().map(line).collect();
        if broken.is_empty() { Ok(()) } else { Err(broken) }
    });
    proof.await.unwrap_or_else(|_| Err(vec!["the proof was broken off".to_owned()]))
}

fn line(outcome: &Outcome) -> String {
    let promise = format!("MASH-V005: {} {}", outcome.id, outcome.statement);
    match outcome.counterexamples.first() {
        Some(told) => format!("{promise} But: {}; {}", told.situation, told.clauses.join("; ")),
        None => format!("{promise} But it speaks about no kind of request."),
    }
}
