//! The matrix of who may know what, against the one that is committed: `cargo xtask matrix [--bless]`.

use std::{env, error::Error, fs, path::Path};

use jiff::civil::date;
use mash_policy::{Matrix, Ruleset};

fn main() -> Result<(), Box<dyn Error>> {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy");
    let golden = policy.join("matrix.golden.txt");
    let ruleset = Ruleset::builtin()?;
    let matrix = Matrix::draw(&ruleset, date(2026, 11, 22))?;
    let gaps = matrix.gaps(&fs::read_to_string(policy.join("matrix.exempt.toml"))?);
    if env::args().nth(1).as_deref() == Some("--bless") {
        fs::write(&golden, matrix.page())?;
    }
    println!("{}", matrix.page());
    let committed = fs::read_to_string(&golden)?;
    let old = committed.lines().collect::<Vec<_>>();
    let new = matrix.page().lines().collect::<Vec<_>>();
    for line in old.iter().filter(|line| !new.contains(line)) {
        eprintln!("- {line}");
    }
    for line in new.iter().filter(|line| !old.contains(line)) {
        eprintln!("+ {line}");
    }
    for gap in &gaps {
        eprintln!("gap: {gap}");
    }
    if committed == matrix.page() && gaps.is_empty() {
        Ok(())
    } else {
        Err("the matrix is not the one that is committed, or it has gaps".into())
    }
}
