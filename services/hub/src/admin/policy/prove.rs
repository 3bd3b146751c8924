//! `mash policy prove`.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use mash_proof::{Invariants, Outcome, Report, prove};

use super::{SolverArgs, rulesets};

/// How many counterexamples of one promise are told; the rest is counted.
const TOLD: usize = 3;

/// What to prove.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// The folder of a rule set, or the version that is built in; the latter without it.
    #[arg(long, value_name = "DIR")]
    ruleset: Option<PathBuf>,
    /// Print one object of JSON.
    #[arg(long)]
    json: bool,
    /// Tell the promises in Welsh.
    #[arg(long)]
    welsh: bool,
    /// List what was proved too, not only what is broken.
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    solver: SolverArgs,
}

impl ProveArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let ruleset = rulesets::open(self.ruleset.as_deref())?;
        let schema = ruleset.schema().context("the rule set has no schema")?;
        let invariants = Invariants::builtin(schema)?;
        let report = self.solver.with_progress(|options| prove(&ruleset, &invariants, options))?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            self.print(&report);
        }
        let broken = report.broken().count();
        if broken > 0 {
            let all = report.outcomes.len();
            bail!("MASH-V005: rule set {} breaks {broken} of {all} promises", report.ruleset);
        }
        Ok(())
    }

    fn print(&self, report: &Report) {
        for outcome in &report.outcomes {
            if outcome.is_proved() {
                if self.verbose {
                    println!("proved  {} {}", outcome.id, self.statement(outcome));
                }
                continue;
            }
            println!("BROKEN  {} {}", outcome.id, self.statement(outcome));
            println!(
                "        guards {}, stated in policy/invariants/{}",
                outcome.guards.join(" "),
                outcome.source
            );
            if outcome.sections == 0 {
                println!("        it speaks about no kind of request, so it promises nothing");
            }
            for told in outcome.counterexamples.iter().take(TOLD) {
                println!("    but {}", told.situation);
                told.clauses.iter().for_each(|clause| println!("        {clause}"));
                println!("        in {}", told.terms.join("; "));
            }
            let more = outcome.counterexamples.len().saturating_sub(TOLD);
            if more > 0 {
                println!("    and so for {more} other kinds of request");
            }
        }
        println!(
            "rule set {}: {} of {} promises proved over all inputs; {} kinds of request, {} questions, {:.1} s",
            report.ruleset,
            report.outcomes.len() - report.broken().count(),
            report.outcomes.len(),
            report.sections,
            report.questions,
            report.took.as_secs_f64(),
        );
    }

    fn statement<'a>(&self, outcome: &'a Outcome) -> &'a str {
        if self.welsh { &outcome.statement_cy } else { &outcome.statement }
    }
}
