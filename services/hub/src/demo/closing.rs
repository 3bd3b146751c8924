//! The closing line: what came in, and what became of it (P1).

use std::{collections::BTreeSet, time::Duration};

use anyhow::ensure;
use mash_proto::{
    disclosure::v1::DutyState,
    police::v1::Outcome,
    sharing::v1::{GetConservationRequest, GetConservationResponse},
};
use mash_synth::night::Night;
use serde::Serialize;

use super::{
    morning::Referrals,
    play::{Names, outcomes},
    prepare::OPERATOR,
};
use crate::people::People;

/// The force that reports in this night.
pub const FORCE: &str = "police/62";
/// A practitioner of it who watches.
pub const WATCHER: &str = "swp-62-4471";

/// The count, as police see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Closing {
    /// Duties that arose from accepted reports.
    pub accepted: i64,
    /// Acknowledged by a person.
    pub acknowledged: i64,
    /// With a named person of the authority.
    pub escalated: i64,
    /// Lawfully withheld, with a reason.
    pub withheld: i64,
    /// Still on the way.
    pub pending: i64,
    /// Reported children of whom nobody knows anything.
    pub lost: i64,
    /// Ended after the deliver-by time.
    pub late: i64,
}

/// Waits until nothing is on its way and police see what routing counts.
///
/// # Errors
///
/// If a call is refused. A count that never balances is returned as it is, for the line to say so.
pub async fn wait(night: &Night, people: &People, names: &Names) -> anyhow::Result<Closing> {
    let mut closing = Closing::default();
    for _ in 0..600 {
        let request = GetConservationRequest {};
        let routed = people.sharing(OPERATOR)?.get_conservation(request).await?.into_inner();
        let seen = outcomes(people, FORCE, WATCHER, "").await?;
        closing = Closing::of(&seen, night, names);
        if closing.pending == 0 && closing.lost == 0 && closing.agrees_with(&routed) {
            return Ok(closing);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(closing)
}

impl Closing {
    /// Counts what police were told, against what they reported.
    #[must_use]
    pub fn of(seen: &[Outcome], night: &Night, names: &Names) -> Self {
        let mut closing = Self::default();
        for outcome in seen {
            closing.accepted += 1;
            closing.late += i64::from(outcome.late);
            match outcome.state() {
                DutyState::Acknowledged => closing.acknowledged += 1,
                DutyState::Escalated => closing.escalated += 1,
                DutyState::Withheld => closing.withheld += 1,
                DutyState::Unspecified
                | DutyState::Released
                | DutyState::Delivered
                | DutyState::Opened
                | DutyState::Rerouting => closing.pending += 1,
            }
        }
        let known: BTreeSet<(&str, &str)> = seen
            .iter()
            .map(|outcome| (outcome.incident.as_str(), outcome.child_ref.as_str()))
            .collect();
        let reported = names.iter().flat_map(|(key, name)| {
            let children =
                night.incident(key).into_iter().flat_map(|incident| &incident.first.children);
            children.map(move |child| (name.as_str(), child.r#ref.as_str()))
        });
        let lost = reported.filter(|reported| !known.contains(reported)).count();
        closing.lost = i64::try_from(lost).unwrap_or(i64::MAX);
        closing
    }

    fn agrees_with(&self, routed: &GetConservationResponse) -> bool {
        let ours = [self.accepted, self.acknowledged, self.escalated, self.withheld, self.late];
        let theirs =
            [routed.accepted, routed.acknowledged, routed.escalated, routed.withheld, routed.late];
        ours == theirs
    }

    /// Prints the line for people.
    pub fn print(&self) {
        let Self { accepted, acknowledged, escalated, withheld, pending, lost, late } = self;
        println!(
            "\nIn = out: accepted {accepted} = acknowledged {acknowledged} + escalated {escalated} + withheld \
             {withheld}; pending {pending}, lost {lost}, late {late}."
        );
    }

    /// Prints the line for programs.
    ///
    /// # Errors
    ///
    /// Never for these fields.
    pub fn print_json(&self, referrals: &Referrals) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            closing: &'a Closing,
            referrals: &'a Referrals,
        }
        println!("{}", serde_json::to_string(&Line { closing: self, referrals })?);
        Ok(())
    }

    /// Whether in = out, and nothing is pending, lost or late.
    ///
    /// # Errors
    ///
    /// If not.
    pub fn balanced(&self) -> anyhow::Result<()> {
        let out = self.acknowledged + self.escalated + self.withheld;
        ensure!(
            self.accepted > 0 && self.accepted == out && self.pending + self.lost + self.late == 0,
            "the night does not balance"
        );
        Ok(())
    }
}
