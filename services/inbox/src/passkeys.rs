//! Passkeys: making one, and signing in with one. What they prove is the library's business; that a challenge is answered
//! once, soon and in the browser that asked for it, and that a passkey belongs to an account, is ours.
//!
//! Whoever signs in names nobody: her device finds her passkey, which tells its owner. So there is nothing by which a
//! stranger could ask who has one.

use jiff::SignedDuration;
use mash_store::StoreError;
use uuid::Uuid;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{
        CreationChallengeResponse, DiscoverableAuthentication, Passkey, PasskeyRegistration,
        PublicKeyCredential, RegisterPublicKeyCredential, RequestChallengeResponse, Url,
        WebauthnError,
    },
};
use webauthn_rs_proto::ResidentKeyRequirement;

use crate::{
    Hub, InboxError,
    accounts::{AccountError, PER_PLACE, later},
    keys::{self, Purpose},
    store::{self, KeptPasskey},
    visitor::Session,
};

/// How long a challenge can be answered.
const CHALLENGE: SignedDuration = SignedDuration::from_mins(5);
/// How long after signing in one may be added: whoever finds a screen open cannot make herself a key.
pub(crate) const RECENT: SignedDuration = SignedDuration::from_mins(15);
/// Of one account: a few devices and some spares.
pub(crate) const MOST: usize = 10;
/// Characters of a passkey's name.
pub(crate) const NAME_CHARS: usize = 60;

/// The site that passkeys are kept for: the host of its address, and no other origin than that address.
pub(crate) fn relying_party(origin: &str) -> Result<Webauthn, InboxError> {
    let unusable = || InboxError::Origin(origin.to_owned());
    let url = Url::parse(origin).map_err(|_| unusable())?;
    let host = url.domain().ok_or_else(unusable)?;
    let safe = url.scheme() == "https" || (url.scheme() == "http" && host == "localhost");
    if !safe || url.origin().ascii_serialization() != origin {
        return Err(unusable());
    }
    let built = WebauthnBuilder::new(host, &url)
        .and_then(|site| site.rp_name("MASH Hub").timeout(CHALLENGE.unsigned_abs()).build());
    built.map_err(|_| unusable())
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is kept.
    Yes,
    /// It proves nothing, or came too late.
    No,
    /// There are as many as there may be.
    TooMany,
}

/// A word for the log; the library's own may quote what was sent.
fn refused(error: &WebauthnError, what: &'static str) {
    let cloned = matches!(error, WebauthnError::CredentialPossibleCompromise);
    tracing::warn!(what, cloned, counter.inbox_passkey_refused = 1, "a passkey was refused");
}

/// A challenge that cannot be made or kept is our fault.
fn unkept<E: std::error::Error + Send + Sync + 'static>(_: E) -> AccountError {
    AccountError::Store(StoreError::Corrupt("a challenge for a passkey"))
}

impl Hub {
    fn credential_key(&self, credential: &[u8]) -> String {
        self.keys.hash(Purpose::Passkey, &[&keys::hex(credential)])
    }

    async fn keep_challenge(
        &self,
        (what, browser): (&str, &str),
        state: String,
    ) -> Result<(), AccountError> {
        let asker_key = self.keys.hash(Purpose::Challenge, &[what, browser]);
        let mut tx = self.store.begin().await?;
        let ends = later(self.clock.now(), CHALLENGE);
        store::put_challenge(&mut tx, &asker_key, &state, ends).await?;
        Ok(tx.commit().await?)
    }

    /// The challenge of this browser, which is used up whatever becomes of its answer.
    async fn challenge<T: serde::de::DeserializeOwned>(
        &self,
        (what, browser): (&str, &str),
    ) -> Result<Option<T>, AccountError> {
        let asker_key = self.keys.hash(Purpose::Challenge, &[what, browser]);
        let mut tx = self.store.begin().await?;
        let state = store::take_challenge(&mut tx, &asker_key, self.clock.now()).await?;
        tx.commit().await?;
        state.map(|state| serde_json::from_str(&state).map_err(unkept)).transpose()
    }

    /// Whether it is soon enough after signing in.
    pub(crate) fn may_add_passkey(&self, session: &Session) -> bool {
        self.clock.now().duration_since(session.opened) < RECENT
    }

    /// The passkeys of an account.
    pub(crate) async fn passkeys_of(
        &self,
        session: &Session,
    ) -> Result<Vec<KeptPasskey>, AccountError> {
        let mut conn = self.store.read().await?;
        Ok(store::passkeys(&mut conn, &session.account.id).await?)
    }

