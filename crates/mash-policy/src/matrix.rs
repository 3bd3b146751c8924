//! Every duty and recipient against profiles and situations, as one page of text.
//!
//! The page is kept as a golden file, so that a change of a rule shows what it changes for everybody.

use std::fmt::{self, Write};

use jiff::civil::Date;
use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
    nation::Nation,
    sharing::Flow,
};

use crate::{
    basis::LawfulBasis,
    decision::Decision,
    facts::{Conflict, Profile, RecipientFacts, RecipientKind},
    minimum::recipients,
    ruleset::Ruleset,
};

/// What a situation changes.
type Change = fn(&mut RecipientFacts);

/// What is out of the ordinary, one thing at a time and the pairs that matter.
const SITUATIONS: [(&str, Change); 16] = [
    ("ordinary", |_| ()),
    ("address protected", |facts| facts.address_protect = Answer::Yes),
    ("address not known", |facts| facts.address_protect = Answer::Unknown),
    ("sexual offence", |facts| facts.sexual_offence_alleged = true),
    ("live investigation", |facts| facts.live_investigation = true),
    ("both of these", |facts| {
        facts.sexual_offence_alleged = true;
        facts.live_investigation = true;
    }),
    ("collection risk", |facts| facts.collection_risk = Answer::Yes),
    ("collection not known", |facts| facts.collection_risk = Answer::Unknown),
    ("risk, and live", |facts| {
        facts.collection_risk = Answer::Yes;
        facts.live_investigation = true;
    }),
    ("alternate only", |facts| facts.conflict = Conflict::AlternateOnly),
    ("conflict not known", |facts| facts.conflict = Conflict::Unknown),
    ("do not contact", |facts| facts.no_contact_requested = true),
    ("other force's area", |facts| facts.child_in_force_area = !facts.child_in_force_area),
    ("early years on", |facts| facts.early_years_opted_in = true),
    ("18 or over", |facts| facts.child_under_18 = false),
    ("everything not known", |facts| {
        facts.address_protect = Answer::Unknown;
        facts.collection_risk = Answer::Unknown;
        facts.conflict = Conflict::Unknown;
    }),
];

/// The page, for one day.
///
/// # Errors
///
/// [`fmt::Error`] never in practice; writing to a text does not fail.
pub fn matrix(ruleset: &Ruleset, day: Date) -> Result<String, fmt::Error> {
    let mut page = String::new();
    let mut ever = ClassSet::EMPTY;
    writeln!(page, "Who may know what under rule set {}, decided on {day}.", ruleset.version())?;
    writeln!(page, "y: the class may go. A dot: it may not. Every class is offered.")?;
    for flow in Flow::ALL {
        for kind in recipients(flow).iter().copied() {
            section(&mut page, ruleset, &facts(flow, kind, day), &mut ever)?;
        }
    }
    let never: Vec<String> = DataClass::ALL
        .into_iter()
        .filter(|class| !ever.contains(*class))
        .map(|class| class.to_string())
        .collect();
    writeln!(page, "\nNever permitted to anybody: {}", never.join(" "))?;
    Ok(page)
}

fn section(
    page: &mut String,
    ruleset: &Ruleset,
    base: &RecipientFacts,
    ever: &mut ClassSet,
) -> fmt::Result {
    writeln!(page, "\n## flow {}, told to {}", base.flow.word(), base.recipient_kind.word())?;
    let heads: Vec<String> = DataClass::ALL.iter().map(|class| format!("{class:<3}")).collect();
    writeln!(page, "{:<22}{:<9}{} rules", "situation", "profile", heads.join(" "))?;
    for (name, set) in SITUATIONS {
        let rows: Vec<(Profile, String)> = Profile::ALL
            .into_iter()
            .map(|profile| {
                let mut facts = RecipientFacts { profile, ..*base };
                set(&mut facts);
                (profile, row(ruleset, &facts, ever))
            })
            .collect();
        let same = rows.iter().all(|(_, row)| rows.first().is_some_and(|(_, first)| first == row));
        for (profile, row) in rows.iter().take(if same { 1 } else { rows.len() }) {
            let profile = if same { "any" } else { profile.word() };
            writeln!(page, "{name:<22}{profile:<9}{row}")?;
        }
    }
    for nation in Nation::ALL {
        let facts = RecipientFacts { nation, early_years_opted_in: true, ..*base };
        if let Decision::Permit(permit) = ruleset.decide(&facts).outcome {
            writeln!(page, "basis in {nation}: {}", codes(permit.basis()))?;
        }
    }
    Ok(())
}

fn row(ruleset: &Ruleset, facts: &RecipientFacts, ever: &mut ClassSet) -> String {
    match ruleset.decide(facts).outcome {
        Decision::Permit(permit) => {
            let marks: Vec<&str> = DataClass::ALL
                .into_iter()
                .map(|class| if permit.classes().contains(class) { "y  " } else { ".  " })
                .collect();
            *ever = permit.classes().iter().fold(*ever, ClassSet::with);
            let rules: Vec<String> = permit.rules().iter().map(ToString::to_string).collect();
            let masked: Vec<&str> = permit.masked().iter().map(|detail| detail.word()).collect();
            let without = if masked.is_empty() { "" } else { " without " };
            format!("{} {}{without}{}", marks.join(" "), rules.join(" "), masked.join(" "))
        }
        Decision::Refuse(refusal) => {
            let reasons: Vec<&str> = refusal.reasons().iter().map(|reason| reason.word()).collect();
            let rules: Vec<String> = refusal.rules().iter().map(ToString::to_string).collect();
            format!("nothing: {} ({})", reasons.join(" "), rules.join(" "))
        }
    }
}

fn codes(basis: &[LawfulBasis]) -> String {
    basis.iter().map(|code| code.word()).collect::<Vec<_>>().join(" ")
}

fn facts(flow: Flow, recipient_kind: RecipientKind, day: Date) -> RecipientFacts {
    RecipientFacts {
        profile: Profile::Full,
        child_in_force_area: flow != Flow::HomeForce,
        conflict: Conflict::Clear,
        address_protect: Answer::No,
        collection_risk: Answer::No,
        offered: DataClass::ALL.into_iter().collect(),
        ..RecipientFacts::cautious(flow, recipient_kind, Nation::Wales, day)
    }
}
