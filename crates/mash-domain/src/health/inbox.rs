//! A notice in the inbox of a team: a person acknowledges it in the clinical window, or the team lead is told.
//!
//! | from \ command | arrive, newer | open | acknowledge | escalate | recall | confirm deletion |
//! |---|---|---|---|---|---|---|
//! | waiting | waiting | – | acknowledged | escalated | recalled, or deleted if unopened | refused |
//! | escalated | escalated | – | acknowledged | – | recalled, or deleted if unopened | refused |
//! | acknowledged | waiting | – | – | refused | recalled | refused |
//! | recalled | waiting | refused | refused | refused | – | deleted |
//! | deleted | waiting | refused | refused | refused | – | – |
//!
//! `–` stays as it is, so that a repeat has one effect. A newer revision of an acknowledged notice waits again: what a
//! clinician acted on is not what is there now. What arrives after its own recall, having been sent before, stays away.

use jiff::Timestamp;

use super::{staff::Professional, worded};

worded! {
    /// Where a notice stands.
    NoticeState {
        /// In the team's inbox.
        Waiting = "waiting",
        /// The team lead has it too.
        Escalated = "escalated",
        /// A named person acts on it.
        Acknowledged = "acknowledged",
        /// Recalled; the deletion of copies is awaited.
        Recalled = "recalled",
        /// Recalled, and gone.
        Deleted = "deleted",
    }
}

impl NoticeState {
    /// Whether its content is gone.
    #[must_use]
    pub const fn is_wiped(self) -> bool {
        matches!(self, Self::Recalled | Self::Deleted)
    }

    /// Whether somebody still has to acknowledge it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Escalated)
    }
}

/// Who acknowledged, when, and which revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Who.
    pub by: Professional,
    /// When.
    pub at: Timestamp,
    /// What she had before her.
    pub revision: u32,
}

/// A notice, without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamNotice {
    /// Where it stands.
    pub state: NoticeState,
    /// 1, then one more for each change of what may be known; 0 for one that was recalled before it came.
    pub revision: u32,
    /// Whether anybody has seen its content.
    pub opened: bool,
    /// The last acknowledgement.
    pub acknowledgement: Option<Acknowledgement>,
    /// The team lead who was told.
    pub escalated_to: Option<String>,
    /// When it was recalled, and why.
    pub recalled: Option<(Timestamp, String)>,
}

/// What somebody or something wants of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// It comes, or comes anew.
    Arrive {
        /// Which revision.
        revision: u32,
        /// When it was sent.
        sent: Timestamp,
    },
    /// A person reads it.
    Open,
    /// A named person has it and acts on it.
    Acknowledge {
        /// Who.
        by: Professional,
        /// What she has read.
        revision: u32,
    },
    /// Nobody acknowledged it in time.
    Escalate {
        /// The team lead, if the team has one.
        to: Option<String>,
    },
    /// It must not be used any more.
    Recall {
        /// Why, a code.
        reason: String,
        /// When that was said.
        sent: Timestamp,
    },
    /// A person says that every copy is gone.
    ConfirmDeletion,
}

/// What happened to a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is here.
    Arrived,
    /// Somebody has read it.
    Opened,
    /// A named person has it.
    Acknowledged,
    /// The lead was told.
    Escalated,
    /// It was recalled, and somebody has to confirm that copies are gone.
    Recalled,
    /// It is gone.
    Deleted,
}

/// Why a command was refused. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another revision is there.
    #[error("another revision has arrived; read it, then acknowledge that one")]
    Stale,
    /// The state does not allow it.
    #[error("the notice is {}", .0.word())]
    State(NoticeState),
}

impl TeamNotice {
    /// Before anything has come.
    #[must_use]
    pub const fn blank() -> Self {
        Self {
            state: NoticeState::Deleted,
            revision: 0,
            opened: false,
            acknowledgement: None,
            escalated_to: None,
            recalled: None,
        }
    }

