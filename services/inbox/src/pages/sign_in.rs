//! Signing in by a one-time code or a one-time link, the ways to sign in otherwise, and signing out.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use mash_domain::organisation::OrganisationId;
use mash_policy::Language;

use super::{
    Page, Problem,
    fault::{self, Fault},
    render, render_with_script,
};
use crate::{
    Hub,
    accounts::ToSend,
    cookies,
    keys::{self, Purpose},
    mail::send_code,
    oidc::Provider,
    store,
    texts::Texts,
    visitor::{Fields, Visitor},
};

/// The first page: what waits, or the way in.
pub(crate) async fn home(Extension(visitor): Extension<Visitor>) -> Redirect {
    Redirect::to(if visitor.session.is_some() { "/notices" } else { "/sign-in" })
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    page: Page,
    providers: Vec<Way>,
    passkeys: bool,
}

/// The way to a provider.
struct Way {
    id: String,
    text: String,
}

fn sign_in(hub: &Hub, t: Texts, page: Page) -> Result<Response, Fault> {
    let way = |provider: &Provider| Way {
        id: provider.id().to_owned(),
        text: t.arg("provider-sign-in", "provider", provider.name()),
    };
    let providers = hub.providers.iter().map(way).collect();
    let passkeys = hub.passkeys.is_some();
    render_with_script(&SignIn { page, providers, passkeys }, passkeys)
}

/// The page again, with what was wrong.
pub(super) fn refused(
    hub: &Hub,
    visitor: &Visitor,
    field: &'static str,
    text: &str,
) -> Result<Response, Fault> {
    let error = Some(Problem { field, text: visitor.t.say(text) });
    let page = Page { error, ..Page::new(visitor, visitor.t.say("sign-in-title")) };
    let mut response = sign_in(hub, visitor.t, page)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// Asks for an address.
pub(crate) async fn show(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Fault> {
    sign_in(&hub, visitor.t, Page::new(&visitor, visitor.t.say("sign-in-title")))
}

/// Sends a code. What it answers, and when, does not depend on whether anybody has the address.
pub(crate) async fn send(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Fault> {
    let email = fields.get("email");
    if !(3..=254).contains(&email.len()) || !email.contains('@') {
        return refused(&hub, &visitor, "email", "sign-in-wrong-email");
    }
    let asker = (visitor.token.as_str(), visitor.place.as_str());
    let to_send = hub.ask_for_code(asker, email).await?;
    // Whoever asks does not wait for the mail, or the time would tell.
    tokio::spawn(deliver(hub, to_send, visitor.t.0));
    Ok(Redirect::to("/sign-in/code").into_response())
}

async fn deliver(hub: Arc<Hub>, to_send: Option<ToSend>, shown: Language) {
    let Some(ToSend { account, email, code }) = to_send else { return };
    let Some(mailer) = &hub.mailer else {
        tracing::error!(
            counter.inbox_codes_not_sent = 1,
            "a code could not be sent, since no mail server is set"
        );
        return;
    };
    // The directory may have another address by now: then this one is nobody's.
    let Ok(organisation) = account.organisation.parse::<OrganisationId>() else { return };
    let person = hub.education.person(&organisation, &account.practitioner).await;
    let hers =
        person.ok().flatten().is_some_and(|it| it.contact.email.eq_ignore_ascii_case(&email));
    if !hers {
        tracing::warn!("a code was not sent, since the directory has another address now");
        return;
    }
    let language = Language::from_tag(&account.language).unwrap_or(shown);
    if let Err(error) = send_code(mailer, &email, &code, language).await {
        let kind: &dyn std::error::Error = &error;
        tracing::error!(
            counter.inbox_codes_not_sent = 1,
            cause = kind.source().is_some(),
            "a code could not be sent by the mail server"
        );
    }
}

#[derive(Template)]
#[template(path = "code.html")]
struct Code {
    page: Page,
}

/// Asks for the code.
pub(crate) async fn show_code(Extension(visitor): Extension<Visitor>) -> Result<Response, Fault> {
    render(&Code { page: Page::new(&visitor, visitor.t.say("code-title")) })
}

/// Opens a session for whoever knows the code, in the browser that asked for it.
pub(crate) async fn check_code(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Fault> {
    let asker = (visitor.token.as_str(), visitor.place.as_str());
    if let Some(account) = hub.try_code(asker, fields.get("code")).await? {
        return signed_in(&hub, &visitor, &account).await;
    }
    let error = Some(Problem { field: "code", text: visitor.t.say("code-wrong") });
    let page = Page { error, ..Page::new(&visitor, visitor.t.say("code-title")) };
    let mut response = render(&Code { page })?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

#[derive(Template)]
#[template(path = "link.html")]
struct Link {
    page: Page,
    token: String,
}

/// Asks whether to use a link, since programs that look into mails open links too.
pub(crate) async fn show_link(
    Extension(visitor): Extension<Visitor>,
    Path(token): Path<String>,
) -> Result<Response, Fault> {
    if !keys::is_token(&token) {
        return Err(Fault::NotFound);
    }
    render(&Link { page: Page::new(&visitor, visitor.t.say("link-title")), token })
}

/// Opens a session for whoever has the link, once.
pub(crate) async fn use_link(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Fault> {
    let account = match fields.get("token") {
        token if keys::is_token(token) => hub.use_link(token).await?,
        _ => None,
    };
    if let Some(account) = account {
        return signed_in(&hub, &visitor, &account).await;
    }
    let t = visitor.t;
    let said = (t.say("link-spent"), t.say("link-spent-text"));
    Ok(fault::message(StatusCode::GONE, t, Some(&visitor), (&said.0, &said.1), true))
}

/// A new session in place of whatever the browser had.
pub(super) async fn signed_in(
    hub: &Hub,
    visitor: &Visitor,
    account: &str,
) -> Result<Response, Fault> {
    let before = visitor.session.is_some().then_some(visitor.token.as_str());
    let token = hub.open(account, &visitor.agent, before).await?;
    let mut response = Redirect::to("/notices").into_response();
    let seconds = hub.settings.session.as_secs();
    cookies::set(response.headers_mut(), cookies::SESSION, &token, Some(seconds));
    cookies::clear(response.headers_mut(), cookies::ASKER);
    Ok(response)
}

/// Ends this session.
pub(crate) async fn sign_out(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    _fields: Fields,
) -> Result<Response, Fault> {
    let mut tx = hub.store.begin().await?;
    store::end_session(&mut tx, &hub.keys.hash(Purpose::Session, &[&visitor.token])).await?;
    tx.commit().await?;
    Ok(out())
}

/// Ends every session of the account.
pub(crate) async fn sign_out_everywhere(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    _fields: Fields,
) -> Result<Response, Fault> {
    let session = visitor.session()?;
    let mut tx = hub.store.begin().await?;
    store::end_sessions(&mut tx, &session.account.id).await?;
    tx.commit().await?;
    Ok(out())
}

fn out() -> Response {
    let mut response = Redirect::to("/signed-out").into_response();
    cookies::clear(response.headers_mut(), cookies::SESSION);
    response
}

/// Says that it is over.
pub(crate) async fn signed_out(Extension(visitor): Extension<Visitor>) -> Response {
    let t = visitor.t;
    let said = (t.say("signed-out-title"), t.say("signed-out-text"));
    fault::message(StatusCode::OK, t, Some(&visitor), (&said.0, &said.1), true)
}
