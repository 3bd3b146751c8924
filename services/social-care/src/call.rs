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
        let mut call = self.attempt(caller, (method, request_id), question).await?;
        let Request { caller, id, method, hash } = &call.request;
        match requests::check(&mut call.tx, caller, id, method, hash).await? {
            requests::Prior::Fresh => Ok(Begun::Fresh(call)),
            requests::Prior::Conflict => Err(Refusal::RequestReused),
            requests::Prior::Replay(answer) => Ok(Begun::Done(decoded(&answer)?)),
        }
    }

    /// A call of which nobody knows yet whether it was made before.
    async fn attempt<Question: Message>(
        &self,
        caller: &Caller,
        (method, request_id): (&'static str, &str),
        question: &Question,
    ) -> Result<Box<Call>, Refusal> {
        let id = access::request_id(request_id)?.to_string();
        let authority = access::authority(caller)?;
        let by = caller.practitioner.clone().unwrap_or_default();
        // Keyed, for what was asked could be guessed from a bare hash.
        let hash = self.secret.fingerprint(&question.encode_to_vec());
        let request = Request { caller: format!("{}|{by}", caller.organisation), id, method, hash };
        let tx = self.store.begin().await?;
        let (now, effects) = (self.clock.now(), Effects::default());
        Ok(Box::new(Call { tx, authority, by, now, effects, request }))
    }

    /// Does this work once, however often the request comes, for the calls of which there are most. Nothing is looked up
    /// before: that the request came for the first time is found out when its answer is kept. A repeat is done again,
    /// undone, and answered as it was the first time.
    pub(crate) async fn once<Question, Answer, Work, Working>(
        &self,
        caller: &Caller,
        request: (&'static str, &str),
        question: &Question,
        work: Work,
    ) -> Result<Answer, Refusal>
    where
        Question: Message,
        Answer: Message + Default,
        Work: FnOnce(Box<Call>) -> Working,
        Working: Future<Output = Result<(Box<Call>, Answer), Refusal>>,
    {
        let call = self.attempt(caller, request, question).await?;
        let refusal = match work(call).await {
            Ok((call, answer)) => match call.finish_first(answer).await? {
                Some(answer) => return Ok(answer),
                None => None,
            },
            Err(refusal) => Some(refusal),
        };
        let mut again = self.attempt(caller, request, question).await?;
        let Request { caller, id, method, hash } = &again.request;
        let prior = requests::find(&mut again.tx, caller, id, method, hash).await?;
        again.tx.rollback().await?;
        match (prior, refusal) {
            (requests::Prior::Replay(answer), _) => decoded(&answer),
            (requests::Prior::Conflict, _) => Err(Refusal::RequestReused),
            (requests::Prior::Fresh, Some(refusal)) => Err(refusal),
            (requests::Prior::Fresh, None) => {
                Err(StoreError::Corrupt("a request without an answer").into())
            }
        }
    }
}

fn decoded<Answer: Message + Default>(answer: &[u8]) -> Result<Answer, Refusal> {
    Ok(Answer::decode(answer).map_err(|_| StoreError::Corrupt("the answer to a request"))?)
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

    /// As [`Call::finish`], of a call whose id was not claimed. None means that the request was answered before, and
    /// nothing was done.
    async fn finish_first<Answer: Message>(
        self: Box<Self>,
        answer: Answer,
    ) -> Result<Option<Answer>, Refusal> {
        let Self { mut tx, now, effects, request, .. } = *self;
        let Request { caller, id, method, hash } = &request;
        effects.write(&mut tx).await?;
        let (bytes, at_ms) = (answer.encode_to_vec(), now.as_millisecond());
        if !requests::record_first(&mut tx, caller, id, method, hash, &bytes, at_ms).await? {
            tx.rollback().await?;
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(answer))
    }
}
