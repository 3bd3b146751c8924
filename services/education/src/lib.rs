//! What schools and education authorities keep, receive and answer.
//!
//! In reading order: `record` is a notice as it is kept, `intake` takes in what routing released, `bell` computes
//! when it must have been seen, `notices` is what a key adult can do with it, `ladder` is what it climbs,
//! `receipts` is what the sender hears, `duties` is what a desk has to see to besides. `directory`, `calendars` and `roll`
//! are kept beside it, and `freshness` tells what in them is stale. `referrals` is what schools tell hubs, and what hubs
//! ask schools.
//!
//! Deliberately absent: any decision on what may be known. It was taken by routing, and what is here is what was released.

mod access;
mod bell;
mod calendars;
mod call;
mod directory;
mod duties;
mod error;
mod freshness;
mod grpc;
mod inbox;
mod intake;
mod ladder;
mod notices;
mod outlook;
mod receipts;
mod record;
mod referrals;
mod roll;
mod statements;
mod store;
mod support;
mod upload;
mod watch;

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use mash_bus::{Bus, Engine, EngineError, Handler, Relay, every, forget_answers, topics};
use mash_chassis::Clock;
use mash_proto::education::v1::{
    directory_service_server::DirectoryServiceServer, notice_service_server::NoticeServiceServer,
    referral_service_server::ReferralServiceServer, roll_service_server::RollServiceServer,
};
use mash_store::{Store, StoreError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    intake::NoticeIntake, referrals::Referrals, statements::StatementIntake, watch::Watch,
};

pub use crate::{
    grpc::{DirectoryApi, NoticeApi, RollApi},
    inbox::{EducationInbox, InboxRefusal, Listed, Person, find_person, is_open},
    ladder::{Channels, OutageLetter},
    outlook::Outlook,
    referrals::ReferralApi,
    support::SUPPORT_CODES,
};

/// The name of this service's outbox and tables.
pub(crate) const COMPONENT: &str = "education";
/// The CloudEvents source of what it publishes.
pub(crate) const SOURCE: &str = "mash/education";

/// A message of an upload: a chunk of at most 1 MiB, and its frame.
const MESSAGE_BYTES: usize = (1 << 20) + 4_096;
/// How long the answer to a request is remembered.
const REMEMBER: SignedDuration = SignedDuration::from_hours(30 * 24);
const FORGET: Duration = Duration::from_secs(3_600);
/// Nudges on their way at a time.
const SENDING: usize = 32;

/// What can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a notice may wait at the home education desk, which has no bell, before it goes up to the duty desk.
    pub desk_patience: SignedDuration,
    /// How often the ladder is looked at, in real time.
    pub sweep_interval: Duration,
    /// How often the claims of nudges are renewed that wait for a place, in real time; far below the minute of a claim.
    pub renew_interval: Duration,
    /// How often somebody who watches is told of what another process changed.
    pub watch_interval: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            desk_patience: SignedDuration::from_hours(24),
            sweep_interval: Duration::from_secs(5),
            renew_interval: Duration::from_secs(20),
            watch_interval: Duration::from_secs(15),
        }
    }
}

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum EducationError {
    /// The store cannot be used.
    #[error("the store of the education service cannot be used")]
    Store(#[from] StoreError),
    /// The topics cannot be made.
    #[error("the bus of the education service cannot be used")]
    Bus(#[from] mash_bus::BusError),
}

/// The service: the directory, the roll and the notices.
#[derive(Clone)]
pub struct Education(Arc<Service>, Referrals);

/// What every part of the service stands on.
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) channels: Channels,
    /// Places for nudges that are on their way.
    pub(crate) sending: Arc<Semaphore>,
    pub(crate) watch: Watch,
    /// Makes pupil ids opaque; the same for the life of the store.
    pub(crate) pupil_key: aws_lc_rs::hmac::Key,
}

