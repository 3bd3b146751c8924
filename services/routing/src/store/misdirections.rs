//! Reports that went to somebody who should not have had them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mash_domain::{
    organisation::OrganisationId,
    rights::{
        misdirection::{Copy, Misdirection, Ruling},
        subject_access::{Because, Reason},
    },
};
use mash_store::{Column, Look, StoreError, Tx, in_list, keys::Opening, opening, present};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    ERASED, corrupt,
    load::{bell, instant, parse},
};

const TABLE: &str = "routing_misdirections";
/// Why somebody ruled as she did: words that may tell of the child.
const REASON: Column = Column::new("decision", "routing_misdirections.reason");

/// A misdirection, with its case and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The case.
    pub case_id: String,
    /// The force that reported.
    pub organisation: OrganisationId,
    /// The misdirection.
    pub found: Misdirection,
}

/// Keeps a misdirection that has just become known. One that is known stays as it is.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn put(tx: &mut Tx, kept: &Kept) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO routing_misdirections
         (case_id, organisation, aware_ms, ruling, ruled_ms, ruled_by, reason)
         VALUES ($1, $2, $3, '', 0, '', '') ON CONFLICT DO NOTHING",
    )
    .bind(&kept.case_id)
    .bind(kept.organisation.to_string())
    .bind(kept.found.aware_at.as_millisecond())
    .execute(tx.conn())
    .await?;
    for (disclosure, copy) in &kept.found.copies {
        sqlx::query(
            "INSERT INTO routing_misdirected_copies (disclosure_id, case_id, recipient, deleted_ms)
             VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING",
        )
        .bind(disclosure)
        .bind(&kept.case_id)
        .bind(copy.recipient.to_string())
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Keeps that a recipient has deleted what it had. The first time counts; what was not misdirected changes nothing.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn deleted(tx: &mut Tx, disclosure: &str, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE routing_misdirected_copies SET deleted_ms = $1 WHERE disclosure_id = $2 AND deleted_ms = 0",
    )
    .bind(at.as_millisecond())
    .bind(disclosure)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps what was decided.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn rule(
    tx: &mut Tx,
    case: &str,
    (ruling, because): (Ruling, &Because),
) -> Result<(), StoreError> {
    let reason = REASON.seal_text(tx, case, case, because.reason.as_str()).await?;
    sqlx::query(
        "UPDATE routing_misdirections SET ruling = $1, ruled_ms = $2, ruled_by = $3, reason = $4
         WHERE case_id = $5",
    )
    .bind(ruling.word())
    .bind(because.at.as_millisecond())
    .bind(&because.by)
    .bind(reason)
    .bind(case)
    .execute(tx.conn())
    .await?;
    Ok(())
}

const SELECT: &str = "SELECT case_id, organisation, aware_ms, ruling, ruled_ms, ruled_by, reason FROM routing_misdirections m WHERE";

/// A misdirection of this force, which nobody else changes until the transaction ends.
///
/// # Errors
///
/// [`StoreError`] if the store fails or the row does not read back.
pub async fn hold(
    tx: &mut Tx,
    case: &str,
    organisation: &OrganisationId,
) -> Result<Option<Kept>, StoreError> {
    let sql = format!("{SELECT} case_id = $1 AND organisation = $2{}", tx.for_update());
    let query = sqlx::query(AssertSqlSafe(sql)).bind(case).bind(organisation.to_string());
    let row = query.fetch_optional(tx.conn()).await?;
    let rows: Vec<AnyRow> = row.into_iter().collect();
    Ok(with_copies(tx, &rows).await?.pop())
}

/// The misdirections of a force, and those of which this organisation had something, after this time and case, oldest
/// first.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn list(
    conn: &mut dyn Look,
    organisation: &OrganisationId,
    after: &(i64, String),
    limit: i64,
) -> Result<Vec<Kept>, StoreError> {
    let sql = format!(
        "{SELECT} (organisation = $1 OR EXISTS (SELECT 1 FROM routing_misdirected_copies c
         WHERE c.case_id = m.case_id AND c.recipient = $2))
         AND (aware_ms > $3 OR (aware_ms = $4 AND case_id > $5)) ORDER BY aware_ms, case_id LIMIT $6"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(organisation.to_string())
        .bind(organisation.to_string())
        .bind(after.0)
        .bind(after.0)
        .bind(&after.1)
        .bind(limit)
        .fetch_all(conn.conn())
        .await?;
    with_copies(conn, &rows).await
}

async fn with_copies(conn: &mut dyn Look, rows: &[AnyRow]) -> Result<Vec<Kept>, StoreError> {
    let open = opening(conn, rows, &[6]).await?;
    let mut found: Vec<Kept> =
        rows.iter().map(|row| kept_of(row, &open)).collect::<Result<_, _>>()?;
    if found.is_empty() {
        return Ok(found);
    }
    let sql = format!(
        "SELECT disclosure_id, case_id, recipient, deleted_ms FROM routing_misdirected_copies WHERE case_id IN ({})",
        in_list(1, found.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    for kept in &found {
        query = query.bind(kept.case_id.clone());
    }
    let mut copies: BTreeMap<String, BTreeMap<String, Copy>> = BTreeMap::new();
    for row in query.fetch_all(conn.conn()).await? {
        let copy = Copy { recipient: parse(&row, 2)?, deleted_at: bell(&row, 3)? };
        copies.entry(row.try_get(1)?).or_default().insert(row.try_get(0)?, copy);
    }
    for kept in &mut found {
        kept.found.copies = copies.remove(&kept.case_id).unwrap_or_default();
    }
    Ok(found)
}

fn kept_of(row: &AnyRow, open: &Opening) -> Result<Kept, StoreError> {
    let case_id: String = row.try_get(0)?;
    let word: String = row.try_get(3)?;
    let ruling = if word.is_empty() {
        None
    } else {
        let ruling = Ruling::from_word(&word).ok_or_else(|| corrupt(TABLE))?;
        let reason = present(open.text(&REASON, &case_id, row.try_get(6)?)).transpose()?;
        let reason =
            Reason::new(reason.as_deref().unwrap_or(ERASED)).ok_or_else(|| corrupt(TABLE))?;
        Some((ruling, Because { by: row.try_get(5)?, at: instant(row, 4)?, reason }))
    };
    Ok(Kept {
        case_id,
        organisation: parse(row, 1)?,
        found: Misdirection { aware_at: instant(row, 2)?, copies: BTreeMap::new(), ruling },
    })
}
