//! What the hub has told referrers.

use jiff::Timestamp;
use mash_domain::organisation::OrganisationId;
use mash_store::{Column, StoreError, Tx, keys::Opening, opening};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{Conn, Owner, RECORD, instant, organisation};

/// One piece of feedback.
pub(crate) struct FeedbackRow {
    pub(crate) organisation: String,
    pub(crate) release_id: String,
    pub(crate) item_id: String,
    pub(crate) case_id: String,
    pub(crate) from: OrganisationId,
    pub(crate) revision: i64,
    /// The bytes of a `Content`; empty once it was recalled.
    pub(crate) content: Vec<u8>,
    pub(crate) received: Timestamp,
    pub(crate) acknowledged: Option<Timestamp>,
    pub(crate) recalled: Option<Timestamp>,
}

const CONTENT: Column = Column::new(RECORD, "partner_feedback.content");

const COLUMNS: &str = "organisation, release_id, item_id, case_id, from_organisation, revision, \
     content, received_ms, acknowledged_ms, recalled_ms";

/// What was erased says nothing; that it was there stays.
fn read(row: &AnyRow, open: &Opening) -> Result<FeedbackRow, StoreError> {
    let content = open.column_or_none(&CONTENT, &row.try_get::<String, _>(1)?, row.try_get(6)?)?;
    let from: String = row.try_get(4)?;
    let (acknowledged, recalled): (Option<i64>, Option<i64>) = (row.try_get(8)?, row.try_get(9)?);
    Ok(FeedbackRow {
        organisation: row.try_get(0)?,
        release_id: row.try_get(1)?,
        item_id: row.try_get(2)?,
        case_id: row.try_get(3)?,
        from: organisation(&from)?,
        revision: row.try_get(5)?,
        content,
        received: instant(row.try_get(7)?)?,
        acknowledged: acknowledged.map(instant).transpose()?,
        recalled: recalled.map(instant).transpose()?,
    })
}

/// Writes feedback, new or changed.
pub(crate) async fn put(tx: &mut Tx, agency: &str, row: &FeedbackRow) -> Result<(), StoreError> {
    let content = CONTENT.seal(tx, &row.case_id, &row.release_id, &row.content).await?;
    sqlx::query(
        "INSERT INTO partner_feedback (agency, organisation, release_id, item_id, case_id, from_organisation, revision,
         content, received_ms, acknowledged_ms, recalled_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (agency, release_id) DO UPDATE SET revision = excluded.revision, content = excluded.content,
         acknowledged_ms = excluded.acknowledged_ms, recalled_ms = excluded.recalled_ms",
    )
    .bind(agency)
    .bind(&row.organisation)
    .bind(&row.release_id)
    .bind(&row.item_id)
    .bind(&row.case_id)
    .bind(row.from.to_string())
    .bind(row.revision)
    .bind(content)
    .bind(row.received.as_millisecond())
    .bind(row.acknowledged.map(Timestamp::as_millisecond))
    .bind(row.recalled.map(Timestamp::as_millisecond))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The feedback of this release.
pub(crate) async fn find(
    conn: &mut Conn,
    owner: Owner<'_>,
    release_id: &str,
) -> Result<Option<FeedbackRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM partner_feedback WHERE agency = $1 AND organisation = $2 AND release_id = $3"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(owner.agency)
        .bind(owner.organisation)
        .bind(release_id)
        .fetch_all(conn.conn())
        .await?;
    let open = opening(conn, &rows, &[6]).await?;
    rows.first().map(|row| read(row, &open)).transpose()
}

/// The feedback on a case, oldest first.
pub(crate) async fn of_case(
    conn: &mut Conn,
    owner: Owner<'_>,
    case_id: &str,
) -> Result<Vec<FeedbackRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM partner_feedback WHERE agency = $1 AND organisation = $2 AND case_id = $3 ORDER BY seq"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(owner.agency)
        .bind(owner.organisation)
        .bind(case_id)
        .fetch_all(conn.conn())
        .await?;
    let open = opening(conn, &rows, &[6]).await?;
    rows.iter().map(|row| read(row, &open)).collect()
}
