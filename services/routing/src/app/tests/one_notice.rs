//! One notice for each child and establishment, whoever sends one back.

use std::collections::BTreeMap;

use mash_policy::Profile;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{DisclosureReleased, ReceiptKind, ReceiptRecorded},
    envelope::{holds, unwrap},
};
use mash_store::outbox::OutboxMessage;
use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::{app::take_in_receipt::take_in_receipt, duty::Disclosure, world::Agreed};

const ELSEWHERE: &str = "6732951";

fn duty(world: &World, slot: Slot) -> &Duty {
    world.duties_of(case()).find(|duty| duty.slot == slot).unwrap()
}

fn live_at(duty: &Duty) -> Vec<String> {
    let live = duty.disclosures.iter().filter(|held| held.live);
    live.map(|held| held.recipient.to_string()).collect()
}

/// The establishment answers that the child is not on its roll.
fn reject(world: &mut World, duty: &Duty, disclosure: &Disclosure) -> Effects {
    let now: Timestamp = "2026-11-19T07:30:00Z".parse().unwrap();
    let receipt = ReceiptRecorded {
        disclosure_id: disclosure.id.clone(),
        duty_id: duty.id.clone(),
        case_id: duty.case_id.clone(),
        recipient: Some((&disclosure.recipient).into()),
        kind: ReceiptKind::Rejected.into(),
        receipt_time: Some(time_to_wire(now)),
        ..ReceiptRecorded::default()
    };
    let (ruleset, pseudonymiser) = (Ruleset::builtin().unwrap(), Pseudonymiser::new(b"test"));
    let means = means(&ruleset, &pseudonymiser, now);
    let event = Envelope { id: format!("rejected-{}", disclosure.id), ..Envelope::default() };
    let mut effects = Effects::default();
    take_in_receipt(&receipt, means, world, &mut effects, Cause { event: &event, now }).unwrap();
    effects
}

fn reject_at(world: &mut World, slot: Slot) -> Effects {
    let duty = duty(world, slot).clone();
    let current = duty.current().unwrap().clone();
    reject(world, &duty, &current)
}

fn dual() -> World {
    let places = [PlaceKind::Main(at(HERE)), PlaceKind::Subsidiary(at(THERE))];
    let schools = vec![school(HERE), school(THERE), school(ELSEWHERE)];
    let mut world = world(&incident(1), &places, schools);
    report(&mut world, incident(1));
    world
}

pub(super) fn releases(messages: &[OutboxMessage]) -> Vec<DisclosureReleased> {
    let envelopes = messages.iter().map(|sent| Envelope::decode(sent.payload.as_slice()).unwrap());
    envelopes
        .filter(holds::<DisclosureReleased>)
        .map(|envelope| unwrap(&envelope).unwrap())
        .collect()
}

#[test]
fn the_main_schools_refusal_sends_the_duty_to_the_desk_and_not_twice_to_the_second_school() {
    let mut world = dual();
    let effects = reject_at(&mut world, Slot::School);
    let told: Vec<String> = effects.decisions.iter().map(recipient).collect();
    assert_eq!(told, ["authority/672", "authority/672"], "the desk, and the queue beside it");
    assert!(effects.decisions[0].reason_codes.contains(&"re-routed".to_owned()));
    assert_eq!(effects.decisions[0].discrepancy_code, "roll-rejected");
    assert_eq!(live_at(duty(&world, Slot::SecondSchool)), [format!("school/{THERE}")]);
    assert_eq!(duty(&world, Slot::School).state, DutyState::Released, "the desk has to answer");
}

#[test]
fn a_later_revision_leaves_both_where_they_are() {
    let mut world = dual();
    reject_at(&mut world, Slot::School);
    let before: Vec<_> = world.duties_of(case()).flat_map(live_at).collect();
    let mut changed = incident(2);
    changed.narrative.push_str(" A neighbour rang.");
    let effects = report(&mut world, changed);
    let after: Vec<_> = world.duties_of(case()).flat_map(live_at).collect();
    assert_eq!(before, after);
    assert!(releases(&effects.messages).iter().all(|released| released.revision > 1));
}

