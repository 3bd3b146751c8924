//! What became of each duty.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use mash_domain::{identifier::ForceCode, incident::CaseId};
use mash_store::{Store, StoreError, Tx, in_list, is_kept, placeholders};
use prost::Message;
use sqlx::{AssertSqlSafe, Row as _};

use super::{CHUNK, Counter, draw};
use crate::duty::{Decided, Duty, DutyState, Mark, Progress, Standing, Step};

/// A duty with its place among the others.
pub(crate) struct DutyRow {
    pub(crate) duty_id: String,
    pub(crate) case_id: String,
    pub(crate) force_code: String,
    pub(crate) duty: Duty,
    seq: i64,
}

impl DutyRow {
    /// A duty that nothing was heard of yet.
    pub(crate) fn new(duty_id: &str, case_id: &str, force_code: &str) -> Self {
        Self {
            duty_id: duty_id.to_owned(),
            case_id: case_id.to_owned(),
            force_code: force_code.to_owned(),
            duty: Duty::default(),
            seq: 0,
        }
    }
}

/// Changes to duties, one transaction at a time: whoever holds it has drawn its numbers, and nobody else can read
/// duties to change them until the transaction ends. Without it two replicas could each add to what they read.
pub(crate) struct Turn {
    next: i64,
}

/// Takes a turn of at most so many changes.
pub(crate) async fn turn(tx: &mut Tx, changes: usize) -> Result<Turn, StoreError> {
    Ok(Turn { next: draw(tx, Counter::Outcomes, changes).await? })
}

