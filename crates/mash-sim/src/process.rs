//! One service on a store of its own, which can die and be started anew.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use mash_bus::{Bus, DEAD_LETTER_COMPONENT, Handler, Intake, Relay};
use mash_chassis::{CaseSecret, Clock, ManualClock};
use mash_delivery::Delivery;
use mash_education::{Channels, Education};
use mash_health::Health;
use mash_police::{Police, PoliceConfig};
use mash_policy::Ruleset;
use mash_routing::Routing;
use mash_social_care::SocialCare;
use mash_store::{
    Store,
    testing::{execute, let_time_pass},
};
use tonic::service::Routes;

use crate::{bus::SimBus, pulse::Pulse};

/// The services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The edge of police.
    Police,
    /// The edge of education.
    Education,
    /// The one place where it is decided.
    Routing,
    /// The hub itself.
    SocialCare,
    /// The edge of health.
    Health,
    /// Mailboxes.
    Delivery,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Police,
        Self::Education,
        Self::Routing,
        Self::SocialCare,
        Self::Health,
        Self::Delivery,
    ];

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Police => "police",
            Self::Education => "education",
            Self::Routing => "routing",
            Self::SocialCare => "social-care",
            Self::Health => "health",
            Self::Delivery => "delivery",
        }
    }
}

/// The secret of the simulated hub.
const SECRET: [u8; 32] = [7; 32];
/// The same for the keys that education draws.
const KEYS: &str = "UPDATE education_settings SET content = \
    x'0707070707070707070707070707070707070707070707070707070707070707'";

/// A service that runs.
enum Service {
    Police(Police),
    Education(Education),
    Routing(Routing),
    SocialCare(SocialCare),
    Health(Health),
    Delivery(Delivery),
}

/// What is gone when the process dies.
struct Life {
    service: Service,
    handlers: Vec<Arc<dyn Handler>>,
    routes: Routes,
}

/// A service, its store, and when it dies.
pub struct Process {
    /// Which.
    pub kind: Kind,
    /// When it dies.
    pub pulse: Arc<Pulse>,
    /// Its store, which dies with it.
    store: Store,
    /// The same tables, for whoever checks: it outlives every death.
    pub witness: Store,
    bus: Arc<dyn Bus>,
    clock: ManualClock,
    ruleset: Arc<Ruleset>,
    /// How education tells people that something waits.
    channels: Channels,
    life: Option<Life>,
    /// How often it was started.
    pub starts: u64,
}

/// Opens the store of a service in this folder, for whoever checks.
///
/// # Errors
///
/// If it cannot be opened.
pub async fn witness(folder: &Path, kind: Kind) -> anyhow::Result<Store> {
    Ok(Store::connect(&url(folder, kind)).await?)
}

fn url(folder: &Path, kind: Kind) -> String {
    format!("sqlite:{}", folder.join(format!("{}.db", kind.word())).display())
}

