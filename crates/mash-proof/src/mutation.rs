//! Bad edits of the rule set, and what catches each: a proof, a case or the matrix.
//!
//! A guard that never saw anything bad is a hope. Every edit here loads, and changes what is released on some input;
//! one that nothing catches shows a promise, a case or a line of the matrix that is missing.

mod check;
mod operators;

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use mash_policy::{Ruleset, RulesetError, Sources};
use serde::{Deserialize, Serialize};

pub use self::check::{Caught, Guards, Thoroughly, Verdict};
use crate::{diff::same, prove::Options, solver::ProofError};

/// How many bad edits there are at least. There are more where that leaves a clause without one.
pub const COUNT: usize = 100;

/// The files of a rule set, by name.
pub type Files = Vec<(String, String)>;

/// One bad edit of one clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutant {
    /// `M001` and so on.
    pub id: String,
    /// What sort of edit it is.
    pub operator: String,
    /// The file.
    pub file: String,
    /// The clause.
    pub clause: String,
    /// The edits; without any the clause is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
}

/// One replacement within the text of a clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The clause has it exactly once.
    pub find: String,
    /// What stands there instead.
    pub replace: String,
}

/// The committed list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutants {
    /// The version of the rule set that they spoil.
    pub ruleset: String,
    /// What the choice of edits was drawn from.
    pub seed: u64,
    /// Them.
    #[serde(rename = "mutant")]
    pub all: Vec<Mutant>,
}

/// The bad edits cannot be generated or checked.
#[derive(Debug, thiserror::Error)]
pub enum MutationError {
    /// A file of the project.
    #[error("cannot read or write {path}: {cause}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The list, a case or the invariants.
    #[error("{0}")]
    Text(String),
    /// The rule set as it stands.
    #[error(transparent)]
    Ruleset(#[from] RulesetError),
    /// The solver.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl Mutant {
    /// The rule set with the edit.
    ///
    /// # Errors
    ///
    /// Why the edit does not apply to these files.
    pub fn apply(&self, files: &Files) -> Result<Files, String> {
        let mut files = files.clone();
        let (_, text) = files
            .iter_mut()
            .find(|(name, _)| *name == self.file)
            .ok_or_else(|| format!("there is no {}", self.file))?;
        let blocks = operators::blocks(text);
        let block = blocks
            .iter()
            .find(|block| block.clause == self.clause)
            .ok_or_else(|| format!("{} has no clause `{}`", self.file, self.clause))?;
        let mut edited = if self.edits.is_empty() { String::new() } else { block.text.to_owned() };
        for Edit { find, replace } in &self.edits {
            if edited.matches(find.as_str()).count() != 1 {
                return Err(format!("`{}` does not have `{find}` exactly once", self.clause));
            }
            edited = edited.replacen(find.as_str(), replace, 1);
        }
        *text = text.replacen(block.text, &edited, 1);
        Ok(files)
    }
}

impl Mutants {
    /// Reads the list.
    ///
    /// # Errors
    ///
    /// [`MutationError`] if it cannot be read.
    pub fn read(path: &Path) -> Result<Self, MutationError> {
        let text = fs::read_to_string(path).map_err(|cause| file(path, cause))?;
        toml::from_str(&text).map_err(|error| MutationError::Text(error.to_string()))
    }

    /// Writes the list.
    ///
    /// # Errors
    ///
    /// [`MutationError`] if it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), MutationError> {
        let list = toml::to_string(self).map_err(|error| MutationError::Text(error.to_string()))?;
        let count = self.all.len();
        let text = format!(
            "# {count} bad edits of the rule set. `cargo xtask mutants` checks that each is caught; it is part of the tests.\n\
             # `cargo xtask mutants --generate` drew them from the seed. Each loads, and changes what is released.\n\n{list}"
        );
        fs::write(path, text).map_err(|cause| file(path, cause))
    }

    /// Draws edits: every sort in turn, and of each sort a random one that loads and changes what is released. Clauses
    /// that have none yet come first, so that every clause has one of which any edit changes anything.
    ///
    /// # Errors
    ///
    /// [`MutationError`] if the rule set has too few, or the solver cannot tell whether an edit changes anything.
    pub fn generate(
        version: &str,
        files: &Files,
        seed: u64,
        options: &Options<'_>,
    ) -> Result<Self, MutationError> {
        let sound = load(version, files)?;
        let mut dice = Dice(seed);
        let mut sorts = operators::candidates(files);
        let mut untouched: BTreeSet<(String, String)> = sorts.iter().flatten().map(place).collect();
        let mut all: Vec<Mutant> = Vec::new();
        loop {
            let before = all.len();
            for sort in &mut sorts {
                while let Some(mut drawn) = draw(sort, &untouched, all.len() < COUNT, &mut dice) {
                    let Ok(edited) = drawn.apply(files) else { continue };
                    let Ok(spoiled) = load(version, &edited) else { continue };
                    if same(&sound, &spoiled, options)? {
                        continue;
                    }
                    untouched.remove(&place(&drawn));
                    drawn.id = format!("M{:03}", all.len() + 1);
                    all.push(drawn);
                    break;
                }
            }
            match all.len() {
                enough if enough >= COUNT && (untouched.is_empty() || enough == before) => break,
                few if few == before => {
                    let few = format!("there are only {before} edits that change anything");
                    return Err(MutationError::Text(few));
                }
                _ => {}
            }
        }
        Ok(Self { ruleset: version.to_owned(), seed, all })
    }
}

/// Which clause an edit is of.
fn place(mutant: &Mutant) -> (String, String) {
    (mutant.file.clone(), mutant.clause.clone())
}

/// Takes an edit out of a sort: of a clause that has none yet, or, where there is none and `any` will do, of any.
fn draw(
    sort: &mut Vec<Mutant>,
    untouched: &BTreeSet<(String, String)>,
    any: bool,
    dice: &mut Dice,
) -> Option<Mutant> {
    let of_untouched = |(at, mutant): (usize, &Mutant)| {
        if untouched.contains(&place(mutant)) { Some(at) } else { None }
    };
    let first: Vec<usize> = sort.iter().enumerate().filter_map(of_untouched).collect();
    let at = match first.get(dice.below(first.len())) {
        Some(at) => *at,
        None if any && !sort.is_empty() => dice.below(sort.len()),
        None => return None,
    };
    Some(sort.swap_remove(at))
}

/// The files of a folder, by name.
///
/// # Errors
///
/// [`MutationError`] if one cannot be read.
pub fn files(folder: &Path) -> Result<Files, MutationError> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder).map_err(|cause| file(folder, cause))? {
        let path = entry.map_err(|cause| file(folder, cause))?.path();
        let text = fs::read_to_string(&path).map_err(|cause| file(&path, cause))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        files.push((name.unwrap_or_default(), text));
    }
    files.sort();
    Ok(files)
}

/// Loads the files as a rule set.
pub(crate) fn load(version: &str, files: &Files) -> Result<Ruleset, RulesetError> {
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ruleset::load(&Sources { version, files: &files })
}

fn file(path: &Path, cause: io::Error) -> MutationError {
    MutationError::File { path: path.to_owned(), cause }
}

/// The same draws from the same seed, on every machine (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, or 0.
    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }
}
