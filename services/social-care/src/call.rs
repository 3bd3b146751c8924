//! A call that changes the queue: one transaction, one effect however often the request is repeated (P5).

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_store::{StoreError, Tx, requests};
use prost::Message;

use crate::{Service, access, case::Case, effects::Effects, error::Refusal};

/// A call whose request id was claimed.
pub(crate) struct Call {
    pub(crate) tx: Tx,
    /// Whose queue it is.
    pub(crate) authority: String,
    /// Who makes it.
    pub(crate) by: String,
    /// When.
    pub(crate) now: Timestamp,
    /// What it changes.
    pub(crate) effects: Effects,
    request: Request,
}

struct Request {
    caller: String,
    id: String,
    method: &'static str,
    hash: Vec<u8>,
}

/// What a request id turned out to be.
pub(crate) enum Begun<T> {
    /// Do it.
    Fresh(Box<Call>),
    /// Done before: this was the answer.
    Done(T),
}

/// The call, or the answer that it had before.
macro_rules! fresh {
    ($begun:expr) => {
        match $begun {
            $crate::call::Begun::Fresh(call) => call,
            $crate::call::Begun::Done(answer) => return Ok(answer),
        }
    };
}
pub(crate) use fresh;

impl Service {
    /// Begins a call, or finds the answer that it had before.
    pub(crate) async fn begin<Question: Message, Answer: Message + Default>(
        &self,
        caller: &Caller,
        (method, request_id): (&'static str, &str),
        question: &Question,
    ) -> Result<Begun<Answer>, Refusal> {
        let id = access::request_id(request_id)?.to_string();
        let authority = access::authority(caller)?;
        let by = caller.practitioner.clone().unwrap_or_default();
        // Keyed, for what was asked could be guessed from a bare hash.
        let hash = self.secret.fingerprint(&question.encode_to_vec());
        let request = Request { caller: format!("{}|{by}", caller.organisation), id, method, hash };
        let mut tx = self.store.begin().await?;
        let Request { caller, id, method, hash } = &request;
        match requests::check(&mut tx, caller, id, method, hash).await? {
            requests::Prior::Fresh => (),
            requests::Prior::Conflict => return Err(Refusal::RequestReused),
            requests::Prior::Replay(answer) => {
                let corrupt = |_| StoreError::Corrupt("the answer to a request");
                return Ok(Begun::Done(Answer::decode(answer.as_slice()).map_err(corrupt)?));
            }
        }
        let now = self.clock.now();
        let effects = Effects::default();
        Ok(Begun::Fresh(Box::new(Call { tx, authority, by, now, effects, request })))
    }
}

impl Call {
    /// The referral of this name, and nobody changes it until the call ends.
    pub(crate) async fn case(&mut self, field: &str, name: &str) -> Result<Case, Refusal> {
        let case_id = access::id(field, "referrals", name)?;
        let case = Case::lock(&mut self.tx, &self.authority, case_id).await?;
        case.ok_or(Refusal::NotFound)
    }

    /// Keeps the answer with the effects, and commits.
    pub(crate) async fn finish<Answer: Message>(
        self: Box<Self>,
        answer: Answer,
    ) -> Result<Answer, Refusal> {
        let Self { mut tx, now, effects, request, .. } = *self;
        let Request { caller, id, method, hash } = &request;
        effects.write(&mut tx).await?;
        let (bytes, at_ms) = (answer.encode_to_vec(), now.as_millisecond());
        requests::record(&mut tx, caller, id, method, hash, &bytes, at_ms).await?;
        tx.commit().await?;
        Ok(answer)
    }
}
