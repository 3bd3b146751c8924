//! Generates or checks the bad edits of the rule set. `cargo xtask mutants` runs it.
#![expect(clippy::print_stdout, reason = "a program for people at a terminal")]

use std::{error::Error, path::Path, process::ExitCode, time::Instant};

use mash_proof::{
    Options, Solver,
    mutation::{self, Guards, Mutants, Thoroughly, Verdict},
};

const VERSION: &str = "2026-11-23";
const SEED: u64 = 20_261_123;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy");
    let files = mutation::files(&policy.join("rulesets").join(VERSION))?;
    let solver = std::env::var_os("CVC5").map_or_else(Solver::default, Solver::at);
    let options = || Options { solver: solver.clone(), ..Options::default() };
    let list = policy.join("mutants.toml");
    if std::env::args().nth(1).as_deref() == Some("--generate") {
        let mutants = Mutants::generate(VERSION, &files, SEED, &options())?;
        mutants.write(&list)?;
        println!("{} bad edits written to policy/mutants.toml", mutants.all.len());
        return Ok(ExitCode::SUCCESS);
    }
    let mutants = Mutants::read(&list)?;
    let began = Instant::now();
    let guards = Guards::new(VERSION, files, &policy.join("cases"), options())?;
    let (mut proofs, mut cases, mut lines, mut escaped) = (0, 0, 0, 0);
    let verdicts = guards.try_each(&mutants.all, Thoroughly::Throughout)?;
    for (mutant, verdict) in mutants.all.iter().zip(verdicts) {
        let name = format!("{} {} {} {}", mutant.id, mutant.operator, mutant.file, mutant.clause);
        match verdict {
            Verdict::Caught(caught) => {
                proofs += usize::from(!caught.proofs.is_empty());
                cases += usize::from(caught.cases > 0);
                lines += usize::from(caught.lines > 0);
                let by = caught.proofs.join(" ");
                println!("{name}: {} cases, {} lines, proofs {by}", caught.cases, caught.lines);
            }
            Verdict::Survived => {
                escaped += 1;
                println!("{name}: SURVIVED {:?}", mutant.edits);
            }
            Verdict::Stale(fault) => {
                escaped += 1;
                println!("{name}: STALE {fault}");
            }
        }
    }
    println!(
        "{} bad edits: {proofs} caught by a proof, {cases} by a case, {lines} by the matrix, {escaped} by nothing; {:.1} s",
        mutants.all.len(),
        began.elapsed().as_secs_f64(),
    );
    Ok(if escaped == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
