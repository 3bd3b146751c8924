//! The hub of an authority: one queue, every clock, a decision with what was known then, and an answer to every referrer.

use std::{sync::Arc, time::Duration};

use mash_bus::{Bus, Handler, Intake, Relay};
use mash_chassis::Clock;
use mash_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

/// The name of this service's outbox and tables.
pub const COMPONENT: &str = "social-care";
/// How often due clocks are looked at, in real time.
const TICK: Duration = Duration::from_secs(5);

/// The service.
#[derive(Clone)]
pub struct SocialCare(Arc<Service>);

/// What every part of the service stands on.
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl SocialCare {
    /// Prepares the tables. Nothing is consumed or published before [`SocialCare::run`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the tables cannot be prepared.
    #[expect(clippy::unused_async, reason = "the tables come with the first of them")]
    pub async fn start(
        store: Store,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Service { store, bus, clock })))
    }

    /// What takes in events, each to be run by an [`Intake`].
    #[must_use]
    pub fn handlers(&self) -> Vec<Arc<dyn Handler>> {
        Vec::new()
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
    #[expect(clippy::unused_async, reason = "the clocks come with the first of them")]
    pub async fn tick(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Takes in, publishes and keeps time until told to stop.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut intakes = tokio::task::JoinSet::new();
        for handler in self.handlers() {
            let intake = Intake::new(self.0.store.clone(), Arc::clone(&self.0.bus), handler);
            intakes.spawn(intake.run(shutdown.clone()));
        }
        tokio::join!(self.relay().run(shutdown.clone()), self.keep_time(&shutdown));
        while let Some(ended) = intakes.join_next().await {
            if let Ok(Err(error)) = ended {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "an intake of social-care ended");
            }
        }
    }

    async fn keep_time(&self, shutdown: &CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(TICK) => (),
            }
            if let Err(error) = self.tick().await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "clocks of social-care were not looked at");
            }
        }
    }
}
