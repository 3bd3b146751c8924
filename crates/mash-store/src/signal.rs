//! Waking other tasks of this process once a transaction has been committed.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

/// Tells that something was committed. Other processes do not see it, so whoever waits also polls now and then.
#[derive(Clone, Debug)]
pub struct Signal(watch::Receiver<u64>);

impl Signal {
    /// Returns once there was a commit since the last call, or when `fallback` has passed. True means a commit.
    pub async fn wait(&mut self, fallback: Duration) -> bool {
        // An error means that the store is gone; then only the fallback is left.
        matches!(tokio::time::timeout(fallback, self.changed()).await, Ok(()))
    }

    /// Returns once there was a commit since the last call.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Forgets the commits until now.
    pub fn clear(&mut self) {
        self.0.mark_unchanged();
    }
}

/// All signals of a store, by name.
#[derive(Default)]
pub(crate) struct Signals(Mutex<HashMap<String, watch::Sender<u64>>>);

impl Signals {
    pub(crate) fn subscribe(&self, name: &str) -> Signal {
        let mut signals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Signal(signals.entry(name.to_owned()).or_default().subscribe())
    }

    pub(crate) fn raise(&self, name: &str) {
        let signals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = signals.get(name) {
            sender.send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}
