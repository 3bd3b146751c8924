//! Silence: what a recipient may not know leaves no trace in what the recipient gets.
//!
//! Two histories of one case are played that differ only in what one recipient may not know: in fields of classes that
//! no decision permits to that recipient, and in how many revisions changed nothing else. Everything that is published
//! to the recipient must be the same bytes in the same order, ids, times, sizes and counts included.

mod scene;

use std::collections::{BTreeMap, BTreeSet};

use mash_domain::data_class::{ClassSet, DataClass};
use mash_proto::{
    disclosure::v1::DisclosureReleased,
    envelope::{event_id, holds, unwrap},
    police::v1::{IncidentReported, IncidentWithdrawn, WithdrawalReason},
};
use proptest::prelude::*;
use prost::Message;

use self::scene::{Place, Scene, Values};
use super::*;
use crate::{
    app::take_in_withdrawal::take_in_withdrawal,
    world::{Agreed, World},
};

/// What one recipient gets: topic, key, id and bytes, in order.
type Received = Vec<(&'static str, String, String, Vec<u8>)>;

/// One revision that the recipient may see something of, and how many before it that the recipient may see nothing of.
#[derive(Clone, Debug)]
struct Step {
    visible: u8,
    hidden: Vec<Values>,
}

/// A case from the first report on.
#[derive(Clone, Debug)]
struct History {
    steps: Vec<Step>,
    withdrawn: bool,
}

/// Plays a history. `values` chooses, for each revision, what the fields hold.
fn play(scene: &Scene, history: &History, values: impl Fn(&Values) -> Values) -> Effects {
    let ruleset = Ruleset::builtin().unwrap();
    let pseudonymiser = Pseudonymiser::new(b"test");
    let mut world = scene.world();
    let mut all = Effects::default();
    let mut revision = 0;
    let start: Timestamp = "2026-11-19T02:10:00Z".parse().unwrap();
    for (index, step) in history.steps.iter().enumerate() {
        let hour = jiff::SignedDuration::from_hours(i64::try_from(index).unwrap());
        let revisions = step.hidden.len();
        for (place, hidden) in step.hidden.iter().enumerate() {
            revision += 1;
            // The last one of a step is the one that the recipient may see; those before it are not announced.
            let last = place + 1 == revisions;
            let shown =
                if last || index == 0 { step.visible } else { history.steps[index - 1].visible };
            if index == 0 && !last {
                revision -= 1;
                continue;
            }
            let before = i64::try_from(revisions - place - 1).unwrap();
            let now = start + hour - jiff::SignedDuration::from_mins(before);
            let incident = scene.incident(shown, &values(hidden), revision);
            let read = incident_from_wire(incident.clone(), &Checks::stored());
            assert!(read.is_ok(), "{:?}", read.err().unwrap());
            let event = event(&format!("revision-{revision}"));
            let cause = Cause { event: &event, now };
            let means = means(&ruleset, &pseudonymiser, now);
            let reported =
                IncidentReported { case_id: case().to_string(), incident: Some(incident) };
            let taken_in = take_in_report(reported, means, &mut world, &mut all, cause);
            taken_in.unwrap_or_else(|error| panic!("{error}: {scene:?}"));
        }
    }
    if history.withdrawn {
        let now = start + jiff::SignedDuration::from_hours(9);
        let event = event("withdrawn");
        let withdrawn = IncidentWithdrawn {
            case_id: case().to_string(),
            revision: revision + 1,
            reason: WithdrawalReason::WrongChild.into(),
            ..IncidentWithdrawn::default()
        };
        let cause = Cause { event: &event, now };
        take_in_withdrawal(&withdrawn, &ruleset, &mut world, &mut all, cause).unwrap();
    }
    all
}

fn event(what: &str) -> Envelope {
    let id = event_id(&["test", what]).to_string();
    Envelope { correlation_id: id.clone(), causation_id: id.clone(), id, ..Envelope::default() }
}

/// What each recipient gets.
fn received(effects: &Effects) -> BTreeMap<(String, String), Received> {
    let mut by_recipient: BTreeMap<_, Received> = BTreeMap::new();
    for sent in &effects.messages {
        if sent.topic.starts_with("mash.disclosed.") {
            by_recipient.entry((sent.topic.to_owned(), sent.key.clone())).or_default().push((
                sent.topic,
                sent.key.clone(),
                sent.event_id.clone(),
                sent.payload.clone(),
            ));
        }
    }
    by_recipient
}

/// The classes that some decision permits to whoever listens there.
fn permitted(effects: &Effects, recipient: &(String, String)) -> ClassSet {
    let mut classes = BTreeSet::new();
    for sent in
        effects.messages.iter().filter(|sent| sent.topic == recipient.0 && sent.key == recipient.1)
    {
        let envelope = Envelope::decode(sent.payload.as_slice()).unwrap();
        if holds::<DisclosureReleased>(&envelope) {
            let released: DisclosureReleased = unwrap(&envelope).unwrap();
            let decision = effects
                .decisions
                .iter()
                .find(|decision| decision.name == format!("decisions/{}", released.decision_id));
            let permits = decision
                .unwrap()
                .classes
                .iter()
                .filter(|class| class.effect().as_str_name() == Effect::Permit.as_str_name());
            classes.extend(permits.map(|class| class.data_class));
        }
    }
    DataClass::ALL
        .into_iter()
        .filter(|class| classes.contains(&i32::from(class.number())))
        .collect()
}

fn history() -> impl Strategy<Value = (Vec<u8>, bool)> {
    (prop::collection::vec(any::<u8>(), 1..4), prop::bool::weighted(0.2))
}

fn hidden_revisions() -> impl Strategy<Value = Vec<Vec<Values>>> {
    prop::collection::vec(prop::collection::vec(scene::values(), 1..4), 3)
}

fn with(visible: &[u8], withdrawn: bool, hidden: &[Vec<Values>]) -> History {
    let steps = visible
        .iter()
        .zip(hidden)
        .map(|(visible, hidden)| Step { visible: *visible, hidden: hidden.clone() })
        .collect();
    History { steps, withdrawn }
}

/// Plays the two histories for everybody who gets anything, and compares. Returns who was compared.
fn compare(
    scene: &Scene,
    (visible, withdrawn): &(Vec<u8>, bool),
    shared: &Values,
    (one, other): (&[Vec<Values>], &[Vec<Values>]),
) -> Result<usize, TestCaseError> {
    let plain = with(visible, *withdrawn, &vec![vec![shared.clone()]; visible.len()]);
    let base = play(scene, &plain, Clone::clone);
    let mut compared = 0;
    for recipient in received(&base).keys().filter(|(_, key)| scene.is_about(key)) {
        let classes = permitted(&base, recipient);
        let hide = |hidden: &Values| shared.with_hidden(hidden, classes);
        let one = play(scene, &with(visible, *withdrawn, one), hide);
        let other = play(scene, &with(visible, *withdrawn, other), hide);
        let (one, other) = (received(&one), received(&other));
        let (one, other) = (one.get(recipient), other.get(recipient));
        prop_assert!(one.is_some(), "{:?} is told", recipient);
        prop_assert!(
            one == other,
            "{recipient:?}, who may know {classes:?}, reads the difference:\n{}\n{}",
            scene::shown(one),
            scene::shown(other)
        );
        compared += 1;
    }
    Ok(compared)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whoever is told anything, under whatever profile and whatever facts.
    #[test]
    fn what_a_recipient_may_not_know_leaves_no_trace(
        scene in scene::scenes(),
        history in history(),
        shared in scene::values(),
        one in hidden_revisions(),
        other in hidden_revisions(),
    ) {
        compare(&scene, &history, &shared, (&one, &other))?;
    }
}

/// The property speaks about everybody who is told: no kind of recipient is left out of it.
#[test]
fn every_kind_of_recipient_is_compared() {
    for place in Place::ALL {
        for profile in mash_policy::Profile::ALL {
            let scene = Scene { place, profile, ..Scene::plain() };
            let shared = Values::default();
            let history = (vec![0, 1], false);
            let (one, other) = (vec![vec![Values([1; 20])]; 2], vec![vec![Values([2; 20]); 3]; 2]);
            let compared = compare(&scene, &history, &shared, (&one, &other)).unwrap();
            assert_eq!(compared, place.recipients(), "{place:?}");
        }
    }
}

/// An agreement of both forces of the scenes, whichever has the duty.
fn agreed(scene: &Scene) -> BTreeMap<mash_domain::identifier::ForceCode, Agreed> {
    let agreed = Agreed { profile: scene.profile, early_years: true, version: 1 };
    ["62", "52"].into_iter().map(|force| (force.parse().unwrap(), agreed)).collect()
}
