//! Leases: what only one process at a time may do, such as publishing the outbox of a component.
//!
//! A lease saves work, it does not guard truth: a holder that was paused may wake up after its lease has run out.
//! Whatever is done under a lease must be safe when done twice.

use std::time::Duration;

use sqlx::AssertSqlSafe;

use crate::{Store, StoreError};

/// Takes or renews a lease. False means that another holder has it.
///
/// # Errors
/// When the store fails; nothing is held then.
pub async fn acquire(
    store: &Store,
    name: &str,
    holder: &str,
    ttl: Duration,
) -> Result<bool, StoreError> {
    let mut single = store.single().await?;
    // One clock decides, that of the database, so processes whose clocks differ do not both hold it.
    let now = single.dialect().now_ms();
    let sql = format!(
        "INSERT INTO leases (name, holder, expires_ms) VALUES ($1, $2, {now} + $3)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_ms = excluded.expires_ms
         WHERE leases.holder = excluded.holder OR leases.expires_ms <= {now}"
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(name)
        .bind(holder)
        .bind(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX))
        .execute(single.conn())
        .await?;
    single.done()?;
    Ok(done.rows_affected() == 1)
}

/// Gives a lease back, if this holder has it.
///
/// # Errors
/// When the store fails; the lease runs out by itself then.
pub async fn release(store: &Store, name: &str, holder: &str) -> Result<(), StoreError> {
    let mut single = store.single().await?;
    sqlx::query("DELETE FROM leases WHERE name = $1 AND holder = $2")
        .bind(name)
        .bind(holder)
        .execute(single.conn())
        .await?;
    single.done()
}