    /// Carries out a command: what it then is, and what happened.
    ///
    /// # Errors
    ///
    /// [`Refusal`], and nothing has changed.
    pub fn apply(
        &self,
        command: Command,
        now: Timestamp,
    ) -> Result<(Self, Option<Event>), Refusal> {
        match command {
            Command::Arrive { revision, sent } => Ok(self.arrive(revision, sent)),
            Command::Open => self.open(),
            Command::Acknowledge { by, revision } => self.acknowledge(by, revision, now),
            Command::Escalate { to } => self.escalate(to),
            Command::Recall { reason, sent } => Ok(self.recall(reason, sent)),
            Command::ConfirmDeletion => match self.state {
                NoticeState::Recalled => {
                    let gone = Self { state: NoticeState::Deleted, ..self.clone() };
                    Ok((gone, Some(Event::Deleted)))
                }
                NoticeState::Deleted => Ok((self.clone(), None)),
                NoticeState::Waiting | NoticeState::Escalated | NoticeState::Acknowledged => {
                    Err(Refusal::State(self.state))
                }
            },
        }
    }

    fn arrive(&self, revision: u32, sent: Timestamp) -> (Self, Option<Event>) {
        let overtaken = self.recalled.as_ref().is_some_and(|(recalled, _)| sent <= *recalled);
        if revision <= self.revision || overtaken {
            return (self.clone(), None);
        }
        let state = match self.state {
            NoticeState::Escalated => NoticeState::Escalated,
            NoticeState::Waiting
            | NoticeState::Acknowledged
            | NoticeState::Recalled
            | NoticeState::Deleted => NoticeState::Waiting,
        };
        // Who has seen the revision before has not seen this one, and copies of both may be about.
        let next = Self { state, revision, recalled: None, ..self.clone() };
        (next, Some(Event::Arrived))
    }

    fn open(&self) -> Result<(Self, Option<Event>), Refusal> {
        if self.state.is_wiped() {
            return Err(Refusal::State(self.state));
        }
        let event = (!self.opened).then_some(Event::Opened);
        Ok((Self { opened: true, ..self.clone() }, event))
    }

    fn acknowledge(
        &self,
        by: Professional,
        revision: u32,
        now: Timestamp,
    ) -> Result<(Self, Option<Event>), Refusal> {
        match self.state {
            NoticeState::Recalled | NoticeState::Deleted => Err(Refusal::State(self.state)),
            NoticeState::Waiting | NoticeState::Escalated | NoticeState::Acknowledged
                if revision != self.revision =>
            {
                Err(Refusal::Stale)
            }
            NoticeState::Acknowledged => Ok((self.clone(), None)),
            NoticeState::Waiting | NoticeState::Escalated => {
                let acknowledgement = Some(Acknowledgement { by, at: now, revision });
                let state = NoticeState::Acknowledged;
                let next = Self { state, opened: true, acknowledgement, ..self.clone() };
                Ok((next, Some(Event::Acknowledged)))
            }
        }
    }

    fn escalate(&self, to: Option<String>) -> Result<(Self, Option<Event>), Refusal> {
        match self.state {
            NoticeState::Waiting => {
                let next = Self { state: NoticeState::Escalated, escalated_to: to, ..self.clone() };
                Ok((next, Some(Event::Escalated)))
            }
            NoticeState::Escalated => Ok((self.clone(), None)),
            NoticeState::Acknowledged | NoticeState::Recalled | NoticeState::Deleted => {
                Err(Refusal::State(self.state))
            }
        }
    }

    fn recall(&self, reason: String, sent: Timestamp) -> (Self, Option<Event>) {
        if self.state.is_wiped() {
            // Of one that has not come yet, the recall is remembered.
            let recalled = self.recalled.clone().or(Some((sent, reason)));
            return (Self { recalled, ..self.clone() }, None);
        }
        let (state, event) = if self.opened {
            (NoticeState::Recalled, Event::Recalled)
        } else {
            (NoticeState::Deleted, Event::Deleted)
        };
        (Self { state, recalled: Some((sent, reason)), ..self.clone() }, Some(event))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashSet, VecDeque};

