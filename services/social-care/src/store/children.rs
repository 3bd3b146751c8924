//! Children as a hub knows them: by keyed hashes alone.

use std::collections::HashMap;

use mash_store::{Column, StoreError, Tx, keys::Opening, opening};
use sqlx::{Row as _, any::AnyRow};

use super::{
    Conn, RECORD, case_of,
    rows::{Known, Table, Value, by_ids},
};

const TABLE: Table = Table {
    name: "social_care_children",
    columns: &[
        "authority",
        "child",
        "merged_into",
        "worker",
        "lead",
        "case_id",
        "status",
        "status_revision",
        "version",
    ],
    key: 2,
};
const MARKS: Table =
    Table { name: "social_care_child_marks", columns: &["authority", "mac", "child"], key: 2 };
const STRANGERS: Table =
    Table { name: "social_care_strangers", columns: &["authority", "one", "other"], key: 3 };
const STATUS: Column = Column::new(RECORD, "social_care_children.status");
const READ: &str =
    "SELECT authority, child, merged_into, worker, lead, case_id, status, status_revision
                    FROM social_care_children WHERE authority = $1 AND";

/// A child.
#[derive(Clone, Default)]
pub(crate) struct Child {
    pub(crate) authority: String,
    /// Opaque.
    pub(crate) id: String,
    /// Who she turned out to be; empty if she is herself.
    pub(crate) merged_into: String,
    /// The allocated worker of an open case; empty if there is none.
    pub(crate) worker: String,
    /// The lead worker of a plan; empty if there is none.
    pub(crate) lead: String,
    /// Under which case health boards were told what stands.
    pub(crate) case_id: String,
    /// What they were told: the bytes of a `ProtectionStatus`.
    pub(crate) status: Vec<u8>,
    /// How often they were told.
    pub(crate) status_revision: i64,
}

/// Writes children, new or changed.
pub(crate) async fn put(tx: &mut Tx, children: &[&Child]) -> Result<(), StoreError> {
    let rows = children.iter().map(|child| -> Vec<Value> {
        let Child { authority, id, merged_into, worker, lead, case_id, status, status_revision } =
            child;
        vec![
            authority.as_str().into(),
            id.as_str().into(),
            merged_into.as_str().into(),
            worker.as_str().into(),
            lead.as_str().into(),
            case_id.as_str().into(),
            Value::sealed(&STATUS, case_of(case_id, id), status.clone()),
            (*status_revision).into(),
            0_i64.into(),
        ]
    });
    TABLE.put(tx, Known::Replaced, rows.collect()).await
}

/// Says that these marks are of these children. A mark that is known stays with its child.
pub(crate) async fn mark(
    tx: &mut Tx,
    marks: &[(String, String, String)],
) -> Result<(), StoreError> {
    let rows = marks.iter().map(|(authority, mac, child)| -> Vec<Value> {
        vec![authority.as_str().into(), mac.as_str().into(), child.as_str().into()]
    });
    MARKS.put(tx, Known::Kept, rows.collect()).await
}

/// Whose marks these are.
pub(crate) async fn of_marks(
    conn: &mut Conn,
    authority: &str,
    macs: &[&str],
) -> Result<HashMap<String, String>, StoreError> {
    let sql = "SELECT mac, child FROM social_care_child_marks WHERE authority = $1 AND mac";
    let rows = by_ids(conn, sql, Some(authority), macs).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// The marks of these children.
pub(crate) async fn marks_of(
    conn: &mut Conn,
    authority: &str,
    children: &[&str],
) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT child, mac FROM social_care_child_marks WHERE authority = $1 AND child";
    let rows = by_ids(conn, sql, Some(authority), children).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// These children of a hub.
pub(crate) async fn get(
    conn: &mut Conn,
    authority: &str,
    ids: &[&str],
) -> Result<HashMap<String, Child>, StoreError> {
    let rows = by_ids(conn, &format!("{READ} child"), Some(authority), ids).await?;
    let open = opening(conn, &rows, &[6]).await?;
    rows.iter().map(|row| child(row, &open).map(|child| (child.id.clone(), child))).collect()
}

/// The children of whom health boards were told under these cases.
pub(crate) async fn of_cases(
    conn: &mut Conn,
    authority: &str,
    cases: &[&str],
) -> Result<HashMap<String, Child>, StoreError> {
    let rows = by_ids(conn, &format!("{READ} case_id"), Some(authority), cases).await?;
    let open = opening(conn, &rows, &[6]).await?;
    rows.iter().map(|row| child(row, &open).map(|child| (child.case_id.clone(), child))).collect()
}

/// Keeps that these two are not one.
pub(crate) async fn tell_apart(
    tx: &mut Tx,
    authority: &str,
    one: &str,
    other: &str,
) -> Result<(), StoreError> {
    let (one, other) = if one < other { (one, other) } else { (other, one) };
    let row = vec![authority.into(), one.into(), other.into()];
    STRANGERS.put(tx, Known::Kept, vec![row]).await
}

/// Whether somebody has said that these two are not one.
pub(crate) async fn are_strangers(
    conn: &mut Conn,
    authority: &str,
    one: &str,
    other: &str,
) -> Result<bool, StoreError> {
    let (one, other) = if one < other { (one, other) } else { (other, one) };
    let row = sqlx::query(
        "SELECT 1 FROM social_care_strangers WHERE authority = $1 AND one = $2 AND other = $3",
    )
    .bind(authority)
    .bind(one)
    .bind(other)
    .fetch_optional(conn.conn())
    .await?;
    Ok(row.is_some())
}

/// Moves the marks of one child to another.
pub(crate) async fn move_marks(
    tx: &mut Tx,
    authority: &str,
    from: &str,
    to: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE social_care_child_marks SET child = $3 WHERE authority = $1 AND child = $2",
    )
    .bind(authority)
    .bind(from)
    .bind(to)
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn child(row: &AnyRow, open: &Opening) -> Result<Child, StoreError> {
    let id: String = row.try_get(1)?;
    Ok(Child {
        authority: row.try_get(0)?,
        merged_into: row.try_get(2)?,
        worker: row.try_get(3)?,
        lead: row.try_get(4)?,
        case_id: row.try_get(5)?,
        status: open.column_or_none(&STATUS, &id, row.try_get(6)?)?,
        id,
        status_revision: row.try_get(7)?,
    })
}
