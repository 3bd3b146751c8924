//! Passkeys: what the script of two pages asks for, and the forms that it fills in.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::header;
use serde::Serialize;
use webauthn_rs::Webauthn;

use super::{done, fault::Fault, sign_in};
use crate::{
    Hub,
    passkeys::{Added, NAME_CHARS},
    visitor::{Fields, Visitor},
};

fn site(hub: &Hub) -> Result<&Webauthn, Fault> {
    hub.passkeys.as_ref().ok_or(Fault::NotFound)
}

fn json(value: &impl Serialize) -> Result<Response, Fault> {
    let text = serde_json::to_string(value).map_err(|_| Fault::Failed)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// A challenge to sign in.
pub(crate) async fn challenge(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    _fields: Fields,
) -> Result<Response, Fault> {
    let asker = (visitor.token.as_str(), visitor.place.as_str());
    let challenge = hub.ask_for_passkey(site(&hub)?, asker).await?;
    json(&challenge.ok_or(Fault::Busy)?)
}

/// Opens a session for whoever answers it.
pub(crate) async fn sign_in(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Fault> {
    let asker = (visitor.token.as_str(), visitor.place.as_str());
    match hub.try_passkey(site(&hub)?, asker, fields.get("answer")).await? {
        Some(account) => sign_in::signed_in(&hub, &visitor, &account).await,
        None => sign_in::refused(&hub, &visitor, "", "passkey-refused"),
    }
}

/// A challenge to make a passkey.
pub(crate) async fn new_challenge(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    _fields: Fields,
) -> Result<Response, Fault> {
    let session = visitor.session()?;
    if !hub.may_add_passkey(session) {
        return Err(Fault::Refused);
    }
    json(&hub.ask_for_new_passkey(site(&hub)?, session, &visitor.token).await?)
}

/// Keeps the passkey that was made.
pub(crate) async fn add(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Fault> {
    let (session, site) = (visitor.session()?, site(&hub)?);
    if !hub.may_add_passkey(session) {
        return Err(Fault::Refused);
    }
    let name = match fields.get("name") {
        "" => visitor.t.say("passkey-unnamed"),
        name => name.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect(),
    };
    let who = (session, visitor.token.as_str());
    let said = match hub.add_passkey(site, who, &name, fields.get("answer")).await? {
        Added::Yes => "passkey-added",
        Added::No => "passkey-not-added",
        Added::TooMany => "passkey-too-many",
    };
    Ok(done("/account", said))
}

/// Removes one.
pub(crate) async fn remove(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Fault> {
    let session = visitor.session()?;
    hub.drop_passkey(session, fields.get("passkey")).await?;
    Ok(done("/account", "passkey-removed"))
}
