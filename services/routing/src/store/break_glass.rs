//! Glass that was broken: who, over whom, why, who was told, and what a review came to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mash_domain::{
    organisation::OrganisationId,
    rights::{
        break_glass::{Glass, Urgency, Verdict},
        subject_access::{Because, Reason},
    },
};
use mash_proto::{police::v1 as police, referral::v1::ItemSubmitted};
use mash_store::{Column, Look, StoreError, Tx, opening, placeholders};
use prost::Message as _;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    ERASED, INCIDENT, corrupt, items,
    load::{instant, lock, parse},
    subjects::CaseChild,
};

const TABLE: &str = "routing_break_glass";
/// Why it was broken, and what the reviewer said: words that may tell of any of the child's cases, so that they go with
/// the first of them that is erased.
const REASON: Column = Column::new("decision", "routing_break_glass.reason");
const REVIEW: Column = Column::new("decision", "routing_break_glass.review_reason");
const SELECT: &str = "SELECT g.glass_id, g.organisation, g.practitioner, g.life_at_risk, g.open_ms, g.reason, g.verdict,
    g.reviewer, g.review_ms, g.review_reason FROM routing_break_glass g";

/// A use, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its opaque id.
    pub id: String,
    /// What was done.
    pub glass: Glass,
}

/// Whom a use concerns, and in which of the child's cases.
pub type Concerned = BTreeMap<OrganisationId, BTreeSet<CaseChild>>;

/// When the oldest use of an organisation was that waits for its review. Until the transaction ends, nobody else of the
/// organisation breaks any.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn unreviewed(
    tx: &mut Tx,
    organisation: &OrganisationId,
) -> Result<Option<Timestamp>, StoreError> {
    lock(tx, &[format!("break-glass/{organisation}")]).await?;
    let row = sqlx::query(
        "SELECT open_ms FROM routing_break_glass WHERE organisation = $1 AND review_ms = 0 ORDER BY open_ms LIMIT 1",
    )
    .bind(organisation.to_string())
    .fetch_optional(tx.conn())
    .await?;
    row.map(|row| instant(&row, 0)).transpose()
}

/// Keeps a new use, the child's cases, and whom it concerns.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn put(
    tx: &mut Tx,
    Kept { id, glass }: &Kept,
    children: &BTreeSet<CaseChild>,
    concerned: &Concerned,
) -> Result<(), StoreError> {
    let words = glass.reason().as_str().as_bytes();
    let reason = REASON.seal_for_all(tx, &cases(children), id, words).await?;
    let opened = glass.because.at.as_millisecond();
    sqlx::query(
        "INSERT INTO routing_break_glass (glass_id, organisation, practitioner, life_at_risk, open_ms, reason, verdict,
         reviewer, review_ms, review_reason) VALUES ($1, $2, $3, $4, $5, $6, '', '', 0, $7)",
    )
    .bind(id)
    .bind(glass.organisation.to_string())
    .bind(&glass.because.by)
    .bind(i64::from(glass.urgency == Urgency::LifeAtRisk))
    .bind(opened)
    .bind(reason)
    .bind(Vec::<u8>::new())
    .execute(tx.conn())
    .await?;
    let sql = format!(
        "INSERT INTO routing_break_glass_children (glass_id, case_id, child_ref) VALUES {}",
        placeholders(children.len(), 3)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    for child in children {
        query = query.bind(id).bind(&child.case_id).bind(&child.child_ref);
    }
    query.execute(tx.conn()).await?;
    for (organisation, cases) in concerned {
        let heard = if *organisation == glass.organisation { opened } else { 0 };
        let cases: Vec<String> = cases.iter().map(CaseChild::name).collect();
        sqlx::query(
            "INSERT INTO routing_break_glass_told (organisation, glass_id, open_ms, heard_ms, cases) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(organisation.to_string())
        .bind(id)
        .bind(opened)
        .bind(heard)
        .bind(cases.join(" "))
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// A use of this organisation, which nobody else changes until the transaction ends.
///
/// # Errors
///
/// [`StoreError`] if the store fails or the row does not read back.
pub async fn hold(
    tx: &mut Tx,
    id: &str,
    organisation: &OrganisationId,
) -> Result<Option<Kept>, StoreError> {
    let sql = format!("{SELECT} WHERE glass_id = $1 AND organisation = $2{}", tx.for_update());
    let query = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(organisation.to_string());
    let rows = query.fetch_all(tx.conn()).await?;
    match rows.first() {
        Some(row) => Ok(Some(kept_of(tx, row).await?)),
        None => Ok(None),
    }
}

/// Keeps what a review came to.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn reviewed(
    tx: &mut Tx,
    id: &str,
    (verdict, because): (Verdict, &Because),
) -> Result<(), StoreError> {
    let cases = cases(&children(tx, id).await?);
    let reason = REVIEW.seal_for_all(tx, &cases, id, because.reason.as_str().as_bytes()).await?;
    sqlx::query(
        "UPDATE routing_break_glass SET verdict = $1, reviewer = $2, review_ms = $3, review_reason = $4 WHERE glass_id = $5",
    )
    .bind(verdict.word())
    .bind(&because.by)
    .bind(because.at.as_millisecond())
    .bind(reason)
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The child of a use, in each of her cases.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn children(tx: &mut Tx, id: &str) -> Result<BTreeSet<CaseChild>, StoreError> {
    const SELECT: &str =
        "SELECT case_id, child_ref FROM routing_break_glass_children WHERE glass_id = $1";
    let rows = sqlx::query(SELECT).bind(id).fetch_all(tx.conn()).await?;
    rows.iter()
        .map(|row| Ok(CaseChild { case_id: row.try_get(0)?, child_ref: row.try_get(1)? }))
        .collect()
}

/// Says that an organisation has heard of a use. False if it does not concern it.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn heard(
    tx: &mut Tx,
    id: &str,
    organisation: &OrganisationId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE routing_break_glass_told SET heard_ms = CASE WHEN heard_ms = 0 THEN $1 ELSE heard_ms END
         WHERE organisation = $2 AND glass_id = $3",
    )
    .bind(now.as_millisecond())
    .bind(organisation.to_string())
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Which uses are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that concern the organisation.
    All,
    /// Those of which it has not said that it has heard.
    Unheard,
}

/// Uses that concern an organisation before this one, the latest first, each with the child's cases in which it has a part.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn list(
    conn: &mut dyn Look,
    organisation: &OrganisationId,
    which: Which,
    before: &(i64, String),
    limit: i64,
) -> Result<Vec<(Kept, Vec<String>)>, StoreError> {
    let unheard = if which == Which::Unheard { "AND t.heard_ms = 0" } else { "" };
    let select = SELECT.replace(" FROM ", ", t.cases FROM ");
    let sql = format!(
        "{select} JOIN routing_break_glass_told t ON t.glass_id = g.glass_id
         WHERE t.organisation = $1 AND (t.open_ms < $2 OR (t.open_ms = $3 AND t.glass_id < $4)) {unheard}
         ORDER BY t.open_ms DESC, t.glass_id DESC LIMIT $5"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(organisation.to_string())
        .bind(before.0)
        .bind(before.0)
        .bind(&before.1)
        .bind(limit)
        .fetch_all(conn.conn())
        .await?;
    let mut found = Vec::new();
    for row in &rows {
        let cases: String = row.try_get(10)?;
        let cases = cases.split(' ').filter(|case| !case.is_empty()).map(str::to_owned);
        found.push((kept_of(conn, row).await?, cases.collect()));
    }
    Ok(found)
}

/// Whether a case has this child, whatever was erased of it: a referral has one, an incident those who are owed something
/// or are known by a number.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn is_child(conn: &mut dyn Look, child: &CaseChild) -> Result<bool, StoreError> {
    let found = if child.child_ref.is_empty() {
        sqlx::query("SELECT item_id FROM routing_items WHERE case_id = $1 LIMIT 1")
            .bind(&child.case_id)
            .fetch_optional(conn.conn())
            .await?
    } else {
        sqlx::query(
            "SELECT case_id FROM routing_cases c WHERE case_id = $1 AND (
             EXISTS (SELECT 1 FROM routing_duties d WHERE d.case_id = c.case_id AND d.child_ref = $2) OR
             EXISTS (SELECT 1 FROM routing_subjects s WHERE s.case_id = c.case_id AND s.child_ref = $3))",
        )
        .bind(&child.case_id)
        .bind(&child.child_ref)
        .bind(&child.child_ref)
        .fetch_optional(conn.conn())
        .await?
    };
    Ok(found.is_some())
}

