//! A provider of OpenID Connect that answers whatever it is told to, right or wrong.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use aws_lc_rs::{
    digest, hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use mash_inbox::ProviderSettings;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::base64url;

pub(crate) const CLIENT: &str = "mash-inbox";
pub(crate) const CLIENT_SECRET: &str = "a-secret-of-the-provider";

/// How a token is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    Rightly,
    ByAnotherKey,
    WithTheSecretOfTheClient,
    Not,
}

/// What somebody gets for a code.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) claims: Value,
    pub(crate) userinfo: Value,
    pub(crate) signed: Signed,
    challenge: String,
    redirect: String,
}

/// How a provider fails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// It says that it is somebody else.
    OtherName,
    /// It answers without end.
    Long,
    /// It leads elsewhere.
    Leads,
    /// It says that something is wrong with it.
    Broken,
    /// Its answers cannot be read.
    Garbled,
}

struct State {
    grants: HashMap<String, Grant>,
    key: EcdsaKeyPair,
    key_id: String,
    trouble: Trouble,
    calls: usize,
}

#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    folder: Arc<tempfile::TempDir>,
    state: Arc<Mutex<State>>,
}

fn new_key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let state = State {
            grants: HashMap::new(),
            key: new_key(),
            key_id: "one".to_owned(),
            trouble: Trouble::None,
            calls: 0,
        };
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let provider = Self { issuer, folder, state: Arc::new(Mutex::new(state)) };
        let answering = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answering = answering.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let answering = answering.clone();
                        async move { Ok::<_, Infallible>(answering.answer(request).await) }
                    });
                    let served = hyper::server::conn::http1::Builder::new();
                    drop(served.serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        provider
    }

    /// How the inbox knows it, under this id.
    pub(crate) fn settings(&self, id: &str) -> ProviderSettings {
        use std::os::unix::fs::PermissionsExt as _;
        let path: PathBuf = self.folder.path().join("secret");
        std::fs::write(&path, format!("{CLIENT_SECRET}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let (issuer, path) = (&self.issuer, path.display());
        format!("id={id},name=Fake {id},issuer={issuer},client={CLIENT},secret-file={path}")
            .parse()
            .unwrap()
    }

    /// Somebody has signed in there with these claims, and was sent back with this code.
    pub(crate) fn grant(&self, code: &str, asked: &BTreeMap<String, String>, grant: Granted) {
        let grant = Grant {
            claims: grant.claims,
            userinfo: grant.userinfo,
            signed: grant.signed,
            challenge: asked["code_challenge"].clone(),
            redirect: asked["redirect_uri"].clone(),
        };
        self.state.lock().unwrap().grants.insert(code.to_owned(), grant);
    }

    pub(crate) fn trouble(&self, trouble: Trouble) {
        self.state.lock().unwrap().trouble = trouble;
    }

    /// How often it was asked anything.
    pub(crate) fn calls(&self) -> usize {
        self.state.lock().unwrap().calls
    }

    /// It signs with another key from now on.
    pub(crate) fn turn_over_keys(&self) {
        let mut state = self.state.lock().unwrap();
        state.key = new_key();
        state.key_id = "two".to_owned();
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let mut state = self.state.lock().unwrap();
        state.calls += 1;
        let issuer = &self.issuer;
        match state.trouble {
            Trouble::None | Trouble::OtherName => (),
            Trouble::Long => {
                return text(200, format!("{{\"issuer\":\"{}\"}}", "x".repeat(400_000)));
            }
            Trouble::Leads => {
                let builder =
                    Response::builder().status(302).header("location", "http://localhost:1/");
                return builder.body(Full::default()).unwrap();
            }
            Trouble::Broken => return text(500, "{}".to_owned()),
            Trouble::Garbled => return text(200, "<html>".to_owned()),
        }
        match parts.uri.path() {
            "/.well-known/openid-configuration" => {
                let other = state.trouble == Trouble::OtherName;
                let named = if other { "http://127.0.0.1:1" } else { issuer.as_str() };
                let published = json!({
                    "issuer": named,
                    "authorization_endpoint": format!("{issuer}/authorize"),
                    "token_endpoint": format!("{issuer}/token"),
                    "userinfo_endpoint": format!("{issuer}/me"),
                    "jwks_uri": format!("{issuer}/keys"),
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["ES256"],
                });
                text(200, published.to_string())
            }
            "/keys" => {
                let public = state.key.public_key().as_ref();
                let (x, y) = (base64url(&public[1..33]), base64url(&public[33..]));
                let key = json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
                    "kid": state.key_id, "x": x, "y": y});
                text(200, json!({ "keys": [key] }).to_string())
            }
            "/me" => {
                let code = parts.headers["authorization"].to_str().unwrap();
                let code = code.strip_prefix("Bearer token-of-").unwrap_or_default();
                match state.grants.get(&format!("used {code}")) {
                    Some(grant) => text(200, grant.userinfo.to_string()),
                    None => text(401, "{}".to_owned()),
                }
            }
            "/token" => token(&mut state, &parts.headers, std::str::from_utf8(&body).unwrap()),
            _ => text(404, "{}".to_owned()),
        }
    }
}

