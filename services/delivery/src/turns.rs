//! Group commit: what calls have to write at the same time is written together.
//!
//! A commit costs the same for one acknowledgement as for hundreds. Whoever finds the turn free writes for everybody who
//! waits; there is no task of its own. Nothing is ever delayed on purpose, so that a lone caller has a transaction to
//! itself. A caller that goes away while it writes for others leaves them to do it themselves.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use mash_proto::disclosure::v1::ReceiptKind;
use mash_store::{StoreError, Tx, outbox};
use tokio::sync::oneshot;

use crate::{
    app::{App, COMPONENT},
    error::Refusal,
    item::View,
    receipts::receipt,
    store::items,
};

/// Jobs per transaction.
const BATCH: usize = 64;
/// How often a transaction is tried that the store did not take for a reason that passes.
const ATTEMPTS: usize = 3;

/// What one call has to write.
#[derive(Clone)]
pub(crate) struct Job {
    /// Who writes.
    pub(crate) view: View,
    /// Whether it is written for an open call, which then knows by itself.
    pub(crate) on_a_call: bool,
    /// Ids of items that are acknowledged, each once.
    pub(crate) acknowledged: Vec<String>,
    /// Numbers of items that were sent.
    pub(crate) sent: Vec<i64>,
}

/// What becomes of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// So many items were not acknowledged before.
    Done(usize),
    /// One of them is not there for this caller; nothing of the job was done.
    NotFound,
    /// The store did not take it.
    Failed,
}

type Reply = oneshot::Sender<Result<Outcome, StoreError>>;

/// The jobs that wait, and the turn to write them.
#[derive(Default)]
pub(crate) struct Turns {
    waiting: Mutex<Vec<(Job, Reply)>>,
    turn: tokio::sync::Mutex<()>,
}

impl App {
    /// Has a job written, and returns how many items it has newly acknowledged.
    pub(crate) async fn write(&self, job: Job) -> Result<usize, Refusal> {
        let mut answer = self.turns.add(job.clone());
        loop {
            let _turn = self.turns.turn.lock().await;
            match answer.try_recv() {
                Ok(Ok(Outcome::Done(count))) => return Ok(count),
                Ok(Ok(Outcome::NotFound)) => return Err(Refusal::NotFound),
                // Logged by whoever wrote; this caller learns only that it may try again.
                Ok(Ok(Outcome::Failed)) => return Err(Refusal::Unavailable),
                Ok(Err(error)) => return Err(error.into()),
                // Whoever wrote for this caller went away half-way.
                Err(oneshot::error::TryRecvError::Closed) => answer = self.turns.add(job.clone()),
                Err(oneshot::error::TryRecvError::Empty) => self.write_waiting().await,
            }
        }
    }

    /// Writes what waits, this caller's own job among it or before long.
    async fn write_waiting(&self) {
        let batch = self.turns.take();
        let (jobs, replies): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let mut outcome = self.together(&jobs).await;
        for _ in 1..ATTEMPTS {
            if !outcome.as_ref().is_err_and(StoreError::is_transient) {
                break;
            }
            outcome = self.together(&jobs).await;
        }
        // The first hears why, the others that it was not their fault.
        let mut cause = None;
        let outcomes = outcome.unwrap_or_else(|error| {
            cause = Some(error);
            vec![Outcome::Failed; jobs.len()]
        });
        for job in jobs.iter().filter(|job| !job.acknowledged.is_empty()) {
            self.bells.ring_beside(&job.view.organisation, usize::from(job.on_a_call));
        }
        for (reply, outcome) in replies.into_iter().zip(outcomes) {
            // A caller that has gone away acknowledges again.
            drop(reply.send(cause.take().map_or(Ok(outcome), Err)));
        }
    }

    async fn together(&self, jobs: &[Job]) -> Result<Vec<Outcome>, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if let Some(outcomes) = write(&mut tx, jobs, Looking::Afterwards, now).await? {
            tx.commit().await?;
            return Ok(outcomes);
        }
        // Somebody names what is not there. Nothing of that job may be done, and everything of the others.
        tx.rollback().await?;
        let mut tx = self.store.begin().await?;
        let outcomes = write(&mut tx, jobs, Looking::Before, now).await?.unwrap_or_default();
        tx.commit().await?;
        Ok(outcomes)
    }
}

/// When it is looked whether what a job acknowledges is there for its caller.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looking {
    /// Before it is acknowledged.
    Before,
    /// Only where less was acknowledged than was named: mostly nothing is looked at.
    Afterwards,
}

/// Writes these jobs. None means that one of them names what is not there, found out too late to leave it alone.
async fn write(
    tx: &mut Tx,
    jobs: &[Job],
    looking: Looking,
    now: Timestamp,
) -> Result<Option<Vec<Outcome>>, StoreError> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    let mut receipts = Vec::new();
    for Job { view, acknowledged, sent, on_a_call: _ } in jobs {
        let mut count = 0;
        if !acknowledged.is_empty() {
            if looking == Looking::Before && !are_known(tx, view, acknowledged).await? {
                outcomes.push(Outcome::NotFound);
                continue;
            }
            let done = items::acknowledge(tx, view, acknowledged, now).await?;
            count = done.len();
            let fewer = looking == Looking::Afterwards && count < acknowledged.len();
            if fewer && !are_known(tx, view, acknowledged).await? {
                return Ok(None);
            }
            let by = (view.organisation.as_str(), view.practitioner());
            for item in &done {
                receipts.extend(receipt(item, by, ReceiptKind::Acknowledged, now)?);
            }
        }
        if !sent.is_empty() {
            items::mark_sent(tx, &view.organisation, sent).await?;
        }
        outcomes.push(Outcome::Done(count));
    }
    outbox::enqueue(tx, COMPONENT, &receipts).await?;
    Ok(Some(outcomes))
}

async fn are_known(tx: &mut Tx, view: &View, ids: &[String]) -> Result<bool, StoreError> {
    Ok(items::count_known(tx, view, ids).await? == ids.len())
}

impl Turns {
    fn add(&self, job: Job) -> oneshot::Receiver<Result<Outcome, StoreError>> {
        let (reply, answer) = oneshot::channel();
        self.waiting().push((job, reply));
        answer
    }

    fn take(&self) -> Vec<(Job, Reply)> {
        let mut waiting = self.waiting();
        let count = waiting.len().min(BATCH);
        waiting.drain(..count).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(Job, Reply)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
