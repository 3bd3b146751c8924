//! Answered requests: a request repeated with the same id and content gets the first answer.

use sqlx::Row as _;

mod batch;

pub use batch::{Request, find_many, record_many};

use crate::{
    Store, StoreError, Tx,
    keys::{self, Scope},
};

/// An answer tells of what its transaction has written, so it is sealed for the same cases, one inside the other. One of
/// more cases than this is sealed for a case of its own; answers are forgotten long before any content must be.
const CASES: usize = 4;
const MANY: &str = "answers";
const PLACE: &str = "requests.response";

/// What is known of a request.
#[derive(Clone, PartialEq, Eq)]
pub enum Prior {
    /// Never seen: do it, then [`record`] the answer in the same transaction.
    Fresh,
    /// Done before with the same content: this was the answer.
    Replay(Vec<u8>),
    /// The id was used for another method or other content.
    Conflict,
}

impl std::fmt::Debug for Prior {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Fresh => "Fresh",
            Self::Replay(_) => "Replay(redacted)",
            Self::Conflict => "Conflict",
        })
    }
}

/// Claims a request id for this transaction, or tells what became of it before.
///
/// Copies that race wait here for the first one: when it commits they replay its answer, when it rolls back the next
/// one is fresh.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn check(
    tx: &mut Tx,
    caller: &str,
    request_id: &str,
    method: &str,
    content_hash: &[u8],
) -> Result<Prior, StoreError> {
    let claimed = sqlx::query(
        "INSERT INTO requests (caller, request_id, method, content_hash, at_ms) VALUES ($1, $2, $3, $4, 0)
         ON CONFLICT DO NOTHING",
    )
    .bind(caller)
    .bind(request_id)
    .bind(method)
    .bind(content_hash)
    .execute(tx.conn())
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Prior::Fresh);
    }
    find(tx, caller, request_id, method, content_hash).await
}

/// What became of a request, without a claim: [`record_first`] tells whether another transaction was faster.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn find(
    tx: &mut Tx,
    caller: &str,
    request_id: &str,
    method: &str,
    content_hash: &[u8],
) -> Result<Prior, StoreError> {
    let row = sqlx::query(
        "SELECT method, content_hash, response FROM requests WHERE caller = $1 AND request_id = $2",
    )
    .bind(caller)
    .bind(request_id)
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(Prior::Fresh) };
    let (known_method, known_hash): (String, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
    let response: Option<Vec<u8>> = row.try_get(2)?;
    Ok(match response {
        _ if known_method != method || known_hash != content_hash => Prior::Conflict,
        Some(response) => Prior::Replay(open(tx, response).await?),
        // Claimed in this very transaction, or committed without an answer: nothing to replay.
        None => Prior::Fresh,
    })
}

/// Keeps the answer to a request of which nothing was looked up or claimed: most requests come once, and this is the only
/// statement that they need. False means that the id is known: roll back, and [`find`] what it was answered. Whoever
/// refuses a request has to look there too, for a repeat may be refused because of its own effect.
///
/// Copies that race wait here for the first one.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn record_first(
    tx: &mut Tx,
    caller: &str,
    request_id: &str,
    method: &str,
    content_hash: &[u8],
    response: &[u8],
    at_ms: i64,
) -> Result<bool, StoreError> {
    let response = seal(tx, response).await?;
    let done = sqlx::query(
        "INSERT INTO requests (caller, request_id, method, content_hash, response, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(caller)
    .bind(request_id)
    .bind(method)
    .bind(content_hash)
    .bind(response)
    .bind(at_ms)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps the answer to a request that [`check`] called fresh.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn record(
    tx: &mut Tx,
    caller: &str,
    request_id: &str,
    method: &str,
    content_hash: &[u8],
    response: &[u8],
    at_ms: i64,
) -> Result<(), StoreError> {
    let response = seal(tx, response).await?;
    sqlx::query(
        "INSERT INTO requests (caller, request_id, method, content_hash, response, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (caller, request_id) DO UPDATE SET response = excluded.response, at_ms = excluded.at_ms",
    )
    .bind(caller)
    .bind(request_id)
    .bind(method)
    .bind(content_hash)
    .bind(response)
    .bind(at_ms)
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn seal(tx: &mut Tx, answer: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut scopes: Vec<Scope> = tx.touched.iter().cloned().collect();
    if scopes.len() > CASES {
        scopes = vec![Scope::payload(MANY)];
    }
    let mut sealed = answer.to_vec();
    let keys = keys::to_seal(tx, &scopes).await?;
    for scope in &scopes {
        sealed = keys.seal(scope, PLACE, &sealed)?;
    }
    Ok(sealed)
}

async fn open(tx: &mut Tx, mut answer: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    for _ in 0..CASES {
        if !keys::is_sealed(&answer) {
            break;
        }
        answer = keys::open(tx, PLACE, answer).await?;
    }
    Ok(answer)
}

/// Forgets answers given before this time.
///
/// # Errors
/// When the store fails.
pub async fn prune(store: &Store, before_ms: i64) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    let done = sqlx::query("DELETE FROM requests WHERE at_ms < $1")
        .bind(before_ms)
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}
