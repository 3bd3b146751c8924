//! When a process dies. Every durable step of a process asks here first.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use mash_store::fate::{Fate, Step};
use mash_synth::random::Random;

/// Where a process can die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Before a transaction.
    Begin,
    /// Before it reads.
    Read,
    /// Before a commit: the transaction is dropped.
    Commit,
    /// After a commit, before anybody hears of it.
    Committed,
    /// Before a batch is published.
    Publish,
    /// After a batch was published, before it is out of the outbox.
    Published,
    /// After a batch was taken in, before its offset is stored.
    Offset,
}

impl Place {
    /// In words, for the closing table.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Begin => "before a transaction",
            Self::Read => "before a read",
            Self::Commit => "before a commit",
            Self::Committed => "after a commit, unheard",
            Self::Publish => "before a publish",
            Self::Published => "after a publish, still in the outbox",
            Self::Offset => "after a batch, before its offset",
        }
    }
}

/// How a process is to die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Not at all.
    Never,
    /// At each step, so many times in a thousand thousand.
    Sometimes(u32),
    /// At exactly this step, counted over the world, and never again.
    At(u64),
}

/// The pulse of one process.
pub struct Pulse(Mutex<State>);

struct State {
    random: Random,
    death: Death,
    dead: bool,
    armed: bool,
    /// Whether its store does not answer, though the process lives.
    cut_off: bool,
    steps: u64,
    commits: u64,
    deaths: BTreeMap<Place, u64>,
}

impl Pulse {
    /// A process that lives, and does not die before it is armed.
    #[must_use]
    pub fn new(random: Random, death: Death) -> Self {
        Self(Mutex::new(State {
            random,
            death,
            dead: false,
            armed: false,
            cut_off: false,
            steps: 0,
            commits: 0,
            deaths: BTreeMap::new(),
        }))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether it may die from now on.
    pub fn arm(&self, armed: bool) {
        self.with(|state| state.armed = armed);
    }

    /// Whether it has died.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.with(|state| state.dead)
    }

    /// Whether its store does not answer from now on.
    pub fn cut_off(&self, cut_off: bool) {
        self.with(|state| state.cut_off = cut_off);
    }

    /// Whether it may die now.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.with(|state| state.armed)
    }

    /// Starts it anew.
    pub fn revive(&self) {
        self.with(|state| state.dead = false);
    }

    /// Steps taken while armed, and deaths by place.
    #[must_use]
    pub fn counts(&self) -> (u64, BTreeMap<Place, u64>) {
        self.with(|state| (state.steps, state.deaths.clone()))
    }

    /// How many transactions were committed.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.with(|state| state.commits)
    }

    /// One step. False: the process is dead, and stays so until it is revived.
    pub fn beats(&self, place: Place) -> bool {
        self.with(|state| {
            let of_store = !matches!(place, Place::Publish | Place::Published | Place::Offset);
            if state.dead || (state.cut_off && of_store) {
                return false;
            }
            state.commits += u64::from(place == Place::Committed);
            if !state.armed {
                return true;
            }
            state.steps += 1;
            let dies = match state.death {
                Death::Never => false,
                Death::Sometimes(share) => state.random.below(1_000_000) < share,
                Death::At(step) => state.steps == step,
            };
            if dies {
                state.dead = true;
                *state.deaths.entry(place).or_default() += 1;
            }
            !dies
        })
    }
}

impl Fate for Pulse {
    fn lives(&self, step: Step) -> bool {
        self.beats(match step {
            Step::Begin => Place::Begin,
            Step::Read => Place::Read,
            Step::Commit => Place::Commit,
            Step::Committed => Place::Committed,
        })
    }
}
