//! Serving: one service, or all of them in one process.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use mash_audit::{Audit, Signer};
use mash_bus::{Bus, Ledger};
use mash_chassis::{CaseSecret, Clock, FileClock, Server, ServerBuilder, SystemClock};
use mash_delivery::Delivery;
use mash_education::{Channels, Education};
use mash_health::Health;
use mash_inbox::{Inbox, Listening, ProviderSettings, TlsPair};
use mash_mail::{MailSettings, Mailer, Webhook, WebhookSettings};
use mash_police::{Police, PoliceConfig};
use mash_policy::Ruleset;
use mash_routing::{Routing, rights::CaseProofs};
use mash_social_care::SocialCare;
use mash_store::Store;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    data::Data,
    keyring::{self, Keyring},
    ledger::{LocalProofs, RemoteLedger},
    proofs::Proofs,
    retention,
    watchdog::{self, Watchdog},
};

/// Which services one process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Which {
    /// Every service.
    All,
    /// The edge of police systems.
    Police,
    /// Directory, rolls and notices.
    Education,
    /// Decisions.
    Routing,
    /// The hub of an authority.
    SocialCare,
    /// The edge of health systems.
    Health,
    /// The mailboxes of every organisation.
    Delivery,
    /// The ledger.
    Audit,
}

impl Which {
    /// As it is written on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Police => "police",
            Self::Education => "education",
            Self::Routing => "routing",
            Self::SocialCare => "social-care",
            Self::Health => "health",
            Self::Delivery => "delivery",
            Self::Audit => "audit",
        }
    }

    const fn runs(self, service: Self) -> bool {
        matches!(self, Self::All) || self as u8 == service as u8
    }
}

/// What a serving process needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which services.
    pub which: Which,
    /// The data folder.
    pub data: PathBuf,
    /// `sqlite:…` or `postgres://…`; without one, the embedded store of the data folder.
    pub database: Option<String>,
    /// `embedded` or `kafka://…`.
    pub bus: String,
    /// Where the wrapping keys are.
    pub keys: Keyring,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The names and addresses under which the server is called, for its certificate.
    pub hosts: Vec<String>,
    /// A scripted clock, for demonstrations.
    pub clock: Option<PathBuf>,
    /// The inbox, served beside education where education is.
    pub inbox: Option<InboxSettings>,
    /// How people are told that something waits.
    pub ways: Ways,
    /// Where the ledger is, for a process that does not serve it.
    pub ledger: Option<String>,
    /// For how long releases under a duty wait for a ledger that is out of reach.
    pub ledger_patience: Duration,
}

/// The ways to people outside the hub.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// The server for e-mails; without one no nudge goes out by e-mail, and no desk hears of an outage.
    pub mail: Option<MailSettings>,
    /// The webhook behind which text messages are sent.
    pub webhook: Option<WebhookSettings>,
    /// Where a browser finds the inbox, if not where this process serves it.
    pub inbox: Option<String>,
    /// How often the file of the watchdog is renewed; every minute if nothing is said.
    pub renew: Option<Duration>,
}

impl Ways {
    /// The channels, for nudges that name this inbox.
    ///
    /// # Errors
    ///
    /// If a setting is none, or nobody knows where the inbox is.
    pub fn channels(&self, served: Option<&str>) -> anyhow::Result<Channels> {
        let Self { mail, webhook, inbox, .. } = self;
        let inbox = inbox.as_deref().or(served).unwrap_or_default().to_owned();
        anyhow::ensure!(
            !inbox.is_empty() || (mail.is_none() && webhook.is_none()),
            "nudges must say where the inbox is: --inbox-origin"
        );
        let email = mail.as_ref().map(Mailer::new).transpose()?;
        let sms = webhook.as_ref().map(Webhook::new).transpose()?;
        Ok(Channels {
            email: email.map(|it| Arc::new(it) as Arc<dyn mash_mail::Channel>),
            sms: sms.map(|it| Arc::new(it) as Arc<dyn mash_mail::Channel>),
            inbox,
        })
    }
}

