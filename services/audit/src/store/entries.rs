//! The entries themselves.

use std::collections::HashMap;

use mash_store::{StoreError, Tx, in_list, listed, pieces, placeholders};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};
use uuid::Uuid;

use super::{CHUNK, count, number};

/// An entry to be written.
pub(crate) struct NewEntry {
    pub(crate) id: Uuid,
    pub(crate) organisation: String,
    pub(crate) case: String,
    pub(crate) encoded: Vec<u8>,
}

/// An entry in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) index: u64,
    pub(crate) encoded: Vec<u8>,
}

/// Which of these there are already.
pub(crate) async fn known(tx: &mut Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<u8>>, StoreError> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let (list, ids) = listed(1, chunk);
        let sql = format!("SELECT entry_id, entry FROM audit_entries WHERE entry_id IN ({list})");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for id in ids {
            query = query.bind(id.as_bytes().as_slice());
        }
        for row in query.fetch_all(tx.conn()).await? {
            let id = Uuid::from_slice(&row.try_get::<Vec<u8>, _>(0)?)
                .map_err(|_| StoreError::Corrupt("the id of an entry"))?;
            found.insert(id, row.try_get(1)?);
        }
    }
    Ok(found)
}

/// Writes entries from this place on.
pub(crate) async fn insert(
    tx: &mut Tx,
    first: u64,
    entries: &[NewEntry],
) -> Result<(), StoreError> {
    let mut index = number(first);
    for chunk in pieces(entries) {
        let sql = format!(
            "INSERT INTO audit_entries (idx, entry_id, organisation, case_id, entry) VALUES {}",
            placeholders(chunk.len(), 5)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for entry in chunk {
            query = query
                .bind(index)
                .bind(entry.id.as_bytes().as_slice())
                .bind(&entry.organisation)
                .bind(&entry.case)
                .bind(&entry.encoded);
            index += 1;
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// The entry of this id, if it is about this organisation, or about any if none is named.
pub(crate) async fn find(
    conn: &mut AnyConnection,
    id: Uuid,
    organisation: Option<&str>,
) -> Result<Option<Placed>, StoreError> {
    let row = sqlx::query(
        "SELECT idx, entry FROM audit_entries WHERE entry_id = $1 AND ($2 = '' OR organisation = $3)",
    )
    .bind(id.as_bytes().as_slice())
    .bind(organisation.unwrap_or_default())
    .bind(organisation.unwrap_or_default())
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(placed).transpose()
}

/// So many entries from this place on, and before that one.
pub(crate) async fn list(
    conn: &mut AnyConnection,
    (from, before): (u64, u64),
    organisation: Option<&str>,
    limit: u64,
) -> Result<Vec<Placed>, StoreError> {
    let rows = match organisation {
        None => {
            sqlx::query(
                "SELECT idx, entry FROM audit_entries WHERE idx >= $1 AND idx < $2 ORDER BY idx LIMIT $3",
            )
            .bind(number(from))
            .bind(number(before))
            .bind(number(limit))
            .fetch_all(conn)
            .await?
        }
        Some(organisation) => {
            sqlx::query(
                "SELECT idx, entry FROM audit_entries WHERE organisation = $1 AND idx >= $2 AND idx < $3
                 ORDER BY idx LIMIT $4",
            )
            .bind(organisation)
            .bind(number(from))
            .bind(number(before))
            .bind(number(limit))
            .fetch_all(conn)
            .await?
        }
    };
    rows.iter().map(placed).collect()
}

/// The entries about these cases before this place, in order, and at most so many.
pub(crate) async fn of_cases(
    conn: &mut AnyConnection,
    cases: &[String],
    before: u64,
    limit: u64,
) -> Result<Vec<Placed>, StoreError> {
    let sql = format!(
        "SELECT idx, entry FROM audit_entries WHERE case_id IN ({}) AND idx < $1 ORDER BY idx LIMIT $2",
        in_list(3, cases.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .persistent(cases.len() == 1)
        .bind(number(before))
        .bind(number(limit));
    for case in cases {
        query = query.bind(case);
    }
    query.fetch_all(conn).await?.iter().map(placed).collect()
}

/// Some rows that do not say about which case they are.
pub(crate) async fn without_case(tx: &mut Tx, limit: u64) -> Result<Vec<Placed>, StoreError> {
    sqlx::query("SELECT idx, entry FROM audit_entries WHERE case_id IS NULL ORDER BY idx LIMIT $1")
        .bind(number(limit))
        .fetch_all(tx.conn())
        .await?
        .iter()
        .map(placed)
        .collect()
}

/// Says about which case a row is.
pub(crate) async fn set_case(tx: &mut Tx, index: u64, case: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE audit_entries SET case_id = $1 WHERE idx = $2")
        .bind(case)
        .bind(number(index))
        .execute(tx.conn())
        .await?;
    Ok(())
}

fn placed(row: &AnyRow) -> Result<Placed, StoreError> {
    Ok(Placed { index: count(row.try_get(0)?)?, encoded: row.try_get(1)? })
}
