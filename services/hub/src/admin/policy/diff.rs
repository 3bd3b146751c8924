//! `mash policy diff`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use mash_proof::{Change, diff};

use super::{SolverArgs, rulesets};

/// What to compare.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The folder of the older rule set, or the version that is built in.
    old: PathBuf,
    /// The folder of the newer rule set, or the version that is built in. Both are read under its schema.
    new: PathBuf,
    /// Print one object of JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    solver: SolverArgs,
}

impl DiffArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let old = rulesets::open(Some(&self.old))?;
        let new = rulesets::open(Some(&self.new))?;
        let difference = self.solver.with_progress(|options| diff(&old, &new, options))?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&difference)?);
        } else {
            let (old, new) = (self.old.display(), self.new.display());
            if difference.more.is_empty() {
                println!("proved over all inputs: {new} releases nothing more than {old}");
            } else {
                println!("{new} releases more than {old}:");
                difference.more.iter().for_each(print);
            }
            if difference.less.is_empty() {
                println!("proved over all inputs: {new} keeps nothing back that {old} releases");
            } else {
                println!("{new} keeps back what {old} releases:");
                difference.less.iter().for_each(print);
            }
        }
        if !difference.more.is_empty() {
            let (many, new) = (difference.more.len(), self.new.display());
            bail!("MASH-V006: {new} releases more in {many} flows, recipients and classes");
        }
        Ok(())
    }
}

fn print(change: &Change) {
    println!("  flow {}, {}: {}", change.flow, change.recipient, change.resource);
    println!("    for example {}", change.example);
    change.clauses.iter().for_each(|clause| println!("      {clause}"));
    println!("      in {}", change.terms.join("; "));
}
