//! Clauses rewritten: a fact replaced by one of its values, and a region turned into a fence.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use cedar_policy::{Policy, PolicyId, PolicySet, ResourceConstraint};
use serde_json::{Value, json};

use crate::{invariant::Literal, solver::ProofError};

/// The name of the clause that keeps everything outside a region back.
const FENCE: &str = "fence";

/// Rewrites clauses of one rule set, each once: reading a clause costs more than most questions about it.
#[derive(Default)]
pub(crate) struct Rewriter(Mutex<BTreeMap<Rewriting, Option<Policy>>>);

/// Which clause, which fact, and its value.
type Rewriting = (PolicyId, String, String);

impl Rewriter {
    /// The same clauses for somebody to whom the fact always has this value; `None` if no clause speaks of the fact.
    pub(crate) fn with_fact(
        &self,
        policies: &PolicySet,
        of: &str,
        value: &Literal,
    ) -> Result<Option<PolicySet>, ProofError> {
        let mut changed = false;
        let mut all = Vec::new();
        for policy in policies.policies() {
            let rewritten = self.one(policy, of, value)?;
            changed |= rewritten.is_some();
            all.push(rewritten.unwrap_or_else(|| policy.clone()));
        }
        if changed { set(all).map(Some) } else { Ok(None) }
    }

    fn one(
        &self,
        policy: &Policy,
        of: &str,
        value: &Literal,
    ) -> Result<Option<Policy>, ProofError> {
        let key = (policy.id().clone(), of.to_owned(), value.to_string());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rewritten) = known.get(&key) {
            return Ok(rewritten.clone());
        }
        let mut text = policy.to_json().map_err(|error| internal(&error))?;
        let rewritten = if replace(&mut text, of, &value.to_json()) {
            Some(from_json(policy.id().clone(), text)?)
        } else {
            None
        };
        known.insert(key, rewritten.clone());
        Ok(rewritten)
    }
}

/// The clauses, and nothing outside the region that the fence is about.
pub(crate) fn fenced(
    policies: &PolicySet,
    fence: Option<&Policy>,
) -> Result<PolicySet, ProofError> {
    match fence {
        Some(fence) => set(policies.policies().chain([fence]).cloned().collect()),
        None => Ok(policies.clone()),
    }
}

/// The clauses, and nothing of these resources.
pub(crate) fn without(
    policies: &PolicySet,
    resources: &[cedar_policy::EntityUid],
) -> Result<PolicySet, ProofError> {
    let mut all: Vec<Policy> = policies.policies().cloned().collect();
    for (place, resource) in resources.iter().enumerate() {
        let text = format!("forbid (principal, action, resource == {resource});");
        let id = PolicyId::new(format!("{FENCE}-{place}"));
        all.push(Policy::parse(Some(id), text).map_err(|error| internal(&error))?);
    }
    set(all)
}

/// Policies that have different names.
pub(crate) fn set(policies: Vec<Policy>) -> Result<PolicySet, ProofError> {
    PolicySet::from_policies(policies).map_err(|error| internal(&error))
}

fn internal(error: &dyn std::fmt::Display) -> ProofError {
    ProofError::Internal(error.to_string())
}

fn from_json(id: PolicyId, text: Value) -> Result<Policy, ProofError> {
    Policy::from_json(Some(id), text).map_err(|error| internal(&error))
}

/// Whether the fact occurred.
fn replace(text: &mut Value, of: &str, replacement: &Value) -> bool {
    let is_the_fact = text.get(".").is_some_and(|access| {
        access.get("attr").and_then(Value::as_str) == Some(of)
            && access.get("left").and_then(|left| left.get("Var")) == Some(&json!("context"))
    });
    if is_the_fact {
        *text = replacement.clone();
        return true;
    }
    match text {
        Value::Array(items) => {
            items.iter_mut().fold(false, |found, item| replace(item, of, replacement) | found)
        }
        Value::Object(items) => {
            items.values_mut().fold(false, |found, item| replace(item, of, replacement) | found)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A clause that refuses whatever the region does not describe. The kinds in the region's scope are those of the
/// request that is asked about; what is left is one resource, and its conditions.
pub(crate) fn fence(region: &Policy) -> Result<Option<Policy>, ProofError> {
    let text = region.to_json().map_err(|error| internal(&error))?;
    let mut parts: Vec<Value> = Vec::new();
    if let ResourceConstraint::Eq(resource) = region.resource_constraint() {
        let entity =
            json!({ "type": resource.type_name().to_string(), "id": resource.id().unescaped() });
        parts.push(json!({ "==": {
            "left": { "Var": "resource" }, "right": { "Value": { "__entity": entity } },
        }}));
    }
    for condition in text.get("conditions").and_then(Value::as_array).into_iter().flatten() {
        let Some(body) = condition.get("body") else { continue };
        if condition.get("kind").and_then(Value::as_str) == Some("unless") {
            parts.push(json!({ "!": { "arg": body } }));
        } else {
            parts.push(body.clone());
        }
    }
    let Some(inside) =
        parts.into_iter().reduce(|left, right| json!({ "&&": { "left": left, "right": right } }))
    else {
        return Ok(None);
    };
    let fence = json!({
        "effect": "forbid",
        "principal": { "op": "All" },
        "action": { "op": "All" },
        "resource": { "op": "All" },
        "conditions": [{ "kind": "unless", "body": inside }],
    });
    from_json(PolicyId::new(FENCE), fence).map(Some)
}
