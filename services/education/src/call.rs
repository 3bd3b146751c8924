//! A mutating call: one transaction, one effect however often the request is repeated (P5).

use mash_chassis::Caller;
use mash_store::{Tx, requests};
use prost::Message;

use crate::{Service, access, error::Refusal};

/// A call whose request id was claimed.
pub(crate) struct Call {
    pub(crate) tx: Tx,
    /// Who makes it.
    pub(crate) practitioner: String,
    key: String,
    request_id: String,
    method: &'static str,
    hash: Vec<u8>,
    at_ms: i64,
}

/// What a request id turned out to be.
pub(crate) enum Begun<T> {
    /// Do it.
    Fresh(Box<Call>),
    /// Done before: this was the answer.
    Replay(T),
}

impl Service {
    /// Begins a call, or finds the answer that it had before.
    pub(crate) async fn begin<Request: Message, Response: Message + Default>(
        &self,
        caller: &Caller,
        method: &'static str,
        request_id: &str,
        request: &Request,
    ) -> Result<Begun<Response>, Refusal> {
        let request_id = access::request_id(request_id)?.to_string();
        let practitioner = caller.practitioner.clone().unwrap_or_default();
        let key = format!("{}|{practitioner}", caller.organisation);
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &request.encode_to_vec());
        let hash = hash.as_ref().to_vec();
        let mut tx = self.store.begin().await?;
        match requests::check(&mut tx, &key, &request_id, method, &hash).await? {
            requests::Prior::Fresh => (),
            requests::Prior::Conflict => return Err(Refusal::RequestReused),
            requests::Prior::Replay(answer) => {
                let answer = Response::decode(answer.as_slice());
                let corrupt = |_| mash_store::StoreError::Corrupt("the answer to a request");
                return Ok(Begun::Replay(answer.map_err(corrupt)?));
            }
        }
        let at_ms = self.clock.now().as_millisecond();
        Ok(Begun::Fresh(Box::new(Call { tx, practitioner, key, request_id, method, hash, at_ms })))
    }
}

impl Call {
    /// Keeps the answer with the effects, and commits.
    pub(crate) async fn finish<Response: Message>(
        self: Box<Self>,
        response: Response,
    ) -> Result<Response, Refusal> {
        let answer = response.encode_to_vec();
        let Self { mut tx, key, request_id, method, hash, at_ms, .. } = *self;
        requests::record(&mut tx, &key, &request_id, method, &hash, &answer, at_ms).await?;
        tx.commit().await?;
        Ok(response)
    }
}
