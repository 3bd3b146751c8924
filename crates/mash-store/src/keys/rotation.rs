//! Rotation of the wrapping keys without a pause: the newest version wraps what comes, a tick wraps the rest anew, and an
//! old version is retired when nothing is left under it.

use std::{collections::BTreeSet, sync::Arc};

use mash_keys::{KeyError, KeyId, KeyStore, KeyVersion, Wrapped};
use sqlx::{AssertSqlSafe, Row as _};

use super::{BUS, CASES, bound};
use crate::{Store, StoreError};

/// A version of a wrapping key and how many keys are under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The wrapping key.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// Whether it is the one that wraps.
    pub newest: bool,
    /// Keys under it.
    pub keys: u64,
}

/// What a round of wrapping anew has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// Keys that are under the newest version now.
    pub keys: u64,
    /// Keys that could not be unwrapped: their rows were altered, or their version is gone.
    pub lost: u64,
}

/// A table of wrapped keys.
struct Kept {
    name: &'static str,
    table: &'static str,
    columns: &'static str,
}

const KEPT: [Kept; 2] = [
    Kept { name: CASES, table: "data_keys", columns: "record, case_id" },
    Kept { name: BUS, table: "recipient_keys", columns: "recipient, ''" },
];

fn wrapping(store: &Store) -> Result<Arc<dyn KeyStore>, StoreError> {
    let vault = store.vault();
    let none = || KeyError::NoVersion { name: CASES.to_owned(), version: 0 };
    Ok(Arc::clone(&vault.ok_or_else(none)?.wrapping))
}

/// The first version of each wrapping key, where there is none yet.
///
/// # Errors
/// When the key store fails.
pub async fn make(keys: &dyn KeyStore) -> Result<(), KeyError> {
    for Kept { name, .. } in KEPT {
        if keys.versions(name).await?.is_empty() {
            keys.rotate(name).await?;
        }
    }
    Ok(())
}

/// Makes the next version of each wrapping key.
///
/// # Errors
/// When the store has no keys, or the key store fails.
pub async fn rotate(store: &Store, now_ms: i64) -> Result<(), StoreError> {
    let keys = wrapping(store)?;
    note_versions(store, now_ms).await?;
    for Kept { name, .. } in KEPT {
        keys.rotate(name).await?;
    }
    note_versions(store, now_ms).await
}

/// Writes down when a version was first seen, which its age is counted from.
pub(crate) async fn note_versions(store: &Store, now_ms: i64) -> Result<(), StoreError> {
    let keys = wrapping(store)?;
    let mut tx = store.begin().await?;
    for Kept { name, .. } in KEPT {
        for KeyVersion { version, .. } in keys.versions(name).await? {
            sqlx::query(
                "INSERT INTO wrapping_versions (name, version, make_ms, retire_ms) VALUES ($1, $2, $3, 0)
                 ON CONFLICT DO NOTHING",
            )
            .bind(name)
            .bind(i64::from(version))
            .bind(now_ms)
            .execute(tx.conn())
            .await?;
        }
    }
    tx.commit().await
}

/// Wraps keys anew that are under an older version, at most this many of each kind. One that cannot be unwrapped is
/// counted, told, and does not stop the others.
///
/// # Errors
/// When the store has no keys, or it or the key store is away.
pub async fn rewrap(store: &Store, limit: u32) -> Result<Rewrapped, StoreError> {
    let mut done = Rewrapped::default();
    for kept in KEPT {
        rewrap_table(store, &kept, limit, &mut done).await?;
    }
    if done.lost > 0 {
        tracing::error!(
            keys = done.lost,
            code = KeyError::Broken.code(),
            "keys cannot be unwrapped"
        );
    }
    Ok(done)
}

