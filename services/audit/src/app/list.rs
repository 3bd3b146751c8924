//! Entries, page by page.

use super::App;
use crate::{
    error::Refusal,
    store::{entries, entries::Placed, tiles},
};

impl App {
    /// So many entries from this place on, about this organisation, or about any if none is named.
    pub(crate) async fn list(
        &self,
        from: u64,
        limit: u64,
        organisation: Option<&str>,
    ) -> Result<Vec<Placed>, Refusal> {
        let mut conn = self.store.read().await?;
        let before = tiles::head(&mut conn).await?.size;
        Ok(entries::list(&mut conn, (from, before), organisation, limit).await?)
    }
}
