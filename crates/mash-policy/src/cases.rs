//! Situations that a safeguarding lead tells, and what must come of them (`policy/cases`).
//!
//! Deliberately absent: reading the files. A case is text here, so that the same cases can be put to the rule set that
//! is built in, to a candidate, and to one that was spoilt on purpose.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
    nation::Nation,
    sharing::{AgreementState, ChildView, ConsentState, Flow},
};
use serde::Deserialize;

use crate::{
    decision::{Decision, Effect, Permit, RecipientDecision, Refusal},
    facts::{Conflict, Handling, Profile, RecipientFacts, RecipientKind},
};

/// The day of an ordinary night.
const ORDINARY_DAY: Date = date(2026, 11, 22);

/// What a police report can hold.
const ORDINARY_CLASSES: [u8; 13] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 17, 18];

/// The text of a case.
#[derive(Clone, Copy)]
pub struct CaseText<'a> {
    /// The name of its folder.
    pub name: &'a str,
    /// `README.md`: the story.
    pub story: &'a str,
    /// `facts.toml`: what differs from an ordinary night.
    pub facts: &'a str,
    /// `expected.toml`: what must come of it.
    pub expected: &'a str,
}

/// One situation and what must come of it.
pub struct Case {
    name: String,
    facts: RecipientFacts,
    expected: Expected,
}

/// A case that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("case `{name}`: {fault}")]
pub struct CaseError {
    name: String,
    fault: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsText {
    flow: String,
    recipient: String,
    nation: Option<String>,
    profile: Option<String>,
    decided_on: Option<Date>,
    child_under_18: Option<bool>,
    child_in_force_area: Option<bool>,
    early_years_opted_in: Option<bool>,
    sexual_offence_alleged: Option<bool>,
    live_investigation: Option<bool>,
    no_contact_requested: Option<bool>,
    conflict: Option<String>,
    address_protect: Option<String>,
    collection_risk: Option<String>,
    harm_suspected: Option<String>,
    section_47: Option<bool>,
    invited: Option<bool>,
    case_cited: Option<bool>,
    consent: Option<String>,
    child_view: Option<String>,
    do_not_inform_parent: Option<String>,
    agreement: Option<String>,
    agreed: Option<Vec<String>>,
    intelligence: Option<String>,
    source_identifiable: Option<String>,
    third_party_relevant: Option<bool>,
    kept_back_by_order: Option<Vec<String>>,
    kept_back_by_chair: Option<Vec<String>>,
    exploitation_indicated: Option<bool>,
    area_shares_missing: Option<bool>,
    debrief_accepted: Option<bool>,
    offered: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    outcome: String,
    classes: Option<Vec<String>>,
    reasons: Option<Vec<String>>,
    rules: Vec<String>,
    #[serde(default)]
    diverts_to_desk: bool,
    masked: Option<Vec<String>>,
    #[serde(default)]
    masked_by: Vec<String>,
    #[serde(default)]
    basis_includes: Vec<String>,
    #[serde(default)]
    basis_excludes: Vec<String>,
    #[serde(default)]
    refused: BTreeMap<String, Vec<String>>,
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    ///
    /// [`CaseError`] if a file is not what it should be, down to a word that nobody knows.
    pub fn parse(text: CaseText<'_>) -> Result<Self, CaseError> {
        let fault = |fault: String| CaseError { name: text.name.to_owned(), fault };
        if !text.story.starts_with("# ") {
            return Err(fault("`README.md` does not tell a story under a title".to_owned()));
        }
        let facts: FactsText =
            toml::from_str(text.facts).map_err(|error| fault(format!("`facts.toml`: {error}")))?;
        let expected = toml::from_str(text.expected)
            .map_err(|error| fault(format!("`expected.toml`: {error}")))?;
        Ok(Self {
            name: text.name.to_owned(),
            facts: facts.read().map_err(|error| fault(format!("`facts.toml`: {error}")))?,
            expected,
        })
    }

    /// The name of its folder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the rules are told.
    #[must_use]
    pub const fn facts(&self) -> &RecipientFacts {
        &self.facts
    }

    /// In what the decision differs from what must come of it; empty if in nothing.
    #[must_use]
    pub fn differences(&self, decision: &RecipientDecision) -> Vec<String> {
        let mut found = Found { name: &self.name, faults: Vec::new() };
        match &decision.outcome {
            Decision::Permit(permit) => self.expected.compare_permit(permit, &mut found),
            Decision::Refuse(refusal) => self.expected.compare_refusal(refusal, &mut found),
        }
        for (class, rules) in &self.expected.refused {
            match decision.classes.iter().find(|entry| &entry.class.to_string() == class) {
                Some(entry) if entry.effect == Effect::Refuse => {
                    found.same(&format!("rules that keep {class}"), rules, &words(&entry.rules));
                }
                Some(_) => found.say(&format!("{class} goes")),
                None => found.say(&format!("{class} was not offered")),
            }
        }
        found.faults
    }
}

/// The differences of one case.
struct Found<'a> {
    name: &'a str,
    faults: Vec<String>,
}

