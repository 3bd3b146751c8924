//! What the night of the scenario does not show, on a world without a store.

use jiff::{Timestamp, civil::date};
use mash_domain::{
    authority::Authorities, identifier::Laestab, incident::CaseId, incident::rules::day_of,
    nation::Nation,
};
use mash_policy::Ruleset;
use mash_proto::{
    convert::police::{Checks, incident_from_wire},
    event::v1::Envelope,
    police::v1::{self as pb, IncidentReported},
    sharing::v1::{Decision, Effect},
};
use mash_synth::night::Night;

use super::{
    effects::{Cause, Effects},
    take_in_report::take_in_report,
};
use crate::{
    conflict::Contact,
    duty::{Duty, DutyState, Slot},
    facts,
    identity::{Place, PlaceKind, RollEntry},
    pseudonym::Pseudonymiser,
    route::{Means, child_keys},
    rulesets::simulate::Recorded,
    world::{Establishment, World, duty_id},
};

mod health;
mod location;
mod one_notice;
mod silence;

const HERE: &str = "6722951";
const THERE: &str = "6724951";

fn at(text: &str) -> Laestab {
    text.parse().unwrap()
}

fn case() -> CaseId {
    CaseId::from_mac(&[7; 32])
}

fn school(laestab: &str) -> Establishment {
    let contact = Contact {
        id: format!("key-adult-{laestab}"),
        full_name: "Non Such".to_owned(),
        telephone: String::new(),
        trained: true,
    };
    Establishment {
        laestab: at(laestab),
        display_name: format!("School {laestab}"),
        nation: Nation::Wales,
        early_years: false,
        open: true,
        successors: vec![],
        contacts: vec![contact],
    }
}

/// The first incident of the night, with its first child alone.
fn incident(revision: i32) -> pb::Incident {
    let mut incident = Night::new().incident("I1").unwrap().first.clone();
    incident.children.truncate(1);
    let only = incident.children[0].r#ref.clone();
    for adult in &mut incident.adults {
        adult.relationships.retain(|relationship| relationship.child_ref == only);
    }
    incident.revision = revision;
    incident
}

fn world(incident: &pb::Incident, places: &[PlaceKind], schools: Vec<Establishment>) -> World {
    let parsed = incident_from_wire(incident.clone(), &Checks::stored()).unwrap();
    let keys = child_keys(&parsed.children[0], &Pseudonymiser::new(b"test"));
    let place = |at: &PlaceKind| Place { at: at.clone(), start: date(2025, 9, 1), end: None };
    let entry = RollEntry {
        pupil_id: "1".to_owned(),
        authority: "672".parse().unwrap(),
        upn: keys.upn,
        nhs_number: keys.nhs_number,
        person: keys.person.unwrap(),
        birth: keys.birth,
        places: places.iter().map(place).collect(),
    };
    let establishments =
        schools.into_iter().map(|school| (school.laestab.clone(), school)).collect();
    World { roll: vec![entry], establishments, ..World::default() }
}

fn means<'a>(ruleset: &'a Ruleset, pseudonymiser: &'a Pseudonymiser, now: Timestamp) -> Means<'a> {
    let authorities = Authorities::builtin();
    Means { authorities, ruleset, pseudonymiser, today: day_of(now) }
}

/// Takes the incident in and returns the decisions that followed.
fn report(world: &mut World, incident: pb::Incident) -> Effects {
    let now: Timestamp = "2026-11-19T02:10:00Z".parse().unwrap();
    let ruleset = Ruleset::builtin().unwrap();
    let pseudonymiser = Pseudonymiser::new(b"test");
    let means = means(&ruleset, &pseudonymiser, now);
    let event = Envelope { id: format!("revision-{}", incident.revision), ..Envelope::default() };
    let reported = IncidentReported { case_id: case().to_string(), incident: Some(incident) };
    let mut effects = Effects::default();
    take_in_report(reported, means, world, &mut effects, Cause { event: &event, now }).unwrap();
    effects
}

fn recipient(decision: &Decision) -> String {
    let recipient = decision.recipient.clone().unwrap();
    mash_domain::organisation::OrganisationId::try_from(recipient).unwrap().to_string()
}

#[test]
fn a_closed_school_leads_to_its_only_successor() {
    let closed = Establishment { open: false, successors: vec![at(THERE)], ..school(HERE) };
    let mut world = world(&incident(1), &[PlaceKind::Main(at(HERE))], vec![closed, school(THERE)]);
    let effects = report(&mut world, incident(1));
    assert_eq!(recipient(&effects.decisions[0]), format!("school/{THERE}"));
}

#[test]
fn a_closed_school_without_one_successor_leads_to_the_duty_desk() {
    let closed = Establishment { open: false, ..school(HERE) };
    let mut world = world(&incident(1), &[PlaceKind::Main(at(HERE))], vec![closed]);
    let effects = report(&mut world, incident(1));
    assert_eq!(recipient(&effects.decisions[0]), "authority/672");
    assert!(effects.decisions[0].reason_codes.contains(&"closed".to_owned()));
    assert_eq!(effects.decisions[0].effect().as_str_name(), Effect::Permit.as_str_name());
}

