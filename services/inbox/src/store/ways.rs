//! What the other ways in leave behind: answers of providers that were used, challenges, and passkeys.

use jiff::Timestamp;
use mash_store::{StoreError, Tx};
use sqlx::{AnyConnection, Row as _, any::AnyRow};

/// Uses something up; whether it was not used before. Of two who try at once one succeeds.
pub(crate) async fn spend(
    tx: &mut Tx,
    token_key: &str,
    ends: Timestamp,
) -> Result<bool, StoreError> {
    let spent = sqlx::query(
        "INSERT INTO inbox_spent (token_key, end_ms) VALUES ($1, $2) ON CONFLICT (token_key) DO NOTHING",
    )
    .bind(token_key)
    .bind(ends.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(spent.rows_affected() == 1)
}

/// Keeps the challenge of a browser, in place of an earlier one.
pub(crate) async fn put_challenge(
    tx: &mut Tx,
    asker_key: &str,
    state: &str,
    ends: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO inbox_challenges (asker_key, state, end_ms) VALUES ($1, $2, $3)
         ON CONFLICT (asker_key) DO UPDATE SET state = excluded.state, end_ms = excluded.end_ms",
    )
    .bind(asker_key)
    .bind(state)
    .bind(ends.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes the challenge of a browser, which is gone then, if it is still good. Of two who try at once one succeeds.
pub(crate) async fn take_challenge(
    tx: &mut Tx,
    asker_key: &str,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "DELETE FROM inbox_challenges WHERE asker_key = $1 AND end_ms > $2 RETURNING state",
    )
    .bind(asker_key)
    .bind(now.as_millisecond())
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// A passkey, as it is kept.
pub(crate) struct KeptPasskey {
    pub(crate) credential_key: String,
    pub(crate) account: String,
    /// What its owner calls it.
    pub(crate) name: String,
    /// As the library writes it.
    pub(crate) passkey: String,
    pub(crate) created: Timestamp,
    /// When it was last used to sign in.
    pub(crate) used: Option<Timestamp>,
}

const PASSKEY: &str = "credential_key, account, name, passkey, create_ms, used_ms";

fn kept(row: &AnyRow) -> Result<KeptPasskey, StoreError> {
    let time = |at: usize| -> Result<Timestamp, StoreError> {
        Timestamp::from_millisecond(row.try_get(at)?)
            .map_err(|_| StoreError::Corrupt("the time of a passkey"))
    };
    Ok(KeptPasskey {
        credential_key: row.try_get(0)?,
        account: row.try_get(1)?,
        name: row.try_get(2)?,
        passkey: row.try_get(3)?,
        created: time(4)?,
        used: Some(time(5)?).filter(|used| *used != Timestamp::UNIX_EPOCH),
    })
}

/// The passkeys of an account, the oldest first.
pub(crate) async fn passkeys(
    conn: &mut AnyConnection,
    account: &str,
) -> Result<Vec<KeptPasskey>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {PASSKEY} FROM inbox_passkeys WHERE account = $1 ORDER BY create_ms, credential_key"
    )))
    .bind(account)
    .fetch_all(conn);
    rows.await?.iter().map(kept).collect()
}

/// One of an account's passkeys.
pub(crate) async fn passkey(
    conn: &mut AnyConnection,
    account: &str,
    credential_key: &str,
) -> Result<Option<KeptPasskey>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {PASSKEY} FROM inbox_passkeys WHERE account = $1 AND credential_key = $2"
    )))
    .bind(account)
    .bind(credential_key)
    .fetch_optional(conn);
    row.await?.as_ref().map(kept).transpose()
}

/// Keeps a passkey; whether it is not somebody's already.
pub(crate) async fn add_passkey(tx: &mut Tx, passkey: &KeptPasskey) -> Result<bool, StoreError> {
    let added = sqlx::query(
        "INSERT INTO inbox_passkeys (credential_key, account, name, passkey, create_ms, used_ms)
         VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (credential_key) DO NOTHING",
    )
    .bind(&passkey.credential_key)
    .bind(&passkey.account)
    .bind(&passkey.name)
    .bind(&passkey.passkey)
    .bind(passkey.created.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(added.rows_affected() == 1)
}

/// A passkey was used, and is kept with its new count; whether nobody has used it since `before` was read.
pub(crate) async fn use_passkey(
    tx: &mut Tx,
    before: &KeptPasskey,
    after: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let used = sqlx::query(
        "UPDATE inbox_passkeys SET passkey = $1, used_ms = $2 WHERE credential_key = $3 AND passkey = $4",
    )
    .bind(after)
    .bind(now.as_millisecond())
    .bind(&before.credential_key)
    .bind(&before.passkey)
    .execute(tx.conn())
    .await?;
    Ok(used.rows_affected() == 1)
}

/// Removes one of an account's passkeys.
pub(crate) async fn remove_passkey(
    tx: &mut Tx,
    account: &str,
    credential_key: &str,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM inbox_passkeys WHERE account = $1 AND credential_key = $2")
        .bind(account)
        .bind(credential_key)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Removes all of an account's passkeys, and tells how many there were.
pub(crate) async fn remove_passkeys(tx: &mut Tx, account: &str) -> Result<u64, StoreError> {
    let removed = sqlx::query("DELETE FROM inbox_passkeys WHERE account = $1")
        .bind(account)
        .execute(tx.conn())
        .await?;
    Ok(removed.rows_affected())
}
