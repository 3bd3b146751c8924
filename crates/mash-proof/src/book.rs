//! A rule set taken apart: for each kind of request the clauses that can speak about it, in each nation and term.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cedar_policy::{
    ActionConstraint, Entities, EntityTypeName, EntityUid, Policy, PolicyId, PolicySet,
    PrincipalConstraint, RequestEnv, ResourceConstraint, Schema,
};
use jiff::civil::Date;
use mash_domain::nation::Nation;
use mash_policy::Ruleset;

use crate::{
    invariant::{Invariant, Invariants},
    rewrite::{self, Rewriter},
    solver::ProofError,
};

/// Where and from when a set of clauses is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    /// For recipients there.
    pub nation: Nation,
    /// The first day, until another set takes its place.
    pub from: Date,
}

/// What tells a section from every other, in whichever rule set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Digest {
    kind: usize,
    clauses: Vec<Arc<str>>,
    invariants: Vec<String>,
}

/// The text of each clause, by its name.
pub(crate) fn texts(ruleset: &Ruleset) -> BTreeMap<PolicyId, Arc<str>> {
    ruleset.policies().map(|(_, policy)| (policy.id().clone(), policy.to_string().into())).collect()
}

/// The texts of the clauses, in an order that does not depend on their names.
pub(crate) fn sorted(texts: &BTreeMap<PolicyId, Arc<str>>, policies: &[Policy]) -> Vec<Arc<str>> {
    let mut found: Vec<Arc<str>> =
        policies.iter().filter_map(|policy| texts.get(policy.id()).cloned()).collect();
    found.sort();
    found
}

/// One kind of request, with the clauses that can speak about it and the promises to check. Terms in which both are
/// the same are one section.
pub(crate) struct Section<'a> {
    pub(crate) env: RequestEnv,
    pub(crate) policies: PolicySet,
    pub(crate) invariants: Vec<&'a Invariant>,
    pub(crate) terms: Vec<Term>,
    /// The clauses that no earlier section about the same kind of request has.
    pub(crate) fresh: Vec<Policy>,
    pub(crate) rewriter: &'a Rewriter,
    pub(crate) digest: Digest,
}

/// Takes a rule set apart.
pub(crate) fn sections<'a>(
    ruleset: &Ruleset,
    invariants: &'a Invariants,
    rewriter: &'a Rewriter,
) -> Result<Vec<Section<'a>>, ProofError> {
    let schema = schema(ruleset)?;
    let groups = Groups::of(schema)?;
    let envs: Vec<RequestEnv> = schema.request_envs().collect();
    let texts = texts(ruleset);
    let mut found: BTreeMap<Digest, Section<'a>> = BTreeMap::new();
    let mut seen: BTreeSet<(usize, PolicyId)> = BTreeSet::new();
    for term in terms(&ruleset.epochs()) {
        let in_force = ruleset.in_force(term.nation, term.from);
        for (place, env) in envs.iter().enumerate() {
            let invariants: Vec<&Invariant> = invariants
                .iter()
                .filter(|invariant| invariant.holds_for(term.nation, term.from))
                .filter(|invariant| groups.speaks(&invariant.region, env))
                .collect();
            if invariants.is_empty() {
                continue;
            }
            let policies = groups.slice(&in_force, env);
            let digest = Digest {
                kind: place,
                clauses: sorted(&texts, &policies),
                invariants: invariants.iter().map(|invariant| invariant.id.clone()).collect(),
            };
            if let Some(section) = found.get_mut(&digest) {
                section.terms.push(term);
                continue;
            }
            let fresh = policies
                .iter()
                .filter(|policy| seen.insert((place, policy.id().clone())))
                .cloned()
                .collect();
            let section = Section {
                env: env.clone(),
                policies: rewrite::set(policies)?,
                invariants,
                terms: vec![term],
                fresh,
                rewriter,
                digest: digest.clone(),
            };
            found.insert(digest, section);
        }
    }
    Ok(found.into_values().collect())
}

/// What the clauses may speak about.
pub(crate) fn schema(ruleset: &Ruleset) -> Result<&Schema, ProofError> {
    ruleset.schema().ok_or(ProofError::NoRules)
}

/// Every nation in every term.
pub(crate) fn terms(epochs: &[Date]) -> Vec<Term> {
    Nation::ALL
        .into_iter()
        .flat_map(|nation| epochs.iter().map(move |from| Term { nation, from: *from }))
        .collect()
}

/// Which purposes an action belongs to.
pub(crate) struct Groups(Entities);

impl Groups {
    pub(crate) fn of(schema: &Schema) -> Result<Self, ProofError> {
        let actions =
            schema.action_entities().map_err(|error| ProofError::Internal(error.to_string()))?;
        Ok(Self(actions))
    }

    /// The actions as entities, for evaluating.
    pub(crate) const fn entities(&self) -> &Entities {
        &self.0
    }

    /// The clauses that can speak about the request, in a fixed order. Leaving out one whose scope names another kind
    /// changes no decision.
    pub(crate) fn slice(&self, policies: &PolicySet, env: &RequestEnv) -> Vec<Policy> {
        let mut found: Vec<Policy> =
            policies.policies().filter(|policy| self.speaks(policy, env)).cloned().collect();
        found.sort_by_cached_key(|policy| policy.id().to_string());
        found
    }

    pub(crate) fn speaks(&self, policy: &Policy, env: &RequestEnv) -> bool {
        let principal = match policy.principal_constraint() {
            PrincipalConstraint::Any | PrincipalConstraint::In(_) => true,
            PrincipalConstraint::Eq(one) => one.type_name() == env.principal(),
            PrincipalConstraint::Is(kind) | PrincipalConstraint::IsIn(kind, _) => {
                &kind == env.principal()
            }
        };
        let action = match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(one) => &one == env.action(),
            ActionConstraint::In(groups) => {
                groups.iter().any(|group| self.contains(group, env.action()))
            }
        };
        principal && action && resource_fits(&policy.resource_constraint(), env.resource())
    }

    fn contains(&self, group: &EntityUid, action: &EntityUid) -> bool {
        group == action || self.0.is_ancestor_of(group, action)
    }
}

fn resource_fits(constraint: &ResourceConstraint, resource: &EntityTypeName) -> bool {
    match constraint {
        ResourceConstraint::Any | ResourceConstraint::In(_) => true,
        ResourceConstraint::Eq(one) => one.type_name() == resource,
        ResourceConstraint::Is(kind) | ResourceConstraint::IsIn(kind, _) => kind == resource,
    }
}
