//! Telling a decision in words: who got what, what was withheld, why, under which rule and clause.
//!
//! It is made from what is on record, codes alone, and from the rule set that decided; it names nobody and quotes
//! nothing. English and Welsh are equals: a code that lacks its words in one of them fails a test.

mod words;

use std::fmt;

use jiff::civil::Date;
use mash_domain::{data_class::DataClass, sharing::Flow};

pub use self::words::{Words, WordsError};
use crate::{
    basis::LawfulBasis,
    decision::{ConsentCode, Decision, Detail, Effect},
    facts::RecipientFacts,
    language::Language,
    rule::Rule,
    ruleset::Ruleset,
};

/// What is on record about one decision.
#[derive(Clone, Debug)]
pub struct OnRecord<'a> {
    /// The recipient's id, such as `school/6722301`.
    pub recipient: &'a str,
    /// The day of the decision.
    pub day: Date,
    /// The version of the rule set that decided.
    pub ruleset: &'a str,
    /// The flow, where the decision was taken within one.
    pub flow: Option<Flow>,
    /// Whether anything went.
    pub permitted: bool,
    /// Whether only the statutory minimum went because the rules could not be evaluated.
    pub degraded: bool,
    /// Coded reasons, of a refusal or of a diversion.
    pub reasons: &'a [String],
    /// Clauses of agreements that it cites.
    pub citations: &'a [Cited],
    /// The facts that it rested on. Decisions that follow from an event alone, such as a withdrawal, have none.
    pub facts: Option<&'a RecipientFacts>,
    /// Whether the recipient reads it, who hears nothing about what was withheld: that would tell what there is.
    pub to_recipient: bool,
}

/// A clause of an agreement that a decision cites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited {
    /// The agreement.
    pub agreement: String,
    /// The clause.
    pub clause: String,
}

/// A decision in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it is about, in one line.
    pub title: String,
    /// Its sections, each with a heading (the first one has none) and lines.
    pub sections: Vec<Section>,
}

/// A part of an explanation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// What it is about; empty for the opening.
    pub heading: String,
    /// What it says, line by line.
    pub lines: Vec<String>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.title)?;
        for section in &self.sections {
            if section.heading.is_empty() {
                writeln!(formatter)?;
                section.lines.iter().try_for_each(|line| writeln!(formatter, "{line}"))?;
            } else {
                writeln!(formatter, "\n{}", section.heading)?;
                section.lines.iter().try_for_each(|line| writeln!(formatter, "  - {line}"))?;
            }
        }
        Ok(())
    }
}

/// Explains a decision. `ruleset` is the one that decided, if it is still there.
///
/// # Errors
///
/// [`WordsError`] if a text that the program carries cannot be used; a test keeps it from ever being shipped so.
pub fn explain(
    record: &OnRecord<'_>,
    ruleset: Option<&Ruleset>,
    language: Language,
) -> Result<Explanation, WordsError> {
    let words = Words::of_codes(language)?;
    Explainer { record, ruleset, words: &words, language }.explain()
}

/// Why no consent is needed for a release, or that it was given: one sentence for whoever receives it and is not sure
/// whether it may be used (P03).
///
/// # Errors
///
/// [`WordsError`] as from [`explain`].
pub fn consent_line(code: ConsentCode, language: Language) -> Result<String, WordsError> {
    Words::of_codes(language)?.say(&format!("consent-{}", code.word()), &[])
}

struct Explainer<'a> {
    record: &'a OnRecord<'a>,
    ruleset: Option<&'a Ruleset>,
    words: &'a Words,
    language: Language,
}

