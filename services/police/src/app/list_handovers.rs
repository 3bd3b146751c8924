//! A force lists what other forces handed over.

use mash_chassis::Caller;

use super::{App, By, force_of};
use crate::{
    error::PoliceError,
    store::{
        accesses,
        handovers::{self, HandoverRow},
    },
};

/// A page of hand-overs, and after which number the next one begins.
pub(crate) struct Page {
    pub(crate) handovers: Vec<HandoverRow>,
    pub(crate) next: Option<i64>,
}

impl App {
    /// The hand-overs after this number, oldest first.
    pub(crate) async fn list_handovers(
        &self,
        caller: &Caller,
        after: i64,
        size: usize,
    ) -> Result<Page, PoliceError> {
        let force = force_of(caller)?;
        // One more than asked for tells whether there is a next page.
        let limit = i64::try_from(size + 1).unwrap_or(i64::MAX);
        let mut handovers = handovers::list(&self.store, &force, after, limit).await?;
        let more = handovers.len() > size;
        handovers.truncate(size);
        let next = handovers.last().filter(|_| more).map(|last| last.seq);
        let by = By { caller, action: "read-handover" };
        let accesses: Vec<_> =
            handovers.iter().map(|one| by.access(one.disclosure_id.clone())).collect();
        if !accesses.is_empty() {
            let mut tx = self.store.begin().await?;
            let accesses: Vec<_> = accesses.iter().collect();
            accesses::record(&mut tx, self.clock.now().as_millisecond(), &accesses).await?;
            tx.commit().await?;
        }
        Ok(Page { handovers, next })
    }
}
