//! A mutating call: one transaction, and one effect however often the request is repeated (P5).

use std::sync::Arc;

use jiff::Timestamp;
use mash_chassis::{
    Caller, Clock,
    fault::{self, Violation},
};
use mash_store::{Store, StoreError, Tx, requests};
use prost::Message;
use tonic::{Response, Status};

/// A request id came with other content.
pub(crate) const REQUEST_ID_REUSED: &str = "MASH-R011";
/// The store failed, or what it holds cannot be read.
pub(crate) const STORE: &str = "MASH-R012";

/// A call that changes something.
pub(crate) struct Call<'a> {
    store: &'a Store,
    clock: &'a Arc<dyn Clock>,
    /// Who calls: the organisation and its practitioner.
    pub(crate) by: String,
    /// The method's name.
    pub(crate) method: &'static str,
    /// The id that the caller chose.
    pub(crate) request_id: &'a str,
    hash: Vec<u8>,
}

/// What a request id turned out to be.
pub(crate) enum Begun<T> {
    /// Do it.
    Fresh(Tx, Timestamp),
    /// Done before: this was the answer.
    Replay(T),
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        (store, clock): (&'a Store, &'a Arc<dyn Clock>),
        caller: &Caller,
        method: &'static str,
        request_id: &'a str,
        request: &impl Message,
    ) -> Self {
        let practitioner = caller.practitioner.as_deref().unwrap_or_default();
        let by = format!("{}|{practitioner}", caller.organisation);
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &request.encode_to_vec());
        Self { store, clock, by, method, request_id, hash: hash.as_ref().to_vec() }
    }

    /// Begins the transaction, unless the request was answered before.
    pub(crate) async fn begin<R: Message + Default>(&self) -> Result<Begun<R>, Status> {
        let mut tx = self.store.begin().await.map_err(|error| failed(&error))?;
        let Self { by, method, request_id, hash, .. } = self;
        let prior = requests::check(&mut tx, by, request_id, method, hash).await;
        match prior.map_err(|error| failed(&error))? {
            requests::Prior::Fresh => Ok(Begun::Fresh(tx, self.clock.now())),
            requests::Prior::Conflict => Err(fault::conflict(
                REQUEST_ID_REUSED,
                "request id was already used for different content",
            )),
            requests::Prior::Replay(answer) => {
                R::decode(answer.as_slice()).map(Begun::Replay).map_err(|_| fault::internal(STORE))
            }
        }
    }

    /// Keeps the answer and commits. Where the transaction has closed a guard, it returns only when nothing that rests
    /// on it is being published any more (P6).
    pub(crate) async fn finish<R: Message>(
        &self,
        mut tx: Tx,
        now: Timestamp,
        answer: R,
    ) -> Result<Response<R>, Status> {
        let (bytes, at_ms) = (answer.encode_to_vec(), now.as_millisecond());
        let Self { by, method, request_id, hash, .. } = self;
        let kept = requests::record(&mut tx, by, request_id, method, hash, &bytes, at_ms).await;
        kept.map_err(|error| failed(&error))?;
        tx.commit().await.map_err(|error| failed(&error))?;
        Ok(Response::new(answer))
    }
}

/// What is wrong with a request id: it must be a UUID.
pub(crate) fn request_id(text: &str, code: &'static str) -> Vec<Violation> {
    if uuid::Uuid::try_parse(text).is_ok() {
        return Vec::new();
    }
    vec![Violation::new("request_id", code, "must be a UUID")]
}

/// The store failed: logged here once, with its causes; the caller learns only that trying again may help.
pub(crate) fn failed(error: &StoreError) -> Status {
    tracing::error!(error = error as &dyn std::error::Error, "the store failed");
    fault::unavailable(STORE, "the store is unavailable, try again")
}