impl Process {
    /// Starts a service in this folder.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub async fn start(
        kind: Kind,
        folder: &Path,
        (pulse, bus): (Arc<Pulse>, SimBus),
        clock: ManualClock,
        ruleset: Arc<Ruleset>,
    ) -> anyhow::Result<Self> {
        let nobody = Channels::default();
        Self::start_telling(kind, folder, (pulse, bus), clock, (ruleset, nobody)).await
    }

    /// As [`Process::start`], where education has ways to tell people.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub async fn start_telling(
        kind: Kind,
        folder: &Path,
        (pulse, bus): (Arc<Pulse>, SimBus),
        clock: ManualClock,
        (ruleset, channels): (Arc<Ruleset>, Channels),
    ) -> anyhow::Result<Self> {
        let witness = witness(folder, kind).await?;
        let store = Store::connect_mortal(&url(folder, kind), pulse.clone()).await?;
        let bus: Arc<dyn Bus> = Arc::new(bus);
        let life = None;
        let mut process =
            Self { kind, pulse, store, witness, bus, clock, ruleset, channels, life, starts: 0 };
        process.begin().await.with_context(|| format!("{} does not start", kind.word()))?;
        if kind == Kind::Education {
            // It draws its keys by lot; one seed is one run.
            execute(&process.witness, KEYS).await?;
            process.start_again().await?;
        }
        Ok(process)
    }

    async fn begin(&mut self) -> anyhow::Result<()> {
        let (store, bus) = (self.store.clone(), Arc::clone(&self.bus));
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        self.life = Some(match self.kind {
            Kind::Police => {
                let config = PoliceConfig::new(CaseSecret::new(&SECRET)?);
                let police = Police::start(store, bus, clock, config).await?;
                let routes = Routes::new(police.service()).add_service(police.protection());
                Life { handlers: police.handlers(), routes, service: Service::Police(police) }
            }
            Kind::Education => {
                let settings = mash_education::Settings::default();
                let channels = self.channels.clone();
                let education =
                    Education::start_telling(store, bus, clock, settings, channels).await?;
                let (directory, roll, notices) = education.services();
                let routes = Routes::new(directory)
                    .add_service(roll)
                    .add_service(notices)
                    .add_service(education.referrals());
                let handlers = education.handlers();
                Life { handlers, routes, service: Service::Education(education) }
            }
            Kind::Routing => {
                let ruleset = Arc::clone(&self.ruleset);
                let routing = Routing::start(store, bus, clock, ruleset, &SECRET).await?;
                let routes = Routes::new(routing.service())
                    .add_service(routing.agreements())
                    .add_service(routing.consents());
                Life { handlers: routing.handlers(), routes, service: Service::Routing(routing) }
            }
            Kind::SocialCare => {
                let secret = CaseSecret::new(&SECRET)?;
                let care = SocialCare::start(store, bus, clock, secret).await?;
                let routes = Routes::new(care.services()).add_service(care.meetings());
                Life { handlers: care.handlers(), routes, service: Service::SocialCare(care) }
            }
            Kind::Health => {
                let health = Health::start(store, bus, clock, CaseSecret::new(&SECRET)?).await?;
                let routes = Routes::new(health.service());
                Life { handlers: health.handlers(), routes, service: Service::Health(health) }
            }
            Kind::Delivery => {
                let delivery = Delivery::start(store, bus, clock).await?;
                let routes = Routes::new(delivery.service());
                Life { handlers: delivery.handlers(), routes, service: Service::Delivery(delivery) }
            }
        });
        self.starts += 1;
        Ok(())
    }

    /// Starts it again after a death: everything that it only remembered is gone, and leases and flights run out.
    ///
    /// # Errors
    ///
    /// If it does not start from its own store.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.life = None;
        let armed = self.pulse.is_armed();
        self.pulse.arm(false);
        self.pulse.revive();
        // Whatever the dead process still held of the store is given back before.
        tokio::task::yield_now().await;
        let_time_pass(&self.witness).await?;
        self.begin().await.with_context(|| format!("{} does not rise", self.kind.word()))?;
        self.pulse.arm(armed);
        Ok(())
    }

    /// What it serves.
    #[must_use]
    pub fn routes(&self) -> Routes {
        self.life.as_ref().map_or_else(Routes::default, |life| life.routes.clone())
    }

    /// What takes in events.
    #[must_use]
    pub fn handlers(&self) -> &[Arc<dyn Handler>] {
        self.life.as_ref().map_or(&[], |life| life.handlers.as_slice())
    }

    /// An intake for one of its handlers.
    #[must_use]
    pub fn intake(&self, handler: Arc<dyn Handler>) -> Intake {
        Intake::new(self.store.clone(), Arc::clone(&self.bus), handler)
    }

    /// Publishes what waits. A failure is one of the world's making, and the next drain goes on.
    pub async fn publish(&self) -> usize {
        let Some(life) = &self.life else { return 0 };
        let mut relays = vec![
            life.service.relay(),
            Relay::new(self.store.clone(), Arc::clone(&self.bus), DEAD_LETTER_COMPONENT),
        ];
        let mut published = 0;
        for relay in &mut relays {
            published += relay.drain().await.unwrap_or(0);
        }
        published
    }

    /// Education, if it is that.
    #[must_use]
    pub fn education(&self) -> Option<&Education> {
        match self.life.as_ref().map(|life| &life.service) {
            Some(Service::Education(education)) => Some(education),
            Some(
                Service::Police(_)
                | Service::Routing(_)
                | Service::SocialCare(_)
                | Service::Health(_)
                | Service::Delivery(_),
            )
            | None => None,
        }
    }

    /// What it publishes on.
    #[must_use]
    pub fn bus(&self) -> &Arc<dyn Bus> {
        &self.bus
    }

    /// One look at every clock that is due.
    pub async fn tick(&self) {
        let Some(life) = &self.life else { return };
        // A store that fails here is a process that died; the next look goes on.
        drop(life.service.tick().await);
    }
}

impl Service {
    fn relay(&self) -> Relay {
        match self {
            Self::Police(it) => it.relay(),
            Self::Education(it) => it.relay(),
            Self::Routing(it) => it.relay(),
            Self::SocialCare(it) => it.relay(),
            Self::Health(it) => it.relay(),
            Self::Delivery(it) => it.relay(),
        }
    }

    async fn tick(&self) -> Result<(), mash_store::StoreError> {
        match self {
            Self::Police(it) => it.tick().await,
            Self::Education(it) => it.tick().await,
            Self::Routing(it) => it.tick().await,
            Self::SocialCare(it) => it.tick().await,
            Self::Health(it) => it.tick().await,
            Self::Delivery(it) => it.tick().await,
        }
    }
}
