//! What desks have taken, and what schools sent back.

use std::collections::HashMap;

use jiff::Timestamp;
use mash_store::{StoreError, Tx, in_list};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::{CHUNK, corrupt};

/// What a school sent back, and nobody at the desk has seen to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SentBack {
    /// The id of the notice.
    pub(crate) notice: String,
    /// Which school.
    pub(crate) laestab: String,
    /// Whose it is while nobody has taken it; empty if the desk had nobody.
    pub(crate) owner: String,
    /// When.
    pub(crate) at_ms: i64,
}

/// Who has something, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Take {
    /// The officer, by contact id.
    pub(crate) by: String,
    /// Since when.
    pub(crate) at: Timestamp,
}

/// Keeps that a school sent a notice back.
pub(crate) async fn sent_back(
    tx: &mut Tx,
    authority: &str,
    item: &SentBack,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO education_sent_back (notice, authority, laestab, owner, at_ms, done_by, done_ms)
         VALUES ($1, $2, $3, $4, $5, '', 0) ON CONFLICT DO NOTHING",
    )
    .bind(&item.notice)
    .bind(authority)
    .bind(&item.laestab)
    .bind(&item.owner)
    .bind(item.at_ms)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What was sent back by schools of an authority and nobody has seen to, the oldest first, after this place.
pub(crate) async fn open_sent_back(
    conn: &mut AnyConnection,
    authority: &str,
    (after_ms, after): (i64, &str),
    limit: usize,
) -> Result<Vec<SentBack>, StoreError> {
    let rows = sqlx::query(
        "SELECT notice, laestab, owner, at_ms FROM education_sent_back WHERE authority = $1 AND done_ms = 0
         AND (at_ms > $2 OR (at_ms = $2 AND notice > $3)) ORDER BY at_ms, notice LIMIT $4",
    )
    .bind(authority)
    .bind(after_ms)
    .bind(after)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(SentBack {
                notice: row.try_get(0)?,
                laestab: row.try_get(1)?,
                owner: row.try_get(2)?,
                at_ms: row.try_get(3)?,
            })
        })
        .collect()
}

/// Whether it is there that a school of this authority sent this back and nobody has seen to it.
pub(crate) async fn is_sent_back(
    conn: &mut AnyConnection,
    authority: &str,
    notice: &str,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT 1 FROM education_sent_back WHERE notice = $1 AND authority = $2 AND done_ms = 0",
    )
    .bind(notice)
    .bind(authority)
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// Keeps that somebody has seen to it.
pub(crate) async fn done(
    tx: &mut Tx,
    notice: &str,
    (by, at): (&str, Timestamp),
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE education_sent_back SET done_by = $2, done_ms = $3 WHERE notice = $1 AND done_ms = 0",
    )
    .bind(notice)
    .bind(by)
    .bind(at.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes something that nobody has, or that `instead_of` has. Tells who has it from now on: of two who come at once the
/// first to commit.
pub(crate) async fn take(
    tx: &mut Tx,
    (subject, authority): (&str, &str),
    (by, instead_of): (&str, &str),
    at: Timestamp,
) -> Result<Take, StoreError> {
    // One statement decides: whoever comes second waits for the row and finds another name in it.
    sqlx::query(
        "INSERT INTO education_takes (subject, authority, practitioner, at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (subject) DO UPDATE SET practitioner = excluded.practitioner, at_ms = excluded.at_ms
         WHERE education_takes.practitioner = $5 AND education_takes.practitioner <> excluded.practitioner",
    )
    .bind(subject)
    .bind(authority)
    .bind(by)
    .bind(at.as_millisecond())
    .bind(instead_of)
    .execute(tx.conn())
    .await?;
    let taken = takes(tx.conn(), &[subject.to_owned()]).await?.remove(subject);
    taken.ok_or(StoreError::Corrupt("a duty that was just taken"))
}

/// Who has these, by subject.
pub(crate) async fn takes(
    conn: &mut AnyConnection,
    subjects: &[String],
) -> Result<HashMap<String, Take>, StoreError> {
    let mut takes = HashMap::new();
    for chunk in subjects.chunks(CHUNK) {
        let sql = format!(
            "SELECT subject, practitioner, at_ms FROM education_takes WHERE subject IN ({})",
            in_list(1, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == 1);
        for subject in chunk {
            query = query.bind(subject);
        }
        for row in query.fetch_all(&mut *conn).await? {
            let at = Timestamp::from_millisecond(row.try_get(2)?)
                .map_err(corrupt("when a duty was taken"))?;
            takes.insert(row.try_get(0)?, Take { by: row.try_get(1)?, at });
        }
    }
    Ok(takes)
}