#[test]
fn an_unnamed_party_sends_the_notice_to_the_desk_and_the_refusal_on_record() {
    let mut incident = incident(1);
    for adult in &mut incident.adults {
        adult.given_names.clear();
        adult.family_name.clear();
    }
    let mut world = world(&incident, &[PlaceKind::Main(at(HERE))], vec![school(HERE)]);
    let effects = report(&mut world, incident);
    let told: Vec<_> = effects.decisions.iter().map(recipient).collect();
    assert_eq!(told, ["authority/672".to_owned(), format!("school/{HERE}")]);
    let refusal = &effects.decisions[1];
    assert_eq!(refusal.effect().as_str_name(), Effect::Refuse.as_str_name());
    assert!(refusal.second_recipient, "the refusal has no part in what becomes of the duty");
    assert_eq!(effects.messages.len(), 3, "two decisions and one release");
}

#[test]
fn a_dually_registered_child_has_two_duties() {
    let places = [PlaceKind::Main(at(HERE)), PlaceKind::Subsidiary(at(THERE))];
    let mut world = world(&incident(1), &places, vec![school(HERE), school(THERE)]);
    report(&mut world, incident(1));
    let slots: Vec<_> = world.duties_of(case()).map(|duty| duty.slot).collect();
    assert_eq!(slots.len(), 2);
    assert!(slots.contains(&Slot::School) && slots.contains(&Slot::SecondSchool));
}

#[test]
fn a_repeated_revision_has_one_effect_and_an_equal_one_tells_nobody() {
    let mut world = world(&incident(1), &[PlaceKind::Main(at(HERE))], vec![school(HERE)]);
    report(&mut world, incident(1));
    assert_eq!(report(&mut world, incident(1)).messages.len(), 0, "the same revision again");
    let equal = report(&mut world, incident(2));
    assert_eq!(equal.decisions.len(), 1, "the decision is on record");
    assert_eq!(equal.messages.len(), 1, "and nothing but the decision is published");
}

#[test]
fn a_child_who_is_taken_out_of_a_report_is_recalled_withheld_and_on_record() {
    let mut both = Night::new().incident("I1").unwrap().first.clone();
    both.revision = 1;
    let second = both.children[1].r#ref.clone();
    let mut world = world(&both, &[PlaceKind::Main(at(HERE))], vec![school(HERE)]);
    report(&mut world, both);
    let effects = report(&mut world, incident(2));
    let duty = &world.duties[&duty_id(case(), &second, Slot::School)];
    assert_eq!(duty.state, DutyState::Withheld);
    assert!(duty.current().is_none(), "nothing is out any more");
    let last = effects.decisions.last().unwrap();
    assert_eq!(
        (last.child_ref.as_str(), last.reason_codes[0].as_str()),
        (second.as_str(), "child-removed")
    );
}

#[test]
fn whoever_is_known_to_nobody_is_still_somebodys_duty() {
    let mut world = World::default();
    let effects = report(&mut world, incident(1));
    let told: Vec<_> = effects.decisions.iter().map(recipient).collect();
    assert_eq!(
        told,
        ["authority/672", "authority/672"],
        "the duty desk, and the hub's queue beside it"
    );
    assert_eq!(world.duties_of(case()).count(), 1, "one duty");
}

#[test]
fn a_school_that_may_not_be_told_any_more_is_recalled_and_the_desk_answers() {
    let mut world = world(&incident(1), &[PlaceKind::Main(at(HERE))], vec![school(HERE)]);
    report(&mut world, incident(1));
    let mut unnamed = incident(2);
    for adult in &mut unnamed.adults {
        adult.given_names.clear();
        adult.family_name.clear();
    }
    report(&mut world, unnamed);
    let duty = world.duties_of(case()).next().unwrap();
    let live: Vec<_> = duty.disclosures.iter().filter(|disclosure| disclosure.live).collect();
    assert_eq!(live.len(), 1, "the school's notice is not out any more");
    assert_eq!(live[0].recipient.to_string(), "authority/672");
    assert_eq!(duty.current().unwrap().id, live[0].id, "receipts of the desk count");
    assert_eq!(duty.state, DutyState::Released);
}

/// Every decision of the night of the scenario with its facts, taken without a store: each child on the roll of one
/// school, the second report of everything included.
pub(crate) fn night_on_record() -> Vec<Recorded> {
    let night = Night::new();
    let mut found = Vec::new();
    for place in &night.incidents {
        let mut incident = place.first.clone();
        incident.revision = 1;
        let mut world = world(&incident, &[PlaceKind::Main(at(HERE))], vec![school(HERE)]);
        let effects = report(&mut world, incident);
        found.extend(effects.decisions.into_iter().map(|decision| {
            let facts = effects.facts.get(&decision.name).map(facts::to_wire);
            Recorded { decision, facts }
        }));
    }
    found
}
