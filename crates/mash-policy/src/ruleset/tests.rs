use jiff::civil::date;
use mash_domain::{answer::Answer, nation::Nation, sharing::Flow};

use super::*;
use crate::facts::{Conflict, Profile, RecipientKind};

/// A school in Wales, the widest profile, nothing special, everything in the report.
pub(crate) fn facts() -> RecipientFacts {
    RecipientFacts {
        profile: Profile::Full,
        conflict: Conflict::Clear,
        address_protect: Answer::No,
        collection_risk: Answer::No,
        offered: DataClass::ALL.into_iter().collect(),
        ..RecipientFacts::cautious(
            Flow::School,
            RecipientKind::School,
            Nation::Wales,
            date(2026, 11, 19),
        )
    }
}

fn builtin() -> Arc<Ruleset> {
    Ruleset::builtin().unwrap_or_else(|error| panic!("{error}"))
}

fn numbers(decision: &RecipientDecision) -> Vec<u8> {
    match &decision.outcome {
        Decision::Permit(permit) => permit.classes().iter().map(DataClass::number).collect(),
        Decision::Refuse(_) => Vec::new(),
    }
}

#[test]
fn a_school_hears_its_profile_and_no_more() {
    let ruleset = builtin();
    for (profile, expected) in [
        (Profile::Minimal, vec![1, 2]),
        (Profile::Middle, vec![1, 2, 3, 5]),
        (Profile::Full, vec![1, 2, 3, 4, 5]),
    ] {
        let decision = ruleset.decide(&RecipientFacts { profile, ..facts() });
        assert_eq!(numbers(&decision), expected, "{profile:?}");
        assert_eq!(decision.classes.len(), 18, "every class has its decision");
    }
}

/// The built-in files with one text in one of them replaced.
fn changed(name: &str, from: &str, to: &str) -> Result<Ruleset, RulesetError> {
    let text = sources::BUILTIN.files.iter().find(|(file, _)| *file == name).unwrap().1;
    assert!(text.contains(from), "{name} does not say `{from}`");
    let text = text.replacen(from, to, 1);
    let files: Vec<(&str, &str)> = sources::BUILTIN
        .files
        .iter()
        .map(|(file, old)| (*file, if *file == name { text.as_str() } else { *old }))
        .collect();
    Ruleset::load(&Sources { version: sources::BUILTIN.version, files: &files })
}