impl Found<'_> {
    fn say(&mut self, what: &str) {
        self.faults.push(format!("{}: {what}", self.name));
    }

    fn same(&mut self, what: &str, expected: &[String], actual: &[String]) {
        if expected != actual {
            self.say(&format!("{what}: expected {expected:?}, and it is {actual:?}"));
        }
    }
}

impl Expected {
    fn compare_permit(&self, permit: &Permit, found: &mut Found<'_>) {
        if self.outcome != "permit" {
            found.say(&format!("expected to {}, and {:?} goes", self.outcome, permit.classes()));
            return;
        }
        let classes: Vec<String> = permit.classes().iter().map(|class| class.to_string()).collect();
        found.same("classes", self.classes.as_deref().unwrap_or_default(), &classes);
        found.same("rules", &self.rules, &words(permit.rules()));
        if let Some(masked) = &self.masked {
            let details: Vec<String> =
                permit.masked().iter().map(|detail| detail.word().to_owned()).collect();
            found.same("masked details of what goes", masked, &details);
        }
        let masking = words(permit.mask_rules());
        for rule in self.masked_by.iter().filter(|rule| !masking.contains(rule)) {
            found.say(&format!("nothing is masked by {rule}"));
        }
        let basis: Vec<&str> = permit.basis().iter().map(|code| code.word()).collect();
        for code in self.basis_includes.iter().filter(|code| !basis.contains(&code.as_str())) {
            found.say(&format!("`{code}` is not cited in {basis:?}"));
        }
        for code in self.basis_excludes.iter().filter(|code| basis.contains(&code.as_str())) {
            found.say(&format!("`{code}` is cited"));
        }
    }

    fn compare_refusal(&self, refusal: &Refusal, found: &mut Found<'_>) {
        let reasons = words(refusal.reasons());
        if self.outcome != "refuse" {
            found.say(&format!("expected to {}, and nothing goes: {reasons:?}", self.outcome));
            return;
        }
        found.same("reasons", self.reasons.as_deref().unwrap_or_default(), &reasons);
        found.same("rules", &self.rules, &words(refusal.rules()));
        if self.diverts_to_desk != refusal.diverts_to_desk() {
            found.say(&format!(
                "whether it goes to a person instead: expected {}",
                self.diverts_to_desk
            ));
        }
    }
}

