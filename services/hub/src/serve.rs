//! Serving: one service, or all of them in one process.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use mash_bus::Bus;
use mash_chassis::{CaseSecret, Clock, FileClock, Server, ServerBuilder, SystemClock};
use mash_delivery::Delivery;
use mash_education::Education;
use mash_health::Health;
use mash_inbox::{Inbox, Listening, MailSettings, TlsPair};
use mash_police::{Police, PoliceConfig};
use mash_policy::Ruleset;
use mash_routing::Routing;
use mash_social_care::SocialCare;
use mash_store::Store;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    data::Data,
    keyring::{self, Keyring},
    proofs::Proofs,
    retention,
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
}

/// What the inbox needs to know.
#[derive(Clone, Debug)]
pub struct InboxSettings {
    /// Where pages are served.
    pub listen: SocketAddr,
    /// Certificate and key; without them only this machine's own address is allowed.
    pub tls: Option<TlsPair>,
    /// The server for e-mails; without one nobody gets a code.
    pub mail: Option<MailSettings>,
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
    let clock: Arc<dyn Clock> = match &settings.clock {
        Some(path) => Arc::new(FileClock::open(path).context("the scripted clock")?),
        None => Arc::new(SystemClock),
    };
    let url = settings.database.clone().unwrap_or_else(|| data.embedded_database());
    let store = keyring::open(&settings.keys, &url, &data).await?;
    let bus =
        mash_bus::connect(&settings.bus, &store).await.context("the bus cannot be reached")?;
    bus.ensure_topics(&mash_bus::topics::all()).await.context("topics cannot be made")?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    let address = listener.local_addr()?;

    let shutdown = shutdown.child_token();
    let mut starting = Starting {
        which: settings.which,
        on: (store.clone(), Arc::clone(&bus), clock),
        secret,
        inbox: settings.inbox.clone(),
        inbox_origin: None,
        tasks: JoinSet::new(),
        shutdown: shutdown.clone(),
    };
    let server = starting.incidents(Server::builder(tls)).await?;
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

/// A hub on its way up.
struct Starting {
    which: Which,
    on: (Store, Arc<dyn Bus>, Arc<dyn Clock>),
    secret: Vec<u8>,
    inbox: Option<InboxSettings>,
    inbox_origin: Option<String>,
    tasks: JoinSet<anyhow::Result<()>>,
    shutdown: CancellationToken,
}

impl Starting {
    /// The services that an incident needs.
    async fn incidents(&mut self, mut server: ServerBuilder) -> anyhow::Result<ServerBuilder> {
        let (store, bus, clock) = &self.on.clone();
        if self.which.runs(Which::Routing) {
            let ruleset = Ruleset::builtin().context("the rule set cannot be read")?;
            let routing = Routing::start(
                store.clone(),
                Arc::clone(bus),
                Arc::clone(clock),
                ruleset,
                &self.secret,
            )
            .await?
            .with_prover(Arc::new(Proofs));
            server = server
                .add_service(routing.service())
                .add_service(routing.agreements())
                .add_service(routing.consents())
                .add_service(routing.ruleset_versions());
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
            let education =
                Education::start(store.clone(), Arc::clone(bus), Arc::clone(clock)).await?;
            let (directory, roll, notices) = education.services();
            server = server
                .add_service(directory)
                .add_service(roll)
                .add_service(notices)
                .add_service(education.referrals());
            self.inbox(&education).await?;
            let stop = self.shutdown.clone();
            self.tasks.spawn(async move { Ok(education.run(stop).await?) });
        }
        Ok(server)
    }

    /// The pages of schools and desks.
    async fn inbox(&mut self, education: &Education) -> anyhow::Result<()> {
        let Some(InboxSettings { listen, tls, mail }) = self.inbox.take() else { return Ok(()) };
        let (store, _, clock) = self.on.clone();
        let settings = mash_inbox::Settings { mail, ..mash_inbox::Settings::default() };
        let inbox = Inbox::start(store, clock, education.inbox(), &self.secret, settings).await?;
        let listening = Listening::on(listen, tls.as_ref())
            .await
            .with_context(|| format!("the inbox cannot be served on {listen}"))?;
        self.inbox_origin = Some(listening.origin()?);
        let stop = self.shutdown.clone();
        self.tasks.spawn(async move { Ok(inbox.serve(listening, stop).await?) });
        Ok(())
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
