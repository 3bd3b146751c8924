//! Cookies: what they are called, and how they are set.

use http::{HeaderMap, HeaderValue, header};

/// The session.
pub(crate) const SESSION: &str = "__Host-mash-session";
/// The browser that asked for a code, before there is a session.
pub(crate) const ASKER: &str = "__Host-mash-asker";
/// The language that was chosen.
pub(crate) const LANGUAGE: &str = "__Host-mash-language";
/// What has just been done, for the next page to say.
pub(crate) const DONE: &str = "__Host-mash-done";

/// The value of a cookie of the request; none if it is there twice, since then one of them is somebody else's.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned());
    let first = found.next();
    if found.next().is_some() { None } else { first }
}

/// Sets a cookie, for so long or until the browser is closed.
pub(crate) fn set(headers: &mut HeaderMap, name: &str, value: &str, seconds: Option<i64>) {
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// Takes a cookie away.
pub(crate) fn clear(headers: &mut HeaderMap, name: &str) {
    set(headers, name, "", Some(0));
}
