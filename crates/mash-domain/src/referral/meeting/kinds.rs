//! The kinds of meeting, how they can end, and how somebody who is invited stands to them.

use super::section47;
use crate::{clock::ids, nation::Nation};

/// What is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeetingKind {
    /// A strategy discussion or meeting.
    StrategyDiscussion,
    /// An initial child protection conference.
    InitialConference,
    /// A review conference.
    ReviewConference,
    /// A conference for a child who moves in with a plan.
    TransferInConference,
}

impl MeetingKind {
    /// Every one.
    pub const ALL: [Self; 4] = [
        Self::StrategyDiscussion,
        Self::InitialConference,
        Self::ReviewConference,
        Self::TransferInConference,
    ];

    /// The code that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::StrategyDiscussion => "strategy-discussion",
            Self::InitialConference => "initial-conference",
            Self::ReviewConference => "review-conference",
            Self::TransferInConference => "transfer-in-conference",
        }
    }

    /// The one with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The limit by which it has to be held, if there is one. A review has the date that the conference before it set.
    #[must_use]
    pub const fn clock(self) -> Option<&'static str> {
        match self {
            Self::StrategyDiscussion => Some(ids::STRATEGY_DISCUSSION),
            Self::InitialConference => Some(ids::INITIAL_CONFERENCE),
            Self::TransferInConference => Some(ids::TRANSFER_IN_CONFERENCE),
            Self::ReviewConference => None,
        }
    }
}

/// What came of a meeting. Each nation has its own words for a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeetingOutcome {
    /// An enquiry under s.47 by social services alone.
    Section47Single,
    /// An enquiry under s.47 with police.
    Section47Joint,
    /// Straight to a conference.
    Conference,
    /// An assessment, without an enquiry.
    Assessment,
    /// A child protection plan (England).
    ProtectionPlan,
    /// On the register, with a care and support protection plan (Wales).
    Registered,
    /// A child in need plan (England), or a care and support plan (Wales).
    SupportPlan,
    /// The plan goes on.
    PlanGoesOn,
    /// The plan ends.
    PlanEnds,
    /// Nothing further.
    NoFurther,
}

impl MeetingOutcome {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Section47Single,
        Self::Section47Joint,
        Self::Conference,
        Self::Assessment,
        Self::ProtectionPlan,
        Self::Registered,
        Self::SupportPlan,
        Self::PlanGoesOn,
        Self::PlanEnds,
        Self::NoFurther,
    ];

    /// The code that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Section47Single => "section-47-single",
            Self::Section47Joint => "section-47-joint",
            Self::Conference => "conference",
            Self::Assessment => "assessment",
            Self::ProtectionPlan => "protection-plan",
            Self::Registered => "registered",
            Self::SupportPlan => "support-plan",
            Self::PlanGoesOn => "plan-goes-on",
            Self::PlanEnds => "plan-ends",
            Self::NoFurther => "no-further",
        }
    }

    /// The one with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }

    /// Whether such a meeting in this nation can come to it.
    #[must_use]
    pub const fn can_come_of(self, kind: MeetingKind, nation: Nation) -> bool {
        match kind {
            MeetingKind::StrategyDiscussion => matches!(
                self,
                Self::Section47Single
                    | Self::Section47Joint
                    | Self::Conference
                    | Self::Assessment
                    | Self::NoFurther
            ),
            MeetingKind::InitialConference | MeetingKind::TransferInConference => match self {
                Self::ProtectionPlan => matches!(nation, Nation::England),
                Self::Registered => matches!(nation, Nation::Wales),
                Self::SupportPlan | Self::NoFurther => true,
                Self::Section47Single
                | Self::Section47Joint
                | Self::Conference
                | Self::Assessment
                | Self::PlanGoesOn
                | Self::PlanEnds => false,
            },
            MeetingKind::ReviewConference => matches!(self, Self::PlanGoesOn | Self::PlanEnds),
        }
    }

    /// Whether an enquiry under s.47 begins with it, and whether police take part.
    #[must_use]
    pub const fn enquiry(self) -> Option<section47::Conduct> {
        match self {
            Self::Section47Single => Some(section47::Conduct::Single),
            Self::Section47Joint => Some(section47::Conduct::Joint),
            Self::Conference
            | Self::Assessment
            | Self::ProtectionPlan
            | Self::Registered
            | Self::SupportPlan
            | Self::PlanGoesOn
            | Self::PlanEnds
            | Self::NoFurther => None,
        }
    }
}

/// What a partner answers to an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It has not answered.
    Invited,
    /// It comes.
    Accepts,
    /// It does not come, and says why.
    Declines,
    /// It sends a report and does not come.
    SendsReport,
}

impl Standing {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Invited, Self::Accepts, Self::Declines, Self::SendsReport];

    /// The code that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Accepts => "accepts",
            Self::Declines => "declines",
            Self::SendsReport => "sends-report",
        }
    }

    /// The one with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.word() == word)
    }
}
