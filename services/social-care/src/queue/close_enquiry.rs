//! No answer is needed any more, and the partner is told so. One that comes is kept and shown all the same.

use mash_chassis::Caller;
use mash_domain::referral::{enquiry::Command, work::Command as WorkCommand};
use mash_proto::social_care::v1 as wire;

use super::chase_enquiry::asked;
use crate::{Service, access, call::fresh, error::Refusal, outgoing};

impl Service {
    pub(crate) async fn close_enquiry(
        &self,
        caller: &Caller,
        request: wire::CloseEnquiryRequest,
    ) -> Result<wire::CloseEnquiryResponse, Refusal> {
        let mut texts = access::Texts::default();
        let reason = texts.required("reason", &request.reason, 2_000);
        texts.check()?;
        let mut call =
            fresh!(self.begin(caller, ("CloseEnquiry", &request.request_id), &request).await?);
        let (mut case, id) = asked(&mut call, &request.name).await?;
        let now = call.now;
        let kept = case.enquiries.iter_mut().find(|kept| kept.id == id);
        let kept = kept.ok_or(Refusal::NotFound)?;
        let event = kept.apply(&Command::Close { reason: reason.clone() }, now)?;
        if event.is_some() {
            kept.enquiry.close_reason = reason;
            call.effects.enquiries.insert(id.clone(), kept.clone());
            let hub = (&case.hub, call.by.as_str());
            call.effects.outbox.push(outgoing::enquiry_closed(&case.record, kept, hub, now));
        }
        let enquiry = Some(kept.enquiry.clone());
        if event.is_some_and(|event| event.ends_check()) {
            for clock in case.clocks.iter_mut().filter(|clock| clock.subject == id) {
                clock.clock.cancel(now);
                call.effects.keep_clock(clock);
            }
            case.apply(&mut call.effects, &WorkCommand::EndCheck, "", now)?;
        }
        call.finish(wire::CloseEnquiryResponse { enquiry }).await
    }
}
