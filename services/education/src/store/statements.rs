//! The statements that authorities read here.

use mash_proto::sharing::v1::{SignedRecord, Statement};
use mash_store::{StoreError, Tx};
use prost::Name as _;
use sqlx::Row as _;

use super::Conn;

/// Keeps a statement; one that is there already stays as it is.
pub(crate) async fn put(
    tx: &mut Tx,
    (authority, day): (&str, &str),
    signed: &SignedRecord,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO education_statements (authority, day, record, signature, public_key)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    )
    .bind(authority)
    .bind(day)
    .bind(signed.record.as_slice())
    .bind(signed.signature.as_slice())
    .bind(signed.public_key.as_slice())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The days of which an authority has a statement, the latest first.
pub(crate) async fn days(
    conn: &mut Conn,
    authority: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT day FROM education_statements WHERE authority = $1 ORDER BY day DESC LIMIT $2",
    )
    .bind(authority)
    .bind(limit)
    .fetch_all(conn.conn());
    Ok(rows.await?.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// The statement of a day.
pub(crate) async fn get(
    conn: &mut Conn,
    authority: &str,
    day: &str,
) -> Result<Option<SignedRecord>, StoreError> {
    let row = sqlx::query(
        "SELECT record, signature, public_key FROM education_statements
         WHERE authority = $1 AND day = $2",
    )
    .bind(authority)
    .bind(day)
    .fetch_optional(conn.conn());
    let signed = |row: sqlx::any::AnyRow| {
        Ok(SignedRecord {
            record: row.try_get(0)?,
            schema: Statement::full_name(),
            signature: row.try_get(1)?,
            public_key: row.try_get(2)?,
        })
    };
    row.await?.map(signed).transpose()
}
