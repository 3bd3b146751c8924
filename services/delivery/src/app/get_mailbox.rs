//! How full a mailbox is.

use super::App;
use crate::{
    error::Refusal,
    item::View,
    store::items::{self, Fill},
};

impl App {
    /// What waits in the caller's mailbox, as far as it would be sent to the caller.
    pub(crate) async fn get_mailbox(&self, view: &View) -> Result<Fill, Refusal> {
        let mut conn = self.store.read().await?;
        Ok(items::fill(&mut conn, view).await?)
    }
}
