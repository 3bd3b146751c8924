//! The clauses that can apply to one kind of recipient, in one flow, to one class of data, in one nation and one span
//! of days.
//!
//! Cedar asks every policy that it is given, so it is given only those that can speak. That keeps the cost of a
//! decision flat as the rule book grows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cedar_policy::{EntityUid, Policy, PolicySet, PolicySetError, RequestEnv, Schema};
use jiff::civil::Date;
use mash_domain::{data_class::DataClass, nation::Nation, sharing::Flow};
use serde_json::Value;

use super::compiled::{Formula, Question, compile};
use crate::{
    decision::{Detail, Effect},
    facts::{RecipientFacts, RecipientKind},
    minimum::recipients,
    rule::Rule,
    vocabulary::{self, Vocabulary},
};

/// What is asked of Cedar for one kind of recipient in one flow.
pub(super) struct Slice {
    pub(super) principal: EntityUid,
    pub(super) action: EntityUid,
    pub(super) classes: Vec<Ask<DataClass>>,
    pub(super) details: Vec<Ask<Detail>>,
    pub(super) gateways: Vec<Ask<()>>,
}

/// One resource, and the clauses that can speak about it.
pub(super) struct Ask<T> {
    pub(super) about: T,
    pub(super) resource: EntityUid,
    /// For Cedar: used where a clause is not understood as a formula, and to compare the two ways.
    pub(super) policies: Arc<PolicySet>,
    /// The same clauses as formulas; none where one of them is left to Cedar.
    pub(super) formulas: Option<Vec<Spoken>>,
}

/// A clause that can speak about a resource.
#[derive(Clone)]
pub(super) struct Spoken {
    /// The place of the clause.
    pub(super) place: usize,
    pub(super) effect: Effect,
    pub(super) when: Arc<Formula>,
}

/// Every slice of a rule set.
pub(super) struct Slices {
    starts: Vec<Date>, // INVARIANT: in order, each once. Epoch 0 is the time before the first.
    sliced: BTreeMap<Key, Slice>,
    whole: BTreeMap<(usize, Nation), Arc<PolicySet>>,
    known: BTreeSet<Flow>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
struct Key {
    epoch: usize,
    nation: Nation,
    flow: Flow,
    kind: RecipientKind,
}

/// One clause and its policy.
pub(super) struct Clause<'a> {
    pub(super) rule: &'a Rule,
    pub(super) policy: &'a Policy,
}

