//! What every server of the hub stands on: clocks, callers, certificates, a server with limits, refusals, settings,
//! logs and shutdown.
//!
//! No word of the business is spoken here but the kinds of organisation, which certificates name.

pub mod access;
pub mod ca;
mod caller;
mod case_secret;
pub mod clock;
pub mod config;
pub mod fault;
mod identity;
mod limits;
mod record_key;
mod server;
pub mod shutdown;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod tls;

pub use self::{
    caller::Caller,
    case_secret::{CaseSecret, CaseSecretError},
    clock::{Clock, FileClock, ManualClock, SystemClock},
    limits::Limits,
    record_key::{BadSignature, RecordKey, RecordKeyError, verify_record},
    server::{ServeError, Server, ServerBuilder},
    tls::{TlsError, TlsFiles, client_channel},
};
