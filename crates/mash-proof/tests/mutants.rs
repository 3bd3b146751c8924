//! A hundred bad edits of the rule set, each caught by a case, a proof or the matrix.
use std::{fs, path::Path};

use mash_proof::{
    Options,
    mutation::{self, COUNT, Edit, Guards, Mutant, Mutants, Thoroughly, Verdict},
};

#[test]
fn every_bad_edit_is_caught_and_one_that_changes_nothing_is_not() {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy");
    let mutants = Mutants::read(&policy.join("mutants.toml")).unwrap();
    assert_eq!(mutants.all.len(), COUNT);
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
fn the_list_has_a_hundred_different_edits_of_many_sorts() {
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
    assert_eq!(edits.len(), COUNT);
    let mut sorts: Vec<&str> = mutants.all.iter().map(|one| one.operator.as_str()).collect();
    sorts.sort_unstable();
    sorts.dedup();
    assert!(sorts.len() >= 10, "{sorts:?}");
}
