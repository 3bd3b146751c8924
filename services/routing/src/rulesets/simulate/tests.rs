//! On every decision of the night of the scenario, taken without a store.

use mash_policy::Ruleset;

use super::*;
use crate::{app::tests::night_on_record, rulesets::files};

/// The rule set of this build with one text in one file replaced by another.
fn with_replaced(file: &str, from: &str, to: &str) -> Ruleset {
    let mut files = files::builtin();
    let found = files.files.iter_mut().find(|found| found.name == file).unwrap();
    assert!(found.text.contains(from), "{file} does not hold {from:?}");
    found.text = found.text.replace(from, to);
    files::load(Ruleset::builtin().unwrap().version().as_str(), &files).unwrap()
}

fn replay(candidate: &Ruleset) -> pb::SimulationReport {
    let mut simulation = Simulation::default();
    for recorded in night_on_record() {
        simulation.replay(&recorded, candidate);
    }
    simulation.report("candidate")
}

#[test]
fn a_replay_under_the_live_rule_set_equals_history_exactly() {
    let report = replay(&Ruleset::builtin().unwrap());
    assert!(report.decisions > 15, "{}", report.decisions);
    assert_eq!(report.same, report.decisions);
    assert!(report.changes.is_empty());
    assert_eq!(report.missed_children, 0);
}

#[test]
fn a_school_that_would_lose_the_stub_is_a_child_missed() {
    let candidate = with_replaced(
        "R01.cedar",
        r#"[Mash::DataClass::"F1", Mash::DataClass::"F2"].contains(resource)"#,
        r#"[Mash::DataClass::"F1"].contains(resource)"#,
    );
    let report = replay(&candidate);
    let lost = report.changes.iter().find(|change| {
        change.flow == "school" && change.recipient_kind == "school" && change.data_class == 2
    });
    let lost = lost.unwrap();
    assert!(!lost.gained && lost.decisions >= lost.children && lost.children > 0);
    assert!(report.missed_children > 0);
    assert!(report.same < report.decisions);
}

#[test]
fn a_changed_rule_or_mask_is_not_the_same_decision_although_the_classes_are() {
    let ruleset = Ruleset::builtin().unwrap();
    for change in [
        |decision: &mut pb::Decision| decision.mask_rule_ids.push("R99".to_owned()),
        |decision: &mut pb::Decision| decision.masked_details.push("whereabouts".to_owned()),
        |decision: &mut pb::Decision| decision.classes[0].rule_ids.clear(),
    ] {
        let mut simulation = Simulation::default();
        let mut recorded = night_on_record().into_iter().find(|recorded| {
            recorded.facts.is_some() && recorded.decision.effect == i32::from(pb::Effect::Permit)
        });
        let recorded = recorded.as_mut().unwrap();
        change(&mut recorded.decision);
        simulation.replay(recorded, &ruleset);
        assert_eq!(simulation.report("").same, 0);
    }
}

#[test]
fn decisions_without_facts_are_counted_and_not_guessed() {
    let mut simulation = Simulation::default();
    let recorded = Recorded { decision: pb::Decision::default(), facts: None };
    simulation.replay(&recorded, &Ruleset::builtin().unwrap());
    let report = simulation.report("");
    assert_eq!((report.decisions, report.without_facts), (0, 1));
}
