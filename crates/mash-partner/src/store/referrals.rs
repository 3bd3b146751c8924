//! Referrals that organisations made.

use jiff::Timestamp;
use mash_store::{
    Column, StoreError, Tx,
    keys::{Opening, Scope},
    opening,
};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{Conn, Owner, RECORD, count, instant, joined, split};

/// How far a referral has come with the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Submitted,
    Received,
    Decided,
    Withheld,
    Withdrawn,
}

const WORDS: [(Progress, &str); 5] = [
    (Progress::Submitted, "submitted"),
    (Progress::Received, "received"),
    (Progress::Decided, "decided"),
    (Progress::Withheld, "withheld"),
    (Progress::Withdrawn, "withdrawn"),
];

/// A referral as it is kept.
pub(crate) struct ReferralRow {
    pub(crate) seq: i64,
    pub(crate) organisation: String,
    pub(crate) case_id: String,
    pub(crate) item_id: String,
    pub(crate) reference: String,
    pub(crate) revision: i64,
    pub(crate) progress: Progress,
    pub(crate) awaits_writing: bool,
    pub(crate) practitioner: String,
    pub(crate) submitted: Timestamp,
    /// Written `authority/672`.
    pub(crate) authorities: Vec<String>,
    pub(crate) withheld: Vec<String>,
    /// The bytes of the last `ItemSubmitted`.
    pub(crate) event: Vec<u8>,
}

const CONTENT: Column = Column::new(RECORD, "partner_referrals.submitted");

/// What a referral of this case is sealed under.
pub(crate) fn scope(case_id: &str) -> Scope {
    CONTENT.scope(case_id)
}

const COLUMNS: &str = "seq, organisation, case_id, item_id, reference, revision, progress, \
     awaits_writing, practitioner, submitted_ms, authorities, withheld, submitted";

/// What was erased says nothing; that it was there stays.
fn read(row: &AnyRow, open: &Opening) -> Result<ReferralRow, StoreError> {
    let content = open.column_or_none(&CONTENT, &row.try_get::<String, _>(3)?, row.try_get(12)?)?;
    let (word, awaits): (String, i64) = (row.try_get(6)?, row.try_get(7)?);
    let progress = WORDS.iter().find(|(_, known)| *known == word);
    let (authorities, withheld): (String, String) = (row.try_get(10)?, row.try_get(11)?);
    Ok(ReferralRow {
        seq: row.try_get(0)?,
        organisation: row.try_get(1)?,
        case_id: row.try_get(2)?,
        item_id: row.try_get(3)?,
        reference: row.try_get(4)?,
        revision: row.try_get(5)?,
        progress: progress.ok_or(StoreError::Corrupt("the progress of a referral"))?.0,
        awaits_writing: awaits != 0,
        practitioner: row.try_get(8)?,
        submitted: instant(row.try_get(9)?)?,
        authorities: split(&authorities),
        withheld: split(&withheld),
        event: content,
    })
}

/// Adds a referral; false if the organisation has one of this case already.
pub(crate) async fn insert(
    tx: &mut Tx,
    agency: &str,
    row: &ReferralRow,
) -> Result<bool, StoreError> {
    let event = CONTENT.seal(tx, &row.case_id, &row.item_id, &row.event).await?;
    let done = sqlx::query(
        "INSERT INTO partner_referrals (agency, organisation, case_id, item_id, reference, revision, progress,
         awaits_writing, practitioner, submitted_ms, authorities, withheld, submitted)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
    )
    .bind(agency)
    .bind(&row.organisation)
    .bind(&row.case_id)
    .bind(&row.item_id)
    .bind(&row.reference)
    .bind(row.revision)
    .bind(word(row.progress))
    .bind(i64::from(row.awaits_writing))
    .bind(&row.practitioner)
    .bind(row.submitted.as_millisecond())
    .bind(joined(&row.authorities))
    .bind(joined(&row.withheld))
    .bind(event)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

fn word(progress: Progress) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == progress).map_or("", |(_, word)| *word)
}

/// Writes what may change of a referral.
pub(crate) async fn update(tx: &mut Tx, row: &ReferralRow) -> Result<(), StoreError> {
    let event = CONTENT.seal(tx, &row.case_id, &row.item_id, &row.event).await?;
    sqlx::query(
        "UPDATE partner_referrals SET revision = $2, progress = $3, awaits_writing = $4, authorities = $5,
         withheld = $6, submitted = $7 WHERE seq = $1",
    )
    .bind(row.seq)
    .bind(row.revision)
    .bind(word(row.progress))
    .bind(i64::from(row.awaits_writing))
    .bind(joined(&row.authorities))
    .bind(joined(&row.withheld))
    .bind(event)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The referral of this case, which nobody else changes until the transaction ends.
pub(crate) async fn lock(
    tx: &mut Tx,
    owner: Owner<'_>,
    case_id: &str,
) -> Result<Option<ReferralRow>, StoreError> {
    sqlx::query(
        "UPDATE partner_referrals SET revision = revision WHERE agency = $1 AND organisation = $2 AND case_id = $3",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(case_id)
    .execute(tx.conn())
    .await?;
    find(tx, owner, case_id).await
}

/// The referral of this case.
pub(crate) async fn find(
    conn: &mut Conn,
    owner: Owner<'_>,
    case_id: &str,
) -> Result<Option<ReferralRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM partner_referrals WHERE agency = $1 AND organisation = $2 AND case_id = $3"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(owner.agency)
        .bind(owner.organisation)
        .bind(case_id)
        .fetch_all(conn.conn())
        .await?;
    let open = opening(conn, &rows, &[12]).await?;
    rows.first().map(|row| read(row, &open)).transpose()
}

/// The referral that was sent as this item.
pub(crate) async fn of_item(
    conn: &mut Conn,
    owner: Owner<'_>,
    item_id: &str,
) -> Result<Option<ReferralRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM partner_referrals WHERE agency = $1 AND organisation = $2 AND item_id = $3"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(owner.agency)
        .bind(owner.organisation)
        .bind(item_id)
        .fetch_all(conn.conn())
        .await?;
    let open = opening(conn, &rows, &[12]).await?;
    rows.first().map(|row| read(row, &open)).transpose()
}

/// Referrals of the organisation after this number, oldest first.
pub(crate) async fn list(
    conn: &mut Conn,
    owner: Owner<'_>,
    after: i64,
    limit: usize,
) -> Result<Vec<ReferralRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM partner_referrals WHERE agency = $1 AND organisation = $2 AND seq > $3
         ORDER BY seq LIMIT $4"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(owner.agency)
        .bind(owner.organisation)
        .bind(after)
        .bind(count(limit))
        .fetch_all(conn.conn())
        .await?;
    let open = opening(conn, &rows, &[12]).await?;
    rows.iter().map(|row| read(row, &open)).collect()
}
