//! Evidence before messages (P2), and what happens when the ledger is out of reach.

use std::{sync::Arc, time::Duration};

use mash_ledger::{Entry, Kind, hash};
use mash_store::{
    Store,
    evidence::{self, Record, Waiting},
    outbox,
};
use tokio::time::Instant;

use super::{BATCH, Relay, RoundError};
use crate::{Ledger, LedgerError};

/// Urgent releases go without the ledger.
const OUT_OF_REACH: &str = "MASH-L040";
/// How often that is said again while it lasts.
const SAID_AGAIN: Duration = Duration::from_secs(60);

/// Hands evidence to a ledger.
pub(super) struct Recorder {
    ledger: Arc<dyn Ledger>,
    patience: Duration,
    /// Since when the ledger has been out of reach.
    failing: Option<Instant>,
    said: Option<Instant>,
}

/// What may be published now.
pub(super) enum Cleared {
    /// Everything that was read before.
    All,
    /// These messages, and no others.
    Urgent(Vec<outbox::PendingMessage>),
}

impl Recorder {
    pub(super) const fn new(ledger: Arc<dyn Ledger>, patience: Duration) -> Self {
        Self { ledger, patience, failing: None, said: None }
    }
}

impl Relay {
    /// Whether evidence waits for a ledger.
    pub(super) async fn has_evidence(&self) -> Result<bool, RoundError> {
        if self.recorder.is_none() {
            return Ok(false);
        }
        Ok(!evidence::take(&self.store, self.component, 1).await?.is_empty())
    }

    /// Hands over all evidence that waits. Where the ledger is out of reach nothing may be published but, after a while,
    /// what is urgent.
    pub(super) async fn record(&mut self) -> Result<Cleared, RoundError> {
        // Borrowed, never taken out: a round that is dropped half-way must not leave a relay without its ledger.
        match &mut self.recorder {
            Some(recorder) => recorder.hand_over(&self.store, self.component).await,
            None => Ok(Cleared::All),
        }
    }
}

impl Recorder {
    async fn hand_over(
        &mut self,
        store: &Store,
        component: &'static str,
    ) -> Result<Cleared, RoundError> {
        loop {
            let waiting = evidence::take(store, component, BATCH).await?;
            let (Some(first), whole) = (waiting.first(), waiting.len() < BATCH) else {
                return Ok(Cleared::All);
            };
            let since_ms = first.at_ms;
            let (seqs, entries): (Vec<i64>, Vec<Vec<u8>>) =
                waiting.iter().map(|record| (record.seq, marked(record))).unzip();
            if let Err(error) = self.ledger.append(entries).await {
                return self.without_the_ledger((store, component), error, since_ms).await;
            }
            evidence::delete(store, &seqs).await?;
            if self.failing.take().is_some() {
                self.said = None;
                tracing::warn!(component = component, "the ledger is reached again");
            }
            if whole {
                return Ok(Cleared::All);
            }
        }
    }

    async fn without_the_ledger(
        &mut self,
        (store, component): (&Store, &'static str),
        error: LedgerError,
        since_ms: i64,
    ) -> Result<Cleared, RoundError> {
        let since = *self.failing.get_or_insert_with(Instant::now);
        if since.elapsed() < self.patience {
            return Err(error.into());
        }
        let urgent = outbox::take_urgent(store, component, BATCH).await?;
        if self.said.is_none_or(|said| said.elapsed() >= SAID_AGAIN) {
            self.said = Some(Instant::now());
            let cause: &dyn std::error::Error = &error;
            tracing::error!(
                code = OUT_OF_REACH,
                component = component,
                out_of_reach_seconds = since.elapsed().as_secs(),
                error = cause,
                "the ledger is out of reach: urgent releases go without it, everything else waits"
            );
        }
        if urgent.is_empty() {
            return Err(error.into());
        }
        say_so_in_the_ledger(store, component, since_ms).await?;
        // After they were read, so that nothing goes whose record is not marked.
        evidence::mark_late(store, component).await?;
        Ok(Cleared::Urgent(urgent))
    }
}

/// Once for each time: the ledger itself says that releases went before their records.
async fn say_so_in_the_ledger(
    store: &Store,
    component: &str,
    since_ms: i64,
) -> Result<(), RoundError> {
    let at_ms = u64::try_from(since_ms).unwrap_or_default();
    let entry = Entry {
        id: Entry::id_of(&[Kind::Interrupted.word(), component, &since_ms.to_string()]),
        kind: Kind::Interrupted,
        at_ms,
        late: true,
        organisation: "operator/hub".to_owned(),
        case: String::new(),
        subject: component.to_owned(),
        ruleset: String::new(),
        commitment: hash::empty(),
    };
    let encoded = entry.encode().map_err(|fault| LedgerError::Refused(fault.to_string()))?;
    let record = Record { entry_id: entry.id.to_string(), entry: encoded, salt: [0; 32] };
    let mut tx = store.begin().await?;
    evidence::record(&mut tx, component, &[record]).await?;
    Ok(tx.commit().await?)
}

/// The record as it is handed over: marked, if messages went before it.
fn marked(record: &Waiting) -> Vec<u8> {
    if !record.late {
        return record.entry.clone();
    }
    // What cannot be read is handed over as it is, for the ledger to refuse it by name.
    Entry::decode(&record.entry)
        .and_then(|entry| Entry { late: true, ..entry }.encode())
        .unwrap_or_else(|_| record.entry.clone())
}
