//! Every folder of `policy/cases` is run against the built-in rule set.
#![expect(clippy::panic, reason = "tests may fail loudly")]

use std::{collections::BTreeMap, fs, path::Path};

use jiff::civil::{Date, date};
use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
    nation::Nation,
};
use mash_policy::{
    Conflict, Decision, Effect, Flow, Profile, RecipientDecision, RecipientFacts, RecipientKind,
    Ruleset,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsText {
    duty: String,
    recipient: String,
    nation: Option<String>,
    profile: Option<String>,
    decided_on: Option<Date>,
    child_under_18: Option<bool>,
    child_in_force_area: Option<bool>,
    early_years_opted_in: Option<bool>,
    sexual_offence_alleged: Option<bool>,
    live_investigation: Option<bool>,
    no_contact_requested: Option<bool>,
    conflict: Option<String>,
    address_protect: Option<String>,
    collection_risk: Option<String>,
    offered: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    outcome: String,
    classes: Option<Vec<String>>,
    reasons: Option<Vec<String>>,
    rules: Vec<String>,
    #[serde(default)]
    diverts_to_desk: bool,
    masked: Option<Vec<String>>,
    #[serde(default)]
    masked_by: Vec<String>,
    #[serde(default)]
    basis_includes: Vec<String>,
    #[serde(default)]
    basis_excludes: Vec<String>,
    #[serde(default)]
    refused: BTreeMap<String, Vec<String>>,
}

fn class(text: &str) -> DataClass {
    let number = text.strip_prefix('F').and_then(|digits| digits.parse().ok());
    number.and_then(DataClass::from_number).unwrap_or_else(|| panic!("no class `{text}`"))
}

fn word<T>(text: Option<&str>, ordinary: T, from_word: impl Fn(&str) -> Option<T>) -> T {
    match text {
        Some(text) => from_word(text).unwrap_or_else(|| panic!("no word `{text}`")),
        None => ordinary,
    }
}

fn ordinary() -> ClassSet {
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 17, 18]
        .into_iter()
        .filter_map(DataClass::from_number)
        .collect()
}

impl FactsText {
    fn facts(&self) -> RecipientFacts {
        let offered = self.offered.as_ref();
        RecipientFacts {
            flow: Flow::from_word(&self.duty).unwrap_or_else(|| panic!("duty")),
            recipient_kind: RecipientKind::from_word(&self.recipient)
                .unwrap_or_else(|| panic!("recipient")),
            nation: word(self.nation.as_deref(), Nation::Wales, Nation::from_word),
            profile: word(self.profile.as_deref(), Profile::Full, Profile::from_word),
            early_years_opted_in: self.early_years_opted_in.unwrap_or(false),
            child_under_18: self.child_under_18.unwrap_or(true),
            child_in_force_area: self.child_in_force_area.unwrap_or(true),
            conflict: word(self.conflict.as_deref(), Conflict::Clear, Conflict::from_word),
            address_protect: word(self.address_protect.as_deref(), Answer::No, Answer::from_word),
            sexual_offence_alleged: self.sexual_offence_alleged.unwrap_or(false),
            live_investigation: self.live_investigation.unwrap_or(false),
            collection_risk: word(self.collection_risk.as_deref(), Answer::No, Answer::from_word),
            no_contact_requested: self.no_contact_requested.unwrap_or(false),
            decided_on: self.decided_on.unwrap_or(date(2026, 11, 19)),
            offered: offered
                .map_or_else(ordinary, |names| names.iter().map(|name| class(name)).collect()),
        }
    }
}

fn words<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn check(name: &str, expected: &Expected, decision: &RecipientDecision) {
    match &decision.outcome {
        Decision::Permit(permit) => {
            assert_eq!(expected.outcome, "permit", "{name}: {decision:?}");
            let classes: Vec<String> =
                permit.classes().iter().map(|class| class.to_string()).collect();
            assert_eq!(Some(&classes), expected.classes.as_ref(), "{name}: classes");
            assert_eq!(words(permit.rules()), expected.rules, "{name}: rules");
            if let Some(masked) = &expected.masked {
                let found: Vec<String> =
                    permit.masked().iter().map(|detail| detail.word().to_owned()).collect();
                assert_eq!(&found, masked, "{name}: masked details of what goes");
            }
            for rule in &expected.masked_by {
                assert!(words(permit.mask_rules()).contains(rule), "{name}: not masked by {rule}");
            }
            let basis = words(permit.basis());
            for text in &expected.basis_includes {
                assert!(basis.contains(text), "{name}: `{text}` is not cited in {basis:?}");
            }
            for text in &expected.basis_excludes {
                assert!(!basis.contains(text), "{name}: `{text}` is cited");
            }
        }
        Decision::Refuse(refusal) => {
            assert_eq!(expected.outcome, "refuse", "{name}: {decision:?}");
            assert_eq!(
                Some(&words(refusal.reasons())),
                expected.reasons.as_ref(),
                "{name}: reasons"
            );
            assert_eq!(words(refusal.rules()), expected.rules, "{name}: rules");
            assert_eq!(refusal.diverts_to_desk(), expected.diverts_to_desk, "{name}: diverts");
        }
    }
    for (text, rules) in &expected.refused {
        let entry = decision.classes.iter().find(|entry| entry.class == class(text));
        let entry = entry.unwrap_or_else(|| panic!("{name}: {text} was not offered"));
        assert_eq!(entry.effect, Effect::Refuse, "{name}: {text}");
        assert_eq!(&words(&entry.rules), rules, "{name}: rules that keep {text}");
    }
}

#[test]
fn every_case_comes_out_as_it_says() {
    let ruleset = Ruleset::builtin().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/cases");
    let mut count = 0;
    let mut decided = String::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if !entry.file_type().unwrap().is_dir() {
            continue;
        }
        let name = entry.file_name().into_string().unwrap();
        let read = |file: &str| {
            fs::read_to_string(entry.path().join(file)).unwrap_or_else(|_| panic!("{name}/{file}"))
        };
        assert!(read("README.md").starts_with("# "), "{name} tells its story");
        let facts: FactsText =
            toml::from_str(&read("facts.toml")).unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected: Expected = toml::from_str(&read("expected.toml"))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let facts = facts.facts();
        let decision = ruleset.decide(&facts);
        check(&name, &expected, &decision);
        assert_eq!(
            decision.classes.len(),
            facts.offered.iter().count(),
            "R31: every class is answered"
        );
        decided.push_str(&format!("{:?}", decision));
        count += 1;
    }
    assert!(count >= 20, "only {count} cases");
    for rule in ruleset.rules() {
        assert!(decided.contains(&rule.id.to_string()), "no case shows {}", rule.id);
    }
}
