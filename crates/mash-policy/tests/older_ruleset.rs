//! A hub may have rules in force that are older than the program: flows that they do not know fail closed on content and
//! never on the duty.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{fs, path::Path};

use jiff::civil::date;
use mash_domain::{answer::Answer, data_class::DataClass, nation::Nation};
use mash_policy::{
    Conflict, Decision, Flow, ReasonCode, RecipientFacts, Ruleset, RulesetError, Sources,
    recipients,
};

const OLDER: &str = "2026-11-22";
/// The flows that it does not know.
const LATER: [Flow; 5] =
    [Flow::Enquiry, Flow::Feedback, Flow::Correspondence, Flow::ProtectionStatus, Flow::Lookup];

/// The older rule set, with a change to the text of its schema.
fn older(change: impl Fn(&str) -> String) -> Result<Ruleset, RulesetError> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/rulesets").join(OLDER);
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let text = if name == "schema.cedarschema" { change(&text) } else { text };
            (name, text)
        })
        .collect();
    files.sort();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ruleset::load(&Sources { version: OLDER, files: &files })
}

/// Everything that a flow could ask for, and every class.
fn facts(flow: Flow) -> Vec<RecipientFacts> {
    let of = |kind| RecipientFacts {
        conflict: Conflict::Clear,
        harm_suspected: Answer::Yes,
        section_47: true,
        offered: DataClass::ALL.into_iter().collect(),
        ..RecipientFacts::cautious(flow, kind, Nation::Wales, date(2026, 11, 23))
    };
    recipients(flow).iter().copied().map(of).collect()
}

/// What goes, and whether it is marked as the minimum; the reasons where nothing goes.
fn told(ruleset: &Ruleset, facts: &RecipientFacts) -> Result<(Vec<u8>, bool), Vec<ReasonCode>> {
    match ruleset.decide(facts).outcome {
        Decision::Permit(permit) => {
            Ok((permit.classes().iter().map(DataClass::number).collect(), permit.is_degraded()))
        }
        Decision::Refuse(refusal) => Err(refusal.reasons().to_vec()),
    }
}

#[test]
fn what_an_older_set_does_not_know_goes_in_its_smallest_form_or_not_at_all() {
    let older = older(str::to_owned).unwrap();
    let newer = Ruleset::builtin().unwrap();
    for flow in Flow::ALL {
        assert_eq!(older.knows(flow), !LATER.contains(&flow), "{flow}");
        assert!(newer.knows(flow), "{flow}");
    }
    for flow in LATER {
        for facts in facts(flow) {
            let smallest = [(Flow::Enquiry, 1), (Flow::Feedback, 18)];
            let expected = smallest
                .into_iter()
                .find(|(of, _)| *of == flow)
                .map(|(_, class)| (vec![class], true))
                .ok_or_else(|| vec![ReasonCode::RulesUnavailable]);
            assert_eq!(told(&older, &facts), expected, "{flow}");
            assert_eq!(told(&older, &facts), told(&Ruleset::minimum_only(), &facts), "{flow}");
            let unfounded = RecipientFacts {
                harm_suspected: Answer::No,
                section_47: false,
                live_investigation: true,
                ..facts
            };
            assert!(told(&older, &unfounded).is_err(), "{flow}: R09 and R23 hold without rules");
        }
    }
}

#[test]
fn what_it_does_know_it_decides_as_ever() {
    let older = older(str::to_owned).unwrap();
    let newer = Ruleset::builtin().unwrap();
    for flow in Flow::ALL.into_iter().filter(|flow| !LATER.contains(flow)) {
        for facts in facts(flow) {
            let (before, now) = (older.decide(&facts), newer.decide(&facts));
            if flow == Flow::EnquiryAnswer {
                assert_eq!(told(&older, &facts).unwrap().0, (1..=12).collect::<Vec<u8>>());
                continue; // Who answers and how is new.
            }
            assert_eq!(before.classes, now.classes, "{flow}");
        }
    }
}

#[test]
fn a_set_that_forgets_a_flow_of_the_first_set_does_not_load() {
    let forgetful = |text: &str| {
        let (before, rest) = text.split_once("  action \"home-force\"").unwrap();
        let (_, after) = rest.split_once("};\n").unwrap();
        format!("{before}{after}")
    };
    let Err(error) = older(forgetful) else { panic!("it loaded") };
    assert!(error.to_string().contains("home-force"), "{error}");
}