/// File, what it says, what it shall say, what the fault says, and why.
type Slip = (&'static str, &'static str, &'static str, &'static str, &'static str);

const SLIPS: [Slip; 20] = [
    ("R21.cedar", r#"Answer::"no""#, r#"Answer::"noo""#, "noo", "a word that is not one"),
    ("R21.cedar", "context.address_protect", "context.adress", "adress", "no such fact"),
    ("R21.cedar", "forbid (", "forbid [", "[", "a slip of the pen"),
    (
        "R21.cedar",
        "@jurisdiction(\"E+W\")",
        "@jurisdiction(\"S\")",
        "@jurisdiction",
        "another country",
    ),
    ("R21.cedar", "@id(\"R21\")", "@id(\"R22\")", "R22", "the id of another file"),
    ("R21.cedar", "@title(", "@titel(", "@titel", "an annotation nobody knows"),
    ("R21.cedar", "@title_cy(", "@reason(", "@title_cy", "nothing in Welsh"),
    ("R21.cedar", "@basis(\"", "@basis(\"because ", "because", "a basis nobody listed"),
    ("R21.cedar", "2018-05-25", "2018-02-30", "@effective_from", "a day that never was"),
    ("R05.cedar", "force-not-opted-in", "because", "because", "a reason nobody knows"),
    ("R01.cedar", "@ground(\"duty\")", "@ground(\"habit\")", "habit", "a ground nobody knows"),
    ("R01.cedar", "@ground(\"duty\")\n", "", "@ground", "no ground at all"),
    ("R30.cedar", "children-act-2004-s16la", "lost", "lost", "a statute nobody knows"),
    ("schema.cedarschema", "live_investigation: Bool", "live: Bool", "", "facts fit"),
    ("schema.cedarschema", "[PoliceForce]", "[Police]", "Police", "an entity nobody knows"),
    ("schema.cedarschema", "[PoliceForce]", "[PoliceForce, Health]", "dispute", "told?"),
    ("schema.cedarschema", "entity Health;", "entity Health", "", "a slip in the schema"),
    ("manifest.toml", "title =", "titel =", "titel", "a key nobody knows"),
    ("manifest.toml", "2026-11-23\"", "2026-11-24\"", "2026-11-24", "another folder"),
    ("manifest.toml", "version =", "version", "", "not TOML"),
];

#[test]
fn a_fault_names_its_file_and_line() {
    for (file, from, to, says, why) in SLIPS {
        let Err(error) = changed(file, from, to) else { panic!("{why}: it loaded") };
        let first = error.faults().first().unwrap();
        assert_eq!(first.file, file, "{why}: {first}");
        assert!(first.message.contains(says), "{why}: {first}");
        // The line is one of the paragraph in which the slip was made, or the first of a file that is wrong as a whole.
        let text = sources::BUILTIN.files.iter().find(|(name, _)| *name == file).unwrap().1;
        let offset = text.find(from).unwrap();
        let before = text.get(..offset).unwrap();
        let start = before.rfind("\n\n").map_or(0, |at| at + 2);
        let end = text.get(offset..).unwrap().find("\n\n").map_or(text.len(), |at| offset + at);
        let line_of = |at: usize| text.get(..at).unwrap().matches('\n').count() + 1;
        let within = (line_of(start)..=line_of(end)).contains(&first.line);
        assert!(within || first.line == 1, "{why}: {first}");
    }
}

#[test]
fn the_built_in_files_are_those_of_the_folder() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../policy/rulesets")
        .join(sources::BUILTIN.version);
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let mut listed: Vec<&str> = sources::BUILTIN.files.iter().map(|(name, _)| *name).collect();
    listed.sort_unstable();
    assert_eq!(found, listed);
}

#[test]
fn a_rule_that_cannot_be_evaluated_leaves_the_minimum() {
    // It passes the checks, and overflows when it is asked.
    let overflow =
        "when { 9223372036854775807 + 1 > 0 && context.address_protect != Mash::Answer::\"no\" }";
    let ruleset =
        changed("R21.cedar", "when { context.address_protect != Mash::Answer::\"no\" }", overflow)
            .unwrap();
    let decision = ruleset.decide(&facts());
    assert_eq!(numbers(&decision), [1, 2], "the duty is done, and nothing else goes");
    match &decision.outcome {
        Decision::Permit(permit) => assert!(permit.is_degraded(), "somebody has to look"),
        Decision::Refuse(refusal) => panic!("{refusal:?}"),
    }
    let unknown = RecipientFacts { conflict: Conflict::Unknown, ..facts() };
    assert_eq!(numbers(&ruleset.decide(&unknown)), Vec::<u8>::new(), "never blind to a person");
}

#[test]
fn a_section_is_cited_from_the_day_on_which_it_commences() {
    let ruleset = changed("manifest.toml", "note = ", "day = \"2027-04-01\"\nnote = ").unwrap();
    let cites = |nation, day| {
        let facts = RecipientFacts { nation, decided_on: day, ..facts() };
        match ruleset.decide(&facts).outcome {
            Decision::Permit(permit) => permit.basis().contains(&LawfulBasis::Ca2004S16la),
            Decision::Refuse(_) => false,
        }
    };
    assert!(!cites(Nation::England, date(2027, 3, 31)));
    assert!(cites(Nation::England, date(2027, 4, 1)));
    assert!(!cites(Nation::Wales, date(2027, 4, 1)), "R30: not for a body in Wales");
}

#[test]
fn two_days_of_one_epoch_are_one_decision_and_two_epochs_are_two() {
    let ruleset = builtin();
    let on = |day| ruleset.decide(&RecipientFacts { decided_on: day, ..facts() });
    assert_eq!(on(date(2026, 11, 18)), on(date(2026, 11, 19)));
    assert_ne!(on(date(2025, 11, 6)), on(date(2025, 11, 7)));
    assert_eq!(
        numbers(&on(date(2018, 5, 24))),
        Vec::<u8>::new(),
        "before any of its bases existed"
    );
}

#[test]
fn the_built_in_rules_leave_nothing_to_cedar_but_the_proof_of_them() {
    let engine = builtin();
    let slices = &engine.engine.as_ref().unwrap().slices;
    assert!(slices.understood(), "a clause is not understood as a formula: decisions get slow");
}
