//! Referrals.

use std::collections::HashMap;

use jiff::Timestamp;
use mash_domain::referral::work::WorkState;
use mash_proto::{convert::social_care::work_from_wire, social_care::v1 as wire};
use mash_store::{Column, StoreError, Tx, in_list, keys::Opening, opening, present};
use prost::Message as _;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    Conn, RECORD, case_of, corrupt, limit,
    rows::{Known, Table, Value, by_ids, locked},
    time,
};
use crate::record::Record;

const TABLE: Table = Table {
    name: "social_care_referrals",
    columns: &[
        "id",
        "authority",
        "case_id",
        "state",
        "open",
        "grade",
        "worker",
        "due_ms",
        "receive_ms",
        "child",
        "feedback",
        "payload",
        "version",
    ],
    key: 1,
};
const PAYLOAD: Column = Column::new(RECORD, "social_care_referrals.payload");
const READ: &str =
    "SELECT id, authority, case_id, due_ms, receive_ms, payload FROM social_care_referrals";

/// Which referrals of a hub.
pub(crate) struct Filter {
    pub(crate) authority: String,
    pub(crate) states: Vec<WorkState>,
    pub(crate) grade: Option<i32>,
    pub(crate) worker: Option<String>,
    pub(crate) due_by: Option<Timestamp>,
    pub(crate) child: Option<String>,
}

/// Where a page begins: after this one.
pub(crate) struct After {
    pub(crate) ms: i64,
    pub(crate) id: String,
}

/// How many of a state and grade, and with whom.
pub(crate) struct Count {
    pub(crate) state: WorkState,
    pub(crate) grade: i32,
    pub(crate) worker: String,
    pub(crate) referrals: i64,
    pub(crate) overdue: i64,
    pub(crate) oldest_ms: i64,
}

/// Loads referrals, and keeps everybody else from changing them until the transaction ends. What belongs to a referral
/// is changed under its lock alone.
pub(crate) async fn lock(tx: &mut Tx, ids: &[&str]) -> Result<HashMap<String, Record>, StoreError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let rows = locked(tx, &format!("{READ} WHERE id"), &ids).await?;
    Ok(records(tx, rows).await?.into_iter().map(|record| (record.id.clone(), record)).collect())
}

/// One referral.
pub(crate) async fn get(conn: &mut Conn, id: &str) -> Result<Option<Record>, StoreError> {
    Ok(get_many(conn, &[id]).await?.pop())
}

/// Several referrals.
pub(crate) async fn get_many(conn: &mut Conn, ids: &[&str]) -> Result<Vec<Record>, StoreError> {
    let rows = by_ids(conn, &format!("{READ} WHERE id"), None, ids).await?;
    records(conn, rows).await
}

/// Writes referrals, new or changed.
pub(crate) async fn put(tx: &mut Tx, records: &[&Record]) -> Result<(), StoreError> {
    let rows = records.iter().map(|record| -> Vec<Value> {
        let Record { id, authority, case_id, referral, work, due, received } = record;
        vec![
            id.as_str().into(),
            authority.as_str().into(),
            case_id.as_str().into(),
            work.state.word().into(),
            work.state.is_open().into(),
            i64::from(referral.grade).into(),
            work.worker.clone().unwrap_or_default().into(),
            due.as_millisecond().into(),
            received.as_millisecond().into(),
            referral.child.as_str().into(),
            i64::from(referral.feedback).into(),
            Value::sealed(&PAYLOAD, case_of(id, id), referral.encode_to_vec()),
            0_i64.into(),
        ]
    });
    TABLE.put(tx, Known::Replaced, rows.collect()).await
}

/// A page of the queue, what is due first comes first.
pub(crate) async fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: &After,
    size: usize,
) -> Result<Vec<Record>, StoreError> {
    let Filter { authority, states, grade, worker, due_by, child } = filter;
    let mut texts: Vec<&str> = Vec::new();
    let mut sql = format!("{READ} WHERE authority = $1 AND (due_ms, id) > ($2, $3)");
    if states.iter().all(|state| state.is_open()) {
        sql.push_str(" AND open = 1");
    }
    // Words of states and numbers are ours, and written out; texts of callers are bound.
    if !states.is_empty() {
        let words: Vec<String> = states.iter().map(|state| format!("'{}'", state.word())).collect();
        sql.push_str(&format!(" AND state IN ({})", words.join(",")));
    }
    if let Some(grade) = grade {
        sql.push_str(&format!(" AND grade = {grade}"));
    }
    if let Some(due_by) = due_by {
        sql.push_str(&format!(" AND due_ms <= {}", due_by.as_millisecond()));
    }
    for (column, text) in [("worker", worker), ("child", child)] {
        if let Some(text) = text {
            texts.push(text);
            sql.push_str(&format!(" AND {column} = {}", in_list(4 + texts.len(), 1)));
        }
    }
    sql.push_str(" ORDER BY due_ms, id LIMIT $4");
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .bind(authority)
        .bind(after.ms)
        .bind(&after.id)
        .bind(limit(size));
    for text in texts {
        query = query.bind(text);
    }
    let rows = query.fetch_all(conn.conn()).await?;
    records(conn, rows).await
}

