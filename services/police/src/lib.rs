//! The edge for police systems: what forces report, and what they hear back.
//!
//! A report is durable when the call has returned, with the event that tells of it in the same transaction; from
//! there it ends acknowledged, escalated or lawfully withheld, and [`Police::reconcile`] says whether routing has
//! answered for every child (P1). What became of each child and recipient is a pure function of decisions and
//! receipts, in [`duty`].
//!
//! Deliberately absent: any decision on who is told what. That is for routing.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use mash_bus::{Bus, Engine, EngineError, Handler, Relay, every, forget_answers};
use mash_chassis::Clock;
use mash_partner::Partner;
use mash_proto::police::v1::{
    police_service_server::PoliceServiceServer, protection_service_server::ProtectionServiceServer,
};
use mash_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

mod app;
pub mod config;
pub mod duty;
pub mod error;
mod events;
mod grpc;
pub mod protection;
mod store;
mod writer;

pub use config::PoliceConfig;
pub use grpc::PoliceGrpc;
pub use protection::ProtectionGrpc;
pub use store::incidents::Counts;

use app::{App, COMPONENT};
use events::{handovers::Handovers, outcomes::Outcomes};
use protection::{AGENCY, Protection};
use writer::Writer;

/// How long a repeat of a request is recognised.
const REMEMBER: SignedDuration = SignedDuration::from_hours(35 * 24);
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// How often due clocks are looked at, in real time.
const TICK: Duration = Duration::from_secs(5);

/// The police service.
pub struct Police {
    app: Arc<App>,
    protection: Protection,
    bus: Arc<dyn Bus>,
}

impl Police {
    /// Brings the tables up to date and starts to accept reports. Events wait in the outbox until [`Police::run`].
    ///
    /// # Errors
    ///
    /// If the tables cannot be brought up to date.
    pub async fn start(
        store: Store,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        config: PoliceConfig,
    ) -> Result<Self, StoreError> {
        store.migrate(COMPONENT, store::MIGRATIONS).await?;
        let secret = config.case_secret;
        let partner =
            Partner::start(store.clone(), Arc::clone(&clock), secret.clone(), AGENCY).await?;
        let protection = Protection { partner, secret: secret.clone() };
        let writer = Writer::start(store.clone(), config.queue);
        Ok(Self { app: Arc::new(App { store, clock, secret, writer }), protection, bus })
    }

    /// The gRPC service, for a server that stands behind the access layer.
    #[must_use]
    pub fn service(&self) -> PoliceServiceServer<PoliceGrpc> {
        PoliceServiceServer::new(PoliceGrpc::new(Arc::clone(&self.app)))
    }

    /// The gRPC service of public protection, for a server that stands behind the access layer.
    #[must_use]
    pub fn protection(&self) -> ProtectionServiceServer<ProtectionGrpc> {
        ProtectionServiceServer::new(ProtectionGrpc(self.protection.clone()))
    }

    /// What takes in events, each to be run by an [`Intake`](mash_bus::Intake).
    #[must_use]
    pub fn handlers(&self) -> Vec<Arc<dyn Handler>> {
        let handovers = Handovers { clock: Arc::clone(&self.app.clock) };
        vec![Arc::new(Outcomes), Arc::new(handovers), self.protection.partner.handler()]
    }

    /// What publishes.
    #[must_use]
    pub fn relay(&self) -> Relay {
        Relay::new(self.app.store.clone(), Arc::clone(&self.bus), COMPONENT)
    }

    /// One look at every clock that is due, by the injected clock.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails; what was done is committed, and the next look goes on.
    pub async fn tick(&self) -> Result<(), StoreError> {
        self.protection.partner.tick().await
    }

    /// Publishes what was reported, takes in what became of it, and keeps time, until told to stop.
    ///
    /// # Errors
    ///
    /// [`EngineError`] if a part of it ends by itself; then the rest has been stopped too.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), EngineError> {
        let engine = Engine {
            service: COMPONENT,
            store: self.app.store.clone(),
            bus: Arc::clone(&self.bus),
            handlers: self.handlers(),
            relay: self.relay(),
        };
        let rest = async |stop| {
            let clocks = every(TICK, &stop, "clocks of police", || self.tick());
            let answers = every(PRUNE_EVERY, &stop, "old answers of police", || {
                forget_answers(&self.app.store, self.app.clock.now(), REMEMBER)
            });
            tokio::join!(clocks, answers);
        };
        engine.run(&shutdown, rest).await
    }

    /// Counts what was accepted against what routing has answered for.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub async fn reconcile(&self) -> Result<Counts, StoreError> {
        store::incidents::count(&self.app.store).await
    }
}