fn cases(children: &BTreeSet<CaseChild>) -> BTreeSet<String> {
    children.iter().map(|child| child.case_id.clone()).collect()
}

/// The incident of a case as it was reported, and the submissions about it that are still held. What was erased is gone.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn behind(
    conn: &mut dyn Look,
    case: &str,
) -> Result<(Option<police::Incident>, Vec<ItemSubmitted>), StoreError> {
    let rows = sqlx::query("SELECT incident FROM routing_cases WHERE case_id = $1")
        .bind(case)
        .fetch_all(conn.conn())
        .await?;
    let open = opening(conn, &rows, &[0]).await?;
    let mut incident = None;
    for row in &rows {
        let bytes = open.column_or_none(&INCIDENT, case, row.try_get(0)?)?;
        if !bytes.is_empty() {
            let read = police::Incident::decode(bytes.as_slice());
            incident = Some(read.map_err(|_| corrupt("routing_cases"))?);
        }
    }
    let files = items::read(conn, &[case.to_owned()]).await?;
    let held = files.get(case).into_iter().flat_map(|file| file.items());
    let held = held.filter(|item| !item.withdrawn && !item.payload.is_empty());
    let items = held
        .map(|item| ItemSubmitted::decode(item.payload.as_slice()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| corrupt("routing_items"))?;
    Ok((incident, items))
}

async fn kept_of(conn: &mut dyn Look, row: &AnyRow) -> Result<Kept, StoreError> {
    let id: String = row.try_get(0)?;
    let reason = words(REASON.open_for_all(conn, &id, row.try_get(5)?).await?)?;
    let verdict: String = row.try_get(6)?;
    let review = match Verdict::from_word(&verdict) {
        None => None,
        Some(verdict) => {
            let said = words(REVIEW.open_for_all(conn, &id, row.try_get(9)?).await?)?;
            Some((verdict, Because { by: row.try_get(7)?, at: instant(row, 8)?, reason: said }))
        }
    };
    let because = Because { by: row.try_get(2)?, at: instant(row, 4)?, reason };
    let at_risk = row.try_get::<i64, _>(3)? != 0;
    let urgency = if at_risk { Urgency::LifeAtRisk } else { Urgency::Pressing };
    let glass = Glass { organisation: parse(row, 1)?, because, urgency, review };
    Ok(Kept { id, glass })
}

fn words(bytes: Vec<u8>) -> Result<Reason, StoreError> {
    let text = String::from_utf8(bytes).map_err(|_| corrupt(TABLE))?;
    let text = if text.is_empty() { ERASED } else { &text };
    Ok(Reason::new(text).ok_or_else(|| corrupt(TABLE))?)
}
