//! Routing: the only place where one agency's words become another's.
//!
//! It resolves where a child is educated, asks the rules what each recipient may know, minimises, records every
//! decision, and releases. The heart of it, [`route::plan`] and the use cases in [`app`], is pure: facts are gathered
//! before (`store::load`), effects happen after (`store::save`), in one transaction.
//!
//! Deliberately absent: deliver-by times and contacts' inboxes, which belong to education; and any content in its own
//! tables that it does not need to route a case again.

pub mod agreements;
pub mod app;
pub mod compose;
pub mod conflict;
pub mod consents;
pub mod duty;
pub mod events;
pub mod explain;
pub mod facts;
pub mod grpc;
pub mod identity;
pub mod items;
mod once;
pub mod place_names;
pub mod placement;
pub mod pseudonym;
pub mod rights;
pub mod route;
pub mod rulesets;
pub mod sanitise;
pub mod siblings;
pub mod statements;
pub mod store;
pub mod telephones;
pub mod world;

use std::{sync::Arc, time::Duration};

use mash_bus::{Bus, Engine, EngineError, Handler, Ledger, Relay, every};
use mash_chassis::{Clock, RecordKey};
use mash_policy::Ruleset;
use mash_proto::sharing::v1::{
    agreement_service_server::AgreementServiceServer,
    break_glass_service_server::BreakGlassServiceServer,
    consent_service_server::ConsentServiceServer, rights_service_server::RightsServiceServer,
    ruleset_service_server::RulesetServiceServer, sharing_service_server::SharingServiceServer,
    statement_service_server::StatementServiceServer,
};
use mash_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{
    agreements::grpc::Agreements,
    consents::{app::ConsentRefusal, grpc::Consents, sweep::Sweep},
    events::{Cases, Reference},
    grpc::Sharing,
    items::handler::{ItemReceipts, Items},
    pseudonym::Pseudonymiser,
    rights::{CaseProofs, break_glass::BreakGlassApi, grpc::Rights},
    rulesets::{NoProver, Prover, Rulesets, grpc::RulesetVersions},
    statements::{Statements, grpc::StatementsApi},
};

/// How often it is looked whether statements are due.
const STATEMENTS: Duration = Duration::from_secs(2);

/// The routing service.
pub struct Routing {
    store: Store,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    rulesets: Arc<Rulesets>,
    prover: Arc<dyn Prover>,
    pseudonymiser: Pseudonymiser,
    statements: Option<Statements>,
    ledger: Option<(Arc<dyn Ledger>, Duration)>,
    proofs: Option<Arc<dyn CaseProofs>>,
}

impl Routing {
    /// Prepares the tables, and records the rule set of this build as the one in force if none is.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be prepared.
    pub async fn start(
        store: Store,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        ruleset: Arc<Ruleset>,
        secret: &[u8],
    ) -> Result<Self, StoreError> {
        store.migrate(store::COMPONENT, store::MIGRATIONS).await?;
        let in_force = rulesets::app::start(&store, &ruleset, clock.now()).await?;
        rulesets::tell(&in_force, &ruleset);
        let (rulesets, prover) = (Arc::default(), Arc::new(NoProver));
        let pseudonymiser = Pseudonymiser::new(secret);
        Ok(Self {
            store,
            bus,
            clock,
            rulesets,
            prover,
            pseudonymiser,
            statements: None,
            ledger: None,
            proofs: None,
        })
    }

    /// With the key that signs statements. Without, none are made: one that nobody signed is worth nothing.
    #[must_use]
    pub fn with_record_key(self, key: Arc<RecordKey>) -> Self {
        let statements = Statements::new(self.store.clone(), Arc::clone(&self.clock), key);
        Self { statements: Some(statements), ..self }
    }

    /// The statements that it serves.
    #[must_use]
    pub fn statements(&self) -> StatementServiceServer<StatementsApi> {
        StatementServiceServer::new(StatementsApi::new(self.store.clone()))
    }

    /// With the ledger into which every decision goes before anything is released. When it was out of reach for longer
    /// than this, notices under a duty go without it ([ADR 23](../../../docs/adr/0023-let-no-ledger-stop-a-warning.md)).
    /// Without a ledger, as in tests of other things, evidence is kept and goes nowhere.
    #[must_use]
    pub fn with_ledger(self, ledger: Arc<dyn Ledger>, patience: Duration) -> Self {
        Self { ledger: Some((ledger, patience)), ..self }
    }

    /// With the ledger that proves every line of a subject access. Without, as in tests of other things, no line has a
    /// proof.
    #[must_use]
    pub fn with_proofs(self, proofs: Arc<dyn CaseProofs>) -> Self {
        Self { proofs: Some(proofs), ..self }
    }

    /// The rights of those whose data is shared.
    #[must_use]
    pub fn rights(&self) -> RightsServiceServer<Rights> {
        RightsServiceServer::new(Rights::new(
            (self.store.clone(), Arc::clone(&self.clock)),
            Arc::clone(&self.rulesets),
            self.pseudonymiser.clone(),
            self.proofs.clone(),
        ))
    }

