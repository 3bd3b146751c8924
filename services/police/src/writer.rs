//! Group commit: reports that arrive together are stored together.
//!
//! A commit costs the same for one report as for two hundred. One task writes; while it is busy, reports queue up, and
//! everything that waits goes into the next transaction. Nothing is ever delayed on purpose, so that a lone report
//! has a transaction to itself.
//!
//! A report that cannot be stored never spoils its neighbours: what can be wrong with it was looked at before,
//! conflicts are settled within the transaction for each by itself, and should the store refuse the data of one after
//! all, each is tried alone.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use jiff::Timestamp;
use mash_domain::incident::RecordedIncident;
use mash_proto::convert::{time_from_wire, time_to_wire};
use mash_store::{Store, StoreError, Tx, outbox, requests};
use prost::Message as _;
use tokio::sync::{mpsc, oneshot};

use crate::{
    app::{self, Answered, COMPONENT, Idempotency, report_incident::METHOD},
    error::PoliceError,
    store::{
        accesses::{self, Access},
        incidents::{self, IncidentRow},
    },
};

/// Reports per transaction.
const BATCH: usize = 256;
/// How often a transaction is tried that the store did not take for a reason that passes.
const ATTEMPTS: usize = 3;

/// A report that waits to be stored.
pub(crate) struct Submission {
    pub(crate) request: Idempotency,
    pub(crate) access: Access,
    pub(crate) recorded: RecordedIncident,
    pub(crate) now: Timestamp,
}

/// Where reports queue up.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::Sender<Waiting>);

struct Waiting {
    submission: Submission,
    reply: oneshot::Sender<Result<RecordedIncident, PoliceError>>,
}

/// What becomes of a submission.
#[derive(Clone, Copy)]
enum Verdict {
    /// Stored now, or before by the same request: at this time.
    Recorded(Timestamp),
    /// The request id was used for other content.
    Reused,
    /// Another request reported the incident.
    Reported,
}

impl Writer {
    /// Starts the task that writes. It ends when all writers are gone.
    pub(crate) fn start(store: Store, queue: usize) -> Self {
        let (sender, receiver) = mpsc::channel(queue.max(1));
        tokio::spawn(run(store, receiver));
        Self(sender)
    }

    /// Has a report stored, and returns it as recorded.
    pub(crate) async fn write(
        &self,
        submission: Submission,
    ) -> Result<RecordedIncident, PoliceError> {
        let (reply, answer) = oneshot::channel();
        match self.0.try_send(Waiting { submission, reply }) {
            Ok(()) => answer.await.unwrap_or(Err(PoliceError::Unavailable)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(PoliceError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(PoliceError::Unavailable),
        }
    }
}

async fn run(store: Store, mut receiver: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH);
    while receiver.recv_many(&mut batch, BATCH).await > 0 {
        let (submissions, replies): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|waiting| (waiting.submission, waiting.reply)).unzip();
        let verdicts = together(&store, &submissions).await;
        for ((submission, verdict), reply) in submissions.into_iter().zip(verdicts).zip(replies) {
            // A caller that has gone away repeats the request and finds the answer.
            drop(reply.send(verdict.and_then(|verdict| answer(submission, verdict))));
        }
    }
}

fn answer(submission: Submission, verdict: Verdict) -> Result<RecordedIncident, PoliceError> {
    let recorded = submission.recorded;
    match verdict {
        // The content is that of the request, which is the same as in the first one.
        Verdict::Recorded(reported) => Ok(RecordedIncident { reported, ..recorded }),
        Verdict::Reused => Err(PoliceError::RequestIdReused),
        Verdict::Reported => Err(PoliceError::AlreadyReported(recorded.case_id)),
    }
}

/// Stores all of them in one transaction, or, if the store refuses the data of one, each in its own.
async fn together(store: &Store, submissions: &[Submission]) -> Vec<Result<Verdict, PoliceError>> {
    match insist(store, submissions).await {
        Ok(verdicts) => verdicts.into_iter().map(Ok).collect(),
        Err(error) if error.is_transient() || submissions.len() == 1 => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                reports = submissions.len(),
                "reports were not stored"
            );
            submissions.iter().map(|_| Err(PoliceError::Unavailable)).collect()
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "reports are stored one by one"
            );
            let mut verdicts = Vec::with_capacity(submissions.len());
            for submission in submissions {
                verdicts.extend(Box::pin(together(store, std::slice::from_ref(submission))).await);
            }
            verdicts
        }
    }
}

async fn insist(store: &Store, submissions: &[Submission]) -> Result<Vec<Verdict>, StoreError> {
    let mut attempt = 1;
    loop {
        match transaction(store, submissions).await {
            Ok(Some(verdicts)) => return Ok(verdicts),
            // Another process has answered one of the requests meanwhile: look again.
            Ok(None) if attempt < ATTEMPTS => (),
            Ok(None) => {
                return Err(StoreError::Corrupt(
                    "requests are answered faster than they can be read",
                ));
            }
            // A deadlock or a connection that broke.
            Err(error) if error.is_transient() && attempt < ATTEMPTS => (),
            Err(error) => return Err(error),
        }
        attempt += 1;
    }
}

