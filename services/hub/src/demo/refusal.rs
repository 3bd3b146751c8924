//! One refusal of the night, explained in English and Welsh.

use anyhow::Context as _;
use mash_proto::sharing::v1::{
    Decision, Effect, ExplainDecisionRequest, Explanation, ListDecisionsRequest,
};
use mash_synth::night::Night;

use super::{
    closing::{FORCE, WATCHER},
    play::Names,
};
use crate::people::{People, on_behalf};

/// Nobody could check whether a contact of the school is a party, so that nobody there was told (R20).
const REASON: &str = "conflict-unknown";

/// Prints why somebody was told nothing, as `ExplainDecision` tells it.
///
/// # Errors
///
/// If a call is refused, or the night has no such refusal.
pub async fn explained(night: &Night, people: &People, names: &Names) -> anyhow::Result<()> {
    let refused = find(night, people, names).await?;
    println!("\nOne refusal, explained ({}):", refused.name);
    let request = ExplainDecisionRequest { name: refused.name, language: String::new() };
    let answer = people.sharing(FORCE)?.explain_decision(on_behalf(WATCHER, request)?).await?;
    for told in &answer.into_inner().explanations {
        print(told);
    }
    Ok(())
}

/// The refusal for that reason; the first one of the night if no conflict was unknown.
async fn find(night: &Night, people: &People, names: &Names) -> anyhow::Result<Decision> {
    let mut refused = Vec::new();
    for incident in &night.incidents {
        let Some(name) = names.get(incident.key) else { continue };
        let request = ListDecisionsRequest {
            incident: name.clone(),
            page_size: 500,
            ..ListDecisionsRequest::default()
        };
        let answer = people.sharing(FORCE)?.list_decisions(on_behalf(WATCHER, request)?).await;
        // Another force's incident is not for this one to see.
        let decisions = answer.map(|answer| answer.into_inner().decisions).unwrap_or_default();
        refused.extend(decisions.into_iter().filter(|it| it.effect() == Effect::Refuse));
    }
    let place = refused
        .iter()
        .position(|decision| decision.reason_codes.iter().any(|code| code == REASON))
        .unwrap_or(0);
    refused.into_iter().nth(place).context("nothing was refused")
}

fn print(told: &Explanation) {
    println!("\n  [{}] {}", told.language, told.title);
    for section in &told.sections {
        if section.heading.is_empty() {
            section.lines.iter().for_each(|line| println!("    {line}"));
        } else {
            println!("    {}", section.heading);
            section.lines.iter().for_each(|line| println!("      - {line}"));
        }
    }
}
