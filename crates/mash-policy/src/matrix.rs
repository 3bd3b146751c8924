//! Every flow and recipient against every class of data and everything that can be out of the ordinary, as one page of
//! text.
//!
//! The page is kept as a golden file, so that a change of a rule shows what it changes for everybody. It also says
//! what it does not show: a class that is nowhere let through or nowhere kept, a clause that decides nothing.

mod coverage;
mod situations;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write},
};

use jiff::civil::Date;
use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
    nation::Nation,
    sharing::{ConsentState, Flow},
};

use self::situations::{SITUATIONS, ordinary};
use crate::{
    decision::{Decision, Effect, RecipientDecision},
    facts::{Profile, RecipientFacts},
    minimum::recipients,
    ruleset::Ruleset,
};

/// What comes out for everybody under a rule set, on one day.
pub struct Matrix {
    page: String,
    permitted: ClassSet,
    refused: ClassSet,
    /// Every clause, and those that decided somewhere, as `R01 statutory`.
    clauses: BTreeSet<String>,
    spoken: BTreeSet<String>,
}

/// What comes out in one situation, for each profile that makes a difference in the flow.
type Rows = Vec<(Profile, String)>;

impl Matrix {
    /// Decides everything, for one day.
    ///
    /// # Errors
    ///
    /// [`fmt::Error`] never in practice; writing to a text does not fail.
    pub fn draw(ruleset: &Ruleset, day: Date) -> Result<Self, fmt::Error> {
        let mut matrix = Self {
            page: String::new(),
            permitted: ClassSet::EMPTY,
            refused: ClassSet::EMPTY,
            clauses: ruleset.rules().map(|rule| format!("{} {}", rule.id, rule.clause)).collect(),
            spoken: BTreeSet::new(),
        };
        writeln!(matrix.page, "Who may know what under rule set {}.", ruleset.version())?;
        writeln!(matrix.page, "Decided on {day}, for recipients in Wales unless England is said.")?;
        writeln!(matrix.page, "y: the class may go. A dot: it may not. Every class is offered.")?;
        for flow in Flow::ALL {
            for kind in recipients(flow).iter().copied() {
                matrix.section(ruleset, &ordinary(flow, kind, day))?;
            }
        }
        if let Some(later) = ruleset.supposing_commenced(day) {
            matrix.ahead(ruleset, &later, day)?;
        }
        Ok(matrix)
    }

    /// As text.
    #[must_use]
    pub fn page(&self) -> &str {
        &self.page
    }

    fn section(&mut self, ruleset: &Ruleset, base: &RecipientFacts) -> fmt::Result {
        let (flow, kind) = (base.flow, base.recipient_kind);
        writeln!(self.page, "\n## {} ({}), told to {}", flow, flow.ground().word(), kind.word())?;
        let heads: Vec<String> = DataClass::ALL.iter().map(|class| format!("{class:<3}")).collect();
        writeln!(self.page, "{:<27}{:<9}{} rules", "situation", "profile", heads.join(" "))?;
        let every = self.rows(ruleset, base, &Profile::ALL);
        let profiles: &[Profile] = if alike(&every) { &[Profile::Full] } else { &Profile::ALL };
        let usual = self.rows(ruleset, base, profiles);
        self.write_rows("ordinary", &usual)?;
        let mut same: Vec<&str> = if alike(&every) { vec!["profile"] } else { Vec::new() };
        for (name, change) in SITUATIONS {
            let mut facts = *base;
            change(&mut facts);
            let rows = self.rows(ruleset, &facts, profiles);
            if rows == usual { same.push(name) } else { self.write_rows(name, &rows)? }
        }
        if flow.asks_consent() {
            self.grid(ruleset, base)?;
        }
        writeln!(self.page, "no difference: {}", same.join("; "))?;
        writeln!(self.page, "kept, ordinarily: {}", kept(&ruleset.decide(base)))?;
        for nation in Nation::ALL {
            if let Some(codes) = basis(ruleset, &RecipientFacts { nation, ..*base }) {
                writeln!(self.page, "basis in {nation}: {codes}")?;
            }
        }
        Ok(())
    }

