//! The pages, and what they have in common.

mod account;
mod contacts;
mod desk;
mod directory;
mod download;
pub(crate) mod fault;
mod language;
mod notice;
mod notices;
mod passkey;
mod provider;
mod sign_in;
mod statement;
pub(crate) mod view;
mod why;

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::{get, post},
};

use crate::{Hub, assets, cookies, guard, pages::fault::Fault, texts::Texts, visitor::Visitor};

/// A form is a note of 2,000 characters, each of at most four bytes written as twelve.
const BODY_BYTES: usize = 64 << 10;

/// Every page.
pub(crate) fn router(hub: Arc<Hub>) -> Router {
    let pages = Router::new()
        .route("/", get(sign_in::home))
        .route("/sign-in", get(sign_in::show).post(sign_in::send))
        .route("/sign-in/code", get(sign_in::show_code).post(sign_in::check_code))
        .route("/link/{token}", get(sign_in::show_link))
        .route("/link", post(sign_in::use_link))
        .route("/sign-in/with/{id}", get(provider::begin))
        .route("/sign-in/with/{id}/back", get(provider::finish))
        .route("/sign-in/passkey", post(passkey::sign_in))
        .route("/sign-in/passkey/challenge", post(passkey::challenge))
        .route("/signed-out", get(sign_in::signed_out))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/sign-out-everywhere", post(sign_in::sign_out_everywhere))
        .route("/language/{tag}", get(language::choose))
        .route("/notices", get(notices::list))
        .route("/notices/{id}", get(notice::show))
        .route("/notices/{id}/print", get(notice::print))
        .route("/notices/{id}/why", get(why::show))
        .route("/notices/{id}/not-ours", get(notice::not_ours))
        .route("/notices/{id}/notice.csv", get(download::csv))
        .route("/notices/{id}/notice.json", get(download::json))
        .route("/notices/{id}/roll", post(notice::confirm_roll))
        .route("/notices/{id}/reject", post(notice::reject))
        .route("/notices/{id}/acknowledge", post(notice::acknowledge))
        .route("/notices/{id}/support", post(notice::support))
        .route("/notices/{id}/deleted", post(notice::deleted))
        .route("/contacts", get(contacts::show))
        .route("/contacts/confirm", post(contacts::confirm))
        .route("/contacts/away", post(contacts::away))
        .route("/contacts/back", post(contacts::back))
        .route("/desk/take", post(desk::take))
        .route("/desk/done", post(desk::seen_to))
        .route("/directory", get(directory::show))
        .route("/statement", get(statement::latest))
        .route("/statement/{day}", get(statement::of_day))
        .route("/account", get(account::show))
        .route("/account/language", post(account::language))
        .route("/account/passkeys", post(passkey::add))
        .route("/account/passkeys/challenge", post(passkey::new_challenge))
        .route("/account/passkeys/remove", post(passkey::remove))
        .fallback(async || Fault::NotFound)
        .method_not_allowed_fallback(async || Fault::NotFound)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn(guard::admit))
        .layer(from_fn_with_state(Arc::clone(&hub), crate::visitor::identify))
        .with_state(hub);
    Router::new()
        .route("/assets/{name}", get(assets::asset))
        .merge(pages)
        .layer(from_fn(guard::bind))
}

/// A problem, shown above the page and beside its field.
pub(crate) struct Problem {
    /// The field's name; empty if it is about none.
    pub(crate) field: &'static str,
    /// What is wrong.
    pub(crate) text: String,
}

/// Who is signed in, for the menu.
pub(crate) struct Menu {
    /// Whether she is an officer of a desk.
    pub(crate) desk: bool,
}

/// What every page has.
pub(crate) struct Page {
    pub(crate) t: Texts,
    pub(crate) title: String,
    pub(crate) path: String,
    pub(crate) csrf: String,
    pub(crate) person: Option<Menu>,
    pub(crate) done: Option<String>,
    pub(crate) error: Option<Problem>,
}