/// For how long notices wait for the ledger, if nobody says otherwise.
pub const LEDGER_PATIENCE: Duration = Duration::from_secs(30);

/// What the inbox needs to know.
#[derive(Clone, Debug)]
pub struct InboxSettings {
    /// Where pages are served.
    pub listen: SocketAddr,
    /// Certificate and key; without them only this machine's own address is allowed.
    pub tls: Option<TlsPair>,
    /// The server for e-mails; without one nobody gets a code.
    pub mail: Option<MailSettings>,
    /// Where browsers find it, such as `https://inbox.example`; if nothing is said, this machine's own address if it is
    /// served there alone.
    pub origin: Option<String>,
    /// Where people may sign in otherwise.
    pub providers: Vec<ProviderSettings>,
}

/// A hub that is up.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its store.
    pub store: Store,
    /// Its bus.
    pub bus: Arc<dyn Bus>,
    /// Where a browser finds the inbox, such as `http://localhost:7480`, if it is served.
    pub inbox: Option<String>,
    tasks: JoinSet<anyhow::Result<()>>,
    shutdown: CancellationToken,
}

impl Running {
    /// Waits until everything has ended: when told to stop, or when a part has failed, which stops the rest.
    ///
    /// # Errors
    ///
    /// The first failure.
    pub async fn wait(mut self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            self.shutdown.cancel();
            let ended = ended.map_err(anyhow::Error::from).and_then(|ended| ended);
            if outcome.is_ok() {
                outcome = ended;
            }
        }
        self.store.close().await;
        outcome
    }
}

/// Starts the services.
///
/// # Errors
///
/// If a certificate, the store, the bus or the listener cannot be had.
pub async fn start(settings: &Settings, shutdown: &CancellationToken) -> anyhow::Result<Running> {
    let data = Data::open(&settings.data)?;
    let tls = data.server(settings.which.name(), &settings.hosts)?;
    let secret = data.secret()?;
    let clock = clock_of(settings.clock.as_deref())?;
    let url = settings.database.clone().unwrap_or_else(|| data.embedded_database());
    let store = keyring::open(&settings.keys, &url, &data).await?;
    let bus = mash_bus::connect(&settings.bus, &store).await.context("the bus cannot be used")?;
    // A hub that starts while the bus is away serves what it keeps, and joins when the bus is back.
    let bus = mash_bus::patient(bus);
    bus.ensure_topics(&mash_bus::topics::all()).await.context("topics cannot be made")?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    let address = listener.local_addr()?;

    let shutdown = shutdown.child_token();
    let remote = settings.ledger.as_deref().map(|at| RemoteLedger::at(at, &data)).transpose()?;
    let mut starting = Starting {
        which: settings.which,
        on: (store.clone(), Arc::clone(&bus), clock),
        secret,
        ledger: remote.clone().map(|remote| remote as Arc<dyn Ledger>),
        proofs: remote.map(|remote| remote as Arc<dyn CaseProofs>),
        ledger_patience: settings.ledger_patience,
        signer: if settings.which.runs(Which::Audit) { Some(data.signer()?) } else { None },
        inbox: settings.inbox.clone(),
        inbox_origin: None,
        ways: settings.ways.clone(),
        data: settings.data.clone(),
        tasks: JoinSet::new(),
        shutdown: shutdown.clone(),
    };
    let server = starting.ledger(Server::builder(tls)).await?;
    let server = starting.incidents(server).await?;
    let server = starting.referrals(server).await?;
    let (mut tasks, inbox) = (starting.tasks, starting.inbox_origin);
    let stop = shutdown.clone();
    tasks.spawn(async move { Ok(server.serve(listener, stop).await?) });
    let (watched, stop) = (store.clone(), shutdown.clone());
    tasks.spawn(async move {
        retention::watch(watched, stop).await;
        Ok(())
    });
    Ok(Running { address, store, bus, inbox, tasks, shutdown })
}

