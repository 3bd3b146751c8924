//! Wakes the calls that wait for something to arrive, and counts them.
//!
//! A bell carries nothing: what a call may see is read from the store each time. Losing a ring loses no item, since
//! the mailboxes of open calls are looked at now and then anyway, which is how arrivals in other processes are noticed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mash_store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::store::mailboxes;

/// The bells of the mailboxes that somebody listens to.
#[derive(Default)]
pub(crate) struct Bells(Mutex<State>);

#[derive(Default)]
struct State {
    rung: HashMap<String, Bell>,
    calls: usize,
}

struct Bell {
    sender: watch::Sender<()>,
    calls: usize,
    /// The number of the last item, when it was last looked at.
    last: i64,
}

/// A call that listens. Its place is free again when this is dropped.
pub(crate) struct Listener {
    bells: Arc<Bells>,
    organisation: String,
    receiver: watch::Receiver<()>,
}

impl Bells {
    /// Listens to a mailbox, unless as many calls do as may.
    pub(crate) fn listen(
        self: &Arc<Self>,
        organisation: &str,
        per_organisation: usize,
        altogether: usize,
    ) -> Option<Listener> {
        let mut state = self.state();
        if state.calls >= altogether {
            return None;
        }
        let bell = state.rung.entry(organisation.to_owned()).or_insert_with(|| Bell {
            sender: watch::Sender::new(()),
            calls: 0,
            last: 0,
        });
        if bell.calls >= per_organisation {
            return None;
        }
        bell.calls += 1;
        let receiver = bell.sender.subscribe();
        state.calls += 1;
        Some(Listener { bells: Arc::clone(self), organisation: organisation.to_owned(), receiver })
    }

    /// Whether nobody listens.
    pub(crate) fn nobody(&self) -> bool {
        self.state().calls == 0
    }

    /// Wakes those who listen to this mailbox.
    pub(crate) fn ring(&self, organisation: &str) {
        self.ring_beside(organisation, 0);
    }

    /// Wakes those who listen to this mailbox, if there are more than so many.
    pub(crate) fn ring_beside(&self, organisation: &str, calls: usize) {
        if let Some(bell) = self.state().rung.get(organisation).filter(|bell| bell.calls > calls) {
            bell.sender.send_replace(());
        }
    }

    /// Notices what other processes have put into the mailboxes, until told to stop.
    pub(crate) async fn run(&self, store: &Store, every: Duration, shutdown: &CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(every) => (),
            }
            let listened: Vec<String> = self.state().rung.keys().cloned().collect();
            if listened.is_empty() {
                continue;
            }
            match mailboxes::last_numbers(store, &listened).await {
                Ok(numbers) => self.compare(numbers),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(error, "the mailboxes were not looked at");
                }
            }
        }
    }

    fn compare(&self, numbers: Vec<(String, i64)>) {
        let mut state = self.state();
        for (organisation, last) in numbers {
            if let Some(bell) = state.rung.get_mut(&organisation).filter(|bell| bell.last != last) {
                bell.last = last;
                bell.sender.send_replace(());
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Returns once the bell has rung since the last call.
    pub(crate) async fn rung(&mut self) {
        if self.receiver.changed().await.is_err() {
            // The bell is there as long as this listener is.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut state = self.bells.state();
        state.calls = state.calls.saturating_sub(1);
        let left = state.rung.get_mut(&self.organisation).map_or(0, |bell| {
            bell.calls = bell.calls.saturating_sub(1);
            bell.calls
        });
        if left == 0 {
            state.rung.remove(&self.organisation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_free_again() {
        let bells = Arc::new(Bells::default());
        let one = bells.listen("police/62", 2, 3).unwrap();
        let _two = bells.listen("police/62", 2, 3).unwrap();
        assert!(bells.listen("police/62", 2, 3).is_none(), "two of one organisation");
        let _three = bells.listen("authority/672", 2, 3).unwrap();
        assert!(bells.listen("authority/673", 2, 3).is_none(), "three altogether");
        drop(one);
        assert!(bells.listen("police/62", 2, 3).is_some());
        assert!(!bells.nobody());
    }

    #[tokio::test]
    async fn a_ring_is_for_one_mailbox_and_is_not_lost() {
        let bells = Arc::new(Bells::default());
        let mut police = bells.listen("police/62", 2, 3).unwrap();
        let mut authority = bells.listen("authority/672", 2, 3).unwrap();
        bells.ring("police/62");
        police.rung().await;
        let silent = tokio::time::timeout(Duration::from_millis(20), authority.rung()).await;
        assert!(silent.is_err());
        bells.compare(vec![("authority/672".to_owned(), 7)]);
        authority.rung().await;
    }
}
