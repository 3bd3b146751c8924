//! How everybody calls: until there is an answer, and sometimes once more.

use std::{future::Future, sync::Arc};

use anyhow::Context as _;
use mash_chassis::Clock as _;
use tonic::{Code, Request, Response, Status};

use super::World;
use crate::{local::Local, process::Kind};

impl World {
    pub(crate) fn local(&self, to: Kind, who: &str) -> anyhow::Result<Local> {
        let organisation = who.parse().with_context(|| format!("`{who}` is no organisation"))?;
        Ok(Local::new(self.process(to)?.routes(), Arc::clone(&self.access), organisation))
    }

    /// Calls a service as its callers do: until it answers, with the same request, whatever dies meanwhile. A caller
    /// whose answer was lost asks again, and must hear the same.
    pub(crate) async fn call<M, R, F, G>(
        &mut self,
        to: Kind,
        (who, practitioner): (&str, &str),
        message: M,
        go: F,
    ) -> anyhow::Result<Result<R, Status>>
    where
        M: Clone,
        R: PartialEq,
        F: Fn(Local, Request<M>) -> G,
        G: Future<Output = Result<Response<R>, Status>>,
    {
        self.count("calls");
        let mut answers: Vec<Result<R, Status>> = Vec::new();
        let repeats = u32::from(self.copies.below(1_000) < self.settings.faults.repeats);
        loop {
            let local = self.local(to, who)?;
            let request = on_behalf(practitioner, message.clone())?;
            let answer = go(local, request).await.map(Response::into_inner);
            if self.after(to).await? {
                self.count("calls repeated after a death");
                continue;
            }
            answers.push(answer);
            if answers.len() > usize::try_from(repeats).unwrap_or(0) {
                break;
            }
            self.count("calls repeated after an answer");
        }
        let last = answers.pop().context("no answer")?;
        if let Some(first) = answers.pop() {
            let same = match (&first, &last) {
                (Ok(first), Ok(last)) => first == last,
                (Err(first), Err(last)) => first.code() == last.code(),
                (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
            };
            if !same {
                let what = std::any::type_name::<M>();
                self.guardian.broken(format!("P5: {what} repeated is answered otherwise"));
            }
        }
        Ok(last)
    }

    /// As [`World::call`], for what must not be refused.
    pub(crate) async fn must<M, R, F, G>(
        &mut self,
        to: Kind,
        by: (&str, &str),
        message: M,
        go: F,
    ) -> anyhow::Result<Option<R>>
    where
        M: Clone,
        R: PartialEq,
        F: Fn(Local, Request<M>) -> G,
        G: Future<Output = Result<Response<R>, Status>>,
    {
        let what = std::any::type_name::<M>();
        match self.call(to, by, message, go).await? {
            Ok(answer) => Ok(Some(answer)),
            Err(status) => {
                let at = self.clock.now();
                self.guardian.broken(format!(
                    "{what} of {} at {at} is refused: {}",
                    by.0,
                    told(&status)
                ));
                Ok(None)
            }
        }
    }
}

/// What a refusal says, without what it quotes.
pub(crate) fn told(status: &Status) -> String {
    let code = mash_chassis::fault::code_of(status).unwrap_or_default();
    let code_of_grpc: Code = status.code();
    format!("{code_of_grpc:?} {code} {}", status.message())
}

/// A request in the name of a practitioner, if there is one.
pub(crate) fn on_behalf<M>(practitioner: &str, message: M) -> anyhow::Result<Request<M>> {
    let mut request = Request::new(message);
    if !practitioner.is_empty() {
        let value = practitioner.parse().context("a practitioner's id must be plain ASCII")?;
        request.metadata_mut().insert("mash-practitioner", value);
    }
    Ok(request)
}
