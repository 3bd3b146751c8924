//! Signing in at a provider of OpenID Connect: the authorisation code flow with PKCE, a state and a nonce.
//!
//! `settings` is what is configured, `http` is how a provider is asked. Nothing of a sign-in is kept while somebody is
//! away at the provider: the state carries when it was made and proves by its hash that it was made for this browser; the
//! nonce and the verifier follow from it. What is kept is which states have come back, so that none does twice.
//!
//! Deliberately absent: accounts. A provider proves an address and nothing else; whose it is, the directory says.

mod http;
mod settings;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use jiff::{SignedDuration, Timestamp};
use mash_policy::Language;
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, AuthType, AuthenticationFlow,
    AuthorizationCode, ClaimsVerificationError, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl,
    LanguageTag, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, SignatureVerificationError, StandardErrorResponse,
    StandardTokenResponse, SubjectIdentifier, TokenResponse as _, UserInfoClaims, UserInfoError,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};

use self::http::Http;
pub use self::settings::{ProviderFault, ProviderSettings};
use crate::keys::{self, Keys, Purpose};

/// How long somebody may be away at the provider.
pub(crate) const AWAY: SignedDuration = SignedDuration::from_mins(10);
/// How far a provider's clock may be from ours.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// How long what a provider publishes of itself is taken as read.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// How long a provider that did not answer is left alone, and how often its keys are read again for a token whose key is
/// not among them.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// How many may be checked at a provider at a time; others wait their turn.
const AT_A_TIME: usize = 32;
/// Signatures by a key of which the provider keeps the secret half: neither `none` nor one by our own secret.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 8] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
];

/// Claims beyond the standard ones, as a provider names them.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Others(serde_json::Map<String, Value>);

impl AdditionalClaims for Others {}

type IdFields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Answer = StandardTokenResponse<IdFields, CoreTokenType>;
type Relying = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Answer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why nobody is signed in. To whoever stands there every refusal is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OidcFault {
    /// The provider cannot be asked, or what it says cannot be read.
    #[error("the provider does not answer as it should")]
    Down,
    /// What came back proves nothing. The word goes to the log.
    #[error("what came back from the provider proves nothing: {0}")]
    Refused(&'static str),
}

/// What comes back with somebody from a provider.
#[derive(Deserialize)]
pub(crate) struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    pub(crate) state: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    iss: Option<String>,
}

/// What a provider publishes of itself, and since when it is known.
#[derive(Default)]
struct Known {
    published: Option<(Arc<CoreProviderMetadata>, Timestamp)>,
    failed: Option<Timestamp>,
}

/// The providers as they are configured, each under an id of its own.
pub(crate) fn providers(
    settings: &[ProviderSettings],
    origin: Option<&str>,
) -> Result<Vec<Provider>, ProviderFault> {
    for (at, one) in settings.iter().enumerate() {
        if settings.iter().take(at).any(|other| other.id == one.id) {
            return Err(ProviderFault::Twice(one.id.clone()));
        }
    }
    let new = |one: &ProviderSettings| Provider::new(one, origin.ok_or(ProviderFault::Origin)?);
    settings.iter().map(new).collect()
}

/// A provider.
pub(crate) struct Provider {
    settings: ProviderSettings,
    secret: ClientSecret,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    http: Http,
    known: Mutex<Known>,
    places: Semaphore,
}

impl Provider {
    /// From its settings, with its secret read; `origin` is where browsers find the inbox.
    fn new(settings: &ProviderSettings, origin: &str) -> Result<Self, ProviderFault> {
        let unusable = |_| ProviderFault::Issuer(settings.id.clone());
        let back = format!("{origin}/sign-in/with/{}/back", settings.id);
        Ok(Self {
            secret: ClientSecret::new(settings.secret()?),
            issuer: IssuerUrl::new(settings.issuer.clone()).map_err(unusable)?,
            redirect: RedirectUrl::new(back).map_err(|_| ProviderFault::Origin)?,
            http: Http::new()?,
            known: Mutex::default(),
            places: Semaphore::new(AT_A_TIME),
            settings: settings.clone(),
        })
    }

    /// What stands in its address.
    pub(crate) fn id(&self) -> &str {
        &self.settings.id
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        &self.settings.name
    }

    /// What it publishes: as it was read in the last hour, or after this instant if one is named.
    async fn published(
        &self,
        now: Timestamp,
        after: Option<Timestamp>,
    ) -> Result<(Arc<CoreProviderMetadata>, Timestamp), OidcFault> {
        let mut known = self.known.lock().await;
        if let Some((published, read)) = &known.published {
            let newer = after.is_none_or(|after| after < *read);
            if newer && now.duration_since(*read) < FRESH {
                return Ok((Arc::clone(published), *read));
            }
        }
        if known.failed.is_some_and(|failed| now.duration_since(failed) < PAUSE) {
            return Err(OidcFault::Down);
        }
        match CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await {
            Ok(published) => {
                let published = Arc::new(published);
                *known = Known { published: Some((Arc::clone(&published), now)), failed: None };
                Ok((published, now))
            }
            Err(error) => {
                known.failed = Some(now);
                let error: &dyn std::error::Error = &error;
                tracing::error!(
                    error,
                    provider = self.settings.id,
                    counter.inbox_provider_down = 1,
                    "a provider does not say how to sign in there"
                );
                Err(OidcFault::Down)
            }
        }
    }

