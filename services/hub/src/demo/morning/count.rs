//! The morning's part of the closing line.

use mash_proto::{referral::v1::ClockState, social_care::v1::GetReferralConservationRequest};
use serde::Serialize;

use super::*;

/// What became of the referrals, as the hub counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Referrals {
    /// Taken in.
    pub accepted: i64,
    /// Decided.
    pub decided: i64,
    /// Decisions of which the referrer knows.
    pub feedback_delivered: i64,
    /// Decisions that a named person tells the referrer.
    pub feedback_escalated: i64,
    /// Decisions of which the rules let nothing through.
    pub withheld: i64,
    /// Not decided, or on their way to the referrer.
    pub pending: i64,
    /// Submitted, and not taken in.
    pub lost: i64,
    /// Decided after their time.
    pub late: i64,
}

impl Referrals {
    /// Prints the line for people.
    pub fn print(&self) {
        let Self { accepted, decided, pending, lost, late, .. } = self;
        let (delivered, escalated, withheld) =
            (self.feedback_delivered, self.feedback_escalated, self.withheld);
        println!(
            "Referrals: accepted {accepted} = decided {decided}; feedback delivered {delivered} + escalated \
             {escalated} + withheld {withheld}; pending {pending}, lost {lost}, late {late}."
        );
    }

    /// Whether every referral is decided and every referrer knows.
    ///
    /// # Errors
    ///
    /// If not.
    pub fn balanced(&self) -> anyhow::Result<()> {
        let told = self.feedback_delivered + self.feedback_escalated + self.withheld;
        ensure!(
            self.accepted > 0
                && self.accepted == self.decided
                && self.accepted == told
                && self.pending + self.lost + self.late == 0,
            "the morning does not balance"
        );
        Ok(())
    }
}

impl Player<'_> {
    /// Waits until nothing is on its way.
    pub(super) async fn count(&self) -> anyhow::Result<Referrals> {
        let counted = patiently("an end of every referral", async || {
            let counts = self.counted().await?;
            Ok((counts.pending == 0 && counts.lost == 0).then_some(counts))
        });
        // A count that never balances is returned as it is, for the line to say so.
        match counted.await {
            Ok(counts) => Ok(counts),
            Err(_) => self.counted().await,
        }
    }

    async fn counted(&self) -> anyhow::Result<Referrals> {
        let mut hub = self.people.queue(HUB)?;
        let request = tonic::Request::new(GetReferralConservationRequest {});
        let counts = hub.get_referral_conservation(request).await?.into_inner();
        let request = care::ListReferralsRequest {
            page_size: 500,
            states: vec![
                ReferralState::Decided.into(),
                ReferralState::Informed.into(),
                ReferralState::Closed.into(),
            ],
            ..care::ListReferralsRequest::default()
        };
        let answer = hub.list_referrals(on_behalf(WORKER, request)?).await?.into_inner();
        let mut late = counts.overdue;
        for referral in &answer.referrals {
            let full = self.referral(&referral.name).await?;
            let broken = [ClockState::Breached, ClockState::MetLate];
            late += i64::from(full.clocks.iter().any(|clock| broken.contains(&clock.state())));
        }
        let submitted = i64::try_from(SUBMITTED).unwrap_or(i64::MAX);
        Ok(Referrals {
            accepted: counts.accepted,
            decided: counts.decided,
            feedback_delivered: counts.feedback_acknowledged,
            feedback_escalated: counts.feedback_escalated,
            withheld: counts.feedback_withheld,
            pending: counts.open + counts.feedback_pending,
            lost: (submitted - counts.accepted).max(0),
            late,
        })
    }
}