/// One transaction. Nothing is returned if another process was faster with one of the requests.
async fn transaction(
    store: &Store,
    submissions: &[Submission],
) -> Result<Option<Vec<Verdict>>, StoreError> {
    let mut tx = store.begin().await?;
    let mut plan = Plan::new(submissions);
    plan.recall(&mut tx).await?;
    let fresh = plan.fresh();
    let rows: Vec<_> =
        fresh.iter().map(|submission| IncidentRow::new(&submission.recorded)).collect();
    let new = incidents::insert(&mut tx, &rows.iter().collect::<Vec<_>>()).await?;
    if new.len() < rows.len() {
        // Reported before; or by another process while this one waited for the row, perhaps by the same request.
        plan.recall(&mut tx).await?;
    }
    let stored: Vec<&Submission> = fresh
        .into_iter()
        .zip(&rows)
        .filter(|(_, row)| new.contains(&row.case_id))
        .map(|(one, _)| one)
        .collect();
    if !record(&mut tx, &stored).await? {
        tx.rollback().await?;
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(plan.verdicts(&new)))
}

/// Writes what goes with new incidents: events, answers and accesses. False as in [`requests::record_many`].
async fn record(tx: &mut Tx, stored: &[&Submission]) -> Result<bool, StoreError> {
    let Some(first) = stored.first() else { return Ok(true) };
    let at_ms = first.now.as_millisecond();
    let events: Vec<_> = stored.iter().map(|one| app::reported(&one.recorded, one.now)).collect();
    outbox::enqueue(tx, COMPONENT, &events).await?;
    let accesses: Vec<_> = stored.iter().map(|one| &one.access).collect();
    accesses::record(tx, at_ms, &accesses).await?;
    let answers: Vec<_> = stored
        .iter()
        .map(|one| Answered { revision: 1, at: Some(time_to_wire(one.now)) }.encode_to_vec())
        .collect();
    let answers: Vec<_> = stored
        .iter()
        .zip(&answers)
        .map(|(one, answer)| (one.request.request(), answer.as_slice()))
        .collect();
    requests::record_many(tx, METHOD, &answers, at_ms).await
}

/// What to do with each submission of a batch.
struct Plan<'a> {
    submissions: &'a [Submission],
    /// The place of the submission whose verdict counts: the first copy of the same request.
    copy_of: Vec<usize>,
    prior: Vec<requests::Prior>,
    /// The places of those that are to be stored.
    fresh: Vec<usize>,
}

impl<'a> Plan<'a> {
    fn new(submissions: &'a [Submission]) -> Self {
        let mut first: HashMap<(&str, &str), usize> = HashMap::with_capacity(submissions.len());
        let copy_of = submissions.iter().enumerate().map(|(place, one)| {
            *first.entry((&one.request.caller, &one.request.request_id)).or_insert(place)
        });
        let copy_of = copy_of.collect();
        Self { submissions, copy_of, prior: Vec::new(), fresh: Vec::new() }
    }

    /// Looks up which requests were answered before.
    async fn recall(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let requests: Vec<_> = self.submissions.iter().map(|one| one.request.request()).collect();
        self.prior = requests::find_many(tx, METHOD, &requests).await?;
        Ok(())
    }

    /// Those that are to be stored: not answered before, the first copy of the request, the first of the incident.
    fn fresh(&mut self) -> Vec<&'a Submission> {
        let mut cases = HashMap::with_capacity(self.submissions.len());
        let mut fresh = Vec::with_capacity(self.submissions.len());
        for (place, (one, prior)) in self.submissions.iter().zip(&self.prior).enumerate() {
            let first_copy = self.copy_of.get(place) == Some(&place);
            if first_copy
                && *prior == requests::Prior::Fresh
                && let Entry::Vacant(entry) = cases.entry(one.recorded.case_id)
            {
                entry.insert(());
                self.fresh.push(place);
                fresh.push(one);
            }
        }
        fresh
    }

    /// What becomes of each. `new` are the cases that this transaction stored.
    fn verdicts(&self, new: &HashSet<String>) -> Vec<Verdict> {
        let stored = |place: usize| {
            let one = self.submissions.get(place)?;
            let wrote =
                self.fresh.contains(&place) && new.contains(&one.recorded.case_id.to_string());
            wrote.then_some(one)
        };
        let verdict = |((place, one), prior): ((usize, &Submission), &requests::Prior)| match prior
        {
            requests::Prior::Conflict => Verdict::Reused,
            requests::Prior::Replay(answer) => {
                replayed(answer).map_or(Verdict::Reported, Verdict::Recorded)
            }
            requests::Prior::Fresh => {
                let first = self.copy_of.get(place).copied().unwrap_or(place);
                let same = self.submissions.get(first).map(|first| &first.request.content);
                if same != Some(&one.request.content) {
                    return Verdict::Reused;
                }
                stored(first).map_or(Verdict::Reported, |first| Verdict::Recorded(first.now))
            }
        };
        self.submissions.iter().enumerate().zip(&self.prior).map(verdict).collect()
    }
}

fn replayed(answer: &[u8]) -> Option<Timestamp> {
    app::answered(answer).ok()?.at.and_then(|at| time_from_wire(&at).ok())
}
