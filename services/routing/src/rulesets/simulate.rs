//! What a candidate rule set would have changed: the facts that are on record, decided once more. It is pure.

use std::collections::{BTreeMap, BTreeSet};

use mash_domain::data_class::{ClassSet, DataClass};
use mash_policy::{
    Decision, Ground, Permit, ReasonCode, RecipientDecision, RecipientFacts, Ruleset,
};
use mash_proto::sharing::v1 as pb;

use crate::{app::discharge::class_decisions, facts};

/// A decision as it is on record.
pub struct Recorded {
    /// The decision.
    pub decision: pb::Decision,
    /// The facts, if they were kept.
    pub facts: Option<pb::DecisionFacts>,
}

/// A child, as far as counting goes: the case and the reference within the report.
type ChildKey = (String, String);

/// A flow, a kind of recipient, a class, and whether it was gained.
type ChangeKey = (&'static str, &'static str, DataClass, bool);

/// What has come out so far.
#[derive(Default)]
pub struct Simulation {
    decisions: i64,
    without_facts: i64,
    same: i64,
    children: BTreeSet<ChildKey>,
    missed: BTreeSet<ChildKey>,
    changes: BTreeMap<ChangeKey, (i64, BTreeSet<ChildKey>)>,
}

impl Simulation {
    /// Decides once more on the facts of this decision, and compares.
    pub fn replay(&mut self, recorded: &Recorded, candidate: &Ruleset) {
        let facts = recorded.facts.as_ref().and_then(|wire| facts::from_wire(wire).ok());
        let Some(facts) = facts else {
            self.without_facts += 1;
            return;
        };
        let was = &recorded.decision;
        let child = (was.case_id.clone(), was.child_ref.clone());
        let decided = candidate.decide(&facts);
        self.decisions += 1;
        self.same += i64::from(is_same(was, &decided));
        let (before, after) = (permitted_before(was), permitted_after(was, &decided));
        for (classes, gained) in
            [(after.difference(before), true), (before.difference(after), false)]
        {
            for class in classes.iter() {
                self.change(&facts, class, gained, &child);
            }
        }
        let stub = ClassSet::EMPTY.with(DataClass::ChildIdentity).with(DataClass::IncidentStub);
        if !was.second_recipient && stub.is_subset(before) && !stub.is_subset(after) {
            self.missed.insert(child.clone());
        }
        self.children.insert(child);
    }

    fn change(&mut self, facts: &RecipientFacts, class: DataClass, gained: bool, child: &ChildKey) {
        let key = (facts.flow.word(), facts.recipient_kind.word(), class, gained);
        let (decisions, children) = self.changes.entry(key).or_default();
        *decisions += 1;
        children.insert(child.clone());
    }

    /// How many decisions have been looked at.
    #[must_use]
    pub const fn replayed(&self) -> i64 {
        self.decisions + self.without_facts
    }

    /// What came out.
    #[must_use]
    pub fn report(&self, version: &str) -> pb::SimulationReport {
        let changes =
            self.changes.iter().map(|((flow, kind, class, gained), (decisions, children))| {
                pb::SimulatedChange {
                    flow: (*flow).to_owned(),
                    recipient_kind: (*kind).to_owned(),
                    data_class: i32::from(class.number()),
                    gained: *gained,
                    decisions: *decisions,
                    children: count(children),
                }
            });
        pb::SimulationReport {
            version: version.to_owned(),
            decisions: self.decisions,
            children: count(&self.children),
            without_facts: self.without_facts,
            same: self.same,
            changes: changes.collect(),
            missed_children: count(&self.missed),
        }
    }
}

fn count(children: &BTreeSet<ChildKey>) -> i64 {
    i64::try_from(children.len()).unwrap_or(i64::MAX)
}

/// Whether the candidate decides as it is on record: class by class with its rules, and the details taken out.
fn is_same(was: &pb::Decision, now: &RecipientDecision) -> bool {
    let permit = released(was, now);
    let masked: Vec<&str> =
        permit.map_or(&[][..], Permit::masked).iter().map(|detail| detail.word()).collect();
    let mask_rules: Vec<String> =
        permit.map_or(&[][..], Permit::mask_rules).iter().map(ToString::to_string).collect();
    let effect = if permit.is_some() { pb::Effect::Permit } else { pb::Effect::Refuse };
    was.effect == i32::from(effect)
        && was.classes == class_decisions(now, permit.is_some())
        && was.masked_details == masked
        && was.mask_rule_ids == mask_rules
}

/// The permit, if what it permits would have gone. What rests on a power and could cite no clause did not go, whatever
/// the rules said, and would not go under others.
fn released<'a>(was: &pb::Decision, now: &'a RecipientDecision) -> Option<&'a Permit> {
    let uncited = was.effect != i32::from(pb::Effect::Permit)
        && was.reason_codes.iter().any(|code| code == ReasonCode::AgreementNotLive.word());
    permit(now).filter(|permit| !(uncited && permit.ground() == Ground::Power))
}

const fn permit(decision: &RecipientDecision) -> Option<&Permit> {
    match &decision.outcome {
        Decision::Permit(permit) => Some(permit),
        Decision::Refuse(_) => None,
    }
}

fn permitted_after(was: &pb::Decision, now: &RecipientDecision) -> ClassSet {
    released(was, now).map_or(ClassSet::EMPTY, Permit::classes)
}

fn permitted_before(decision: &pb::Decision) -> ClassSet {
    let permitted = i32::from(pb::Effect::Permit);
    if decision.effect != permitted {
        return ClassSet::EMPTY;
    }
    let classes = decision.classes.iter().filter(|class| class.effect == permitted);
    classes
        .filter_map(|class| u8::try_from(class.data_class).ok().and_then(DataClass::from_number))
        .collect()
}

#[cfg(test)]
mod tests;