    use super::*;
    use crate::{
        health::staff::Role,
        incident::{Limit, Private},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    fn nurse() -> Professional {
        let text = |text| Private::new(text, Limit::line(200)).unwrap();
        Professional::new("n-1", text("Eleri Prys"), Role::SchoolNurse, text("")).unwrap()
    }

    fn after(commands: &[Command]) -> TeamNotice {
        commands.iter().fold(TeamNotice::blank(), |notice, command| {
            notice.apply(command.clone(), at(9)).unwrap().0
        })
    }

    fn arrive(revision: u32, sent: i64) -> Command {
        Command::Arrive { revision, sent: at(sent) }
    }

    fn recall(sent: i64) -> Command {
        Command::Recall { reason: "wrong-child".to_owned(), sent: at(sent) }
    }

    #[test]
    fn a_recall_deletes_at_once_what_nobody_has_seen_and_asks_where_somebody_has() {
        assert_eq!(after(&[arrive(1, 1), recall(2)]).state, NoticeState::Deleted);
        let seen = after(&[arrive(1, 1), Command::Open, recall(2)]);
        assert_eq!(seen.state, NoticeState::Recalled);
        let (gone, event) = seen.apply(Command::ConfirmDeletion, at(9)).unwrap();
        assert_eq!((gone.state, event), (NoticeState::Deleted, Some(Event::Deleted)));
    }

    #[test]
    fn a_recall_that_comes_first_keeps_the_notice_away_and_a_later_one_comes_back() {
        let away = after(&[recall(5), arrive(1, 4)]);
        assert_eq!((away.state, away.revision), (NoticeState::Deleted, 0));
        let back = after(&[arrive(1, 1), recall(5), arrive(2, 6)]);
        assert_eq!((back.state, back.revision), (NoticeState::Waiting, 2));
    }

    #[test]
    fn a_newer_revision_of_what_was_acknowledged_waits_again() {
        let acknowledge = |revision| Command::Acknowledge { by: nurse(), revision };
        let done = after(&[arrive(1, 1), acknowledge(1)]);
        let (again, event) = done.apply(arrive(2, 2), at(9)).unwrap();
        assert_eq!((again.state, event), (NoticeState::Waiting, Some(Event::Arrived)));
        assert_eq!(again.apply(acknowledge(1), at(9)).unwrap_err(), Refusal::Stale);
        assert_eq!(again.acknowledgement.unwrap().revision, 1, "who acted on the first is kept");
    }

    /// Every state, every command: the table at the top, and what never happens.
    #[test]
    fn every_state_that_can_be_reached_keeps_the_promises() {
        let key = |it: &TeamNotice| {
            let recalled = it.recalled.as_ref().map(|(at, _)| *at);
            (it.state, it.revision, it.opened, recalled, it.acknowledgement.is_some())
        };
        let mut commands = vec![Command::Open, Command::ConfirmDeletion, recall(2), recall(4)];
        commands.push(Command::Escalate { to: None });
        commands.push(Command::Escalate { to: Some("lead".to_owned()) });
        for revision in 1..=3 {
            commands.push(Command::Acknowledge { by: nurse(), revision });
            commands.extend([1, 3, 5].map(|sent| arrive(revision, sent)));
        }
        let mut seen = HashSet::new();
        let mut queue = VecDeque::from([TeamNotice::blank()]);
        while let Some(notice) = queue.pop_front() {
            if !seen.insert(key(&notice)) {
                continue;
            }
            for command in &commands {
                let Ok((next, event)) = notice.apply(command.clone(), at(9)) else { continue };
                assert!(next.revision >= notice.revision, "a revision went back");
                if event.is_none() {
                    assert_eq!((next.state, next.revision), (notice.state, notice.revision));
                }
                if next.state == NoticeState::Acknowledged {
                    let revision = next.acknowledgement.as_ref().unwrap().revision;
                    assert_eq!(revision, next.revision, "acknowledged unseen");
                }
                if event == Some(Event::Deleted) {
                    let confirmed = *command == Command::ConfirmDeletion;
                    assert!(confirmed || !notice.opened, "deleted although somebody had seen it");
                }
                if notice.state.is_wiped() && !next.state.is_wiped() {
                    assert!(
                        matches!(command, Command::Arrive { .. })
                            && next.revision > notice.revision
                    );
                }
                let (twice, again) =
                    next.apply(command.clone(), at(9)).unwrap_or_else(|_| (next.clone(), None));
                assert!(again.is_none() && twice.state == next.state, "a repeat has one effect");
                queue.push_back(next);
            }
        }
        assert!(seen.len() > 40, "{}", seen.len());
        let reached: HashSet<NoticeState> = seen.iter().map(|key| key.0).collect();
        assert_eq!(reached.len(), NoticeState::ALL.len());
    }
}
