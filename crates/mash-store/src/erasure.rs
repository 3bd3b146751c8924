//! Erasure: content goes when its time is over or somebody orders it, unless a hold stands in the way.
//!
//! Two steps. *Closing* a key takes effect at once for everybody who looks: nothing is opened with it, and what comes later
//! for the same case gets a fresh key, so that nothing is lost unread. *Destroying* it follows when nobody can remember it
//! any more; from then on every copy of what it sealed is noise, wherever it lies: rows, topics, dead letters, free pages.
//! A backup of the table of keys is opened by the wrapping key of its time and by nothing else, so an erasure is *final*
//! when that version is retired ([`crate::keys::rotation`]). Each key that goes leaves a certificate.

use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use crate::{Store, StoreError, Tx};

/// How long one kind of record is kept, counted from when content was sealed last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The kind of record.
    pub record: String,
    /// Milliseconds.
    pub keep_ms: i64,
}

/// From closing to destroying: longer than a key is remembered and a transaction lasts.
pub const GRACE_MS: i64 = 2 * 60 * 1000;
/// Keys per round.
const ROUND: i64 = 500;
const EXPIRED: &str = "expired";

/// Why content was not erased, or a hold not placed or lifted. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The content of the case was erased before.
    #[error("MASH-X020: the content of this case was erased before")]
    Already,
    /// There is no content of such a case.
    #[error("MASH-X021: there is no content of this case")]
    Unknown,
    /// A hold stands in the way.
    #[error("MASH-X022: a legal hold stands on this case: {0}")]
    Held(String),
    /// A hold stands on the case already.
    #[error("MASH-X023: a legal hold stands on this case already: {0}")]
    HeldAlready(String),
    /// No hold stands on the case.
    #[error("MASH-X024: no legal hold stands on this case")]
    NotHeld,
    /// No reason was given.
    #[error(
        "MASH-X025: a reason is needed, of 1 to {LONGEST_REASON} characters, without personal data"
    )]
    NoReason,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Characters of a reason.
pub const LONGEST_REASON: usize = 200;

/// What one look has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Keys whose time was over.
    pub closed: u64,
    /// Keys destroyed; each has a certificate.
    pub destroyed: u64,
}

/// That a key is gone, and with it what it sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its number; they rise.
    pub seq: i64,
    /// The key.
    pub key_id: String,
    /// The kind of record.
    pub record: String,
    /// The case, an opaque id.
    pub case_id: String,
    /// `expired`, or the reason of whoever ordered it.
    pub reason: String,
    /// Who ordered it; empty when its time was over.
    pub by_whom: String,
    /// When it was closed.
    pub close_ms: i64,
    /// When it was destroyed.
    pub destroy_ms: i64,
    /// When the last wrapping key was retired that a backup could be opened with; 0 while there is one.
    pub final_ms: i64,
    /// The id of its entry in a ledger; empty until [`entered`].
    pub entry_id: String,
}

impl EraseError {
    /// The code, with a page in `docs/errors`; none where the store failed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Already => "MASH-X020",
            Self::Unknown => "MASH-X021",
            Self::Held(_) => "MASH-X022",
            Self::HeldAlready(_) => "MASH-X023",
            Self::NotHeld => "MASH-X024",
            Self::NoReason => "MASH-X025",
            Self::Store(_) => "",
        }
    }
}

/// The reason without blanks around it.
///
/// # Errors
/// [`EraseError::NoReason`] when it is none: empty, too long, or not one line.
pub fn reasoned(reason: &str) -> Result<&str, EraseError> {
    let reason = reason.trim();
    let fits = (1..=LONGEST_REASON).contains(&reason.chars().count());
    if fits && !reason.chars().any(char::is_control) {
        Ok(reason)
    } else {
        Err(EraseError::NoReason)
    }
}

