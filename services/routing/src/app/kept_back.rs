//! A release under an agreement was decided and never left, because the agreement had ended meanwhile.

use mash_policy::{Flow, Ruleset};
use mash_proto::{convert::time_to_wire, envelope::event_id, sharing::v1 as sharing};

use super::effects::{Cause, Effects, released_id};
use crate::{duty::Disclosure, world::World};

/// Why it never left.
const REASON: &str = "agreement-not-live";

/// A release under a duty that rests on an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resting {
    /// The event that carries it.
    pub event_id: String,
    /// The case.
    pub case_id: String,
    /// The duty.
    pub duty_id: String,
    /// The disclosure.
    pub disclosure_id: String,
    /// The flow, as a word.
    pub flow: String,
}

/// Puts on record that a release was kept back: the recipient does not have it, and the decision that permitted it is
/// followed by a refusal.
pub fn keep_back(
    kept: &Resting,
    ruleset: &Ruleset,
    world: &mut World,
    effects: &mut Effects,
    cause: Cause<'_>,
) {
    let Some(mut duty) = world.duties.get(&kept.duty_id).cloned() else { return };
    let revision = world.cases.values().find(|case| case.id.to_string() == kept.case_id);
    let revision = revision.map_or(0, |case| case.revision);
    let held = duty.disclosures.iter_mut().find(|held| held.id == kept.disclosure_id);
    let Some(held) = held else { return };
    // A later revision may have gone under another agreement: then the recipient has that one.
    if released_id(&held.id, held.revision).to_string() == kept.event_id {
        held.live = false;
    }
    let id = event_id(&["decision", "kept-back", &kept.event_id]);
    let Disclosure { recipient, copy, .. } = &*held;
    let decision = sharing::Decision {
        name: format!("decisions/{id}"),
        case_id: duty.case_id.clone(),
        duty_id: duty.id.clone(),
        recipient: Some(recipient.into()),
        effect: sharing::Effect::Refuse.into(),
        ruleset: ruleset.version().to_string(),
        decide_time: Some(time_to_wire(cause.now)),
        reason_codes: vec![REASON.to_owned()],
        duty_kind: kept.flow.clone(),
        purpose: Flow::from_word(&kept.flow)
            .map_or(String::new(), |flow| flow.purpose().word().to_owned()),
        child_ref: duty.child_ref.clone(),
        incident_revision: revision,
        disclosure_id: kept.disclosure_id.clone(),
        second_recipient: *copy,
        ..sharing::Decision::default()
    };
    effects.decide(decision, cause);
    world.put_duty(duty);
}
