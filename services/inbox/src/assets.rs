//! The style sheet and the one script, under names that change with them, so that a browser may keep them for ever.

use axum::{
    extract::Path,
    response::{IntoResponse as _, Response},
};
use http::header;

use crate::pages::fault::Fault;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Whether GOV.UK Frontend was there when this was built; without it pages have a plain style sheet.
#[must_use]
pub const fn has_frontend() -> bool {
    FULL
}

/// Serves them.
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Fault> {
    let assets = [
        (CSS_PATH, "text/css; charset=utf-8", CSS),
        (JS_PATH, "text/javascript; charset=utf-8", JS),
    ];
    let found = |(path, ..): &&(&str, &str, &str)| path.strip_prefix("/assets/") == Some(&name);
    let (_, kind, text) = assets.iter().find(found).copied().ok_or(Fault::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, text).into_response())
}