async fn rewrap_table(
    store: &Store,
    kept: &Kept,
    limit: u32,
    done: &mut Rewrapped,
) -> Result<(), StoreError> {
    let keys = wrapping(store)?;
    let Some(newest) = keys.versions(kept.name).await?.into_iter().find(|it| it.newest) else {
        return Ok(());
    };
    let sql = format!(
        "SELECT key_id, {}, wrapped FROM {} WHERE destroy_ms = 0 AND wrapped_by < $1 ORDER BY key_id LIMIT $2",
        kept.columns, kept.table
    );
    let mut conn = store.read().await?;
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(i64::from(newest.version))
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await?;
    drop(conn);
    // Wrapped before the transaction begins: a module on the network may take its time.
    let mut anew = Vec::new();
    for row in &rows {
        let (id, one, other): (String, String, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let old: Vec<u8> = row.try_get(3)?;
        match again(&*keys, kept.name, (&id, &one, &other), &old).await {
            Ok(fresh) => anew.push((id, old, fresh)),
            Err(error) if error.is_transient() => return Err(error.into()),
            Err(_) => done.lost += 1,
        }
    }
    let sql = format!(
        "UPDATE {} SET wrapped = $1, wrapped_by = $2 WHERE key_id = $3 AND wrapped = $4 AND destroy_ms = 0",
        kept.table
    );
    let mut tx = store.begin().await?;
    for (id, old, fresh) in anew {
        // Only what is still as it was: a key that was destroyed meanwhile must not come back.
        let changed = sqlx::query(AssertSqlSafe(sql.clone()))
            .bind(fresh.to_bytes())
            .bind(i64::from(fresh.version))
            .bind(id)
            .bind(old)
            .execute(tx.conn())
            .await?;
        done.keys += changed.rows_affected();
    }
    tx.commit().await
}

async fn again(
    keys: &dyn KeyStore,
    name: &str,
    (id, one, other): (&str, &str, &str),
    wrapped: &[u8],
) -> Result<Wrapped, KeyError> {
    let id = KeyId::parse(id).ok_or(KeyError::Malformed("the name of a key"))?;
    let bound = bound(id, one, other);
    let key = keys.unwrap(name, &Wrapped::parse(wrapped)?, &bound).await?;
    keys.wrap(name, &key, &bound).await
}

/// The versions that are not retired, with what is under each.
///
/// # Errors
/// When the store has no keys, or it or the key store fails.
pub async fn standing(store: &Store) -> Result<Vec<Standing>, StoreError> {
    let keys = wrapping(store)?;
    let mut standing = Vec::new();
    for Kept { name, table, .. } in KEPT {
        for KeyVersion { version, newest } in keys.versions(name).await? {
            let keys = count(store, table, version).await?;
            standing.push(Standing { name, version, newest, keys });
        }
    }
    Ok(standing)
}

async fn count(store: &Store, table: &str, version: u32) -> Result<u64, StoreError> {
    let sql = format!("SELECT COUNT(*) FROM {table} WHERE destroy_ms = 0 AND wrapped_by = $1");
    let mut conn = store.read().await?;
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(i64::from(version)).fetch_one(&mut *conn).await?;
    Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0))
}

/// Destroys a version of a wrapping key under which nothing is left.
///
/// # Errors
/// [`KeyError::InUse`] while a key is under it, or when it is the newest; otherwise when the store or key store fails.
pub async fn retire(
    store: &Store,
    name: &'static str,
    version: u32,
    now_ms: i64,
) -> Result<(), StoreError> {
    let keys = wrapping(store)?;
    for kept in KEPT.iter().filter(|kept| kept.name == name) {
        if count(store, kept.table, version).await? > 0 {
            return Err(KeyError::InUse { name: name.to_owned(), version }.into());
        }
    }
    keys.retire(name, version).await?;
    let mut tx = store.begin().await?;
    sqlx::query("UPDATE wrapping_versions SET retire_ms = $1 WHERE name = $2 AND version = $3")
        .bind(now_ms)
        .bind(name)
        .bind(i64::from(version))
        .execute(tx.conn())
        .await?;
    // Nothing is left now with which an old backup could be opened.
    let oldest = keys.versions(name).await?.first().map_or(0, |oldest| oldest.version);
    if name == CASES {
        sqlx::query("UPDATE erasures SET final_ms = $1 WHERE final_ms = 0 AND wrapped_by < $2")
            .bind(now_ms)
            .bind(i64::from(oldest))
            .execute(tx.conn())
            .await?;
    }
    tx.commit().await
}

/// Rotates when the newest version is this old, and retires those whose successor is older than any backup.
///
/// # Errors
/// When the store or the key store fails; the next look goes on.
pub async fn keep_young(
    store: &Store,
    rotate_ms: i64,
    backups_ms: i64,
    now_ms: i64,
) -> Result<(), StoreError> {
    note_versions(store, now_ms).await?;
    let mut conn = store.read().await?;
    let rows = sqlx::query(
        "SELECT name, version, make_ms FROM wrapping_versions WHERE retire_ms = 0 ORDER BY name, version",
    )
    .fetch_all(&mut *conn)
    .await?;
    drop(conn);
    let mut versions: Vec<(String, u32, i64)> = Vec::new();
    for row in rows {
        let version = u32::try_from(row.try_get::<i64, _>(1)?)
            .map_err(|_| StoreError::Corrupt("the version of a wrapping key"))?;
        versions.push((row.try_get(0)?, version, row.try_get(2)?));
    }
    let newest = versions.iter().filter(|(name, ..)| name == CASES).map(|(.., made)| *made).max();
    if newest.is_some_and(|made| made <= now_ms - rotate_ms) {
        rotate(store, now_ms).await?;
    }
    let stale: BTreeSet<(String, u32)> = versions
        .windows(2)
        .filter_map(|pair| match pair {
            [(name, version, _), (next, _, made)]
                if name == next && *made <= now_ms - backups_ms =>
            {
                Some((name.clone(), *version))
            }
            _ => None,
        })
        .collect();
    for Kept { name, .. } in KEPT {
        for (_, version) in stale.iter().filter(|(stale, _)| stale == name) {
            match retire(store, name, *version, now_ms).await {
                // What is under it is wrapped anew by and by.
                Ok(()) | Err(StoreError::Sealed(KeyError::InUse { .. })) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}
