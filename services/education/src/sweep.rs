//! The ladder: what nobody at the school has acknowledged shortly before the bell goes to a named officer of its authority,
//! and so does what waits at the home education desk, which has no bell, for a whole day.

use std::collections::HashMap;

use jiff::Timestamp;
use mash_domain::notice::Command;
use mash_partner::{LEFT_ALONE, Partner, prompt_kinds};
use mash_store::{StoreError, Tx};

use crate::{
    Service,
    error::Refusal,
    intake::{NO_OFFICER, duty_officer},
    record::Record,
    store::notices::{self, Due},
};

/// Notices in one transaction.
const BATCH: i64 = 200;

/// What became of one batch.
#[derive(Default)]
struct Swept {
    escalated: usize,
    left_alone: usize,
}

impl Service {
    /// Escalates what is due, and tells how many. What cannot be read is told and left alone for a while. A fault of the
    /// store ends this round; the next one goes on.
    pub(crate) async fn sweep(&self, partner: &Partner) -> usize {
        let mut total = 0;
        loop {
            match self.sweep_batch(partner).await {
                Ok(Swept { escalated: 0, left_alone: 0 }) => return total,
                Ok(swept) => total += swept.escalated,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(
                        error,
                        "notices near their bell were not escalated and will be tried again"
                    );
                    return total;
                }
            }
        }
    }

    async fn sweep_batch(&self, partner: &Partner) -> Result<Swept, StoreError> {
        let now = self.clock.now();
        let (lead, patience) = (self.settings.escalation_lead, self.settings.desk_patience);
        let (Ok(until), Ok(since)) = (now.saturating_add(lead), now.saturating_sub(patience))
        else {
            return Ok(Swept::default());
        };
        let due = Due { until, since, now };
        // Most rounds find nothing, and need not queue for the writer.
        let found = notices::due(&mut *self.store.read().await?, due, BATCH).await?;
        let mut ids: Vec<&str> = found.iter().map(String::as_str).collect();
        ids.sort_unstable();
        if ids.is_empty() {
            return Ok(Swept::default());
        }
        match self.escalate_all(&ids, due).await.map_err(store) {
            Err(error) if !error.is_transient() => self.escalate_each(partner, &ids, due).await,
            outcome => Ok(Swept { escalated: outcome?, left_alone: 0 }),
        }
    }

    /// One of them stands in the way of the others: each by itself.
    async fn escalate_each(
        &self,
        partner: &Partner,
        ids: &[&str],
        due: Due,
    ) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        for id in ids {
            match self.escalate_all(&[*id], due).await.map_err(store) {
                Err(error) if !error.is_transient() => {
                    self.leave_alone(partner, id, (&error, due.now)).await?;
                    swept.left_alone += 1;
                }
                outcome => swept.escalated += outcome?,
            }
        }
        Ok(swept)
    }

    async fn leave_alone(
        &self,
        partner: &Partner,
        id: &str,
        (error, now): (&StoreError, Timestamp),
    ) -> Result<(), StoreError> {
        let Ok(until) = now.checked_add(LEFT_ALONE) else { return Ok(()) };
        let mut tx = self.store.begin().await?;
        // Another replica may have been faster: then it is told already.
        if let Some(recipient) = notices::put_off(&mut tx, id, (now, until)).await? {
            let subject = format!("notices/{id}");
            partner.report_unreadable(&mut tx, (&recipient, &subject), error).await?;
            // It would have gone up, so whoever it would have gone to is asked as well.
            let code = recipient.split_once('/').map_or("", |(_, code)| code);
            let authority = format!("authority/{}", code.chars().take(3).collect::<String>());
            let prompt = (authority.as_str(), subject.as_str(), prompt_kinds::UNREADABLE);
            partner.prompt_person(&mut tx, prompt, ("", None)).await?;
        }
        tx.commit().await
    }

    async fn escalate_all(&self, ids: &[&str], due: Due) -> Result<usize, Refusal> {
        let mut tx = self.store.begin().await?;
        let mut escalated = Vec::new();
        let mut officers = HashMap::new();
        for (_, record) in notices::lock(&mut tx, ids).await? {
            // Somebody may have been faster, or the bell may have moved.
            if due.holds(&record) {
                escalated.push(self.escalate(&mut tx, record, &mut officers).await?);
            }
        }
        tx.commit().await?;
        for record in &escalated {
            tracing::warn!(
                notice.id = record.id,
                recipient = %record.recipient,
                officer = record.notice.escalated_to.is_some(),
                "a notice was escalated because nobody acknowledged it"
            );
            self.changed(record);
        }
        Ok(escalated.len())
    }

    async fn escalate(
        &self,
        tx: &mut Tx,
        mut record: Record,
        officers: &mut HashMap<String, Option<String>>,
    ) -> Result<Record, Refusal> {
        let authority: String = record.recipient.code().chars().take(3).collect();
        let to = match officers.get(&authority) {
            Some(known) => known.clone(),
            None => {
                let officer = duty_officer(tx, &authority).await?;
                officers.insert(authority.clone(), officer.clone());
                officer
            }
        };
        let reason = if to.is_none() { NO_OFFICER } else { "unacknowledged" };
        record.escalated_authority = Some(authority);
        self.apply(tx, &mut record, Command::Escalate { to, reason }).await?;
        Ok(record)
    }
}

/// Only the store can fail here: what is due waits, and may go up. A row that does not is as good as broken.
fn store(refusal: Refusal) -> StoreError {
    if let Refusal::Store(error) = refusal {
        return error;
    }
    StoreError::Corrupt("a notice that is due and cannot go up")
}
