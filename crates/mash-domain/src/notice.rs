//! A notice to one school or desk about one child: where it stands, and what may happen to it.
//!
//! | from \ command | open | confirm roll | acknowledge | reject | revise | recall | confirm deletion | escalate |
//! |---|---|---|---|---|---|---|---|---|
//! | delivered | opened | delivered | acknowledged | rejected | delivered | recalled | refused | escalated |
//! | opened | – | opened | acknowledged | rejected | delivered | recalled | refused | escalated |
//! | acknowledged | – | – | – | rejected | acknowledged | recalled | refused | refused |
//! | escalated | – | escalated | acknowledged | rejected | escalated | recalled | refused | – |
//! | rejected | refused | refused | refused | – | refused | – | refused | refused |
//! | recalled | – | refused | refused | refused | delivered | – | deleted | refused |
//! | deleted | – | refused | refused | refused | delivered | – | – | refused |
//!
//! A school's notice is sealed until somebody there has confirmed that the child is on its roll: before that it shows who
//! the child is and nothing else, so that a stale directory discloses nothing, and it cannot be acknowledged, since
//! nobody acknowledges what she did not see. A desk has no roll, and its notices are never sealed.
//!
//! `–` stays as it is, so that a repeat has one effect. A revision of an acknowledged notice stays acknowledged: the duty was
//! discharged by a person. It shows as changed, since the revision that she acknowledged is older than the one that is there.
//! A revision of a rejected notice is refused: the child is not that school's, whatever was on its way. After a recall a newer
//! revision starts the notice again.

use jiff::Timestamp;

/// Where a notice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeState {
    /// Delivered, and nobody has opened it.
    Delivered,
    /// Opened.
    Opened,
    /// Acknowledged by a person.
    Acknowledged,
    /// Rejected as not on the roll.
    Rejected,
    /// With a named officer of the authority.
    Escalated,
    /// Recalled; the deletion of copies is awaited.
    Recalled,
    /// Recalled, and the deletion of copies confirmed.
    Deleted,
}

impl NoticeState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Delivered,
        Self::Opened,
        Self::Acknowledged,
        Self::Rejected,
        Self::Escalated,
        Self::Recalled,
        Self::Deleted,
    ];

    /// The word that stands for it in tables and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Opened => "opened",
            Self::Acknowledged => "acknowledged",
            Self::Rejected => "rejected",
            Self::Escalated => "escalated",
            Self::Recalled => "recalled",
            Self::Deleted => "deleted",
        }
    }

    /// The state with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether its content is gone.
    #[must_use]
    pub const fn is_wiped(self) -> bool {
        matches!(self, Self::Rejected | Self::Recalled | Self::Deleted)
    }

    /// Whether it waits for somebody, and its deliver-by time counts.
    #[must_use]
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Delivered | Self::Opened)
    }
}

/// Who acknowledged, when, and which revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The id of the practitioner.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What she had before her.
    pub revision: u32,
}

/// Whether what a notice says is open to whoever it was sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seal {
    /// A desk has no roll to look at.
    None,
    /// Nobody has confirmed yet that the child is on the roll.
    Sealed,
    /// The child is on the roll.
    Confirmed {
        /// Who said so.
        by: String,
        /// When.
        at: Timestamp,
    },
}

impl Seal {
    /// Whether only who the child is may be shown.
    #[must_use]
    pub const fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed)
    }
}

/// A notice, without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Where it stands.
    pub state: NoticeState,
    /// 1, then one more for each change of what may be known.
    pub revision: u32,
    /// The bell; none for a desk.
    pub deliver_by: Option<Timestamp>,
    /// The acknowledgement, if there is one.
    pub acknowledgement: Option<Acknowledgement>,
    /// The officer who has a telephone task, if it was escalated to one.
    pub escalated_to: Option<String>,
    /// Why it was recalled, if it was.
    pub recall_reason: Option<String>,
    /// Whether what it says is open.
    pub seal: Seal,
}

/// What somebody or something wants of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A person opens it.
    Open {
        /// Who.
        by: String,
    },
    /// A person confirms that the child is on the roll, which opens what the notice says.
    ConfirmRoll {
        /// Who.
        by: String,
    },
    /// A person acknowledges the revision that she read.
    Acknowledge {
        /// Who.
        by: String,
        /// What she read.
        revision: u32,
    },
    /// A person says that the child is not on the roll.
    Reject {
        /// Who.
        by: String,
    },
    /// Routing has something newer.
    Revise {
        /// The newer revision.
        revision: u32,
    },
    /// Police take it back.
    Recall {
        /// A coded reason.
        reason: String,
    },
    /// A person confirms that copies are deleted.
    ConfirmDeletion {
        /// Who.
        by: String,
    },
    /// It goes up the ladder.
    Escalate {
        /// The officer who gets a telephone task; none if the desk has no officer.
        to: Option<String>,
        /// A coded reason.
        reason: &'static str,
    },
}

