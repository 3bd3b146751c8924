//! Looking ahead to a day on which the statutes that have no confirmed day bind.

use cedar_policy::Authorizer;
use jiff::civil::Date;

use super::{
    Engine, Ruleset,
    slices::{Clause, Slices},
};
use crate::{memo::Memo, rule::Rule, vocabulary::Vocabulary};

impl Ruleset {
    /// The same rule set as if every statute without a confirmed day commenced on this one; none if it has no clauses.
    ///
    /// It is only for looking at what would come out, so that a clause is tested before it binds. It has the version
    /// of the set that it was made from, and nothing is ever released under it.
    pub(crate) fn supposing_commenced(&self, day: Date) -> Option<Self> {
        let engine = self.engine.as_ref()?;
        let mut rules: Vec<Rule> = self.rules.clone();
        for rule in &mut rules {
            rule.term.from = rule.term.from.or(Some(day));
        }
        let vocabulary = Vocabulary::new().ok()?;
        let clauses: Vec<Clause<'_>> = rules
            .iter()
            .zip(&engine.policies)
            .map(|(rule, policy)| Clause { rule, policy })
            .collect();
        let slices = Slices::build(&engine.schema, &vocabulary, &clauses).ok()?;
        let engine = Engine {
            slices,
            vocabulary,
            authorizer: Authorizer::new(),
            entities: engine.entities.clone(),
            memo: Memo::default(),
            schema: engine.schema.clone(),
            policies: engine.policies.clone(),
        };
        Some(Self {
            version: self.version.clone(),
            rules,
            realised: self.realised.clone(),
            engine: Some(engine),
        })
    }
}
