//! What named persons have to see to.

use mash_proto::social_care::v1 as wire;
use mash_store::{Column, StoreError, Tx, in_list, keys::Opening, opening, present};
use prost::Message as _;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    Conn, RECORD, case_of, corrupt, limit,
    referrals::After,
    rows::{Known, Table, Value, by_ids},
};

const TABLE: Table = Table {
    name: "social_care_prompts",
    columns: &["id", "authority", "referral", "code", "person", "open", "create_ms", "payload"],
    key: 1,
};
const PAYLOAD: Column = Column::new(RECORD, "social_care_prompts.payload");
const READ: &str = "SELECT id, authority, referral, create_ms, payload FROM social_care_prompts";

/// A prompt as it is kept.
#[derive(Clone)]
pub(crate) struct KeptPrompt {
    pub(crate) id: String,
    pub(crate) authority: String,
    /// The id of the referral; empty if it is about none.
    pub(crate) referral: String,
    pub(crate) create_ms: i64,
    pub(crate) prompt: wire::Prompt,
}

/// Which prompts of a hub.
#[derive(Default)]
pub(crate) struct Filter {
    pub(crate) authority: String,
    pub(crate) person: Option<String>,
    pub(crate) referral: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) open_only: bool,
}

fn row_of(kept: &KeptPrompt) -> Vec<Value> {
    let KeptPrompt { id, authority, referral, create_ms, prompt } = kept;
    vec![
        id.as_str().into(),
        authority.as_str().into(),
        referral.as_str().into(),
        prompt.code.as_str().into(),
        prompt.to.as_str().into(),
        prompt.open.into(),
        (*create_ms).into(),
        Value::sealed(&PAYLOAD, case_of(referral, id), prompt.encode_to_vec()),
    ]
}

/// Raises prompts; one that was raised before stays as it is.
pub(crate) async fn raise(tx: &mut Tx, prompts: &[KeptPrompt]) -> Result<(), StoreError> {
    TABLE.put(tx, Known::Kept, prompts.iter().map(row_of).collect()).await
}

/// Writes a prompt that was changed.
pub(crate) async fn put(tx: &mut Tx, prompt: &KeptPrompt) -> Result<(), StoreError> {
    TABLE.put(tx, Known::Replaced, vec![row_of(prompt)]).await
}

/// One prompt.
pub(crate) async fn get(conn: &mut Conn, id: &str) -> Result<Option<KeptPrompt>, StoreError> {
    let rows = by_ids(conn, &format!("{READ} WHERE id"), None, &[id]).await?;
    Ok(all(conn, rows).await?.pop())
}

/// A page, oldest first.
pub(crate) async fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: &After,
    size: usize,
) -> Result<Vec<KeptPrompt>, StoreError> {
    let Filter { authority, person, referral, code, open_only } = filter;
    let mut sql = format!("{READ} WHERE authority = $1 AND (create_ms, id) > ($2, $3)");
    if *open_only {
        sql.push_str(" AND open = 1");
    }
    let mut texts = Vec::new();
    for (column, text) in [("person", person), ("referral", referral), ("code", code)] {
        if let Some(text) = text {
            texts.push(text);
            sql.push_str(&format!(" AND {column} = {}", in_list(4 + texts.len(), 1)));
        }
    }
    sql.push_str(" ORDER BY create_ms, id LIMIT $4");
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .bind(authority)
        .bind(after.ms)
        .bind(&after.id)
        .bind(limit(size));
    for text in texts {
        query = query.bind(text);
    }
    let rows = query.fetch_all(conn.conn()).await?;
    all(conn, rows).await
}

/// How many wait.
pub(crate) async fn waiting(conn: &mut Conn, authority: &str) -> Result<i64, StoreError> {
    let row =
        sqlx::query("SELECT COUNT(*) FROM social_care_prompts WHERE authority = $1 AND open = 1")
            .bind(authority)
            .fetch_one(conn.conn())
            .await?;
    Ok(row.try_get(0)?)
}

async fn all(conn: &mut Conn, rows: Vec<AnyRow>) -> Result<Vec<KeptPrompt>, StoreError> {
    let open = opening(conn, &rows, &[4]).await?;
    rows.iter().filter_map(|row| present(kept(row, &open))).collect()
}

fn kept(row: &AnyRow, open: &Opening) -> Result<KeptPrompt, StoreError> {
    let id: String = row.try_get(0)?;
    let payload = open.column(&PAYLOAD, &id, row.try_get(4)?)?;
    Ok(KeptPrompt {
        id,
        authority: row.try_get(1)?,
        referral: row.try_get(2)?,
        create_ms: row.try_get(3)?,
        prompt: wire::Prompt::decode(payload.as_slice()).map_err(corrupt("a prompt"))?,
    })
}
