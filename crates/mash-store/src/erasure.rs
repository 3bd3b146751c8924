//! Erasure: content goes when its time is over or somebody orders it, unless a hold stands in the way.
//!
//! Two steps. *Closing* a key takes effect at once for everybody who looks: nothing is opened with it, and what comes later
//! for the same case gets a fresh key, so that nothing is lost unread. *Destroying* it follows when nobody can remember it
//! any more; from then on every copy of what it sealed is noise, wherever it lies: rows, topics, dead letters, free pages.
//! A backup of the table of keys is opened by the wrapping key of its time and by nothing else, so an erasure is *final*
//! when that version is retired ([`crate::keys::rotation`]). Each key that goes leaves a certificate.

use sqlx::{AssertSqlSafe, Row as _};

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
}

fn reasoned(reason: &str) -> Result<&str, EraseError> {
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
    let reason = reasoned(reason)?;
    let mut tx = store.begin().await?;
    if let Some(standing) = hold_on(&mut tx, case).await? {
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
    Ok(tx.commit().await?)
}

/// Lifts a hold.
///
/// # Errors
/// [`EraseError::NotHeld`], or when the store fails.
pub async fn lift_hold(store: &Store, case: &str) -> Result<(), EraseError> {
    let mut tx = store.begin().await?;
    let done = sqlx::query("DELETE FROM holds WHERE case_id = $1")
        .bind(case)
        .execute(tx.conn())
        .await
        .map_err(StoreError::from)?;
    if done.rows_affected() == 0 {
        return Err(EraseError::NotHeld);
    }
    Ok(tx.commit().await?)
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
    let reason = reasoned(reason)?;
    let mut tx = store.begin().await?;
    if let Some(hold) = hold_on(&mut tx, case).await? {
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
    tx.commit().await?;
    if let Some(vault) = store.vault() {
        vault.forget_all();
    }
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
        "SELECT seq, key_id, record, case_id, reason, by_whom, close_ms, destroy_ms, final_ms
         FROM erasures WHERE seq > $1 ORDER BY seq LIMIT $2",
    )
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(&mut *conn)
    .await?;
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
            })
        })
        .collect()
}
