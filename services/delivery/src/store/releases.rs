//! The last word about each release.

use std::collections::HashMap;

use jiff::Timestamp;
use mash_store::{StoreError, Tx, listed, pieces, placeholders};
use sqlx::{AssertSqlSafe, Row as _};

use super::{CHUNK, optional_instant};

/// What is known of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReleaseRow {
    pub(crate) release_id: String,
    pub(crate) organisation: String,
    /// The newest revision that arrived; 0 if none has.
    pub(crate) revision: u32,
    /// When it was recalled, if no newer revision followed.
    pub(crate) recalled: Option<Timestamp>,
    /// The newest revision that a person acknowledged elsewhere; 0 if none.
    pub(crate) settled_revision: u32,
    /// The last item of it that was put into the mailbox; empty if none was.
    pub(crate) last_item: String,
}

impl ReleaseRow {
    /// A release of which nothing was heard yet.
    pub(crate) fn new(release_id: &str, organisation: &str) -> Self {
        Self {
            release_id: release_id.to_owned(),
            organisation: organisation.to_owned(),
            revision: 0,
            recalled: None,
            settled_revision: 0,
            last_item: String::new(),
        }
    }
}

/// What is known of these releases. Only while their mailboxes are held does nobody change it.
pub(crate) async fn load(
    tx: &mut Tx,
    ids: &[&str],
) -> Result<HashMap<String, ReleaseRow>, StoreError> {
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let (list, ids) = listed(1, chunk);
        let sql = format!(
            "SELECT release_id, organisation, revision, recalled_ms, settled_revision, last_item
             FROM delivery_releases WHERE release_id IN ({list})"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for id in ids {
            query = query.bind(*id);
        }
        for row in query.fetch_all(tx.conn()).await? {
            let row = ReleaseRow {
                release_id: row.try_get(0)?,
                organisation: row.try_get(1)?,
                revision: revision(row.try_get(2)?)?,
                recalled: optional_instant(row.try_get(3)?)?,
                settled_revision: revision(row.try_get(4)?)?,
                last_item: row.try_get(5)?,
            };
            found.insert(row.release_id.clone(), row);
        }
    }
    Ok(found)
}

/// Writes what is known of these releases.
pub(crate) async fn save(
    tx: &mut Tx,
    rows: &[&ReleaseRow],
    now: Timestamp,
) -> Result<(), StoreError> {
    for chunk in pieces(rows) {
        let sql = format!(
            "INSERT INTO delivery_releases (release_id, organisation, revision, recalled_ms, settled_revision,
             last_item, touched_ms) VALUES {}
             ON CONFLICT (release_id) DO UPDATE SET revision = excluded.revision, recalled_ms = excluded.recalled_ms,
             settled_revision = excluded.settled_revision, last_item = excluded.last_item,
             touched_ms = excluded.touched_ms",
            placeholders(chunk.len(), 7)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for row in chunk {
            query = query
                .bind(&row.release_id)
                .bind(&row.organisation)
                .bind(i64::from(row.revision))
                .bind(row.recalled.map_or(0, Timestamp::as_millisecond))
                .bind(i64::from(row.settled_revision))
                .bind(&row.last_item)
                .bind(now.as_millisecond());
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

fn revision(stored: i64) -> Result<u32, StoreError> {
    u32::try_from(stored).map_err(|_| StoreError::Corrupt("the revision of a release"))
}
