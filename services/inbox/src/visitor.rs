//! Who is at the other end of a request: her session, her language, and the token of her forms.

use std::sync::Arc;

use axum::{
    extract::{ConnectInfo, FromRequest, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use mash_chassis::Caller;
use mash_domain::organisation::OrganisationId;
use mash_education::Person;
use mash_policy::Language;

use crate::{
    Hub, cookies,
    keys::{self, Purpose},
    pages::fault::{self, Fault},
    serve::Peer,
    store::{self, Account},
    texts::Texts,
};

/// How old the mark of the last use may be before it is written again.
const TOUCH: SignedDuration = SignedDuration::from_secs(60);

/// Somebody who has signed in.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) account: Account,
    pub(crate) caller: Caller,
    pub(crate) person: Person,
    /// When she signed in.
    pub(crate) opened: Timestamp,
}

/// Whoever asks for a page.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) t: Texts,
    /// The page she is on, with its query: the way back after a change of language.
    pub(crate) path: String,
    pub(crate) session: Option<Session>,
    /// The token of the session, or else of the browser: forms are bound to it.
    pub(crate) token: String,
    pub(crate) csrf: String,
    /// What has just been done.
    pub(crate) done: Option<String>,
    /// Whether a session was shown that is no longer there.
    pub(crate) ended: bool,
    /// Where on the network.
    pub(crate) place: String,
    /// What the browser calls itself.
    pub(crate) agent: String,
}

impl Visitor {
    /// Her session.
    pub(crate) fn session(&self) -> Result<&Session, Fault> {
        self.session.as_ref().ok_or(Fault::SignIn)
    }
}

/// Finds out who asks, and shows faults in her language.
pub(crate) async fn identify(
    State(hub): State<Arc<Hub>>,
    mut request: Request,
    next: Next,
) -> Response {
    let visitor = match visitor(&hub, &Asked::of(&request)).await {
        Ok(visitor) => visitor,
        Err(fault) => {
            let t = Texts(accepted(request.headers()).unwrap_or(Language::English));
            return fault::page(fault, t, None);
        }
    };
    let fresh = visitor.session.is_none()
        && cookies::cookie(request.headers(), cookies::ASKER).as_deref() != Some(&visitor.token);
    let shown = visitor.done.is_some() && request.method() == http::Method::GET;
    request.extensions_mut().insert(visitor.clone());
    let mut response = next.run(request).await;
    if let Some(fault) = response.extensions().get::<Fault>().copied() {
        response = fault::page(fault, visitor.t, Some(&visitor));
    }
    let headers = response.headers_mut();
    if visitor.ended && !sets(headers, cookies::SESSION) {
        cookies::clear(headers, cookies::SESSION);
    }
    if fresh && !sets(headers, cookies::SESSION) {
        cookies::set(headers, cookies::ASKER, &visitor.token, None);
    }
    if shown && !sets(headers, cookies::DONE) {
        cookies::clear(headers, cookies::DONE);
    }
    response
}

fn sets(headers: &HeaderMap, name: &str) -> bool {
    let all = headers.get_all(header::SET_COOKIE);
    all.iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
}

/// What a visitor is known by. The body of a request is no part of it.
struct Asked {
    headers: HeaderMap,
    path: String,
    peer: Option<Peer>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let peer = request.extensions().get::<ConnectInfo<Peer>>();
        Self {
            headers: request.headers().clone(),
            path: path.to_owned(),
            peer: peer.map(|peer| peer.0),
        }
    }
}

async fn visitor(hub: &Hub, asked: &Asked) -> Result<Visitor, Fault> {
    let headers = &asked.headers;
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let agent = text(header::USER_AGENT).unwrap_or_default().to_owned();
    let shown = cookies::cookie(headers, cookies::SESSION).filter(|token| keys::is_token(token));
    let session = match &shown {
        Some(token) => session(hub, token, &agent).await?,
        None => None,
    };
    let asker = cookies::cookie(headers, cookies::ASKER).filter(|token| keys::is_token(token));
    let token = match (&session, shown.clone(), asker) {
        (Some(_), Some(token), _) | (_, _, Some(token)) => token,
        _ => keys::token().map_err(|_| Fault::Failed)?,
    };
    let chosen = session.as_ref().and_then(|it| Language::from_tag(&it.account.language));
    let cookie = || Language::from_tag(&cookies::cookie(headers, cookies::LANGUAGE)?);
    let language = chosen.or_else(cookie).or_else(|| accepted(headers));
    Ok(Visitor {
        t: Texts(language.unwrap_or(Language::English)),
        path: asked.path.clone(),
        csrf: hub.keys.hash(Purpose::Csrf, &[&token]),
        ended: shown.is_some() && session.is_none(),
        session,
        token,
        done: cookies::cookie(headers, cookies::DONE),
        place: asked.peer.map_or_else(String::new, |peer| peer.0.ip().to_string()),
        agent,
    })
}