impl Slices {
    pub(super) fn build(
        schema: &Schema,
        vocabulary: &Vocabulary,
        clauses: &[Clause<'_>],
    ) -> Result<Self, SliceError> {
        let starts: BTreeSet<Date> = clauses
            .iter()
            .flat_map(|clause| [clause.rule.term.from, clause.rule.term.until])
            .flatten()
            .collect();
        let mut slices = Self {
            starts: starts.into_iter().collect(),
            sliced: BTreeMap::new(),
            whole: BTreeMap::new(),
            known: known(schema)?,
        };
        let mut builder = Builder::new(schema, vocabulary, clauses)?;
        for epoch in 0..=slices.starts.len() {
            let day = slices.first_day(epoch);
            for nation in Nation::ALL {
                let in_force: BTreeSet<usize> = builder.in_force(day, nation).collect();
                slices.whole.insert((epoch, nation), builder.policies(&in_force)?);
                for flow in slices.known.clone() {
                    for kind in recipients(flow).iter().copied() {
                        let slice = builder.slice(flow, kind, &in_force)?;
                        slices.sliced.insert(Key { epoch, nation, flow, kind }, slice);
                    }
                }
            }
        }
        Ok(slices)
    }

    /// The clauses that can apply, or none if this recipient is never told in this flow.
    pub(super) fn find(&self, facts: &RecipientFacts) -> Option<&Slice> {
        self.sliced.get(&self.key(facts))
    }

    /// Whether the rules speak about this flow at all. A set from before a flow was made knows nothing of it.
    pub(super) fn knows(&self, flow: Flow) -> bool {
        self.known.contains(&flow)
    }

    /// Every clause in force, under the same condition.
    pub(super) fn whole(&self, facts: &RecipientFacts) -> Option<&Arc<PolicySet>> {
        let Key { epoch, nation, .. } = self.key(facts);
        self.whole.get(&(epoch, nation))
    }

    /// Every clause that is in force in a nation on a day.
    pub(super) fn in_force(&self, nation: Nation, day: Date) -> Option<&Arc<PolicySet>> {
        self.whole.get(&(self.epoch(day), nation))
    }

    /// The first day on which the same clauses were in force as on the day of the decision.
    pub(super) fn first_day_of_epoch(&self, facts: &RecipientFacts) -> Date {
        self.first_day(self.epoch(facts.decided_on))
    }

    /// The first day of each span of days between which the same clauses are in force.
    pub(super) fn epochs(&self) -> impl Iterator<Item = Date> {
        (0..=self.starts.len()).map(|epoch| self.first_day(epoch))
    }

    #[cfg(test)]
    pub(super) fn understood(&self) -> bool {
        self.sliced.values().all(|slice| {
            slice.classes.iter().all(|ask| ask.formulas.is_some())
                && slice.details.iter().all(|ask| ask.formulas.is_some())
                && slice.gateways.iter().all(|ask| ask.formulas.is_some())
        })
    }

    fn key(&self, facts: &RecipientFacts) -> Key {
        Key {
            epoch: self.epoch(facts.decided_on),
            nation: facts.nation,
            flow: facts.flow,
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

/// The flows that have an action.
fn known(schema: &Schema) -> Result<BTreeSet<Flow>, SliceError> {
    let mut known = BTreeSet::new();
    for flow in Flow::ALL {
        if schema.principals_for_action(&vocabulary::action(flow)?).is_some() {
            known.insert(flow);
        }
    }
    Ok(known)
}

/// Puts policy sets together, each of them once.
struct Builder<'a> {
    vocabulary: &'a Vocabulary,
    clauses: &'a [Clause<'a>],
    environments: Vec<Vec<RequestEnv>>,
    json: Vec<Value>,
    made: BTreeMap<Vec<usize>, Arc<PolicySet>>,
    speaking: BTreeMap<(Flow, RecipientKind, String), Arc<[Spoken]>>,
}

impl<'a> Builder<'a> {
    fn new(
        schema: &Schema,
        vocabulary: &'a Vocabulary,
        clauses: &'a [Clause<'a>],
    ) -> Result<Self, SliceError> {
        let json = clauses
            .iter()
            .map(|clause| clause.policy.to_json().map_err(|_| SliceError::Unwritable));
        Ok(Self {
            vocabulary,
            clauses,
            environments: clauses
                .iter()
                .map(|clause| clause.policy.get_valid_request_envs(schema).collect())
                .collect(),
            json: json.collect::<Result<_, _>>()?,
            made: BTreeMap::new(),
            speaking: BTreeMap::new(),
        })
    }

    fn in_force(&self, day: Date, nation: Nation) -> impl Iterator<Item = usize> {
        let clauses = self.clauses.iter().enumerate();
        clauses
            .filter(move |(_, clause)| {
                clause.rule.term.holds_on(day) && clause.rule.jurisdiction.covers(nation)
            })
            .map(|(place, _)| place)
    }

    fn policies(&mut self, places: &BTreeSet<usize>) -> Result<Arc<PolicySet>, SliceError> {
        let places: Vec<usize> = places.iter().copied().collect();
        if let Some(made) = self.made.get(&places) {
            return Ok(Arc::clone(made));
        }
        let policies = places.iter().filter_map(|place| self.clauses.get(*place));
        let set = PolicySet::from_policies(policies.map(|clause| clause.policy.clone()))?;
        let set = Arc::new(set);
        self.made.insert(places, Arc::clone(&set));
        Ok(set)
    }

    fn slice(
        &mut self,
        flow: Flow,
        kind: RecipientKind,
        in_force: &BTreeSet<usize>,
    ) -> Result<Slice, SliceError> {
        let (principal_type, action) =
            (vocabulary::recipient_type(kind)?, vocabulary::action(flow)?);
        let vocabulary = self.vocabulary;
        let mut slice = Slice {
            principal: vocabulary::recipient(&principal_type),
            action,
            classes: Vec::new(),
            details: Vec::new(),
            gateways: Vec::new(),
        };
        for (class, resource) in vocabulary.classes() {
            let ask = self.ask(*class, (flow, kind), resource, in_force)?;
            slice.classes.push(ask);
        }
        for (detail, resource) in vocabulary.details() {
            let ask = self.ask(*detail, (flow, kind), resource, in_force)?;
            slice.details.push(ask);
        }
        for resource in vocabulary.gateways() {
            let ask = self.ask((), (flow, kind), resource, in_force)?;
            slice.gateways.push(ask);
        }
        Ok(slice)
    }

    fn ask<T>(
        &mut self,
        about: T,
        (flow, kind): (Flow, RecipientKind),
        resource: &EntityUid,
        in_force: &BTreeSet<usize>,
    ) -> Result<Ask<T>, SliceError> {
        let able = self.speaking(flow, kind, resource)?;
        let spoken: Vec<Spoken> =
            able.iter().filter(|spoken| in_force.contains(&spoken.place)).cloned().collect();
        let places = spoken.iter().map(|spoken| spoken.place).collect();
        let understood = spoken.iter().all(|spoken| spoken.when.is_understood());
        Ok(Ask {
            about,
            resource: resource.clone(),
            policies: self.policies(&places)?,
            formulas: understood.then_some(spoken),
        })
    }

    /// The clauses that can speak about the resource, whether or not they are in force.
    fn speaking(
        &mut self,
        flow: Flow,
        kind: RecipientKind,
        resource: &EntityUid,
    ) -> Result<Arc<[Spoken]>, SliceError> {
        let key = (flow, kind, resource.to_string());
        if let Some(known) = self.speaking.get(&key) {
            return Ok(Arc::clone(known));
        }
        let (principal_type, action) =
            (vocabulary::recipient_type(kind)?, vocabulary::action(flow)?);
        let fits = |environment: &RequestEnv| {
            *environment.action() == action
                && *environment.principal() == principal_type
                && environment.resource() == resource.type_name()
        };
        let (recipient, resource_type) =
            (principal_type.to_string(), resource.type_name().to_string());
        let question = Question {
            principal_type: &recipient,
            action: flow.word(),
            resource_type: &resource_type,
            resource_id: resource.id().as_ref(),
        };
        let clauses = self.clauses.iter().zip(&self.environments).zip(&self.json).enumerate();
        let able: Arc<[Spoken]> = clauses
            .filter(|(_, ((_, environments), _))| environments.iter().any(fits))
            .map(|(place, ((clause, _), json))| Spoken {
                place,
                effect: clause.rule.effect,
                when: Arc::new(compile(json, question)),
            })
            // What is false whatever the facts are is left out: it changes no decision.
            .filter(|spoken| *spoken.when != Formula::Known(false))
            .collect();
        self.speaking.insert(key, Arc::clone(&able));
        Ok(able)
    }
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
    /// A clause that Cedar has read cannot be written again.
    #[error("a clause cannot be written as JSON")]
    Unwritable,
}

impl From<PolicySetError> for SliceError {
    fn from(error: PolicySetError) -> Self {
        Self::Policies(Box::new(error))
    }
}
