//! Checking every promise about a rule set, over all inputs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use cedar_policy::{PolicyId, PolicySet, RequestEnv};
use cedar_policy_symcc::CompiledSchema;
use mash_policy::Ruleset;
use serde::Serialize;

use crate::{
    book::{self, Groups, Section},
    claim::{self, Claim},
    invariant::{Form, Invariant, Invariants},
    rewrite::Rewriter,
    situation::{Court, Situation},
    solver::{Bench, ProofError, Solver},
    words,
};

/// How a proof is run.
pub struct Options<'a> {
    /// Who answers.
    pub solver: Solver,
    /// How many of them at once.
    pub workers: usize,
    /// Told how many sections are done, of how many.
    pub progress: Option<&'a (dyn Fn(usize, usize) + Sync)>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        Self { solver: Solver::default(), workers, progress: None }
    }
}

/// One counterexample, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// Who would receive what, under which facts.
    pub situation: String,
    /// Where and from when.
    pub terms: Vec<String>,
    /// The clauses that decide it, each with its file and line.
    pub clauses: Vec<String>,
}

/// What became of one promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Its name.
    pub id: String,
    /// What is claimed.
    pub form: &'static str,
    /// In plain English.
    pub statement: String,
    /// In plain Welsh.
    pub statement_cy: String,
    /// The rules or promises that it guards.
    pub guards: Vec<String>,
    /// Where it stands.
    pub source: String,
    /// In how many sections it was checked. A promise that speaks about nothing is broken.
    pub sections: usize,
    /// Where it does not hold; empty is proved.
    pub counterexamples: Vec<Counterexample>,
}

impl Outcome {
    /// Whether it holds over all inputs.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.sections > 0 && self.counterexamples.is_empty()
    }
}

/// What became of every promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of the rule set.
    pub ruleset: String,
    /// The promises, by id.
    pub outcomes: Vec<Outcome>,
    /// How many kinds of request were told apart, by recipient, flow, nation and term.
    pub sections: usize,
    /// How many questions the solver answered.
    pub questions: usize,
    /// How long it took.
    #[serde(serialize_with = "seconds")]
    pub took: Duration,
}

impl Report {
    /// Whether every promise holds.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.outcomes.iter().all(Outcome::is_proved)
    }

    /// The promises that do not hold.
    pub fn broken(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| !outcome.is_proved())
    }
}

fn seconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(took.as_secs_f64())
}

/// Checks every promise about the rule set, in each nation and term.
///
/// # Errors
///
/// [`ProofError`] if a promise could be neither proved nor refuted.
pub fn prove(
    ruleset: &Ruleset,
    invariants: &Invariants,
    options: &Options<'_>,
) -> Result<Report, ProofError> {
    let began = Instant::now();
    options.solver.version()?;
    let rewriter = Rewriter::default();
    let sections = book::sections(ruleset, invariants, &rewriter)?;
    let groups = Groups::of(book::schema(ruleset)?)?;
    let court = Court::new(groups.entities());
    let (answers, questions) = in_parallel(ruleset, &sections, options, claim::refuted)?;
    let silent = silent(ruleset, invariants, &sections, options)?;
    let mut outcomes: BTreeMap<&str, Outcome> =
        invariants.iter().map(|invariant| (invariant.id.as_str(), outcome(invariant))).collect();
    for (section, refuted) in sections.iter().zip(answers) {
        for invariant in &section.invariants {
            if let Some(outcome) = outcomes.get_mut(invariant.id.as_str()) {
                outcome.sections += usize::from(!silent.contains(invariant.id.as_str()));
            }
        }
        for (invariant, situation) in refuted {
            let told = tell(ruleset, section, invariant, situation, &court)?;
            if let Some(outcome) = outcomes.get_mut(invariant.id.as_str()) {
                outcome.counterexamples.push(told);
            }
        }
    }
    Ok(Report {
        ruleset: ruleset.version().to_string(),
        outcomes: outcomes.into_values().collect(),
        sections: sections.len(),
        questions,
        took: began.elapsed(),
    })
}

