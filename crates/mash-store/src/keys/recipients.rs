//! The keys that messages on the bus are sealed to. The public half seals; the private half is kept wrapped.

use mash_keys::{
    KeyError, KeyId, Wrapped,
    wire::{PublicKey, RecipientId, RecipientKey},
};
use sqlx::{AssertSqlSafe, Row as _};

use super::{BUS, bound};
use crate::{Store, StoreError};

/// The name of a recipient key, as messages carry it, padded with zeros to the length of other names.
fn name_of(id: RecipientId) -> KeyId {
    let mut name = [0; 16];
    let (head, _) = name.split_at_mut(8);
    head.copy_from_slice(&id);
    KeyId(name)
}

/// The key that messages for this recipient are sealed to; made if there is none.
///
/// # Errors
/// When the store has no keys, or it or the key store fails.
pub async fn newest(store: &Store, recipient: &str) -> Result<PublicKey, StoreError> {
    if let Some(found) = look(store, recipient).await? {
        return Ok(found);
    }
    // Two processes may make one each: both are kept, both open, and the newest is sealed to.
    make(store, recipient).await?;
    look(store, recipient).await?.ok_or(StoreError::Corrupt("a recipient key that was just made"))
}

/// The key that messages for this recipient are sealed to, if there is one.
///
/// # Errors
/// When the store fails.
pub async fn look(store: &Store, recipient: &str) -> Result<Option<PublicKey>, StoreError> {
    let mut conn = store.read().await?;
    let row = sqlx::query(
        "SELECT public_key FROM recipient_keys WHERE recipient = $1 AND destroy_ms = 0
         ORDER BY make_ms DESC, key_id LIMIT 1",
    )
    .bind(recipient)
    .fetch_optional(&mut *conn)
    .await?;
    row.map(|row| public(row.try_get(0)?)).transpose()
}

fn public(bytes: Vec<u8>) -> Result<PublicKey, StoreError> {
    bytes.try_into().map(PublicKey).map_err(|_| StoreError::Corrupt("a public key"))
}

/// Makes the next key of a recipient. Those before it still open what was sealed to them.
///
/// # Errors
/// As [`newest`].
pub async fn make(store: &Store, recipient: &str) -> Result<(), StoreError> {
    let vault = store.vault().ok_or_else(no_keys)?;
    let key = RecipientKey::fresh()?;
    let id = name_of(key.public.id());
    let private = key.private()?;
    let wrapped = vault.wrapping.wrap(BUS, &private, &bound(id, recipient, "")).await?;
    let mut tx = store.begin().await?;
    let sql = format!(
        "INSERT INTO recipient_keys (key_id, recipient, public_key, wrapped, wrapped_by, make_ms, destroy_ms)
         VALUES ($1, $2, $3, $4, $5, {}, 0)",
        tx.dialect().now_ms()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(id.to_string())
        .bind(recipient)
        .bind(key.public.0.to_vec())
        .bind(wrapped.to_bytes())
        .bind(i64::from(wrapped.version))
        .execute(tx.conn())
        .await?;
    tx.commit().await
}

fn no_keys() -> KeyError {
    KeyError::NoVersion { name: BUS.to_owned(), version: 0 }
}

/// The key of this id, if it is the recipient's and was not destroyed.
///
/// # Errors
/// As [`newest`].
pub async fn private(
    store: &Store,
    recipient: &str,
    id: RecipientId,
) -> Result<Option<RecipientKey>, StoreError> {
    let vault = store.vault().ok_or_else(no_keys)?;
    let name = name_of(id);
    let mut conn = store.read().await?;
    let row = sqlx::query(
        "SELECT public_key, wrapped FROM recipient_keys
         WHERE key_id = $1 AND recipient = $2 AND destroy_ms = 0",
    )
    .bind(name.to_string())
    .bind(recipient)
    .fetch_optional(&mut *conn)
    .await?;
    drop(conn);
    let Some(row) = row else { return Ok(None) };
    let (public, wrapped) = (public(row.try_get(0)?)?, row.try_get::<Vec<u8>, _>(1)?);
    let bound = bound(name, recipient, "");
    let private = vault.wrapping.unwrap(BUS, &Wrapped::parse(&wrapped)?, &bound).await?;
    Ok(Some(RecipientKey::of(public, &private)))
}
