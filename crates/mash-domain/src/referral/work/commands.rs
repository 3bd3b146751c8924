//! What can be done to a referral, what happens then, and why it does not.

use super::{Decision, FeedbackState, Grade, GradeEntry, HelpConsent, Ruling, Step, WorkState};

/// What can happen to a referral.
#[derive(Clone, PartialEq, Eq)]
pub enum Command {
    /// A worker grades it.
    Grade {
        /// Who.
        by: String,
        /// Which.
        grade: Grade,
        /// Why.
        reason: String,
    },
    /// It is given to a worker.
    Assign {
        /// Who.
        to: String,
    },
    /// Partners are asked.
    Ask {
        /// How many.
        partners: u32,
    },
    /// A question was answered, refused or closed.
    EndCheck,
    /// What the family answered.
    RecordConsent(HelpConsent),
    /// A worker decides.
    Decide {
        /// Who.
        by: String,
        /// What.
        ruling: Ruling,
        /// Although partners have not answered.
        with_gaps: bool,
    },
    /// A decided referral moves.
    Step {
        /// Who.
        by: String,
        /// Which way.
        step: Step,
        /// What is decided now.
        ruling: Ruling,
    },
    /// It goes to the allocated worker of an open case.
    Pass {
        /// Who.
        to: String,
    },
    /// Another authority has accepted it.
    Transfer {
        /// Who says so.
        by: String,
        /// Why, in words for the referrer.
        reason: String,
    },
    /// What became of the feedback.
    EndFeedback(FeedbackState),
    /// Nothing is left to do.
    Close,
    /// Something has come that asks for a new decision.
    Reopen {
        /// Why.
        reason: String,
    },
    /// The referrer takes it back.
    Withdraw,
    /// The referrer sends more.
    Revise,
    /// Its time for a decision has passed.
    Escalate {
        /// To whom it goes.
        to: String,
    },
}

/// What has happened.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// A named person has it now: the referrer is told.
    Acknowledged,
    /// It was graded.
    Graded(GradeEntry),
    /// It was given to a worker.
    Assigned(String),
    /// So many partners were asked.
    Asked(u32),
    /// One question less is open.
    CheckEnded,
    /// The family answered.
    ConsentRecorded(HelpConsent),
    /// It was decided: freeze what was known, and tell the referrer.
    Decided(Box<Decision>),
    /// It went to the allocated worker.
    Passed(Box<Decision>),
    /// It went to another authority.
    Transferred(Box<Decision>),
    /// What became of the feedback.
    FeedbackEnded(FeedbackState),
    /// It was closed.
    Closed,
    /// It was opened again.
    Reopened(String),
    /// It was taken back.
    Withdrawn,
    /// More came.
    Revised,
    /// It went to a manager.
    Escalated(String),
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Somebody else changed it meanwhile.
    #[error("somebody has changed the referral meanwhile; read it again")]
    StaleRevision,
    /// Nobody has graded it.
    #[error("nobody has graded the referral yet")]
    NotGraded,
    /// Another grade without a reason.
    #[error("another grade needs a reason")]
    RegradeWithoutReason,
    /// A decision without a reason.
    #[error("a decision needs a reason, and says what would change it")]
    NoReason,
    /// Red, unanswered questions, and nobody said that it is decided all the same.
    #[error("partners have not answered; say that it is decided with gaps, or wait")]
    Gaps,
    /// Early help without consent.
    #[error("early help needs recorded consent of the family to the service")]
    ConsentMissing,
    /// The family has refused early help.
    #[error("the family has refused early help")]
    ConsentRefused,
    /// An outcome that only the hub itself records.
    #[error("this outcome is recorded by the hub itself")]
    OutcomeReserved,
    /// The new outcome does not lie that way.
    #[error("the outcome does not lie in the direction of the step")]
    Direction,
    /// Nobody is named.
    #[error("a named person is needed")]
    Nobody,
    /// No question is open.
    #[error("no question is open")]
    NothingAsked,
    /// The state does not allow it.
    #[error("the referral is {}", .0.word())]
    State(WorkState),
}