    /// What it answered about somebody cannot be used. Only the kind of fault is said: what lies beneath it may quote the
    /// answer.
    fn down(&self, kind: &impl std::fmt::Display) -> OidcFault {
        tracing::error!(
            cause = %kind,
            provider = self.settings.id,
            counter.inbox_provider_down = 1,
            "a provider does not answer as it should"
        );
        OidcFault::Down
    }

    fn relying(&self, published: &CoreProviderMetadata) -> Relying {
        let methods = published.token_endpoint_auth_methods_supported();
        let basic = methods.is_none_or(|it| it.contains(&CoreClientAuthMethod::ClientSecretBasic));
        Client::from_provider_metadata(
            published.clone(),
            ClientId::new(self.settings.client.clone()),
            Some(self.secret.clone()),
        )
        .set_redirect_uri(self.redirect.clone())
        .set_auth_type(if basic { AuthType::BasicAuth } else { AuthType::RequestBody })
    }

    /// Where to send a browser that is going to sign in there.
    pub(crate) async fn begin(
        &self,
        keys: &Keys,
        browser: &str,
        now: Timestamp,
        language: Language,
    ) -> Result<String, OidcFault> {
        let (published, _) = self.published(now, None).await?;
        let drawn = keys::token().map_err(|_| OidcFault::Down)?;
        let made = now.as_second().to_string();
        let proof = keys.hash(Purpose::State, &[self.id(), browser, &made, &drawn]);
        let state = format!("{made}.{drawn}.{proof}");
        let nonce = Nonce::new(keys.hash(Purpose::Nonce, &[browser, &state]));
        let verifier = verifier(keys, browser, &state);
        let (address, _, _) = self
            .relying(&published)
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                || CsrfToken::new(state),
                || nonce,
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_ui_locale(LanguageTag::new(language.tag().to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(address.into())
    }

    /// Whether a state was made for this browser, for this provider, and not too long ago.
    pub(crate) fn knows(&self, keys: &Keys, browser: &str, state: &str, now: Timestamp) -> bool {
        let mut parts = state.split('.');
        let (Some(made), Some(drawn), Some(proof), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let hash = keys.hash(Purpose::State, &[self.id(), browser, made, drawn]);
        let at = made.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let fresh = at.is_some_and(|at| {
            at <= now.saturating_add(SKEW).unwrap_or(now) && now.duration_since(at) < AWAY
        });
        keys::same(&hash, proof) && fresh
    }

    /// The address that the provider has proved, of whoever came back with a state that is known and was not used.
    pub(crate) async fn finish(
        &self,
        keys: &Keys,
        browser: &str,
        back: &Back,
        now: Timestamp,
    ) -> Result<String, OidcFault> {
        if !back.error.is_empty() {
            return Err(OidcFault::Refused("the provider says no"));
        }
        if back.iss.as_ref().is_some_and(|iss| *iss != self.settings.issuer) {
            return Err(OidcFault::Refused("another issuer answers"));
        }
        let _place = self.places.acquire().await.map_err(|_| OidcFault::Down)?;
        let (published, read) = self.published(now, None).await?;
        let relying = self.relying(&published);
        let code = AuthorizationCode::new(back.code.clone());
        let answer = relying
            .exchange_code(code)
            .map_err(|_| OidcFault::Down)?
            .set_pkce_verifier(verifier(keys, browser, &back.state))
            .request_async(&self.http)
            .await
            .map_err(|error| match error {
                RequestTokenError::ServerResponse(_) => OidcFault::Refused("the code is not good"),
                RequestTokenError::Request(_)
                | RequestTokenError::Parse(_, _)
                | RequestTokenError::Other(_) => self.down(&error),
            })?;
        let nonce = Nonce::new(keys.hash(Purpose::Nonce, &[browser, &back.state]));
        let claims = match self.claims(&relying, &answer, &nonce, now) {
            Err(Unproved::Key) => {
                // Its keys have changed since they were read.
                let (published, _) = self.published(now, Some(read)).await?;
                self.claims(&self.relying(&published), &answer, &nonce, now)
            }
            found => found,
        };
        let (subject, claims) = claims.map_err(|unproved| OidcFault::Refused(unproved.word()))?;
        if claims.get(&self.settings.claim).is_some() {
            return self.address(&claims);
        }
        self.address(&self.more(&relying, answer.access_token(), subject).await?)
    }

    /// What the identity token says, once its signature, issuer, audience, times and nonce are right.
    fn claims(
        &self,
        relying: &Relying,
        answer: &Answer,
        nonce: &Nonce,
        now: Timestamp,
    ) -> Result<(SubjectIdentifier, Value), Unproved> {
        let token = answer.id_token().ok_or(Unproved::NoToken)?;
        let date = |by: SignedDuration| {
            let at = now.saturating_add(by).unwrap_or(now);
            DateTime::<Utc>::from_timestamp_millis(at.as_millisecond()).unwrap_or_default()
        };
        let (earlier, oldest, latest) = (date(-SKEW), date(-(AWAY + SKEW)), date(SKEW));
        let verifier = relying
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || earlier)
            .set_issue_time_verifier_fn(move |issued| {
                if (oldest..=latest).contains(&issued) {
                    Ok(())
                } else {
                    Err("issued at another time".to_owned())
                }
            });
        let claims = token.claims(&verifier, nonce)?;
        if let Some(expected) = claims.access_token_hash() {
            let actual = token.signing_alg().ok().zip(token.signing_key(&verifier).ok()).and_then(
                |(by, key)| AccessTokenHash::from_token(answer.access_token(), by, key).ok(),
            );
            if actual.as_ref() != Some(expected) {
                return Err(Unproved::AccessToken);
            }
        }
        let subject = claims.subject().clone();
        Ok((subject, serde_json::to_value(claims).map_err(|_| Unproved::NoToken)?))
    }

    /// What the provider tells of the person when it is asked for it, where the identity token does not.
    async fn more(
        &self,
        relying: &Relying,
        token: &AccessToken,
        subject: SubjectIdentifier,
    ) -> Result<Value, OidcFault> {
        let request = relying
            .user_info(token.clone(), Some(subject))
            .map_err(|_| OidcFault::Refused("there is no address"))?;
        let told: UserInfoClaims<Others, CoreGenderClaim> =
            request.request_async(&self.http).await.map_err(|error| match error {
                UserInfoError::ClaimsVerification(_) => OidcFault::Refused("of somebody else"),
                error @ (UserInfoError::Parse(_)
                | UserInfoError::Request(_)
                | UserInfoError::Response(..)
                | UserInfoError::Other(_)
                | _) => self.down(&error),
            })?;
        serde_json::to_value(told).map_err(|_| OidcFault::Down)
    }

    /// The address among claims, if the provider says that it has verified it.
    fn address(&self, claims: &Value) -> Result<String, OidcFault> {
        let verified = match claims.get(&self.settings.verified) {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(word)) => word == "true" || word == "1",
            Some(Value::Number(number)) => number.as_u64() == Some(1),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => false,
        };
        if !verified {
            return Err(OidcFault::Refused("the address is not verified"));
        }
        let address = claims.get(&self.settings.claim).and_then(Value::as_str).unwrap_or_default();
        if (3..=254).contains(&address.len()) && address.contains('@') {
            Ok(address.to_owned())
        } else {
            Err(OidcFault::Refused("there is no address"))
        }
    }
}

/// Why an identity token proves nothing.
#[derive(Clone, Copy)]
enum Unproved {
    NoToken,
    /// It is signed with a key that is not known.
    Key,
    Signature,
    Issuer,
    Audience,
    Nonce,
    Time,
    AccessToken,
    Other,
}

impl Unproved {
    const fn word(self) -> &'static str {
        match self {
            Self::NoToken => "there is no token",
            Self::Key => "an unknown key",
            Self::Signature => "a wrong signature",
            Self::Issuer => "another issuer",
            Self::Audience => "for somebody else",
            Self::Nonce => "another nonce",
            Self::Time => "at another time",
            Self::AccessToken => "another access token",
            Self::Other => "a claim is not right",
        }
    }
}

impl From<ClaimsVerificationError> for Unproved {
    fn from(error: ClaimsVerificationError) -> Self {
        use ClaimsVerificationError as E;
        match error {
            E::SignatureVerification(SignatureVerificationError::NoMatchingKey) => Self::Key,
            E::SignatureVerification(_) => Self::Signature,
            E::InvalidIssuer(_) => Self::Issuer,
            E::InvalidAudience(_) => Self::Audience,
            E::InvalidNonce(_) => Self::Nonce,
            E::Expired(_) | E::InvalidAuthTime(_) => Self::Time,
            E::InvalidAuthContext(_)
            | E::InvalidSubject(_)
            | E::Other(_)
            | E::Unsupported(_)
            | _ => Self::Other,
        }
    }
}

fn verifier(keys: &Keys, browser: &str, state: &str) -> PkceCodeVerifier {
    PkceCodeVerifier::new(keys.hash(Purpose::Verifier, &[browser, state]))
}
