//! Keys that the ledger has used, and keys of witnesses.

use jiff::Timestamp;
use mash_ledger::VerifierKey;
use mash_store::{StoreError, Tx};
use sqlx::{AnyConnection, Row as _};

/// A key of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownKey {
    pub(crate) key: VerifierKey,
    pub(crate) retired: bool,
}

/// Every key, in the order in which they came into use.
pub(crate) async fn all(conn: &mut AnyConnection) -> Result<Vec<KnownKey>, StoreError> {
    let rows = sqlx::query("SELECT line, retired_ms FROM audit_keys ORDER BY added_ms, line")
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(KnownKey {
                key: key(&row.try_get::<String, _>(0)?)?,
                retired: row.try_get::<i64, _>(1)? != 0,
            })
        })
        .collect()
}

/// A key came into use.
pub(crate) async fn add(tx: &mut Tx, key: &VerifierKey, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit_keys (line, added_ms, retired_ms) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
    )
    .bind(key.to_string())
    .bind(now.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A key went out of use.
pub(crate) async fn retire(
    tx: &mut Tx,
    key: &VerifierKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE audit_keys SET retired_ms = $1 WHERE line = $2 AND retired_ms = 0")
        .bind(now.as_millisecond().max(1))
        .bind(key.to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The witness of this organisation co-signs with this key from now on.
pub(crate) async fn register(
    tx: &mut Tx,
    organisation: &str,
    key: &VerifierKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE audit_witnesses SET live = 0 WHERE organisation = $1")
        .bind(organisation)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "INSERT INTO audit_witnesses (organisation, line, at_ms, live) VALUES ($1, $2, $3, 1)
         ON CONFLICT (organisation, line) DO UPDATE SET live = 1",
    )
    .bind(organisation)
    .bind(key.to_string())
    .bind(now.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The key with which this organisation co-signs.
pub(crate) async fn witness(
    conn: &mut AnyConnection,
    organisation: &str,
) -> Result<Option<VerifierKey>, StoreError> {
    let line: Option<String> =
        sqlx::query_scalar("SELECT line FROM audit_witnesses WHERE organisation = $1 AND live = 1")
            .bind(organisation)
            .fetch_optional(conn)
            .await?;
    line.as_deref().map(key).transpose()
}

/// Every key that a witness has used.
pub(crate) async fn witnesses(conn: &mut AnyConnection) -> Result<Vec<VerifierKey>, StoreError> {
    let lines: Vec<String> =
        sqlx::query_scalar("SELECT line FROM audit_witnesses ORDER BY at_ms, line")
            .fetch_all(conn)
            .await?;
    lines.iter().map(|line| key(line)).collect()
}

fn key(line: &str) -> Result<VerifierKey, StoreError> {
    VerifierKey::parse(line).map_err(|_| StoreError::Corrupt("a key of the ledger"))
}
