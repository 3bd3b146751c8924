//! Disagreements with decisions of the hub.

use jiff::Timestamp;
use mash_domain::organisation::OrganisationId;
use mash_store::{StoreError, Tx};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{Conn, Owner, count, instant, organisation};

/// A disagreement.
pub(crate) struct DisagreementRow {
    pub(crate) seq: i64,
    pub(crate) organisation: String,
    pub(crate) item_id: String,
    pub(crate) case_id: String,
    pub(crate) subject: String,
    pub(crate) reply_to: String,
    pub(crate) authority: OrganisationId,
    pub(crate) stage: i64,
    pub(crate) revision: i64,
    /// `open` or `withdrawn`.
    pub(crate) standing: String,
    pub(crate) raised: Timestamp,
}

const COLUMNS: &str = "seq, organisation, item_id, case_id, subject, reply_to, authority, stage, revision, \
     standing, raised_ms";

fn read(row: &AnyRow) -> Result<DisagreementRow, StoreError> {
    let authority: String = row.try_get(6)?;
    Ok(DisagreementRow {
        seq: row.try_get(0)?,
        organisation: row.try_get(1)?,
        item_id: row.try_get(2)?,
        case_id: row.try_get(3)?,
        subject: row.try_get(4)?,
        reply_to: row.try_get(5)?,
        authority: organisation(&authority)?,
        stage: row.try_get(7)?,
        revision: row.try_get(8)?,
        standing: row.try_get(9)?,
        raised: instant(row.try_get(10)?)?,
    })
}

/// Writes a disagreement, new or changed.
pub(crate) async fn put(
    tx: &mut Tx,
    agency: &str,
    row: &DisagreementRow,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO partner_disagreements (agency, organisation, item_id, case_id, subject, reply_to, authority, stage,
         revision, standing, raised_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (agency, item_id) DO UPDATE SET stage = excluded.stage, revision = excluded.revision,
         standing = excluded.standing",
    )
    .bind(agency)
    .bind(&row.organisation)
    .bind(&row.item_id)
    .bind(&row.case_id)
    .bind(&row.subject)
    .bind(&row.reply_to)
    .bind(row.authority.to_string())
    .bind(row.stage)
    .bind(row.revision)
    .bind(&row.standing)
    .bind(row.raised.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The disagreement of this id, which nobody else changes until the transaction ends.
pub(crate) async fn lock(
    tx: &mut Tx,
    owner: Owner<'_>,
    item_id: &str,
) -> Result<Option<DisagreementRow>, StoreError> {
    sqlx::query(
        "UPDATE partner_disagreements SET revision = revision WHERE agency = $1 AND organisation = $2
         AND item_id = $3",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(item_id)
    .execute(tx.conn())
    .await?;
    find(tx, owner, item_id).await
}

/// The disagreement of this id.
pub(crate) async fn find(
    conn: &mut Conn,
    owner: Owner<'_>,
    item_id: &str,
) -> Result<Option<DisagreementRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM partner_disagreements WHERE agency = $1 AND organisation = $2 AND item_id = $3"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(owner.agency)
        .bind(owner.organisation)
        .bind(item_id)
        .fetch_optional(conn.conn())
        .await?;
    row.as_ref().map(read).transpose()
}

/// How many the organisation has raised about this.
pub(crate) async fn raised(
    conn: &mut Conn,
    owner: Owner<'_>,
    subject: &str,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM partner_disagreements WHERE agency = $1 AND organisation = $2 AND subject = $3",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(subject)
    .fetch_one(conn.conn())
    .await?;
    Ok(row.try_get(0)?)
}

/// Disagreements of the organisation after this number, oldest first.
pub(crate) async fn list(
    conn: &mut Conn,
    owner: Owner<'_>,
    after: i64,
    limit: usize,
) -> Result<Vec<DisagreementRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM partner_disagreements WHERE agency = $1 AND organisation = $2 AND seq > $3
         ORDER BY seq LIMIT $4"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(owner.agency)
        .bind(owner.organisation)
        .bind(after)
        .bind(count(limit))
        .fetch_all(conn.conn())
        .await?;
    rows.iter().map(read).collect()
}

/// The names of those that the organisation raised in a case.
pub(crate) async fn of_case(
    conn: &mut Conn,
    owner: Owner<'_>,
    case_id: &str,
) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT item_id FROM partner_disagreements WHERE agency = $1 AND organisation = $2 AND case_id = $3",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(case_id)
    .fetch_all(conn.conn())
    .await?;
    let name = |row: &AnyRow| -> Result<String, StoreError> {
        let id: String = row.try_get(0)?;
        Ok(format!("disagreements/{id}"))
    };
    rows.iter().map(name).collect()
}