/// What happened to a notice. Every event but `RollConfirmed`, `Revised` and `Recalled` is told to whoever sent it, as a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeEvent {
    /// It arrived, or started again after a recall.
    Delivered,
    /// Somebody opened it.
    Opened {
        /// Who.
        by: String,
    },
    /// The child is on the roll.
    RollConfirmed {
        /// Who said so.
        by: String,
    },
    /// Somebody acknowledged it.
    Acknowledged {
        /// Who.
        by: String,
        /// Whether the bell had rung.
        late: bool,
    },
    /// It is not this school's; the content goes at once.
    Rejected {
        /// Who said so.
        by: String,
    },
    /// The authority has it.
    Escalated {
        /// The officer.
        to: Option<String>,
        /// A coded reason.
        reason: &'static str,
        /// Whether the bell had rung.
        late: bool,
    },
    /// Its content was replaced.
    Revised,
    /// It was recalled; the content goes at once.
    Recalled,
    /// Copies were deleted.
    Deleted {
        /// Who confirmed.
        by: String,
    },
}

impl NoticeEvent {
    /// Whether it is what a notice waited for, and the bell had rung.
    #[must_use]
    pub const fn is_late(&self) -> bool {
        match self {
            Self::Acknowledged { late, .. } | Self::Escalated { late, .. } => *late,
            Self::Delivered
            | Self::Opened { .. }
            | Self::RollConfirmed { .. }
            | Self::Rejected { .. }
            | Self::Revised
            | Self::Recalled
            | Self::Deleted { .. } => false,
        }
    }
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeRefusal {
    /// Another revision than the one that was read has arrived.
    #[error("the notice has another revision")]
    StaleRevision,
    /// Nobody has confirmed that the child is on the roll.
    #[error("the notice is sealed until the roll is confirmed")]
    Sealed,
    /// The state does not allow it.
    #[error("a notice that is {} does not allow it", .0.word())]
    State(NoticeState),
}

impl Notice {
    /// A notice that arrives. A school's has a deliver-by time and is sealed; a desk's has neither.
    #[must_use]
    pub const fn delivered(revision: u32, deliver_by: Option<Timestamp>) -> Self {
        let seal = if deliver_by.is_some() { Seal::Sealed } else { Seal::None };
        Self {
            state: NoticeState::Delivered,
            revision,
            deliver_by,
            acknowledgement: None,
            escalated_to: None,
            recall_reason: None,
            seal,
        }
    }

    /// Whether the bell has rung. At the bell itself it has.
    #[must_use]
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.deliver_by.is_some_and(|bell| bell <= now)
    }

    /// Carries out a command: the notice as it then stands, and what happened. No event means that nothing changed.
    ///
    /// # Errors
    ///
    /// [`NoticeRefusal`] if the state does not allow it or the revision is not the one that is there.
    pub fn apply(
        &self,
        command: Command,
        now: Timestamp,
    ) -> Result<(Self, Vec<NoticeEvent>), NoticeRefusal> {
        match command {
            Command::Open { by } => self.open(by),
            Command::ConfirmRoll { by } => self.confirm_roll(by, now),
            Command::Acknowledge { by, revision } => self.acknowledge(by, revision, now),
            Command::Reject { by } => self.reject(by),
            Command::Revise { revision } => self.revise(revision),
            Command::Recall { reason } => Ok(self.recall(reason)),
            Command::ConfirmDeletion { by } => self.confirm_deletion(by),
            Command::Escalate { to, reason } => self.escalate(to, reason, now),
        }
    }

    fn unchanged(&self) -> (Self, Vec<NoticeEvent>) {
        (self.clone(), Vec::new())
    }

    fn in_state(&self, state: NoticeState) -> Self {
        Self { state, ..self.clone() }
    }

    fn open(&self, by: String) -> Result<(Self, Vec<NoticeEvent>), NoticeRefusal> {
        use NoticeState as S;
        match self.state {
            S::Delivered => Ok((self.in_state(S::Opened), vec![NoticeEvent::Opened { by }])),
            S::Opened | S::Acknowledged | S::Escalated | S::Recalled | S::Deleted => {
                Ok(self.unchanged())
            }
            S::Rejected => Err(NoticeRefusal::State(self.state)),
        }
    }