impl FactsText {
    fn read(&self) -> Result<RecipientFacts, String> {
        let flow = word("flow", &self.flow, Flow::from_word)?;
        let kind = word("recipient", &self.recipient, RecipientKind::from_word)?;
        let nation = or("nation", self.nation.as_deref(), Nation::Wales, Nation::from_word)?;
        let answer =
            |key, text: &Option<String>| or(key, text.as_deref(), Answer::No, Answer::from_word);
        let yes = |text: Option<bool>| text.unwrap_or(false);
        let day = self.decided_on.unwrap_or(ORDINARY_DAY);
        Ok(RecipientFacts {
            profile: or("profile", self.profile.as_deref(), Profile::Full, Profile::from_word)?,
            child_under_18: self.child_under_18.unwrap_or(true),
            child_in_force_area: self.child_in_force_area.unwrap_or(true),
            early_years_opted_in: yes(self.early_years_opted_in),
            sexual_offence_alleged: yes(self.sexual_offence_alleged),
            live_investigation: yes(self.live_investigation),
            no_contact_requested: yes(self.no_contact_requested),
            conflict: or(
                "conflict",
                self.conflict.as_deref(),
                Conflict::Clear,
                Conflict::from_word,
            )?,
            address_protect: answer("address_protect", &self.address_protect)?,
            collection_risk: answer("collection_risk", &self.collection_risk)?,
            harm_suspected: answer("harm_suspected", &self.harm_suspected)?,
            section_47: yes(self.section_47),
            invited: yes(self.invited),
            case_cited: yes(self.case_cited),
            do_not_inform_parent: answer("do_not_inform_parent", &self.do_not_inform_parent)?,
            source_identifiable: answer("source_identifiable", &self.source_identifiable)?,
            third_party_relevant: yes(self.third_party_relevant),
            kept_back_by_order: classes(self.kept_back_by_order.as_deref(), &[])?,
            kept_back_by_chair: classes(self.kept_back_by_chair.as_deref(), &[])?,
            exploitation_indicated: yes(self.exploitation_indicated),
            area_shares_missing: yes(self.area_shares_missing),
            debrief_accepted: yes(self.debrief_accepted),
            offered: classes(self.offered.as_deref(), &ORDINARY_CLASSES)?,
            ..self.footing(RecipientFacts::cautious(flow, kind, nation, day))?
        })
    }

    /// What the flow rests on: consent, an agreement, a grading.
    fn footing(&self, facts: RecipientFacts) -> Result<RecipientFacts, String> {
        let consent = self.consent.as_deref();
        let view = self.child_view.as_deref();
        let agreement = self.agreement.as_deref();
        let handling = self.intelligence.as_deref();
        Ok(RecipientFacts {
            consent: or("consent", consent, ConsentState::NotRecorded, ConsentState::from_word)?,
            child_view: or("child_view", view, ChildView::NotKnown, ChildView::from_word)?,
            agreement: or(
                "agreement",
                agreement,
                AgreementState::Absent,
                AgreementState::from_word,
            )?,
            agreed: classes(self.agreed.as_deref(), &[])?,
            intelligence: or("intelligence", handling, Handling::None, Handling::from_word)?,
            ..facts
        })
    }
}

fn word<T>(key: &str, text: &str, from_word: impl Fn(&str) -> Option<T>) -> Result<T, String> {
    from_word(text).ok_or_else(|| format!("`{key}`: nobody knows the word `{text}`"))
}

fn or<T>(
    key: &str,
    text: Option<&str>,
    ordinary: T,
    from_word: impl Fn(&str) -> Option<T>,
) -> Result<T, String> {
    text.map_or(Ok(ordinary), |text| word(key, text, from_word))
}

fn classes(names: Option<&[String]>, ordinary: &[u8]) -> Result<ClassSet, String> {
    let Some(names) = names else {
        return Ok(ordinary.iter().filter_map(|number| DataClass::from_number(*number)).collect());
    };
    names
        .iter()
        .map(|name| {
            let number = name.strip_prefix('F').and_then(|digits| digits.parse().ok());
            number
                .and_then(DataClass::from_number)
                .ok_or_else(|| format!("nobody knows the class `{name}`"))
        })
        .collect()
}

fn words<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}
