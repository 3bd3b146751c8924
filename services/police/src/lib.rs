//! The edge for police systems: what forces report, and what they hear back.
//!
//! A report is durable when the call has returned, with the event that tells of it in the same transaction; from
//! there it ends acknowledged, escalated or lawfully withheld, and [`Police::reconcile`] says whether routing has
//! answered for every child (P1). What became of each child and recipient is a pure function of decisions and
//! receipts, in [`duty`].
//!
//! Deliberately absent: any decision on who is told what. That is for routing.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use jiff::SignedDuration;
use mash_bus::{Bus, Intake, Relay};
use mash_chassis::Clock;
use mash_proto::police::v1::police_service_server::PoliceServiceServer;
use mash_store::{Store, StoreError, requests};
use tokio_util::sync::CancellationToken;

mod app;
pub mod config;
pub mod duty;
pub mod error;
mod events;
mod grpc;
mod store;
mod writer;

pub use config::PoliceConfig;
pub use grpc::PoliceGrpc;
pub use store::incidents::Counts;

use app::{App, COMPONENT};
use events::{handovers::Handovers, outcomes::Outcomes};
use writer::Writer;

/// How long a repeat of a request is recognised.
const REMEMBER: SignedDuration = SignedDuration::from_hours(35 * 24);
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);

/// The police service.
pub struct Police {
    app: Arc<App>,
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
        let writer = Writer::start(store.clone(), config.queue);
        Ok(Self { app: Arc::new(App { store, clock, secret: config.case_secret, writer }), bus })
    }

    /// The gRPC service, for a server that stands behind the access layer.
    #[must_use]
    pub fn service(&self) -> PoliceServiceServer<PoliceGrpc> {
        PoliceServiceServer::new(PoliceGrpc::new(Arc::clone(&self.app)))
    }

    /// Publishes what was reported and takes in what became of it, until told to stop.
    pub async fn run(&self, shutdown: CancellationToken) {
        let App { store, clock, .. } = &*self.app;
        let relay = Relay::new(store.clone(), Arc::clone(&self.bus), COMPONENT);
        let outcomes = Intake::new(store.clone(), Arc::clone(&self.bus), Arc::new(Outcomes));
        let handovers = Handovers { clock: Arc::clone(clock) };
        let handovers = Intake::new(store.clone(), Arc::clone(&self.bus), Arc::new(handovers));
        // On the heap, each by itself: together they would make one very large future.
        let (relay, outcomes, handovers): (Task<'_, ()>, Task<'_, _>, Task<'_, _>) = (
            Box::pin(relay.run(shutdown.clone())),
            Box::pin(outcomes.run(shutdown.clone())),
            Box::pin(handovers.run(shutdown.clone())),
        );
        let ((), outcomes, handovers, ()) =
            tokio::join!(relay, outcomes, handovers, self.forget(&shutdown));
        for ended in [outcomes, handovers] {
            if let Err(error) = ended {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "an intake of police ended"
                );
            }
        }
    }

    /// Counts what was accepted against what routing has answered for.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub async fn reconcile(&self) -> Result<Counts, StoreError> {
        store::incidents::count(&self.app.store).await
    }

    /// Forgets requests that nobody repeats any more.
    async fn forget(&self, shutdown: &CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(PRUNE_EVERY) => (),
            }
            let Ok(before) = self.app.clock.now().checked_sub(REMEMBER) else { continue };
            if let Err(error) = requests::prune(&self.app.store, before.as_millisecond()).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "old requests were not removed"
                );
            }
        }
    }
}

type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
