//! The account: who one is, in which language, and where one is signed in.

use std::sync::Arc;

use askama::Template;
use axum::{Extension, extract::State, response::Response};
use mash_policy::Language;

use super::{Fact, Facts, Page, done, fault::Fault, render_with_script};
use crate::{
    Hub, cookies, dates,
    passkeys::NAME_CHARS,
    store::{self, KeptPasskey},
    texts::Texts,
    visitor::{Fields, Visitor},
};

struct Choice {
    tag: &'static str,
    name: String,
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    page: Page,
    facts: Vec<Fact>,
    languages: Vec<Choice>,
    /// Whether there are passkeys here at all.
    passkeys: bool,
    keys: Vec<Key>,
    /// Whether she may add one now.
    may_add: bool,
    name_chars: usize,
}

/// A passkey of hers.
struct Key {
    id: String,
    name: String,
    used: String,
    /// The name of the button that removes it, for whoever does not see beside what it stands.
    remove: String,
}

/// The account.
pub(crate) async fn show(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Fault> {
    let (session, t) = (visitor.session()?, visitor.t);
    let mut facts = Facts::default();
    facts.add(t.say("account-name"), session.person.contact.full_name.clone());
    let organisation = match session.person.organisation_name.as_str() {
        "" => session.account.organisation.clone(),
        name => name.to_owned(),
    };
    facts.add(t.say("account-organisation"), organisation);
    facts.add(t.say("contacts-email"), session.person.contact.email.clone());
    let choice = |language: Language| Choice {
        tag: language.tag(),
        name: Texts(language).say("language-name"),
    };
    let now = hub.clock.now();
    let key = |kept: KeptPasskey| Key {
        used: match kept.used {
            Some(used) => t.arg("passkey-used", "time", dates::moment(t, used, now)),
            None => t.arg("passkey-unused", "time", dates::moment(t, kept.created, now)),
        },
        remove: t.arg("passkey-remove-named", "name", &kept.name),
        id: kept.credential_key,
        name: kept.name,
    };
    let passkeys = hub.passkeys.is_some();
    let account = Account {
        page: Page::new(&visitor, t.say("account-title")),
        facts: facts.0,
        languages: Language::ALL.map(choice).into(),
        passkeys,
        keys: hub.passkeys_of(session).await?.into_iter().map(key).collect(),
        may_add: hub.may_add_passkey(session),
        name_chars: NAME_CHARS,
    };
    render_with_script(&account, passkeys)
}

/// Sets the language.
pub(crate) async fn language(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Fault> {
    let language = Language::from_tag(fields.get("language")).ok_or(Fault::BadRequest)?;
    let session = visitor.session()?;
    let mut tx = hub.store.begin().await?;
    store::set_language(&mut tx, &session.account.id, language.tag()).await?;
    tx.commit().await?;
    let mut response = done("/account", "language");
    cookies::set(response.headers_mut(), cookies::LANGUAGE, language.tag(), None);
    Ok(response)
}
