//! Accounts: who may sign in, by invitation, and how she does.
//!
//! Every way of signing in ends in `open`: a one-time link, a one-time code, a provider, a passkey.

use jiff::{SignedDuration, Timestamp};
use mash_chassis::Clock;
use mash_domain::organisation::{OrganisationId, OrganisationKind};
use mash_store::{Store, StoreError, Tx};
use uuid::Uuid;

use crate::{
    Hub,
    keys::{self, Keys, NoRandomness, Purpose},
    oidc::{AWAY, Back, OidcFault, Provider},
    store::{self, Account},
};

/// Wrong codes for one browser before its code is dead.
const TRIES: i64 = 5;
/// Codes for one address, and codes asked for or tried from one place on the network, in a stretch of time.
const PER_ADDRESS: i64 = 5;
// A whole county may sign in through one address on a Monday morning.
pub(crate) const PER_PLACE: i64 = 5_000;
const WINDOW_MINUTES: i64 = 15;

/// Why an account cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Only schools and authorities have an inbox.
    #[error("only a school or an authority has an inbox")]
    Kind,
    /// The directory has nobody of this name there.
    #[error("the directory has no such contact; add her there first")]
    NoContact,
    /// Nobody was invited under this name.
    #[error("there is no such account; invite her first")]
    NoAccount,
    /// Another account has the contact's address.
    #[error("another account has this contact's address; each needs one of her own")]
    AddressTaken,
    /// Nothing can be drawn by lot.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// The accounts, for whoever administers the hub.
pub struct Accounts<C> {
    store: Store,
    clock: C,
    keys: Keys,
}

impl<C: Clock> Accounts<C> {
    /// The accounts of a store; `secret` is the hub's.
    ///
    /// # Errors
    ///
    /// If the tables cannot be prepared.
    pub async fn open(store: Store, clock: C, secret: &[u8]) -> Result<Self, StoreError> {
        store::migrate(&store).await?;
        Ok(Self { store, clock, keys: Keys::new(secret) })
    }

    /// Invites a contact of the directory, whose own address becomes the one to sign in with. Inviting again takes over
    /// an address that has changed.
    ///
    /// # Errors
    ///
    /// [`AccountError`].
    pub async fn invite(
        &self,
        organisation: &OrganisationId,
        practitioner: &str,
    ) -> Result<(), AccountError> {
        self.invite_all(&[(organisation.clone(), practitioner.to_owned())]).await
    }

