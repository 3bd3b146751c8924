//! Bad edits of the rule set, at least a hundred and one of every clause that an edit can change, each caught by a case, a proof or the matrix.
use std::{fs, path::Path};

use mash_policy::Ruleset;
use mash_proof::{
    Options,
    mutation::{self, COUNT, Edit, Guards, Mutant, Mutants, Thoroughly, Verdict},
};

/// Clauses of which no single edit changes what is released: their statute has not commenced, and they permit what the
/// clause before them permits already.
const UNTOUCHED: [&str; 2] = ["R05 recognised-interest", "R19 recognised-interest"];

#[test]
fn every_bad_edit_is_caught_and_one_that_changes_nothing_is_not() {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy");
    let mutants = Mutants::read(&policy.join("mutants.toml")).unwrap();
    assert!(mutants.all.len() >= COUNT, "{}", mutants.all.len());
    let files = mutation::files(&policy.join("rulesets").join(&mutants.ruleset)).unwrap();
    let guards = Guards::new(&mutants.ruleset, files, &policy.join("cases"), Options::default());
    let guards = guards.unwrap();
    let verdicts = guards.try_each(&mutants.all, Thoroughly::UntilCaught).unwrap();
    let escaped: Vec<(&Mutant, &Verdict)> = mutants
        .all
        .iter()
        .zip(&verdicts)
        .filter(|(_, verdict)| !matches!(verdict, Verdict::Caught(_)))
        .collect();
    assert!(escaped.is_empty(), "{} bad edits escape: {escaped:#?}", escaped.len());

    let edit = |find: &str, replace: &str| Mutant {
        id: "M000".to_owned(),
        operator: "none".to_owned(),
        file: "R28.cedar".to_owned(),
        clause: "order".to_owned(),
        edits: vec![Edit { find: find.to_owned(), replace: replace.to_owned() }],
    };
    let harmless = edit("resource is Mash::DataClass\n", "resource is Mash::DataClass // all\n");
    let stale = edit("no such text", "");
    let verdicts = guards.try_each(&[harmless, stale], Thoroughly::UntilCaught).unwrap();
    assert_eq!(verdicts.first(), Some(&Verdict::Survived));
    assert!(matches!(verdicts.get(1), Some(Verdict::Stale(_))), "{verdicts:?}");
}

#[test]
fn the_list_has_different_edits_of_many_sorts_and_of_nearly_every_clause() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/mutants.toml");
    let text = fs::read_to_string(list).unwrap();
    let mutants: Mutants = toml::from_str(&text).unwrap();
    let mut edits: Vec<_> = mutants
        .all
        .iter()
        .map(|one| (&one.file, &one.clause, format!("{:?}", one.edits)))
        .collect();
    edits.sort();
    edits.dedup();
    assert_eq!(edits.len(), mutants.all.len());
    assert!(edits.len() >= COUNT, "{}", edits.len());
    let mut sorts: Vec<&str> = mutants.all.iter().map(|one| one.operator.as_str()).collect();
    sorts.sort_unstable();
    sorts.dedup();
    assert!(sorts.len() >= 10, "{sorts:?}");
    let edited = |id: &str, clause: &str| {
        let file = format!("{id}.cedar");
        mutants.all.iter().any(|mutant| mutant.file == file && mutant.clause == clause)
    };
    let ruleset = Ruleset::builtin().unwrap();
    assert_eq!(mutants.ruleset, ruleset.version().as_str());
    let sound: Vec<String> = ruleset
        .rules()
        .filter(|rule| !edited(&rule.id.to_string(), &rule.clause))
        .map(|rule| format!("{} {}", rule.id, rule.clause))
        .collect();
    assert_eq!(sound, UNTOUCHED, "clauses without a bad edit");
}
