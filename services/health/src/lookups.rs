//! Who at the board has looked.

use mash_chassis::Caller;
use mash_proto::health::v1 as wire;

use crate::{Service, call::page, error::Refusal, store::lookups};

impl Service {
    pub(crate) async fn list_lookups(
        &self,
        caller: &Caller,
        request: wire::ListLookupsRequest,
    ) -> Result<wire::ListLookupsResponse, Refusal> {
        let wire::ListLookupsRequest { page_size, page_token, practitioner } = request;
        let page = page(page_size, &page_token)?;
        let board = caller.organisation.to_string();
        let mut conn = self.store.read().await?;
        let whose = (board.as_str(), practitioner.as_str());
        let mut rows = lookups::list(&mut conn, whose, page.and_one_more()).await?;
        let next_page_token = page.cut(&mut rows, |(seq, _)| *seq);
        let lookups = rows.into_iter().map(|(_, lookup)| lookup).collect();
        Ok(wire::ListLookupsResponse { lookups, next_page_token })
    }
}
