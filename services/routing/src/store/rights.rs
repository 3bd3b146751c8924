//! Officers, requests for subject access, and who looked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mash_domain::{
    identifier::ForceCode,
    organisation::OrganisationId,
    rights::{looked::Look, subject_access::SubjectAccess},
};
use mash_proto::sharing::v1::{AccessRecord, SubjectAccess as SubjectAccessWire};
use mash_store::{Column, Look as Looking, StoreError, Tx, in_list, opening, placeholders};
use prost::Message as _;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    CHUNK, ERASED, corrupt,
    load::{instant, parse},
};
use crate::rights::wire;

const TABLE: &str = "routing_subject_access";
/// Why somebody decided something about a request. Nobody can tell which of the cases such words are about, so they go with
/// the first that is erased.
const REASONS: Column = Column::new("decision", "routing_subject_access.reasons");
/// What is on record about one case, which goes with that case alone.
const LINES: Column = Column::new("decision", "routing_subject_access_cases.lines");

/// Whether this practitioner answers for the organisation.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn is_officer(
    conn: &mut AnyConnection,
    organisation: &OrganisationId,
    practitioner: &str,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT appointed_ms FROM routing_officers WHERE organisation = $1 AND practitioner = $2",
    )
    .bind(organisation.to_string())
    .bind(practitioner)
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// Appoints a practitioner, or ends that.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn set_officer(
    tx: &mut Tx,
    organisation: &OrganisationId,
    practitioner: &str,
    appointed_by: Option<(&str, Timestamp)>,
) -> Result<(), StoreError> {
    let organisation = organisation.to_string();
    let query = match appointed_by {
        Some((by, at)) => sqlx::query(
            "INSERT INTO routing_officers (organisation, practitioner, appointed_by, appointed_ms)
             VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(organisation)
        .bind(practitioner)
        .bind(by)
        .bind(at.as_millisecond()),
        None => sqlx::query(
            "DELETE FROM routing_officers WHERE organisation = $1 AND practitioner = $2",
        )
        .bind(organisation)
        .bind(practitioner),
    };
    query.execute(tx.conn()).await?;
    Ok(())
}

/// A request, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its opaque id.
    pub id: String,
    /// Who answers.
    pub organisation: OrganisationId,
    /// The pseudonym of the child.
    pub subject: String,
    /// When it was taken in.
    pub made_at: Timestamp,
    /// When it was put together, if it was.
    pub assembled_at: Option<Timestamp>,
    /// Where it stands.
    pub request: SubjectAccess,
}

