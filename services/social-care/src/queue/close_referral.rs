//! A referral of which the referrer knows, and of which nothing is left to do.

use mash_chassis::Caller;
use mash_domain::referral::work::Command;
use mash_proto::social_care::v1 as wire;

use crate::{Service, access, call::fresh, error::Refusal};

impl Service {
    pub(crate) async fn close_referral(
        &self,
        caller: &Caller,
        request: wire::CloseReferralRequest,
    ) -> Result<wire::CloseReferralResponse, Refusal> {
        let expected = access::revision(request.expected_revision)?;
        let mut call =
            fresh!(self.begin(caller, ("CloseReferral", &request.request_id), &request).await?);
        let mut case = call.case("name", &request.name).await?;
        case.record.work.expecting(expected)?;
        let by = call.by.clone();
        case.apply(&mut call.effects, &Command::Close, &by, call.now)?;
        let answer = wire::CloseReferralResponse { referral: Some(case.to_wire(call.now)) };
        call.finish(answer).await
    }
}
