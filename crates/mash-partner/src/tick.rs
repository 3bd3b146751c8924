//! One look at what is due. Nothing is kept in memory, so clocks survive restarts.

use jiff::Timestamp;
use mash_domain::clock::Ring;
use mash_store::{StoreError, Tx};

use crate::{
    LEFT_ALONE, Partner,
    prompts::{self, kinds},
    store::{Owner, clocks, enquiries},
};

/// How many subjects one transaction looks at.
const BATCH: usize = 200;

/// What has something to say by now.
struct Due {
    organisation: String,
    what: What,
}

enum What {
    /// Clocks of this subject.
    Clocks(String),
    /// The question of this item.
    Enquiry(String),
}

impl Partner {
    /// Raises the prompts of every clock that rings by now. What cannot be read is told and left alone for a while.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails; what was done is committed, and the next look goes on.
    pub async fn tick(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        loop {
            // Most looks find nothing, and need not queue for the writer.
            let due = self.due(now).await?;
            if due.is_empty() {
                return Ok(());
            }
            match self.ring_all(&due).await {
                Err(error) if !error.is_transient() => self.ring_each(&due, now).await?,
                outcome => outcome?,
            }
        }
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        let (agency, now_ms) = (self.agency.component, now.as_millisecond());
        let mut conn = self.store.read().await?;
        let rings = clocks::due(&mut conn, agency, now_ms, BATCH).await?;
        let late = enquiries::due(&mut conn, agency, now_ms, BATCH).await?;
        let rings = rings
            .into_iter()
            .map(|(organisation, id)| Due { organisation, what: What::Clocks(id) });
        let late = late
            .into_iter()
            .map(|(organisation, id)| Due { organisation, what: What::Enquiry(id) });
        Ok(rings.chain(late).collect())
    }

    async fn ring_all(&self, due: &[Due]) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        for Due { organisation, what } in due {
            let owner = self.owner(organisation);
            match what {
                What::Clocks(subject) => self.ring(&mut tx, owner, subject).await?,
                What::Enquiry(item_id) => self.remind(&mut tx, owner, item_id).await?,
            }
        }
        tx.commit().await
    }

    /// One of them stands in the way of the others: each by itself.
    async fn ring_each(&self, due: &[Due], now: Timestamp) -> Result<(), StoreError> {
        for one in due {
            match self.ring_all(std::slice::from_ref(one)).await {
                Err(error) if !error.is_transient() => self.leave_alone(one, &error, now).await?,
                outcome => outcome?,
            }
        }
        Ok(())
    }

    async fn leave_alone(
        &self,
        due: &Due,
        error: &StoreError,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Ok(until) = now.checked_add(LEFT_ALONE) else { return Ok(()) };
        let until = (now.as_millisecond(), until.as_millisecond());
        let owner = self.owner(&due.organisation);
        let mut tx = self.store.begin().await?;
        let (put_off, subject) = match &due.what {
            What::Clocks(subject) => {
                (clocks::put_off(&mut tx, owner, subject, until).await?, subject.clone())
            }
            What::Enquiry(item_id) => {
                let put_off = enquiries::put_off(&mut tx, owner, item_id, until).await?;
                (put_off, format!("enquiries/{item_id}"))
            }
        };
        // Another replica may have been faster: then it is told already.
        if put_off {
            let whose = (due.organisation.as_str(), subject.as_str());
            self.report_unreadable(&mut tx, whose, error).await?;
        }
        tx.commit().await
    }

    async fn ring(&self, tx: &mut Tx, owner: Owner<'_>, subject: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        for mut row in clocks::of_subject(tx, owner, subject).await? {
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