/// Keeps which cases a request is about. What is written later about it is sealed for these.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn put_cases(tx: &mut Tx, id: &str, cases: &BTreeSet<String>) -> Result<(), StoreError> {
    for case in cases {
        sqlx::query(
            "INSERT INTO routing_subject_access_cases (access_id, case_id, lines) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(case)
        .bind(Vec::<u8>::new())
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Keeps a request as it stands, with the day on which it is due. [`put_cases`] comes first.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn put(tx: &mut Tx, kept: &Kept, due_day: &str) -> Result<(), StoreError> {
    let over = i64::from(kept.request.state.is_final());
    let assembled = kept.assembled_at.map_or(0, |at| at.as_millisecond());
    let whole = wire::kept(&kept.request);
    let mut payload = whole.clone();
    wire::reasons(&mut payload).for_each(|reason| reason.clear());
    let whole = if payload == whole { Vec::new() } else { whole.encode_to_vec() };
    let cases = cases_of(tx, &kept.id).await?;
    let reasons = REASONS.seal_for_all(tx, &cases, &kept.id, &whole).await?;
    sqlx::query(
        "INSERT INTO routing_subject_access
         (access_id, organisation, subject, made_ms, assembled_ms, over, due_day, payload, reasons, record)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (access_id) DO UPDATE SET assembled_ms = excluded.assembled_ms, over = excluded.over,
         due_day = excluded.due_day, payload = excluded.payload, reasons = excluded.reasons",
    )
    .bind(&kept.id)
    .bind(kept.organisation.to_string())
    .bind(&kept.subject)
    .bind(kept.made_at.as_millisecond())
    .bind(assembled)
    .bind(over)
    .bind(due_day)
    .bind(payload.encode_to_vec())
    .bind(reasons)
    .bind(Vec::<u8>::new())
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn cases_of(tx: &mut Tx, id: &str) -> Result<BTreeSet<String>, StoreError> {
    const SELECT: &str = "SELECT case_id FROM routing_subject_access_cases WHERE access_id = $1";
    let rows = sqlx::query(SELECT).bind(id).fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Keeps what was put together: what all of it has in common, and the part of each case.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn put_record(
    tx: &mut Tx,
    id: &str,
    head: &AccessRecord,
    parts: &BTreeMap<String, AccessRecord>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE routing_subject_access SET record = $1 WHERE access_id = $2")
        .bind(head.encode_to_vec())
        .bind(id)
        .execute(tx.conn())
        .await?;
    let keys = LINES.keys(tx, parts.keys().map(String::as_str)).await?;
    for (case, part) in parts {
        let lines = keys.column(&LINES, case, id, &part.encode_to_vec())?;
        sqlx::query(
            "INSERT INTO routing_subject_access_cases (access_id, case_id, lines) VALUES ($1, $2, $3)
             ON CONFLICT (access_id, case_id) DO UPDATE SET lines = excluded.lines",
        )
        .bind(id)
        .bind(case)
        .bind(lines)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

const SELECT: &str = "SELECT access_id, organisation, subject, made_ms, assembled_ms, payload, reasons FROM routing_subject_access WHERE";

/// A request of this organisation, which nobody else changes until the transaction ends.
///
/// # Errors
///
/// [`StoreError`] if the store fails or the row does not read back.
pub async fn hold(
    tx: &mut Tx,
    id: &str,
    organisation: &OrganisationId,
) -> Result<Option<Kept>, StoreError> {
    let sql = format!("{SELECT} access_id = $1 AND organisation = $2{}", tx.for_update());
    let query = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(organisation.to_string());
    match query.fetch_optional(tx.conn()).await? {
        Some(row) => Ok(Some(kept_of(tx, &row).await?)),
        None => Ok(None),
    }
}

/// A request of this organisation as it stands, and its record, empty before there is one. What was erased is not in it.
///
/// # Errors
///
/// [`StoreError`] if the store fails or the row does not read back.
pub async fn get(
    conn: &mut dyn Looking,
    id: &str,
    organisation: &OrganisationId,
) -> Result<Option<(Kept, AccessRecord)>, StoreError> {
    let sql = format!("{SELECT} access_id = $1 AND organisation = $2");
    let query = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(organisation.to_string());
    let Some(row) = query.fetch_optional(conn.conn()).await? else { return Ok(None) };
    let kept = kept_of(conn, &row).await?;
    const HEAD: &str = "SELECT record FROM routing_subject_access WHERE access_id = $1";
    let head: Vec<u8> = sqlx::query_scalar(HEAD).bind(id).fetch_one(conn.conn()).await?;
    let mut record = AccessRecord::decode(head.as_slice()).map_err(|_| corrupt(TABLE))?;
    const PARTS: &str = "SELECT lines FROM routing_subject_access_cases WHERE access_id = $1";
    let rows = sqlx::query(PARTS).bind(id).fetch_all(conn.conn()).await?;
    let open = opening(conn, &rows, &[0]).await?;
    let mut clauses = BTreeMap::new();
    for row in &rows {
        let part = open.column_or_none(&LINES, id, row.try_get(0)?)?;
        let part = AccessRecord::decode(part.as_slice()).map_err(|_| corrupt(TABLE))?;
        record.lines.extend(part.lines);
        let named =
            part.clauses.into_iter().map(|it| ((it.ruleset.clone(), it.clause.clone()), it));
        clauses.extend(named);
    }
    record.lines.sort_by_key(|line| line.number);
    record.clauses = clauses.into_values().collect();
    Ok(Some((kept, record)))
}

/// Where a page of requests begins: after this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// Whether it is over: 0 or 1; -1 is before all.
    pub over: i64,
    /// The day on which it is due.
    pub due_day: String,
    /// Its id.
    pub id: String,
}

/// The requests of an organisation: what is open first, by the day on which it is due.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn list(
    conn: &mut dyn Looking,
    organisation: &OrganisationId,
    after: &After,
    limit: i64,
) -> Result<Vec<Kept>, StoreError> {
    let sql = format!(
        "{SELECT} organisation = $1 AND (over > $2 OR (over = $3 AND (due_day > $4 OR (due_day = $5 AND access_id > $6))))
         ORDER BY over, due_day, access_id LIMIT $7"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(organisation.to_string())
        .bind(after.over)
        .bind(after.over)
        .bind(&after.due_day)
        .bind(&after.due_day)
        .bind(&after.id)
        .bind(limit)
        .fetch_all(conn.conn())
        .await?;
    let mut found = Vec::new();
    for row in &rows {
        found.push(kept_of(conn, row).await?);
    }
    Ok(found)
}

async fn kept_of(conn: &mut dyn Looking, row: &AnyRow) -> Result<Kept, StoreError> {
    let id: String = row.try_get(0)?;
    let whole = REASONS.open_for_all(conn, &id, row.try_get(6)?).await?;
    let payload = if whole.is_empty() { row.try_get(5)? } else { whole };
    let mut payload = SubjectAccessWire::decode(payload.as_slice()).map_err(|_| corrupt(TABLE))?;
    for reason in wire::reasons(&mut payload).filter(|reason| reason.is_empty()) {
        ERASED.clone_into(reason);
    }
    let assembled: i64 = row.try_get(4)?;
    Ok(Kept {
        id,
        organisation: parse(row, 1)?,
        subject: row.try_get(2)?,
        made_at: instant(row, 3)?,
        assembled_at: if assembled == 0 { None } else { Some(instant(row, 4)?) },
        request: wire::request(&payload).ok_or_else(|| corrupt(TABLE))?,
    })
}

/// Somebody looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookRow {
    /// Its opaque id.
    pub id: String,
    /// The case.
    pub case_id: String,
    /// The child; empty for a referral, and where the record of all children was looked at.
    pub child_ref: String,
    /// Who.
    pub organisation: OrganisationId,
    /// Which practitioner; empty if her organisation did not say.
    pub practitioner: String,
    /// At what.
    pub look: Look,
    /// When.
    pub at: Timestamp,
}

/// Keeps looks, and returns those that are new.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn put_looks(tx: &mut Tx, looks: &[LookRow]) -> Result<(), StoreError> {
    for chunk in looks.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO routing_looks (look_id, case_id, child_ref, organisation, practitioner, what, at_ms)
             VALUES {} ON CONFLICT DO NOTHING",
            placeholders(chunk.len(), 7)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == 1);
        for look in chunk {
            query = query
                .bind(&look.id)
                .bind(&look.case_id)
                .bind(&look.child_ref)
                .bind(look.organisation.to_string())
                .bind(&look.practitioner)
                .bind(look.look.word())
                .bind(look.at.as_millisecond());
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Looks at a case before this one, the latest first.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn looks(
    conn: &mut AnyConnection,
    case_id: &str,
    before: &(i64, String),
    limit: i64,
) -> Result<Vec<LookRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT look_id, case_id, child_ref, organisation, practitioner, what, at_ms FROM routing_looks
         WHERE case_id = $1 AND (at_ms < $2 OR (at_ms = $3 AND look_id < $4))
         ORDER BY at_ms DESC, look_id DESC LIMIT $5",
    )
    .bind(case_id)
    .bind(before.0)
    .bind(before.0)
    .bind(&before.1)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let what: String = row.try_get(5)?;
            Ok(LookRow {
                id: row.try_get(0)?,
                case_id: row.try_get(1)?,
                child_ref: row.try_get(2)?,
                organisation: parse(row, 3)?,
                practitioner: row.try_get(4)?,
                look: Look::from_word(&what).ok_or_else(|| corrupt("routing_looks"))?,
                at: instant(row, 6)?,
            })
        })
        .collect()
}

/// The forces that reported these cases.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn forces(
    conn: &mut AnyConnection,
    cases: &[String],
) -> Result<BTreeMap<String, ForceCode>, StoreError> {
    let sql = format!(
        "SELECT case_id, force FROM routing_cases WHERE case_id IN ({})",
        in_list(1, cases.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(cases.len() == 1);
    for case in cases {
        query = query.bind(case);
    }
    let rows = query.fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, parse(row, 1)?))).collect()
}
