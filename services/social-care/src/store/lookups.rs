//! Who looked up the protection of a child.

use mash_proto::social_care::v1::Lookup;
use mash_store::{StoreError, Tx};
use prost::Message as _;
use sqlx::{AssertSqlSafe, Row as _};

use super::{
    Conn, corrupt, limit,
    referrals::After,
    rows::{Known, Table},
};

const TABLE: Table = Table {
    name: "social_care_lookups",
    columns: &["release_id", "authority", "child", "lookup_ms", "payload"],
    key: 1,
};

/// A look as it is kept.
#[derive(Clone)]
pub(crate) struct KeptLookup {
    pub(crate) release_id: String,
    pub(crate) authority: String,
    pub(crate) child: String,
    pub(crate) at_ms: i64,
    pub(crate) lookup: Lookup,
}

/// Keeps looks; one that is known stays as it is.
pub(crate) async fn keep(tx: &mut Tx, lookups: &[KeptLookup]) -> Result<(), StoreError> {
    let rows = lookups.iter().map(|kept| {
        let KeptLookup { release_id, authority, child, at_ms, lookup } = kept;
        vec![
            release_id.as_str().into(),
            authority.as_str().into(),
            child.as_str().into(),
            (*at_ms).into(),
            lookup.encode_to_vec().into(),
        ]
    });
    TABLE.put(tx, Known::Kept, rows.collect()).await
}

/// A page, newest first: (time, release, look).
pub(crate) async fn list(
    conn: &mut Conn,
    authority: &str,
    child: Option<&str>,
    before: &After,
    size: usize,
) -> Result<Vec<(i64, String, Lookup)>, StoreError> {
    let only = if child.is_some() { " AND child = $5" } else { "" };
    let sql = format!(
        "SELECT lookup_ms, release_id, payload FROM social_care_lookups
         WHERE authority = $1 AND (lookup_ms, release_id) < ($2, $3){only}
         ORDER BY lookup_ms DESC, release_id DESC LIMIT $4"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .bind(authority)
        .bind(before.ms)
        .bind(&before.id)
        .bind(limit(size));
    if let Some(child) = child {
        query = query.bind(child);
    }
    let rows = query.fetch_all(conn.conn()).await?;
    rows.iter()
        .map(|row| {
            let payload: Vec<u8> = row.try_get(2)?;
            let lookup = Lookup::decode(payload.as_slice()).map_err(corrupt("a look"))?;
            Ok((row.try_get(0)?, row.try_get(1)?, lookup))
        })
        .collect()
}
