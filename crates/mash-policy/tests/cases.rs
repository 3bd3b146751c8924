//! Every folder of `policy/cases` is put to the built-in rule set.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use mash_policy::{Case, CaseText, Decision, RecipientDecision, Ruleset};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/cases")
}

fn cases() -> Vec<Case> {
    let mut folders: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.iter().map(|folder| read(folder)).collect()
}

fn read(folder: &Path) -> Case {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let text = |file: &str| {
        fs::read_to_string(folder.join(file)).unwrap_or_else(|_| panic!("{name} has no {file}"))
    };
    let (story, facts, expected) = (text("README.md"), text("facts.toml"), text("expected.toml"));
    let text = CaseText { name, story: &story, facts: &facts, expected: &expected };
    Case::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The rules that decided anything: a class, the whole, or a detail.
fn deciding(decision: &RecipientDecision) -> BTreeSet<String> {
    let mut rules: BTreeSet<String> =
        decision.classes.iter().flat_map(|entry| &entry.rules).map(ToString::to_string).collect();
    if let Decision::Permit(permit) = &decision.outcome {
        rules.extend(permit.rules().iter().chain(permit.mask_rules()).map(ToString::to_string));
    }
    rules
}

#[test]
fn every_case_comes_out_as_it_says() {
    let ruleset = Ruleset::builtin().unwrap();
    let cases = cases();
    let (mut faults, mut decided) = (Vec::new(), BTreeSet::new());
    for case in &cases {
        let decision = ruleset.decide(case.facts());
        faults.extend(case.differences(&decision));
        assert_eq!(
            decision.classes.len(),
            case.facts().offered.iter().count(),
            "R31: every class is answered"
        );
        decided.extend(deciding(&decision));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    let missing: Vec<String> = (1..=38)
        .map(|number| format!("R{number:02}"))
        .filter(|rule| !decided.contains(rule))
        .collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
}

/// What the Information Commissioner has published reprimands for.
const REPRIMANDS: [&str; 4] = [
    "ico-safe-address-sent-to-the-alleged-abuser",
    "ico-unredacted-assessment-to-an-ex-partner",
    "ico-wrong-address-used",
    "ico-other-partys-details-in-a-joint-letter",
];

#[test]
fn the_published_reprimands_are_among_the_cases() {
    for name in REPRIMANDS {
        assert_eq!(read(&folder().join(name)).name(), name);
    }
}

#[test]
fn a_case_with_a_slip_is_refused_and_says_where() {
    let ordinary = [
        "# A story\n",
        "flow = \"school\"\nrecipient = \"school\"\n",
        "outcome = \"refuse\"\nrules = []\n",
    ];
    let slips = [
        (0, "A story\n", "README.md"),
        (1, "flow = \"skool\"\nrecipient = \"school\"\n", "skool"),
        (1, "flow = \"school\"\n", "recipient"),
        (1, "flow = \"school\"\nrecipient = \"school\"\nagreed = [\"F19\"]\n", "F19"),
        (1, "flow = \"school\"\nrecipient = \"school\"\nconsent = \"maybe\"\n", "maybe"),
        (1, "flow = \"school\"\nrecipient = \"school\"\nadress = \"no\"\n", "adress"),
        (2, "rules = []\n", "outcome"),
    ];
    for (place, text, says) in slips {
        let mut texts = ordinary;
        *texts.get_mut(place).unwrap() = text;
        let [story, facts, expected] = texts;
        let Err(error) = Case::parse(CaseText { name: "slip", story, facts, expected }) else {
            panic!("`{says}` was read")
        };
        assert!(error.to_string().contains(says), "{error}");
    }
    let [story, facts, expected] = ordinary;
    let case = Case::parse(CaseText { name: "other", story, facts, expected }).unwrap();
    let decision = Ruleset::builtin().unwrap().decide(case.facts());
    assert!(!case.differences(&decision).is_empty(), "a wrong expectation is told");
}
