//! Calls without a socket. Whoever calls is known by name, as a certificate would have proved, and may call what the
//! contract lets him call.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use mash_chassis::{
    Caller,
    access::{AccessTable, Rule},
};
use mash_domain::organisation::OrganisationId;
use tonic::{Status, body::Body, service::Routes};
use tower::Service;

/// A channel to a service in this process.
#[derive(Clone)]
pub struct Local {
    routes: Routes,
    access: Arc<AccessTable>,
    organisation: OrganisationId,
}

impl Local {
    /// A channel for this organisation.
    #[must_use]
    pub fn new(routes: Routes, access: Arc<AccessTable>, organisation: OrganisationId) -> Self {
        Self { routes, access, organisation }
    }

    fn refusal(&self, path: &str, practitioner: Option<&String>) -> Option<Status> {
        let rule = self.access.method(path).map(|method| &method.rule);
        match rule {
            Some(Rule::Kinds { kinds, practitioner_required }) => {
                if !kinds.contains(&self.organisation.kind()) {
                    return Some(Status::permission_denied("not for this kind of organisation"));
                }
                if *practitioner_required && practitioner.is_none() {
                    return Some(Status::invalid_argument("no practitioner is named"));
                }
                None
            }
            Some(Rule::Anyone | Rule::AnyOrganisation) => None,
            Some(Rule::Nobody) | None => Some(Status::permission_denied("nobody may call this")),
        }
    }
}

impl Service<http::Request<Body>> for Local {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let named = request.headers().get("mash-practitioner");
        let practitioner = named.and_then(|name| name.to_str().ok()).map(str::to_owned);
        if let Some(refusal) = self.refusal(request.uri().path(), practitioner.as_ref()) {
            return Box::pin(std::future::ready(Ok(refusal.into_http())));
        }
        let organisation = self.organisation.clone();
        request.extensions_mut().insert(Caller { organisation, practitioner });
        let mut routes = self.routes.clone();
        Box::pin(async move { routes.call(request).await })
    }
}
