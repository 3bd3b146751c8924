//! What is trusted at the moment, and the open connections that no longer are.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::connection::{Connections, Ending, Session};
use crate::{
    Limits,
    clock::Clock,
    identity::Identity,
    tls::{Loaded, Material, TlsError, TlsFiles},
};

/// A server's certificate is spoken of once a day when it has less than this left.
const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);
const A_DAY: Duration = Duration::from_secs(24 * 3_600);

/// The server's certificates and revocations, as last read.
pub(crate) struct Trust {
    files: TlsFiles,
    clock: Arc<dyn Clock>,
    seen: Mutex<Material>,
    loaded: ArcSwap<Loaded>,
}

impl Trust {
    pub(crate) fn load(files: TlsFiles, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let material = files.read()?;
        let loaded = files.load(&material, &clock)?;
        Ok(Self { files, clock, seen: Mutex::new(material), loaded: ArcSwap::from_pointee(loaded) })
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.loaded.load().config.clone()
    }

    /// Whether a certificate that was good at the handshake still is.
    pub(crate) fn judge(&self, identity: &Identity) -> Option<Ending> {
        if self.loaded.load().revoked.contains(&identity.serial) {
            Some(Ending::Revoked)
        } else if self.clock.now() > identity.not_after {
            Some(Ending::Expired)
        } else {
            None
        }
    }

    /// Reads the files again. Whatever cannot be used leaves everything as it was: half-written files are usual while
    /// a certificate is being renewed, and they mend themselves.
    fn reload(&self) -> Result<bool, TlsError> {
        let material = self.files.read()?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == material {
            return Ok(false);
        }
        let loaded = self.files.load(&material, &self.clock)?;
        self.loaded.store(Arc::new(loaded));
        *seen = material;
        Ok(true)
    }

    fn remaining(&self) -> SignedDuration {
        self.ends_at().duration_since(self.clock.now())
    }

    fn ends_at(&self) -> Timestamp {
        self.loaded.load().not_after
    }
}

/// Looks again and again, for as long as the server runs.
pub(crate) async fn run(trust: Arc<Trust>, connections: Arc<Connections>, limits: Limits) {
    let mut ticks = interval(limits.watch);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut warned: Option<Instant> = None;
    let mut failing = false;
    loop {
        ticks.tick().await;
        let reloading = trust.clone();
        // Small files, but a disk can hang.
        let reloaded = tokio::task::spawn_blocking(move || reloading.reload()).await;
        match reloaded {
            Ok(Ok(true)) => {
                warned = None;
                failing = false;
                tracing::info!(not_after = %trust.ends_at(), "certificates were read again");
            }
            Ok(Ok(false)) => failing = false,
            Ok(Err(error)) if !failing => {
                failing = true;
                tracing::error!(%error, "certificates could not be read again, the last ones stay");
            }
            Ok(Err(_)) | Err(_) => {}
        }
        if trust.remaining() < WARN_BEFORE && warned.is_none_or(|last| last.elapsed() > A_DAY) {
            warned = Some(Instant::now());
            tracing::warn!(not_after = %trust.ends_at(), "the server's certificate ends soon");
        }
        for session in connections.open() {
            review(&session, &trust, &limits);
        }
    }
}

/// First the streams of a connection end with an explanation; at a later look the connection is cut.
///
/// An old connection still takes calls until the transport asks the caller to leave it, which comes after the streams
/// have ended: some clients lose a call if they are asked while a stream is open.
fn review(session: &Session, trust: &Trust, limits: &Limits) {
    let age = session.opened.elapsed();
    let told = session.ending();
    let overdue = age > limits.connection_age + limits.connection_grace + limits.upload;
    if overdue || matches!(told, Some(Ending::Revoked | Ending::Expired)) {
        session.cut();
        return;
    }
    let why = session.identity.as_ref().and_then(|identity| trust.judge(identity));
    let why = why.or_else(|| (age > limits.connection_age).then_some(Ending::Age));
    if let Some(why) = why.filter(|why| told < Some(*why)) {
        tracing::info!(remote.ip = %session.remote.ip(), ?why, "a connection is ended");
        session.end(why);
    }
}
