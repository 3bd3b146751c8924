//! What can go wrong, and the page that says so. No page tells whether something is there that is not for its reader.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mash_education::InboxRefusal;
use mash_store::StoreError;

use super::{Page, render};
use crate::{accounts::AccountError, cookies, texts::Texts, visitor::Visitor};

/// Why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not there, or it is for somebody else.
    NotFound,
    /// Nobody is signed in.
    SignIn,
    /// The form is not from here, or too old.
    Refused,
    /// The form cannot be read.
    BadRequest,
    /// It took too long.
    Busy,
    /// It is our fault.
    Failed,
}

impl IntoResponse for Fault {
    /// An empty answer that names the fault; its page is made where the reader's language is known.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl Fault {
    const fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::SignIn => StatusCode::SEE_OTHER,
            Self::Refused => StatusCode::FORBIDDEN,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<InboxRefusal> for Fault {
    fn from(refusal: InboxRefusal) -> Self {
        match refusal {
            InboxRefusal::NotFound => Self::NotFound,
            InboxRefusal::Invalid(_) => Self::BadRequest,
            InboxRefusal::Stale
            | InboxRefusal::Sealed
            | InboxRefusal::State(_)
            | InboxRefusal::Taken(_)
            | InboxRefusal::NotTaken => Self::Refused,
            InboxRefusal::Failed => Self::Failed,
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "the store of the inbox failed");
        Self::Failed
    }
}

impl From<AccountError> for Fault {
    fn from(error: AccountError) -> Self {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "an account cannot be used");
        Self::Failed
    }
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    page: Page,
    text: String,
    sign_in: bool,
}

/// The page of a fault.
pub(crate) fn page(fault: Fault, t: Texts, visitor: Option<&Visitor>) -> Response {
    let (title, text) = match fault {
        Fault::SignIn => {
            let mut response = Redirect::to("/sign-in").into_response();
            if visitor.is_some_and(|visitor| visitor.ended) {
                cookies::set(response.headers_mut(), cookies::DONE, "ended", Some(60));
            }
            return response;
        }
        Fault::NotFound => ("error-not-found", "error-not-found-text"),
        Fault::Refused => ("error-refused", "error-refused-text"),
        Fault::BadRequest => ("error-bad-request", "error-bad-request-text"),
        Fault::Busy => ("error-busy", "error-busy-text"),
        Fault::Failed => ("error-failed", "error-failed-text"),
    };
    message(fault.status(), t, visitor, (&t.say(title), &t.say(text)), false)
}

/// A page that says one thing.
pub(crate) fn message(
    status: StatusCode,
    t: Texts,
    visitor: Option<&Visitor>,
    (title, text): (&str, &str),
    sign_in: bool,
) -> Response {
    let title = title.to_owned();
    let page = match visitor {
        Some(visitor) => Page { done: None, error: None, ..Page::new(visitor, title) },
        None => Page {
            t,
            title,
            path: "/".to_owned(),
            csrf: String::new(),
            person: None,
            done: None,
            error: None,
        },
    };
    let message = Message { page, text: text.to_owned(), sign_in };
    let mut response =
        render(&message).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    *response.status_mut() = status;
    response
}
