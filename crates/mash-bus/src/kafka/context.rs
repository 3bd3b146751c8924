//! What librdkafka tells, put into the project's own log.

use rdkafka::{ClientContext, config::RDKafkaLogLevel, error::KafkaError};

/// For clients whose failures the caller sees anyway.
///
/// librdkafka reports every attempt to reconnect; the relay and the intake say once that they cannot go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct QuietContext;

impl ClientContext for QuietContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client");
    }
}

pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(facility, message, "librdkafka");
        }
        RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning
        | RDKafkaLogLevel::Notice
        | RDKafkaLogLevel::Info
        | RDKafkaLogLevel::Debug => tracing::debug!(facility, message, "librdkafka"),
    }
}
