//! The clauses that can apply to one kind of recipient, under one duty, in one nation, in one span of days.
//!
//! Cedar asks every policy it is given, so it is given only those that can speak.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{
    EntityTypeName, EntityUid, Policy, PolicySet, PolicySetError, RequestEnv, Schema,
};
use jiff::civil::Date;
use mash_domain::nation::Nation;

use crate::{
    facts::{DutyKind, RecipientFacts, RecipientKind},
    minimum::is_recipient,
    rule::Rule,
    vocabulary,
};

/// What is asked of Cedar for one kind of recipient under one duty.
pub(super) struct Slice {
    pub(super) principal: EntityUid,
    pub(super) action: EntityUid,
    pub(super) policies: PolicySet,
}

/// Every slice of a rule set.
pub(super) struct Slices {
    starts: Vec<Date>, // INVARIANT: in order, each once. Epoch 0 is the time before the first.
    sliced: BTreeMap<Key, Slice>,
    unsliced: BTreeMap<Key, Slice>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
struct Key {
    epoch: usize,
    nation: Nation,
    duty: DutyKind,
    kind: RecipientKind,
}

/// One clause and its policy.
pub(super) struct Clause<'a> {
    pub(super) rule: &'a Rule,
    pub(super) policy: &'a Policy,
}

impl Slices {
    pub(super) fn build(schema: &Schema, clauses: &[Clause<'_>]) -> Result<Self, SliceError> {
        let starts: BTreeSet<Date> = clauses
            .iter()
            .flat_map(|clause| [clause.rule.term.from, clause.rule.term.until])
            .flatten()
            .collect();
        let mut slices = Self {
            starts: starts.into_iter().collect(),
            sliced: BTreeMap::new(),
            unsliced: BTreeMap::new(),
        };
        let environments: Vec<Vec<RequestEnv>> = clauses
            .iter()
            .map(|clause| clause.policy.get_valid_request_envs(schema).collect())
            .collect();
        for epoch in 0..=slices.starts.len() {
            for nation in Nation::ALL {
                slices.build_epoch(epoch, nation, clauses, &environments)?;
            }
        }
        Ok(slices)
    }

    fn build_epoch(
        &mut self,
        epoch: usize,
        nation: Nation,
        clauses: &[Clause<'_>],
        environments: &[Vec<RequestEnv>],
    ) -> Result<(), SliceError> {
        let day = self.first_day(epoch);
        let in_force: Vec<_> = clauses
            .iter()
            .zip(environments)
            .filter(|(clause, _)| {
                clause.rule.term.holds_on(day) && clause.rule.jurisdiction.covers(nation)
            })
            .collect();
        for duty in DutyKind::ALL {
            let action = vocabulary::action(duty)?;
            for kind in RecipientKind::ALL.into_iter().filter(|kind| is_recipient(duty, *kind)) {
                let principal_type = vocabulary::recipient_type(kind)?;
                let speaks = |environments: &[RequestEnv]| {
                    environments.iter().any(|environment| {
                        *environment.action() == action
                            && *environment.principal() == principal_type
                    })
                };
                let all = in_force.iter().map(|(clause, _)| clause.policy.clone());
                let able = in_force
                    .iter()
                    .filter(|(_, environments)| speaks(environments))
                    .map(|(clause, _)| clause.policy.clone());
                let key = Key { epoch, nation, duty, kind };
                self.sliced.insert(key, slice(&principal_type, &action, able)?);
                self.unsliced.insert(key, slice(&principal_type, &action, all)?);
            }
        }
        Ok(())
    }

    /// The clauses that can apply, or none if this recipient is never told under this duty.
    pub(super) fn find(&self, facts: &RecipientFacts) -> Option<&Slice> {
        self.sliced.get(&self.key(facts))
    }

    /// Every clause in force, under the same condition.
    pub(super) fn unsliced(&self, facts: &RecipientFacts) -> Option<&Slice> {
        self.unsliced.get(&self.key(facts))
    }

    /// The first day on which the same clauses were in force as on the day of the decision.
    pub(super) fn first_day_of_epoch(&self, facts: &RecipientFacts) -> Date {
        self.first_day(self.epoch(facts.decided_on))
    }

    fn key(&self, facts: &RecipientFacts) -> Key {
        Key {
            epoch: self.epoch(facts.decided_on),
            nation: facts.nation,
            duty: facts.duty,
            kind: facts.recipient_kind,
        }
    }

    fn epoch(&self, day: Date) -> usize {
        self.starts.partition_point(|start| *start <= day)
    }

    fn first_day(&self, epoch: usize) -> Date {
        epoch.checked_sub(1).and_then(|place| self.starts.get(place)).copied().unwrap_or(Date::MIN)
    }
}

fn slice(
    principal_type: &EntityTypeName,
    action: &EntityUid,
    policies: impl Iterator<Item = Policy>,
) -> Result<Slice, SliceError> {
    Ok(Slice {
        principal: vocabulary::recipient(principal_type),
        action: action.clone(),
        policies: PolicySet::from_policies(policies)?,
    })
}

/// The policies could not be put together; it would be a fault of this program.
#[derive(Debug, thiserror::Error)]
pub(super) enum SliceError {
    /// A name of the vocabulary is not one of Cedar's.
    #[error(transparent)]
    Vocabulary(#[from] vocabulary::VocabularyError),
    /// Two policies with one name.
    #[error("two clauses have one name")]
    Policies(#[source] Box<PolicySetError>),
}

impl From<PolicySetError> for SliceError {
    fn from(error: PolicySetError) -> Self {
        Self::Policies(Box::new(error))
    }
}
