//! Acknowledgements in time: who has not acknowledged, and who did elsewhere.

use jiff::Timestamp;
use mash_store::{StoreError, Tx, in_list, listed};
use sqlx::AssertSqlSafe;

use super::{
    CHUNK,
    items::{Acknowledged, acknowledged},
    number,
};

/// An item whose time has passed, with its organisation.
pub(crate) struct Overdue {
    pub(crate) organisation: String,
    pub(crate) item: Acknowledged,
}

/// Takes items whose time to be acknowledged has passed. Whoever takes one has it: two replicas do not both report it.
pub(crate) async fn take_overdue(
    tx: &mut Tx,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Overdue>, StoreError> {
    let now = now.as_millisecond();
    let ids: Vec<String> = sqlx::query_scalar(
        "SELECT id FROM delivery_items WHERE settled = 0 AND acknowledge_by_ms <= $1
         ORDER BY acknowledge_by_ms, id LIMIT $2",
    )
    .bind(now)
    .bind(number(limit))
    .fetch_all(tx.conn())
    .await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "UPDATE delivery_items SET settled = 1, undelivered_ms = $1 WHERE settled = 0 AND id IN ({})
         RETURNING id, kind, release_id, item_id, case_id, revision, cause, organisation",
        in_list(2, ids.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(now);
    for id in &ids {
        query = query.bind(id);
    }
    let mut taken = Vec::with_capacity(ids.len());
    for row in query.fetch_all(tx.conn()).await? {
        let organisation = sqlx::Row::try_get(&row, 7)?;
        taken.push(Overdue { organisation, item: acknowledged(&row)? });
    }
    // The databases return them in any order.
    taken.sort_unstable_by(|one, other| one.item.id.cmp(&other.item.id));
    Ok(taken)
}

/// Somebody acknowledged these releases elsewhere, up to this revision: nothing of them is overdue any more. Where no system
/// ever fetches, nobody will take the content away later, so it goes now, and whoever acknowledged is named.
pub(crate) async fn settle(
    tx: &mut Tx,
    releases: &[&str],
    revision: u32,
    wipe_for: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for chunk in releases.chunks(CHUNK) {
        let (list, releases) = listed(if wipe_for.is_some() { 5 } else { 2 }, chunk);
        let sql = if wipe_for.is_some() {
            format!(
                "UPDATE delivery_items SET settled = 1, state = 1, end_ms = $2, acknowledged_by = $3, payload = $4
                 WHERE revision <= $1 AND state = 0 AND release_id IN ({list})"
            )
        } else {
            format!(
                "UPDATE delivery_items SET settled = 1
                 WHERE revision <= $1 AND settled = 0 AND release_id IN ({list})"
            )
        };
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(i64::from(revision));
        if let Some(practitioner) = wipe_for {
            query = query.bind(now.as_millisecond()).bind(practitioner).bind(&[][..]);
        }
        for release in releases {
            query = query.bind(*release);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}
