//! Who has looked whether a child is protected.

use mash_proto::health::v1::Lookup;
use mash_store::{Column, StoreError, Tx, opening, present};
use prost::Message as _;
use sqlx::Row as _;

use super::{Conn, Page, RECORD};

const LOOKUP: Column = Column::new(RECORD, "health_lookups.lookup");

/// A look, as it is kept.
pub(crate) struct LookupRow<'a> {
    pub(crate) seq: i64,
    pub(crate) id: &'a str,
    pub(crate) board: &'a str,
    pub(crate) practitioner: &'a str,
    pub(crate) at_ms: i64,
    pub(crate) number_hash: &'a [u8],
    /// What is shown of it.
    pub(crate) lookup: &'a Lookup,
}

/// How often a practitioner and her board have looked since this time.
pub(crate) async fn since(
    conn: &mut Conn,
    (board, practitioner): (&str, &str),
    from_ms: i64,
) -> Result<(u32, u32), StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(CASE WHEN practitioner = $2 THEN 1 END), COUNT(*) FROM health_lookups
         WHERE board = $1 AND at_ms > $3",
    )
    .bind(board)
    .bind(practitioner)
    .bind(from_ms)
    .fetch_one(conn.conn())
    .await?;
    let count = |column| -> Result<u32, StoreError> {
        Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
    };
    Ok((count(0)?, count(1)?))
}

/// Keeps a look.
pub(crate) async fn insert(tx: &mut Tx, row: &LookupRow<'_>) -> Result<(), StoreError> {
    // Of no case: the board does not know yet whether there is one.
    let lookup = LOOKUP.seal(tx, row.id, row.id, &row.lookup.encode_to_vec()).await?;
    sqlx::query(
        "INSERT INTO health_lookups (seq, id, board, practitioner, at_ms, number_hash, lookup)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(row.seq)
    .bind(row.id)
    .bind(row.board)
    .bind(row.practitioner)
    .bind(row.at_ms)
    .bind(row.number_hash)
    .bind(lookup)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The looks of a board, or of one practitioner of it, the newest first; `page.after` is the last one of the page before.
pub(crate) async fn list(
    conn: &mut Conn,
    (board, practitioner): (&str, &str),
    page: Page,
) -> Result<Vec<(i64, Lookup)>, StoreError> {
    let before = if page.after == 0 { i64::MAX } else { page.after };
    let rows = sqlx::query(
        "SELECT seq, lookup, id FROM health_lookups WHERE board = $1 AND seq < $2 AND (practitioner = $3 OR $3 = '')
         ORDER BY seq DESC LIMIT $4",
    )
    .bind(board)
    .bind(before)
    .bind(practitioner)
    .bind(page.limit())
    .fetch_all(conn.conn())
    .await?;
    let open = opening(conn, &rows, &[1]).await?;
    let read = |row: &sqlx::any::AnyRow| {
        let id: String = row.try_get(2)?;
        let lookup = open.column(&LOOKUP, &id, row.try_get(1)?)?;
        let lookup = Lookup::decode(lookup.as_slice());
        Ok((row.try_get(0)?, lookup.map_err(|_| StoreError::Corrupt("a look-up"))?))
    };
    rows.iter().filter_map(|row| present(read(row))).collect()
}
