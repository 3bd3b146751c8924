//! The ladder that a notice climbs while nobody acknowledges it: steps as data, each telling one more person, and the duty
//! desk of the authority above them all.
//!
//! The rule. The desk has a notice at its lead before the bell, or on release where less time is left; nothing moves that
//! moment, neither what failed below nor what is in flight. A step is due at its own lead before the bell. Where the time
//! from release to the desk is shorter than the ladder is long, its steps move together in proportion, so that each still
//! comes in its order. A step that cannot be carried out is no reason to wait: the next one is due at once, a text message
//! though not before people are up. What was taken is never taken again, and nothing below it is.

mod parse;

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};

use crate::contact::ContactRole;

pub use self::parse::{LadderFault, LadderParts, StepParts};

const BUILTIN: &str = include_str!("../../../reference/ladder.toml");

/// The most steps below the desk.
pub const STEPS_LIMIT: usize = 12;

macro_rules! words {
    ($(#[$of:meta])* $name:ident { $($(#[$doc:meta])* $word:ident = $text:literal),+ $(,)? }) => {
        $(#[$of])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $word),+ }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$word),+];

            /// The word that stands for it in files, tables and answers.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$word => $text),+ }
            }

            /// The one with this word, if there is one.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.word() == word)
            }
        }
    };
}

words!(
    /// Who at a school is told, in the order in which the ladder climbs.
    Rung {
        /// The key adult.
        KeyAdult = "key-adult",
        /// The deputy.
        Deputy = "deputy",
        /// The second deputy.
        SecondDeputy = "second-deputy",
        /// The head.
        Head = "head",
    }
);

impl Rung {
    /// The role that a contact has in the directory.
    #[must_use]
    pub const fn role(self) -> ContactRole {
        match self {
            Self::KeyAdult => ContactRole::KeyAdult,
            Self::Deputy => ContactRole::Deputy,
            Self::SecondDeputy => ContactRole::SecondDeputy,
            Self::Head => ContactRole::Head,
        }
    }
}

words!(
    /// How somebody is told.
    Channel {
        /// To her own mailbox.
        Email = "email",
        /// To her telephone, by whatever service the operator has behind a webhook.
        Sms = "sms",
    }
);

words!(
    /// What came of a step.
    Outcome {
        /// The mail server or the webhook took it.
        Sent = "sent",
        /// The directory has nobody of that role.
        NoContact = "no-contact",
        /// She is away today.
        Absent = "absent",
        /// The notice is not addressed to her.
        NotAddressed = "not-addressed",
        /// The hub has no such channel.
        NoChannel = "no-channel",
        /// The channel refused it.
        Refused = "refused",
        /// The channel did not answer in time.
        Unreachable = "unreachable",
        /// It was to be sent twice, and nobody knows whether it was.
        Lost = "lost",
        /// The notice was answered before it was sent.
        Stopped = "stopped",
    }
);

impl Outcome {
    /// Whether there was somebody who should have been told.
    #[must_use]
    pub const fn was_for_somebody(self) -> bool {
        !matches!(self, Self::NoContact | Self::Absent | Self::NotAddressed)
    }
}

words!(
    /// Why the bell rang before a notice was acknowledged.
    LateCause {
        /// It was released when the bell had rung.
        ReleasedLate = "released-late",
        /// Nobody looked when the desk should have had it.
        Outage = "outage",
        /// Nobody at the school could be told.
        NoContact = "no-contact",
        /// Everything that was to be sent failed.
        StepFailed = "step-failed",
        /// Somebody was told, and nobody answered.
        Unacknowledged = "unacknowledged",
    }
);

/// A step below the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who.
    pub to: Rung,
    /// How.
    pub by: Channel,
    /// How long before the bell; on release if none.
    pub lead: Option<SignedDuration>,
}

impl Step {
    /// What stands for it in tables, one for each of a ladder.
    #[must_use]
    pub fn word(&self) -> String {
        format!("{}/{}", self.to.word(), self.by.word())
    }
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its word.
    pub step: String,
    /// What came of it; nothing while it is in flight.
    pub outcome: Option<Outcome>,
}

/// The time that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When the notice arrived.
    pub released: Timestamp,
    /// By when it must be acknowledged.
    pub bell: Timestamp,
}

/// What is to be done with a notice that nobody has acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Take this step.
    Tell(Step),
    /// The duty desk has it from now on.
    Desk,
    /// Nothing before then.
    Wait(Timestamp),
}

/// A ladder that can be climbed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    // INVARIANT: in the order of their times and of their people; no two alike.
    steps: Vec<Step>,
    desk: SignedDuration,
    wake: SignedDuration,
}

