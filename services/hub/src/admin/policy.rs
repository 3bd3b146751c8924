//! `mash policy`: what is known about the sharing rules.

mod diff;
mod prove;
mod rulesets;
mod served;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget};
use mash_proof::{Options, ProofError, Solver};

/// What can be asked about the rules.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Prove every promise of policy/invariants/ over all inputs; exit 1 and a counterexample if one is broken.
    Prove(prove::ProveArgs),
    /// Prove that NEW releases nothing more than OLD, or list what more; exit 1 if there is more.
    Diff(diff::DiffArgs),
    /// Replay recorded decisions through a candidate: who would gain or lose what, and how many children be missed.
    Simulate(served::SimulateArgs),
    /// Propose the rule set in a folder; it is checked and proved, and refused whole if anything fails.
    Propose(served::ProposeArgs),
    /// Put a proposed version in force, as somebody of another organisation.
    Approve(served::ApproveArgs),
    /// List the versions, the latest first.
    List(served::ListArgs),
    /// Tell a decision in words: who got what, what was withheld, why, under which rule and clause.
    Explain(served::ExplainArgs),
}

/// Who does the proving.
#[derive(Clone, Debug, Args)]
pub struct SolverArgs {
    /// The solver, cvc5.
    #[arg(long = "solver", env = "CVC5", default_value = "cvc5", value_name = "PROGRAM")]
    program: PathBuf,
    /// How many solvers run at once; as many as there are processors without it.
    #[arg(long)]
    workers: Option<usize>,
}

impl PolicyCommand {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If a rule set cannot be read, the solver cannot be started, or what was to be proved is not so.
    pub async fn run(self) -> anyhow::Result<()> {
        // Provers are threads of their own and ask their solvers one question after the other.
        match self {
            Self::Prove(args) => tokio::task::spawn_blocking(move || args.run()).await?,
            Self::Diff(args) => tokio::task::spawn_blocking(move || args.run()).await?,
            Self::Simulate(args) => args.run().await,
            Self::Propose(args) => args.run().await,
            Self::Approve(args) => args.run().await,
            Self::List(args) => args.run().await,
            Self::Explain(args) => args.run().await,
        }
    }
}

impl SolverArgs {
    /// Runs it with a bar that shows how far it is; the bar is drawn on a terminal only.
    fn with_progress<T>(
        &self,
        work: impl FnOnce(&Options<'_>) -> Result<T, ProofError>,
    ) -> Result<T, ProofError> {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let progress = |done: usize, of: usize| {
            bar.set_length(u64::try_from(of).unwrap_or(u64::MAX));
            bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
        };
        let ordinary = Options::default();
        let done = work(&Options {
            solver: Solver::at(&self.program),
            workers: self.workers.unwrap_or(ordinary.workers),
            progress: Some(&progress),
        });
        bar.finish_and_clear();
        done
    }
}
