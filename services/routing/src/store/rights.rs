//! Officers, requests for subject access, and who looked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mash_domain::{
    identifier::ForceCode,
    organisation::OrganisationId,
    rights::{looked::Look, subject_access::SubjectAccess},
};
use mash_proto::sharing::v1::{AccessRecord, SubjectAccess as SubjectAccessWire};
use mash_store::{StoreError, Tx, in_list, placeholders};
use prost::Message as _;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    CHUNK, corrupt,
    load::{instant, parse},
};
use crate::rights::wire;

const TABLE: &str = "routing_subject_access";

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

/// Keeps a request as it stands, with the day on which it is due.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn put(tx: &mut Tx, kept: &Kept, due_day: &str) -> Result<(), StoreError> {
    let over = i64::from(kept.request.state.is_final());
    let assembled = kept.assembled_at.map_or(0, |at| at.as_millisecond());
    sqlx::query(
        "INSERT INTO routing_subject_access
         (access_id, organisation, subject, made_ms, assembled_ms, over, due_day, payload, record)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (access_id) DO UPDATE SET assembled_ms = excluded.assembled_ms, over = excluded.over,
         due_day = excluded.due_day, payload = excluded.payload",
    )
    .bind(&kept.id)
    .bind(kept.organisation.to_string())
    .bind(&kept.subject)
    .bind(kept.made_at.as_millisecond())
    .bind(assembled)
    .bind(over)
    .bind(due_day)
    .bind(wire::kept(&kept.request).encode_to_vec())
    .bind(Vec::<u8>::new())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps what was put together.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn put_record(tx: &mut Tx, id: &str, record: &AccessRecord) -> Result<(), StoreError> {
    sqlx::query("UPDATE routing_subject_access SET record = $1 WHERE access_id = $2")
        .bind(record.encode_to_vec())
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

const SELECT: &str = "SELECT access_id, organisation, subject, made_ms, assembled_ms, payload FROM routing_subject_access WHERE";

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
    query.fetch_optional(tx.conn()).await?.as_ref().map(kept_of).transpose()
}

/// A request of this organisation as it stands, and its record, empty before there is one.
///
/// # Errors
///
/// [`StoreError`] if the store fails or the row does not read back.
pub async fn get(
    conn: &mut AnyConnection,
    id: &str,
    organisation: &OrganisationId,
) -> Result<Option<(Kept, AccessRecord)>, StoreError> {
    let sql = format!("{SELECT} access_id = $1 AND organisation = $2");
    let query = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(organisation.to_string());
    let Some(row) = query.fetch_optional(&mut *conn).await? else { return Ok(None) };
    let kept = kept_of(&row)?;
    let record: Vec<u8> =
        sqlx::query_scalar("SELECT record FROM routing_subject_access WHERE access_id = $1")
            .bind(id)
            .fetch_one(conn)
            .await?;
    let record = AccessRecord::decode(record.as_slice()).map_err(|_| corrupt(TABLE))?;
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
    conn: &mut AnyConnection,
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
        .fetch_all(conn)
        .await?;
    rows.iter().map(kept_of).collect()
}

fn kept_of(row: &AnyRow) -> Result<Kept, StoreError> {
    let payload: Vec<u8> = row.try_get(5)?;
    let payload = SubjectAccessWire::decode(payload.as_slice()).map_err(|_| corrupt(TABLE))?;
    let assembled: i64 = row.try_get(4)?;
    Ok(Kept {
        id: row.try_get(0)?,
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
