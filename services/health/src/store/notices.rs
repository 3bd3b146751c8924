//! Notices of incidents in the inboxes of teams.

use jiff::Timestamp;
use mash_domain::clock::Clock;
use mash_proto::health::v1::HealthNotice;
use mash_store::{Column, StoreError, Tx, in_list, keys::Opening, opening};
use prost::Message as _;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{Conn, Page, RECORD, clock_from_text, clock_to_text, ring_ms, time};

/// A notice, as it is kept.
pub(crate) struct NoticeRow {
    pub(crate) seq: i64,
    pub(crate) id: String,
    pub(crate) board: String,
    pub(crate) case_id: String,
    pub(crate) duty_id: String,
    /// The word of the team; empty where every practitioner of the board sees it.
    pub(crate) team: String,
    /// The word of its state.
    pub(crate) state: &'static str,
    /// Whether anybody has seen its content.
    pub(crate) opened: bool,
    /// When it was recalled.
    pub(crate) recalled: Option<Timestamp>,
    /// The clinical acknowledgement window.
    pub(crate) clock: Option<Clock>,
    /// What is shown of it, without content.
    pub(crate) notice: HealthNotice,
    /// What may be known; empty once it was wiped.
    pub(crate) content: Vec<u8>,
}

/// Whose notices somebody may see: those of these teams of the board, and those that no team has.
pub(crate) struct View<'a> {
    pub(crate) board: &'a str,
    pub(crate) teams: &'a [&'static str],
}

const COLUMNS: &str =
    "seq, id, board, case_id, duty_id, team, state, opened, recall_ms, clock, notice, content";
const NOTICE: Column = Column::new(RECORD, "health_notices.notice");
const CONTENT: Column = Column::new(RECORD, "health_notices.content");
const OPEN: &str = "state IN ('waiting', 'escalated')";

/// One notice. Others who want to change it wait until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: &str) -> Result<Option<NoticeRow>, StoreError> {
    sqlx::query("UPDATE health_notices SET seq = seq WHERE id = $1")
        .bind(id)
        .execute(tx.conn())
        .await?;
    let sql = format!("SELECT {COLUMNS} FROM health_notices WHERE id = $1");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_all(tx.conn()).await?;
    Ok(all(tx, &rows).await?.pop())
}

/// Writes a notice, new or changed.
pub(crate) async fn put(tx: &mut Tx, row: &NoticeRow) -> Result<(), StoreError> {
    // One that was recalled before it came has no case.
    let case = if row.case_id.is_empty() { &row.id } else { &row.case_id };
    let notice = NOTICE.seal(tx, case, &row.id, &row.notice.encode_to_vec()).await?;
    let content = CONTENT.seal(tx, case, &row.id, &row.content).await?;
    let ring = if row.state == "waiting" { ring_ms(row.clock.as_ref()) } else { 0 };
    sqlx::query(
        "INSERT INTO health_notices (seq, id, board, case_id, duty_id, team, state, opened, recall_ms, ring_ms, clock,
         notice, content) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (id) DO UPDATE SET team = excluded.team, state = excluded.state, opened = excluded.opened,
         recall_ms = excluded.recall_ms, ring_ms = excluded.ring_ms, clock = excluded.clock, notice = excluded.notice,
         content = excluded.content, case_id = excluded.case_id, duty_id = excluded.duty_id",
    )
    .bind(row.seq)
    .bind(&row.id)
    .bind(&row.board)
    .bind(&row.case_id)
    .bind(&row.duty_id)
    .bind(&row.team)
    .bind(row.state)
    .bind(i64::from(row.opened))
    .bind(row.recalled.map_or(0, Timestamp::as_millisecond))
    .bind(ring)
    .bind(clock_to_text(row.clock.as_ref()))
    .bind(notice)
    .bind(content)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notices that somebody may see, oldest first.
pub(crate) async fn list(
    conn: &mut Conn,
    view: &View<'_>,
    open_only: bool,
    page: Page,
) -> Result<Vec<NoticeRow>, StoreError> {
    let open = if open_only { format!(" AND {OPEN}") } else { String::new() };
    let teams = in_list(4, view.teams.len() + 1);
    // A notice that was recalled before it came is kept to stay away, and is shown to nobody.
    let sql = format!(
        "SELECT {COLUMNS} FROM health_notices WHERE board = $1 AND seq > $2 AND case_id <> ''
         AND team IN ({teams}){open} ORDER BY seq LIMIT $3"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .bind(view.board)
        .bind(page.after)
        .bind(page.limit())
        .bind("");
    for team in view.teams {
        query = query.bind(*team);
    }
    let rows = query.fetch_all(conn.conn()).await?;
    all(conn, &rows).await
}

/// Ids of the notices of a board that somebody still has to acknowledge.
pub(crate) async fn open_of(conn: &mut Conn, board: &str) -> Result<Vec<String>, StoreError> {
    let sql = format!("SELECT id FROM health_notices WHERE board = $1 AND {OPEN} ORDER BY id");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(board).fetch_all(conn.conn()).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Ids of notices whose clock rings by this time.
pub(crate) async fn due(
    conn: &mut Conn,
    until_ms: i64,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT id FROM health_notices WHERE ring_ms > 0 AND ring_ms <= $1 ORDER BY ring_ms, id LIMIT $2",
    )
    .bind(until_ms)
    .bind(limit)
    .fetch_all(conn.conn())
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Leaves a notice whose clock rings by now alone until then, and tells whose it is; none if it does not ring.
pub(crate) async fn put_off(
    tx: &mut Tx,
    id: &str,
    (now_ms, until_ms): (i64, i64),
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "UPDATE health_notices SET ring_ms = $3 WHERE id = $1 AND ring_ms > 0 AND ring_ms <= $2 RETURNING board",
    )
    .bind(id)
    .bind(now_ms)
    .bind(until_ms)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

async fn all(conn: &mut Conn, rows: &[AnyRow]) -> Result<Vec<NoticeRow>, StoreError> {
    let open = opening(conn, rows, &[10, 11]).await?;
    rows.iter().map(|row| read(row, &open)).collect()
}

/// Somebody still has to acknowledge a notice whose content was erased: it stays, and says nothing.
fn read(row: &AnyRow, open: &Opening) -> Result<NoticeRow, StoreError> {
    let text = |column| -> Result<String, StoreError> { Ok(row.try_get(column)?) };
    let number = |column| -> Result<i64, StoreError> { Ok(row.try_get(column)?) };
    let state = mash_domain::health::inbox::NoticeState::from_word(&text(6)?);
    let id = text(1)?;
    let notice = open.column_or_none(&NOTICE, &id, row.try_get(10)?)?;
    let content = open.column_or_none(&CONTENT, &id, row.try_get(11)?)?;
    let recalled = number(8)?;
    Ok(NoticeRow {
        seq: number(0)?,
        id,
        board: text(2)?,
        case_id: text(3)?,
        duty_id: text(4)?,
        team: text(5)?,
        state: state.ok_or(StoreError::Corrupt("the state of a notice"))?.word(),
        opened: number(7)? != 0,
        recalled: if recalled == 0 { None } else { Some(time(recalled)?) },
        clock: clock_from_text(&text(9)?)?,
        notice: HealthNotice::decode(notice.as_slice())
            .map_err(|_| StoreError::Corrupt("a notice of health"))?,
        content,
    })
}
