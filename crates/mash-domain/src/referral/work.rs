//! How a hub works a referral: from arrival over grade and checks to a decision and feedback.
//!
//! | from \ command | grade | assign, ask | decide | step | pass | transfer | close | reopen | withdraw |
//! |---|---|---|---|---|---|---|---|---|---|
//! | received | graded | refused | refused | refused | passed | transferred | refused | refused | withdrawn |
//! | graded, assigned, checking | same | assigned, checking | decided | refused | passed | transferred | refused | refused | withdrawn |
//! | decided | refused | refused | refused | decided | refused | transferred | refused | graded or assigned | refused |
//! | informed | refused | refused | refused | decided | refused | transferred | closed | graded or assigned | refused |
//! | closed | refused | refused | refused | decided | refused | refused | refused | graded or assigned | refused |
//! | passed, transferred | refused | refused | refused | refused | refused | refused | refused | refused | refused |
//! | withdrawn | refused | refused | refused | refused | refused | refused | refused | refused | – |
//!
//! `–` stays as it is. Whoever changes something names the revision that she read ([`Work::expecting`]), so that of two
//! people one wins and the other is told.
//!
//! Deliberately absent: clocks, which run beside it, and who may do what, which the caller's certificate says.

mod commands;
mod decide;
mod rules;
mod words;

use jiff::Timestamp;

pub use self::{
    commands::{Command, Event, Refusal},
    decide::Ruling,
};

/// Where a referral stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkState {
    /// It arrived.
    #[default]
    Received,
    /// A named worker has graded it.
    Graded,
    /// A named worker has it.
    Assigned,
    /// Partners have been asked.
    Checking,
    /// Decided; the referrer is being told.
    Decided,
    /// Decided, and the referrer knows or a named person sees to it.
    Informed,
    /// Nothing is left to do.
    Closed,
    /// With the allocated worker of an open case.
    Passed,
    /// With another authority.
    Transferred,
    /// Taken back by the referrer.
    Withdrawn,
}

/// How soon a referral has to be worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Runs on through the night.
    Red,
    /// In hub hours.
    Amber,
    /// In hub hours.
    Green,
    /// Below the threshold of the hub.
    Blue,
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A strategy discussion.
    StrategyDiscussion,
    /// An enquiry under s.47.
    Section47,
    /// An assessment.
    Assessment,
    /// Early help, with consent to the service.
    EarlyHelp,
    /// Information and advice.
    Advice,
    /// Another agency takes it.
    OtherAgency,
    /// Nothing further.
    NoFurtherAction,
    /// The worker of the open case takes it.
    OpenCase,
    /// Another authority has accepted it.
    Transferred,
}

/// What the family answered to the offer of early help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HelpConsent {
    /// Given.
    Given,
    /// Refused.
    Refused,
}

/// Whether the referrer knows of the last decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedbackState {
    /// On its way.
    Pending,
    /// Acknowledged by the referrer.
    Acknowledged,
    /// With a named person, who telephones.
    Escalated,
    /// The rules let nothing through.
    Withheld,
}

/// Which way a decided referral moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// To the statutory services.
    Up,
    /// To early help or out.
    Down,
}

/// A grade that somebody gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GradeEntry {
    /// Which.
    pub grade: Grade,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// How many partners had not answered.
    pub unanswered: u32,
}

/// A decision.
#[derive(Clone, PartialEq, Eq)]
pub struct Decision {
    /// What, why, and what would change it.
    pub ruling: Ruling,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Partners had not answered, and whoever decided said so.
    pub with_gaps: bool,
    /// It moved the referral from an earlier decision.
    pub step: Option<Step>,
}

/// A referral as a hub works it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// Rises with every change.
    pub revision: u32,
    /// Where it stands; received at first.
    pub state: WorkState,
    /// Only help is sought, and no harm is suspected: it rests on consent.
    pub early_help: bool,
    /// Every grade, oldest first.
    pub grades: Vec<GradeEntry>,
    /// Who works it.
    pub worker: Option<String>,
    /// How many partners were asked.
    pub asked: u32,
    /// How many of them have answered, refused, or need not answer any more.
    pub ended: u32,
    /// What the family answered.
    pub consent: Option<HelpConsent>,
    /// Every decision, oldest first.
    pub decisions: Vec<Decision>,
    /// Whether the referrer knows of the last one.
    pub feedback: Option<FeedbackState>,
    /// A named person has acknowledged it.
    pub acknowledged: bool,
    /// The manager to whom it went when its time had passed.
    pub escalated_to: Option<String>,
}

