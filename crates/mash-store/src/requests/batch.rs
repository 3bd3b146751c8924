//! The same for many requests in one transaction, with two statements however many they are.

use std::collections::{BTreeSet, HashMap};

use sqlx::{AssertSqlSafe, Row as _};

use super::Prior;
use crate::{
    StoreError, Tx,
    sql::{CHUNK, in_list, is_kept, placeholders},
};

/// One request of a batch.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The organisation that calls.
    pub caller: &'a str,
    /// Its id.
    pub request_id: &'a str,
    /// What it was about: the same content has the same hash.
    pub content_hash: &'a [u8],
}

/// An answered request.
struct Known {
    method: String,
    content_hash: Vec<u8>,
    response: Option<Vec<u8>>,
}

/// What is known of each request, in their order. Nothing is claimed: [`record_many`] tells whether another transaction
/// was faster.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn find_many(
    tx: &mut Tx,
    method: &str,
    requests: &[Request<'_>],
) -> Result<Vec<Prior>, StoreError> {
    let mut known: HashMap<(String, String), Known> = HashMap::new();
    for chunk in requests.chunks(CHUNK) {
        let callers: BTreeSet<&str> = chunk.iter().map(|request| request.caller).collect();
        // Both columns of the key are named, or the index could not be used. A match of one caller's id with another
        // caller's is sorted out below.
        let sql = format!(
            "SELECT caller, request_id, method, content_hash, response FROM requests
             WHERE caller IN ({}) AND request_id IN ({})",
            in_list(1, callers.len()),
            in_list(callers.len() + 1, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for caller in callers {
            query = query.bind(caller);
        }
        for request in chunk {
            query = query.bind(request.request_id);
        }
        for row in query.fetch_all(tx.conn()).await? {
            let answered = Known {
                method: row.try_get(2)?,
                content_hash: row.try_get(3)?,
                response: row.try_get(4)?,
            };
            known.insert((row.try_get(0)?, row.try_get(1)?), answered);
        }
    }
    let prior = |request: &Request<'_>| {
        let key = (request.caller.to_owned(), request.request_id.to_owned());
        match known.get(&key) {
            None => Prior::Fresh,
            Some(known) if known.method != method || known.content_hash != request.content_hash => {
                Prior::Conflict
            }
            Some(Known { response: Some(response), .. }) => Prior::Replay(response.clone()),
            Some(Known { response: None, .. }) => Prior::Fresh,
        }
    };
    Ok(requests.iter().map(prior).collect())
}

/// Keeps the answers to requests that [`find_many`] called fresh. False means that another transaction has answered one
/// of them meanwhile: roll back, and look again.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn record_many(
    tx: &mut Tx,
    method: &str,
    answers: &[(Request<'_>, &[u8])],
    at_ms: i64,
) -> Result<bool, StoreError> {
    // Always in the same order, so that two transactions that race wait for each other and never in a circle.
    let mut answers: Vec<_> = answers.iter().collect();
    answers.sort_by_key(|(request, _)| (request.caller, request.request_id));
    let mut inserted = 0;
    for chunk in answers.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO requests (caller, request_id, method, content_hash, response, at_ms) VALUES {}
             ON CONFLICT DO NOTHING",
            placeholders(chunk.len(), 6)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for (request, response) in chunk {
            let Request { caller, request_id, content_hash } = *request;
            query = query.bind(caller).bind(request_id).bind(method);
            query = query.bind(content_hash).bind(*response).bind(at_ms);
        }
        inserted += query.execute(tx.conn()).await?.rows_affected();
    }
    Ok(usize::try_from(inserted) == Ok(answers.len()))
}
