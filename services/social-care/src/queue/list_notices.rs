//! Notices of incidents whose school is to be found (R03).

use mash_chassis::Caller;
use mash_proto::social_care::v1 as wire;

use crate::{Service, access, error::Refusal, store::notices};

impl Service {
    pub(crate) async fn list_notices_to_locate(
        &self,
        caller: &Caller,
        request: wire::ListNoticesToLocateRequest,
    ) -> Result<wire::ListNoticesToLocateResponse, Refusal> {
        let authority = access::authority(caller)?;
        let size = access::page_size(request.page_size)?;
        let after = access::page(&request.page_token, i64::MIN)?;
        let mut conn = self.store.read().await?;
        let mut found = notices::list(&mut conn, &authority, &after, size + 1).await?;
        let next_page_token = access::next(&mut found, size, |kept| {
            (kept.receive_ms, kept.notice.disclosure_id.clone())
        });
        let notices = found.into_iter().map(|kept| kept.notice).collect();
        Ok(wire::ListNoticesToLocateResponse { notices, next_page_token })
    }
}
