//! One situation: who would receive what, and the facts. A counterexample is cut down to the facts that matter.

use std::collections::BTreeMap;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityId, EntityTypeName, EntityUid, EvalResult,
    PolicyId, PolicySet, Request, RestrictedExpression,
};
use cedar_policy_symcc::Env;

use crate::solver::ProofError;

/// The facts of a night on which nothing is out of the ordinary. A fact that is not here is always told.
const ORDINARY: [(&str, &str); 24] = [
    ("child_under_18", "yes"),
    ("child_in_force_area", "yes"),
    ("profile", "minimal"),
    ("early_years_opted_in", "no"),
    ("conflict", "clear"),
    ("address_protect", "no"),
    ("sexual_offence_alleged", "no"),
    ("live_investigation", "no"),
    ("collection_risk", "no"),
    ("no_contact_requested", "no"),
    ("harm_suspected", "no"),
    ("section_47", "no"),
    ("invited", "no"),
    ("case_cited", "no"),
    ("consent", "not-recorded"),
    ("child_view", "not-known"),
    ("do_not_inform_parent", "no"),
    ("agreement", "absent"),
    ("intelligence", "none"),
    ("source_identifiable", "no"),
    ("third_party_relevant", "no"),
    ("exploitation_indicated", "no"),
    ("area_shares_missing", "no"),
    ("debrief_accepted", "no"),
];

/// A request with every fact that the rules may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Situation {
    pub(crate) principal: EntityUid,
    pub(crate) action: EntityUid,
    pub(crate) resource: EntityUid,
    pub(crate) facts: BTreeMap<String, EvalResult>,
}

/// Where a situation is tried, with Cedar's own evaluator and not the solver.
pub(crate) struct Court<'a> {
    authorizer: Authorizer,
    actions: &'a Entities,
}

impl<'a> Court<'a> {
    pub(crate) fn new(actions: &'a Entities) -> Self {
        Self { authorizer: Authorizer::new(), actions }
    }

    /// Whether the clauses release it.
    pub(crate) fn allows(&self, policies: &PolicySet, situation: &Situation) -> bool {
        self.decide(policies, situation).is_some_and(|(allowed, _)| allowed)
    }

    /// Whether the clauses release it, and which of them decided.
    pub(crate) fn decide(
        &self,
        policies: &PolicySet,
        situation: &Situation,
    ) -> Option<(bool, Vec<PolicyId>)> {
        let request = situation.request()?;
        let answer = self.authorizer.is_authorized(&request, policies, self.actions);
        let reasons = answer.diagnostics().reason().cloned().collect();
        Some((answer.decision() == Decision::Allow, reasons))
    }
}

impl Situation {
    /// The solver's counterexample.
    pub(crate) fn of(env: &Env) -> Result<Self, ProofError> {
        let unreadable = || ProofError::Internal("a counterexample cannot be read".to_owned());
        let request = &env.request;
        let context = request.context().ok_or_else(unreadable)?;
        let mut facts = BTreeMap::new();
        for (name, _) in context.clone() {
            let value = context.get(&name).ok_or_else(unreadable)?;
            facts.insert(name, value);
        }
        Ok(Self {
            // Rules speak of kinds of recipient and never of one of them.
            principal: anybody(request.principal().ok_or_else(unreadable)?.type_name()),
            action: request.action().cloned().ok_or_else(unreadable)?,
            resource: request.resource().cloned().ok_or_else(unreadable)?,
            facts,
        })
    }

    fn request(&self) -> Option<Request> {
        let facts: Option<Vec<(String, RestrictedExpression)>> = self
            .facts
            .iter()
            .map(|(name, value)| Some((name.clone(), expression(value)?)))
            .collect();
        let context = Context::from_pairs(facts?).ok()?;
        let Self { principal, action, resource, .. } = self;
        Request::new(principal.clone(), action.clone(), resource.clone(), context, None).ok()
    }

