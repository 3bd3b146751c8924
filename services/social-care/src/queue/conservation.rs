//! Every referral that was accepted is decided or open, and every referrer knows or is told by a named person (P1).

use mash_chassis::Caller;
use mash_domain::{organisation::OrganisationKind, referral::work::WorkState};
use mash_proto::social_care::v1 as wire;

use crate::{Service, access, error::Refusal, store::referrals};

impl Service {
    pub(crate) async fn get_referral_conservation(
        &self,
        caller: &Caller,
        _request: wire::GetReferralConservationRequest,
    ) -> Result<wire::GetReferralConservationResponse, Refusal> {
        let own = match caller.organisation.kind() {
            OrganisationKind::Operator => None,
            OrganisationKind::LocalAuthority
            | OrganisationKind::PoliceForce
            | OrganisationKind::School
            | OrganisationKind::HealthBoard
            | OrganisationKind::Provider => Some(access::authority(caller)?),
        };
        let now = self.clock.now();
        let mut conn = self.store.read().await?;
        let found = referrals::conservation(&mut conn, own.as_deref(), now).await?;
        let mut answer = wire::GetReferralConservationResponse::default();
        for (state, feedback, count, overdue) in found {
            answer.accepted += count;
            if state == WorkState::Withdrawn {
                answer.withdrawn += count;
                continue;
            }
            if state.is_open() {
                answer.open += count;
                answer.overdue += overdue;
                continue;
            }
            answer.decided += count;
            let feedback = i32::try_from(feedback).unwrap_or_default();
            match wire::FeedbackState::try_from(feedback) {
                Ok(wire::FeedbackState::Acknowledged) => answer.feedback_acknowledged += count,
                Ok(wire::FeedbackState::Escalated) => answer.feedback_escalated += count,
                Ok(wire::FeedbackState::Withheld) => answer.feedback_withheld += count,
                Ok(wire::FeedbackState::Pending | wire::FeedbackState::Unspecified) | Err(_) => {
                    answer.feedback_pending += count;
                }
            }
        }
        Ok(answer)
    }
}