async fn hold_on(tx: &mut Tx, case: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT reason FROM holds WHERE case_id = $1")
        .bind(case)
        .fetch_optional(tx.conn())
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Places a hold: until it is lifted nothing of the case is erased, not even what was closed already.
///
/// # Errors
/// [`EraseError::HeldAlready`], [`EraseError::NoReason`], or when the store fails.
pub async fn place_hold(
    store: &Store,
    case: &str,
    reason: &str,
    by_whom: &str,
    now_ms: i64,
) -> Result<(), EraseError> {
    let mut tx = store.begin().await?;
    place_hold_in(&mut tx, case, reason, by_whom, now_ms).await?;
    Ok(tx.commit().await?)
}

/// As [`place_hold`], in somebody's transaction, which should be dropped when it fails.
///
/// # Errors
/// As [`place_hold`].
pub async fn place_hold_in(
    tx: &mut Tx,
    case: &str,
    reason: &str,
    by_whom: &str,
    now_ms: i64,
) -> Result<(), EraseError> {
    let reason = reasoned(reason)?;
    if let Some(standing) = hold_on(tx, case).await? {
        return Err(EraseError::HeldAlready(standing));
    }
    sqlx::query("INSERT INTO holds (case_id, reason, place_by, place_ms) VALUES ($1, $2, $3, $4)")
        .bind(case)
        .bind(reason)
        .bind(by_whom)
        .bind(now_ms)
        .execute(tx.conn())
        .await
        .map_err(StoreError::from)?;
    Ok(())
}

/// Lifts a hold.
///
/// # Errors
/// [`EraseError::NotHeld`], or when the store fails.
pub async fn lift_hold(store: &Store, case: &str) -> Result<(), EraseError> {
    let mut tx = store.begin().await?;
    lift_hold_in(&mut tx, case).await?;
    Ok(tx.commit().await?)
}

/// As [`lift_hold`], in somebody's transaction, which should be dropped when it fails.
///
/// # Errors
/// As [`lift_hold`].
pub async fn lift_hold_in(tx: &mut Tx, case: &str) -> Result<(), EraseError> {
    let done = sqlx::query("DELETE FROM holds WHERE case_id = $1")
        .bind(case)
        .execute(tx.conn())
        .await
        .map_err(StoreError::from)?;
    if done.rows_affected() == 0 {
        return Err(EraseError::NotHeld);
    }
    Ok(())
}

/// Closes every key of a case, and returns how many. The next [`sweep`] after [`GRACE_MS`] destroys them.
///
/// # Errors
/// [`EraseError::Already`], [`EraseError::Unknown`], [`EraseError::Held`], [`EraseError::NoReason`], or when the store
/// fails.
pub async fn erase(
    store: &Store,
    case: &str,
    reason: &str,
    by_whom: &str,
    now_ms: i64,
) -> Result<u64, EraseError> {
    let mut tx = store.begin().await?;
    let closed = erase_in(&mut tx, case, reason, by_whom, now_ms).await?;
    tx.commit().await?;
    Ok(closed)
}

/// As [`erase`], in somebody's transaction, which should be dropped when it fails.
///
/// # Errors
/// As [`erase`].
pub async fn erase_in(
    tx: &mut Tx,
    case: &str,
    reason: &str,
    by_whom: &str,
    now_ms: i64,
) -> Result<u64, EraseError> {
    let reason = reasoned(reason)?;
    if let Some(hold) = hold_on(tx, case).await? {
        return Err(EraseError::Held(hold));
    }
    let done = sqlx::query(
        "UPDATE data_keys SET close_ms = $1, close_reason = $2, close_by = $3 WHERE case_id = $4 AND close_ms = 0",
    )
    .bind(now_ms)
    .bind(reason)
    .bind(by_whom)
    .bind(case)
    .execute(tx.conn())
    .await
    .map_err(StoreError::from)?;
    if done.rows_affected() == 0 {
        let known = sqlx::query("SELECT COUNT(*) FROM data_keys WHERE case_id = $1")
            .bind(case)
            .fetch_one(tx.conn())
            .await
            .map_err(StoreError::from)?;
        let known: i64 = known.try_get(0).map_err(StoreError::from)?;
        return Err(if known > 0 { EraseError::Already } else { EraseError::Unknown });
    }
    tx.forget_keys_on_commit();
    Ok(done.rows_affected())
}

/// Closes the keys whose time is over, destroys those that were closed long enough ago, and writes the certificates.
///
/// # Errors
/// When the store fails; the next look goes on.
pub async fn sweep(store: &Store, rules: &[Rule], now_ms: i64) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    let mut tx = store.begin().await?;
    for rule in rules {
        let done = sqlx::query(
            "UPDATE data_keys SET close_ms = $1, close_reason = $2
             WHERE close_ms = 0 AND record = $3 AND use_ms < $4
               AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.case_id = data_keys.case_id)",
        )
        .bind(now_ms)
        .bind(EXPIRED)
        .bind(&rule.record)
        .bind(now_ms.saturating_sub(rule.keep_ms))
        .execute(tx.conn())
        .await?;
        swept.closed += done.rows_affected();
    }
    tx.commit().await?;
    loop {
        let destroyed = destroy(store, now_ms).await?;
        swept.destroyed += destroyed;
        if destroyed < u64::try_from(ROUND).unwrap_or(u64::MAX) {
            break;
        }
    }
    Ok(swept)
}

