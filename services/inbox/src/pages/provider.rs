//! Signing in at a provider: the way there, and the way back.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;

use super::{
    fault::{self, Fault},
    sign_in,
};
use crate::{
    Hub,
    oidc::{Back, OidcFault, Provider},
    visitor::Visitor,
};

fn known<'a>(hub: &'a Hub, id: &str) -> Result<&'a Provider, Fault> {
    hub.providers.iter().find(|provider| provider.id() == id).ok_or(Fault::NotFound)
}

/// Leads there. A link and no form, since a form of this site leads nowhere else.
pub(crate) async fn begin(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let provider = known(&hub, &id)?;
    let began = provider.begin(&hub.keys, &visitor.token, hub.clock.now(), visitor.t.0).await;
    Ok(match began {
        Ok(address) => Redirect::to(&address).into_response(),
        Err(fault) => said(&visitor, provider, fault),
    })
}

/// Opens a session for whoever came back proved. Of everybody else the page tells nothing: neither whether anybody has
/// that address, nor what was wrong.
pub(crate) async fn finish(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Query(back): Query<Back>,
) -> Result<Response, Fault> {
    let provider = known(&hub, &id)?;
    match hub.came_back(provider, (&visitor.token, &visitor.place), &back).await? {
        Ok(account) => sign_in::signed_in(&hub, &visitor, &account).await,
        Err(fault) => Ok(said(&visitor, provider, fault)),
    }
}

fn said(visitor: &Visitor, provider: &Provider, fault: OidcFault) -> Response {
    let (status, title, text) = match fault {
        OidcFault::Down => (StatusCode::SERVICE_UNAVAILABLE, "provider-down", "provider-down-text"),
        OidcFault::Refused(why) => {
            tracing::warn!(
                why,
                provider = provider.id(),
                counter.inbox_provider_refused = 1,
                "somebody who came back from a provider was not signed in"
            );
            (StatusCode::FORBIDDEN, "provider-refused", "provider-refused-text")
        }
    };
    let t = visitor.t;
    let title = t.arg(title, "provider", provider.name());
    let text = t.arg(text, "provider", provider.name());
    fault::message(status, t, Some(visitor), (&title, &text), true)
}