impl Ladder {
    /// A ladder of these parts.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them; there is at least one [`LadderFault`].
    pub fn new(parts: &LadderParts) -> Result<Self, Vec<LadderFault>> {
        parse::check(parts)
    }

    /// A ladder from a file like `reference/ladder.toml`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn read(text: &str) -> Result<Self, Vec<LadderFault>> {
        parse::read(text)
    }

    /// That of `reference/ladder.toml`, for whoever has none of its own. A test reads it; were it unreadable all the
    /// same, the desk alone would be left, in time.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static LADDER: LazyLock<Ladder> =
            LazyLock::new(|| Ladder::read(BUILTIN).unwrap_or_else(|_| Ladder::desk_alone()));
        &LADDER
    }

    fn desk_alone() -> Self {
        let desk = SignedDuration::from_mins(15);
        Self { steps: Vec::new(), desk, wake: desk }
    }

    /// Its steps below the desk.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How long before the bell the desk has it.
    #[must_use]
    pub const fn desk_lead(&self) -> SignedDuration {
        self.desk
    }

    /// How long before the bell text messages go out at the earliest.
    #[must_use]
    pub const fn wake(&self) -> SignedDuration {
        self.wake
    }

    /// When the desk has a notice at the latest: always before its bell, if it was released before its bell.
    #[must_use]
    pub fn desk_at(&self, span: Span) -> Timestamp {
        before(span.bell, self.desk).max(span.released)
    }

    /// When a step is due if nothing fails.
    #[must_use]
    pub fn planned(&self, step: &Step, span: Span) -> Timestamp {
        let (Some(lead), Some(longest)) = (step.lead, self.steps.iter().find_map(|it| it.lead))
        else {
            return span.released;
        };
        let desk = self.desk_at(span);
        let left = desk.duration_since(span.released).as_millis();
        let (whole, part) = ((longest - self.desk).as_millis(), (lead - self.desk).as_millis());
        // In proportion, if the whole does not fit. A ladder that has steps with leads is longer than nothing.
        let part = if left < whole { part * left / whole.max(1) } else { part };
        let part = SignedDuration::from_millis(i64::try_from(part).unwrap_or(i64::MAX));
        before(desk, part).max(span.released)
    }

    /// What is to be done now. Whoever takes a step asks again: a moment can have more than one.
    #[must_use]
    pub fn next(&self, span: Span, taken: &[Taken], now: Timestamp) -> Next {
        let is_taken = |step: &Step| taken.iter().find(|it| it.step == step.word());
        // What another ladder had before it was replaced counts, and so nothing below the highest is taken any more.
        let highest = self.steps.iter().rposition(|step| is_taken(step).is_some());
        let ahead = self.steps.iter().skip(highest.map_or(0, |index| index + 1));
        let desk = self.desk_at(span);
        let Some(step) = ahead.into_iter().next() else {
            return if desk <= now { Next::Desk } else { Next::Wait(desk) };
        };
        let fell_through = match highest.and_then(|index| self.steps.get(index)).map(is_taken) {
            Some(Some(Taken { outcome: Some(outcome), .. })) => *outcome != Outcome::Sent,
            Some(_) | None => false,
        };
        let planned = self.planned(step, span);
        let due = if fell_through { planned.min(self.earliest(step, span)) } else { planned };
        if due <= now { Next::Tell(*step) } else { Next::Wait(due.min(desk)) }
    }

    /// From when a step may be taken in the place of one that failed.
    fn earliest(&self, step: &Step, span: Span) -> Timestamp {
        match step.by {
            Channel::Email => span.released,
            Channel::Sms => before(span.bell, self.wake).max(span.released),
        }
    }

    /// Why the bell rang before a notice was acknowledged, given what was taken and when the desk had it.
    #[must_use]
    pub fn late_cause(span: Span, taken: &[Taken], desk_had_it: Option<Timestamp>) -> LateCause {
        let outcomes = || taken.iter().filter_map(|it| it.outcome);
        if span.released >= span.bell {
            LateCause::ReleasedLate
        } else if desk_had_it.is_none_or(|at| at >= span.bell) {
            LateCause::Outage
        } else if outcomes().any(|outcome| outcome == Outcome::Sent) {
            LateCause::Unacknowledged
        } else if outcomes().any(Outcome::was_for_somebody) {
            LateCause::StepFailed
        } else {
            LateCause::NoContact
        }
    }
}

fn before(instant: Timestamp, lead: SignedDuration) -> Timestamp {
    instant.checked_sub(lead).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests;