    fn confirm_roll(
        &self,
        by: String,
        now: Timestamp,
    ) -> Result<(Self, Vec<NoticeEvent>), NoticeRefusal> {
        use NoticeState as S;
        match self.state {
            S::Rejected | S::Recalled | S::Deleted => return Err(NoticeRefusal::State(self.state)),
            S::Delivered | S::Opened | S::Acknowledged | S::Escalated => (),
        }
        if !self.seal.is_sealed() {
            return Ok(self.unchanged());
        }
        let seal = Seal::Confirmed { by: by.clone(), at: now };
        Ok((Self { seal, ..self.clone() }, vec![NoticeEvent::RollConfirmed { by }]))
    }

    fn acknowledge(
        &self,
        by: String,
        revision: u32,
        now: Timestamp,
    ) -> Result<(Self, Vec<NoticeEvent>), NoticeRefusal> {
        use NoticeState as S;
        match self.state {
            S::Rejected | S::Recalled | S::Deleted => return Err(NoticeRefusal::State(self.state)),
            S::Delivered | S::Opened | S::Acknowledged | S::Escalated => (),
        }
        if self.seal.is_sealed() {
            return Err(NoticeRefusal::Sealed);
        }
        if revision != self.revision {
            return Err(NoticeRefusal::StaleRevision);
        }
        if self.acknowledgement.as_ref().is_some_and(|earlier| earlier.revision == revision) {
            return Ok(self.unchanged());
        }
        let acknowledgement = Some(Acknowledgement { by: by.clone(), at: now, revision });
        let next = Self { acknowledgement, ..self.in_state(S::Acknowledged) };
        Ok((next, vec![NoticeEvent::Acknowledged { by, late: self.is_late(now) }]))
    }

    fn reject(&self, by: String) -> Result<(Self, Vec<NoticeEvent>), NoticeRefusal> {
        use NoticeState as S;
        match self.state {
            S::Delivered | S::Opened | S::Acknowledged | S::Escalated => {
                Ok((self.in_state(S::Rejected), vec![NoticeEvent::Rejected { by }]))
            }
            S::Rejected => Ok(self.unchanged()),
            S::Recalled | S::Deleted => Err(NoticeRefusal::State(self.state)),
        }
    }

    fn revise(&self, revision: u32) -> Result<(Self, Vec<NoticeEvent>), NoticeRefusal> {
        use NoticeState as S;
        if self.state == S::Rejected {
            return Err(NoticeRefusal::State(self.state));
        }
        if revision <= self.revision {
            return Ok(self.unchanged());
        }
        let next = Self { revision, ..self.clone() };
        Ok(match self.state {
            S::Delivered | S::Acknowledged | S::Escalated | S::Rejected => {
                (next, vec![NoticeEvent::Revised])
            }
            // What was opened is no longer what is there.
            S::Opened => (next.in_state(S::Delivered), vec![NoticeEvent::Revised]),
            S::Recalled | S::Deleted => {
                (Self::delivered(revision, self.deliver_by), vec![NoticeEvent::Delivered])
            }
        })
    }

    fn recall(&self, reason: String) -> (Self, Vec<NoticeEvent>) {
        use NoticeState as S;
        match self.state {
            S::Delivered | S::Opened | S::Acknowledged | S::Escalated => {
                let next = Self { recall_reason: Some(reason), ..self.in_state(S::Recalled) };
                (next, vec![NoticeEvent::Recalled])
            }
            // A rejected one is wiped already; it stays rejected.
            S::Rejected | S::Recalled | S::Deleted => self.unchanged(),
        }
    }

    fn confirm_deletion(&self, by: String) -> Result<(Self, Vec<NoticeEvent>), NoticeRefusal> {
        use NoticeState as S;
        match self.state {
            S::Recalled => Ok((self.in_state(S::Deleted), vec![NoticeEvent::Deleted { by }])),
            S::Deleted => Ok(self.unchanged()),
            S::Delivered | S::Opened | S::Acknowledged | S::Escalated | S::Rejected => {
                Err(NoticeRefusal::State(self.state))
            }
        }
    }

    fn escalate(
        &self,
        to: Option<String>,
        reason: &'static str,
        now: Timestamp,
    ) -> Result<(Self, Vec<NoticeEvent>), NoticeRefusal> {
        use NoticeState as S;
        match self.state {
            S::Delivered | S::Opened => {
                let next = Self { escalated_to: to.clone(), ..self.in_state(S::Escalated) };
                Ok((next, vec![NoticeEvent::Escalated { to, reason, late: self.is_late(now) }]))
            }
            S::Escalated => Ok(self.unchanged()),
            S::Acknowledged | S::Rejected | S::Recalled | S::Deleted => {
                Err(NoticeRefusal::State(self.state))
            }
        }
    }
}

#[cfg(test)]
mod tests;
