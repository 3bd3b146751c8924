//! A decided referral moves up to the statutory services, or down to early help or out.

use mash_chassis::Caller;
use mash_domain::referral::work::{Command, Step};
use mash_proto::social_care::v1 as wire;

use super::decide_referral::{ruling, snapshot_name};
use crate::{Service, access, call::fresh, error::Refusal};

impl Service {
    pub(crate) async fn step_referral(
        &self,
        caller: &Caller,
        request: wire::StepReferralRequest,
    ) -> Result<wire::StepReferralResponse, Refusal> {
        let expected = access::revision(request.expected_revision)?;
        let step = access::word::<wire::StepDirection, Step>("direction", request.direction)?;
        let ruling = ruling(
            request.outcome,
            (&request.reason, &request.what_would_change_it, &request.next_step),
        )?;
        let mut call =
            fresh!(self.begin(caller, ("StepReferral", &request.request_id), &request).await?);
        let mut case = call.case("name", &request.name).await?;
        case.record.work.expecting(expected)?;
        let by = call.by.clone();
        let command = Command::Step { by: by.clone(), step, ruling };
        case.apply(&mut call.effects, &command, &by, call.now)?;
        let answer = wire::StepReferralResponse {
            referral: Some(case.to_wire(call.now)),
            snapshot: snapshot_name(&case),
        };
        call.finish(answer).await
    }
}
