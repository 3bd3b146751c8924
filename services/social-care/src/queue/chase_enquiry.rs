//! A partner is reminded: the same question goes out again.

use mash_chassis::Caller;
use mash_domain::referral::enquiry::Command;
use mash_proto::social_care::v1 as wire;

use crate::{
    Service, access,
    call::{Call, fresh},
    case::Case,
    error::Refusal,
    outgoing,
    store::enquiries,
    timing,
};

impl Service {
    pub(crate) async fn chase_enquiry(
        &self,
        caller: &Caller,
        request: wire::ChaseEnquiryRequest,
    ) -> Result<wire::ChaseEnquiryResponse, Refusal> {
        let due = access::time("due_time", request.due_time.as_ref())?;
        let mut call =
            fresh!(self.begin(caller, ("ChaseEnquiry", &request.request_id), &request).await?);
        let (mut case, id) = asked(&mut call, &request.name).await?;
        let child = case.child();
        let kept = case.enquiries.iter_mut().find(|kept| kept.id == id);
        let kept = kept.ok_or(Refusal::NotFound)?;
        kept.apply(&Command::Chase { due }, call.now)?;
        if let Some(due) = due {
            let hub = timing::clocks_of(&case.record.authority);
            let known = case.clocks.iter().find(|clock| clock.subject == id);
            let usual = timing::answer(case.record.work.grade());
            let rule = known.map_or(usual, |kept| kept.clock.rule()).to_owned();
            let person = case.record.person(&case.hub.duty_manager);
            let about = (case.record.id.as_str(), id.as_str());
            let span = (call.now, due);
            let clock = timing::start_until((&hub, &rule), about, &person, span);
            // It runs to the time that was set now.
            clock.iter().for_each(|clock| call.effects.keep_clock(clock));
        }
        let message = outgoing::enquiry((&case.record, child.as_ref()), kept, &case.hub, call.now);
        call.effects.outbox.push(message);
        call.effects.enquiries.insert(id, kept.clone());
        let enquiry = Some(kept.enquiry.clone());
        call.finish(wire::ChaseEnquiryResponse { enquiry }).await
    }
}

/// The referral of a question of this hub, and the id of the question.
pub(super) async fn asked(call: &mut Call, name: &str) -> Result<(Case, String), Refusal> {
    let id = access::id("name", "enquiries", name)?;
    let found = enquiries::get(&mut call.tx, &[id]).await?.remove(id);
    let found = found.filter(|kept| kept.authority == call.authority);
    let found = found.ok_or(Refusal::NotFound)?;
    // It is read again under the lock of its referral.
    let case = Case::lock_many(&mut call.tx, &[&found.referral]).await?.remove(&found.referral);
    Ok((case.ok_or(Refusal::NotFound)?, id.to_owned()))
}
