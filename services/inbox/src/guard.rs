//! What stands before every page: where a form may come from, and what a browser is told not to do with a page.

use std::time::Duration;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::pages::fault::Fault;

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; \
     base-uri 'none'";

/// The same for a page with the script for passkeys.
const SCRIPTED: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Marks an answer whose page has the script for passkeys.
#[derive(Clone, Copy)]
pub(crate) struct Scripted;

/// A page is made in a few milliseconds; whoever sends a form has so long.
const TIME: Duration = Duration::from_secs(20);

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// Puts the headers on every answer.
pub(crate) async fn bind(request: Request, next: Next) -> Response {
    let asset = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    let scripted = response.extensions().get::<Scripted>().is_some();
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if scripted {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SCRIPTED));
    }
    if !asset {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Refuses what another site sends, and ends what takes too long.
pub(crate) async fn admit(request: Request, next: Next) -> Response {
    if !allowed(request.method(), request.headers()) {
        return Fault::Refused.into_response();
    }
    let made = tokio::time::timeout(TIME, next.run(request)).await;
    made.unwrap_or_else(|_| Fault::Busy.into_response())
}

/// Whether a request may change something: it comes from a page of this site, as the browser says. A browser that says
/// nothing at all has the token of the form to show.
fn allowed(method: &Method, headers: &HeaderMap) -> bool {
    if matches!(*method, Method::GET | Method::HEAD) {
        return true;
    }
    if *method != Method::POST {
        return false;
    }
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let site = text(HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return false;
    }
    let own = text(header::HOST);
    match text(header::ORIGIN) {
        None => true,
        // A page that sends no referrer sends no origin either; then the other header is the one that counts.
        Some("null") => site == Some("same-origin"),
        Some(origin) => origin.split_once("://").map(|(_, host)| host) == own && own.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_this_site_may_change_something() {
        type Case = (&'static str, &'static [(&'static str, &'static str)], bool);
        let table: [Case; 13] = [
            ("GET", &[("sec-fetch-site", "cross-site")], true),
            (
                "POST",
                &[("sec-fetch-site", "same-origin"), ("origin", "https://inbox.example")],
                true,
            ),
            ("POST", &[("origin", "https://inbox.example")], true),
            ("POST", &[], true),
            ("POST", &[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            ("POST", &[("sec-fetch-site", "none"), ("origin", "null")], false),
            ("POST", &[("sec-fetch-site", "cross-site")], false),
            ("POST", &[("sec-fetch-site", "same-site")], false),
            ("POST", &[("origin", "https://evil.example")], false),
            ("POST", &[("origin", "https://inbox.example.evil.example")], false),
            ("POST", &[("origin", "null")], false),
            ("PUT", &[("sec-fetch-site", "same-origin")], false),
            ("DELETE", &[], false),
        ];
        for (method, given, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("inbox.example"));
            for (name, value) in given {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            let method: Method = method.parse().unwrap();
            assert_eq!(allowed(&method, &headers), expected, "{method} {given:?}");
        }
    }
}