#[test]
fn the_second_schools_refusal_is_withheld_on_record_while_the_main_school_knows() {
    let mut world = dual();
    let effects = reject_at(&mut world, Slot::SecondSchool);
    let second = duty(&world, Slot::SecondSchool);
    assert_eq!((second.state, second.reason.as_str()), (DutyState::Withheld, "told-elsewhere"));
    assert_eq!(effects.decisions.len(), 1, "the refusal is on record");
    assert_eq!(effects.decisions[0].reason_codes, ["told-elsewhere"]);
    assert_eq!(live_at(duty(&world, Slot::School)), [format!("school/{HERE}")]);
}

#[test]
fn after_both_refusals_the_desk_has_it() {
    for order in [[Slot::School, Slot::SecondSchool], [Slot::SecondSchool, Slot::School]] {
        let mut world = dual();
        for slot in order {
            reject_at(&mut world, slot);
        }
        let current = duty(&world, Slot::School).current().unwrap();
        assert_eq!(current.recipient.to_string(), "authority/672");
        assert_eq!(duty(&world, Slot::SecondSchool).state, DutyState::Withheld);
    }
}

#[test]
fn the_school_that_the_officer_stated_comes_before_the_desk() {
    let mut stated = incident(1);
    let establishment = stated.children[0].stated_establishment.get_or_insert_default();
    establishment.laestab = ELSEWHERE.to_owned();
    let places = [PlaceKind::Main(at(HERE)), PlaceKind::Subsidiary(at(THERE))];
    let schools = vec![school(HERE), school(THERE), school(ELSEWHERE)];
    let mut world = world(&stated, &places, schools);
    report(&mut world, stated);
    reject_at(&mut world, Slot::School);
    assert_eq!(live_at(duty(&world, Slot::School)), [format!("school/{ELSEWHERE}")]);
}

#[test]
fn a_closed_school_that_went_into_the_second_one_gives_one_notice() {
    let closed = Establishment { open: false, successors: vec![at(THERE)], ..school(HERE) };
    let places = [PlaceKind::Main(at(HERE)), PlaceKind::Subsidiary(at(THERE))];
    let mut world = world(&incident(1), &places, vec![closed, school(THERE)]);
    let effects = report(&mut world, incident(1));
    assert_eq!(releases(&effects.messages).len(), 1);
}

#[test]
fn a_successor_that_refuses_is_not_asked_again() {
    let closed = Establishment { open: false, successors: vec![at(THERE)], ..school(HERE) };
    let mut world = world(&incident(1), &[PlaceKind::Main(at(HERE))], vec![closed, school(THERE)]);
    report(&mut world, incident(1));
    reject_at(&mut world, Slot::School);
    let live = live_at(duty(&world, Slot::School));
    assert!(!live.is_empty() && live.iter().all(|recipient| recipient == "authority/672"));
}

/// A setting that is no school, which no force of this world has agreed to tell.
fn setting(laestab: &str) -> Establishment {
    Establishment { early_years: true, ..school(laestab) }
}

#[test]
fn what_a_school_sends_back_goes_to_the_desk_where_no_rule_lets_the_other_place_be_told() {
    let orders = [
        ([PlaceKind::Main(at(HERE)), PlaceKind::Subsidiary(at(THERE))], Slot::School),
        ([PlaceKind::Main(at(THERE)), PlaceKind::Subsidiary(at(HERE))], Slot::SecondSchool),
    ];
    for (places, slot) in orders {
        let mut world = world(&incident(1), &places, vec![school(HERE), setting(THERE)]);
        report(&mut world, incident(1));
        assert_eq!(live_at(duty(&world, slot)), [format!("school/{HERE}")]);
        reject_at(&mut world, slot);
        let desk = vec!["authority/672".to_owned(); 2];
        assert_eq!(live_at(duty(&world, slot)), desk, "the desk, and the queue beside it");
        let mut changed = incident(2);
        changed.narrative.push_str(" A neighbour rang.");
        report(&mut world, changed);
        assert_eq!(live_at(duty(&world, slot)), desk, "a revision leaves it there");
    }
}

