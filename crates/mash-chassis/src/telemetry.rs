//! Logs to standard error, as lines of text or of JSON.
//!
//! There is no setting that logs messages or metadata: what is never written cannot leak.

use std::io::{self, IsTerminal as _};

use serde::Deserialize;
use tracing_subscriber::{EnvFilter, filter::ParseError, util::TryInitError};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For machines, one object a line.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Text or JSON.
    #[serde(default)]
    pub format: Format,
    /// Directives such as `info,mash_routing=debug`.
    pub filter: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { format: Format::Text, filter: "info".to_owned() }
    }
}

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not understood.
    #[error("log filter is not understood")]
    Filter(#[from] ParseError),
    /// Logging was started before.
    #[error("logging was started before")]
    Twice(#[from] TryInitError),
}

/// Starts logging for the whole process.
///
/// # Errors
///
/// If the filter is not understood, or logging was started before.
pub fn init(settings: &Telemetry) -> Result<(), TelemetryError> {
    let filter = EnvFilter::builder().parse(&settings.filter)?;
    let registry = tracing_subscriber::registry().with(filter);
    let colours = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_ansi(colours).with_writer(io::stderr);
    match settings.format {
        Format::Text => registry.with(lines.with_target(false)).try_init()?,
        Format::Json => registry.with(lines.json().flatten_event(true)).try_init()?,
    }
    Ok(())
}
