//! Telling a decision in words to those who may ask: who may, and how much of it they hear.

use mash_domain::{
    incident::rules::day_of,
    organisation::{OrganisationId, OrganisationKind},
    sharing::Flow,
};
use mash_policy::{Cited, Explanation, Language, OnRecord, Ruleset, WordsError, explain};
use mash_proto::{
    convert::time_from_wire,
    sharing::v1::{self as pb, Effect},
};

use crate::{facts, rulesets::simulate::Recorded};

/// Who asks about a decision, of those who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The force that reported, the authority that sent, or the operator: everything.
    Accountable,
    /// Another agency that sent the item: everything but what others have said of consent.
    Sender,
    /// Whoever received what the decision released: that, and no word about the rest.
    Recipient,
}

impl Reader {
    /// How this organisation may ask about the decision; `None` if it may not, and then it hears not even that there
    /// is one. A recipient who was refused is not told so: that would tell that there was something.
    #[must_use]
    pub fn of(
        organisation: &OrganisationId,
        sender: Option<&OrganisationId>,
        decision: &pb::Decision,
    ) -> Option<Self> {
        if organisation.kind() == OrganisationKind::Operator {
            return Some(Self::Accountable);
        }
        if sender == Some(organisation) {
            let others_spoke = Flow::from_word(&decision.duty_kind).is_some_and(Flow::asks_consent)
                && organisation.kind() != OrganisationKind::LocalAuthority;
            return Some(if others_spoke { Self::Sender } else { Self::Accountable });
        }
        let recipient =
            decision.recipient.clone().and_then(|wire| OrganisationId::try_from(wire).ok());
        let told = decision.effect == i32::from(Effect::Permit);
        (told && recipient.as_ref() == Some(organisation)).then_some(Self::Recipient)
    }

    /// The decision as this reader may see it.
    #[must_use]
    pub fn shown(self, decision: pb::Decision) -> pb::Decision {
        match self {
            Self::Accountable => decision,
            Self::Sender => sent(decision),
            Self::Recipient => received(decision),
        }
    }
}

/// The decision and its words.
///
/// # Errors
///
/// [`WordsError`] if a text that the program carries cannot be used.
pub fn explained(
    recorded: Recorded,
    ruleset: Option<&Ruleset>,
    reader: Reader,
    languages: &[Language],
) -> Result<pb::ExplainDecisionResponse, WordsError> {
    let Recorded { decision, facts } = recorded;
    let facts = facts.and_then(|wire| facts::from_wire(&wire).ok());
    let decided = decision.decide_time.as_ref().and_then(|time| time_from_wire(time).ok());
    let recipient = decision.recipient.clone().and_then(|wire| OrganisationId::try_from(wire).ok());
    let recipient = recipient.map_or_else(|| "-".to_owned(), |recipient| recipient.to_string());
    let facts = facts.filter(|_| reader != Reader::Sender);
    let decision = reader.shown(decision);
    let citations: Vec<Cited> = decision
        .citations
        .iter()
        .map(|citation| Cited {
            agreement: citation.agreement.clone(),
            clause: citation.clause.clone(),
        })
        .collect();
    let record = OnRecord {
        recipient: &recipient,
        day: day_of(decided.unwrap_or_default()),
        ruleset: &decision.ruleset,
        flow: Flow::from_word(&decision.duty_kind),
        permitted: decision.effect == i32::from(Effect::Permit),
        degraded: decision.degraded,
        reasons: &decision.reason_codes,
        citations: &citations,
        facts: facts.as_ref(),
        to_recipient: reader == Reader::Recipient,
    };
    let told = languages
        .iter()
        .map(|language| explain(&record, ruleset, *language).map(|told| to_wire(told, *language)));
    let explanations = told.collect::<Result<_, _>>()?;
    Ok(pb::ExplainDecisionResponse { explanations, decision: Some(decision) })
}

/// What a sender may know of a decision that may rest on what a family has said to others.
fn sent(decision: pb::Decision) -> pb::Decision {
    let classes = decision.classes.into_iter();
    let classes = classes.map(|class| {
        let refused = class.effect == i32::from(Effect::Refuse);
        let rule_ids = if refused { Vec::new() } else { class.rule_ids };
        pb::ClassDecision { rule_ids, ..class }
    });
    pb::Decision { classes: classes.collect(), reason_codes: Vec::new(), ..decision }
}

/// What the recipient may know of the decision: what it got. How often the report was revised, and what it holds
/// besides, is not among that.
fn received(decision: pb::Decision) -> pb::Decision {
    let permitted = i32::from(Effect::Permit);
    pb::Decision {
        classes: decision.classes.into_iter().filter(|class| class.effect == permitted).collect(),
        reason_codes: Vec::new(),
        masked_details: Vec::new(),
        mask_rule_ids: Vec::new(),
        discrepancy_code: String::new(),
        incident_revision: 0,
        child_ref: String::new(),
        ..decision
    }
}

fn to_wire(told: Explanation, language: Language) -> pb::Explanation {
    let sections = told.sections.into_iter();
    pb::Explanation {
        language: language.tag().to_owned(),
        title: told.title,
        sections: sections
            .map(|section| pb::ExplanationSection {
                heading: section.heading,
                lines: section.lines,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
