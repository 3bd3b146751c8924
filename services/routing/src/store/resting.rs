//! Releases under a duty that rest on an agreement, by the event that carries them: what a guard kept back is found
//! here, so that it goes on record as kept back.

use mash_store::{StoreError, Tx, listed, pieces, placeholders};
use sqlx::{AssertSqlSafe, Row as _};

use super::CHUNK;
use crate::app::kept_back::Resting;

pub(super) async fn put(tx: &mut Tx, resting: &[Resting]) -> Result<(), StoreError> {
    for chunk in pieces(resting) {
        let sql = format!(
            "INSERT INTO routing_resting (event_id, case_id, duty_id, disclosure_id, flow, kept_back) VALUES {}
             ON CONFLICT (event_id) DO NOTHING",
            placeholders(chunk.len(), 6)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for release in chunk {
            query = query
                .bind(&release.event_id)
                .bind(&release.case_id)
                .bind(&release.duty_id)
                .bind(&release.disclosure_id)
                .bind(&release.flow)
                .bind(0_i64);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Marks releases that never left, to be put on record soon.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn keep_back(tx: &mut Tx, events: &[String]) -> Result<(), StoreError> {
    for chunk in events.chunks(CHUNK) {
        let (list, events) = listed(1, chunk);
        let sql = format!("UPDATE routing_resting SET kept_back = 1 WHERE event_id IN ({list})");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for event in events {
            query = query.bind(event);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Takes what was kept back, at most so many; whoever commits has it.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn take_kept_back(tx: &mut Tx, limit: usize) -> Result<Vec<Resting>, StoreError> {
    let rows = sqlx::query(
        "SELECT event_id, case_id, duty_id, disclosure_id, flow FROM routing_resting WHERE kept_back = 1
         ORDER BY event_id LIMIT $1",
    )
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(tx.conn())
    .await?;
    let mut taken = Vec::new();
    for row in rows {
        let event_id: String = row.try_get(0)?;
        let done = sqlx::query("DELETE FROM routing_resting WHERE event_id = $1")
            .bind(&event_id)
            .execute(tx.conn())
            .await?;
        if done.rows_affected() == 1 {
            taken.push(Resting {
                event_id,
                case_id: row.try_get(1)?,
                duty_id: row.try_get(2)?,
                disclosure_id: row.try_get(3)?,
                flow: row.try_get(4)?,
            });
        }
    }
    Ok(taken)
}
