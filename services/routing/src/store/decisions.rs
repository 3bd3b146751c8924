//! Reading decisions back, and counting duties.

use mash_domain::{identifier::ForceCode, incident::CaseId, organisation::OrganisationId};
use mash_proto::{
    referral::v1::ItemKind,
    sharing::v1::{Decision, DecisionFacts, GetConservationResponse, ItemCount},
};
use mash_store::{Look, Store, StoreError, keys::Opening, listed, opening, present};
use prost::Message;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{FACTS, corrupt, items, load::parse};
use crate::{
    duty::DutyState,
    items::{file::ReleaseState, submission::KINDS},
    rulesets::simulate::Recorded,
};

/// The force that reported a case, if routing knows the case.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn force_of(store: &Store, case: CaseId) -> Result<Option<ForceCode>, StoreError> {
    let mut read = store.read().await?;
    let row = sqlx::query("SELECT force FROM routing_cases WHERE case_id = $1")
        .bind(case.to_string())
        .fetch_optional(&mut *read)
        .await?;
    row.as_ref().map(|row| parse(row, 0)).transpose()
}

/// Who sent an item, if routing knows it.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn sender_of(store: &Store, item: &str) -> Result<Option<OrganisationId>, StoreError> {
    let mut read = store.read().await?;
    let row = sqlx::query("SELECT sender FROM routing_items WHERE item_id = $1")
        .bind(item)
        .fetch_optional(&mut *read)
        .await?;
    row.as_ref().map(|row| parse(row, 0)).transpose()
}

/// Where a page of decisions starts: after this instant and id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// Milliseconds since the epoch.
    pub decided_ms: i64,
    /// The name of the last decision of the page before.
    pub name: String,
}

/// The decisions on a case, oldest first.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn list(
    store: &Store,
    case: CaseId,
    after: &After,
    limit: i64,
) -> Result<Vec<(After, Decision)>, StoreError> {
    let mut read = store.read().await?;
    let rows = sqlx::query(
        "SELECT decision_id, decided_ms, payload FROM routing_decisions
         WHERE case_id = $1 AND (decided_ms > $2 OR (decided_ms = $2 AND decision_id > $3))
         ORDER BY decided_ms, decision_id LIMIT $4",
    )
    .bind(case.to_string())
    .bind(after.decided_ms)
    .bind(&after.name)
    .bind(limit)
    .fetch_all(&mut *read)
    .await?;
    rows.iter()
        .map(|row| {
            let payload: Vec<u8> = row.try_get(2)?;
            let decision =
                Decision::decode(payload.as_slice()).map_err(|_| corrupt("routing_decisions"))?;
            Ok((After { decided_ms: row.try_get(1)?, name: row.try_get(0)? }, decision))
        })
        .collect()
}

/// The decision with this name, and what it rested on.
///
/// # Errors
///
/// [`StoreError`] if the store fails or the row does not read back.
pub async fn find(store: &Store, name: &str) -> Result<Option<Recorded>, StoreError> {
    let mut read = store.read().await?;
    let sql = "SELECT payload, facts, decision_id FROM routing_decisions WHERE decision_id = $1";
    let rows = sqlx::query(sql).bind(name).fetch_all(&mut *read).await?;
    let open = opening(&mut read, &rows, &[1]).await?;
    rows.first().map(|row| recorded(row, 0, (&open, name))).transpose()
}

/// Every decision after this one, oldest first, with what it rested on.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn since(
    store: &Store,
    after: &After,
    limit: i64,
) -> Result<Vec<(After, Recorded)>, StoreError> {
    let mut read = store.read().await?;
    let rows = sqlx::query(
        "SELECT decision_id, decided_ms, payload, facts FROM routing_decisions
         WHERE decided_ms > $1 OR (decided_ms = $1 AND decision_id > $2)
         ORDER BY decided_ms, decision_id LIMIT $3",
    )
    .bind(after.decided_ms)
    .bind(&after.name)
    .bind(limit)
    .fetch_all(&mut *read)
    .await?;
    let open = opening(&mut read, &rows, &[3]).await?;
    rows.iter()
        .map(|row| {
            let after = After { decided_ms: row.try_get(1)?, name: row.try_get(0)? };
            let recorded = recorded(row, 2, (&open, &after.name))?;
            Ok((after, recorded))
        })
        .collect()
}