#[test]
fn what_a_setting_sends_back_goes_to_the_desk_where_nobody_at_the_stated_one_may_be_told() {
    let mut stated = incident(1);
    stated.children[0].stated_establishment.get_or_insert_default().laestab = THERE.to_owned();
    let nobody = Establishment { contacts: vec![], ..setting(THERE) };
    let mut world = world(&stated, &[PlaceKind::Main(at(HERE))], vec![setting(HERE), nobody]);
    let agreed = Agreed { profile: Profile::Full, early_years: true, version: 1 };
    world.agreed.insert("62".parse().unwrap(), agreed);
    report(&mut world, stated);
    assert_eq!(live_at(duty(&world, Slot::School)), [format!("school/{HERE}")]);
    reject_at(&mut world, Slot::School);
    assert_eq!(live_at(duty(&world, Slot::School)), vec!["authority/672".to_owned(); 2]);
}

/// What can happen to a child's notices.
#[derive(Clone, Debug)]
enum Step {
    /// The roll now lists these places, the main one first.
    Roll(Vec<usize>),
    /// A revision with another narrative.
    Revise,
    /// Whoever has the duty at a school sends it back.
    Reject(Slot),
}

fn step() -> impl Strategy<Value = Step> {
    let places = prop::sample::subsequence(vec![0, 1, 2], 0..=2).prop_shuffle();
    prop_oneof![
        places.prop_map(Step::Roll),
        Just(Step::Revise),
        prop::sample::select(vec![Slot::School, Slot::SecondSchool]).prop_map(Step::Reject),
    ]
}

proptest! {
    /// Whatever the roll says and whoever sends a notice back: no establishment has two notices of one child, none
    /// gets one again that it has sent back, and somebody always has the duty.
    #[test]
    fn no_establishment_is_told_twice(steps in prop::collection::vec(step(), 1..10)) {
        let mut world = dual();
        let mut revision = 1;
        for step in steps {
            match step {
                Step::Roll(order) => {
                    let place = |(index, which): (usize, usize)| {
                        let laestab = at([HERE, THERE, ELSEWHERE][which]);
                        let kind = if index == 0 { PlaceKind::Main(laestab) } else { PlaceKind::Subsidiary(laestab) };
                        Place { at: kind, start: date(2025, 9, 1), end: None }
                    };
                    world.roll[0].places = order.into_iter().enumerate().map(place).collect();
                }
                Step::Revise => {
                    revision += 1;
                    let mut changed = incident(revision);
                    changed.narrative = format!("Revision {revision}.");
                    report(&mut world, changed);
                }
                Step::Reject(slot) => {
                    let found = world.duties_of(case()).find(|duty| duty.slot == slot).cloned();
                    let at_school = |held: &&Disclosure| held.recipient.to_string().starts_with("school/");
                    if let Some(duty) = found
                        && let Some(current) = duty.current().filter(at_school) {
                            reject(&mut world, &duty, current);
                        }
                }
            }
            let mut notices: BTreeMap<String, usize> = BTreeMap::new();
            for recipient in world.duties_of(case()).flat_map(live_at) {
                if recipient.starts_with("school/") {
                    *notices.entry(recipient).or_default() += 1;
                }
            }
            prop_assert!(notices.values().all(|count| *count == 1), "{notices:?}");
            for laestab in world.duties_of(case()).flat_map(|duty| &duty.rejected_by) {
                let school = format!("school/{laestab}");
                prop_assert!(!notices.contains_key(&school));
            }
            prop_assert!(world.duties_of(case()).any(|duty| duty.current().is_some()));
        }
    }
}