async fn destroy(store: &Store, now_ms: i64) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    let sql = format!(
        "SELECT key_id FROM data_keys
         WHERE close_ms > 0 AND destroy_ms = 0 AND close_ms <= $1
           AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.case_id = data_keys.case_id)
         ORDER BY key_id LIMIT $2{}",
        tx.for_update()
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(now_ms.saturating_sub(GRACE_MS))
        .bind(ROUND)
        .fetch_all(tx.conn())
        .await?;
    for row in &rows {
        let key_id: String = row.try_get(0)?;
        sqlx::query(
            "INSERT INTO erasures
                (key_id, record, case_id, reason, by_whom, close_ms, destroy_ms, wrapped_by, final_ms)
             SELECT key_id, record, case_id, close_reason, close_by, close_ms, $1, wrapped_by, 0
             FROM data_keys WHERE key_id = $2",
        )
        .bind(now_ms)
        .bind(&key_id)
        .execute(tx.conn())
        .await?;
        sqlx::query("UPDATE data_keys SET wrapped = $1, destroy_ms = $2 WHERE key_id = $3")
            .bind(Vec::new())
            .bind(now_ms)
            .bind(&key_id)
            .execute(tx.conn())
            .await?;
    }
    tx.commit().await?;
    Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
}

/// Certificates after this number, in order: what a ledger takes in.
///
/// # Errors
/// When the store fails.
pub async fn certificates(
    store: &Store,
    after: i64,
    limit: u32,
) -> Result<Vec<Certificate>, StoreError> {
    let mut conn = store.read().await?;
    let rows = sqlx::query(
        "SELECT seq, key_id, record, case_id, reason, by_whom, close_ms, destroy_ms, final_ms, entry_id
         FROM erasures WHERE seq > $1 ORDER BY seq LIMIT $2",
    )
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(&mut *conn)
    .await?;
    read(&rows)
}

/// Certificates that no ledger has yet, in order.
///
/// # Errors
/// When the store fails.
pub async fn without_entry(store: &Store, limit: u32) -> Result<Vec<Certificate>, StoreError> {
    let mut conn = store.read().await?;
    let rows = sqlx::query(
        "SELECT seq, key_id, record, case_id, reason, by_whom, close_ms, destroy_ms, final_ms, entry_id
         FROM erasures WHERE entry_id = '' ORDER BY seq LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(&mut *conn)
    .await?;
    read(&rows)
}

/// Notes the entries of certificates in a ledger: number and id of the entry.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn entered(tx: &mut Tx, entries: &[(i64, &str)]) -> Result<(), StoreError> {
    for (seq, entry_id) in entries {
        sqlx::query("UPDATE erasures SET entry_id = $1 WHERE seq = $2")
            .bind(*entry_id)
            .bind(*seq)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

fn read(rows: &[AnyRow]) -> Result<Vec<Certificate>, StoreError> {
    rows.iter()
        .map(|row| {
            Ok(Certificate {
                seq: row.try_get(0)?,
                key_id: row.try_get(1)?,
                record: row.try_get(2)?,
                case_id: row.try_get(3)?,
                reason: row.try_get(4)?,
                by_whom: row.try_get(5)?,
                close_ms: row.try_get(6)?,
                destroy_ms: row.try_get(7)?,
                final_ms: row.try_get(8)?,
                entry_id: row.try_get(9)?,
            })
        })
        .collect()
}