    /// Invites many, all of them or nobody.
    ///
    /// # Errors
    ///
    /// [`AccountError`], of the first of whom one is true.
    pub async fn invite_all(
        &self,
        people: &[(OrganisationId, String)],
    ) -> Result<(), AccountError> {
        let mut found = Vec::with_capacity(people.len());
        for (organisation, practitioner) in people {
            if !matches!(
                organisation.kind(),
                OrganisationKind::School | OrganisationKind::LocalAuthority
            ) {
                return Err(AccountError::Kind);
            }
            let person = mash_education::find_person(&self.store, organisation, practitioner);
            let person = person.await?.ok_or(AccountError::NoContact)?;
            found.push((organisation.to_string(), practitioner, person.contact.email));
        }
        let mut tx = self.store.begin().await?;
        for (organisation, practitioner, email) in found {
            self.put(&mut tx, organisation, practitioner, &email).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn put(
        &self,
        tx: &mut Tx,
        organisation: String,
        practitioner: &str,
        email: &str,
    ) -> Result<(), AccountError> {
        let email_key = email_key(&self.keys, email);
        let holder = store::account_by_email(tx.conn(), &email_key).await?;
        let other = holder.is_some_and(|holder| {
            holder.organisation != organisation || holder.practitioner != practitioner
        });
        if other {
            return Err(AccountError::AddressTaken);
        }
        let account = Account {
            id: Uuid::new_v4().to_string(),
            organisation,
            practitioner: practitioner.to_owned(),
            language: String::new(),
        };
        store::put_account(tx, &account, &email_key, self.clock.now()).await?;
        Ok(())
    }

    /// A one-time link to sign in with: what follows the address of the inbox, `/link/{token}`.
    ///
    /// # Errors
    ///
    /// [`AccountError`].
    pub async fn link(
        &self,
        organisation: &OrganisationId,
        practitioner: &str,
        lasts: SignedDuration,
    ) -> Result<String, AccountError> {
        let token = keys::token()?;
        let mut tx = self.store.begin().await?;
        let account = store::account_of(tx.conn(), &organisation.to_string(), practitioner).await?;
        let account = account.ok_or(AccountError::NoAccount)?;
        let ends = later(self.clock.now(), lasts);
        let token_key = self.keys.hash(Purpose::Link, &[&token]);
        store::put_link(&mut tx, &token_key, &account.id, ends).await?;
        tx.commit().await?;
        Ok(format!("/link/{token}"))
    }

    /// Removes every passkey of an account, as when a device is lost, and tells how many there were.
    ///
    /// # Errors
    ///
    /// [`AccountError`].
    pub async fn remove_passkeys(
        &self,
        organisation: &OrganisationId,
        practitioner: &str,
    ) -> Result<u64, AccountError> {
        let mut tx = self.store.begin().await?;
        let account = store::account_of(tx.conn(), &organisation.to_string(), practitioner).await?;
        let account = account.ok_or(AccountError::NoAccount)?;
        let removed = store::remove_passkeys(&mut tx, &account.id).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// Ends every session of an account, and tells how many there were.
    ///
    /// # Errors
    ///
    /// [`AccountError`].
    pub async fn end_sessions(
        &self,
        organisation: &OrganisationId,
        practitioner: &str,
    ) -> Result<u64, AccountError> {
        let mut tx = self.store.begin().await?;
        let account = store::account_of(tx.conn(), &organisation.to_string(), practitioner).await?;
        let ended =
            store::end_sessions(&mut tx, &account.ok_or(AccountError::NoAccount)?.id).await?;
        tx.commit().await?;
        Ok(ended)
    }
}

/// What is stored of an address.
pub(crate) fn email_key(keys: &Keys, email: &str) -> String {
    keys.hash(Purpose::Email, &[&email.trim().to_lowercase()])
}

/// So much later, or the end of time.
pub(crate) fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// What a code goes to, when it goes to anybody.
pub(crate) struct ToSend {
    pub(crate) account: Account,
    pub(crate) email: String,
    pub(crate) code: String,
}

impl Hub {
    /// Somebody asks for a code. The same is done whether or not the address belongs to anybody, and whoever asks hears
    /// the same.
    pub(crate) async fn ask_for_code(
        &self,
        (asker, place): (&str, &str),
        email: &str,
    ) -> Result<Option<ToSend>, AccountError> {
        let now = self.clock.now();
        let email_key = email_key(&self.keys, email);
        let code = keys::code()?;
        let asker_key = self.keys.hash(Purpose::Asker, &[asker]);
        let code_key = self.keys.hash(Purpose::Code, &[asker, &code]);
        let mut tx = self.store.begin().await?;
        let few = self.few(&mut tx, &["address", &email_key], PER_ADDRESS).await?;
        let few = self.few(&mut tx, &["place", place], PER_PLACE).await? && few;
        let account = store::account_by_email(tx.conn(), &email_key).await?.filter(|_| few);
        let id = account.as_ref().map_or("", |account| account.id.as_str());
        let ends = later(now, self.settings.code);
        store::put_code(&mut tx, &asker_key, id, &code_key, ends).await?;
        tx.commit().await?;
        Ok(account.map(|account| ToSend { account, email: email.trim().to_owned(), code }))
    }

    /// Somebody types a code in the browser that asked for it: the account, if it is the right one.
    pub(crate) async fn try_code(
        &self,
        (asker, place): (&str, &str),
        code: &str,
    ) -> Result<Option<String>, AccountError> {
        let now = self.clock.now();
        let digits: String = code.chars().filter(char::is_ascii_digit).collect();
        let asker_key = self.keys.hash(Purpose::Asker, &[asker]);
        let typed_key = self.keys.hash(Purpose::Code, &[asker, &digits]);
        let mut tx = self.store.begin().await?;
        let few = self.few(&mut tx, &["place", place], PER_PLACE).await?;
        let tried = store::try_code(&mut tx, &asker_key, now, TRIES).await?;
        let right = tried.filter(|(account, code_key)| {
            keys::same(code_key, &typed_key) && !account.is_empty() && few
        });
        if right.is_some() {
            store::drop_code(&mut tx, &asker_key).await?;
        }
        tx.commit().await?;
        Ok(right.map(|(account, _)| account))
    }

    /// Somebody has a one-time link.
    pub(crate) async fn use_link(&self, token: &str) -> Result<Option<String>, AccountError> {
        let token_key = self.keys.hash(Purpose::Link, &[token]);
        let mut tx = self.store.begin().await?;
        let account = store::use_link(&mut tx, &token_key, self.clock.now()).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// Somebody comes back from a provider: the account with the address that the provider has proved, if the directory
    /// has that address for it now. What she comes back with is used up first, whatever becomes of it.
    pub(crate) async fn came_back(
        &self,
        provider: &Provider,
        (browser, place): (&str, &str),
        back: &Back,
    ) -> Result<Result<String, OidcFault>, AccountError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let few = self.few(&mut tx, &["place", place], PER_PLACE).await?;
        let known = few && provider.knows(&self.keys, browser, &back.state, now);
        let spent_key = self.keys.hash(Purpose::Spent, &[&back.state]);
        let first = known && store::spend(&mut tx, &spent_key, later(now, AWAY)).await?;
        tx.commit().await?;
        if !first {
            return Ok(Err(OidcFault::Refused("a state that is unknown, used or too old")));
        }
        let address = match provider.finish(&self.keys, browser, back, now).await {
            Ok(address) => address,
            Err(fault) => return Ok(Err(fault)),
        };
        let mut conn = self.store.read().await?;
        let email_key = email_key(&self.keys, &address);
        let account = store::account_by_email(&mut conn, &email_key).await?;
        drop(conn);
        let Some(account) = account else {
            return Ok(Err(OidcFault::Refused("nobody who was invited has this address")));
        };
        let organisation = account.organisation.parse::<OrganisationId>();
        let person = match &organisation {
            Ok(organisation) => {
                mash_education::find_person(&self.store, organisation, &account.practitioner)
                    .await?
            }
            Err(_) => None,
        };
        let hers = person.is_some_and(|it| it.contact.email.eq_ignore_ascii_case(address.trim()));
        Ok(if hers {
            Ok(account.id)
        } else {
            Err(OidcFault::Refused("the directory has another address"))
        })
    }

    /// Opens a session for an account that was proved, in this browser, and ends the one that the browser had. Returns
    /// its token, which is stored nowhere.
    pub(crate) async fn open(
        &self,
        account: &str,
        agent: &str,
        before: Option<&str>,
    ) -> Result<String, AccountError> {
        let (now, token) = (self.clock.now(), keys::token()?);
        let token_key = self.keys.hash(Purpose::Session, &[&token]);
        let agent_key = self.keys.hash(Purpose::Agent, &[agent]);
        let mut tx = self.store.begin().await?;
        if let Some(before) = before {
            let before = self.keys.hash(Purpose::Session, &[before]);
            store::end_session(&mut tx, &before).await?;
        }
        let ends = later(now, self.settings.session);
        store::put_session(&mut tx, &token_key, (account, &agent_key), (now, ends)).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// Counts an attempt; whether there were few enough in this quarter of an hour.
    pub(crate) async fn few(
        &self,
        tx: &mut Tx,
        who: &[&str],
        most: i64,
    ) -> Result<bool, StoreError> {
        let window = WINDOW_MINUTES * 60;
        let begins = self.clock.now().as_second().div_euclid(window) * window;
        let begins = Timestamp::from_second(begins).unwrap_or(Timestamp::MIN);
        let subject = self.keys.hash(Purpose::Attempts, who);
        Ok(store::attempt(tx, &subject, begins).await? <= most)
    }
}
