//! What is to happen, in the order of its time; what has the same time, in the order in which it was put there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mash_chassis::{Clock as _, ManualClock};

/// Events that wait for their time.
pub(crate) struct Wheel<E> {
    events: BTreeMap<(Timestamp, u64), E>,
    turn: u64,
}

impl<E> Wheel<E> {
    /// Nothing waits.
    pub(crate) const fn new() -> Self {
        Self { events: BTreeMap::new(), turn: 0 }
    }

    /// This happens then.
    pub(crate) fn put(&mut self, at: Timestamp, event: E) {
        self.turn += 1;
        self.events.insert((at, self.turn), event);
    }

    /// What happens next, and not after this; the clock goes on to its time, and to the end once there is nothing left.
    pub(crate) fn turn(&mut self, clock: &ManualClock, until: Timestamp) -> Option<E> {
        let Some(next) = self.events.first_entry().filter(|entry| entry.key().0 <= until) else {
            clock.set(until);
            return None;
        };
        let ((at, _), event) = next.remove_entry();
        if at > clock.now() {
            clock.set(at);
        }
        Some(event)
    }
}
