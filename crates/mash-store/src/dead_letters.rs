//! Messages that a consumer group could not process. Each has an owner, who may send it round again.

use std::fmt;

use sqlx::{AnyConnection, Row as _, any::AnyRow};

use crate::{Store, StoreError, Tx};

/// What has become of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has dealt with it.
    Open,
    /// It was sent round again. It opens again should it fail once more.
    Redriven,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Redriven => "REDRIVEN",
        }
    }
}

/// A message that could not be processed.
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The same for the same message and group, however often it fails.
    pub id: String,
    /// The consumer group that failed.
    pub group: String,
    /// Where the message came from.
    pub topic: String,
    /// The partition of the topic.
    pub partition: i32,
    /// The offset in the partition.
    pub offset: i64,
    /// The key of the message.
    pub key: String,
    /// The id of the event, empty if the message could not be decoded.
    pub event_id: String,
    /// The message as it came. Personal data.
    pub payload: Vec<u8>,
    /// The error code, which has a page in `docs/errors/`.
    pub code: String,
    /// What went wrong, without personal data.
    pub detail: String,
    /// Who must deal with it.
    pub owner: String,
    /// When it failed last.
    pub at_ms: i64,
    /// What has become of it.
    pub state: State,
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DeadLetter")
            .field("id", &self.id)
            .field("group", &self.group)
            .field("topic", &self.topic)
            .field("code", &self.code)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = "id, grp, topic, part, log_offset, msg_key, event_id, payload, code, detail, owner, at_ms, state";

/// Keeps a dead letter. False means that it is already known and open, so there is nothing to tell.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn insert(tx: &mut Tx, letter: &DeadLetter) -> Result<bool, StoreError> {
    // One that was sent round and failed once more opens again.
    let done = sqlx::query(
        "INSERT INTO dead_letters
            (id, grp, topic, part, log_offset, msg_key, event_id, payload, code, detail, owner, at_ms, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, at_ms = excluded.at_ms, code = excluded.code,
            detail = excluded.detail, part = excluded.part, log_offset = excluded.log_offset
         WHERE dead_letters.state = 'REDRIVEN'",
    )
    .bind(&letter.id)
    .bind(&letter.group)
    .bind(&letter.topic)
    .bind(i64::from(letter.partition))
    .bind(letter.offset)
    .bind(&letter.key)
    .bind(&letter.event_id)
    .bind(letter.payload.as_slice())
    .bind(&letter.code)
    .bind(&letter.detail)
    .bind(&letter.owner)
    .bind(letter.at_ms)
    .bind(letter.state.as_str())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Dead letters, the newest first; with `Some(state)` only those in that state.
///
/// # Errors
/// When the store fails.
pub async fn list(
    store: &Store,
    state: Option<State>,
    limit: usize,
) -> Result<Vec<DeadLetter>, StoreError> {
    let wanted = state.map_or("", State::as_str);
    let mut conn = store.read().await?;
    let sql = format!(
        "SELECT {COLUMNS} FROM dead_letters WHERE state = $1 OR $1 = '' ORDER BY at_ms DESC, id LIMIT $2"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(wanted)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&mut *conn)
        .await?;
    rows.iter().map(read).collect()
}

/// An open dead letter without what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenLetter {
    /// Its id.
    pub id: String,
    /// The key of the message.
    pub key: String,
    /// The error code, which has a page in `docs/errors/`.
    pub code: String,
    /// When it failed last.
    pub at_ms: i64,
}

/// Open dead letters of the groups that begin like this, whose key is like the first of these keys or is the second; the
/// oldest first, from this time on. A message that several of these groups could not process is there once.
///
/// # Errors
/// When the store fails.
pub async fn open_of(
    conn: &mut AnyConnection,
    groups: &str,
    (like, is): (&str, &str),
    from_ms: i64,
    limit: usize,
) -> Result<Vec<OpenLetter>, StoreError> {
    let rows = sqlx::query(
        "SELECT MIN(id), MIN(msg_key), MIN(code), MIN(at_ms) FROM dead_letters WHERE state = 'OPEN'
         AND grp LIKE $2 AND (msg_key LIKE $3 OR msg_key = $4) GROUP BY topic, part, log_offset
         HAVING MIN(at_ms) >= $1 ORDER BY 4, 1 LIMIT $5",
    )
    .bind(from_ms)
    .bind(format!("{groups}%"))
    .bind(like)
    .bind(is)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(OpenLetter {
                id: row.try_get(0)?,
                key: row.try_get(1)?,
                code: row.try_get(2)?,
                at_ms: row.try_get(3)?,
            })
        })
        .collect()
}

/// The key of an open dead letter of the groups that begin like this.
///
/// # Errors
/// When the store fails.
pub async fn open_key(
    conn: &mut AnyConnection,
    groups: &str,
    id: &str,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "SELECT msg_key FROM dead_letters WHERE id = $1 AND state = 'OPEN' AND grp LIKE $2",
    )
    .bind(id)
    .bind(format!("{groups}%"))
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// One dead letter.
///
/// # Errors
/// When the store fails.
pub async fn get(store: &Store, id: &str) -> Result<Option<DeadLetter>, StoreError> {
    let mut conn = store.read().await?;
    let sql = format!("SELECT {COLUMNS} FROM dead_letters WHERE id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(&mut *conn).await?;
    row.as_ref().map(read).transpose()
}

/// Marks an open dead letter as sent round again. False means that there is no open one of this id.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn mark_redriven(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    let done =
        sqlx::query("UPDATE dead_letters SET state = 'REDRIVEN' WHERE id = $1 AND state = 'OPEN'")
            .bind(id)
            .execute(tx.conn())
            .await?;
    Ok(done.rows_affected() == 1)
}

fn read(row: &AnyRow) -> Result<DeadLetter, StoreError> {
    let (partition, state): (i64, String) = (row.try_get(3)?, row.try_get(12)?);
    Ok(DeadLetter {
        id: row.try_get(0)?,
        group: row.try_get(1)?,
        topic: row.try_get(2)?,
        partition: i32::try_from(partition)
            .map_err(|_| StoreError::Corrupt("dead letter partition"))?,
        offset: row.try_get(4)?,
        key: row.try_get(5)?,
        event_id: row.try_get(6)?,
        payload: row.try_get(7)?,
        code: row.try_get(8)?,
        detail: row.try_get(9)?,
        owner: row.try_get(10)?,
        at_ms: row.try_get(11)?,
        state: match state.as_str() {
            "OPEN" => State::Open,
            "REDRIVEN" => State::Redriven,
            _ => return Err(StoreError::Corrupt("dead letter state")),
        },
    })
}
