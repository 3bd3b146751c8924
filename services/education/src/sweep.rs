//! The ladder: what nobody at the school has acknowledged shortly before the bell goes to a named officer of its authority,
//! and so does what waits at the home education desk, which has no bell, for a whole day.

use std::collections::HashMap;

use mash_domain::notice::Command;
use mash_store::Tx;

use crate::{
    Service,
    error::Refusal,
    intake::{NO_OFFICER, duty_officer},
    record::Record,
    store::notices::{self, Due},
};

/// Notices in one transaction.
const BATCH: i64 = 200;

impl Service {
    /// Escalates what is due, and tells how many. A fault ends this round; the next one goes on.
    pub(crate) async fn sweep(&self) -> usize {
        let mut total = 0;
        loop {
            match self.sweep_batch().await {
                Ok(0) => return total,
                Ok(count) => total += count,
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

    async fn sweep_batch(&self) -> Result<usize, Refusal> {
        let now = self.clock.now();
        let (lead, patience) = (self.settings.escalation_lead, self.settings.desk_patience);
        let (Ok(until), Ok(since)) = (now.saturating_add(lead), now.saturating_sub(patience))
        else {
            return Ok(0);
        };
        let due = Due { until, since };
        // Most rounds find nothing, and need not queue for the writer.
        if notices::due(&mut *self.store.read().await?, due, 1).await?.is_empty() {
            return Ok(0);
        }
        let mut tx = self.store.begin().await?;
        let found = notices::due(tx.conn(), due, BATCH).await?;
        let mut ids: Vec<&str> = found.iter().map(String::as_str).collect();
        ids.sort_unstable();
        let mut escalated = Vec::new();
        let mut officers = HashMap::new();
        for (_, record) in notices::lock(&mut tx, &ids).await? {
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
