//! A decision: what, why, what would change it; with everything that was known then frozen beside it (P08, P20).

use mash_chassis::Caller;
use mash_domain::referral::work::{Command, Outcome, Ruling};
use mash_proto::social_care::v1 as wire;

use crate::{Service, access, call::fresh, case::Case, error::Refusal};

impl Service {
    pub(crate) async fn decide_referral(
        &self,
        caller: &Caller,
        request: wire::DecideReferralRequest,
    ) -> Result<wire::DecideReferralResponse, Refusal> {
        let expected = access::revision(request.expected_revision)?;
        let ruling = ruling(
            request.outcome,
            (&request.reason, &request.what_would_change_it, &request.next_step),
        )?;
        let mut call =
            fresh!(self.begin(caller, ("DecideReferral", &request.request_id), &request).await?);
        let mut case = call.case("name", &request.name).await?;
        // Of two workers one wins, and the other is told.
        case.record.work.expecting(expected)?;
        let by = call.by.clone();
        let with_gaps = request.decide_with_gaps;
        let command = Command::Decide { by: by.clone(), ruling, with_gaps };
        case.apply(&mut call.effects, &command, &by, call.now)?;
        let answer = wire::DecideReferralResponse {
            referral: Some(case.to_wire(call.now)),
            snapshot: snapshot_name(&case),
        };
        call.finish(answer).await
    }
}

/// What is decided, checked.
pub(super) fn ruling(
    outcome: i32,
    (reason, what_would_change_it, next_step): (&str, &str, &str),
) -> Result<Ruling, Refusal> {
    let outcome = access::word::<wire::Outcome, Outcome>("outcome", outcome)?;
    let mut texts = access::Texts::default();
    let ruling = Ruling {
        outcome,
        reason: texts.optional("reason", reason, 2_000),
        what_would_change_it: texts.optional("what_would_change_it", what_would_change_it, 2_000),
        next_step: texts.optional("next_step", next_step, 2_000),
    };
    texts.check()?;
    Ok(ruling)
}

/// The name of the snapshot of the last decision.
pub(super) fn snapshot_name(case: &Case) -> String {
    let number = case.record.work.decisions.len();
    format!("referrals/{}/snapshots/{number}", case.record.case_id)
}
