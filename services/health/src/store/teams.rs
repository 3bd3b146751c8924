//! The teams of boards.

use mash_proto::health::v1::Teams;
use mash_store::{StoreError, Tx};
use prost::Message as _;
use sqlx::Row as _;

use super::Conn;

/// The teams of a board; nothing if they were never set.
pub(crate) async fn find(conn: &mut Conn, board: &str) -> Result<Option<Teams>, StoreError> {
    let row = sqlx::query("SELECT teams FROM health_teams WHERE board = $1")
        .bind(board)
        .fetch_optional(conn.conn())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let teams: Vec<u8> = row.try_get(0)?;
    Teams::decode(teams.as_slice())
        .map(Some)
        .map_err(|_| StoreError::Corrupt("the teams of a board"))
}

/// Sets the teams of a board after this version. `false` if somebody was faster.
pub(crate) async fn put(
    tx: &mut Tx,
    board: &str,
    (before, teams): (i32, &Teams),
) -> Result<bool, StoreError> {
    let sql = if before == 0 {
        "INSERT INTO health_teams (board, version, teams) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    } else {
        "UPDATE health_teams SET version = $2, teams = $3 WHERE board = $1 AND version = $4"
    };
    let mut query =
        sqlx::query(sql).bind(board).bind(i64::from(teams.version)).bind(teams.encode_to_vec());
    if before != 0 {
        query = query.bind(i64::from(before));
    }
    Ok(query.execute(tx.conn()).await?.rows_affected() == 1)
}
