//! A version of the sharing rules, checked when it is loaded, and the decisions that it makes.

mod asking;
mod compiled;
mod load;
mod manifest;
mod slices;
mod sources;
mod supposing;

use std::sync::{Arc, LazyLock};

use cedar_policy::{Authorizer, Entities, Policy, PolicyId, PolicySet, Schema};
use jiff::civil::Date;
use mash_domain::{
    data_class::{ClassSet, DataClass},
    nation::Nation,
    sharing::{Flow, Ground},
};

use self::{
    asking::{Answer, Asking},
    compiled::Membership,
    load::Loaded,
    slices::{Slice, Slices},
};
pub use self::{
    load::{Fault, RulesetError},
    manifest::Realised,
    sources::Sources,
};
use crate::{
    basis::LawfulBasis,
    decision::{
        ClassDecision, ConsentCode, Decision, Detail, Effect, Permit, PermitParts, ReasonCode,
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
    schema: Schema,
    policies: Vec<Policy>,
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

    /// The files of the rule set that this build carries.
    #[must_use]
    pub const fn builtin_files() -> Sources<'static> {
        sources::BUILTIN
    }

    /// Loads a rule set: parses it, checks every clause against the schema, and makes it ready to be asked.
    ///
    /// # Errors
    ///
    /// [`RulesetError`] with every fault found, each with its file and line. A rule set with a fault is not used.
    pub fn load(sources: &Sources<'_>) -> Result<Self, RulesetError> {
        let Loaded { version, rules, realised, slices, vocabulary, actions, schema, policies } =
            load::load(sources)?;
        let engine = Some(Engine {
            slices,
            vocabulary,
            authorizer: Authorizer::new(),
            entities: actions,
            memo: Memo::default(),
            schema,
            policies,
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
        let Some(engine) = &self.engine else { return minimum::decide(facts, &self.version) };
        match (engine.slices.find(facts), engine.slices.whole(facts)) {
            (Some(slice), Some(whole)) => self.decide_with(engine, slice, Some(whole), facts),
            _ => self.without_a_slice(engine, facts),
        }
    }

    /// Whether its clauses speak about this flow. A set from before a flow was made knows nothing of it: then the
    /// statutory minimum of the flow goes, marked as degraded, and nothing else.
    #[must_use]
    pub fn knows(&self, flow: Flow) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.slices.knows(flow))
    }

    /// What the clauses were checked against; none for the set that has no clauses.
    #[must_use]
    pub fn schema(&self) -> Option<&Schema> {
        self.engine.as_ref().map(|engine| &engine.schema)
    }

    /// Every clause in force in a nation on a day, as Cedar policies. Each is named by its place; see
    /// [`Ruleset::clause`].
    #[must_use]
    pub fn in_force(&self, nation: Nation, day: Date) -> PolicySet {
        let slices = self.engine.as_ref().map(|engine| &engine.slices);
        let found = slices.and_then(|slices| slices.in_force(nation, day));
        found.map_or_else(PolicySet::new, |policies| PolicySet::clone(policies))
    }

    /// The first day of each span of days between which the same clauses are in force. The first span has no
    /// beginning.
    #[must_use]
    pub fn epochs(&self) -> Vec<Date> {
        self.engine.as_ref().map_or_else(Vec::new, |engine| engine.slices.epochs().collect())
    }

    /// Each clause with its policy, in order.
    pub fn policies(&self) -> impl Iterator<Item = (&Rule, &Policy)> {
        let policies = self.engine.as_ref().map_or(&[][..], |engine| engine.policies.as_slice());
        self.rules.iter().zip(policies)
    }

    /// The clause that a policy of [`Ruleset::in_force`] stands for. Policies are named by the place of their clause.
    #[must_use]
    pub fn clause(&self, id: &PolicyId) -> Option<&Rule> {
        let text: &str = id.as_ref();
        text.parse::<usize>().ok().and_then(|place| self.rules.get(place))
    }

    /// The clauses that decide on each class that is offered, in order. A class on which no clause speaks has none.
    #[must_use]
    pub fn deciding_clauses(&self, facts: &RecipientFacts) -> Vec<(DataClass, Vec<&Rule>)> {
        let Some(engine) = &self.engine else { return Vec::new() };
        let Some(slice) = engine.slices.find(facts) else { return Vec::new() };
        let asking = Asking::new(engine, slice, None, facts);
        let offered = slice.classes.iter().filter(|ask| facts.offered.contains(ask.about));
        offered
            .filter_map(|ask| {
                let answer = asking.ask(ask, Membership::of(ask.about, facts)).ok()?;
                Some((ask.about, self.clauses(&answer).ok()?))
            })
            .collect()
    }

    /// Every clause that decides anything for these facts: on a class, on a detail whether its class goes or not, or
    /// on a statute that could be cited.
    pub(crate) fn speaking_clauses(&self, facts: &RecipientFacts) -> Vec<&Rule> {
        let Some(engine) = &self.engine else { return Vec::new() };
        let Some(slice) = engine.slices.find(facts) else { return Vec::new() };
        let asking = Asking::new(engine, slice, None, facts);
        let classes =
            slice.classes.iter().map(|ask| asking.ask(ask, Membership::of(ask.about, facts)));
        let details = slice.details.iter().map(|ask| asking.ask(ask, Membership::default()));
        let gateways = slice.gateways.iter().map(|ask| asking.ask(ask, Membership::default()));
        classes
            .chain(details)
            .chain(gateways)
            .filter_map(|answer| self.clauses(&answer.ok()?).ok())
            .flatten()
            .collect()
    }

    fn decide_in_slice(&self, engine: &Engine, facts: &RecipientFacts) -> RecipientDecision {
        match engine.slices.find(facts) {
            Some(slice) => self.decide_with(engine, slice, None, facts),
            None => self.without_a_slice(engine, facts),
        }
    }

    /// No clause can speak: either this recipient is never told in this flow, or the rules are older than the flow.
    fn without_a_slice(&self, engine: &Engine, facts: &RecipientFacts) -> RecipientDecision {
        if engine.slices.knows(facts.flow) {
            self.not_a_recipient(facts)
        } else {
            minimum::decide(facts, &self.version)
        }
    }

    /// Where there is a `whole`, Cedar is asked about everything with all of it.
    fn decide_with(
        &self,
        engine: &Engine,
        slice: &Slice,
        whole: Option<&PolicySet>,
        facts: &RecipientFacts,
    ) -> RecipientDecision {
        match self.evaluate(&Asking::new(engine, slice, whole, facts), facts) {
            Ok(decision) => decision,
            // A refusing clause that cannot be evaluated would not refuse, so one failure spoils the whole answer.
            Err(Unevaluated) => minimum::decide(facts, &self.version),
        }
    }

    fn evaluate(
        &self,
        asking: &Asking<'_>,
        facts: &RecipientFacts,
    ) -> Result<RecipientDecision, Unevaluated> {
        let slice = asking.slice;
        let mut tally = Tally::default();
        for ask in slice.classes.iter().filter(|ask| facts.offered.contains(ask.about)) {
            let answer = asking.ask(ask, Membership::of(ask.about, facts))?;
            tally.class(ask.about, answer.effect, self.clauses(&answer)?);
        }
        if tally.permitted.is_empty() {
            return Ok(self.refuse(tally));
        }
        for ask in slice.details.iter().filter(|ask| tally.permitted.contains(ask.about.class())) {
            let answer = asking.ask(ask, Membership::default())?;
            if answer.effect == Effect::Refuse {
                tally.masked.push(ask.about);
                tally.masking.extend(self.clauses(&answer)?);
            }
        }
        for ask in &slice.gateways {
            let answer = asking.ask(ask, Membership::default())?;
            if answer.effect == Effect::Permit {
                tally.permitting.extend(self.clauses(&answer)?);
            }
        }
        Ok(self.permit(tally, facts))
    }

    /// The clauses that decided, by rule.
    fn clauses(&self, answer: &Answer) -> Result<Vec<&Rule>, Unevaluated> {
        let found = answer.places.iter().map(|place| self.rules.get(*place).ok_or(Unevaluated));
        let mut clauses = found.collect::<Result<Vec<_>, _>>()?;
        clauses.sort_by_key(|rule| rule.id);
        Ok(clauses)
    }

    fn permit(&self, tally: Tally<'_>, facts: &RecipientFacts) -> RecipientDecision {
        let mut permitting = tally.permitting;
        permitting.sort_by_key(|rule| rule.id);
        let mut masking = tally.masking;
        masking.sort_by_key(|rule| rule.id);
        let mut basis: Vec<LawfulBasis> = Vec::new();
        for code in permitting.iter().flat_map(|rule| &rule.basis) {
            if !basis.contains(code) {
                basis.push(*code);
            }
        }
        let outcome = Decision::Permit(Permit::mint(PermitParts {
            classes: tally.permitted,
            rules: ids(&permitting),
            basis,
            ground: tally.ground,
            consent: ConsentCode::of(tally.ground, facts),
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

/// What has been decided so far on one recipient.
struct Tally<'a> {
    ground: Ground,
    classes: Vec<ClassDecision>,
    permitted: ClassSet,
    permitting: Vec<&'a Rule>,
    refusing: Vec<&'a Rule>,
    masked: Vec<Detail>,
    masking: Vec<&'a Rule>,
}

impl Default for Tally<'_> {
    fn default() -> Self {
        Self {
            ground: Ground::Duty,
            classes: Vec::with_capacity(DataClass::ALL.len()),
            permitted: ClassSet::EMPTY,
            permitting: Vec::new(),
            refusing: Vec::new(),
            masked: Vec::new(),
            masking: Vec::new(),
        }
    }
}

impl<'a> Tally<'a> {
    fn class(&mut self, class: DataClass, effect: Effect, clauses: Vec<&'a Rule>) {
        self.classes.push(ClassDecision { class, effect, rules: ids(&clauses) });
        match effect {
            Effect::Permit => {
                // One class that goes on a power alone, and the whole needs an agreement to cite.
                if clauses.iter().all(|rule| rule.ground == Some(Ground::Power)) {
                    self.ground = Ground::Power;
                }
                self.permitted = self.permitted.with(class);
                self.permitting.extend(clauses);
            }
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
