//! Data minimisation: content that nobody fetches goes, and so do, later, the traces of what was fetched.

use mash_store::StoreError;

use super::App;
use crate::store::retention;

/// Rows per transaction, so that the writer is never held for long.
const BATCH: usize = 200;

impl App {
    /// Takes away the content of what has waited for too long, and forgets what ended long ago.
    pub(crate) async fn forget_the_old(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (Ok(stale), Ok(old)) = (
            now.checked_sub(self.settings.keep_content),
            now.checked_sub(self.settings.keep_traces),
        ) else {
            return Ok(()); // Before the beginning of time nothing is old.
        };
        loop {
            let mut tx = self.store.begin().await?;
            let expired = retention::expire(&mut tx, stale, now, BATCH).await?;
            let forgotten = retention::forget(&mut tx, old, BATCH).await?;
            tx.commit().await?;
            if expired > 0 {
                tracing::warn!(
                    items = expired,
                    "items were never fetched, and their content is gone"
                );
            }
            if expired < BATCH && forgotten < BATCH {
                return Ok(());
            }
        }
    }
}
