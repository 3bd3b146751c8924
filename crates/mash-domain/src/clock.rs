//! Time limits of law and of hubs: as data, counted in the hours and days in which they count.
//!
//! | from \ what happens | its time comes | pause | resume | meet | cancel |
//! |---|---|---|---|---|---|
//! | running, warned | breached | paused | refused | met | cancelled |
//! | paused | – | refused | running | met | cancelled |
//! | breached | – | refused | refused | met late | cancelled |
//! | met, met late, cancelled | – | refused | refused | – | – |
//!
//! `–` stays as it is. What has been missed stays missed: a clock that is past its time cannot be paused, and meeting it
//! shows as late. At the due time itself the time has passed.

mod hours;
mod parse;
mod rules;
mod text;

use jiff::{SignedDuration, Timestamp};

use crate::incident::{Limit, Private};

pub use self::{
    hours::{Calendars, Counted, Counting, HubHours},
    parse::ClockFault,
    rules::{ClockRule, ClockRules, HubClocks, HubProfile, Length, Role, Standing, ids},
    text::ClockTextError,
};

/// How long the reason for a pause may be.
pub const REASON: Limit = Limit::line(400);
/// The most pauses of one clock.
pub const PAUSES_LIMIT: usize = 100;

/// A time limit that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    rule: String,
    counting: Counting,
    role: Role,
    started: Timestamp,
    due: Timestamp,
    warn_at: Timestamp,
    uncertain: bool,
    pauses: Vec<Pause>, // INVARIANT: in order, not overlapping; only the last may be open.
    met: Option<Timestamp>,
    cancelled: Option<Timestamp>,
    warns: Option<String>,
    warned: Option<Timestamp>,
    alarmed: Option<Timestamp>,
}

/// A span in which nothing counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub from: Timestamp,
    /// Until when; open while the clock is paused.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: Private,
}

/// Where a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockState {
    /// Running.
    Running,
    /// Running, and close to its time.
    Warned,
    /// Paused, with a reason.
    Paused,
    /// Met in time.
    Met,
    /// Its time has passed, and it is not met.
    Breached,
    /// Met after its time.
    MetLate,
    /// Not needed any more.
    Cancelled,
}

/// What somebody has to be told about a clock, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Its time is close.
    Warning,
    /// Its time has passed.
    Breach,
}

/// Why a clock was not paused or resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockRefusal {
    /// No reason, or one that is too long.
    #[error("a pause has a reason of at most 400 characters")]
    Reason,
    /// The state does not allow it.
    #[error("a clock that is {} does not allow it", .0.word())]
    State(ClockState),
    /// Earlier than what has happened already.
    #[error("the time lies before what has happened to the clock already")]
    Order,
    /// [`PAUSES_LIMIT`].
    #[error("the clock has been paused 100 times")]
    TooMany,
}

