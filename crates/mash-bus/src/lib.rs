//! The bus: events between services, at least once, in order per key, with one effect (P5).
//!
//! The bus is a port with two implementations that pass one conformance suite: Kafka, and a log in the SQL store for
//! one machine. Around it stand the [`Relay`], which publishes the outbox of a component, and the [`Intake`], which
//! gives a [`Handler`] every event once, in a transaction with its effects; an [`Engine`] turns both for a service.
//!
//! One effect rests on the idempotent producer, on event ids that never change and on the seen-events table; Kafka's
//! transactions are deliberately absent. This is the only crate that knows rdkafka.

mod backoff;
mod bus;
mod embedded;
mod engine;
mod error;
mod intake;
mod kafka;
mod ledger;
mod patient;
mod redrive;
mod relay;
mod sealed;

#[cfg(feature = "testing")]
pub mod testing;
pub mod topics;

pub use bus::{Bus, BusMessage, Delivery, Subscription, connect};
pub use engine::{Engine, every, forget_answers};
pub use error::{BusError, EngineError, HandleError, IntakeError, RedriveError};
pub use intake::{Handler, Intake};
pub use kafka::KafkaSettings;
pub use ledger::{Ledger, LedgerError};
pub use patient::patient;
pub use redrive::{DEAD_LETTER_COMPONENT, redrive};
pub use relay::Relay;
pub use topics::TopicSpec;

/// What comes within this time of one look is taken together in the next one: under load a transaction then carries many
/// events instead of one, and what comes after a rest is looked at without delay.
const GATHER: std::time::Duration = std::time::Duration::from_millis(40);
