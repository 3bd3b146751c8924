//! The clauses that decided on each class, by their names, and in words once for a whole record.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use mash_policy::{Language, RecipientFacts, Rule, Ruleset};
use mash_proto::sharing::v1::{AccessClause, ClassDecision};

/// Clauses by class, for one set of facts.
type ByClass = BTreeMap<i32, Vec<String>>;

/// Remembers clauses, and how the same facts were decided: the thousand notices of a year rest on a few.
#[derive(Default)]
pub(super) struct Clauses {
    cited: BTreeMap<(String, String), AccessClause>,
    decided: HashMap<(String, RecipientFacts), ByClass>,
}

impl Clauses {
    /// The clauses that decided on this class. Where the facts are not on record any more, the rules that are.
    pub(super) fn of(
        &mut self,
        class: &ClassDecision,
        facts: Option<&RecipientFacts>,
        ruleset: &Arc<Ruleset>,
    ) -> Vec<String> {
        let version = ruleset.version().to_string();
        if let Some(facts) = facts {
            let by_class = match self.decided.get(&(version.clone(), *facts)) {
                Some(known) => known.clone(),
                None => self.decide(&version, facts, ruleset),
            };
            if let Some(clauses) = by_class.get(&class.data_class) {
                return clauses.clone();
            }
        }
        class.rule_ids.iter().map(|id| self.rule(&version, id, ruleset)).collect()
    }

    /// Every clause that was named, in words.
    pub(super) fn into_words(self) -> Vec<AccessClause> {
        self.cited.into_values().collect()
    }

    fn decide(&mut self, version: &str, facts: &RecipientFacts, ruleset: &Ruleset) -> ByClass {
        let mut by_class = ByClass::new();
        for (class, rules) in ruleset.deciding_clauses(facts) {
            let named: Vec<String> = rules.iter().map(|rule| self.cite(version, rule)).collect();
            by_class.insert(i32::from(class.number()), named);
        }
        self.decided.insert((version.to_owned(), *facts), by_class.clone());
        by_class
    }

    fn cite(&mut self, version: &str, rule: &Rule) -> String {
        let name = format!("{}/{}", rule.id, rule.clause);
        self.keep(version, &name, rule, true);
        name
    }

    /// A rule as a whole, where nobody knows which of its clauses decided.
    fn rule(&mut self, version: &str, id: &str, ruleset: &Ruleset) -> String {
        if let Some(rule) = ruleset.rules().find(|rule| rule.id.to_string() == id) {
            self.keep(version, id, rule, false);
        }
        id.to_owned()
    }

    fn keep(&mut self, version: &str, name: &str, rule: &Rule, states: bool) {
        let statement = |language| {
            if states { rule.statement.text(language).to_owned() } else { String::new() }
        };
        let key = (version.to_owned(), name.to_owned());
        self.cited.entry(key).or_insert_with(|| AccessClause {
            ruleset: version.to_owned(),
            clause: name.to_owned(),
            title: rule.title.text(Language::English).to_owned(),
            title_cy: rule.title.text(Language::Welsh).to_owned(),
            statement: statement(Language::English),
            statement_cy: statement(Language::Welsh),
            authority: rule.authority.trim_end_matches('.').to_owned(),
        });
    }
}
