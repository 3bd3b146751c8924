//! A professional disagreement with a decision, from stage to stage until somebody who is not a party has decided.
//!
//! | from \ command | name | escalate | resolve | withdraw |
//! |---|---|---|---|---|
//! | open | the decider of the stage | next stage, or refused at the last | resolved, by the decider alone | withdrawn, by who raised it |
//! | resolved | refused | refused | – for the same answer, else refused | refused |
//! | withdrawn | refused | refused | refused | – |
//!
//! Whoever raised it, took the decision or decided at an earlier stage decides nothing about it.

use jiff::Timestamp;

use crate::{
    clock::ids,
    incident::{Limit, Private},
    organisation::OrganisationId,
};

/// How long the reasons may be.
pub const REASON: Limit = Limit::paragraphs(2_000);

/// A stage of the procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Those who disagree, between themselves; a worker who did not decide speaks for the hub.
    Practitioners,
    /// First-line managers: detective sergeant, named nurse, designated safeguarding person.
    FirstLine,
    /// Senior managers.
    Senior,
    /// A director; the board is told.
    Director,
}

impl Stage {
    /// Every one, in order.
    pub const ALL: [Self; 4] = [Self::Practitioners, Self::FirstLine, Self::Senior, Self::Director];

    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Practitioners => "practitioners",
            Self::FirstLine => "first-line",
            Self::Senior => "senior",
            Self::Director => "director",
        }
    }

    /// The one with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == word)
    }

    /// From 1.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Practitioners => 1,
            Self::FirstLine => 2,
            Self::Senior => 3,
            Self::Director => 4,
        }
    }

    /// The one after it, if there is one.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::Practitioners => Some(Self::FirstLine),
            Self::FirstLine => Some(Self::Senior),
            Self::Senior => Some(Self::Director),
            Self::Director => None,
        }
    }

    /// The limit in which it is settled.
    #[must_use]
    pub const fn clock(self) -> &'static str {
        match self {
            Self::Practitioners => ids::DISAGREEMENT_PRACTITIONERS,
            Self::FirstLine => ids::DISAGREEMENT_FIRST_LINE,
            Self::Senior => ids::DISAGREEMENT_SENIOR,
            Self::Director => ids::DISAGREEMENT_DIRECTOR,
        }
    }
}

/// How it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// The decision stands.
    Stands,
    /// The decision is changed.
    Changed,
    /// They agreed on something else.
    Agreed,
}

impl Answer {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Stands, Self::Changed, Self::Agreed];

    /// The code that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stands => "decision-stands",
            Self::Changed => "decision-changed",
            Self::Agreed => "agreed",
        }
    }

    /// The one with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.word() == word)
    }
}

/// A professional, of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Professional {
    /// The organisation.
    pub organisation: OrganisationId,
    /// Her id there; empty where only the organisation is known.
    pub practitioner: String,
}

/// One stage that was gone through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub stage: Stage,
    /// When it began.
    pub begun: Timestamp,
    /// Who decides, once she is named.
    pub decider: Option<Professional>,
    /// Why it went there, in words; of the first, the grounds.
    pub reason: Private,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Somebody decided.
    Resolved {
        /// What.
        answer: Answer,
        /// Why.
        reason: Private,
        /// When.
        at: Timestamp,
    },
    /// It was taken back.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
}

/// A disagreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// Who disagrees.
    pub raised_by: Professional,
    /// Who took the decision.
    pub decided_by: Professional,
    /// Every stage so far.
    pub steps: Vec<Step>, // INVARIANT: not empty, stages in order.
    /// How it ended.
    pub ending: Option<Ending>,
}

/// What somebody wants of a disagreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Somebody is named to decide at this stage.
    Name(Professional),
    /// It goes to the next stage.
    Escalate {
        /// Why.
        reason: Private,
    },
    /// The decider decides.
    Resolve {
        /// Who.
        by: Professional,
        /// What.
        answer: Answer,
        /// Why.
        reason: Private,
    },
    /// Whoever raised it takes it back.
    Withdraw {
        /// Who.
        by: OrganisationId,
    },
}

/// What happened to a disagreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisagreementEvent {
    /// Somebody was named.
    Named,
    /// It reached this stage, whose limit runs now.
    Reached(Stage),
    /// It was decided.
    Resolved(Answer),
    /// It was taken back.
    Withdrawn,
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisagreementRefusal {
    /// No reason.
    #[error("a reason is needed")]
    Reason,
    /// Whoever is to decide is a party, or has decided about it before.
    #[error("nobody decides their own disagreement, nor one that they have decided before")]
    OwnCause,
    /// Somebody else than the named decider.
    #[error("only the named decider of the stage decides")]
    NotDecider,
    /// There is no further stage.
    #[error("the last stage is reached")]
    LastStage,
    /// Somebody else raised it.
    #[error("only who raised it takes it back")]
    NotYours,
    /// It has ended.
    #[error("the disagreement has ended")]
    Ended,
}

