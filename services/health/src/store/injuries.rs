//! Records of injuries and their prompts.

use mash_domain::clock::Clock;
use mash_proto::health::v1::InjuryPrompt;
use mash_store::{Column, StoreError, Tx, keys::Opening, opening, present};
use prost::Message as _;
use sqlx::{Row as _, any::AnyRow};

use super::{Conn, Page, RECORD, clock_from_text, clock_to_text, ring_ms};

/// A record of injuries, as it is kept.
pub(crate) struct InjuryRow {
    pub(crate) seq: i64,
    pub(crate) id: String,
    pub(crate) board: String,
    /// The word of the prompt's state; empty without a prompt.
    pub(crate) state: &'static str,
    /// The time that the prompt may stand open.
    pub(crate) clock: Option<Clock>,
    /// The record with its prompt.
    pub(crate) record: InjuryPrompt,
}

const CONTENT: Column = Column::new(RECORD, "health_injuries.record");
const COLUMNS: &str = "seq, id, board, state, clock, record";

/// One record of a board. In a transaction, others who want to change it wait.
pub(crate) async fn lock(
    tx: &mut Tx,
    board: &str,
    id: &str,
) -> Result<Option<InjuryRow>, StoreError> {
    // Writing first takes the row lock on PostgreSQL; SQLite has one writer anyway.
    sqlx::query("UPDATE health_injuries SET seq = seq WHERE board = $1 AND id = $2")
        .bind(board)
        .bind(id)
        .execute(tx.conn())
        .await?;
    let rows = sqlx::query(
        "SELECT seq, id, board, state, clock, record FROM health_injuries WHERE board = $1 AND id = $2",
    )
    .bind(board)
    .bind(id)
    .fetch_all(tx.conn())
    .await?;
    let open = opening(tx, &rows, &[5]).await?;
    rows.first().and_then(|row| present(read(row, &open))).transpose()
}

/// Writes a record, new or changed.
pub(crate) async fn put(tx: &mut Tx, row: &InjuryRow) -> Result<(), StoreError> {
    let record = CONTENT.seal(tx, &row.id, &row.id, &row.record.encode_to_vec()).await?;
    let ring = if row.state == "open" { ring_ms(row.clock.as_ref()) } else { 0 };
    sqlx::query(
        "INSERT INTO health_injuries (seq, id, board, state, ring_ms, clock, record)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, ring_ms = excluded.ring_ms, clock = excluded.clock,
         record = excluded.record",
    )
    .bind(row.seq)
    .bind(&row.id)
    .bind(&row.board)
    .bind(row.state)
    .bind(ring)
    .bind(clock_to_text(row.clock.as_ref()))
    .bind(record)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Records of a board with a prompt, oldest first.
pub(crate) async fn list(
    conn: &mut Conn,
    board: &str,
    open_only: bool,
    page: Page,
) -> Result<Vec<InjuryRow>, StoreError> {
    let states = if open_only { "state = 'open'" } else { "state <> ''" };
    let sql = format!(
        "SELECT {COLUMNS} FROM health_injuries WHERE board = $1 AND seq > $2 AND {states} ORDER BY seq LIMIT $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(board)
        .bind(page.after)
        .bind(page.limit())
        .fetch_all(conn.conn())
        .await?;
    let open = opening(conn, &rows, &[5]).await?;
    rows.iter().filter_map(|row| present(read(row, &open))).collect()
}

/// Boards and ids of records whose clock rings by this time.
pub(crate) async fn due(
    conn: &mut Conn,
    until_ms: i64,
    limit: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT board, id FROM health_injuries WHERE ring_ms > 0 AND ring_ms <= $1 ORDER BY ring_ms, id LIMIT $2",
    )
    .bind(until_ms)
    .bind(limit)
    .fetch_all(conn.conn())
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Leaves a record whose clock rings by now alone until then, and tells whose it is; none if it does not ring.
pub(crate) async fn put_off(
    tx: &mut Tx,
    id: &str,
    (now_ms, until_ms): (i64, i64),
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "UPDATE health_injuries SET ring_ms = $3 WHERE id = $1 AND ring_ms > 0 AND ring_ms <= $2 RETURNING board",
    )
    .bind(id)
    .bind(now_ms)
    .bind(until_ms)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

fn read(row: &AnyRow, open: &Opening) -> Result<InjuryRow, StoreError> {
    let id: String = row.try_get(1)?;
    let state: String = row.try_get(3)?;
    let clock: String = row.try_get(4)?;
    let record = open.column(&CONTENT, &id, row.try_get(5)?)?;
    let state = ["", "open", "referred", "reasoned"].into_iter().find(|known| **known == *state);
    Ok(InjuryRow {
        seq: row.try_get(0)?,
        id,
        board: row.try_get(2)?,
        state: state.ok_or(StoreError::Corrupt("the state of an injury prompt"))?,
        clock: clock_from_text(&clock)?,
        record: InjuryPrompt::decode(record.as_slice())
            .map_err(|_| StoreError::Corrupt("a record of injuries"))?,
    })
}
