//! One mailbox for each organisation: what is released to it waits there until its systems have acknowledged it.
//!
//! In reading order: `item` is what a mailbox holds, `intake` fills the mailboxes, `app` is what can be done with them,
//! `app/receive` the one call that stays open with its `window`, `bells` what wakes it, `turns` how it writes, and
//! `receipts` what the sender hears.
//!
//! Deliberately absent: any decision on what may be known. What is here was released by routing, and it is sent to
//! nobody but the organisation for which it was released.

mod app;
mod bells;
mod error;
mod grpc;
mod intake;
mod item;
mod receipts;
mod store;
mod turns;
mod window;

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use mash_bus::{Bus, Engine, EngineError, Handler, Relay, every};
use mash_chassis::Clock;
use mash_proto::delivery::v1::delivery_service_server::DeliveryServiceServer;
use mash_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, COMPONENT},
    intake::Disclosures,
    receipts::Receipts,
    turns::Turns,
};

pub use crate::grpc::DeliveryGrpc;

/// How often due clocks are looked at, in real time.
const TICK: Duration = Duration::from_secs(5);
/// The largest message of a caller: a thousand names, with room to spare.
const MESSAGE_BYTES: usize = 128 * 1_024;

/// What can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Open calls of one organisation in one process.
    pub calls_per_organisation: usize,
    /// Open calls altogether in one process.
    pub calls: usize,
    /// A call whose caller reads nothing for so long ends, in real time.
    pub patience: Duration,
    /// How often the mailboxes of open calls are looked at for what other processes put there, in real time.
    pub look: Duration,
    /// What nobody acknowledges keeps its content for so long.
    pub keep_content: SignedDuration,
    /// The ids and times of what was acknowledged are kept for so long.
    pub keep_traces: SignedDuration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            calls_per_organisation: 8,
            calls: 20_000,
            patience: Duration::from_secs(300),
            look: Duration::from_millis(250),
            keep_content: SignedDuration::from_hours(90 * 24),
            keep_traces: SignedDuration::from_hours(400 * 24),
        }
    }
}

/// The service.
#[derive(Clone)]
pub struct Delivery {
    app: Arc<App>,
    bus: Arc<dyn Bus>,
}

impl Delivery {
    /// Prepares the tables. Nothing is consumed or published before [`Delivery::run`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the tables cannot be prepared.
    pub async fn start(
        store: Store,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        Self::start_with(store, bus, clock, Settings::default()).await
    }

    /// As [`Delivery::start`], with other settings.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the tables cannot be prepared.
    pub async fn start_with(
        store: Store,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Result<Self, StoreError> {
        store.migrate(COMPONENT, store::MIGRATIONS).await?;
        let app = App {
            store,
            clock,
            settings,
            bells: Arc::default(),
            turns: Turns::default(),
            ending: CancellationToken::new(),
        };
        Ok(Self { app: Arc::new(app), bus })
    }

    /// The gRPC service, for a server that stands behind the access layer.
    #[must_use]
    pub fn service(&self) -> DeliveryServiceServer<DeliveryGrpc> {
        DeliveryServiceServer::new(DeliveryGrpc(Arc::clone(&self.app)))
            .max_decoding_message_size(MESSAGE_BYTES)
    }

    /// What takes in events, each to be run by an [`Intake`](mash_bus::Intake).
    #[must_use]
    pub fn handlers(&self) -> Vec<Arc<dyn Handler>> {
        vec![
            Arc::new(Disclosures(Arc::clone(&self.app))),
            Arc::new(Receipts(Arc::clone(&self.app))),
        ]
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
        self.app.report_undelivered().await?;
        self.app.forget_the_old().await
    }

    /// Takes in, publishes and keeps time until told to stop; then ends the open calls.
    ///
    /// # Errors
    ///
    /// [`EngineError`] if a part of it ends by itself; then the rest has been stopped too.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), EngineError> {
        let App { store, bells, settings, .. } = self.app.as_ref();
        let engine = Engine {
            service: COMPONENT,
            store: store.clone(),
            bus: Arc::clone(&self.bus),
            handlers: self.handlers(),
            relay: self.relay(),
        };
        let rest = async |stop: CancellationToken| {
            let end_calls = async {
                stop.cancelled().await;
                self.app.ending.cancel();
            };
            let clocks = every(TICK, &stop, "clocks of delivery", || self.tick());
            tokio::join!(clocks, bells.run(store, settings.look, &stop), end_calls);
        };
        engine.run(&shutdown, rest).await
    }
}