impl Turn {
    /// The duties of these ids, as far as anything was heard of them.
    pub(crate) async fn load(
        &self,
        tx: &mut Tx,
        ids: &[&str],
    ) -> Result<HashMap<String, DutyRow>, StoreError> {
        let mut duties = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let sql = format!(
                "SELECT duty_id, case_id, force_code, seq, payload FROM police_duties WHERE duty_id IN ({})",
                in_list(1, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
            for id in chunk {
                query = query.bind(*id);
            }
            for row in query.fetch_all(tx.conn()).await? {
                let (duty_id, payload): (String, Vec<u8>) = (row.try_get(0)?, row.try_get(4)?);
                let loaded = DutyRow {
                    duty_id: duty_id.clone(),
                    case_id: row.try_get(1)?,
                    force_code: row.try_get(2)?,
                    duty: read(&payload)?,
                    seq: row.try_get(3)?,
                };
                duties.insert(duty_id, loaded);
            }
        }
        Ok(duties)
    }

    /// Writes duties. Those that stand elsewhere than before are moved to the end of the line, where watchers look.
    pub(crate) async fn save(
        mut self,
        tx: &mut Tx,
        rows: &[(DutyRow, bool)],
    ) -> Result<(), StoreError> {
        for chunk in rows.chunks(CHUNK) {
            let sql = format!(
                "INSERT INTO police_duties (duty_id, case_id, force_code, child_ref, state, seq, payload) VALUES {}
                 ON CONFLICT (duty_id) DO UPDATE SET child_ref = excluded.child_ref, state = excluded.state,
                 seq = excluded.seq, payload = excluded.payload",
                placeholders(chunk.len(), 7)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
            for (row, moved) in chunk {
                let mut seq = row.seq;
                if *moved {
                    seq = self.next;
                    self.next += 1;
                }
                let child = row.duty.decided.as_ref().map_or("", |decided| decided.child.as_str());
                let state = row.duty.standing().map_or(0, |standing| number(standing.state));
                query =
                    query.bind(&row.duty_id).bind(&row.case_id).bind(&row.force_code).bind(child);
                query = query.bind(state).bind(seq).bind(write(&row.duty));
            }
            query.execute(tx.conn()).await?;
        }
        Ok(())
    }
}

/// What became of one duty, for the force that reported.
pub(crate) struct OutcomeRow {
    pub(crate) seq: i64,
    pub(crate) duty_id: String,
    pub(crate) case_id: String,
    pub(crate) occurrence_number: String,
    pub(crate) decided: Decided,
    pub(crate) standing: Standing,
}

/// Outcomes of the force, or of one of its incidents, that came to stand where they stand after this number.
pub(crate) async fn outcomes(
    store: &Store,
    force: &ForceCode,
    case_id: Option<CaseId>,
    after: i64,
    limit: i64,
) -> Result<Vec<OutcomeRow>, StoreError> {
    let mut conn = store.read().await?;
    let filter = if case_id.is_some() { "AND d.case_id = $4" } else { "" };
    let sql = format!(
        "SELECT d.seq, d.duty_id, d.case_id, i.occurrence_number, d.payload
         FROM police_duties d JOIN police_incidents i ON i.case_id = d.case_id
         WHERE d.force_code = $1 AND d.seq > $2 AND d.state > 0 {filter} ORDER BY d.seq LIMIT $3"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(force.as_str()).bind(after).bind(limit);
    if let Some(case_id) = case_id {
        query = query.bind(case_id.to_string());
    }
    let mut outcomes = Vec::new();
    for row in query.fetch_all(&mut *conn).await? {
        let payload: Vec<u8> = row.try_get(4)?;
        let duty = read(&payload)?;
        if let (Some(standing), Some(decided)) = (duty.standing(), duty.decided) {
            outcomes.push(OutcomeRow {
                seq: row.try_get(0)?,
                duty_id: row.try_get(1)?,
                case_id: row.try_get(2)?,
                occurrence_number: row.try_get(3)?,
                decided,
                standing,
            });
        }
    }
    Ok(outcomes)
}

/// The number of a state, as in the contract.
const fn number(state: DutyState) -> i64 {
    match state {
        DutyState::Released => 1,
        DutyState::Delivered => 2,
        DutyState::Opened => 3,
        DutyState::Acknowledged => 4,
        DutyState::Escalated => 5,
        DutyState::Withheld => 6,
        DutyState::Rerouting => 7,
    }
}

/// All that was heard of a duty, as it is kept. Ids, codes and times; no personal data.
#[derive(Clone, PartialEq, Message)]
struct StoredDuty {
    #[prost(message, optional, tag = "1")]
    decided: Option<StoredDecision>,
    #[prost(btree_map = "string, message", tag = "2")]
    progress: BTreeMap<String, StoredProgress>,
    #[prost(message, optional, tag = "3")]
    refused: Option<prost_types::Timestamp>,
}

#[derive(Clone, PartialEq, Message)]
struct StoredDecision {
    #[prost(string, tag = "1")]
    recipient: String,
    #[prost(bool, tag = "2")]
    permitted: bool,
    #[prost(string, tag = "3")]
    disclosure_id: String,
    #[prost(string, tag = "4")]
    reason: String,
    #[prost(message, optional, tag = "5")]
    at: Option<prost_types::Timestamp>,
    #[prost(uint32, tag = "6")]
    revision: u32,
    #[prost(string, tag = "7")]
    child: String,
    #[prost(string, tag = "8")]
    kind: String,
    #[prost(string, tag = "9")]
    discrepancy: String,
}

#[derive(Clone, PartialEq, Message)]
struct StoredProgress {
    #[prost(message, repeated, tag = "1")]
    steps: Vec<StoredStep>,
    #[prost(message, optional, tag = "2")]
    rejected: Option<StoredMark>,
}

#[derive(Clone, PartialEq, Message)]
struct StoredStep {
    #[prost(uint32, tag = "1")]
    step: u32,
    #[prost(message, optional, tag = "2")]
    mark: Option<StoredMark>,
}

#[derive(Clone, PartialEq, Message)]
struct StoredMark {
    #[prost(message, optional, tag = "1")]
    at: Option<prost_types::Timestamp>,
    #[prost(bool, tag = "2")]
    late: bool,
    #[prost(string, tag = "3")]
    reason: String,
}

/// The steps by their stored numbers.
const STEPS: [(u32, Step); 4] =
    [(1, Step::Delivered), (2, Step::Opened), (3, Step::Escalated), (4, Step::Acknowledged)];

fn write(duty: &Duty) -> Vec<u8> {
    let stored = StoredDuty {
        decided: duty.decided.as_ref().map(|decided| StoredDecision {
            recipient: decided.recipient.as_ref().map(ToString::to_string).unwrap_or_default(),
            permitted: decided.permitted,
            disclosure_id: decided.disclosure_id.clone(),
            reason: decided.reason.clone(),
            at: Some(mash_proto::convert::time_to_wire(decided.at)),
            revision: decided.revision,
            child: decided.child.clone(),
            kind: decided.kind.clone(),
            discrepancy: decided.discrepancy.clone(),
        }),
        progress: duty
            .progress
            .iter()
            .map(|(id, progress)| (id.clone(), write_progress(progress)))
            .collect(),
        refused: duty.refused.map(mash_proto::convert::time_to_wire),
    };
    stored.encode_to_vec()
}

fn write_progress(progress: &Progress) -> StoredProgress {
    let steps = progress.steps.iter().filter_map(|(step, mark)| {
        let (step, _) = STEPS.iter().find(|(_, known)| known == step)?;
        Some(StoredStep { step: *step, mark: Some(write_mark(mark)) })
    });
    StoredProgress { steps: steps.collect(), rejected: progress.rejected.as_ref().map(write_mark) }
}

fn write_mark(mark: &Mark) -> StoredMark {
    let at = Some(mash_proto::convert::time_to_wire(mark.at));
    StoredMark { at, late: mark.late, reason: mark.reason.clone() }
}

fn read(payload: &[u8]) -> Result<Duty, StoreError> {
    let corrupt = StoreError::Corrupt("what became of a duty cannot be read");
    StoredDuty::decode(payload).ok().and_then(|stored| read_duty(stored).ok()).ok_or(corrupt)
}

/// A part that cannot be read.
struct Unreadable;

fn read_duty(stored: StoredDuty) -> Result<Duty, Unreadable> {
    let decided = stored.decided.map(read_decision).transpose()?;
    let progress =
        stored.progress.into_iter().map(|(id, progress)| Ok((id, read_progress(progress)?)));
    let refused = stored.refused.map(|at| read_time(Some(at))).transpose()?;
    Ok(Duty { decided, refused, progress: progress.collect::<Result<_, Unreadable>>()? })
}

fn read_decision(stored: StoredDecision) -> Result<Decided, Unreadable> {
    Ok(Decided {
        recipient: match stored.recipient.as_str() {
            "" => None,
            recipient => Some(recipient.parse().map_err(|_| Unreadable)?),
        },
        permitted: stored.permitted,
        disclosure_id: stored.disclosure_id,
        reason: stored.reason,
        at: read_time(stored.at)?,
        revision: stored.revision,
        child: stored.child,
        kind: stored.kind,
        discrepancy: stored.discrepancy,
    })
}

fn read_progress(stored: StoredProgress) -> Result<Progress, Unreadable> {
    let step = |stored: StoredStep| {
        let (_, step) =
            STEPS.iter().find(|(number, _)| *number == stored.step).ok_or(Unreadable)?;
        Ok((*step, read_mark(stored.mark.ok_or(Unreadable)?)?))
    };
    let steps = stored.steps.into_iter().map(step).collect::<Result<_, Unreadable>>()?;
    Ok(Progress { steps, rejected: stored.rejected.map(read_mark).transpose()? })
}

fn read_mark(stored: StoredMark) -> Result<Mark, Unreadable> {
    Ok(Mark { at: read_time(stored.at)?, late: stored.late, reason: stored.reason })
}

fn read_time(time: Option<prost_types::Timestamp>) -> Result<Timestamp, Unreadable> {
    let time = time.ok_or(Unreadable)?;
    mash_proto::convert::time_from_wire(&time).map_err(|_| Unreadable)
}