    /// What would be different if every statute without a confirmed day had commenced: some disclosures would cite
    /// more. A line that begins with a situation says that somebody would hear something else.
    fn ahead(&mut self, now: &Ruleset, later: &Ruleset, day: Date) -> fmt::Result {
        writeln!(self.page, "\n## If every statute without a confirmed day had commenced")?;
        for flow in Flow::ALL {
            for kind in recipients(flow).iter().copied() {
                for nation in Nation::ALL {
                    let base = RecipientFacts { nation, ..ordinary(flow, kind, day) };
                    self.speak(later, &base);
                    let who = format!("{flow}, {}, {nation}", kind.word());
                    let (cited, cites) = (basis(now, &base), basis(later, &base));
                    if let Some(cites) = cites.filter(|cites| cited.as_ref() != Some(cites)) {
                        writeln!(self.page, "{who}: {cites}")?;
                    }
                    for (name, change) in SITUATIONS {
                        let mut facts = base;
                        change(&mut facts);
                        let (told, then) = (classes(now, &facts), classes(later, &facts));
                        if told != then {
                            writeln!(self.page, "{name}: {who}: {then:?} and not {told:?}")?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Consent against harm, within an enquiry or plan and without, for a flow that asks consent.
    fn grid(&mut self, ruleset: &Ruleset, base: &RecipientFacts) -> fmt::Result {
        writeln!(self.page, "consent, harm suspected:")?;
        for consent in ConsentState::ALL {
            for harm_suspected in Answer::ALL {
                let name = format!("{}, {}", consent.word(), harm_suspected.word());
                let without = RecipientFacts { consent, harm_suspected, ..*base };
                let plan = RecipientFacts { section_47: true, ..without };
                let rows = self.rows(ruleset, &without, &[base.profile]);
                let in_plan = self.rows(ruleset, &plan, &[base.profile]);
                self.write_rows(&name, &rows)?;
                if in_plan != rows {
                    self.write_rows(&format!("{name}, plan"), &in_plan)?;
                }
            }
        }
        Ok(())
    }

    fn rows(&mut self, ruleset: &Ruleset, facts: &RecipientFacts, profiles: &[Profile]) -> Rows {
        let row = |profile: &Profile| {
            (*profile, self.row(ruleset, &RecipientFacts { profile: *profile, ..*facts }))
        };
        profiles.iter().map(row).collect()
    }

    fn write_rows(&mut self, name: &str, rows: &Rows) -> fmt::Result {
        let shown = if alike(rows) { 1 } else { rows.len() };
        for (profile, row) in rows.iter().take(shown) {
            let profile = if alike(rows) { "any" } else { profile.word() };
            writeln!(self.page, "{name:<27}{profile:<9}{row}")?;
        }
        Ok(())
    }

    /// Notes the clauses that decide.
    fn speak(&mut self, ruleset: &Ruleset, facts: &RecipientFacts) {
        for rule in ruleset.speaking_clauses(facts) {
            self.spoken.insert(format!("{} {}", rule.id, rule.clause));
        }
    }

    fn row(&mut self, ruleset: &Ruleset, facts: &RecipientFacts) -> String {
        self.speak(ruleset, facts);
        let mut gone = ClassSet::EMPTY;
        let row = match ruleset.decide(facts).outcome {
            Decision::Permit(permit) => {
                gone = permit.classes();
                let marks: Vec<&str> = DataClass::ALL
                    .into_iter()
                    .map(|class| if gone.contains(class) { "y  " } else { ".  " })
                    .collect();
                let masked: Vec<&str> =
                    permit.masked().iter().map(|detail| detail.word()).collect();
                let without = if masked.is_empty() { "" } else { " without " };
                let rules = joined(permit.rules());
                format!("{} {rules}{without}{}", marks.join(" "), masked.join(" "))
            }
            Decision::Refuse(refusal) => {
                let reasons = joined(refusal.reasons());
                format!("nothing: {reasons} ({})", joined(refusal.rules()))
            }
        };
        for class in facts.offered.iter() {
            let seen = if gone.contains(class) { &mut self.permitted } else { &mut self.refused };
            *seen = seen.with(class);
        }
        row
    }
}

/// The classes that stay, by the rules that keep them.
fn kept(decision: &RecipientDecision) -> String {
    let mut by_rules: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in decision.classes.iter().filter(|entry| entry.effect == Effect::Refuse) {
        let rules =
            if entry.rules.is_empty() { "silence".to_owned() } else { joined(&entry.rules) };
        by_rules.entry(rules).or_default().push(entry.class.to_string());
    }
    let lists = by_rules.iter().map(|(rules, classes)| format!("{} by {rules}", classes.join(" ")));
    lists.collect::<Vec<_>>().join("; ")
}

fn classes(ruleset: &Ruleset, facts: &RecipientFacts) -> ClassSet {
    match ruleset.decide(facts).outcome {
        Decision::Permit(permit) => permit.classes(),
        Decision::Refuse(_) => ClassSet::EMPTY,
    }
}

/// What a permit cites, if there is one.
fn basis(ruleset: &Ruleset, facts: &RecipientFacts) -> Option<String> {
    match ruleset.decide(facts).outcome {
        Decision::Permit(permit) => Some(joined(permit.basis())),
        Decision::Refuse(_) => None,
    }
}

/// Whether the profile makes no difference.
fn alike(rows: &Rows) -> bool {
    rows.iter().all(|(_, row)| rows.first().is_some_and(|(_, first)| first == row))
}

fn joined<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
