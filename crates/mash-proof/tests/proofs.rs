//! The built-in rule set keeps every promise; a spoiled one is told where it breaks which.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests may fail loudly")]

use std::{fs, path::Path, sync::Arc};

use mash_policy::{Ruleset, Sources};
use mash_proof::{
    Invariants, Options, ProofError, Report, Solver, diff, prove, prove_for_activation,
};

const VERSION: &str = "2026-11-23";

/// The built-in rule set with a change to the text of one file.
fn spoiled(file: &str, from: &str, to: &str) -> Ruleset {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/rulesets").join(VERSION);
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    let (_, text) = files.iter_mut().find(|(name, _)| name == file).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{file} says it once");
    *text = text.replace(from, to);
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ruleset::load(&Sources { version: VERSION, files: &files }).unwrap()
}

fn proved(ruleset: &Ruleset) -> Report {
    let invariants = Invariants::builtin(ruleset.schema().unwrap()).unwrap();
    prove(ruleset, &invariants, &Options::default()).unwrap()
}

#[test]
fn the_builtin_rule_set_keeps_every_promise() {
    let report = proved(&Ruleset::builtin().unwrap());
    for outcome in report.broken() {
        eprintln!("{} {}", outcome.id, outcome.statement);
        for told in outcome.counterexamples.iter().take(3) {
            eprintln!("    but {} in {:?}: {:?}", told.situation, told.terms, told.clauses);
        }
    }
    assert!(report.is_proved(), "{} promises are broken", report.broken().count());
    assert!(report.outcomes.len() >= 25);
    eprintln!("proved in {:?}", report.took);
}

#[test]
fn a_class_too_many_is_told_with_its_situation_and_clause() {
    let ruleset = spoiled(
        "R01.cedar",
        "(context.profile == Mash::Profile::\"full\" &&\n   [Mash::DataClass::\"F3\", Mash::DataClass::\"F4\", Mash::DataClass::\"F5\"].contains(resource))\n};\n\n@id(\"R01\")\n@clause(\"voluntary\")",
        "(context.profile == Mash::Profile::\"full\" &&\n   [Mash::DataClass::\"F3\", Mash::DataClass::\"F4\", Mash::DataClass::\"F5\", Mash::DataClass::\"F7\"].contains(resource))\n};\n\n@id(\"R01\")\n@clause(\"voluntary\")",
    );
    let report = proved(&ruleset);
    let outcome = report
        .broken()
        .find(|outcome| outcome.statement.starts_with("The notice to a school holds"))
        .expect("the promise about the notice is broken");
    let told = outcome.counterexamples.first().unwrap();
    assert!(told.clauses.iter().all(|clause| clause.starts_with("R01.cedar:")), "{told:?}");
    assert!(told.situation.starts_with("a school, flow school, class F7 (adult victim), where "));
    assert!(told.situation.contains("profile is full"), "{told:?}");
}

#[test]
fn a_consent_that_blocks_a_duty_is_found_for_the_flow_alone() {
    let ruleset = spoiled(
        "R28.cedar",
        "when { context.kept_back_by_order.contains(resource) };",
        "when { context.kept_back_by_order.contains(resource) || context.consent == Mash::Consent::\"refused\" };",
    );
    let report = proved(&ruleset);
    let outcome = report
        .broken()
        .find(|outcome| outcome.statement.starts_with("Nothing but early help"))
        .expect("the promise about consent is broken");
    let told = outcome.counterexamples.first().unwrap();
    assert!(told.situation.contains("consent is refused"), "{told:?}");
    assert!(told.clauses.iter().any(|clause| clause.starts_with("R28.cedar:")), "{told:?}");
}

#[tokio::test]
async fn a_spoiled_rule_set_is_not_put_in_force_and_the_builtin_one_is() {
    let ruleset = spoiled("R30.cedar", "@jurisdiction(\"W\")", "@jurisdiction(\"E+W\")");
    let refused =
        prove_for_activation(Arc::new(ruleset), Solver::default()).await.expect_err("refused");
    assert!(refused.iter().any(|line| line.contains("body in England ever cites section 28")));
    assert!(refused.iter().all(|line| line.contains("R30.cedar:")), "{refused:?}");
    prove_for_activation(Ruleset::builtin().unwrap(), Solver::default()).await.expect("proved");
}

#[tokio::test]
async fn without_a_solver_nothing_passes() {
    let missing = Solver::at("/no/such/cvc5");
    let refused =
        prove_for_activation(Ruleset::builtin().unwrap(), missing).await.expect_err("refused");
    assert!(refused.iter().any(|line| line.starts_with("MASH-V001")), "{refused:?}");
    let other = Solver::at("true").version();
    assert!(matches!(other, Err(ProofError::NoSolver { .. })), "{other:?}");
}

#[test]
fn a_difference_names_what_more_and_what_less_and_none_is_proved() {
    let old = Ruleset::builtin().unwrap();
    let same = diff(&old, &old, &Options::default()).unwrap();
    assert!(same.more.is_empty() && same.less.is_empty());
    let new = spoiled(
        "R05.cedar",
        "unless { context.early_years_opted_in };",
        "unless { context.early_years_opted_in || context.collection_risk == Mash::Answer::\"yes\" };",
    );
    let wider = diff(&old, &new, &Options::default()).unwrap();
    let more: Vec<(&str, &str)> =
        wider.more.iter().map(|change| (change.flow.as_str(), change.resource.as_str())).collect();
    assert_eq!(
        more,
        [("early-years", "class F1 (child identity)"), ("early-years", "class F2 (incident stub)")]
    );
    assert_eq!(
        wider.more.first().unwrap().example,
        "an early years lead, flow early-years, class F1 (child identity), where collection_risk is yes, and all else is ordinary"
    );
    assert!(wider.less.is_empty());
    let narrower = diff(&new, &old, &Options::default()).unwrap();
    assert!(narrower.more.is_empty() && narrower.less.len() == 2);
}

#[test]
fn the_build_carries_every_file_of_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/invariants");
    let mut found: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cedar"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    let files: Vec<(&str, &str)> =
        found.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let ruleset = Ruleset::builtin().unwrap();
    let schema = ruleset.schema().unwrap();
    let ids = |invariants: Invariants| {
        invariants.iter().map(|invariant| invariant.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        ids(Invariants::read(&files, schema).unwrap()),
        ids(Invariants::builtin(schema).unwrap())
    );
}

#[test]
fn a_faulty_invariant_is_refused_with_its_line() {
    let ruleset = Ruleset::builtin().unwrap();
    let schema = ruleset.schema().unwrap();
    let text =
        "@id(\"I01\")\n@form(\"never\")\npermit (principal is Mash::School, action, resource);";
    let refused = Invariants::read(&[("x.cedar", text)], schema).unwrap_err().to_string();
    assert!(refused.contains("x.cedar:3: `@jurisdiction` is missing"), "{refused}");
    let text = "permit (principal is Mash::Scool, action, resource);";
    let refused = Invariants::read(&[("x.cedar", text)], schema).unwrap_err().to_string();
    assert!(refused.contains("x.cedar:1:") && refused.contains("MASH-V004"), "{refused}");
}
