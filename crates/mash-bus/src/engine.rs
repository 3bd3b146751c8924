//! What turns in every service while it runs: its intakes, its relay, and whatever it looks at from time to time.

use std::{error::Error, future::Future, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use mash_store::{Store, StoreError, requests};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Bus, EngineError, Handler, Intake, Relay};

/// The intakes and the relay of a service.
pub struct Engine {
    /// The service, for logs and errors.
    pub service: &'static str,
    /// Its store.
    pub store: Store,
    /// Its bus.
    pub bus: Arc<dyn Bus>,
    /// What takes in events.
    pub handlers: Vec<Arc<dyn Handler>>,
    /// What publishes.
    pub relay: Relay,
}

impl Engine {
    /// Takes in and publishes, with the rest of what the service does beside it, until told to stop. The rest is given
    /// the token that stops it.
    ///
    /// A service of which a part has ended is not half a service: the others are stopped too, so that whoever runs it
    /// starts it again instead of waiting for events that nobody reads.
    ///
    /// # Errors
    ///
    /// [`EngineError`] if an intake ends by itself.
    pub async fn run<F: Future<Output = ()>>(
        self,
        shutdown: &CancellationToken,
        rest: impl FnOnce(CancellationToken) -> F,
    ) -> Result<(), EngineError> {
        let Self { service, store, bus, handlers, relay } = self;
        let stop = shutdown.child_token();
        let mut intakes = JoinSet::new();
        for handler in handlers {
            let intake = Intake::new(store.clone(), Arc::clone(&bus), handler);
            intakes.spawn(intake.run(stop.clone()));
        }
        let watched = async {
            let mut outcome = Ok(());
            while let Some(ended) = intakes.join_next().await {
                let error = match ended {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => EngineError::Intake { service, error },
                    Err(error) => EngineError::Died { service, error },
                };
                stop.cancel();
                outcome = outcome.and(Err(error));
            }
            outcome
        };
        // On the heap, each by itself: together they would make one very large future.
        let ((), (), outcome) =
            tokio::join!(Box::pin(relay.run(stop.clone())), Box::pin(rest(stop.clone())), watched);
        outcome
    }
}

/// Looks at something again and again, with a pause before each look, until told to stop. A look that fails is told and
/// not the last one.
pub async fn every<E: Error + 'static, F: Future<Output = Result<(), E>>>(
    pause: Duration,
    shutdown: &CancellationToken,
    what: &'static str,
    look: impl Fn() -> F,
) {
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => (),
        }
        if let Err(error) = look().await {
            let error: &dyn Error = &error;
            tracing::warn!(error, what, "a look at something failed");
        }
    }
}

/// Forgets the answers to requests that nobody repeats any more: those that are older than this.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the next look goes on.
pub async fn forget_answers(
    store: &Store,
    now: Timestamp,
    kept: SignedDuration,
) -> Result<(), StoreError> {
    let Ok(before) = now.checked_sub(kept) else { return Ok(()) };
    requests::prune(store, before.as_millisecond()).await.map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use mash_proto::event::v1::Envelope;
    use mash_store::{Tx, testing::TestDatabase};

    use super::*;
    use crate::HandleError;

    /// A handler that reads nothing, or that dies of the first thing it is asked.
    struct Odd(&'static [&'static str]);

    #[async_trait]
    impl Handler for Odd {
        fn group(&self) -> &'static str {
            "odd"
        }

        fn topics(&self) -> &'static [&'static str] {
            assert!(self.0.is_empty(), "this one dies");
            self.0
        }

        fn owner(&self) -> &'static str {
            "odd"
        }

        async fn handle(&self, _: &mut Tx, _: &[Envelope]) -> Result<(), HandleError> {
            Ok(())
        }
    }

    async fn engine(handlers: Vec<Arc<dyn Handler>>) -> (TestDatabase, Engine) {
        let database = TestDatabase::create(mash_store::Dialect::Sqlite).await;
        let store = Store::connect(&database.url).await.unwrap();
        let bus = crate::connect("embedded", &store).await.unwrap();
        let relay = Relay::new(store.clone(), Arc::clone(&bus), "odd");
        (database, Engine { service: "odd", store, bus, handlers, relay })
    }

    #[tokio::test]
    async fn an_intake_that_ends_stops_everything_and_is_told() {
        let (_database, engine) = engine(vec![Arc::new(Odd(&[]))]).await;
        let shutdown = CancellationToken::new();
        let outcome = engine.run(&shutdown, |stop| async move { stop.cancelled().await }).await;
        assert!(matches!(outcome, Err(EngineError::Intake { service: "odd", .. })));
        assert!(!shutdown.is_cancelled(), "others go on until somebody stops them");
    }

    #[tokio::test]
    async fn an_intake_that_dies_stops_everything_and_is_told() {
        let (_database, engine) = engine(vec![Arc::new(Odd(&["mash.items"]))]).await;
        let outcome = engine
            .run(&CancellationToken::new(), |stop| async move { stop.cancelled().await })
            .await;
        assert!(matches!(outcome, Err(EngineError::Died { service: "odd", .. })));
    }

    #[tokio::test]
    async fn told_to_stop_it_ends_well() {
        let (_database, engine) = engine(Vec::new()).await;
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        engine.run(&shutdown, |stop| async move { stop.cancelled().await }).await.unwrap();
    }

    #[tokio::test]
    async fn a_look_that_fails_is_not_the_last_one() {
        let (looks, shutdown) = (AtomicU32::new(0), CancellationToken::new());
        every(Duration::from_millis(1), &shutdown, "a test", async || {
            if looks.fetch_add(1, Ordering::SeqCst) == 2 {
                shutdown.cancel();
            }
            Err(std::fmt::Error)
        })
        .await;
        assert_eq!(looks.load(Ordering::SeqCst), 3);
    }
}
