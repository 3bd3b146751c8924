//! The other language, on every page: back to the page that one came from.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::HeaderMap;
use mash_policy::Language;
use serde::Deserialize;

use super::fault::Fault;
use crate::{Hub, cookies, store, visitor::Visitor};

const YEAR_SECONDS: i64 = 365 * 24 * 3_600;

/// The way back.
#[derive(Deserialize)]
pub(crate) struct Back {
    #[serde(default)]
    to: String,
}

/// Sets the language, in this browser and for the account.
pub(crate) async fn choose(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(tag): Path<String>,
    Query(back): Query<Back>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let language = Language::from_tag(&tag).ok_or(Fault::NotFound)?;
    let elsewhere = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin");
    if let Some(session) = visitor.session.as_ref().filter(|_| !elsewhere) {
        let mut tx = hub.store.begin().await?;
        store::set_language(&mut tx, &session.account.id, language.tag()).await?;
        tx.commit().await?;
    }
    let mut response = Redirect::to(own_path(&back.to)).into_response();
    cookies::set(response.headers_mut(), cookies::LANGUAGE, language.tag(), Some(YEAR_SECONDS));
    Ok(response)
}

/// A path of this site, and nothing that leads elsewhere.
fn own_path(to: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~?=&%".contains(&byte);
    let own = to.starts_with('/')
        && !to.contains("//")
        && to.len() <= 512
        && to.bytes().all(plain)
        && !to.starts_with("/language");
    if own { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leads_elsewhere() {
        for own in ["/", "/notices", "/notices/0198-ab?after=1.2", "/sign-in/code"] {
            assert_eq!(own_path(own), own);
        }
        for other in [
            "",
            "notices",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a//b",
            "/\u{9}/evil.example",
            "/@evil.example:80",
            "javascript:alert(1)",
            "/x\r\nset-cookie: a=b",
            "/language/cy?to=/",
            " /notices",
        ] {
            assert_eq!(own_path(other), "/", "{other}");
        }
    }
}