impl Education {
    /// Prepares tables and topics. Nothing is consumed or published before [`Education::run`].
    ///
    /// # Errors
    ///
    /// If the store or the bus cannot be used.
    pub async fn start(
        store: Store,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EducationError> {
        Self::start_with(store, bus, clock, Settings::default()).await
    }

    /// As [`Education::start`], with other settings.
    ///
    /// # Errors
    ///
    /// If the store or the bus cannot be used.
    pub async fn start_with(
        store: Store,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Result<Self, EducationError> {
        Self::start_telling(store, bus, clock, settings, Channels::default()).await
    }

    /// As [`Education::start_with`], with ways to tell people that something waits.
    ///
    /// # Errors
    ///
    /// If the store or the bus cannot be used.
    pub async fn start_telling(
        store: Store,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        settings: Settings,
        channels: Channels,
    ) -> Result<Self, EducationError> {
        store::migrate(&store).await?;
        bus.ensure_topics(&topics::all()).await?;
        let pupil_key = roll::pupil_key(&store).await?;
        let (watch, sending) = (Watch::new(), Arc::new(Semaphore::new(SENDING)));
        let service = Service { store, bus, clock, settings, channels, sending, watch, pupil_key };
        let service = Arc::new(service);
        let referrals = Referrals::start(Arc::clone(&service)).await?;
        Ok(Self(service, referrals))
    }

    /// The services to add to a server.
    #[must_use]
    pub fn services(
        &self,
    ) -> (
        DirectoryServiceServer<DirectoryApi>,
        RollServiceServer<RollApi>,
        NoticeServiceServer<NoticeApi>,
    ) {
        (
            DirectoryServiceServer::new(DirectoryApi(Arc::clone(&self.0)))
                .max_decoding_message_size(MESSAGE_BYTES),
            RollServiceServer::new(RollApi(Arc::clone(&self.0)))
                .max_decoding_message_size(MESSAGE_BYTES),
            NoticeServiceServer::new(NoticeApi(Arc::clone(&self.0)))
                .max_decoding_message_size(MESSAGE_BYTES),
        )
    }

    /// What a screen in the same process calls, with the same use cases behind it.
    #[must_use]
    pub fn inbox(&self) -> EducationInbox {
        EducationInbox(Arc::clone(&self.0))
    }

    /// The service of referrals, to add to a server.
    #[must_use]
    pub fn referrals(&self) -> ReferralServiceServer<ReferralApi> {
        ReferralServiceServer::new(ReferralApi(self.1.clone()))
    }

    /// What takes in events, each to be run by an [`Intake`](mash_bus::Intake).
    #[must_use]
    pub fn handlers(&self) -> Vec<Arc<dyn Handler>> {
        let notices = NoticeIntake(Arc::clone(&self.0));
        vec![
            Arc::new(notices),
            Arc::new(StatementIntake),
            self.1.partner.handler(),
            self.1.desks.handler(),
        ]
    }

    /// What publishes.
    #[must_use]
    pub fn relay(&self) -> Relay {
        Relay::new(self.0.store.clone(), Arc::clone(&self.0.bus), COMPONENT)
    }

    /// One look at every clock that is due, by the injected clock: the ladder of notices, and the clocks of referrals.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails; what was done is committed, and the next look goes on.
    pub async fn tick(&self) -> Result<(), StoreError> {
        self.0.look(&self.1.partner).await;
        self.1.partner.tick().await
    }

    /// Takes in, publishes and escalates until told to stop.
    ///
    /// # Errors
    ///
    /// [`EngineError`] if a part of it ends by itself; then the rest has been stopped too.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), EngineError> {
        let Service { store, bus, settings, .. } = self.0.as_ref();
        let engine = Engine {
            service: COMPONENT,
            store: store.clone(),
            bus: Arc::clone(bus),
            handlers: self.handlers(),
            relay: self.relay(),
        };
        let rest = async |stop| {
            let look = settings.sweep_interval;
            let clocks = every(look, &stop, "clocks of education", || self.tick());
            let answers = every(FORGET, &stop, "old answers of education", || {
                forget_answers(&self.0.store, self.0.clock.now(), REMEMBER)
            });
            tokio::join!(clocks, answers);
        };
        engine.run(&shutdown, rest).await
    }

    /// Takes every notice as far up its ladder as it goes now, by the injected clock, and waits for what is sent. Returns
    /// how many went up to a desk.
    pub async fn sweep(&self) -> usize {
        self.0.sweep(&self.1.partner).await
    }
}
