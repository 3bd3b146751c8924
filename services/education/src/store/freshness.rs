//! What was seen of the directory: mailboxes that bounced, and schools that were told of something.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use mash_store::{StoreError, Tx, in_list};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::{CHUNK, corrupt};

/// Keeps that mail to a contact was refused for good. The first time stays.
pub(crate) async fn put_bounce(
    tx: &mut Tx,
    laestab: &str,
    contact: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO education_bounces (laestab, contact, at_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(laestab)
    .bind(contact)
    .bind(at.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets that mail to these contacts was refused.
pub(crate) async fn forget_bounces(
    tx: &mut Tx,
    laestab: &str,
    contacts: &[&str],
) -> Result<(), StoreError> {
    for contact in contacts {
        sqlx::query("DELETE FROM education_bounces WHERE laestab = $1 AND contact = $2")
            .bind(laestab)
            .bind(*contact)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Since when mail to contacts of the schools of an authority is refused: by school, then by contact.
pub(crate) async fn bounces(
    conn: &mut AnyConnection,
    authority: &str,
) -> Result<HashMap<String, BTreeMap<String, Timestamp>>, StoreError> {
    let rows = sqlx::query(
        "SELECT b.laestab, b.contact, b.at_ms FROM education_bounces b
         JOIN education_establishments e ON e.laestab = b.laestab WHERE e.authority = $1",
    )
    .bind(authority)
    .fetch_all(conn)
    .await?;
    let mut bounces: HashMap<String, BTreeMap<String, Timestamp>> = HashMap::new();
    for row in rows {
        let at =
            Timestamp::from_millisecond(row.try_get(2)?).map_err(corrupt("when mail bounced"))?;
        bounces.entry(row.try_get(0)?).or_default().insert(row.try_get(1)?, at);
    }
    Ok(bounces)
}

/// Those of these schools that ever had a notice.
pub(crate) async fn told(
    conn: &mut AnyConnection,
    laestabs: &[&str],
) -> Result<HashSet<String>, StoreError> {
    let mut told = HashSet::new();
    for chunk in laestabs.chunks(CHUNK) {
        // One step into the index for each school, however many notices it has had.
        let sql = format!(
            "SELECT laestab FROM education_establishments WHERE laestab IN ({}) AND EXISTS
             (SELECT 1 FROM education_notices WHERE recipient = 'school/' || laestab)",
            in_list(1, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        for laestab in chunk {
            query = query.bind(*laestab);
        }
        for row in query.fetch_all(&mut *conn).await? {
            told.insert(row.try_get(0)?);
        }
    }
    Ok(told)
}