impl ClockState {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Running,
        Self::Warned,
        Self::Paused,
        Self::Met,
        Self::Breached,
        Self::MetLate,
        Self::Cancelled,
    ];

    /// The word that stands for it in tables and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Warned => "warned",
            Self::Paused => "paused",
            Self::Met => "met",
            Self::Breached => "breached",
            Self::MetLate => "met-late",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Clock {
    /// Starts a clock.
    #[must_use]
    pub fn start(rule: &ClockRule, at: Timestamp, calendars: &Calendars) -> Self {
        let due = rule.due(at, calendars);
        let warn_at = rule
            .warn_before
            .map_or(due.at, |before| calendars.before(due.at, before.span(), rule.counting));
        Self {
            rule: rule.id.clone(),
            counting: rule.counting,
            role: rule.warns,
            started: at,
            due: due.at,
            warn_at: warn_at.max(at),
            uncertain: due.uncertain,
            pauses: Vec::new(),
            met: None,
            cancelled: None,
            warns: None,
            warned: None,
            alarmed: None,
        }
    }

    /// The same clock, warning this person: an opaque id, never a name.
    #[must_use]
    pub fn warning(mut self, person: impl Into<String>) -> Self {
        self.warns = Some(person.into());
        self
    }

    /// Hands the warnings to another person.
    pub fn hand_to(&mut self, person: impl Into<String>) {
        self.warns = Some(person.into());
    }

    /// Stops counting, for a reason.
    ///
    /// # Errors
    ///
    /// [`ClockRefusal`] without a reason, or if the clock does not run or its time has passed.
    pub fn pause(&mut self, reason: &str, at: Timestamp) -> Result<(), ClockRefusal> {
        let reason = Private::new(reason, REASON).map_err(|_| ClockRefusal::Reason)?;
        if reason.is_empty() {
            return Err(ClockRefusal::Reason);
        }
        if at < self.last_change() {
            return Err(ClockRefusal::Order);
        }
        let state = self.state(at);
        if !matches!(state, ClockState::Running | ClockState::Warned) {
            return Err(ClockRefusal::State(state));
        }
        if self.pauses.len() >= PAUSES_LIMIT {
            return Err(ClockRefusal::TooMany);
        }
        self.pauses.push(Pause { from: at, until: None, reason });
        Ok(())
    }

    /// Counts on. The due time moves, so that exactly what was left when it was paused is left now.
    ///
    /// # Errors
    ///
    /// [`ClockRefusal`] if it is not paused.
    pub fn resume(&mut self, at: Timestamp, calendars: &Calendars) -> Result<(), ClockRefusal> {
        let state = self.state(at);
        if state != ClockState::Paused {
            return Err(ClockRefusal::State(state));
        }
        if at < self.last_change() {
            return Err(ClockRefusal::Order);
        }
        let Some(pause) = self.pauses.last_mut() else { return Err(ClockRefusal::State(state)) };
        let from = pause.from;
        pause.until = Some(at);
        let left = calendars.counted(from, self.due, self.counting);
        // What was reached before the pause stays reached.
        if from < self.warn_at {
            let left = calendars.counted(from, self.warn_at, self.counting);
            // The end of one working day and the start of the next are the same moment of counted time: a pause never
            // brings a warning forward from the one to the other.
            self.warn_at = self.warn_at.max(calendars.after(at, left, self.counting).at);
        }
        let due = calendars.after(at, left, self.counting);
        self.due = due.at;
        self.uncertain |= due.uncertain;
        Ok(())
    }

    /// What it was for has happened. A clock that has ended stays as it ended.
    pub fn meet(&mut self, at: Timestamp) {
        if !self.has_ended() {
            self.met = Some(at);
        }
    }

    /// It is not needed any more. A clock that has ended stays as it ended.
    pub fn cancel(&mut self, at: Timestamp) {
        if !self.has_ended() {
            self.cancelled = Some(at);
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> ClockState {
        let paused = self.pauses.last().filter(|pause| pause.until.is_none());
        if self.cancelled.is_some() {
            ClockState::Cancelled
        } else if let Some(met) = self.met {
            // Nothing counts in a pause, and nobody pauses a clock whose time has passed.
            if paused.is_some() || met < self.due { ClockState::Met } else { ClockState::MetLate }
        } else if paused.is_some() {
            ClockState::Paused
        } else if self.due <= now {
            ClockState::Breached
        } else if self.warn_at <= now {
            ClockState::Warned
        } else {
            ClockState::Running
        }
    }

    /// What somebody has to be told now; each thing once. A warning that comes after the breach is left out.
    pub fn ring(&mut self, now: Timestamp) -> Option<Ring> {
        match self.state(now) {
            ClockState::Warned if self.warned.is_none() => {
                self.warned = Some(now);
                Some(Ring::Warning)
            }
            ClockState::Breached if self.alarmed.is_none() => {
                self.warned = self.warned.or(Some(now));
                self.alarmed = Some(now);
                Some(Ring::Breach)
            }
            ClockState::Warned
            | ClockState::Breached
            | ClockState::Running
            | ClockState::Paused
            | ClockState::Met
            | ClockState::MetLate
            | ClockState::Cancelled => None,
        }
    }

    /// When [`Clock::ring`] has something to say next, if ever: what a store looks for.
    #[must_use]
    pub fn next_ring(&self) -> Option<Timestamp> {
        let paused = self.pauses.last().is_some_and(|pause| pause.until.is_none());
        if self.has_ended() || paused || self.alarmed.is_some() {
            None
        } else if self.warned.is_none() {
            Some(self.warn_at.min(self.due))
        } else {
            Some(self.due)
        }
    }

    /// Whether it was met or cancelled.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.met.is_some() || self.cancelled.is_some()
    }

    /// The id of its rule.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// In what time it counts.
    #[must_use]
    pub const fn counting(&self) -> Counting {
        self.counting
    }

    /// Who is to be warned.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The named person who is warned, an opaque id, once there is one.
    #[must_use]
    pub fn warns(&self) -> Option<&str> {
        self.warns.as_deref()
    }

    /// When it started.
    #[must_use]
    pub const fn started(&self) -> Timestamp {
        self.started
    }

    /// When it is due; of a paused clock, when it would have been due.
    #[must_use]
    pub const fn due(&self) -> Timestamp {
        self.due
    }

    /// From when on a person is warned.
    #[must_use]
    pub const fn warn_at(&self) -> Timestamp {
        self.warn_at
    }

    /// Whether a day was counted that lies beyond the list of bank holidays. The due time is then rather too early.
    #[must_use]
    pub const fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    /// When it did not count, and why.
    #[must_use]
    pub fn pauses(&self) -> &[Pause] {
        &self.pauses
    }

    /// When it was met.
    #[must_use]
    pub const fn met(&self) -> Option<Timestamp> {
        self.met
    }

    /// When it was cancelled.
    #[must_use]
    pub const fn cancelled(&self) -> Option<Timestamp> {
        self.cancelled
    }

    /// How much of its time is left, as it counts.
    #[must_use]
    pub fn left(&self, now: Timestamp, calendars: &Calendars) -> SignedDuration {
        let paused = self.pauses.last().filter(|pause| pause.until.is_none());
        calendars.counted(paused.map_or(now, |pause| pause.from), self.due, self.counting)
    }

    fn last_change(&self) -> Timestamp {
        self.pauses.last().map_or(self.started, |pause| pause.until.unwrap_or(pause.from))
    }
}

#[cfg(test)]
mod tests;
