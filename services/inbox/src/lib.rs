//! The inbox: what a key adult reads in the morning, and a desk all day, as pages of HTML.
//!
//! In reading order: `visitor` says who is at the other end of a request and `guard` what she may send, `pages` is what
//! she sees, `accounts`, `oidc` and `passkeys` are the ways to sign in, `store` keeps accounts and sessions, `texts` has
//! every word in both languages, `serve` accepts connections.
//!
//! Deliberately absent: any rule, and any notice. What somebody may see is decided by education, by the same use cases
//! as over gRPC; what she may not see is not found. No page needs JavaScript; passkeys do.

mod accounts;
mod assets;
mod cookies;
mod dates;
mod guard;
mod keys;
mod mail;
mod oidc;
mod pages;
mod passkeys;
mod serve;
mod statement;
mod store;
mod subject_access;
mod texts;
mod visitor;

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use mash_chassis::Clock;
use mash_education::EducationInbox;
use mash_mail::Mailer;
use mash_policy::Ruleset;
use mash_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use webauthn_rs::Webauthn;

use crate::{keys::Keys, oidc::Provider};

pub use mash_mail::{MailError, MailSettings};

pub use crate::{
    accounts::{AccountError, Accounts},
    assets::has_frontend,
    oidc::{ProviderFault, ProviderSettings},
    serve::{Listening, ServeError, TlsPair},
    statement::{
        Rendered, StatementFault, extract, public_csv, public_html, statement_csv, statement_html,
    },
    subject_access::{
        SubjectAccessFault, subject_access_html, subject_access_json, subject_access_of_page,
        subject_access_text,
    },
    texts::side_by_side,
};

/// The name of the tables of this crate.
const COMPONENT: &str = "inbox";
const TIDY: Duration = Duration::from_secs(600);

/// What can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a session lasts when nothing is done.
    pub idle: SignedDuration,
    /// How long a session lasts at most.
    pub session: SignedDuration,
    /// How long a code is good.
    pub code: SignedDuration,
    /// The server for e-mails; without one no code can be sent.
    pub mail: Option<MailSettings>,
    /// Where browsers find the inbox, such as `https://inbox.example`; without it there are neither passkeys nor
    /// providers.
    pub origin: Option<String>,
    /// The providers of OpenID Connect at which people may sign in, in the order in which they are shown.
    pub providers: Vec<ProviderSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            idle: SignedDuration::from_mins(15),
            session: SignedDuration::from_hours(8),
            code: SignedDuration::from_mins(10),
            mail: None,
            origin: None,
            providers: Vec::new(),
        }
    }
}

/// Why the inbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The store cannot be used.
    #[error("the store of the inbox cannot be used")]
    Store(#[from] StoreError),
    /// The server for e-mails cannot be used.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The rules cannot be read, so that nobody could be told why she sees something.
    #[error("the rule set cannot be read")]
    Rules(#[from] mash_policy::RulesetError),
    /// A provider cannot be used.
    #[error(transparent)]
    Provider(#[from] ProviderFault),
    /// The address of the inbox is none for which browsers keep passkeys.
    #[error("`{0}` is no address of an inbox, such as `https://inbox.example`")]
    Origin(String),
}

/// The inbox.
#[derive(Clone)]
pub struct Inbox(Arc<Hub>);

/// What every page stands on.
pub(crate) struct Hub {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) education: EducationInbox,
    pub(crate) keys: Keys,
    pub(crate) settings: Settings,
    pub(crate) mailer: Option<Mailer>,
    pub(crate) rules: Arc<Ruleset>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) passkeys: Option<Webauthn>,
}

impl Inbox {
    /// Prepares the tables. `secret` is the hub's, from which the inbox derives keys of its own.
    ///
    /// # Errors
    ///
    /// [`InboxError`].
    pub async fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        education: EducationInbox,
        secret: &[u8],
        settings: Settings,
    ) -> Result<Self, InboxError> {
        store::migrate(&store).await?;
        let mailer = settings.mail.as_ref().map(Mailer::new).transpose()?;
        let rules = Ruleset::builtin()?;
        let keys = Keys::new(secret);
        let origin = settings.origin.as_deref();
        let passkeys = origin.map(passkeys::relying_party).transpose()?;
        let providers = oidc::providers(&settings.providers, origin)?;
        let hub =
            Hub { store, clock, education, keys, settings, mailer, rules, providers, passkeys };
        Ok(Self(Arc::new(hub)))
    }

    /// Serves pages until told to stop.
    ///
    /// # Errors
    ///
    /// [`ServeError`] if the listener fails.
    pub async fn serve(
        &self,
        listening: Listening,
        shutdown: CancellationToken,
    ) -> Result<(), ServeError> {
        let tidy = async {
            let mut again = tokio::time::interval(TIDY);
            loop {
                again.tick().await;
                if let Err(error) = store::forget(&self.0.store, self.0.clock.now()).await {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "old sessions were not forgotten and will be later");
                }
            }
        };
        let router = pages::router(Arc::clone(&self.0));
        tokio::select! {
            served = serve::run(listening, router, shutdown) => served,
            () = tidy => Ok(()),
        }
    }
}
