//! What authorities have told of protected children, by the keyed hash of an NHS number.

use jiff::Timestamp;
use mash_domain::health::protection::Standing;
use mash_proto::health::v1::ProtectionEntry;
use mash_store::{Column, StoreError, Tx, keys::Opening, opening, present};
use prost::Message as _;
use sqlx::{Row as _, any::AnyRow};

use super::{Conn, RECORD, time};

const ENTRY: Column = Column::new(RECORD, "health_protection.entry");

/// What one authority has told one board of one child.
pub(crate) struct ProtectionRow {
    pub(crate) release_id: String,
    pub(crate) board: String,
    pub(crate) number_hash: Vec<u8>,
    pub(crate) authority: String,
    pub(crate) item_id: String,
    pub(crate) case_id: String,
    pub(crate) revision: i64,
    pub(crate) standing: Standing,
    pub(crate) heard: Timestamp,
    /// What is shown of it.
    pub(crate) entry: ProtectionEntry,
}

/// What was told under this release. Others who want to change it wait until the transaction ends.
pub(crate) async fn lock(
    tx: &mut Tx,
    release_id: &str,
) -> Result<Option<ProtectionRow>, StoreError> {
    sqlx::query("UPDATE health_protection SET revision = revision WHERE release_id = $1")
        .bind(release_id)
        .execute(tx.conn())
        .await?;
    let rows = sqlx::query(
        "SELECT release_id, board, number_hash, authority, item_id, case_id, revision, plan, looked_after, unborn, ended,
         heard_ms, entry FROM health_protection WHERE release_id = $1",
    )
    .bind(release_id)
    .fetch_all(tx.conn())
    .await?;
    Ok(all(tx, &rows).await?.pop())
}

/// Writes what was told, new or changed.
pub(crate) async fn put(tx: &mut Tx, row: &ProtectionRow) -> Result<(), StoreError> {
    let Standing { plan, looked_after, unborn, ended } = row.standing;
    let entry = row.entry.encode_to_vec();
    let entry = ENTRY.seal(tx, &row.case_id, &row.release_id, &entry).await?;
    sqlx::query(
        "INSERT INTO health_protection (release_id, board, number_hash, authority, item_id, case_id, revision, plan,
         looked_after, unborn, ended, heard_ms, entry)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (release_id) DO UPDATE SET number_hash = excluded.number_hash, revision = excluded.revision,
         plan = excluded.plan, looked_after = excluded.looked_after, unborn = excluded.unborn, ended = excluded.ended,
         heard_ms = excluded.heard_ms, entry = excluded.entry",
    )
    .bind(&row.release_id)
    .bind(&row.board)
    .bind(&row.number_hash)
    .bind(&row.authority)
    .bind(&row.item_id)
    .bind(&row.case_id)
    .bind(row.revision)
    .bind(i64::from(plan))
    .bind(i64::from(looked_after))
    .bind(i64::from(unborn))
    .bind(i64::from(ended))
    .bind(row.heard.as_millisecond())
    .bind(entry)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What every authority has told this board of the child with this number.
pub(crate) async fn of_number(
    conn: &mut Conn,
    board: &str,
    number_hash: &[u8],
) -> Result<Vec<ProtectionRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT release_id, board, number_hash, authority, item_id, case_id, revision, plan, looked_after, unborn, ended,
         heard_ms, entry FROM health_protection WHERE board = $1 AND number_hash = $2 ORDER BY authority, release_id",
    )
    .bind(board)
    .bind(number_hash)
    .fetch_all(conn.conn())
    .await?;
    all(conn, &rows).await
}

/// When this board heard from any authority last.
pub(crate) async fn heard(conn: &mut Conn, board: &str) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query("SELECT MAX(heard_ms) FROM health_protection WHERE board = $1")
        .bind(board)
        .fetch_one(conn.conn())
        .await?;
    let ms: Option<i64> = row.try_get(0)?;
    ms.map(time).transpose()
}

async fn all(conn: &mut Conn, rows: &[AnyRow]) -> Result<Vec<ProtectionRow>, StoreError> {
    let open = opening(conn, rows, &[12]).await?;
    rows.iter().filter_map(|row| present(read(row, &open))).collect()
}

fn read(row: &AnyRow, open: &Opening) -> Result<ProtectionRow, StoreError> {
    let release_id: String = row.try_get(0)?;
    let flag = |column| -> Result<bool, StoreError> { Ok(row.try_get::<i64, _>(column)? != 0) };
    let entry = open.column(&ENTRY, &release_id, row.try_get(12)?)?;
    Ok(ProtectionRow {
        release_id,
        board: row.try_get(1)?,
        number_hash: row.try_get(2)?,
        authority: row.try_get(3)?,
        item_id: row.try_get(4)?,
        case_id: row.try_get(5)?,
        revision: row.try_get(6)?,
        standing: Standing {
            plan: flag(7)?,
            looked_after: flag(8)?,
            unborn: flag(9)?,
            ended: flag(10)?,
        },
        heard: time(row.try_get(11)?)?,
        entry: ProtectionEntry::decode(entry.as_slice())
            .map_err(|_| StoreError::Corrupt("a protection entry"))?,
    })
}
