//! By which keyed hashes children of cases are known.

use std::collections::BTreeSet;

use mash_store::{StoreError, Tx, in_list, placeholders};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::CHUNK;

/// A child of a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseChild {
    /// The case.
    pub case_id: String,
    /// The child's reference within the incident; empty for a referral, which has one child.
    pub child_ref: String,
}

impl CaseChild {
    /// Its name: `referrals/{id}`, or `incidents/{id}/children/{ref}`.
    #[must_use]
    pub fn name(&self) -> String {
        let Self { case_id, child_ref } = self;
        if child_ref.is_empty() {
            format!("referrals/{case_id}")
        } else {
            format!("incidents/{case_id}/children/{child_ref}")
        }
    }
}

/// A key by which a child is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Known {
    /// The keyed hash of one of her identifiers.
    pub key: String,
    /// The child.
    pub child: CaseChild,
}

/// Keeps by which keys children are known. What is known stays: a number that was wrong led to her all the same.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn put(tx: &mut Tx, known: &BTreeSet<Known>) -> Result<(), StoreError> {
    let known: Vec<&Known> = known.iter().collect();
    for chunk in known.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO routing_subjects (subject_key, case_id, child_ref) VALUES {} ON CONFLICT DO NOTHING",
            placeholders(chunk.len(), 3)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == 1);
        for Known { key, child } in chunk {
            query = query.bind(key).bind(&child.case_id).bind(&child.child_ref);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// The children that are known by one of these keys.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn with_keys(
    conn: &mut AnyConnection,
    keys: &BTreeSet<String>,
) -> Result<BTreeSet<CaseChild>, StoreError> {
    let mut found = BTreeSet::new();
    let keys: Vec<&String> = keys.iter().collect();
    for chunk in keys.chunks(CHUNK) {
        let sql = format!(
            "SELECT case_id, child_ref FROM routing_subjects WHERE subject_key IN ({})",
            in_list(1, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == 1);
        for key in chunk {
            query = query.bind(*key);
        }
        for row in query.fetch_all(&mut *conn).await? {
            found.insert(child_of(&row)?);
        }
    }
    Ok(found)
}

/// The keys by which these children are known.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn keys_of(
    conn: &mut AnyConnection,
    children: &BTreeSet<CaseChild>,
) -> Result<BTreeSet<String>, StoreError> {
    let mut found = BTreeSet::new();
    for child in children {
        const SELECT: &str =
            "SELECT subject_key FROM routing_subjects WHERE case_id = $1 AND child_ref = $2";
        let query = sqlx::query(SELECT).bind(&child.case_id).bind(&child.child_ref);
        for row in query.fetch_all(&mut *conn).await? {
            found.insert(row.try_get(0)?);
        }
    }
    Ok(found)
}

fn child_of(row: &AnyRow) -> Result<CaseChild, StoreError> {
    Ok(CaseChild { case_id: row.try_get(0)?, child_ref: row.try_get(1)? })
}
