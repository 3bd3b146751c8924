//! A version of the sharing rules, checked when it is loaded, and the decisions that it makes.

mod load;
mod manifest;
mod slices;
mod sources;

use std::sync::{Arc, LazyLock};

use cedar_policy::{Authorizer, Context, Entities, EntityUid, PolicyId, Request, Response};
use mash_domain::data_class::{ClassSet, DataClass};

use self::{
    load::Loaded,
    slices::{Slice, Slices},
};
pub use self::{
    load::{Fault, RulesetError},
    manifest::Realised,
    sources::Sources,
};
use crate::{
    decision::{
        ClassDecision, Decision, Detail, Effect, Permit, PermitParts, ReasonCode,
        RecipientDecision, Refusal,
    },
    facts::RecipientFacts,
    memo::Memo,
    minimum,
    rule::{Rule, RuleId, RulesetVersion},
    vocabulary::Vocabulary,
};

/// A version of the sharing rules.
///
/// Deciding is pure: the same facts get the same decision, whoever asks and when. Decisions are remembered.
pub struct Ruleset {
    version: RulesetVersion,
    rules: Vec<Rule>,
    realised: Vec<Realised>,
    engine: Option<Engine>, // None: only the statutory minimum is permitted.
}

/// The rules as Cedar policies, ready to be asked.
struct Engine {
    slices: Slices,
    vocabulary: Vocabulary,
    authorizer: Authorizer,
    entities: Entities,
    memo: Memo,
}

/// The rules could not be evaluated.
#[derive(Debug)]
struct Unevaluated;

static BUILTIN: LazyLock<Result<Arc<Ruleset>, RulesetError>> =
    LazyLock::new(|| Ruleset::load(&sources::BUILTIN).map(Arc::new));

impl Ruleset {
    /// The rule set that this build carries.
    ///
    /// # Errors
    ///
    /// [`RulesetError`] as from [`Ruleset::load`]; a test keeps it from ever being shipped so.
    pub fn builtin() -> Result<Arc<Self>, RulesetError> {
        BUILTIN.clone()
    }

    /// Loads a rule set: parses it, checks every clause against the schema, and makes it ready to be asked.
    ///
    /// # Errors
    ///
    /// [`RulesetError`] with every fault found, each with its file and line. A rule set with a fault is not used.
    pub fn load(sources: &Sources<'_>) -> Result<Self, RulesetError> {
        let Loaded { version, rules, realised, slices, vocabulary, actions } = load::load(sources)?;
        let engine = Some(Engine {
            slices,
            vocabulary,
            authorizer: Authorizer::new(),
            entities: actions,
            memo: Memo::default(),
        });
        Ok(Self { version, rules, realised, engine })
    }

