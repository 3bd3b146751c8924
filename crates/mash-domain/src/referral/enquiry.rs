//! A question of the hub to a partner, and the answer, the refusal or the silence.
//!
//! | from \ what happens | answer | refuse | chase | undelivered | overdue | close |
//! |---|---|---|---|---|---|---|
//! | open | answered | refused, with a reason | reminded | marked | marked | closed |
//! | answered, refused | kept beside it | kept beside it | refused | – | – | refused |
//! | closed | kept, and late | kept, and late | refused | – | – | – |
//!
//! `–` stays as it is. Nothing that a partner says is ever thrown away.

use jiff::Timestamp;

/// Where a question stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnquiryState {
    /// Asked.
    #[default]
    Open,
    /// Answered.
    Answered,
    /// Refused, with a reason.
    Refused,
    /// No answer is needed any more.
    Closed,
}

/// A question to one partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enquiry {
    /// Rises with every change.
    pub revision: u32,
    /// Where it stands.
    pub state: EnquiryState,
    /// When it was asked.
    pub asked: Timestamp,
    /// By when an answer is due.
    pub due: Timestamp,
    /// How often the partner was reminded.
    pub reminders: u32,
    /// Nobody there has acknowledged it.
    pub undelivered: bool,
    /// Its time passed without an answer.
    pub overdue: bool,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// What can happen to a question.
#[derive(Clone, PartialEq, Eq)]
pub enum Command {
    /// The partner answers.
    Answer,
    /// The partner refuses.
    Refuse {
        /// Why, a code.
        code: String,
        /// Why, in words.
        reason: String,
    },
    /// The hub reminds.
    Chase {
        /// By when now.
        due: Option<Timestamp>,
    },
    /// Nobody there has acknowledged it.
    Undelivered,
    /// Its time has passed.
    Overdue,
    /// No answer is needed any more.
    Close {
        /// Why.
        reason: String,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Answered. One question less is open.
    Answered,
    /// Refused. One question less is open.
    Refused,
    /// More came from a partner who had answered or refused.
    Added,
    /// It came when no answer was needed any more.
    CameLate,
    /// The partner was reminded.
    Chased(Timestamp),
    /// Nobody there has acknowledged it.
    WentUndelivered,
    /// Its time passed.
    BecameOverdue,
    /// No answer is needed any more. One question less is open.
    Closed,
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// A refusal or a close without a reason.
    #[error("a reason is needed")]
    NoReason,
    /// The new due time has passed already.
    #[error("the due time has passed already")]
    DueInThePast,
    /// The state does not allow it.
    #[error("the question is {}", .0.word())]
    State(EnquiryState),
}

impl EnquiryState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Answered, Self::Refused, Self::Closed];

    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Closed => "closed",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl Event {
    /// Whether one question less is open now.
    #[must_use]
    pub const fn ends_check(&self) -> bool {
        matches!(self, Self::Answered | Self::Refused | Self::Closed)
    }
}

impl Enquiry {
    /// A question that is asked now.
    #[must_use]
    pub const fn asked(now: Timestamp, due: Timestamp) -> Self {
        Self {
            revision: 1,
            state: EnquiryState::Open,
            asked: now,
            due,
            reminders: 0,
            undelivered: false,
            overdue: false,
            ended: None,
        }
    }

    /// What a command makes of it. Nothing if it changes nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the question does not allow it.
    pub fn apply(&self, command: &Command, now: Timestamp) -> Result<Option<Event>, Refusal> {
        use EnquiryState as S;
        match (command, self.state) {
            (Command::Refuse { code, reason }, _)
                if code.trim().is_empty() || reason.trim().is_empty() =>
            {
                Err(Refusal::NoReason)
            }
            (Command::Answer, S::Open) => Ok(Some(Event::Answered)),
            (Command::Refuse { .. }, S::Open) => Ok(Some(Event::Refused)),
            (Command::Answer | Command::Refuse { .. }, S::Answered | S::Refused) => {
                Ok(Some(Event::Added))
            }
            (Command::Answer | Command::Refuse { .. }, S::Closed) => Ok(Some(Event::CameLate)),
            (Command::Chase { due }, S::Open) => {
                let due = due.unwrap_or(self.due);
                // An old due time may stand: the partner is late already, and is told so.
                if due != self.due && due <= now {
                    return Err(Refusal::DueInThePast);
                }
                Ok(Some(Event::Chased(due)))
            }
            (Command::Undelivered, S::Open) if !self.undelivered => {
                Ok(Some(Event::WentUndelivered))
            }
            (Command::Overdue, S::Open) if !self.overdue => Ok(Some(Event::BecameOverdue)),
            (Command::Undelivered | Command::Overdue, _) | (Command::Close { .. }, S::Closed) => {
                Ok(None)
            }
            (Command::Close { reason }, S::Open) if reason.trim().is_empty() => {
                Err(Refusal::NoReason)
            }
            (Command::Close { .. }, S::Open) => Ok(Some(Event::Closed)),
            (Command::Chase { .. }, state @ (S::Answered | S::Refused | S::Closed))
            | (Command::Close { .. }, state @ (S::Answered | S::Refused)) => {
                Err(Refusal::State(state))
            }
        }
    }

    /// What an event makes of it.
    #[must_use]
    pub fn with(mut self, event: &Event, now: Timestamp) -> Self {
        self.revision = self.revision.saturating_add(1);
        let mut end = |state| {
            self.state = state;
            self.ended = Some(now);
        };
        match event {
            Event::Answered => end(EnquiryState::Answered),
            Event::Refused => end(EnquiryState::Refused),
            Event::Closed => end(EnquiryState::Closed),
            Event::Chased(due) => {
                self.due = *due;
                self.reminders = self.reminders.saturating_add(1);
                self.overdue &= *due <= now;
            }
            Event::WentUndelivered => self.undelivered = true,
            Event::BecameOverdue => self.overdue = true,
            Event::Added | Event::CameLate => (),
        }
        self
    }
}

#[cfg(test)]
mod tests;