/// Every decision on these cases with what it rested on, oldest first, and at most so many.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn of_cases(
    conn: &mut dyn Look,
    cases: &[String],
    limit: i64,
) -> Result<Vec<Recorded>, StoreError> {
    let (list, cases) = listed(2, cases);
    let sql = format!(
        "SELECT decision_id, payload, facts FROM routing_decisions WHERE case_id IN ({list})
         ORDER BY decided_ms, decision_id LIMIT $1"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(limit);
    for case in cases {
        query = query.bind(case);
    }
    let rows = query.fetch_all(conn.conn()).await?;
    let open = opening(conn, &rows, &[2]).await?;
    rows.iter().map(|row| recorded(row, 1, (&open, &row.try_get::<String, _>(0)?))).collect()
}

/// A decision and its facts, from this column and the next. Facts that were erased are none.
fn recorded(
    row: &AnyRow,
    column: usize,
    (open, name): (&Opening, &str),
) -> Result<Recorded, StoreError> {
    let (payload, facts): (Vec<u8>, Option<Vec<u8>>) =
        (row.try_get(column)?, row.try_get(column + 1)?);
    let facts = facts.map(|facts| present(open.column(&FACTS, name, facts)));
    let facts = facts.flatten().transpose()?;
    let unreadable = |_| corrupt("routing_decisions");
    Ok(Recorded {
        decision: Decision::decode(payload.as_slice()).map_err(unreadable)?,
        facts: facts
            .map(|facts| DecisionFacts::decode(facts.as_slice()))
            .transpose()
            .map_err(unreadable)?,
    })
}

/// Counts every duty (P1).
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn count(store: &Store) -> Result<GetConservationResponse, StoreError> {
    let mut read = store.read().await?;
    let rows = sqlx::query(
        "SELECT state, CAST(COUNT(*) AS BIGINT), CAST(SUM(late) AS BIGINT) FROM routing_duties GROUP BY state",
    )
    .fetch_all(&mut *read)
    .await?;
    let mut counts = GetConservationResponse::default();
    for row in rows {
        let word: String = row.try_get(0)?;
        let (number, late): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
        counts.accepted += number;
        counts.late += late;
        match DutyState::of_word(&word).ok_or_else(|| corrupt("routing_duties"))? {
            DutyState::Acknowledged => counts.acknowledged += number,
            DutyState::Escalated => counts.escalated += number,
            DutyState::Withheld => counts.withheld += number,
            DutyState::Released | DutyState::Delivered | DutyState::Opened => {
                counts.pending += number
            }
        }
    }
    let cases = "SELECT CAST(COALESCE(SUM(revision), 0) AS BIGINT) FROM routing_cases";
    counts.submissions = sqlx::query(cases).fetch_one(&mut *read).await?.try_get(0)?;
    let directory = "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(contacts), 0) AS BIGINT) FROM routing_establishments";
    let row = sqlx::query(directory).fetch_one(&mut *read).await?;
    counts.establishments = row.try_get(0)?;
    counts.contacts = row.try_get(1)?;
    let pupils = "SELECT CAST(COUNT(*) AS BIGINT) FROM routing_pupils";
    counts.pupils = sqlx::query(pupils).fetch_one(&mut *read).await?.try_get(0)?;
    let children = "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT DISTINCT case_id, child_ref FROM routing_duties) AS children";
    counts.children = sqlx::query(children).fetch_one(&mut *read).await?.try_get(0)?;
    counts.items = count_items(&mut read).await?;
    Ok(counts)
}

/// Counts what travels about referrals, kind by kind.
async fn count_items(conn: &mut AnyConnection) -> Result<Vec<ItemCount>, StoreError> {
    let (states, items) = items::count(conn).await?;
    let of_kind = |kind: ItemKind| {
        let mut count = ItemCount { kind: kind.into(), ..ItemCount::default() };
        count.items = items.iter().filter(|(it, _)| *it == kind).map(|(_, number)| number).sum();
        for found in states.iter().filter(|found| found.kind == kind) {
            count.accepted += found.number;
            match found.state {
                ReleaseState::Acknowledged => count.acknowledged += found.number,
                ReleaseState::Escalated => count.escalated += found.number,
                ReleaseState::Withheld => count.withheld += found.number,
                ReleaseState::Released | ReleaseState::Delivered => count.pending += found.number,
            }
        }
        count
    };
    Ok(KINDS.into_iter().map(of_kind).filter(|count| count.items > 0).collect())
}
