//! The words that stand for states, grades and outcomes in tables, contents and logs.

use super::{FeedbackState, Grade, Outcome, WorkState};

impl WorkState {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Received,
        Self::Graded,
        Self::Assigned,
        Self::Checking,
        Self::Decided,
        Self::Informed,
        Self::Closed,
        Self::Passed,
        Self::Transferred,
        Self::Withdrawn,
    ];

    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Graded => "graded",
            Self::Assigned => "assigned",
            Self::Checking => "checking",
            Self::Decided => "decided",
            Self::Informed => "informed",
            Self::Closed => "closed",
            Self::Passed => "passed",
            Self::Transferred => "transferred",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether a decision is still to be taken.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Received | Self::Graded | Self::Assigned | Self::Checking)
    }
}

impl Grade {
    /// Every grade.
    pub const ALL: [Self; 4] = [Self::Red, Self::Amber, Self::Green, Self::Blue];

    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Amber => "amber",
            Self::Green => "green",
            Self::Blue => "blue",
        }
    }
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 9] = [
        Self::StrategyDiscussion,
        Self::Section47,
        Self::Assessment,
        Self::EarlyHelp,
        Self::Advice,
        Self::OtherAgency,
        Self::NoFurtherAction,
        Self::OpenCase,
        Self::Transferred,
    ];

    /// The word that stands for it, as the referrer reads it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::StrategyDiscussion => "strategy-discussion",
            Self::Section47 => "section-47",
            Self::Assessment => "assessment",
            Self::EarlyHelp => "early-help",
            Self::Advice => "advice",
            Self::OtherAgency => "other-agency",
            Self::NoFurtherAction => "no-further-action",
            Self::OpenCase => "open-case",
            Self::Transferred => "transferred",
        }
    }

    /// How far up it lies: out, early help, assessment, child protection.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::Advice | Self::OtherAgency | Self::NoFurtherAction => 0,
            Self::EarlyHelp => 1,
            Self::Assessment | Self::OpenCase | Self::Transferred => 2,
            Self::StrategyDiscussion | Self::Section47 => 3,
        }
    }
}

impl FeedbackState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Acknowledged, Self::Escalated, Self::Withheld];

    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Acknowledged => "acknowledged",
            Self::Escalated => "escalated",
            Self::Withheld => "withheld",
        }
    }
}