    /// The same with every fact made ordinary that does not matter.
    pub(crate) fn reduced(&self, still_fails: impl Fn(&Self) -> bool) -> Self {
        let mut reduced = self.clone();
        let names: Vec<String> = self.facts.keys().cloned().collect();
        for name in names {
            let Some(value) = reduced.facts.get(&name) else { continue };
            let Some(ordinary) = ordinary(&name, value) else { continue };
            if value == &ordinary {
                continue;
            }
            let mut tried = reduced.clone();
            tried.facts.insert(name.clone(), ordinary);
            if still_fails(&tried) {
                reduced = tried;
            } else {
                reduced.thin_out(&name, &still_fails);
            }
        }
        reduced
    }

    /// Takes out of a set whatever does not matter.
    fn thin_out(&mut self, name: &str, still_fails: &impl Fn(&Self) -> bool) {
        let Some(EvalResult::Set(items)) = self.facts.get(name) else { return };
        let mut kept: Vec<EvalResult> = items.iter().cloned().collect();
        for item in kept.clone() {
            let fewer: Vec<EvalResult> =
                kept.iter().filter(|other| **other != item).cloned().collect();
            let Some(set) = set(&fewer) else { return };
            let mut tried = self.clone();
            tried.facts.insert(name.to_owned(), set);
            if still_fails(&tried) {
                *self = tried;
                kept = fewer;
            }
        }
    }

    /// The facts that are out of the ordinary, by name.
    pub(crate) fn telling(&self) -> Vec<(&str, String)> {
        self.facts
            .iter()
            .filter(|(name, value)| ordinary(name, value).as_ref() != Some(*value))
            .map(|(name, value)| (name.as_str(), said(value)))
            .collect()
    }
}

/// Some recipient of a kind.
fn anybody(kind: &EntityTypeName) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new("recipient"))
}

/// The ordinary value of a fact, of the same kind as the value that it has.
fn ordinary(name: &str, value: &EvalResult) -> Option<EvalResult> {
    match value {
        EvalResult::Bool(_) => word(name).map(|word| EvalResult::Bool(word == "yes")),
        EvalResult::EntityUid(uid) => word(name).map(|word| {
            let kind = uid.type_name().clone();
            EvalResult::EntityUid(EntityUid::from_type_name_and_id(kind, EntityId::new(word)))
        }),
        // Ordinarily no class is named.
        EvalResult::Set(_) => set(&[]),
        EvalResult::Long(_)
        | EvalResult::String(_)
        | EvalResult::Record(_)
        | EvalResult::ExtensionValue(_) => None,
    }
}

fn word(name: &str) -> Option<&'static str> {
    ORDINARY.iter().find(|(fact, _)| *fact == name).map(|(_, word)| *word)
}

/// A set cannot be made directly, only by way of a context.
fn set(items: &[EvalResult]) -> Option<EvalResult> {
    let items: Option<Vec<RestrictedExpression>> = items.iter().map(expression).collect();
    let set = RestrictedExpression::new_set(items?);
    Context::from_pairs([("set".to_owned(), set)]).ok()?.get("set")
}

fn expression(value: &EvalResult) -> Option<RestrictedExpression> {
    match value {
        EvalResult::Bool(value) => Some(RestrictedExpression::new_bool(*value)),
        EvalResult::EntityUid(uid) => Some(RestrictedExpression::new_entity_uid(uid.clone())),
        EvalResult::Set(items) => {
            let items: Option<Vec<RestrictedExpression>> = items.iter().map(expression).collect();
            Some(RestrictedExpression::new_set(items?))
        }
        EvalResult::Long(value) => Some(RestrictedExpression::new_long(*value)),
        EvalResult::String(value) => Some(RestrictedExpression::new_string(value.clone())),
        EvalResult::Record(_) | EvalResult::ExtensionValue(_) => None,
    }
}

/// A value as a person says it.
fn said(value: &EvalResult) -> String {
    match value {
        EvalResult::Bool(true) => "yes".to_owned(),
        EvalResult::Bool(false) => "no".to_owned(),
        EvalResult::EntityUid(uid) => uid.id().unescaped().to_owned(),
        EvalResult::Set(items) => {
            let items: Vec<String> = items.iter().map(said).collect();
            if items.is_empty() { "nothing".to_owned() } else { items.join(" ") }
        }
        EvalResult::Long(value) => value.to_string(),
        EvalResult::String(value) | EvalResult::ExtensionValue(value) => value.clone(),
        EvalResult::Record(_) => "a record".to_owned(),
    }
}
