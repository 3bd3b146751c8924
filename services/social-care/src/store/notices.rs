//! Notices of incidents whose school is to be found.

use std::collections::HashMap;

use mash_proto::social_care::v1::NoticeToLocate;
use mash_store::{Column, StoreError, Tx, keys::Opening, opening, present};
use prost::Message as _;
use sqlx::{Row as _, any::AnyRow};

use super::{
    Conn, RECORD, case_of, corrupt, limit,
    referrals::After,
    rows::{Known, Table, Value, by_ids},
};

const TABLE: Table = Table {
    name: "social_care_notices",
    columns: &[
        "disclosure_id",
        "authority",
        "open",
        "receive_ms",
        "revision",
        "payload",
        "case_id",
    ],
    key: 1,
};
const PAYLOAD: Column = Column::new(RECORD, "social_care_notices.payload");
const READ: &str = "SELECT authority, open, receive_ms, revision, payload, disclosure_id, case_id FROM social_care_notices";

/// A notice as it is kept.
#[derive(Clone)]
pub(crate) struct KeptNotice {
    pub(crate) authority: String,
    /// The case; empty for one of before.
    pub(crate) case_id: String,
    pub(crate) open: bool,
    pub(crate) receive_ms: i64,
    pub(crate) revision: i64,
    pub(crate) notice: NoticeToLocate,
}

/// Writes notices, new or changed.
pub(crate) async fn put(tx: &mut Tx, notices: &[&KeptNotice]) -> Result<(), StoreError> {
    let rows = notices.iter().map(|kept| {
        let KeptNotice { authority, case_id, open, receive_ms, revision, notice } = kept;
        vec![
            notice.disclosure_id.as_str().into(),
            authority.as_str().into(),
            (*open).into(),
            (*receive_ms).into(),
            (*revision).into(),
            Value::sealed(
                &PAYLOAD,
                case_of(case_id, &notice.disclosure_id),
                notice.encode_to_vec(),
            ),
            case_id.as_str().into(),
        ]
    });
    TABLE.put(tx, Known::Replaced, rows.collect()).await
}

/// These notices.
pub(crate) async fn get(
    conn: &mut Conn,
    ids: &[&str],
) -> Result<HashMap<String, KeptNotice>, StoreError> {
    let rows = by_ids(conn, &format!("{READ} WHERE disclosure_id"), None, ids).await?;
    let found = all(conn, rows).await?.into_iter();
    Ok(found.map(|kept| (kept.notice.disclosure_id.clone(), kept)).collect())
}

/// A page of those that wait, oldest first.
pub(crate) async fn list(
    conn: &mut Conn,
    authority: &str,
    after: &After,
    size: usize,
) -> Result<Vec<KeptNotice>, StoreError> {
    let rows = sqlx::query(
        "SELECT authority, open, receive_ms, revision, payload, disclosure_id, case_id FROM social_care_notices
         WHERE authority = $1 AND open = 1 AND (receive_ms, disclosure_id) > ($2, $3)
         ORDER BY receive_ms, disclosure_id LIMIT $4",
    )
    .bind(authority)
    .bind(after.ms)
    .bind(&after.id)
    .bind(limit(size))
    .fetch_all(conn.conn())
    .await?;
    all(conn, rows).await
}

async fn all(conn: &mut Conn, rows: Vec<AnyRow>) -> Result<Vec<KeptNotice>, StoreError> {
    let open = opening(conn, &rows, &[4]).await?;
    rows.iter().filter_map(|row| present(kept(row, &open))).collect()
}

fn kept(row: &AnyRow, open: &Opening) -> Result<KeptNotice, StoreError> {
    let id: String = row.try_get(5)?;
    let payload = open.column(&PAYLOAD, &id, row.try_get(4)?)?;
    Ok(KeptNotice {
        authority: row.try_get(0)?,
        case_id: row.try_get(6)?,
        open: row.try_get::<i64, _>(1)? != 0,
        receive_ms: row.try_get(2)?,
        revision: row.try_get(3)?,
        notice: NoticeToLocate::decode(payload.as_slice()).map_err(corrupt("a notice"))?,
    })
}
