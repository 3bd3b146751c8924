//! What each command asks of a referral, apart from decisions.

use jiff::Timestamp;

use super::{Event, FeedbackState, Grade, GradeEntry, HelpConsent, Refusal, Work, WorkState};

impl Work {
    pub(super) fn regrade(
        &self,
        by: &str,
        grade: Grade,
        reason: &str,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        self.open()?;
        named(by)?;
        let reason = reason.trim();
        if self.grade().is_some() && reason.is_empty() {
            return Err(Refusal::RegradeWithoutReason);
        }
        let entry = GradeEntry {
            grade,
            by: by.to_owned(),
            at: now,
            reason: reason.to_owned(),
            unanswered: self.unanswered(),
        };
        let mut events = vec![Event::Graded(entry)];
        if !self.acknowledged {
            events.push(Event::Acknowledged);
        }
        Ok(events)
    }

    pub(super) fn assign(&self, to: &str) -> Result<Vec<Event>, Refusal> {
        self.graded()?;
        named(to)?;
        if self.worker.as_deref() == Some(to) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::Assigned(to.to_owned())])
    }

    pub(super) fn ask(&self, partners: u32) -> Result<Vec<Event>, Refusal> {
        self.graded()?;
        if self.early_help && self.consent == Some(HelpConsent::Refused) {
            return Err(Refusal::ConsentRefused);
        }
        if partners == 0 {
            return Err(Refusal::NothingAsked);
        }
        Ok(vec![Event::Asked(partners)])
    }

    pub(super) fn record_consent(&self, answer: HelpConsent) -> Result<Vec<Event>, Refusal> {
        if matches!(self.state, WorkState::Passed | WorkState::Transferred | WorkState::Withdrawn) {
            return Err(Refusal::State(self.state));
        }
        if self.consent == Some(answer) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::ConsentRecorded(answer)])
    }

    pub(super) fn end_feedback(&self, state: FeedbackState) -> Result<Vec<Event>, Refusal> {
        match self.feedback {
            // The first end wins: what is told twice has one effect.
            Some(FeedbackState::Pending) if state != FeedbackState::Pending => {
                Ok(vec![Event::FeedbackEnded(state)])
            }
            Some(_) => Ok(Vec::new()),
            None => Err(Refusal::State(self.state)),
        }
    }

    pub(super) fn reopen(&self, reason: &str) -> Result<Vec<Event>, Refusal> {
        let reason = reason.trim();
        if !matches!(self.state, WorkState::Decided | WorkState::Informed | WorkState::Closed) {
            return Err(Refusal::State(self.state));
        }
        if reason.is_empty() {
            return Err(Refusal::NoReason);
        }
        Ok(vec![Event::Reopened(reason.to_owned())])
    }

    pub(super) fn escalate(&self, to: &str) -> Result<Vec<Event>, Refusal> {
        self.open()?;
        named(to)?;
        if self.escalated_to.is_some() {
            return Ok(Vec::new());
        }
        Ok(vec![Event::Escalated(to.to_owned())])
    }

    pub(super) fn open(&self) -> Result<(), Refusal> {
        if self.state.is_open() { Ok(()) } else { Err(Refusal::State(self.state)) }
    }

    pub(super) fn graded(&self) -> Result<(), Refusal> {
        self.open()?;
        if self.grade().is_none() { Err(Refusal::NotGraded) } else { Ok(()) }
    }
}

pub(super) fn named(person: &str) -> Result<(), Refusal> {
    if person.trim().is_empty() { Err(Refusal::Nobody) } else { Ok(()) }
}
