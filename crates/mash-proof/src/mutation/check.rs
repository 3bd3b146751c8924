//! Putting each bad edit before the three guards.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use jiff::civil::{Date, date};
use mash_policy::{Case, CaseText, Matrix, Ruleset};

use super::{Files, Mutant, MutationError, load};
use crate::{
    book::{self, Digest, Section},
    claim,
    invariant::Invariants,
    prove::{self, Options},
    rewrite::Rewriter,
    solver::{Bench, ProofError},
};

/// The day that the matrix is drawn for.
const MATRIX_DAY: Date = date(2026, 11, 22);

/// Everything that may catch a bad edit.
pub struct Guards<'a> {
    version: String,
    files: Files,
    cases: Vec<Case>,
    matrix: String,
    invariants: Invariants,
    /// The kinds of request of the sound rule set, all proved.
    proved: BTreeSet<Digest>,
    options: Options<'a>,
}

/// What caught an edit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caught {
    /// Promises that it breaks.
    pub proofs: Vec<String>,
    /// How many cases come out otherwise.
    pub cases: usize,
    /// How many lines of the matrix change.
    pub lines: usize,
}

impl Caught {
    fn is_so(&self) -> bool {
        !self.proofs.is_empty() || self.cases > 0 || self.lines > 0
    }
}

/// How far an edit is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughly {
    /// Until something catches it: a case, then a proof, then the matrix.
    UntilCaught,
    /// By all three.
    Throughout,
}

/// What became of an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Something caught it.
    Caught(Caught),
    /// Nothing did.
    Survived,
    /// The rule set is not such that it can be made any more, or it does not load.
    Stale(String),
}

impl<'a> Guards<'a> {
    /// Reads the rule set and the cases, and proves that the rule set is sound.
    ///
    /// # Errors
    ///
    /// [`MutationError`] if one of them cannot be read, or the rule set is not sound.
    pub fn new(
        version: &str,
        files: Files,
        cases: &Path,
        options: Options<'a>,
    ) -> Result<Self, MutationError> {
        let sound = load(version, &files)?;
        let text = |error: &dyn std::fmt::Display| MutationError::Text(error.to_string());
        let invariants =
            Invariants::builtin(book::schema(&sound)?).map_err(|error| text(&error))?;
        let report = prove::prove(&sound, &invariants, &options)?;
        if let Some(broken) = report.broken().next() {
            return Err(text(&format!("{version} is not sound: it breaks {}", broken.id)));
        }
        let rewriter = Rewriter::default();
        let sections = book::sections(&sound, &invariants, &rewriter)?;
        Ok(Self {
            version: version.to_owned(),
            cases: read_cases(cases)?,
            matrix: Matrix::draw(&sound, MATRIX_DAY)
                .map_err(|error| text(&error))?
                .page()
                .to_owned(),
            proved: sections.iter().map(|section| section.digest.clone()).collect(),
            invariants,
            files,
            options,
        })
    }

    /// What becomes of each bad edit, in their order.
    ///
    /// # Errors
    ///
    /// [`ProofError`] if the solver could not answer.
    pub fn try_each(
        &self,
        mutants: &[Mutant],
        thoroughly: Thoroughly,
    ) -> Result<Vec<Verdict>, ProofError> {
        let next = AtomicUsize::new(0);
        let worker = || {
            let mut verdicts = Vec::new();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(mutant) = mutants.get(place) else { return verdicts };
                verdicts.push((place, self.try_on(mutant, thoroughly)));
            }
        };
        let workers = self.options.workers.clamp(1, mutants.len().max(1));
        let mut verdicts = thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
            let mut all = Vec::new();
            for thread in threads {
                let gone = || ProofError::Internal("a worker fell over".to_owned());
                all.extend(thread.join().map_err(|_| gone())?);
            }
            Ok::<_, ProofError>(all)
        })?;
        verdicts.sort_by_key(|(place, _)| *place);
        verdicts.into_iter().map(|(_, verdict)| verdict).collect()
    }

    fn try_on(&self, mutant: &Mutant, thoroughly: Thoroughly) -> Result<Verdict, ProofError> {
        let spoiled = match mutant.apply(&self.files) {
            Ok(files) => load(&self.version, &files).map_err(|error| error.to_string()),
            Err(fault) => Err(fault),
        };
        let spoiled = match spoiled {
            Ok(spoiled) => spoiled,
            Err(fault) => return Ok(Verdict::Stale(fault)),
        };
        let enough = |caught: &Caught| thoroughly == Thoroughly::UntilCaught && caught.is_so();
        let cases = self
            .cases
            .iter()
            .filter(|case| !case.differences(&spoiled.decide_afresh(case.facts())).is_empty());
        let mut caught = Caught { cases: cases.count(), ..Caught::default() };
        if !enough(&caught) {
            caught.proofs = self.broken(&spoiled)?;
        }
        if !enough(&caught) {
            let drawn = Matrix::draw(&spoiled, MATRIX_DAY)
                .map_err(|error| ProofError::Internal(error.to_string()))?;
            let lines =
                self.matrix.lines().zip(drawn.page().lines()).filter(|(one, other)| one != other);
            caught.lines =
                lines.count() + self.matrix.lines().count().abs_diff(drawn.page().lines().count());
        }
        Ok(if caught.is_so() { Verdict::Caught(caught) } else { Verdict::Survived })
    }

    /// The promises that the rule set breaks for the first kind of request that breaks any: one is enough. What is as
    /// in the sound rule set is proved already.
    fn broken(&self, spoiled: &Ruleset) -> Result<Vec<String>, ProofError> {
        let rewriter = Rewriter::default();
        let mut sections = book::sections(spoiled, &self.invariants, &rewriter)?;
        sections.retain(|section| !self.proved.contains(&section.digest));
        let found = AtomicBool::new(false);
        let work = async |bench: &mut Bench<'_>, section: &Section<'_>| {
            if found.load(Ordering::Relaxed) {
                return Ok(Vec::new());
            }
            let refuted = claim::refuted(bench, section).await?;
            found.fetch_or(!refuted.is_empty(), Ordering::Relaxed);
            Ok(refuted.iter().map(|(invariant, _)| invariant.id.clone()).collect())
        };
        // The workers are busy with an edit each.
        let options = Options { solver: self.options.solver.clone(), workers: 1, progress: None };
        let (answers, _) = prove::in_parallel(spoiled, &sections, &options, work)?;
        let broken: BTreeSet<String> = answers.into_iter().flatten().collect();
        Ok(broken.into_iter().collect())
    }
}

fn read_cases(folder: &Path) -> Result<Vec<Case>, MutationError> {
    let list = std::fs::read_dir(folder).map_err(|cause| super::file(folder, cause))?;
    let mut cases = Vec::new();
    for entry in list {
        let path = entry.map_err(|cause| super::file(folder, cause))?.path();
        if !path.is_dir() {
            continue;
        }
        let files = super::files(&path)?;
        let text = |wanted: &str| {
            files.iter().find(|(name, _)| name == wanted).map_or("", |(_, text)| text.as_str())
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let case = Case::parse(CaseText {
            name: &name.unwrap_or_default(),
            story: text("README.md"),
            facts: text("facts.toml"),
            expected: text("expected.toml"),
        });
        cases.push(case.map_err(|error| MutationError::Text(error.to_string()))?);
    }
    Ok(cases)
}