impl Explainer<'_> {
    fn explain(&self) -> Result<Explanation, WordsError> {
        let title = if self.record.permitted { "title-permit" } else { "title-refuse" };
        let mut sections = vec![self.opening()?];
        if !self.record.permitted {
            sections.push(self.section("reasons", self.reasons()?)?);
        }
        match (self.record.facts, self.ruleset) {
            (Some(facts), Some(ruleset)) => sections.extend(self.by_rules(facts, ruleset)?),
            _ => sections.push(Section {
                heading: String::new(),
                lines: vec![self.words.say("facts-missing", &[])?],
            }),
        }
        if !self.record.citations.is_empty() {
            let lines = self.record.citations.iter().map(|cited| {
                let names = [("agreement", cited.agreement.as_str()), ("clause", &cited.clause)];
                self.words.say("citation", &names)
            });
            sections.push(self.section("citations", lines.collect::<Result<_, _>>()?)?);
        }
        let title = self.words.say(title, &[("recipient", self.record.recipient)])?;
        Ok(Explanation { title, sections })
    }

    fn opening(&self) -> Result<Section, WordsError> {
        let day = self.record.day.to_string();
        let mut lines = vec![match self.record.flow {
            Some(flow) => {
                let flow = self.words.say(&format!("flow-{}", flow.word()), &[])?;
                let names =
                    [("day", day.as_str()), ("ruleset", self.record.ruleset), ("flow", &flow)];
                self.words.say("decided", &names)?
            }
            None => {
                let names = [("day", day.as_str()), ("ruleset", self.record.ruleset)];
                self.words.say("decided-without-flow", &names)?
            }
        }];
        if let Some(facts) = self.record.facts {
            let kind = self.words.say(&format!("kind-{}", facts.recipient_kind.word()), &[])?;
            let names = [("kind", kind.as_str()), ("nation", facts.nation.word())];
            lines.push(self.words.say("recipient-kind", &names)?);
        }
        if self.record.degraded {
            lines.push(self.words.say("degraded", &[])?);
        }
        if self.record.permitted {
            // Where something went and yet not to the usual person, the reason belongs to the story.
            lines.extend(self.reasons()?);
        }
        Ok(Section { heading: String::new(), lines })
    }

    fn reasons(&self) -> Result<Vec<String>, WordsError> {
        let known = |code: &String| match self.words.find(&format!("reason-{code}"))? {
            Some(text) => Ok(text),
            None => self.words.say("reason-other", &[("code", code.as_str())]),
        };
        self.record.reasons.iter().map(known).collect()
    }

    /// What the rules said, clause by clause: the decision is made once more on the facts that are on record.
    fn by_rules(
        &self,
        facts: &RecipientFacts,
        ruleset: &Ruleset,
    ) -> Result<Vec<Section>, WordsError> {
        let mut facts = *facts;
        if self.record.to_recipient {
            let permitted = ruleset.decide_afresh(&facts);
            let entries = permitted.classes.iter().filter(|entry| entry.effect == Effect::Permit);
            facts.offered = entries.map(|entry| entry.class).collect();
        }
        let facts = &facts;
        let decided = ruleset.decide_afresh(facts);
        let clauses = ruleset.deciding_clauses(facts);
        let mut sections = Vec::new();
        let of = |effect| decided.classes.iter().filter(move |entry| entry.effect == effect);
        let mut released = Vec::new();
        for entry in of(Effect::Permit) {
            released.push(self.class_line(entry.class, &clauses, "under")?);
        }
        let mut withheld = Vec::new();
        for entry in of(Effect::Refuse) {
            withheld.push(self.class_line(entry.class, &clauses, "because")?);
        }
        if let Decision::Permit(permit) = &decided.outcome {
            if !permit.masked().is_empty() && !self.record.to_recipient {
                let details = self.details(permit.masked())?;
                let rules: Vec<String> =
                    permit.mask_rules().iter().map(ToString::to_string).collect();
                let rules = if rules.is_empty() {
                    self.words.say("no-rule", &[])?
                } else {
                    rules.join(", ")
                };
                let names = [("details", details.as_str()), ("rules", &rules)];
                released.push(self.words.say("masked", &names)?);
            }
            let ground = format!("ground-{}", permit.ground().word());
            let consent = format!("consent-{}", permit.consent_code().word());
            sections.push(Section {
                heading: String::new(),
                lines: vec![self.words.say(&ground, &[])?, self.words.say(&consent, &[])?],
            });
            sections.push(self.section("released", released)?);
            sections.push(self.section("bases", self.bases(permit.basis()))?);
        }
        if !self.record.to_recipient {
            if withheld.is_empty() {
                withheld.push(self.words.say("nothing-withheld", &[])?);
            }
            sections.push(self.section("withheld", withheld)?);
        }
        sections.push(self.section("rules", self.rules(&clauses)?)?);
        Ok(sections)
    }

    fn class_line(
        &self,
        class: DataClass,
        clauses: &[(DataClass, Vec<&Rule>)],
        how: &str,
    ) -> Result<String, WordsError> {
        let name = self.words.say(&format!("class-{}", class.number()), &[])?;
        let deciding = clauses.iter().find(|(of, _)| *of == class).map(|(_, rules)| rules);
        let named: Vec<String> = deciding
            .into_iter()
            .flatten()
            .map(|rule| format!("{} ({})", rule.id, rule.clause))
            .collect();
        let why = if named.is_empty() {
            self.words.say("no-rule", &[])?
        } else {
            self.words.say(how, &[("rules", named.join(", ").as_str())])?
        };
        Ok(format!("{name}: {why}"))
    }

    fn details(&self, details: &[Detail]) -> Result<String, WordsError> {
        let names: Result<Vec<_>, _> = details
            .iter()
            .map(|detail| self.words.say(&format!("detail-{}", detail.word()), &[]))
            .collect();
        Ok(names?.join(", "))
    }

    fn bases(&self, bases: &[LawfulBasis]) -> Vec<String> {
        bases.iter().map(|basis| basis.title(self.language).to_owned()).collect()
    }

    /// Every clause that decided, each once, in order.
    fn rules(&self, clauses: &[(DataClass, Vec<&Rule>)]) -> Result<Vec<String>, WordsError> {
        let mut deciding: Vec<&Rule> =
            clauses.iter().flat_map(|(_, rules)| rules.clone()).collect();
        deciding.sort_by_key(|rule| (rule.id, rule.clause.clone()));
        deciding.dedup_by_key(|rule| (rule.id, rule.clause.clone()));
        deciding
            .into_iter()
            .map(|rule| {
                let id = rule.id.to_string();
                let names = [
                    ("id", id.as_str()),
                    ("title", rule.title.text(self.language)),
                    ("clause", &rule.clause),
                    ("statement", rule.statement.text(self.language)),
                ];
                let authority = [("authority", rule.authority.trim_end_matches('.'))];
                Ok(format!(
                    "{} {}",
                    self.words.say("rule", &names)?,
                    self.words.say("authority", &authority)?
                ))
            })
            .collect()
    }

    fn section(&self, heading: &str, mut lines: Vec<String>) -> Result<Section, WordsError> {
        if lines.is_empty() {
            lines.push(self.words.say("nothing", &[])?);
        }
        Ok(Section { heading: self.words.say(heading, &[])?, lines })
    }
}

#[cfg(test)]
mod tests;
