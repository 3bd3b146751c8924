//! The hub of an authority: one queue, every clock, a decision with what was known then, and an answer to every referrer.
//!
//! In reading order: `record` is a referral as it is kept, `case` is one with everything that belongs to it and what follows
//! when something happens to it, `intake` takes in what routing released, `queue` is what workers do with it, `tick` is
//! what clocks say, `snapshot` is what was known at a decision, and `effects` writes what one transaction has changed.
//! `meetings` are discussions, conferences, disagreements and transfers.
//!
//! Deliberately absent: any decision on what a hub or its partners may know. It is taken by routing, for every item.

mod access;
mod call;
mod case;
mod effects;
mod error;
mod grpc;
mod intake;
mod marks;
mod meetings;
mod outgoing;
mod queue;
mod record;
mod snapshot;
mod store;
mod tick;
mod timing;

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use mash_bus::{Bus, Engine, EngineError, Handler, Relay, every, forget_answers, topics};
use mash_chassis::{CaseSecret, Clock};
use mash_domain::organisation::OrganisationKind;
use mash_partner::{Agency, Partner};
use mash_proto::{
    referral::v1::ItemKind,
    social_care::v1::{
        meeting_service_server::MeetingServiceServer, queue_service_server::QueueServiceServer,
    },
};
use mash_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

pub use crate::{grpc::QueueApi, meetings::MeetingApi};

/// The name of this service's outbox and tables.
pub const COMPONENT: &str = "social-care";
/// The CloudEvents source of what it publishes.
pub(crate) const SOURCE: &str = "mash/social-care";
/// Where items go for which nobody knows who answers.
pub(crate) const OPERATOR: &str = "hub";
/// How often due clocks are looked at, in real time.
const TICK: Duration = Duration::from_secs(5);
/// How long the answer to a request is remembered.
const REMEMBER: SignedDuration = SignedDuration::from_hours(35 * 24);
const FORGET: Duration = Duration::from_secs(3_600);

/// A hub as one that refers: to its own queue, or to another authority's.
const REFERRER: Agency = Agency {
    component: COMPONENT,
    source: SOURCE,
    group: "social-care-referrer",
    topics: &[topics::DISCLOSED_SOCIAL_CARE],
    kinds: &[OrganisationKind::LocalAuthority, OrganisationKind::Operator],
    elsewhere: &[
        ItemKind::Referral,
        ItemKind::Enquiry,
        ItemKind::Answer,
        ItemKind::Invitation,
        ItemKind::Response,
        ItemKind::Disagreement,
        ItemKind::ProtectionStatus,
        ItemKind::Lookup,
    ],
    // Health boards, schools and forces refer too, and the hub itself is told of what it sent.
    alone: false,
};

/// The service.
#[derive(Clone)]
pub struct SocialCare(Arc<Service>);

/// What every part of the service stands on.
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secret: CaseSecret,
    /// What the hub itself refers: reports of the public, and families that move in.
    pub(crate) partner: Partner,
}

impl SocialCare {
    /// Prepares the tables. Nothing is consumed or published before [`SocialCare::run`].
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
            Partner::start(store.clone(), Arc::clone(&clock), secret.clone(), REFERRER).await?;
        Ok(Self(Arc::new(Service { store, bus, clock, secret, partner })))
    }

    /// The services to add to a server.
    #[must_use]
    pub fn services(&self) -> QueueServiceServer<QueueApi> {
        QueueServiceServer::new(QueueApi(Arc::clone(&self.0)))
    }

    /// Discussions, conferences, disagreements and transfers, to add to a server.
    #[must_use]
    pub fn meetings(&self) -> MeetingServiceServer<MeetingApi> {
        MeetingServiceServer::new(MeetingApi(Arc::clone(&self.0)))
    }

    /// What takes in events, each to be run by an [`Intake`](mash_bus::Intake).
    #[must_use]
    pub fn handlers(&self) -> Vec<Arc<dyn Handler>> {
        vec![Arc::new(intake::HubIntake(Arc::clone(&self.0))), self.0.partner.handler()]
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
        let own = self.0.look().await;
        own.and(self.0.partner.tick().await)
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
            let clocks = every(TICK, &stop, "clocks of social-care", || self.tick());
            let answers = every(FORGET, &stop, "old answers of social-care", || {
                forget_answers(&self.0.store, self.0.clock.now(), REMEMBER)
            });
            tokio::join!(clocks, answers);
        };
        engine.run(&shutdown, rest).await
    }
}
