//! Pupils.

use std::collections::BTreeMap;

use mash_proto::education::v1 as wire;
use mash_store::{Column, StoreError, Tx, in_list, is_kept, keys::Opening, opening, placeholders};
use prost::Message as _;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{CHUNK, Conn, corrupt};

const PUPIL: Column = Column::new("roll", "education_pupils.pupil");

/// A pupil as it is kept.
#[derive(Clone)]
pub(crate) struct StoredPupil {
    pub(crate) pupil: wire::Pupil,
    /// One more with each change.
    pub(crate) version: i64,
}

fn pupil(row: &AnyRow, open: &Opening) -> Result<StoredPupil, StoreError> {
    let bytes = open.column(&PUPIL, &row.try_get::<String, _>(2)?, row.try_get(1)?)?;
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
    let rows =
        sqlx::query("SELECT version, pupil, local_id FROM education_pupils WHERE authority = $1")
            .bind(authority)
            .fetch_all(tx.conn())
            .await?;
    let open = opening(tx, &rows, &[1]).await?;
    rows.iter()
        .map(|row| pupil(row, &open).map(|stored| (stored.pupil.local_id.clone(), stored)))
        .collect()
}

/// One pupil, by the authority's own id, or by UPN if that is empty.
pub(crate) async fn find(
    conn: &mut Conn,
    authority: &str,
    local_id: &str,
    upn: &str,
) -> Result<Option<StoredPupil>, StoreError> {
    let (column, value) = if local_id.is_empty() { ("upn", upn) } else { ("local_id", local_id) };
    let sql = format!(
        "SELECT version, pupil, local_id FROM education_pupils WHERE authority = $1 AND {column} = $2"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(authority).bind(value);
    let rows = rows.fetch_all(conn.conn()).await?;
    let open = opening(conn, &rows, &[1]).await?;
    rows.first().map(|row| pupil(row, &open)).transpose()
}

/// Writes pupils, new or changed.
pub(crate) async fn put(tx: &mut Tx, changed: &[StoredPupil]) -> Result<(), StoreError> {
    let authorities = changed.iter().map(|stored| stored.pupil.authority_code.as_str());
    let keys = PUPIL.keys(tx, authorities).await?;
    for chunk in changed.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO education_pupils (authority, local_id, upn, version, pupil) VALUES {}
             ON CONFLICT (authority, local_id) DO UPDATE SET upn = excluded.upn, version = excluded.version,
             pupil = excluded.pupil",
            placeholders(chunk.len(), 5)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for StoredPupil { pupil, version } in chunk {
            let bytes = pupil.encode_to_vec();
            let bytes = keys.column(&PUPIL, &pupil.authority_code, &pupil.local_id, &bytes)?;
            query = query
                .bind(pupil.authority_code.clone())
                .bind(pupil.local_id.clone())
                .bind(pupil.upn.clone())
                .bind(*version)
                .bind(bytes);
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