/// The promises whose regions describe nothing.
fn silent<'a>(
    ruleset: &Ruleset,
    invariants: &'a Invariants,
    sections: &[Section<'_>],
    options: &Options<'_>,
) -> Result<BTreeSet<&'a str>, ProofError> {
    let regions: Vec<(&Invariant, Vec<&RequestEnv>)> = invariants
        .iter()
        .map(|invariant| {
            let about = sections
                .iter()
                .filter(|section| section.invariants.iter().any(|one| one.id == invariant.id));
            (invariant, about.map(|section| &section.env).collect())
        })
        .collect();
    let quiet = Options { solver: options.solver.clone(), progress: None, ..*options };
    let (speak, _) = in_parallel(ruleset, &regions, &quiet, claim::speaks)?;
    let silent = regions.iter().zip(speak).filter(|(_, speaks)| !speaks);
    Ok(silent.map(|((invariant, _), _)| invariant.id.as_str()).collect())
}

fn outcome(invariant: &Invariant) -> Outcome {
    Outcome {
        id: invariant.id.clone(),
        form: invariant.form.word(),
        statement: invariant.statement.clone(),
        statement_cy: invariant.statement_cy.clone(),
        guards: invariant.guards.clone(),
        source: invariant.source.clone(),
        sections: 0,
        counterexamples: Vec::new(),
    }
}

/// Does the same with each item, on several threads with a solver each, and gives the answers in the order of the
/// items.
pub(crate) fn in_parallel<T: Sync, A: Send>(
    ruleset: &Ruleset,
    items: &[T],
    options: &Options<'_>,
    work: impl AsyncFn(&mut Bench<'_>, &T) -> Result<A, ProofError> + Sync,
) -> Result<(Vec<A>, usize), ProofError> {
    let schema = CompiledSchema::new(book::schema(ruleset)?)
        .map_err(|error| ProofError::Internal(error.to_string()))?;
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results: Mutex<BTreeMap<usize, Result<A, ProofError>>> = Mutex::default();
    let asked = AtomicUsize::new(0);
    let worker = || -> Result<(), ProofError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| ProofError::Internal(error.to_string()))?;
        runtime.block_on(async {
            let mut bench = options.solver.start(&schema)?;
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(place) else { break };
                let answer = work(&mut bench, item).await;
                if answer.is_err() {
                    next.store(items.len(), Ordering::Relaxed); // Nobody needs to begin another.
                }
                results
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .insert(place, answer);
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if let Some(progress) = options.progress {
                    progress(done, items.len());
                }
            }
            asked.fetch_add(bench.asked(), Ordering::Relaxed);
            Ok(())
        })
    };
    let workers = options.workers.clamp(1, items.len().max(1));
    thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        threads.into_iter().try_for_each(|thread| {
            let gone = || ProofError::Internal("a worker fell over".to_owned());
            thread.join().map_err(|_| gone())?
        })
    })?;
    let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let answers: Result<Vec<A>, ProofError> = results.into_values().collect();
    Ok((answers?, asked.into_inner()))
}

/// Puts a counterexample into words.
fn tell(
    ruleset: &Ruleset,
    section: &Section<'_>,
    invariant: &Invariant,
    situation: Option<Situation>,
    court: &Court<'_>,
) -> Result<Counterexample, ProofError> {
    let terms = section.terms.iter().map(|term| words::term(*term)).collect();
    let (Some(situation), Some(claim)) = (situation, Claim::of(invariant, section)?) else {
        return Ok(Counterexample {
            situation: "a clause cannot be evaluated on every input".to_owned(),
            terms,
            clauses: Vec::new(),
        });
    };
    let situation = situation.reduced(|tried| claim.fails_in(tried, court));
    let mut said = words::situation(&situation, None);
    if let Form::Independent { of, value } | Form::NoMore { of, value, .. } = &invariant.form {
        said = format!("{said}: it is decided otherwise where {of} is {value}");
    }
    let clauses = deciding(ruleset, &section.policies, &situation, court);
    Ok(Counterexample { situation: said, terms, clauses })
}

/// The clauses that decide a situation, each with its file and line.
pub(crate) fn deciding(
    ruleset: &Ruleset,
    policies: &PolicySet,
    situation: &Situation,
    court: &Court<'_>,
) -> Vec<String> {
    let Some((allowed, reasons)) = court.decide(policies, situation) else { return Vec::new() };
    let verb = if allowed { "permits" } else { "forbids" };
    let mut clauses: Vec<String> =
        reasons.iter().map(|id| format!("{} {verb} it", name(ruleset, id))).collect();
    clauses.sort();
    if clauses.is_empty() {
        clauses.push("no clause permits it".to_owned());
    }
    clauses
}

fn name(ruleset: &Ruleset, id: &PolicyId) -> String {
    ruleset.clause(id).map_or_else(
        || format!("clause {id}"),
        |rule| format!("{} ({} {})", rule.source, rule.id, rule.clause),
    )
}
