//! The style sheet, under a name that changes with it, so that a browser may keep it for ever.

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

/// Serves it.
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Fault> {
    if CSS_PATH.strip_prefix("/assets/") != Some(name.as_str()) {
        return Err(Fault::NotFound);
    }
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, CSS).into_response())
}
