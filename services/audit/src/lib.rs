//! The ledger, kept and served: entries are appended, checkpoints are signed, proofs are given, witnesses co-sign.
//!
//! In reading order: `signer` holds the key, `receipts` hears what recipients did, `app` is what can be done, one use case per file, `store` the tables, and
//! `grpc` the contract. What a ledger is, and how anybody checks one, is in `mash-ledger`.
//!
//! Deliberately absent: any content, and any way to change or take away an entry.

mod app;
mod erasure;
mod error;
mod grpc;
mod receipts;
mod signer;
mod store;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use mash_bus::{Bus, Engine, EngineError, Handler, Ledger, LedgerError, Relay, every};
use mash_chassis::Clock;
use mash_proto::audit::v1::{
    erasure_service_server::ErasureServiceServer, ledger_service_server::LedgerServiceServer,
};
use mash_store::Store;
use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, COMPONENT},
    receipts::Receipts,
};

pub use crate::{
    erasure::ErasureGrpc,
    error::Refusal,
    grpc::LedgerGrpc,
    signer::{KeyFileError, Signer, write as write_keys},
};

/// How often it is looked whether something new has to be signed, in real time.
const TICK: Duration = Duration::from_secs(5);
/// Nothing of this service goes without its evidence.
const FOR_EVER: Duration = Duration::from_secs(u64::MAX);
/// The largest message of a caller: a thousand entries, with room to spare.
const MESSAGE_BYTES: usize = 1_024 * 1_024;

/// The service.
#[derive(Clone)]
pub struct Audit {
    app: Arc<App>,
    bus: Arc<dyn Bus>,
}

impl Audit {
    /// Prepares the tables, and writes into the ledger which keys sign it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the tables cannot be prepared, or a key is one that was rotated away.
    pub async fn start(
        store: Store,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        signer: Signer,
    ) -> Result<Self, Refusal> {
        store.migrate(COMPONENT, store::MIGRATIONS).await?;
        let app = App { store, clock, signer };
        app.find_cases_of_old_entries().await?;
        app.record_keys().await?;
        Ok(Self { app: Arc::new(app), bus })
    }

    /// The calls themselves, for whoever measures them without a network.
    #[must_use]
    pub fn grpc(&self) -> LedgerGrpc {
        LedgerGrpc(Arc::clone(&self.app))
    }

    /// The gRPC service, for a server that stands behind the access layer.
    #[must_use]
    pub fn service(&self) -> LedgerServiceServer<LedgerGrpc> {
        LedgerServiceServer::new(LedgerGrpc(Arc::clone(&self.app)))
            .max_decoding_message_size(MESSAGE_BYTES)
    }

    /// Holds and erasures, for a server that stands behind the access layer.
    #[must_use]
    pub fn erasures(&self) -> ErasureServiceServer<ErasureGrpc> {
        ErasureServiceServer::new(ErasureGrpc(Arc::clone(&self.app)))
    }

    /// What takes in events, each to be run by an [`Intake`](mash_bus::Intake).
    #[must_use]
    pub fn handlers(&self) -> Vec<Arc<dyn Handler>> {
        vec![Arc::new(Receipts(Arc::clone(&self.app)))]
    }

    /// What hands this service's own evidence, receipts that it took in, to its own ledger.
    #[must_use]
    pub fn relay(&self) -> Relay {
        Relay::new(self.app.store.clone(), Arc::clone(&self.bus), COMPONENT)
            .with_ledger(self.ledger(), FOR_EVER)
    }

    /// One look at what was erased and has to be certified, and at what has to be signed, by the injected clock.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if nothing can be signed; the next look goes on.
    pub async fn tick(&self) -> Result<(), Refusal> {
        self.app.certify().await?;
        self.app.sign_in_time().await
    }

    /// The port for services in the same process.
    #[must_use]
    pub fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::new(Local(Arc::clone(&self.app)))
    }

    /// Takes in, publishes and signs until told to stop.
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
        let rest = async |stop: CancellationToken| {
            every(TICK, &stop, "checkpoints of the ledger", || self.tick()).await;
        };
        engine.run(&shutdown, rest).await
    }
}

/// The ledger in this very process.
struct Local(Arc<App>);

#[async_trait]
impl Ledger for Local {
    async fn append(&self, entries: Vec<Vec<u8>>) -> Result<(), LedgerError> {
        match self.0.append(entries).await {
            Ok(_) => Ok(()),
            Err(refusal @ Refusal::Store(_)) => Err(LedgerError::Unreachable(refusal.to_string())),
            Err(refusal) => {
                let error: &dyn std::error::Error = &refusal;
                tracing::error!(error, "an entry is refused, and releases wait for it");
                Err(LedgerError::Refused(refusal.to_string()))
            }
        }
    }
}
