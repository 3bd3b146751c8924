//! What somebody has to see to.

use mash_chassis::Caller;
use mash_proto::social_care::v1 as wire;

use crate::{Service, access, error::Refusal, record::id_of, store::prompts};

impl Service {
    pub(crate) async fn list_prompts(
        &self,
        caller: &Caller,
        request: wire::ListPromptsRequest,
    ) -> Result<wire::ListPromptsResponse, Refusal> {
        let wire::ListPromptsRequest {
            page_size,
            page_token,
            to,
            referral,
            code,
            include_resolved,
        } = request;
        let authority = access::authority(caller)?;
        let size = access::page_size(page_size)?;
        let some = |text: String| (!text.is_empty()).then_some(text);
        let referral = some(referral)
            .map(|name| {
                access::id("referral", "referrals", &name).map(|case| id_of(&authority, case))
            })
            .transpose()?;
        let filter = prompts::Filter {
            authority,
            person: some(to),
            referral,
            code: some(code),
            open_only: !include_resolved,
        };
        let after = access::page(&page_token, i64::MIN)?;
        let mut conn = self.store.read().await?;
        let mut found = prompts::list(&mut conn, &filter, &after, size + 1).await?;
        let next_page_token =
            access::next(&mut found, size, |kept| (kept.create_ms, kept.id.clone()));
        let prompts = found.into_iter().map(|kept| kept.prompt).collect();
        Ok(wire::ListPromptsResponse { prompts, next_page_token })
    }
}
