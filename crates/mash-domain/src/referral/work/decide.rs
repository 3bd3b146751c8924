//! Decisions: what, why, and what would change it.

use jiff::Timestamp;

use super::{
    Decision, Event, FeedbackState, Grade, HelpConsent, Outcome, Refusal, Step, Work, WorkState,
    rules::named,
};

/// What is decided, in words for whoever referred.
#[derive(Clone, PartialEq, Eq)]
pub struct Ruling {
    /// What.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// What would change it.
    pub what_would_change_it: String,
    /// What the referrer is asked to do now.
    pub next_step: String,
}

impl Work {
    pub(super) fn decide(
        &self,
        by: &str,
        ruling: &Ruling,
        with_gaps: bool,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        self.graded()?;
        named(by)?;
        self.lawful(ruling)?;
        let gaps = self.unanswered() > 0;
        if gaps && self.grade() == Some(Grade::Red) && !with_gaps {
            return Err(Refusal::Gaps);
        }
        let decision = Decision {
            ruling: ruling.clone(),
            by: by.to_owned(),
            at: now,
            with_gaps: gaps,
            step: None,
        };
        Ok(vec![Event::Decided(Box::new(decision))])
    }

    pub(super) fn step(
        &self,
        by: &str,
        step: Step,
        ruling: &Ruling,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        let (WorkState::Decided | WorkState::Informed | WorkState::Closed, Some(last)) =
            (self.state, self.decision())
        else {
            return Err(Refusal::State(self.state));
        };
        named(by)?;
        self.lawful(ruling)?;
        let (from, to) = (last.ruling.outcome.level(), ruling.outcome.level());
        let fits = match step {
            Step::Up => to > from,
            Step::Down => to < from,
        };
        if !fits {
            return Err(Refusal::Direction);
        }
        let decision = Decision {
            ruling: ruling.clone(),
            by: by.to_owned(),
            at: now,
            with_gaps: self.unanswered() > 0,
            step: Some(step),
        };
        Ok(vec![Event::Decided(Box::new(decision))])
    }

    pub(super) fn pass(&self, to: &str, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        self.open()?;
        named(to)?;
        let decision = self.by_the_hub(Outcome::OpenCase, to, "the child has an open case", now);
        let mut events = vec![Event::Passed(Box::new(decision))];
        if !self.acknowledged {
            events.push(Event::Acknowledged);
        }
        Ok(events)
    }

    pub(super) fn transfer(
        &self,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        let still = matches!(self.state, WorkState::Decided | WorkState::Informed);
        if !still {
            self.open()?;
        }
        named(by)?;
        if reason.trim().is_empty() {
            return Err(Refusal::NoReason);
        }
        let decision = self.by_the_hub(Outcome::Transferred, by, reason.trim(), now);
        let mut events = vec![Event::Transferred(Box::new(decision))];
        if !self.acknowledged {
            events.push(Event::Acknowledged);
        }
        Ok(events)
    }

    fn by_the_hub(&self, outcome: Outcome, by: &str, reason: &str, now: Timestamp) -> Decision {
        let ruling = Ruling {
            outcome,
            reason: reason.to_owned(),
            what_would_change_it: String::new(),
            next_step: String::new(),
        };
        let with_gaps = self.unanswered() > 0;
        Decision { ruling, by: by.to_owned(), at: now, with_gaps, step: None }
    }

    fn lawful(&self, ruling: &Ruling) -> Result<(), Refusal> {
        if matches!(ruling.outcome, Outcome::OpenCase | Outcome::Transferred) {
            return Err(Refusal::OutcomeReserved);
        }
        if ruling.reason.trim().is_empty() || ruling.what_would_change_it.trim().is_empty() {
            return Err(Refusal::NoReason);
        }
        match (ruling.outcome, self.consent) {
            (Outcome::EarlyHelp, None) => Err(Refusal::ConsentMissing),
            (Outcome::EarlyHelp, Some(HelpConsent::Refused)) => Err(Refusal::ConsentRefused),
            _ => Ok(()),
        }
    }
}

impl FeedbackState {
    /// Whether nothing more is to come.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        !matches!(self, Self::Pending)
    }
}
