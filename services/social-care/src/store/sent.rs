//! What a hub has sent.

use std::collections::HashMap;

use mash_store::{StoreError, Tx};
use sqlx::Row as _;

use super::{
    Conn,
    rows::{Known, Table, Value, by_ids},
};

const TABLE: Table = Table {
    name: "social_care_sent",
    columns: &["item_id", "referral", "kind", "subject", "state", "send_ms"],
    key: 1,
};

/// An item that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) item_id: String,
    /// The id of the referral that it is about; empty if it is about none.
    pub(crate) referral: String,
    /// The number of the item kind.
    pub(crate) kind: i64,
    /// For feedback its stage, or the number of the decision; else what it is about.
    pub(crate) subject: String,
    /// `sent`, `delivered`, `acknowledged`, `undelivered`, `withheld`.
    pub(crate) state: String,
    pub(crate) send_ms: i64,
}

/// Keeps what was sent; an item that was sent before stays as it is.
pub(crate) async fn keep(tx: &mut Tx, sent: &[Sent]) -> Result<(), StoreError> {
    TABLE.put(tx, Known::Kept, sent.iter().map(row_of).collect()).await
}

/// Writes what has changed.
pub(crate) async fn put(tx: &mut Tx, sent: &[&Sent]) -> Result<(), StoreError> {
    TABLE.put(tx, Known::Replaced, sent.iter().map(|sent| row_of(sent)).collect()).await
}

/// These items.
pub(crate) async fn get(
    conn: &mut Conn,
    ids: &[&str],
) -> Result<HashMap<String, Sent>, StoreError> {
    let sql = "SELECT item_id, referral, kind, subject, state, send_ms FROM social_care_sent WHERE item_id";
    let rows = by_ids(conn, sql, None, ids).await?;
    rows.iter()
        .map(|row| {
            let sent = Sent {
                item_id: row.try_get(0)?,
                referral: row.try_get(1)?,
                kind: row.try_get(2)?,
                subject: row.try_get(3)?,
                state: row.try_get(4)?,
                send_ms: row.try_get(5)?,
            };
            Ok((sent.item_id.clone(), sent))
        })
        .collect()
}

fn row_of(sent: &Sent) -> Vec<Value> {
    let Sent { item_id, referral, kind, subject, state, send_ms } = sent;
    vec![
        item_id.as_str().into(),
        referral.as_str().into(),
        (*kind).into(),
        subject.as_str().into(),
        state.as_str().into(),
        (*send_ms).into(),
    ]
}
