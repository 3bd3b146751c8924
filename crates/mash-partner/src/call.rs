//! A call that changes something: one transaction, one effect however often the request is repeated (P5).

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::organisation::OrganisationId;
use mash_store::{StoreError, Tx, requests};
use prost::Message;
use uuid::Uuid;

use crate::{
    Partner,
    error::{PartnerError, REQUEST_ID},
    store::{self, Access, Owner},
};

/// A call whose request id was claimed.
pub struct Call {
    pub(crate) tx: Tx,
    /// When it is made.
    pub now: Timestamp,
    /// Who calls.
    pub organisation: OrganisationId,
    /// On whose behalf: an opaque id.
    pub practitioner: String,
    pub(crate) key: String,
    /// A doctor or nurse has said by name that a third party's data bears on the matter (R25).
    pub(crate) vouched: bool,
    agency: &'static str,
    request_id: String,
    method: &'static str,
    content: Vec<u8>,
}

/// What a request id turned out to be.
pub enum Begun {
    /// Do it.
    Fresh(Box<Call>),
    /// Done before: this was the answer.
    Done(Vec<u8>),
}

impl Partner {
    /// Begins a call, or finds the answer that it had before. `content` is what makes two requests the same one.
    ///
    /// # Errors
    ///
    /// [`PartnerError::RequestIdReused`] if the id was used for another method or other content.
    pub async fn begin(
        &self,
        caller: &Caller,
        method: &'static str,
        request_id: &str,
        content: &[u8],
    ) -> Result<Begun, PartnerError> {
        let mut call = self.attempt(caller, method, request_id, content).await?;
        let Call { tx, key, request_id, method, content, .. } = &mut *call;
        match requests::check(tx, key, request_id, method, content).await? {
            requests::Prior::Fresh => Ok(Begun::Fresh(call)),
            requests::Prior::Conflict => Err(PartnerError::RequestIdReused),
            requests::Prior::Replay(answer) => Ok(Begun::Done(answer)),
        }
    }

    /// A call of which nobody knows yet whether it was made before.
    async fn attempt(
        &self,
        caller: &Caller,
        method: &'static str,
        request_id: &str,
        content: &[u8],
    ) -> Result<Box<Call>, PartnerError> {
        let id = Uuid::try_parse(request_id).ok().filter(|id| !id.is_nil());
        let request_id = id
            .ok_or_else(|| {
                PartnerError::field(
                    "request_id",
                    REQUEST_ID,
                    "must be a UUID, a new one for each new request",
                )
            })?
            .to_string();
        Ok(Box::new(Call {
            content: self.secret.fingerprint(content),
            tx: self.store.begin().await?,
            now: self.clock.now(),
            organisation: caller.organisation.clone(),
            practitioner: caller.practitioner.clone().unwrap_or_default(),
            key: caller.organisation.to_string(),
            vouched: false,
            agency: self.agency.component,
            request_id,
            method,
        }))
    }
}

impl Partner {
    /// Does this work once, however often the request comes: the whole of a call from its request id to its answer.
    ///
    /// # Errors
    ///
    /// What the work refuses, and what [`Partner::begin`] does.
    pub async fn once<Request, Response, Refused, Work, Working>(
        &self,
        caller: &Caller,
        method: &'static str,
        (request_id, request): (&str, &Request),
        work: Work,
    ) -> Result<Response, Refused>
    where
        Request: Message,
        Response: Message + Default,
        Refused: From<PartnerError>,
        Work: FnOnce(Box<Call>) -> Working,
        Working: Future<Output = Result<(Box<Call>, Response), Refused>>,
    {
        // Most requests come once. That this one did is found out when its answer is kept, so that nothing is looked up
        // before; a repeat is done again, undone, and answered as it was the first time.
        let content = request.encode_to_vec();
        let call = self.attempt(caller, method, request_id, &content).await?;
        let refused = match work(call).await {
            Ok((call, response)) => match call.finish_first(response).await {
                Ok(Some(response)) => return Ok(response),
                Ok(None) => None,
                Err(error) => return Err(error.into()),
            },
            Err(refused) => Some(refused),
        };
        match (self.answered(caller, method, request_id, &content).await, refused) {
            (Ok(requests::Prior::Replay(answer)), _) => Response::decode(answer.as_slice())
                .map_err(|_| {
                    PartnerError::from(StoreError::Corrupt("the answer to a request")).into()
                }),
            (Ok(requests::Prior::Conflict), _) => Err(PartnerError::RequestIdReused.into()),
            (_, Some(refused)) => Err(refused),
            (Err(error), None) => Err(error.into()),
            (Ok(requests::Prior::Fresh), None) => {
                Err(PartnerError::from(StoreError::Corrupt("a request without an answer")).into())
            }
        }
    }

    /// What was answered to a request, if it was.
    async fn answered(
        &self,
        caller: &Caller,
        method: &'static str,
        request_id: &str,
        content: &[u8],
    ) -> Result<requests::Prior, PartnerError> {
        let mut call = self.attempt(caller, method, request_id, content).await?;
        let Call { tx, key, request_id, method, content, .. } = &mut *call;
        let prior = requests::find(tx, key, request_id, method, content).await?;
        call.tx.rollback().await?;
        Ok(prior)
    }
}

impl Call {
    /// The transaction, for rows of the service's own.
    pub const fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// States that a doctor or nurse has said by name that the third party's data of a report bears on the matter (R25). A
    /// service says so only of what she was asked about.
    pub const fn vouch_for_third_party(&mut self) {
        self.vouched = true;
    }

    /// Keeps the answer with the effects, and commits.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if nothing was done, or nobody knows whether it was: a repeat will tell.
    pub async fn finish<Response: Message>(
        self: Box<Self>,
        response: Response,
    ) -> Result<Response, StoreError> {
        let Self { mut tx, key, request_id, method, content, now, .. } = *self;
        let answer = response.encode_to_vec();
        let at_ms = now.as_millisecond();
        requests::record(&mut tx, &key, &request_id, method, &content, &answer, at_ms).await?;
        tx.commit().await?;
        Ok(response)
    }

    /// As [`Call::finish`], of a call whose id was not claimed. None means that the request was answered before, and
    /// nothing was done.
    async fn finish_first<Response: Message>(
        self: Box<Self>,
        response: Response,
    ) -> Result<Option<Response>, PartnerError> {
        let Self { mut tx, key, request_id, method, content, now, .. } = *self;
        let (answer, at_ms) = (response.encode_to_vec(), now.as_millisecond());
        let first =
            requests::record_first(&mut tx, &key, &request_id, method, &content, &answer, at_ms);
        if !first.await? {
            tx.rollback().await?;
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(response))
    }

    /// Records that the caller did this to that.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be recorded.
    pub async fn record(&mut self, action: &str, subject: &str) -> Result<(), StoreError> {
        let owner = Owner { agency: self.agency, organisation: &self.key };
        let access = Access { owner, practitioner: &self.practitioner, action, subject };
        store::record(&mut self.tx, self.now.as_millisecond(), access).await
    }
}

impl Partner {
    /// Records that the caller read this.
    pub(crate) async fn looked(
        &self,
        caller: &Caller,
        action: &str,
        subject: &str,
    ) -> Result<(), StoreError> {
        let organisation = caller.organisation.to_string();
        let practitioner = caller.practitioner.clone().unwrap_or_default();
        let mut tx = self.store.begin().await?;
        let owner = self.owner(&organisation);
        let access = Access { owner, practitioner: &practitioner, action, subject };
        store::record(&mut tx, self.clock.now().as_millisecond(), access).await?;
        tx.commit().await
    }
}
