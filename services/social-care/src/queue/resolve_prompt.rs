//! Somebody sees to a prompt. A late answer can open its referral again.

use mash_chassis::Caller;
use mash_domain::referral::work::Command;
use mash_proto::{convert::time_to_wire, social_care::v1 as wire};

use crate::{
    Service, access,
    call::fresh,
    case::Case,
    error::Refusal,
    store::{notices, prompts},
};

impl Service {
    pub(crate) async fn resolve_prompt(
        &self,
        caller: &Caller,
        request: wire::ResolvePromptRequest,
    ) -> Result<wire::ResolvePromptResponse, Refusal> {
        let id = access::id("name", "prompts", &request.name)?;
        let mut texts = access::Texts::default();
        let resolution = texts.required("resolution", &request.resolution, 2_000);
        texts.check()?;
        let mut call =
            fresh!(self.begin(caller, ("ResolvePrompt", &request.request_id), &request).await?);
        let found = prompts::get(&mut call.tx, id).await?;
        let mut kept = found.filter(|kept| kept.authority == call.authority);
        // Read again under the lock of its referral, so that of two people one sees to it.
        let referral = kept.as_ref().map(|kept| kept.referral.clone()).unwrap_or_default();
        let mut case = None;
        if !referral.is_empty() {
            case = Case::lock_many(&mut call.tx, &[&referral]).await?.remove(&referral);
            kept = prompts::get(&mut call.tx, id).await?;
        }
        let mut kept = kept.ok_or(Refusal::NotFound)?;
        if !kept.prompt.open {
            return Err(Refusal::Resolved);
        }
        if request.reopen {
            let case = case.as_mut().ok_or(Refusal::NotFound)?;
            let by = call.by.clone();
            let command = Command::Reopen { reason: resolution.clone() };
            case.apply(&mut call.effects, &command, &by, call.now)?;
        }
        kept.prompt.open = false;
        kept.prompt.resolved_by.clone_from(&call.by);
        kept.prompt.resolve_time = Some(time_to_wire(call.now));
        kept.prompt.resolution = resolution;
        prompts::put(&mut call.tx, &kept).await?;
        if kept.prompt.code == "locate-school" {
            let subject = kept.prompt.subject.clone();
            let found = notices::get(&mut call.tx, &[&subject]).await?.remove(&subject);
            if let Some(mut notice) = found {
                notice.open = false;
                call.effects.notices.insert(subject, notice);
            }
        }
        call.finish(wire::ResolvePromptResponse { prompt: Some(kept.prompt) }).await
    }
}
