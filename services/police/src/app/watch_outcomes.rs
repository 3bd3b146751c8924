//! A force hears what became of its reports: everything known, then every change.

use std::{sync::Arc, time::Duration};

use mash_chassis::Caller;
use mash_domain::{identifier::ForceCode, incident::CaseId};
use tokio::sync::mpsc;

use super::{App, By, force_of};
use crate::{
    error::PoliceError,
    store::{
        accesses,
        duties::{self, OutcomeRow},
        incidents,
    },
};

/// Raised whenever outcomes were committed in this process.
pub(crate) const SIGNAL: &str = "police/outcomes";
/// Outcomes per read.
const PAGE: usize = 500;
/// How soon a change is seen that another process committed.
const FALLBACK: Duration = Duration::from_secs(1);
/// Outcomes that wait for a slow reader. It is then read no further ahead for it; nothing is dropped.
const AHEAD: usize = 64;

/// What is watched.
#[derive(Clone)]
struct Scope {
    force: ForceCode,
    case_id: Option<CaseId>,
}

/// The outcomes, or why there are no more.
pub(crate) type Outcomes = mpsc::Receiver<Result<OutcomeRow, PoliceError>>;

impl App {
    /// Begins to watch. Of several changes to one duty in quick succession only the last may be seen.
    pub(crate) async fn watch_outcomes(
        self: Arc<Self>,
        caller: &Caller,
        case_id: Option<CaseId>,
        snapshot_only: bool,
    ) -> Result<Outcomes, PoliceError> {
        let force = force_of(caller)?;
        if let Some(case_id) = case_id {
            let mut conn = self.store.read().await?;
            incidents::find(&mut conn, case_id, &force).await?.ok_or(PoliceError::NotFound)?;
        }
        let subject = case_id.map_or_else(|| "*".to_owned(), |case_id| case_id.to_string());
        let mut tx = self.store.begin().await?;
        let access = By { caller, action: "watch-outcomes" }.access(subject);
        accesses::record(&mut tx, self.clock.now().as_millisecond(), &[&access]).await?;
        tx.commit().await?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(async move {
            let scope = Scope { force, case_id };
            if let Err(error) = self.follow(&scope, snapshot_only, &sender).await {
                // A watcher that is gone needs no answer.
                drop(sender.send(Err(error)).await);
            }
        });
        Ok(receiver)
    }

    async fn follow(
        &self,
        scope: &Scope,
        snapshot_only: bool,
        watcher: &mpsc::Sender<Result<OutcomeRow, PoliceError>>,
    ) -> Result<(), PoliceError> {
        let mut changes = self.store.signal(SIGNAL);
        let mut after = 0;
        loop {
            // What is committed from here on wakes us again, so nothing falls between the look and the wait.
            changes.clear();
            let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
            let page =
                duties::outcomes(&self.store, &scope.force, scope.case_id, after, limit).await?;
            let full = page.len() == PAGE;
            for outcome in page {
                after = outcome.seq;
                if watcher.send(Ok(outcome)).await.is_err() {
                    return Ok(());
                }
            }
            if full {
                continue;
            }
            if snapshot_only {
                return Ok(());
            }
            tokio::select! {
                () = watcher.closed() => return Ok(()),
                _ = changes.wait(FALLBACK) => (),
            }
        }
    }
}
