//! Incidents and their children.

use std::collections::{HashMap, HashSet};

use mash_domain::{
    identifier::ForceCode,
    incident::{CaseId, IncidentState, RecordedIncident},
};
use mash_proto::police::v1 as wire;
use mash_store::{
    Column, Look, Store, StoreError, Tx, in_list, is_kept, opening, placeholders, present,
};
use prost::Message as _;
use sqlx::{AssertSqlSafe, Row as _};

use super::{CHUNK, RECORD, unsigned};

const PAYLOAD: Column = Column::new(RECORD, "police_incidents.payload");

/// An incident as it is written, made once for the row and for the answer.
pub(crate) struct IncidentRow {
    pub(crate) case_id: String,
    pub(crate) payload: Vec<u8>,
    force_code: String,
    occurrence_key: String,
    occurrence_number: String,
    revision: i64,
    state: i64,
    children: Vec<String>,
}

impl IncidentRow {
    /// The row of this incident.
    pub(crate) fn new(recorded: &RecordedIncident) -> Self {
        let incident = &recorded.incident;
        Self {
            case_id: recorded.case_id.to_string(),
            payload: wire::Incident::from(recorded).encode_to_vec(),
            force_code: incident.force.to_string(),
            occurrence_key: incident.occurrence_number.folded(),
            occurrence_number: incident.occurrence_number.as_str().to_owned(),
            revision: i64::from(recorded.revision),
            state: i64::from(matches!(recorded.state, IncidentState::Withdrawn(_))),
            children: incident.children.iter().map(|child| child.reference.to_string()).collect(),
        }
    }
}

/// Writes first revisions, and returns the ids of those that were new. The rest were reported before.
pub(crate) async fn insert(
    tx: &mut Tx,
    rows: &[&IncidentRow],
) -> Result<HashSet<String>, StoreError> {
    // Always in the same order, so that two transactions that race wait for each other and never in a circle.
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| &row.case_id);
    let mut new = HashSet::with_capacity(rows.len());
    let keys = PAYLOAD.keys(tx, rows.iter().map(|row| row.case_id.as_str())).await?;
    for chunk in rows.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO police_incidents
             (case_id, force_code, occurrence_key, occurrence_number, revision, state, payload)
             VALUES {} ON CONFLICT DO NOTHING RETURNING case_id",
            placeholders(chunk.len(), 7)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for row in chunk {
            query = query.bind(&row.case_id).bind(&row.force_code).bind(&row.occurrence_key);
            query = query.bind(&row.occurrence_number).bind(row.revision).bind(row.state);
            query = query.bind(keys.column(&PAYLOAD, &row.case_id, &row.case_id, &row.payload)?);
        }
        for row in query.fetch_all(tx.conn()).await? {
            new.insert(row.try_get(0)?);
        }
    }
    let new_rows: Vec<_> = rows.into_iter().filter(|row| new.contains(&row.case_id)).collect();
    insert_children(tx, &new_rows).await?;
    Ok(new)
}

async fn insert_children(tx: &mut Tx, rows: &[&IncidentRow]) -> Result<(), StoreError> {
    let children: Vec<_> = rows
        .iter()
        .flat_map(|row| row.children.iter().map(|child| (&row.case_id, child)))
        .collect();
    for chunk in children.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO police_children (case_id, child_ref) VALUES {} ON CONFLICT DO NOTHING",
            placeholders(chunk.len(), 2)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for (case_id, child) in chunk {
            query = query.bind(*case_id).bind(*child);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Replaces an incident by its next revision. False means that it is not at the revision before, or withdrawn.
pub(crate) async fn replace(tx: &mut Tx, row: &IncidentRow) -> Result<bool, StoreError> {
    let payload = PAYLOAD.seal(tx, &row.case_id, &row.case_id, &row.payload).await?;
    let updated = sqlx::query(
        "UPDATE police_incidents SET occurrence_number = $1, revision = $2, state = $3, payload = $4
         WHERE case_id = $5 AND revision = $6 AND state = 0",
    )
    .bind(&row.occurrence_number)
    .bind(row.revision)
    .bind(row.state)
    .bind(payload)
    .bind(&row.case_id)
    .bind(row.revision - 1)
    .execute(tx.conn())
    .await?;
    if updated.rows_affected() == 0 {
        return Ok(false);
    }
    insert_children(tx, &[row]).await?;
    Ok(true)
}

/// The incident, if this force reported it. Another force's is as if it were not there.
pub(crate) async fn find(
    conn: &mut dyn Look,
    case_id: CaseId,
    force: &ForceCode,
) -> Result<Option<RecordedIncident>, StoreError> {
    let case_id = case_id.to_string();
    let rows =
        sqlx::query("SELECT payload FROM police_incidents WHERE case_id = $1 AND force_code = $2")
            .bind(&case_id)
            .bind(force.as_str())
            .fetch_all(conn.conn())
            .await?;
    let open = opening(conn, &rows, &[0]).await?;
    let read =
        |row: &sqlx::any::AnyRow| decode(&open.column(&PAYLOAD, &case_id, row.try_get(0)?)?);
    rows.first().and_then(|row| present(read(row))).transpose()
}

fn decode(payload: &[u8]) -> Result<RecordedIncident, StoreError> {
    let wire = wire::Incident::decode(payload)
        .map_err(|_| StoreError::Corrupt("an incident cannot be decoded"))?;
    wire.try_into().map_err(|_| StoreError::Corrupt("an incident is not valid"))
}

/// The forces that reported these cases, as far as there are such cases.
pub(crate) async fn forces(
    tx: &mut Tx,
    case_ids: &[&str],
) -> Result<HashMap<String, String>, StoreError> {
    let mut forces = HashMap::with_capacity(case_ids.len());
    for chunk in case_ids.chunks(CHUNK) {
        let sql = format!(
            "SELECT case_id, force_code FROM police_incidents WHERE case_id IN ({})",
            in_list(1, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for case_id in chunk {
            query = query.bind(*case_id);
        }
        for row in query.fetch_all(tx.conn()).await? {
            forces.insert(row.try_get(0)?, row.try_get(1)?);
        }
    }
    Ok(forces)
}

/// What was accepted against what was answered for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Incidents that were accepted.
    pub incidents: u64,
    /// Children of those incidents, over all their revisions.
    pub children: u64,
    /// Children for whom routing has not answered: neither a release nor a recorded refusal.
    pub children_without_outcome: u64,
}

/// Counts them.
pub(crate) async fn count(store: &Store) -> Result<Counts, StoreError> {
    let mut conn = store.read().await?;
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM police_incidents), (SELECT COUNT(*) FROM police_children),
         (SELECT COUNT(*) FROM police_children c WHERE NOT EXISTS (SELECT 1 FROM police_duties d
          WHERE d.case_id = c.case_id AND d.child_ref = c.child_ref AND d.state > 0))",
    )
    .fetch_one(&mut *conn)
    .await?;
    let number = |column: usize| -> Result<u64, StoreError> {
        Ok(u64::from(unsigned(row.try_get(column)?)?))
    };
    Ok(Counts { incidents: number(0)?, children: number(1)?, children_without_outcome: number(2)? })
}
