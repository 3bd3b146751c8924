//! The morning in words: what each heard, what was withheld and why, the clock, and the gaps of the snapshot.

use mash_proto::referral::v1::ClockState;

use super::*;

impl Player<'_> {
    /// What a referrer heard.
    pub(super) fn told(&self, who: &str, sent: &SentReferral) {
        let stages: Vec<_> = sent
            .feedback
            .iter()
            .filter_map(|one| one.feedback.as_ref())
            .map(|told| told.stage.as_str())
            .collect();
        self.said(at::HEARD, &format!("{who} heard: {}", stages.join(", then ")));
        let last = sent.feedback.iter().rev().filter_map(|one| one.feedback.as_ref());
        if let Some(told) = last.clone().find(|told| told.stage == "decided") {
            println!("               outcome {}: {}", told.outcome, told.reason);
            println!("               what would change it: {}", told.what_would_change_it);
        }
    }

    /// What was known at the decision, from whom, and what was missing.
    pub(super) async fn snapshot(&self, name: &str) -> anyhow::Result<()> {
        let request = care::GetSnapshotRequest { name: name.to_owned() };
        let answer = self.people.queue(HUB)?.get_snapshot(on_behalf(WORKER, request)?).await?;
        let snapshot = answer.into_inner().snapshot.context("no snapshot")?;
        println!("\n  The snapshot of the decision, {name}");
        for item in &snapshot.known {
            let from = item.from.clone().and_then(|from| OrganisationId::try_from(from).ok());
            let from = from.map_or_else(String::new, |from| from.to_string());
            let classes: Vec<_> = item.classes.iter().map(|class| format!("F{class}")).collect();
            println!("    known    {from}: {} by {}", classes.join(" "), item.rule_ids.join(" "));
            if !item.withheld_classes.is_empty() {
                let kept: Vec<_> =
                    item.withheld_classes.iter().map(|class| format!("F{class}")).collect();
                println!("             withheld: {}", kept.join(" "));
            }
        }
        for enquiry in &snapshot.refused {
            println!("    refused  {}: {}", enquiry.refusal_code, enquiry.refusal_reason);
        }
        for enquiry in &snapshot.unanswered {
            println!("    missing  {}: no answer yet", enquiry.name);
        }
        if snapshot.unanswered.is_empty() {
            println!("    missing  nothing that was asked for");
        }
        for clock in &snapshot.clocks {
            let state = ClockState::try_from(clock.state).unwrap_or_default();
            let due = clock.due_time.and_then(|due| jiff::Timestamp::new(due.seconds, 0).ok());
            let due = due.map(local).unwrap_or_default();
            let word = state.as_str_name().trim_start_matches("CLOCK_STATE_").to_lowercase();
            println!("    clock    {}: due {due}, {word}", clock.rule);
        }
        println!();
        Ok(())
    }
}
