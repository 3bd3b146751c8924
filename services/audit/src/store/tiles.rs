//! The hashes of the tree, in tiles, and how far it has grown.

use mash_ledger::{
    Hash,
    tiles::{TileId, Tiles},
};
use mash_store::{StoreError, Tx, in_list, pieces, placeholders};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::{CHUNK, count, hash, hashes, number, tile_key};

/// How far the ledger has grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Entries.
    pub(crate) size: u64,
    /// The root of their tree.
    pub(crate) root: Hash,
}

/// How far the ledger has grown. Nobody else appends or signs before the transaction ends: two replicas take turns, and
/// so there is one history.
pub(crate) async fn hold(tx: &mut Tx) -> Result<Head, StoreError> {
    let sql = format!("SELECT size, root FROM audit_ledger WHERE id = 1{}", tx.for_update());
    let found = sqlx::query(AssertSqlSafe(sql.clone())).fetch_optional(tx.conn()).await?;
    let row = match found {
        Some(row) => row,
        None => {
            // The first one of all, or one of several that are.
            sqlx::query("INSERT INTO audit_ledger (id, size, root) VALUES (1, 0, $1) ON CONFLICT DO NOTHING")
                .bind(mash_ledger::hash::empty().as_bytes().as_slice())
                .execute(tx.conn())
                .await?;
            sqlx::query(AssertSqlSafe(sql)).fetch_one(tx.conn()).await?
        }
    };
    Ok(Head { size: count(row.try_get(0)?)?, root: hash(&row.try_get::<Vec<u8>, _>(1)?)? })
}

/// How far the ledger has grown, without a wait.
pub(crate) async fn head(conn: &mut AnyConnection) -> Result<Head, StoreError> {
    let row = sqlx::query("SELECT size, root FROM audit_ledger WHERE id = 1")
        .fetch_optional(conn)
        .await?;
    let Some(row) = row else { return Ok(Head { size: 0, root: mash_ledger::hash::empty() }) };
    Ok(Head { size: count(row.try_get(0)?)?, root: hash(&row.try_get::<Vec<u8>, _>(1)?)? })
}

/// The ledger has grown to here.
pub(crate) async fn move_to(tx: &mut Tx, head: Head) -> Result<(), StoreError> {
    sqlx::query("UPDATE audit_ledger SET size = $1, root = $2 WHERE id = 1")
        .bind(number(head.size))
        .bind(head.root.as_bytes().as_slice())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// These tiles, as far as they exist.
pub(crate) async fn load(
    conn: &mut AnyConnection,
    wanted: impl IntoIterator<Item = TileId>,
) -> Result<Tiles, StoreError> {
    let mut found = Tiles::new();
    let wanted: Vec<TileId> = wanted.into_iter().collect();
    for row_no in 0..8_u32 {
        let of_row: Vec<i64> =
            wanted.iter().filter(|id| id.row == row_no).map(|id| tile_key(*id).1).collect();
        for chunk in of_row.chunks(CHUNK) {
            let sql = format!(
                "SELECT idx, hashes FROM audit_tiles WHERE row_no = $1 AND idx IN ({})",
                in_list(2, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).bind(i64::from(row_no));
            for idx in chunk {
                query = query.bind(*idx);
            }
            for row in query.fetch_all(&mut *conn).await? {
                let id = TileId { row: row_no, index: count(row.try_get(0)?)? };
                found.insert(id, hashes(&row.try_get::<Vec<u8>, _>(1)?)?);
            }
        }
    }
    Ok(found)
}

/// Writes tiles, in the place of what they held before.
pub(crate) async fn save(tx: &mut Tx, tiles: &Tiles) -> Result<(), StoreError> {
    let tiles: Vec<_> = tiles.iter().collect();
    for chunk in pieces(&tiles) {
        let sql = format!(
            "INSERT INTO audit_tiles (row_no, idx, hashes) VALUES {}
             ON CONFLICT (row_no, idx) DO UPDATE SET hashes = excluded.hashes",
            placeholders(chunk.len(), 3)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (id, hashes) in chunk {
            let (row_no, idx) = tile_key(**id);
            let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
            query = query.bind(row_no).bind(idx).bind(bytes);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}
