//! Who saw what, and when.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// What happened to each report so far. Locks are held for a look, never over a wait.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<State>);

#[derive(Default)]
struct State {
    /// By serial: when it was due, and when the acknowledgement came.
    acknowledged: HashMap<usize, Instant>,
    refused: HashMap<String, u64>,
    answered: usize,
    /// Notices by name: the school, and when its stream first showed it.
    notices: HashMap<String, (usize, Instant)>,
    /// By occurrence number: when police were first told that it is with the school.
    told: HashMap<String, Instant>,
    reconnects: u64,
}

/// Everything, at the end.
pub(crate) struct Records {
    pub(crate) acknowledged: HashMap<usize, Instant>,
    pub(crate) refused: HashMap<String, u64>,
    pub(crate) notices: HashMap<String, (usize, Instant)>,
    pub(crate) told: HashMap<String, Instant>,
    pub(crate) reconnects: u64,
}

/// How far a run has come.
#[derive(Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) answered: usize,
    pub(crate) accepted: usize,
    pub(crate) notices: usize,
}

impl Recorder {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one insertion, so that a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn acknowledged(&self, serial: usize, at: Instant) {
        let mut state = self.state();
        state.answered += 1;
        state.acknowledged.insert(serial, at);
    }

    pub(crate) fn refused(&self, code: String) {
        let mut state = self.state();
        state.answered += 1;
        *state.refused.entry(code).or_default() += 1;
    }

    pub(crate) fn noticed(&self, name: String, school: usize, at: Instant) {
        self.state().notices.entry(name).or_insert((school, at));
    }

    pub(crate) fn told(&self, occurrence_number: String, at: Instant) {
        self.state().told.entry(occurrence_number).or_insert(at);
    }

    pub(crate) fn reconnected(&self) {
        self.state().reconnects += 1;
    }

    /// Notices of earlier runs, which streams show first, do not count.
    pub(crate) fn begin(&self) -> usize {
        let state = self.state();
        state.notices.len()
    }

    pub(crate) fn counts(&self) -> Counts {
        let state = self.state();
        Counts {
            answered: state.answered,
            accepted: state.acknowledged.len(),
            notices: state.notices.len(),
        }
    }

    pub(crate) fn take(&self) -> Records {
        let state = std::mem::take(&mut *self.state());
        Records {
            acknowledged: state.acknowledged,
            refused: state.refused,
            notices: state.notices,
            told: state.told,
            reconnects: state.reconnects,
        }
    }
}
