//! The edge of health systems: referrals of clinicians, the body map that cannot be closed in silence, teams by age, and
//! whether a child is protected, by NHS number.
//!
//! One use case is one file. `intake` takes in notices and what authorities tell of protected children, `tick` looks at what
//! is due. What every partner of a hub has in common (referrals, enquiries, invitations, feedback, disagreements) is in
//! `mash-partner`; here is what health adds: who may answer, what stays confidential, and which team has the child.
//!
//! Deliberately absent: any decision on what may be known. Routing has taken it before anything comes, and takes it after
//! everything that goes.

mod answer_enquiry;
mod board;
mod call;
mod check_protection;
mod correspond;
mod enquiries;
mod error;
mod grpc;
mod injuries;
mod intake;
mod lookups;
mod notices;
mod prompts;
mod record_injuries;
mod refer_unborn;
mod resolve_injury_prompt;
mod send;
mod store;
mod submit_referral;
mod take_notice;
mod take_protection;
mod teams;
mod tick;

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use mash_bus::{Bus, Engine, EngineError, Handler, Relay, every, forget_answers, topics};
use mash_chassis::{CaseSecret, Clock};
use mash_domain::{
    health::protection::{Patience, Quota},
    organisation::OrganisationKind,
};
use mash_partner::{Agency, Partner};
use mash_proto::{health::v1::health_service_server::HealthServiceServer, referral::v1::ItemKind};
use mash_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

pub use crate::grpc::HealthApi;

/// The name of this service's outbox and tables.
pub const COMPONENT: &str = "health";
/// How often due clocks are looked at, in real time.
const TICK: Duration = Duration::from_secs(5);
/// How long the answer to a request is kept for whoever sends it again.
const REMEMBER: SignedDuration = SignedDuration::from_hours(35 * 24);
const FORGET: Duration = Duration::from_secs(3_600);

const AGENCY: Agency = Agency {
    component: COMPONENT,
    source: "mash/health",
    group: "health-items",
    topics: &[topics::DISCLOSED_HEALTH],
    kinds: &[OrganisationKind::HealthBoard],
    elsewhere: &[ItemKind::ProtectionStatus],
    alone: true,
};

/// The service.
#[derive(Clone)]
pub struct Health(Arc<Service>);

/// What every part of the service stands on.
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secret: CaseSecret,
    pub(crate) partner: Partner,
    pub(crate) quota: Quota,
    pub(crate) patience: Patience,
}

impl Health {
    /// Prepares the tables. Nothing is consumed or published before [`Health::run`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the tables cannot be prepared.
    pub async fn start(
        store: Store,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        secret: CaseSecret,
    ) -> Result<Self, StoreError> {
        store::migrate(&store).await?;
        let partner =
            Partner::start(store.clone(), Arc::clone(&clock), secret.clone(), AGENCY).await?;
        let (quota, patience) = (Quota::default(), Patience::default());
        Ok(Self(Arc::new(Service { store, bus, clock, secret, partner, quota, patience })))
    }

    /// The service to add to a server.
    #[must_use]
    pub fn service(&self) -> HealthServiceServer<HealthApi> {
        HealthServiceServer::new(HealthApi(Arc::clone(&self.0)))
    }

    /// What takes in events, each to be run by an [`Intake`](mash_bus::Intake).
    #[must_use]
    pub fn handlers(&self) -> Vec<Arc<dyn Handler>> {
        vec![Arc::new(intake::HealthIntake(Arc::clone(&self.0))), self.0.partner.handler()]
    }

    /// What publishes.
    #[must_use]
    pub fn relay(&self) -> Relay {
        Relay::new(self.0.store.clone(), Arc::clone(&self.0.bus), COMPONENT)
    }

    /// One look at every clock that is due, by the injected clock.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails; what was done is committed, and the next look goes on.
    pub async fn tick(&self) -> Result<(), StoreError> {
        self.0.tick().await
    }

    /// Takes in, publishes and keeps time until told to stop.
    ///
    /// # Errors
    ///
    /// [`EngineError`] if a part of it ends by itself; then the rest has been stopped too.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), EngineError> {
        let engine = Engine {
            service: COMPONENT,
            store: self.0.store.clone(),
            bus: Arc::clone(&self.0.bus),
            handlers: self.handlers(),
            relay: self.relay(),
        };
        let rest = async |stop| {
            let clocks = every(TICK, &stop, "clocks of health", || self.tick());
            let answers = every(FORGET, &stop, "old answers of health", || {
                forget_answers(&self.0.store, self.0.clock.now(), REMEMBER)
            });
            tokio::join!(clocks, answers);
        };
        engine.run(&shutdown, rest).await
    }
}