/// The session of a token: in the browser that it was opened in, of somebody whom the directory still has.
async fn session(hub: &Hub, token: &str, agent: &str) -> Result<Option<Session>, Fault> {
    let now = hub.clock.now();
    let idle_since = now.saturating_sub(hub.settings.idle).map_err(|_| Fault::Failed)?;
    let token_key = hub.keys.hash(Purpose::Session, &[token]);
    let mut conn = hub.store.read().await?;
    let found = store::session(&mut conn, &token_key, now, idle_since).await?;
    drop(conn);
    let Some(found) = found else { return Ok(None) };
    let organisation: OrganisationId =
        found.account.organisation.parse().map_err(|_| Fault::Failed)?;
    let practitioner = found.account.practitioner.clone();
    let person = hub.education.person(&organisation, &practitioner).await?;
    let stolen = !keys::same(&found.agent_key, &hub.keys.hash(Purpose::Agent, &[agent]));
    let person = match person {
        Some(person) if !stolen => person,
        Some(_) | None => {
            tracing::warn!(
                stolen,
                "a session was ended: another browser, or a contact that is gone"
            );
            let mut tx = hub.store.begin().await?;
            store::end_session(&mut tx, &token_key).await?;
            tx.commit().await?;
            return Ok(None);
        }
    };
    if now.duration_since(found.seen) >= TOUCH {
        let mut tx = hub.store.begin().await?;
        store::touch(&mut tx, &token_key, now).await?;
        tx.commit().await?;
    }
    let caller = Caller { organisation, practitioner: Some(practitioner) };
    Ok(Some(Session { account: found.account, caller, person, opened: found.opened }))
}

/// The first of the two languages that the browser prefers.
fn accepted(headers: &HeaderMap) -> Option<Language> {
    let text = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let weighed = |range: &str| {
        let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
        let language = Language::from_tag(tag.trim().split('-').next()?)?;
        Some((language, weight.trim().parse::<f32>().ok()?))
    };
    let mut found: Option<(Language, f32)> = None;
    for (language, weight) in text.split(',').take(20).filter_map(weighed) {
        if found.is_none_or(|(_, most)| weight > most) {
            found = Some((language, weight));
        }
    }
    found.map(|(language, _)| language)
}

/// The fields of a form whose token belongs to this session and to no other.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// A field, without spaces around it.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// Every value of a field that can be there more than once.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let visitor = request.extensions().get::<Visitor>().cloned().ok_or(Fault::Failed)?;
        let form = axum::Form::<Vec<(String, String)>>::from_request(request, state).await;
        let fields = Self(form.map_err(|_| Fault::BadRequest)?.0);
        if keys::same(fields.get("csrf"), &visitor.csrf) { Ok(fields) } else { Err(Fault::Refused) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_language_counts_by_its_weight() {
        let table = [
            ("cy", Some(Language::Welsh)),
            ("en-GB,en;q=0.9,cy;q=0.8", Some(Language::English)),
            ("de, cy-GB;q=0.7, en;q=0.5", Some(Language::Welsh)),
            ("de,fr", None),
            (";;;q=x,,", None),
        ];
        for (header_text, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, header_text.parse().unwrap());
            assert_eq!(accepted(&headers), expected, "{header_text}");
        }
    }

    #[test]
    fn a_cookie_that_is_there_twice_counts_for_nothing() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=1; __Host-mash-session=x; b=2".parse().unwrap());
        assert_eq!(cookies::cookie(&headers, cookies::SESSION).as_deref(), Some("x"));
        headers.append(header::COOKIE, "__Host-mash-session=y".parse().unwrap());
        assert_eq!(cookies::cookie(&headers, cookies::SESSION), None);
    }
}