    /// The glass that can be broken for a life. It asks no rule.
    #[must_use]
    pub fn break_glass(&self) -> BreakGlassServiceServer<BreakGlassApi> {
        BreakGlassServiceServer::new(BreakGlassApi::new(
            (self.store.clone(), Arc::clone(&self.clock)),
            self.pseudonymiser.clone(),
        ))
    }

    /// With somebody who proves what is proposed. Without, nothing can be proposed.
    #[must_use]
    pub fn with_prover(self, prover: Arc<dyn Prover>) -> Self {
        Self { prover, ..self }
    }

    /// The versions of the rules that it serves.
    #[must_use]
    pub fn ruleset_versions(&self) -> RulesetServiceServer<RulesetVersions> {
        RulesetServiceServer::new(RulesetVersions::new(
            self.store.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&self.rulesets),
            Arc::clone(&self.prover),
        ))
    }

    /// What it serves.
    #[must_use]
    pub fn service(&self) -> SharingServiceServer<Sharing> {
        SharingServiceServer::new(Sharing::new(
            self.store.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&self.rulesets),
        ))
    }

    /// The agreements that it serves.
    #[must_use]
    pub fn agreements(&self) -> AgreementServiceServer<Agreements> {
        AgreementServiceServer::new(Agreements::new(self.store.clone(), Arc::clone(&self.clock)))
    }

    /// The consent register that it serves.
    #[must_use]
    pub fn consents(&self) -> ConsentServiceServer<Consents> {
        ConsentServiceServer::new(Consents::new(
            self.store.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&self.rulesets),
            self.pseudonymiser.clone(),
        ))
    }

    /// What takes in events: incidents and their receipts, items and theirs, and reference data.
    #[must_use]
    pub fn handlers(&self) -> Vec<Arc<dyn Handler>> {
        let pseudonymiser = || self.pseudonymiser.clone();
        let cases = Cases {
            pseudonymiser: pseudonymiser(),
            rulesets: Arc::clone(&self.rulesets),
            clock: Arc::clone(&self.clock),
        };
        let items = Items {
            pseudonymiser: pseudonymiser(),
            rulesets: Arc::clone(&self.rulesets),
            clock: Arc::clone(&self.clock),
        };
        vec![
            Arc::new(cases),
            Arc::new(items),
            Arc::new(ItemReceipts { clock: Arc::clone(&self.clock) }),
            Arc::new(Reference { pseudonymiser: pseudonymiser() }),
        ]
    }

    /// What publishes.
    #[must_use]
    pub fn relay(&self) -> Relay {
        // What a release rests on ends by the clock of the hub, not of the database.
        let clock = Arc::clone(&self.clock);
        let relay = Relay::new(self.store.clone(), Arc::clone(&self.bus), store::COMPONENT)
            .with_clock(move || clock.now().as_millisecond());
        match &self.ledger {
            Some((ledger, patience)) => relay.with_ledger(Arc::clone(ledger), *patience),
            None => relay,
        }
    }

    /// One look at what nobody calls for: statements of school mornings, consents and agreements whose time has come, and what relays kept back.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails; the next look goes on.
    pub async fn tick(&self) -> Result<(), StoreError> {
        self.state().await?;
        agreements::sweep::sweep(&self.store, self.clock.now()).await;
        match self.consent_sweep().once().await {
            Ok(_) => Ok(()),
            Err(ConsentRefusal::Store(error)) => Err(error),
            // Whatever else refuses is about one record, and is told there.
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "the consent register was not swept and will be again");
                Ok(())
            }
        }
    }

    /// Makes the statements that are due.
    async fn state(&self) -> Result<(), StoreError> {
        match &self.statements {
            Some(statements) => statements.tick().await.map(|_| ()),
            None => Ok(()),
        }
    }

    fn consent_sweep(&self) -> Sweep {
        Sweep {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            rulesets: Arc::clone(&self.rulesets),
            pseudonymiser: self.pseudonymiser.clone(),
        }
    }

    /// Takes in and publishes until told to stop.
    ///
    /// # Errors
    ///
    /// [`EngineError`] if a part of it ends by itself; then the rest has been stopped too.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), EngineError> {
        let (store, clock) = (self.store.clone(), Arc::clone(&self.clock));
        let engine = Engine {
            service: store::COMPONENT,
            store: store.clone(),
            bus: Arc::clone(&self.bus),
            handlers: self.handlers(),
            relay: self.relay(),
        };
        let rest = async |stop: CancellationToken| {
            let calendar = agreements::sweep::run(store, clock, stop.clone());
            let mornings = every(STATEMENTS, &stop, "statements of mornings", || self.state());
            tokio::join!(calendar, mornings, Box::pin(self.consent_sweep().run(stop.clone())));
        };
        engine.run(&shutdown, rest).await
    }
}