/// Watches over a hub from beside it until told to stop.
///
/// # Errors
///
/// If there is no way to tell anybody, or the data folder cannot be used.
pub async fn watch(
    data: &Path,
    every: Duration,
    clock: Option<&Path>,
    ways: &Ways,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    anyhow::ensure!(ways.mail.is_some(), "whoever watches needs a mail server: --smtp");
    // Its letters do not name the inbox, which is down with the hub.
    let channels = Ways { inbox: Some("-".to_owned()), ..ways.clone() }.channels(None)?;
    let secret = Data::open(data)?.secret()?;
    Watchdog::new(data, &secret, clock_of(clock)?, channels)?.watch(every, shutdown).await;
    Ok(())
}

fn clock_of(path: Option<&Path>) -> anyhow::Result<Arc<dyn Clock>> {
    Ok(match path {
        Some(path) => Arc::new(FileClock::open(path).context("the scripted clock")?),
        None => Arc::new(SystemClock),
    })
}

/// A hub on its way up.
struct Starting {
    which: Which,
    on: (Store, Arc<dyn Bus>, Arc<dyn Clock>),
    secret: Vec<u8>,
    /// Where the ledger is served.
    signer: Option<Signer>,
    ledger: Option<Arc<dyn Ledger>>,
    proofs: Option<Arc<dyn CaseProofs>>,
    ledger_patience: Duration,
    inbox: Option<InboxSettings>,
    inbox_origin: Option<String>,
    ways: Ways,
    data: PathBuf,
    tasks: JoinSet<anyhow::Result<()>>,
    shutdown: CancellationToken,
}

impl Starting {
    /// The ledger.
    async fn ledger(&mut self, server: ServerBuilder) -> anyhow::Result<ServerBuilder> {
        let Some(signer) = self.signer.take() else { return Ok(server) };
        let (store, bus, clock) = self.on.clone();
        let audit = Audit::start(store, bus, clock, signer).await?;
        let server = server.add_service(audit.service()).add_service(audit.erasures());
        self.ledger = Some(audit.ledger());
        self.proofs = Some(Arc::new(LocalProofs(audit.grpc())));
        let stop = self.shutdown.clone();
        self.tasks.spawn(async move { Ok(audit.run(stop).await?) });
        Ok(server)
    }

    /// Nothing is released before its decision is in the ledger, so there has to be one.
    fn ledger_for_decisions(&self) -> anyhow::Result<(Arc<dyn Ledger>, Arc<dyn CaseProofs>)> {
        let missing =
            "routing needs the ledger: serve `all`, or say with --ledger where `audit` is";
        self.ledger.clone().zip(self.proofs.clone()).context(missing)
    }

    /// The services that an incident needs.
    async fn incidents(&mut self, mut server: ServerBuilder) -> anyhow::Result<ServerBuilder> {
        let (store, bus, clock) = &self.on.clone();
        if self.which.runs(Which::Routing) {
            let ruleset = Ruleset::builtin().context("the rule set cannot be read")?;
            let (ledger, proofs) = self.ledger_for_decisions()?;
            let routing = Routing::start(
                store.clone(),
                Arc::clone(bus),
                Arc::clone(clock),
                ruleset,
                &self.secret,
            )
            .await?
            .with_prover(Arc::new(Proofs))
            .with_record_key(Arc::new(Data::open(&self.data)?.record_key()?))
            .with_ledger(ledger, self.ledger_patience)
            .with_proofs(proofs);
            server = server
                .add_service(routing.service())
                .add_service(routing.agreements())
                .add_service(routing.consents())
                .add_service(routing.ruleset_versions())
                .add_service(routing.statements())
                .add_service(routing.rights())
                .add_service(routing.break_glass());
            let stop = self.shutdown.clone();
            self.tasks.spawn(async move { Ok(routing.run(stop).await?) });
        }
        if self.which.runs(Which::Police) {
            let config = PoliceConfig::new(CaseSecret::new(&self.secret)?);
            let police =
                Police::start(store.clone(), Arc::clone(bus), Arc::clone(clock), config).await?;
            server = server.add_service(police.service()).add_service(police.protection());
            let stop = self.shutdown.clone();
            self.tasks.spawn(async move { Ok(police.run(stop).await?) });
        }
        if self.which.runs(Which::Education) {
            let education = self.education().await?;
            let (directory, roll, notices) = education.services();
            server = server
                .add_service(directory)
                .add_service(roll)
                .add_service(notices)
                .add_service(education.referrals());
            let stop = self.shutdown.clone();
            self.tasks.spawn(async move { Ok(education.run(stop).await?) });
        }
        Ok(server)
    }