/// What has been done, and how the next page says it.
const DONE: [(&str, &str); 13] = [
    ("acknowledged", "notice-acknowledged-now"),
    ("roll", "notice-roll-confirmed-now"),
    ("support", "notice-support-saved"),
    ("deleted", "notice-deleted-now"),
    ("contact", "contacts-confirmed-now"),
    ("absence", "contacts-away-saved"),
    ("absence-ended", "contacts-away-ended"),
    ("duty-taken", "desk-taken-now"),
    ("duty-done", "desk-done-now"),
    ("language", "account-language-saved"),
    ("ended", "session-ended"),
    ("passkey-added", "passkey-added"),
    ("passkey-removed", "passkey-removed"),
];

/// What could not be done, in the same way.
const FAILED: [(&str, &str); 8] = [
    ("stale", "notice-stale"),
    ("not-allowed", "notice-not-allowed"),
    ("no-support", "notice-support-empty"),
    ("long-note", "note-too-long"),
    ("absence-bad", "contacts-away-bad"),
    ("duty-not-taken", "desk-not-taken"),
    ("passkey-not-added", "passkey-not-added"),
    ("passkey-too-many", "passkey-too-many"),
];

impl Page {
    /// The page of this title for this visitor.
    pub(crate) fn new(visitor: &Visitor, title: String) -> Self {
        let t = visitor.t;
        let said = |table: &[(&str, &'static str)]| {
            let word = visitor.done.as_deref()?;
            table.iter().find(|(known, _)| *known == word).map(|(_, key)| t.say(key))
        };
        Self {
            t,
            title,
            path: visitor.path.clone(),
            csrf: visitor.csrf.clone(),
            person: visitor
                .session
                .as_ref()
                .map(|session| Menu { desk: !session.person.desks.is_empty() }),
            done: said(&DONE),
            error: said(&FAILED).map(|text| Problem { field: "", text }),
        }
    }

    /// Where the style sheet is.
    pub(crate) fn css(&self) -> &'static str {
        assets::CSS_PATH
    }

    /// Whether this field is the one that is wrong.
    pub(crate) fn wrong(&self, field: &str) -> bool {
        self.error.as_ref().is_some_and(|error| error.field == field)
    }

    /// Where the script for passkeys is.
    pub(crate) fn script(&self) -> &'static str {
        assets::JS_PATH
    }

    /// Whether the page is this one or below it.
    pub(crate) fn at(&self, path: &str) -> bool {
        self.path.split('?').next() == Some(path)
    }
}

/// A term and what is said of it.
#[derive(Clone)]
pub(crate) struct Fact {
    pub(crate) term: String,
    pub(crate) value: String,
}

/// Facts in order, of which those that say nothing are left out.
#[derive(Default)]
pub(crate) struct Facts(pub(crate) Vec<Fact>);

impl Facts {
    /// Adds one, unless there is nothing to say.
    pub(crate) fn add(&mut self, term: impl Into<String>, value: impl Into<String>) {
        let (term, value) = (term.into(), value.into());
        if !value.trim().is_empty() {
            self.0.push(Fact { term, value });
        }
    }
}

/// Renders a page.
pub(crate) fn render(template: &impl Template) -> Result<Response, Fault> {
    let html = template.render().map_err(|error| {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "a page cannot be rendered");
        Fault::Failed
    })?;
    Ok(Html(html).into_response())
}

/// Renders a page with the script for passkeys, if there are any.
pub(crate) fn render_with_script(
    template: &impl Template,
    passkeys: bool,
) -> Result<Response, Fault> {
    let mut response = render(template)?;
    if passkeys {
        response.extensions_mut().insert(guard::Scripted);
    }
    Ok(response)
}

/// Goes on to another page, which says what has been done.
pub(crate) fn done(to: &str, what: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    cookies::set(response.headers_mut(), cookies::DONE, what, Some(60));
    response
}
