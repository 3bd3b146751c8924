//! What one rule set releases that another does not.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use cedar_policy::{EntityUid, PolicySet, RequestEnv};
use mash_policy::Ruleset;
use serde::Serialize;

use crate::{
    book::{self, Groups, Term},
    claim::Claim,
    prove::{self, Options},
    rewrite,
    situation::{Court, Situation},
    solver::{Bench, ProofError},
    words,
};

/// Something that one of two rule sets releases and the other does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which flow.
    pub flow: String,
    /// To whom.
    pub recipient: String,
    /// What.
    pub resource: String,
    /// Where and from when.
    pub terms: Vec<String>,
    /// A situation in which it is so.
    pub example: String,
    /// The clauses of either rule set that decide it.
    pub clauses: Vec<String>,
}

/// What the newer of two rule sets releases more, and less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The version of the older.
    pub old: String,
    /// The version of the newer.
    pub new: String,
    /// Released by the newer and not by the older; empty means that it is proved to release nothing more.
    pub more: Vec<Change>,
    /// Released by the older and not by the newer.
    pub less: Vec<Change>,
    /// How many questions the solver answered.
    pub questions: usize,
}

/// The clauses of both for one kind of request.
struct Pair {
    env: RequestEnv,
    old: PolicySet,
    new: PolicySet,
    terms: Vec<Term>,
}

/// Compares two rule sets, both read under the schema of the newer.
///
/// # Errors
///
/// [`ProofError`] if clauses of the older do not fit the schema of the newer, or the solver could not answer.
pub fn diff(old: &Ruleset, new: &Ruleset, options: &Options<'_>) -> Result<Difference, ProofError> {
    options.solver.version()?;
    let groups = Groups::of(book::schema(new)?)?;
    let pairs = pairs(old, new, &groups)?;
    let work = async |bench: &mut Bench<'_>, pair: &Pair| {
        let more = beyond(bench, &pair.env, &pair.new, &pair.old).await?;
        let less = beyond(bench, &pair.env, &pair.old, &pair.new).await?;
        Ok((more, less))
    };
    let (answers, questions) = prove::in_parallel(new, &pairs, options, work)?;
    let court = Court::new(groups.entities());
    let (mut more, mut less) = (Changes::new(), Changes::new());
    for (pair, (wider, narrower)) in pairs.iter().zip(answers) {
        for situation in wider {
            note(&mut more, pair, &situation, &pair.new, &pair.old, (old, new), &court);
        }
        for situation in narrower {
            note(&mut less, pair, &situation, &pair.old, &pair.new, (old, new), &court);
        }
    }
    Ok(Difference {
        old: old.version().to_string(),
        new: new.version().to_string(),
        more: more.into_values().collect(),
        less: less.into_values().collect(),
        questions,
    })
}

/// Whether the two release the same on every input.
pub(crate) fn same(
    old: &Ruleset,
    new: &Ruleset,
    options: &Options<'_>,
) -> Result<bool, ProofError> {
    let groups = Groups::of(book::schema(new)?)?;
    let pairs = pairs(old, new, &groups)?;
    let differ = AtomicBool::new(false);
    let work = async |bench: &mut Bench<'_>, pair: &Pair| {
        if !differ.load(Ordering::Relaxed) {
            let claim = Claim::same(pair.old.clone(), pair.new.clone());
            let found = claim.refute(bench, &pair.env).await?.is_some();
            differ.fetch_or(found, Ordering::Relaxed);
        }
        Ok(())
    };
    prove::in_parallel(new, &pairs, options, work)?;
    Ok(!differ.into_inner())
}

/// The kind of request, and the texts of the clauses of either.
type Key = (usize, Vec<Arc<str>>, Vec<Arc<str>>);

fn pairs(old: &Ruleset, new: &Ruleset, groups: &Groups) -> Result<Vec<Pair>, ProofError> {
    let envs: Vec<RequestEnv> = book::schema(new)?.request_envs().collect();
    let mut epochs = [old.epochs(), new.epochs()].concat();
    epochs.sort();
    epochs.dedup();
    let (old_texts, new_texts) = (book::texts(old), book::texts(new));
    let mut found: BTreeMap<Key, Pair> = BTreeMap::new();
    for term in book::terms(&epochs) {
        let before = old.in_force(term.nation, term.from);
        let after = new.in_force(term.nation, term.from);
        for (place, env) in envs.iter().enumerate() {
            let (before, after) = (groups.slice(&before, env), groups.slice(&after, env));
            let (one, other) =
                (book::sorted(&old_texts, &before), book::sorted(&new_texts, &after));
            if one == other {
                continue; // The same clauses release the same.
            }
            let key = (place, one, other);
            if let Some(pair) = found.get_mut(&key) {
                pair.terms.push(term);
                continue;
            }
            let (old, new) = (rewrite::set(before)?, rewrite::set(after)?);
            found.insert(key, Pair { env: env.clone(), old, new, terms: vec![term] });
        }
    }
    Ok(found.into_values().collect())
}

/// One situation for each thing that the wider set releases and the narrower does not.
async fn beyond(
    bench: &mut Bench<'_>,
    env: &RequestEnv,
    wider: &PolicySet,
    narrower: &PolicySet,
) -> Result<Vec<Situation>, ProofError> {
    let mut known: Vec<EntityUid> = Vec::new();
    let mut found = Vec::new();
    loop {
        let rest = rewrite::without(wider, &known)?;
        match Claim::implies(rest, narrower.clone()).refute(bench, env).await? {
            Some(situation) => {
                known.push(situation.resource.clone());
                found.push(situation);
            }
            None => return Ok(found),
        }
    }
}

type Changes = BTreeMap<(String, String, String), Change>;

fn note(
    changes: &mut Changes,
    pair: &Pair,
    situation: &Situation,
    wider: &PolicySet,
    narrower: &PolicySet,
    (old, new): (&Ruleset, &Ruleset),
    court: &Court<'_>,
) {
    let flow = words::flow(&situation.action).to_owned();
    let recipient = words::recipient(situation.principal.type_name());
    let resource = words::resource(&situation.resource);
    let terms = pair.terms.iter().map(|term| words::term(*term));
    let key = (flow.clone(), recipient.clone(), situation.resource.to_string());
    if let Some(change) = changes.get_mut(&key) {
        change.terms.extend(terms);
        return;
    }
    let claim = Claim::implies(wider.clone(), narrower.clone());
    let situation = situation.reduced(|tried| claim.fails_in(tried, court));
    let said = |ruleset: &Ruleset, policies: &PolicySet, whose: &str| {
        prove::deciding(ruleset, policies, &situation, court)
            .into_iter()
            .map(|clause| format!("{whose}: {clause}"))
            .collect::<Vec<_>>()
    };
    let clauses = [said(old, &pair.old, "old"), said(new, &pair.new, "new")].concat();
    let example = words::situation(&situation, None);
    changes.insert(
        key,
        Change { flow, recipient, resource, terms: terms.collect(), example, clauses },
    );
}