impl Work {
    /// A referral that has just arrived.
    #[must_use]
    pub fn received(early_help: bool) -> Self {
        Self { revision: 1, early_help, ..Self::default() }
    }

    /// The referral, if it is still as whoever changes it has read it.
    ///
    /// # Errors
    ///
    /// [`Refusal::StaleRevision`] if it is not.
    pub fn expecting(&self, revision: u32) -> Result<&Self, Refusal> {
        if revision == self.revision { Ok(self) } else { Err(Refusal::StaleRevision) }
    }

    /// Its grade now.
    #[must_use]
    pub fn grade(&self) -> Option<Grade> {
        self.grades.last().map(|entry| entry.grade)
    }

    /// Its last decision.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        self.decisions.last()
    }

    /// How many questions wait for an answer.
    #[must_use]
    pub const fn unanswered(&self) -> u32 {
        self.asked.saturating_sub(self.ended)
    }

    /// What a command makes of it: its events, in order. Nothing if it changes nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the referral does not allow it.
    pub fn apply(&self, command: &Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Grade { by, grade, reason } => self.regrade(by, *grade, reason, now),
            Command::Assign { to } => self.assign(to),
            Command::Ask { partners } => self.ask(*partners),
            Command::EndCheck if self.unanswered() == 0 => Err(Refusal::NothingAsked),
            Command::EndCheck => Ok(vec![Event::CheckEnded]),
            Command::RecordConsent(answer) => self.record_consent(*answer),
            Command::Decide { by, ruling, with_gaps } => self.decide(by, ruling, *with_gaps, now),
            Command::Step { by, step, ruling } => self.step(by, *step, ruling, now),
            Command::Pass { to } => self.pass(to, now),
            Command::Transfer { by, reason } => self.transfer(by, reason, now),
            Command::EndFeedback(state) => self.end_feedback(*state),
            Command::Close if self.state == WorkState::Informed => Ok(vec![Event::Closed]),
            Command::Close => Err(Refusal::State(self.state)),
            Command::Reopen { reason } => self.reopen(reason),
            Command::Withdraw if self.state == WorkState::Withdrawn => Ok(Vec::new()),
            Command::Withdraw => self.open().map(|()| vec![Event::Withdrawn]),
            Command::Revise if self.state != WorkState::Withdrawn => Ok(vec![Event::Revised]),
            Command::Revise => Err(Refusal::State(self.state)),
            Command::Escalate { to } => self.escalate(to),
        }
    }

    /// What an event makes of it.
    #[must_use]
    pub fn with(mut self, event: &Event) -> Self {
        self.revision = self.revision.saturating_add(1);
        match event {
            Event::Acknowledged => self.acknowledged = true,
            Event::Graded(entry) => {
                self.grades.push(entry.clone());
                if self.state == WorkState::Received {
                    self.state = WorkState::Graded;
                }
            }
            Event::Assigned(to) => {
                self.worker = Some(to.clone());
                if self.state == WorkState::Graded {
                    self.state = WorkState::Assigned;
                }
            }
            Event::Asked(partners) => {
                self.asked = self.asked.saturating_add(*partners);
                self.state = WorkState::Checking;
            }
            Event::CheckEnded => self.ended = self.ended.saturating_add(1),
            Event::ConsentRecorded(answer) => self.consent = Some(*answer),
            Event::Decided(decision) => self.has_decided(decision, WorkState::Decided),
            Event::Passed(decision) => {
                self.worker = Some(decision.by.clone());
                self.has_decided(decision, WorkState::Passed);
            }
            Event::Transferred(decision) => self.has_decided(decision, WorkState::Transferred),
            Event::FeedbackEnded(state) => {
                self.feedback = Some(*state);
                if self.state == WorkState::Decided {
                    self.state = WorkState::Informed;
                }
            }
            Event::Closed => self.state = WorkState::Closed,
            Event::Reopened(_) => {
                let known = self.worker.is_some();
                self.state = if known { WorkState::Assigned } else { WorkState::Graded };
                self.feedback = None;
            }
            Event::Withdrawn => self.state = WorkState::Withdrawn,
            Event::Revised => (),
            Event::Escalated(to) => self.escalated_to = Some(to.clone()),
        }
        self
    }

    /// What several events make of it.
    #[must_use]
    pub fn with_all(self, events: &[Event]) -> Self {
        events.iter().fold(self, Self::with)
    }

    fn has_decided(&mut self, decision: &Decision, state: WorkState) {
        self.decisions.push(decision.clone());
        self.feedback = Some(FeedbackState::Pending);
        self.state = state;
    }
}

#[cfg(test)]
mod tests;