    /// Education, the pages of schools and desks, and whoever watches over both.
    async fn education(&mut self) -> anyhow::Result<Education> {
        let listening = match &self.inbox {
            None => None,
            Some(InboxSettings { listen, tls, .. }) => Some(
                Listening::on(*listen, tls.as_ref())
                    .await
                    .with_context(|| format!("the inbox cannot be served on {listen}"))?,
            ),
        };
        let served = listening.as_ref().map(Listening::origin).transpose()?;
        let said = self.inbox.as_ref().and_then(|inbox| inbox.origin.clone());
        self.inbox_origin = said.or(served);
        let channels = self.ways.channels(self.inbox_origin.as_deref())?;
        let (store, bus, clock) = self.on.clone();
        let watchdog = channels
            .email
            .is_some()
            .then(|| Watchdog::new(&self.data, &self.secret, Arc::clone(&clock), channels.clone()));
        let education = Education::start_telling(
            store.clone(),
            Arc::clone(&bus),
            Arc::clone(&clock),
            mash_education::Settings::default(),
            channels,
        )
        .await?;
        if let Some((inbox, listening)) = self.inbox.take().zip(listening) {
            let InboxSettings { listen, mail, origin, providers, .. } = inbox;
            let here = listen.ip().is_loopback().then(|| listening.origin()).transpose()?;
            let origin = origin.or(here);
            let settings =
                mash_inbox::Settings { mail, origin, providers, ..mash_inbox::Settings::default() };
            let pages = education.inbox();
            let inbox = Inbox::start(store, clock, pages, &self.secret, settings).await?;
            let stop = self.shutdown.clone();
            self.tasks.spawn(async move { Ok(inbox.serve(listening, stop).await?) });
        }
        if let Some(watchdog) = watchdog.transpose()? {
            let (education, stop) = (education.clone(), self.shutdown.clone());
            let renew = self.ways.renew.unwrap_or(watchdog::EVERY);
            self.tasks.spawn(async move {
                watchdog.keep(&education, &bus, renew, stop).await;
                Ok(())
            });
        }
        Ok(education)
    }

    /// The services that come with referrals.
    async fn referrals(&mut self, mut server: ServerBuilder) -> anyhow::Result<ServerBuilder> {
        let (store, bus, clock) = &self.on.clone();
        if self.which.runs(Which::SocialCare) {
            let secret = CaseSecret::new(&self.secret)?;
            let social_care =
                SocialCare::start(store.clone(), Arc::clone(bus), Arc::clone(clock), secret)
                    .await?;
            server = server.add_service(social_care.services()).add_service(social_care.meetings());
            let stop = self.shutdown.clone();
            self.tasks.spawn(async move { Ok(social_care.run(stop).await?) });
        }
        if self.which.runs(Which::Health) {
            let case_secret = CaseSecret::new(&self.secret)?;
            let health =
                Health::start(store.clone(), Arc::clone(bus), Arc::clone(clock), case_secret)
                    .await?;
            server = server.add_service(health.service());
            let stop = self.shutdown.clone();
            self.tasks.spawn(async move { Ok(health.run(stop).await?) });
        }
        if self.which.runs(Which::Delivery) {
            let delivery =
                Delivery::start(store.clone(), Arc::clone(bus), Arc::clone(clock)).await?;
            server = server.add_service(delivery.service());
            let stop = self.shutdown.clone();
            self.tasks.spawn(async move { Ok(delivery.run(stop).await?) });
        }
        Ok(server)
    }
}