    /// The rule set to use when none can be loaded: it permits the statutory minimum of each duty and nothing else.
    ///
    /// Its permits say that they are degraded, so that somebody looks. It never permits what a proper rule set
    /// would refuse.
    #[must_use]
    pub fn minimum_only() -> Self {
        Self {
            version: RulesetVersion::new("minimum-only"),
            rules: Vec::new(),
            realised: Vec::new(),
            engine: None,
        }
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> &RulesetVersion {
        &self.version
    }

    /// Its clauses, by rule and in the order of their files.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The rules that are kept in another way than by a permit or a refusal.
    pub fn realised(&self) -> impl Iterator<Item = &Realised> {
        self.realised.iter()
    }

    /// What this recipient may know.
    pub fn decide(&self, facts: &RecipientFacts) -> RecipientDecision {
        let Some(engine) = &self.engine else { return minimum::decide(facts, &self.version) };
        // Two days between which no clause begins or ends are the same day to the rules.
        let facts =
            RecipientFacts { decided_on: engine.slices.first_day_of_epoch(facts), ..*facts };
        engine.memo.get_or_decide(&facts, |facts| self.decide_in_slice(engine, facts))
    }

    /// As [`Ruleset::decide`], without remembering.
    pub fn decide_afresh(&self, facts: &RecipientFacts) -> RecipientDecision {
        match &self.engine {
            Some(engine) => self.decide_in_slice(engine, facts),
            None => minimum::decide(facts, &self.version),
        }
    }

    /// As [`Ruleset::decide_afresh`], asking every clause in force and not only those that can apply. It is slower,
    /// and is there to show that leaving clauses out changes no decision.
    pub fn decide_unsliced(&self, facts: &RecipientFacts) -> RecipientDecision {
        match &self.engine {
            Some(engine) => match engine.slices.unsliced(facts) {
                Some(slice) => self.decide_with(engine, slice, facts),
                None => self.not_a_recipient(facts),
            },
            None => minimum::decide(facts, &self.version),
        }
    }

    fn decide_in_slice(&self, engine: &Engine, facts: &RecipientFacts) -> RecipientDecision {
        match engine.slices.find(facts) {
            Some(slice) => self.decide_with(engine, slice, facts),
            None => self.not_a_recipient(facts),
        }
    }

    fn decide_with(
        &self,
        engine: &Engine,
        slice: &Slice,
        facts: &RecipientFacts,
    ) -> RecipientDecision {
        match self.evaluate(engine, slice, facts) {
            Ok(decision) => decision,
            // A refusing clause that cannot be evaluated would not refuse, so one failure spoils the whole answer.
            Err(Unevaluated) => minimum::decide(facts, &self.version),
        }
    }

    fn evaluate(
        &self,
        engine: &Engine,
        slice: &Slice,
        facts: &RecipientFacts,
    ) -> Result<RecipientDecision, Unevaluated> {
        let context = engine.vocabulary.context(facts).map_err(|_| Unevaluated)?;
        let mut tally = Tally::default();
        for (class, resource) in engine.vocabulary.classes() {
            if facts.offered.contains(*class) {
                let answer = engine.ask(slice, resource, &context)?;
                tally.class(*class, &answer, self.clauses(&answer)?);
            }
        }
        if tally.permitted.is_empty() {
            return Ok(self.refuse(tally));
        }
        for (detail, resource) in engine.vocabulary.details() {
            if tally.permitted.contains(detail.class()) {
                let answer = engine.ask(slice, resource, &context)?;
                if answer.decision() == cedar_policy::Decision::Deny {
                    tally.masked.push(*detail);
                    tally.masking.extend(self.clauses(&answer)?);
                }
            }
        }
        for resource in engine.vocabulary.gateways() {
            let answer = engine.ask(slice, resource, &context)?;
            if answer.decision() == cedar_policy::Decision::Allow {
                tally.permitting.extend(self.clauses(&answer)?);
            }
        }
        Ok(self.permit(tally))
    }

    /// The clauses that decided.
    fn clauses(&self, answer: &Response) -> Result<Vec<&Rule>, Unevaluated> {
        answer
            .diagnostics()
            .reason()
            .map(|id| self.clause(id).ok_or(Unevaluated))
            .collect::<Result<Vec<_>, _>>()
    }

    /// Policies are named by the place of their clause.
    fn clause(&self, id: &PolicyId) -> Option<&Rule> {
        let text: &str = id.as_ref();
        text.parse::<usize>().ok().and_then(|place| self.rules.get(place))
    }

    fn permit(&self, tally: Tally<'_>) -> RecipientDecision {
        let mut permitting = tally.permitting;
        permitting.sort_by_key(|rule| rule.id);
        let mut masking = tally.masking;
        masking.sort_by_key(|rule| rule.id);
        let mut basis: Vec<Arc<str>> = Vec::new();
        for text in permitting.iter().flat_map(|rule| &rule.basis) {
            if !basis.contains(text) {
                basis.push(Arc::clone(text));
            }
        }
        let outcome = Decision::Permit(Permit::mint(PermitParts {
            classes: tally.permitted,
            rules: ids(&permitting),
            basis,
            masked: tally.masked,
            mask_rules: ids(&masking),
            ruleset: self.version.clone(),
            degraded: false,
        }));
        RecipientDecision { ruleset: self.version.clone(), classes: tally.classes.into(), outcome }
    }

    fn refuse(&self, tally: Tally<'_>) -> RecipientDecision {
        let mut refusing = tally.refusing;
        refusing.sort_by_key(|rule| rule.id);
        let reasons: Vec<ReasonCode> = refusing.iter().filter_map(|rule| rule.reason).collect();
        // Where clauses refuse the whole, those are the reason; the ones that keep one class are in its entry.
        refusing.retain(|rule| reasons.is_empty() || rule.reason.is_some());
        let refusal = Refusal::new(reasons, ids(&refusing), self.version.clone());
        RecipientDecision {
            ruleset: self.version.clone(),
            classes: tally.classes.into(),
            outcome: Decision::Refuse(refusal),
        }
    }

    fn not_a_recipient(&self, facts: &RecipientFacts) -> RecipientDecision {
        let refused = |class| ClassDecision { class, effect: Effect::Refuse, rules: Vec::new() };
        let refusal =
            Refusal::new(vec![ReasonCode::NotARecipient], Vec::new(), self.version.clone());
        RecipientDecision {
            ruleset: self.version.clone(),
            classes: facts.offered.iter().map(refused).collect(),
            outcome: Decision::Refuse(refusal),
        }
    }
}

impl Engine {
    fn ask(
        &self,
        slice: &Slice,
        resource: &EntityUid,
        context: &Context,
    ) -> Result<Response, Unevaluated> {
        let request = Request::new(
            slice.principal.clone(),
            slice.action.clone(),
            resource.clone(),
            context.clone(),
            None, // The loader has checked that facts fit the schema.
        )
        .map_err(|_| Unevaluated)?;
        let answer = self.authorizer.is_authorized(&request, &slice.policies, &self.entities);
        if answer.diagnostics().errors().next().is_some() { Err(Unevaluated) } else { Ok(answer) }
    }
}

/// What has been decided so far on one recipient.
#[derive(Default)]
struct Tally<'a> {
    classes: Vec<ClassDecision>,
    permitted: ClassSet,
    permitting: Vec<&'a Rule>,
    refusing: Vec<&'a Rule>,
    masked: Vec<Detail>,
    masking: Vec<&'a Rule>,
}

impl<'a> Tally<'a> {
    fn class(&mut self, class: DataClass, answer: &Response, mut clauses: Vec<&'a Rule>) {
        clauses.sort_by_key(|rule| rule.id);
        let effect = match answer.decision() {
            cedar_policy::Decision::Allow => {
                self.permitted = self.permitted.with(class);
                Effect::Permit
            }
            cedar_policy::Decision::Deny => Effect::Refuse,
        };
        self.classes.push(ClassDecision { class, effect, rules: ids(&clauses) });
        match effect {
            Effect::Permit => self.permitting.extend(clauses),
            Effect::Refuse => self.refusing.extend(clauses),
        }
    }
}

/// The names of the rules, each once. The clauses are in order.
fn ids(clauses: &[&Rule]) -> Vec<RuleId> {
    let mut ids: Vec<RuleId> = clauses.iter().map(|rule| rule.id).collect();
    ids.dedup();
    ids
}

#[cfg(test)]
pub(crate) mod tests;