/// The referrals of a child with this grade since then.
pub(crate) async fn graded_since(
    conn: &mut Conn,
    (authority, child): (&str, &str),
    grade: i32,
    since: Timestamp,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM social_care_referrals
         WHERE authority = $1 AND child = $2 AND grade = $3 AND receive_ms >= $4",
    )
    .bind(authority)
    .bind(child)
    .bind(i64::from(grade))
    .bind(since.as_millisecond())
    .fetch_one(conn.conn())
    .await?;
    Ok(row.try_get(0)?)
}

/// The ids of the referrals of a child.
pub(crate) async fn of_child(
    conn: &mut Conn,
    authority: &str,
    child: &str,
) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT id FROM social_care_referrals WHERE authority = $1 AND child = $2 ORDER BY id",
    )
    .bind(authority)
    .bind(child)
    .fetch_all(conn.conn())
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// What is not decided, by state, grade and worker.
pub(crate) async fn counts(
    conn: &mut Conn,
    authority: &str,
    now: Timestamp,
) -> Result<Vec<Count>, StoreError> {
    let rows = sqlx::query(
        "SELECT state, grade, worker, COUNT(*), COUNT(CASE WHEN due_ms <= $2 THEN 1 END), MIN(receive_ms)
         FROM social_care_referrals WHERE authority = $1 AND open = 1 GROUP BY state, grade, worker",
    )
    .bind(authority)
    .bind(now.as_millisecond())
    .fetch_all(conn.conn())
    .await?;
    rows.iter()
        .map(|row| {
            let state: String = row.try_get(0)?;
            let grade: i64 = row.try_get(1)?;
            Ok(Count {
                state: WorkState::from_word(&state).ok_or(StoreError::Corrupt("a state"))?,
                grade: i32::try_from(grade).map_err(corrupt("a grade"))?,
                worker: row.try_get(2)?,
                referrals: row.try_get(3)?,
                overdue: row.try_get(4)?,
                oldest_ms: row.try_get(5)?,
            })
        })
        .collect()
}

/// Everything that was ever taken in, by state and feedback: (state, feedback, how many, how many past their time).
pub(crate) async fn conservation(
    conn: &mut Conn,
    authority: Option<&str>,
    now: Timestamp,
) -> Result<Vec<(WorkState, i64, i64, i64)>, StoreError> {
    let only = if authority.is_some() { " WHERE authority = $2" } else { "" };
    let sql = format!(
        "SELECT state, feedback, COUNT(*), COUNT(CASE WHEN open = 1 AND due_ms <= $1 THEN 1 END)
         FROM social_care_referrals{only} GROUP BY state, feedback"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(now.as_millisecond());
    if let Some(authority) = authority {
        query = query.bind(authority);
    }
    let rows = query.fetch_all(conn.conn()).await?;
    rows.iter()
        .map(|row| {
            let state: String = row.try_get(0)?;
            let state = WorkState::from_word(&state).ok_or(StoreError::Corrupt("a state"))?;
            Ok((state, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
        })
        .collect()
}

/// What was erased is left out.
async fn records(conn: &mut Conn, rows: Vec<AnyRow>) -> Result<Vec<Record>, StoreError> {
    let open = opening(conn, &rows, &[5]).await?;
    rows.iter().filter_map(|row| present(record(row, &open))).collect()
}

fn record(row: &AnyRow, open: &Opening) -> Result<Record, StoreError> {
    let id: String = row.try_get(0)?;
    let payload = open.column(&PAYLOAD, &id, row.try_get(5)?)?;
    let referral = wire::Referral::decode(payload.as_slice()).map_err(corrupt("a referral"))?;
    let work = work_from_wire(&referral).map_err(corrupt("the state of a referral"))?;
    Ok(Record {
        id,
        authority: row.try_get(1)?,
        case_id: row.try_get(2)?,
        due: time(row.try_get(3)?)?,
        received: time(row.try_get(4)?)?,
        referral,
        work,
    })
}
