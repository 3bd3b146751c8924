//! Who has looked up the protection of a child.

use mash_chassis::Caller;
use mash_proto::social_care::v1 as wire;

use crate::{Service, access, error::Refusal, store::lookups};

impl Service {
    pub(crate) async fn list_lookups(
        &self,
        caller: &Caller,
        request: wire::ListLookupsRequest,
    ) -> Result<wire::ListLookupsResponse, Refusal> {
        let wire::ListLookupsRequest { page_size, page_token, child } = request;
        let authority = access::authority(caller)?;
        let size = access::page_size(page_size)?;
        let before = access::page(&page_token, i64::MAX)?;
        let child = (!child.is_empty()).then_some(child.as_str());
        let mut conn = self.store.read().await?;
        let mut found = lookups::list(&mut conn, &authority, child, &before, size + 1).await?;
        let next_page_token = access::next(&mut found, size, |(ms, id, _)| (*ms, id.clone()));
        let lookups = found.into_iter().map(|(_, _, lookup)| lookup).collect();
        Ok(wire::ListLookupsResponse { lookups, next_page_token })
    }
}
