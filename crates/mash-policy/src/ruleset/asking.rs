//! Asking the clauses about one resource, as formulas or through Cedar.

use std::cell::OnceCell;

use cedar_policy::{Context, Decision, EntityUid, PolicySet, Request};

use super::{
    Engine, Unevaluated,
    compiled::Membership,
    slices::{Ask, Slice, Spoken},
};
use crate::{
    decision::Effect,
    facts::RecipientFacts,
    vocabulary::attributes::{self, Codes},
};

/// The questions of one decision.
pub(super) struct Asking<'a> {
    pub(super) slice: &'a Slice,
    engine: &'a Engine,
    /// Every clause in force: then Cedar is asked with all of them.
    whole: Option<&'a PolicySet>,
    facts: &'a RecipientFacts,
    codes: Codes,
    /// The facts as Cedar has them, made when it is first asked.
    context: OnceCell<Context>,
}

/// What the clauses say about one resource, and the places of those that decided.
pub(super) struct Answer {
    pub(super) effect: Effect,
    pub(super) places: Vec<usize>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        slice: &'a Slice,
        whole: Option<&'a PolicySet>,
        facts: &'a RecipientFacts,
    ) -> Self {
        let codes = attributes::codes(facts);
        Self { slice, engine, whole, facts, codes, context: OnceCell::new() }
    }

    pub(super) fn ask<T>(&self, ask: &Ask<T>, member: Membership) -> Result<Answer, Unevaluated> {
        match (self.whole, &ask.formulas) {
            (None, Some(formulas)) => Ok(self.by_formulas(formulas, member)),
            (None, None) => self.by_cedar(&ask.resource, &ask.policies),
            (Some(whole), _) => self.by_cedar(&ask.resource, whole),
        }
    }

    /// As Cedar has it: a clause that refuses beats every clause that permits, and silence refuses.
    fn by_formulas(&self, formulas: &[Spoken], member: Membership) -> Answer {
        let saying = |effect| {
            formulas
                .iter()
                .filter(move |spoken| spoken.effect == effect)
                .filter(|spoken| spoken.when.holds(&self.codes, member))
                .map(|spoken| spoken.place)
                .collect::<Vec<usize>>()
        };
        let refusing = saying(Effect::Refuse);
        if !refusing.is_empty() {
            return Answer { effect: Effect::Refuse, places: refusing };
        }
        let permitting = saying(Effect::Permit);
        let effect = if permitting.is_empty() { Effect::Refuse } else { Effect::Permit };
        Answer { effect, places: permitting }
    }

    fn by_cedar(&self, resource: &EntityUid, policies: &PolicySet) -> Result<Answer, Unevaluated> {
        let request = Request::new(
            self.slice.principal.clone(),
            self.slice.action.clone(),
            resource.clone(),
            self.context()?,
            None, // The loader has checked that facts fit the schema.
        )
        .map_err(|_| Unevaluated)?;
        let engine = self.engine;
        let answer = engine.authorizer.is_authorized(&request, policies, &engine.entities);
        if answer.diagnostics().errors().next().is_some() {
            return Err(Unevaluated);
        }
        let place = |id: &cedar_policy::PolicyId| {
            let text: &str = id.as_ref();
            text.parse::<usize>().map_err(|_| Unevaluated)
        };
        let mut places = answer.diagnostics().reason().map(place).collect::<Result<Vec<_>, _>>()?;
        places.sort_unstable();
        let effect = match answer.decision() {
            Decision::Allow => Effect::Permit,
            Decision::Deny => Effect::Refuse,
        };
        Ok(Answer { effect, places })
    }

    fn context(&self) -> Result<Context, Unevaluated> {
        if let Some(known) = self.context.get() {
            return Ok(known.clone());
        }
        let made = self.engine.vocabulary.context(self.facts).map_err(|_| Unevaluated)?;
        Ok(self.context.get_or_init(|| made).clone())
    }
}