    /// What her browser needs to make a passkey.
    pub(crate) async fn ask_for_new_passkey(
        &self,
        site: &Webauthn,
        session: &Session,
        browser: &str,
    ) -> Result<CreationChallengeResponse, AccountError> {
        let account = Uuid::parse_str(&session.account.id).map_err(unkept)?;
        let passkey = |it: &KeptPasskey| serde_json::from_str::<Passkey>(&it.passkey);
        let has = self.passkeys_of(session).await?;
        let has = has.iter().map(|it| passkey(it).map(|passkey| passkey.cred_id().clone()));
        let has = has.collect::<Result<Vec<_>, _>>().map_err(unkept)?;
        let name = session.person.contact.full_name.as_str();
        let started = site.start_passkey_registration(account, name, name, Some(has));
        let (mut challenge, state) = started.map_err(unkept)?;
        // Whoever signs in names nobody, so her device must be able to find it by itself.
        if let Some(wanted) = &mut challenge.public_key.authenticator_selection {
            wanted.resident_key = Some(ResidentKeyRequirement::Required);
            wanted.require_resident_key = true;
        }
        let state = serde_json::to_string(&state).map_err(unkept)?;
        self.keep_challenge(("new", browser), state).await?;
        Ok(challenge)
    }

    /// Keeps the passkey that her browser has made.
    pub(crate) async fn add_passkey(
        &self,
        site: &Webauthn,
        (session, browser): (&Session, &str),
        name: &str,
        answer: &str,
    ) -> Result<Added, AccountError> {
        let state = self.challenge::<PasskeyRegistration>(("new", browser)).await?;
        let answer = serde_json::from_str::<RegisterPublicKeyCredential>(answer).ok();
        let Some((state, answer)) = state.zip(answer) else { return Ok(Added::No) };
        let passkey = match site.finish_passkey_registration(&answer, &state) {
            Ok(passkey) => passkey,
            Err(error) => {
                refused(&error, "new");
                return Ok(Added::No);
            }
        };
        let kept = KeptPasskey {
            credential_key: self.credential_key(passkey.cred_id()),
            account: session.account.id.clone(),
            name: name.to_owned(),
            passkey: serde_json::to_string(&passkey).map_err(unkept)?,
            created: self.clock.now(),
            used: None,
        };
        let mut tx = self.store.begin().await?;
        if store::passkeys(tx.conn(), &session.account.id).await?.len() >= MOST {
            return Ok(Added::TooMany);
        }
        let added = store::add_passkey(&mut tx, &kept).await?;
        tx.commit().await?;
        Ok(if added { Added::Yes } else { Added::No })
    }

    /// Removes one of her passkeys.
    pub(crate) async fn drop_passkey(
        &self,
        session: &Session,
        key: &str,
    ) -> Result<(), AccountError> {
        let mut tx = self.store.begin().await?;
        store::remove_passkey(&mut tx, &session.account.id, key).await?;
        Ok(tx.commit().await?)
    }

    /// What a browser needs to sign in with a passkey; nothing for a place on the network that asks too often.
    pub(crate) async fn ask_for_passkey(
        &self,
        site: &Webauthn,
        (browser, place): (&str, &str),
    ) -> Result<Option<RequestChallengeResponse>, AccountError> {
        let mut tx = self.store.begin().await?;
        let few = self.few(&mut tx, &["place", place], PER_PLACE).await?;
        tx.commit().await?;
        if !few {
            return Ok(None);
        }
        let (mut challenge, state) = site.start_discoverable_authentication().map_err(unkept)?;
        // She presses a button for it; it is not offered while she types.
        challenge.mediation = None;
        let state = serde_json::to_string(&state).map_err(unkept)?;
        self.keep_challenge(("sign-in", browser), state).await?;
        Ok(Some(challenge))
    }

    /// The account whose passkey has answered the challenge of this browser.
    pub(crate) async fn try_passkey(
        &self,
        site: &Webauthn,
        (browser, place): (&str, &str),
        answer: &str,
    ) -> Result<Option<String>, AccountError> {
        let state = self.challenge::<DiscoverableAuthentication>(("sign-in", browser)).await?;
        let answer = serde_json::from_str::<PublicKeyCredential>(answer).ok();
        let mut tx = self.store.begin().await?;
        let few = self.few(&mut tx, &["place", place], PER_PLACE).await?;
        tx.commit().await?;
        let Some((state, answer)) = state.zip(answer).filter(|_| few) else { return Ok(None) };
        let Ok((account, credential)) = site.identify_discoverable_authentication(&answer) else {
            return Ok(None);
        };
        let (account, key) = (account.to_string(), self.credential_key(credential));
        let mut tx = self.store.begin().await?;
        let Some(kept) = store::passkey(tx.conn(), &account, &key).await? else {
            return Ok(None);
        };
        let mut passkey: Passkey = serde_json::from_str(&kept.passkey).map_err(unkept)?;
        let proved = match site.finish_discoverable_authentication_v2(&answer, state, &passkey) {
            Ok(proved) => proved,
            Err(error) => {
                refused(&error, "sign-in");
                return Ok(None);
            }
        };
        passkey.update_credential(&proved);
        let after = serde_json::to_string(&passkey).map_err(unkept)?;
        let alone = store::use_passkey(&mut tx, &kept, &after, self.clock.now()).await?;
        tx.commit().await?;
        Ok(alone.then_some(account))
    }
}
