//! One look at what is due. Nothing is kept in memory, so clocks survive restarts.

use mash_domain::clock::Ring;
use mash_store::{StoreError, Tx};

use crate::{
    Partner,
    prompts::{self, kinds},
    store::{Owner, clocks, enquiries},
};

/// How many subjects one transaction looks at.
const BATCH: usize = 200;

impl Partner {
    /// Raises the prompts of every clock that rings by now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails; what was done is committed, and the next look goes on.
    pub async fn tick(&self) -> Result<(), StoreError> {
        let now_ms = self.clock.now().as_millisecond();
        loop {
            // Most looks find nothing, and need not queue for the writer.
            let agency = self.agency.component;
            let mut conn = self.store.read().await?;
            let rings = clocks::due(&mut conn, agency, now_ms, BATCH).await?;
            let late = enquiries::due(&mut conn, agency, now_ms, BATCH).await?;
            drop(conn);
            if rings.is_empty() && late.is_empty() {
                return Ok(());
            }
            let mut tx = self.store.begin().await?;
            for (organisation, subject) in &rings {
                self.ring(&mut tx, self.owner(organisation), subject).await?;
            }
            for (organisation, item_id) in &late {
                self.remind(&mut tx, self.owner(organisation), item_id).await?;
            }
            tx.commit().await?;
        }
    }

    async fn ring(&self, tx: &mut Tx, owner: Owner<'_>, subject: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        for mut row in clocks::of_subject(tx.conn(), owner, subject).await? {
            let Some(ring) = row.clock.ring(now) else { continue };
            clocks::put(tx, owner, &row).await?;
            // Nobody has to contact the hub again before the time for it has come.
            if ring == Ring::Warning && row.prompt == kinds::CHASE {
                continue;
            }
            let person = row.clock.warns().unwrap_or_default().to_owned();
            let told = (person.as_str(), now, Some(row.clock.due()));
            prompts::raise(tx, owner, (subject, &row.prompt), told).await?;
            tracing::info!(rule = row.clock.rule(), subject, "a clock of a partner rang");
        }
        Ok(())
    }

    /// The time for an answer has passed.
    async fn remind(&self, tx: &mut Tx, owner: Owner<'_>, item_id: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        let Some(mut row) = enquiries::lock(tx, owner, item_id).await? else { return Ok(()) };
        if row.next.is_none_or(|next| next > now) {
            return Ok(());
        }
        row.next = None;
        enquiries::put(tx, owner.agency, &row).await?;
        if row.answered == 0 && row.closed.is_none() {
            let subject = format!("enquiries/{item_id}");
            let told = ("", now, Some(row.due));
            prompts::raise(tx, owner, (&subject, kinds::ANSWER_OVERDUE), told).await?;
            tracing::info!(subject, "an enquiry of a hub was not answered in time");
        }
        Ok(())
    }
}
