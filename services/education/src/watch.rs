//! Wakes those who watch. It carries ids only: what a watcher may see is read from the store each time.

use tokio::sync::broadcast;

/// A notice changed.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    /// Which.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) recipient: String,
    /// The authority that has it too; empty if none.
    pub(crate) authority: String,
}

impl Changed {
    /// Whether it may concern this organisation, written as `school/6722301`.
    pub(crate) fn concerns(&self, organisation: &str) -> bool {
        self.recipient == organisation
            || organisation.strip_prefix("authority/").is_some_and(|code| code == self.authority)
    }
}

/// Those who watch.
#[derive(Clone, Debug)]
pub(crate) struct Watch(broadcast::Sender<Changed>);

impl Watch {
    /// Nobody yet. A watcher that falls behind by more than this many changes reads everything again.
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(1_024))
    }

    /// Tells everybody. Only after a commit.
    pub(crate) fn tell(&self, changed: Changed) {
        // An error means that nobody listens.
        drop(self.0.send(changed));
    }

    /// Whether nobody listens.
    pub(crate) fn nobody(&self) -> bool {
        self.0.receiver_count() == 0
    }

    /// Begins to listen.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Changed> {
        self.0.subscribe()
    }
}
