//! Why the bus did not do it. No message of these errors holds personal data.

use mash_store::StoreError;

/// What went wrong on the bus.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The address of the bus is not usable.
    #[error("the bus address is not usable: {0}")]
    Url(String),
    /// A topic that was written to does not exist.
    #[error("topic `{0}` does not exist")]
    UnknownTopic(String),
    /// The broker did not do it; trying again is safe.
    #[error("the broker failed: {0}")]
    Broker(String),
    /// Nobody answers at the bus; trying again later is safe.
    #[error("the bus is away: {0}")]
    Away(String),
    /// The consumer has stopped and must be replaced by a fresh subscription.
    #[error("the subscription has ended: {0}")]
    Ended(String),
    /// The store behind the embedded bus failed.
    #[error("the store of the bus failed")]
    Store(#[from] StoreError),
}

/// Why a handler did not take an event in.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// The event can never be processed. It becomes a dead letter, and the stream goes on.
    #[error("the event cannot be processed, code {code}")]
    Poison {
        /// The error code, which has a page in `docs/errors/`.
        code: &'static str,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Why an intake stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The handler names no topic.
    #[error("consumer group `{0}` names no topic")]
    NoTopics(&'static str),
}

/// Why a service stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// One of its intakes cannot work.
    #[error("an intake of {service} cannot work")]
    Intake {
        /// The service.
        service: &'static str,
        /// Why.
        #[source]
        error: IntakeError,
    },
    /// One of its intakes has died.
    #[error("an intake of {service} has died")]
    Died {
        /// The service.
        service: &'static str,
        /// How.
        #[source]
        error: tokio::task::JoinError,
    },
}

/// Why a dead letter was not sent round again.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// There is no such dead letter, or it has been sent round already.
    #[error("there is no open dead letter of this id")]
    NotOpen,
    /// The store failed; nothing was changed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}
