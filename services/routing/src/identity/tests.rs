use jiff::civil::date;

use super::*;

fn key(text: &str) -> MatchKey {
    MatchKey::from_stored(text.to_owned())
}

fn at(text: &str) -> Laestab {
    text.parse().unwrap()
}

fn child() -> ChildKeys {
    ChildKeys {
        upn: Some(key("u1")),
        nhs_number: Some(key("n1")),
        person: Some(key("p1")),
        birth: key("b1"),
    }
}

fn entry(places: &[PlaceKind]) -> RollEntry {
    RollEntry {
        pupil_id: "1".into(),
        authority: "672".parse().unwrap(),
        upn: Some(key("u1")),
        nhs_number: Some(key("n1")),
        person: key("p1"),
        birth: key("b1"),
        places: places
            .iter()
            .map(|at| Place { at: at.clone(), start: date(2025, 9, 1), end: None })
            .collect(),
    }
}

fn ask(
    keys: &ChildKeys,
    stated: Option<&str>,
    rejected: &[&str],
    roll: &[RollEntry],
) -> Resolution {
    let stated = stated.map(at);
    let rejected: Vec<_> = rejected.iter().map(|text| at(text)).collect();
    let question =
        Question { keys, stated: stated.as_ref(), rejected_by: &rejected, on: date(2026, 11, 19) };
    resolve(&question, roll)
}

#[test]
fn the_strongest_identifier_wins() {
    let roll = [entry(&[PlaceKind::Main(at("6722301"))])];
    assert_eq!(ask(&child(), None, &[], &roll).matched_by, MatchedBy::Upn);
    let without_upn = ChildKeys { upn: None, ..child() };
    assert_eq!(ask(&without_upn, None, &[], &roll).matched_by, MatchedBy::NhsNumber);
    let without_numbers = ChildKeys { upn: None, nhs_number: None, ..child() };
    assert_eq!(ask(&without_numbers, None, &[], &roll).matched_by, MatchedBy::Person);
    let unknown = ChildKeys { upn: None, nhs_number: None, person: None, ..child() };
    assert_eq!(ask(&unknown, None, &[], &roll).placement, Placement::Unknown);
}

#[test]
fn the_roll_beats_the_officer_and_the_difference_is_kept() {
    let roll = [entry(&[PlaceKind::Main(at("6722301"))])];
    let found = ask(&child(), Some("6722302"), &[], &roll);
    assert_eq!(found.placement, Placement::Establishments(vec![at("6722301")]));
    assert_eq!(found.discrepancy, Some(Discrepancy::StatedOtherEstablishment));
}

#[test]
fn a_number_of_a_child_with_another_birthday_is_not_believed() {
    let sibling = RollEntry {
        birth: key("b2"),
        person: key("p2"),
        ..entry(&[PlaceKind::Main(at("6722309"))])
    };
    let found = ask(&child(), None, &[], &[sibling]);
    assert_eq!(found.placement, Placement::Unknown);
    assert_eq!(found.discrepancy, Some(Discrepancy::NumberOfAnotherChild));
}

#[test]
fn a_rejected_roll_gives_way_to_the_officer_and_then_to_nobody() {
    let roll = [entry(&[PlaceKind::Main(at("6722308"))])];
    let found = ask(&child(), Some("6722301"), &["6722308"], &roll);
    assert_eq!(found.placement, Placement::Establishments(vec![at("6722301")]));
    assert_eq!(found.matched_by, MatchedBy::Stated);
    let found = ask(&child(), Some("6722301"), &["6722308", "6722301"], &roll);
    assert_eq!(found.placement, Placement::Unknown);
    assert_eq!(found.discrepancy, Some(Discrepancy::RollRejected));
}

#[test]
fn dual_registration_tells_both_main_first() {
    let roll = [entry(&[PlaceKind::Subsidiary(at("6722301")), PlaceKind::Main(at("6724000"))])];
    let found = ask(&child(), None, &[], &roll);
    assert_eq!(found.placement, Placement::Establishments(vec![at("6724000"), at("6722301")]));
}

#[test]
fn two_rolls_are_decided_by_the_officer_or_by_nobody() {
    let there = RollEntry { pupil_id: "2".into(), ..entry(&[PlaceKind::Main(at("6734000"))]) };
    let roll = [entry(&[PlaceKind::Main(at("6722301"))]), there];
    assert_eq!(ask(&child(), None, &[], &roll).placement, Placement::Unknown);
    let found = ask(&child(), Some("6734000"), &[], &roll);
    assert_eq!(found.placement, Placement::Establishments(vec![at("6734000")]));
    assert_eq!(found.discrepancy, Some(Discrepancy::SeveralRolls));
}

#[test]
fn home_education_is_told_to_the_authority_that_knows() {
    let found = ask(&child(), None, &[], &[entry(&[PlaceKind::HomeEducated])]);
    assert_eq!(found.placement, Placement::HomeEducated("672".parse().unwrap()));
}

#[test]
fn a_place_that_has_ended_does_not_count() {
    let mut left = entry(&[PlaceKind::Main(at("6722301"))]);
    left.places[0].end = Some(date(2026, 11, 18));
    assert_eq!(ask(&child(), None, &[], &[left]).placement, Placement::Unknown);
}