/// An answer in JSON.
fn text(status: u16, body: String) -> Response<Full<Bytes>> {
    let builder = Response::builder().status(status);
    builder.header("content-type", "application/json").body(Full::from(body)).unwrap()
}

/// A code is turned in.
fn token(state: &mut State, headers: &http::HeaderMap, form: &str) -> Response<Full<Bytes>> {
    let form = query(form);
    let authorization = headers.get("authorization").map_or("", |it| it.to_str().unwrap());
    let expected = format!("{CLIENT}:{CLIENT_SECRET}");
    let known = authorization == format!("Basic {}", base64(expected.as_bytes()));
    let refused = || text(400, json!({"error": "invalid_grant"}).to_string());
    let Some(grant) = state.grants.remove(&form["code"]) else { return refused() };
    let hash = digest::digest(&digest::SHA256, form["code_verifier"].as_bytes());
    let right = base64url(hash.as_ref()) == grant.challenge
        && form["redirect_uri"] == grant.redirect
        && form["grant_type"] == "authorization_code";
    if !known || !right {
        return refused();
    }
    let token = signed(state, &grant);
    let answer = json!({"access_token": format!("token-of-{}", form["code"]),
        "token_type": "Bearer", "expires_in": 60, "id_token": token});
    state.grants.insert(format!("used {}", form["code"]), grant);
    text(200, answer.to_string())
}

/// What a test says of a grant.
#[derive(Clone)]
pub(crate) struct Granted {
    pub(crate) claims: Value,
    pub(crate) userinfo: Value,
    pub(crate) signed: Signed,
}

fn signed(state: &State, grant: &Grant) -> String {
    let algorithm = match grant.signed {
        Signed::Rightly | Signed::ByAnotherKey => "ES256",
        Signed::WithTheSecretOfTheClient => "HS256",
        Signed::Not => "none",
    };
    let header = json!({"alg": algorithm, "typ": "JWT", "kid": state.key_id});
    let (header, claims) = (header.to_string(), grant.claims.to_string());
    let message = format!("{}.{}", base64url(header.as_bytes()), base64url(claims.as_bytes()));
    let by = |key: &EcdsaKeyPair| {
        key.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
    };
    let signature = match grant.signed {
        Signed::Rightly => by(&state.key),
        Signed::ByAnotherKey => by(&new_key()),
        Signed::WithTheSecretOfTheClient => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
            hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
        }
        Signed::Not => Vec::new(),
    };
    format!("{message}.{}", base64url(&signature))
}

/// As the header for a client's name and secret is written.
fn base64(bytes: &[u8]) -> String {
    let text = base64url(bytes).replace('-', "+").replace('_', "/");
    let padding = (4 - text.len() % 4) % 4;
    text + &"=".repeat(padding)
}

/// The fields of a query or form.
pub(crate) fn query(text: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}