impl Disagreement {
    /// Begins, at the first stage.
    ///
    /// # Errors
    ///
    /// [`DisagreementRefusal::Reason`] without grounds.
    pub fn raise(
        raised_by: Professional,
        decided_by: Professional,
        grounds: Private,
        now: Timestamp,
    ) -> Result<Self, DisagreementRefusal> {
        if grounds.is_empty() {
            return Err(DisagreementRefusal::Reason);
        }
        let first =
            Step { stage: Stage::Practitioners, begun: now, decider: None, reason: grounds };
        Ok(Self { raised_by, decided_by, steps: vec![first], ending: None })
    }

    /// The stage at which it is.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.steps.last().map_or(Stage::Practitioners, |step| step.stage)
    }

    /// Who decides at this stage, once she is named.
    #[must_use]
    pub fn decider(&self) -> Option<&Professional> {
        self.steps.last().and_then(|step| step.decider.as_ref())
    }

    /// Carries out a command: the disagreement as it then stands, and what happened. No event means that nothing changed.
    ///
    /// # Errors
    ///
    /// [`DisagreementRefusal`] if it does not allow it.
    pub fn apply(
        &self,
        command: Command,
        now: Timestamp,
    ) -> Result<(Self, Vec<DisagreementEvent>), DisagreementRefusal> {
        match (&self.ending, &command) {
            (None, _) => (),
            (
                Some(Ending::Resolved { answer: earlier, reason: said, .. }),
                Command::Resolve { answer, reason, .. },
            ) if (earlier, said) == (answer, reason) => return Ok((self.clone(), Vec::new())),
            (Some(Ending::Withdrawn { .. }), Command::Withdraw { .. }) => {
                return Ok((self.clone(), Vec::new()));
            }
            (Some(_), _) => return Err(DisagreementRefusal::Ended),
        }
        match command {
            Command::Name(decider) => self.name(decider),
            Command::Escalate { reason } => self.escalate(reason, now),
            Command::Resolve { by, answer, reason } => self.resolve(&by, answer, reason, now),
            Command::Withdraw { by } => self.withdraw(&by, now),
        }
    }

    fn name(
        &self,
        decider: Professional,
    ) -> Result<(Self, Vec<DisagreementEvent>), DisagreementRefusal> {
        if self.decider() == Some(&decider) {
            return Ok((self.clone(), Vec::new()));
        }
        if decider.practitioner.is_empty() || self.is_party(&decider) {
            return Err(DisagreementRefusal::OwnCause);
        }
        let mut next = self.clone();
        if let Some(step) = next.steps.last_mut() {
            step.decider = Some(decider);
        }
        Ok((next, vec![DisagreementEvent::Named]))
    }

    // Those who disagree, and whoever has had it before. Where only an organisation is known, it is all of it.
    fn is_party(&self, who: &Professional) -> bool {
        let before = self.steps.len().saturating_sub(1);
        let is = |party: &Professional| {
            party.organisation == who.organisation
                && (party.practitioner.is_empty() || party.practitioner == who.practitioner)
        };
        is(&self.raised_by)
            || is(&self.decided_by)
            || self.steps.iter().take(before).any(|step| step.decider.as_ref() == Some(who))
    }

    fn escalate(
        &self,
        reason: Private,
        now: Timestamp,
    ) -> Result<(Self, Vec<DisagreementEvent>), DisagreementRefusal> {
        if reason.is_empty() {
            return Err(DisagreementRefusal::Reason);
        }
        let stage = self.stage().next().ok_or(DisagreementRefusal::LastStage)?;
        let mut next = self.clone();
        next.steps.push(Step { stage, begun: now, decider: None, reason });
        Ok((next, vec![DisagreementEvent::Reached(stage)]))
    }

    fn resolve(
        &self,
        by: &Professional,
        answer: Answer,
        reason: Private,
        now: Timestamp,
    ) -> Result<(Self, Vec<DisagreementEvent>), DisagreementRefusal> {
        if reason.is_empty() {
            return Err(DisagreementRefusal::Reason);
        }
        if self.is_party(by) {
            return Err(DisagreementRefusal::OwnCause);
        }
        if self.decider() != Some(by) {
            return Err(DisagreementRefusal::NotDecider);
        }
        let ending = Some(Ending::Resolved { answer, reason, at: now });
        Ok((Self { ending, ..self.clone() }, vec![DisagreementEvent::Resolved(answer)]))
    }

    fn withdraw(
        &self,
        by: &OrganisationId,
        now: Timestamp,
    ) -> Result<(Self, Vec<DisagreementEvent>), DisagreementRefusal> {
        if *by != self.raised_by.organisation {
            return Err(DisagreementRefusal::NotYours);
        }
        let ending = Some(Ending::Withdrawn { at: now });
        Ok((Self { ending, ..self.clone() }, vec![DisagreementEvent::Withdrawn]))
    }
}

#[cfg(test)]
mod tests;
