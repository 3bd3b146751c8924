//! Pupils.

use std::collections::BTreeMap;

use mash_proto::education::v1 as wire;
use mash_store::{StoreError, Tx, in_list, is_kept, placeholders};
use prost::Message as _;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{CHUNK, corrupt};

/// A pupil as it is kept.
#[derive(Clone)]
pub(crate) struct StoredPupil {
    pub(crate) pupil: wire::Pupil,
    /// One more with each change.
    pub(crate) version: i64,
}

fn pupil(row: &AnyRow) -> Result<StoredPupil, StoreError> {
    let bytes: Vec<u8> = row.try_get(1)?;
    let pupil = wire::Pupil::decode(bytes.as_slice()).map_err(corrupt("a pupil"))?;
    Ok(StoredPupil { pupil, version: row.try_get(0)? })
}

/// The pupils of an authority, by its own ids. Nobody else changes them until the transaction ends.
pub(crate) async fn lock_all(
    tx: &mut Tx,
    authority: &str,
) -> Result<BTreeMap<String, StoredPupil>, StoreError> {
    sqlx::query("UPDATE education_pupils SET version = version + 1 WHERE authority = $1")
        .bind(authority)
        .execute(tx.conn())
        .await?;
    let rows = sqlx::query("SELECT version, pupil FROM education_pupils WHERE authority = $1")
        .bind(authority)
        .fetch_all(tx.conn())
        .await?;
    rows.iter()
        .map(|row| pupil(row).map(|stored| (stored.pupil.local_id.clone(), stored)))
        .collect()
}

/// One pupil, by the authority's own id, or by UPN if that is empty.
pub(crate) async fn find(
    conn: &mut AnyConnection,
    authority: &str,
    local_id: &str,
    upn: &str,
) -> Result<Option<StoredPupil>, StoreError> {
    let (column, value) = if local_id.is_empty() { ("upn", upn) } else { ("local_id", local_id) };
    let sql = format!(
        "SELECT version, pupil FROM education_pupils WHERE authority = $1 AND {column} = $2"
    );
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(authority).bind(value).fetch_optional(conn).await?;
    row.as_ref().map(pupil).transpose()
}

/// Writes pupils, new or changed.
pub(crate) async fn put(tx: &mut Tx, changed: &[StoredPupil]) -> Result<(), StoreError> {
    for chunk in changed.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO education_pupils (authority, local_id, upn, version, pupil) VALUES {}
             ON CONFLICT (authority, local_id) DO UPDATE SET upn = excluded.upn, version = excluded.version,
             pupil = excluded.pupil",
            placeholders(chunk.len(), 5)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for StoredPupil { pupil, version } in chunk {
            query = query
                .bind(pupil.authority_code.clone())
                .bind(pupil.local_id.clone())
                .bind(pupil.upn.clone())
                .bind(*version)
                .bind(pupil.encode_to_vec());
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Takes pupils off the roll of an authority.
pub(crate) async fn remove(
    tx: &mut Tx,
    authority: &str,
    local_ids: &[&str],
) -> Result<(), StoreError> {
    for chunk in local_ids.chunks(CHUNK) {
        let list = in_list(2, chunk.len());
        let sql =
            format!("DELETE FROM education_pupils WHERE authority = $1 AND local_id IN ({list})");
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(authority);
        for local_id in chunk {
            query = query.bind(*local_id);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}
