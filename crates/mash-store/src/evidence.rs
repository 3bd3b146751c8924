//! Evidence: records written in the transaction of what they tell of, and handed to a ledger afterwards, before any
//! message of that transaction is published.
//!
//! A record is written once, whoever writes it again: its salt is drawn by lot, and a second one would be another record.
//! The salt stays when the record has gone, until somebody [`forget`]s it.

use std::collections::HashSet;

use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use crate::{
    Store, StoreError, Tx,
    sql::{CHUNK, in_list, is_kept, listed, pieces, placeholders},
};

/// A record.
#[derive(Clone)]
pub struct Record {
    /// The id that stays the same however often it is written.
    pub entry_id: String,
    /// The record as the ledger takes it.
    pub entry: Vec<u8>,
    /// The salt of its commitment.
    pub salt: [u8; 32],
}

/// A record that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its number.
    pub seq: i64,
    /// The record as the ledger takes it.
    pub entry: Vec<u8>,
    /// Whether messages have gone before it.
    pub late: bool,
    /// Since when it has waited, in milliseconds since the epoch.
    pub at_ms: i64,
}

/// Writes records, and wakes the relay of the component once the transaction is committed. What was written before, ever,
/// is passed over.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn record(tx: &mut Tx, component: &str, records: &[Record]) -> Result<(), StoreError> {
    let now = tx.dialect().now_ms();
    for chunk in pieces(&keep_salts(tx, component, records).await?) {
        let mut values = String::new();
        for row in 0..chunk.len() {
            let separator = if row == 0 { "" } else { "," };
            values.push_str(&format!("{separator}({}, 0, {now})", in_list(row * 3 + 1, 3)));
        }
        let sql = format!(
            "INSERT INTO evidence (component, entry_id, entry, late, at_ms) VALUES {values}"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for record in chunk {
            query = query.bind(component).bind(&record.entry_id).bind(&record.entry);
        }
        query.execute(tx.conn()).await?;
        tx.signal_on_commit(&crate::outbox::signal_name(component));
    }
    Ok(())
}

/// The half of [`record`] for whoever has the ledger in the same transaction: keeps the salts, and returns the records that
/// were not written before, ever, in the order in which they were given, each once.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn keep_salts<'a>(
    tx: &mut Tx,
    component: &str,
    records: &'a [Record],
) -> Result<Vec<&'a Record>, StoreError> {
    let mut fresh: HashSet<String> = HashSet::new();
    for chunk in pieces(records) {
        let sql = format!(
            "INSERT INTO evidence_salts (entry_id, component, salt) VALUES {} ON CONFLICT DO NOTHING RETURNING entry_id",
            placeholders(chunk.len(), 3)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for record in chunk {
            query = query.bind(&record.entry_id).bind(component).bind(record.salt.as_slice());
        }
        for row in query.fetch_all(tx.conn()).await? {
            fresh.insert(row.try_get(0)?);
        }
    }
    Ok(records.iter().filter(|record| fresh.remove(&record.entry_id)).collect())
}

/// The oldest records of a component. They stay until [`delete`] takes them away.
///
/// # Errors
/// When the store fails.
pub async fn take(
    store: &Store,
    component: &str,
    limit: usize,
) -> Result<Vec<Waiting>, StoreError> {
    let mut conn = store.read().await?;
    let rows = sqlx::query(
        "SELECT seq, entry, late, at_ms FROM evidence WHERE component = $1 ORDER BY seq LIMIT $2",
    )
    .bind(component)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&mut *conn)
    .await?;
    conn.done();
    rows.iter()
        .map(|row| {
            Ok(Waiting {
                seq: row.try_get(0)?,
                entry: row.try_get(1)?,
                late: row.try_get::<i64, _>(2)? != 0,
                at_ms: row.try_get(3)?,
            })
        })
        .collect()
}

/// Removes records that the ledger has.
///
/// # Errors
/// When the store fails; then they may be handed over once more.
pub async fn delete(store: &Store, seqs: &[i64]) -> Result<(), StoreError> {
    if seqs.len() <= CHUNK {
        let mut single = store.single().await?;
        take_away(single.conn(), seqs).await?;
        return single.done();
    }
    let mut tx = store.begin().await?;
    for chunk in seqs.chunks(CHUNK) {
        take_away(tx.conn(), chunk).await?;
    }
    tx.commit().await
}

/// In one statement.
async fn take_away(conn: &mut AnyConnection, seqs: &[i64]) -> Result<(), StoreError> {
    let (list, seqs) = listed(1, seqs);
    let mut query =
        sqlx::query(AssertSqlSafe(format!("DELETE FROM evidence WHERE seq IN ({list})")));
    for seq in seqs {
        query = query.bind(*seq);
    }
    query.execute(conn).await?;
    Ok(())
}

/// Marks everything of a component that waits: messages are about to go before it.
///
/// # Errors
/// When the store fails; then no message may go.
pub async fn mark_late(store: &Store, component: &str) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    sqlx::query("UPDATE evidence SET late = 1 WHERE component = $1 AND late = 0")
        .bind(component)
        .execute(tx.conn())
        .await?;
    tx.commit().await
}

/// The salt of a record, as long as it was not forgotten.
///
/// # Errors
/// When the store fails.
pub async fn salt(store: &Store, entry_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut conn = store.read().await?;
    let salt = sqlx::query_scalar("SELECT salt FROM evidence_salts WHERE entry_id = $1");
    Ok(salt.bind(entry_id).fetch_optional(&mut *conn).await?)
}

/// Forgets the salts of these records: what they commit to can be found out by nobody any more. That they were written
/// stays known, so that none of them is written a second time.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn forget(tx: &mut Tx, entry_ids: &[&str]) -> Result<(), StoreError> {
    for chunk in entry_ids.chunks(CHUNK) {
        let sql = format!(
            "UPDATE evidence_salts SET salt = $1 WHERE entry_id IN ({})",
            in_list(2, chunk.len())
        );
        let mut query =
            sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len())).bind(&[][..]);
        for entry_id in chunk {
            query = query.bind(*entry_id);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}
