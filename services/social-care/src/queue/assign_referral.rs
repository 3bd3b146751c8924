//! A referral is given to a worker.

use mash_chassis::Caller;
use mash_domain::referral::work::Command;
use mash_proto::social_care::v1 as wire;

use crate::{Service, access, call::fresh, error::Refusal};

impl Service {
    pub(crate) async fn assign_referral(
        &self,
        caller: &Caller,
        request: wire::AssignReferralRequest,
    ) -> Result<wire::AssignReferralResponse, Refusal> {
        let to = access::practitioner("worker", &request.worker)?;
        let expected = access::revision(request.expected_revision)?;
        let mut call =
            fresh!(self.begin(caller, ("AssignReferral", &request.request_id), &request).await?);
        let mut case = call.case("name", &request.name).await?;
        case.record.work.expecting(expected)?;
        let by = call.by.clone();
        case.apply(&mut call.effects, &Command::Assign { to }, &by, call.now)?;
        let answer = wire::AssignReferralResponse { referral: Some(case.to_wire(call.now)) };
        call.finish(answer).await
    }
}
