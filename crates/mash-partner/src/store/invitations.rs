//! Invitations to discussions and conferences.

use jiff::Timestamp;
use mash_domain::organisation::OrganisationId;
use mash_store::{Column, StoreError, Tx, keys::Opening, opening};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{Conn, Owner, RECORD, count, instant, organisation};

/// An invitation.
pub(crate) struct InvitationRow {
    pub(crate) seq: i64,
    pub(crate) organisation: String,
    pub(crate) item_id: String,
    pub(crate) release_id: String,
    pub(crate) case_id: String,
    pub(crate) from: OrganisationId,
    pub(crate) revision: i64,
    /// How often it was answered.
    pub(crate) responses: i64,
    /// `invited`, `accepts`, `declines`, `sends-report` or `cancelled`.
    pub(crate) standing: String,
    /// The bytes of a `Content`; empty once it was recalled.
    pub(crate) content: Vec<u8>,
    pub(crate) reference: String,
    pub(crate) received: Timestamp,
}

const CONTENT: Column = Column::new(RECORD, "partner_invitations.content");

const COLUMNS: &str = "seq, organisation, item_id, release_id, case_id, from_organisation, revision, responses, \
     standing, content, reference, received_ms";

/// What was erased says nothing; that it was there stays.
fn read(row: &AnyRow, open: &Opening) -> Result<InvitationRow, StoreError> {
    let content = open.column_or_none(&CONTENT, &row.try_get::<String, _>(2)?, row.try_get(9)?)?;
    let from: String = row.try_get(5)?;
    Ok(InvitationRow {
        seq: row.try_get(0)?,
        organisation: row.try_get(1)?,
        item_id: row.try_get(2)?,
        release_id: row.try_get(3)?,
        case_id: row.try_get(4)?,
        from: organisation(&from)?,
        revision: row.try_get(6)?,
        responses: row.try_get(7)?,
        standing: row.try_get(8)?,
        content,
        reference: row.try_get(10)?,
        received: instant(row.try_get(11)?)?,
    })
}

/// Writes an invitation, new or changed.
pub(crate) async fn put(tx: &mut Tx, agency: &str, row: &InvitationRow) -> Result<(), StoreError> {
    let content = CONTENT.seal(tx, &row.case_id, &row.item_id, &row.content).await?;
    sqlx::query(
        "INSERT INTO partner_invitations (agency, organisation, item_id, release_id, case_id, from_organisation,
         revision, responses, standing, content, reference, received_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (agency, organisation, item_id) DO UPDATE SET revision = excluded.revision,
         responses = excluded.responses, standing = excluded.standing, content = excluded.content",
    )
    .bind(agency)
    .bind(&row.organisation)
    .bind(&row.item_id)
    .bind(&row.release_id)
    .bind(&row.case_id)
    .bind(row.from.to_string())
    .bind(row.revision)
    .bind(row.responses)
    .bind(&row.standing)
    .bind(content)
    .bind(&row.reference)
    .bind(row.received.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The invitation of this id, which nobody else changes until the transaction ends.
pub(crate) async fn lock(
    tx: &mut Tx,
    owner: Owner<'_>,
    item_id: &str,
) -> Result<Option<InvitationRow>, StoreError> {
    sqlx::query(
        "UPDATE partner_invitations SET revision = revision WHERE agency = $1 AND organisation = $2 AND item_id = $3",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(item_id)
    .execute(tx.conn())
    .await?;
    find(tx, owner, item_id).await
}

/// The invitation of this id.
pub(crate) async fn find(
    conn: &mut Conn,
    owner: Owner<'_>,
    item_id: &str,
) -> Result<Option<InvitationRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM partner_invitations WHERE agency = $1 AND organisation = $2 AND item_id = $3"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(owner.agency)
        .bind(owner.organisation)
        .bind(item_id)
        .fetch_all(conn.conn())
        .await?;
    let open = opening(conn, &rows, &[9]).await?;
    rows.first().map(|row| read(row, &open)).transpose()
}

/// Invitations of the organisation after this number, oldest first.
pub(crate) async fn list(
    conn: &mut Conn,
    owner: Owner<'_>,
    after: i64,
    limit: usize,
) -> Result<Vec<InvitationRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM partner_invitations WHERE agency = $1 AND organisation = $2 AND seq > $3
         ORDER BY seq LIMIT $4"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(owner.agency)
        .bind(owner.organisation)
        .bind(after)
        .bind(count(limit))
        .fetch_all(conn.conn())
        .await?;
    let open = opening(conn, &rows, &[9]).await?;
    rows.iter().map(|row| read(row, &open)).collect()
}
