//! What other forces handed over.

use jiff::Timestamp;
use mash_domain::identifier::ForceCode;
use mash_store::{Column, Look, Store, StoreError, Tx, keys::Opening, opening};
use sqlx::{Row as _, any::AnyRow};

use super::{Counter, RECORD, draw, instant, unsigned};

/// Where a hand-over stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandoverState {
    /// It arrived.
    Delivered,
    /// Somebody of the force accepted it.
    Acknowledged,
    /// It was recalled, and its content deleted.
    Recalled,
}

/// A hand-over.
pub(crate) struct HandoverRow {
    pub(crate) disclosure_id: String,
    pub(crate) force_code: String,
    pub(crate) seq: i64,
    pub(crate) duty_id: String,
    pub(crate) case_id: String,
    pub(crate) from_force_code: String,
    pub(crate) revision: u32,
    pub(crate) received: Timestamp,
    pub(crate) acknowledged: Option<Timestamp>,
    pub(crate) recalled: Option<Timestamp>,
    /// The bytes of a `Content`.
    pub(crate) content: Vec<u8>,
}

impl HandoverRow {
    /// Where it stands.
    pub(crate) const fn state(&self) -> HandoverState {
        if self.recalled.is_some() {
            HandoverState::Recalled
        } else if self.acknowledged.is_some() {
            HandoverState::Acknowledged
        } else {
            HandoverState::Delivered
        }
    }
}

const CONTENT: Column = Column::new(RECORD, "police_handovers.content");
const COLUMNS: &str = "disclosure_id, force_code, seq, duty_id, case_id, from_force_code, revision, \
     received_ms, acknowledged_ms, recalled_ms, content";

/// Takes the turn of changing hand-overs; see [`super::draw`].
pub(crate) async fn turn(tx: &mut Tx, changes: usize) -> Result<i64, StoreError> {
    draw(tx, Counter::Handovers, changes).await
}

/// The hand-over of this id.
pub(crate) async fn find(conn: &mut dyn Look, id: &str) -> Result<Option<HandoverRow>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM police_handovers WHERE disclosure_id = $1"
    )))
    .bind(id)
    .fetch_all(conn.conn())
    .await?;
    let open = opening(conn, &rows, &[10]).await?;
    rows.first().map(|row| read(row, &open)).transpose()
}

/// Writes a hand-over, new or changed.
pub(crate) async fn save(tx: &mut Tx, row: &HandoverRow) -> Result<(), StoreError> {
    let state: i64 = match row.state() {
        HandoverState::Delivered => 2,
        HandoverState::Acknowledged => 4,
        HandoverState::Recalled => 6,
    };
    // One that was recalled before it came has no content.
    let content = CONTENT.seal(tx, &row.case_id, &row.disclosure_id, &row.content).await?;
    sqlx::query(
        "INSERT INTO police_handovers (disclosure_id, force_code, seq, duty_id, case_id, from_force_code, revision,
         state, received_ms, acknowledged_ms, recalled_ms, content)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (disclosure_id) DO UPDATE SET revision = excluded.revision,
         from_force_code = excluded.from_force_code, state = excluded.state,
         received_ms = excluded.received_ms, acknowledged_ms = excluded.acknowledged_ms, recalled_ms = excluded.recalled_ms,
         content = excluded.content",
    )
    .bind(&row.disclosure_id)
    .bind(&row.force_code)
    .bind(row.seq)
    .bind(&row.duty_id)
    .bind(&row.case_id)
    .bind(&row.from_force_code)
    .bind(i64::from(row.revision))
    .bind(state)
    .bind(row.received.as_millisecond())
    .bind(row.acknowledged.map(Timestamp::as_millisecond))
    .bind(row.recalled.map(Timestamp::as_millisecond))
    .bind(content)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Hand-overs to this force after this number, in the order of their arrival. Those that were recalled before they
/// were received are not among them.
pub(crate) async fn list(
    store: &Store,
    force: &ForceCode,
    after: i64,
    limit: i64,
) -> Result<Vec<HandoverRow>, StoreError> {
    let mut conn = store.read().await?;
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM police_handovers WHERE force_code = $1 AND seq > $2 AND revision > 0
         ORDER BY seq LIMIT $3"
    )))
    .bind(force.as_str())
    .bind(after)
    .bind(limit)
    .fetch_all(&mut *conn)
    .await?;
    let open = opening(&mut conn, &rows, &[10]).await?;
    rows.iter().map(|row| read(row, &open)).collect()
}

/// The force still has to acknowledge one whose content was erased: it stays, and says nothing.
fn read(row: &AnyRow, open: &Opening) -> Result<HandoverRow, StoreError> {
    let disclosure_id: String = row.try_get(0)?;
    let (acknowledged, recalled): (Option<i64>, Option<i64>) = (row.try_get(8)?, row.try_get(9)?);
    Ok(HandoverRow {
        force_code: row.try_get(1)?,
        seq: row.try_get(2)?,
        duty_id: row.try_get(3)?,
        case_id: row.try_get(4)?,
        from_force_code: row.try_get(5)?,
        revision: unsigned(row.try_get(6)?)?,
        received: instant(row.try_get(7)?)?,
        acknowledged: acknowledged.map(instant).transpose()?,
        recalled: recalled.map(instant).transpose()?,
        content: open.column_or_none(&CONTENT, &disclosure_id, row.try_get(10)?)?,
        disclosure_id,
    })
}
