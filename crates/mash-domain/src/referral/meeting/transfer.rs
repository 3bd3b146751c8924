//! A child's case on its way from one authority to another, within a nation or across the border (R30).
//!
//! | from \ command | accept | refuse | take back |
//! |---|---|---|---|
//! | offered | accepted | refused, with a reason | taken back, with a reason |
//! | accepted | – | refused | refused |
//! | refused | refused | – for the same reason, else refused | – |
//! | taken back | refused | refused | – |
//!
//! Until the other authority has accepted, the duty stays where it is; from then on the receiving one has it under the law of
//! its own nation, and the clocks are its own. Nothing of the law of one nation is carried over the border: not a plan, and
//! not a limit that ran.

use jiff::Timestamp;

use crate::{incident::Private, nation::Nation, organisation::OrganisationId};

/// One of the two bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The authority.
    pub authority: OrganisationId,
    /// Whose law binds it.
    pub nation: Nation,
}

/// Where a transfer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferState {
    /// Offered.
    Offered,
    /// The other one has it.
    Accepted {
        /// Who accepted.
        by: String,
        /// Since when.
        at: Timestamp,
    },
    /// The other one does not take it.
    Refused {
        /// Why.
        reason: Private,
        /// When.
        at: Timestamp,
    },
    /// It was taken back.
    TakenBack {
        /// Why.
        reason: Private,
        /// When.
        at: Timestamp,
    },
}

impl TransferState {
    /// The word that stands for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
            Self::TakenBack { .. } => "taken-back",
        }
    }
}

/// A transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Who sends.
    pub from: Body,
    /// Who is to take it.
    pub to: Body,
    /// The child is on a plan: the receiving authority holds a transfer-in conference.
    pub on_plan: bool,
    /// Where it stands.
    pub state: TransferState,
}

/// What somebody wants of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The other authority takes it.
    Accept {
        /// Which authority.
        authority: OrganisationId,
        /// Who.
        by: String,
    },
    /// The other authority does not take it.
    Refuse {
        /// Which authority.
        authority: OrganisationId,
        /// Why.
        reason: Private,
    },
    /// The sending authority keeps it.
    TakeBack {
        /// Which authority.
        authority: OrganisationId,
        /// Why.
        reason: Private,
    },
}

/// What happened to a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferEvent {
    /// The duty has moved.
    Accepted {
        /// A transfer-in conference is due.
        conference: bool,
    },
    /// The duty stays.
    Refused,
    /// The duty stays.
    TakenBack,
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferRefusal {
    /// To itself.
    #[error("an authority does not transfer to itself")]
    Same,
    /// The other side has to do this.
    #[error("this is for the other authority to do")]
    OtherSide,
    /// No reason.
    #[error("a reason is needed")]
    Reason,
    /// It has been answered already.
    #[error("a transfer that is {0} does not allow it")]
    State(&'static str),
}

impl Transfer {
    /// Offers a case to another authority.
    ///
    /// # Errors
    ///
    /// [`TransferRefusal::Same`] if it is the same one.
    pub fn offer(from: Body, to: Body, on_plan: bool) -> Result<Self, TransferRefusal> {
        if from.authority == to.authority {
            return Err(TransferRefusal::Same);
        }
        Ok(Self { from, to, on_plan, state: TransferState::Offered })
    }

    /// Who has the duty to protect the child by reason of this case, under the law of its own nation.
    #[must_use]
    pub const fn duty(&self) -> &Body {
        match self.state {
            TransferState::Accepted { .. } => &self.to,
            TransferState::Offered
            | TransferState::Refused { .. }
            | TransferState::TakenBack { .. } => &self.from,
        }
    }

    /// Whether it goes from one nation to the other.
    #[must_use]
    pub fn crosses_border(&self) -> bool {
        self.from.nation != self.to.nation
    }

    /// Carries out a command: the transfer as it then stands, and what happened. No event means that nothing changed.
    ///
    /// # Errors
    ///
    /// [`TransferRefusal`] if it does not allow it.
    pub fn apply(
        &self,
        command: Command,
        now: Timestamp,
    ) -> Result<(Self, Vec<TransferEvent>), TransferRefusal> {
        let (side, authority) = match &command {
            Command::Accept { authority, .. } | Command::Refuse { authority, .. } => {
                (&self.to, authority)
            }
            Command::TakeBack { authority, .. } => (&self.from, authority),
        };
        if side.authority != *authority {
            return Err(TransferRefusal::OtherSide);
        }
        if let Command::Refuse { reason, .. } | Command::TakeBack { reason, .. } = &command
            && reason.is_empty()
        {
            return Err(TransferRefusal::Reason);
        }
        let (state, event) = match (&self.state, command) {
            (TransferState::Offered, Command::Accept { by, .. }) => (
                TransferState::Accepted { by, at: now },
                TransferEvent::Accepted { conference: self.on_plan },
            ),
            (TransferState::Offered, Command::Refuse { reason, .. }) => {
                (TransferState::Refused { reason, at: now }, TransferEvent::Refused)
            }
            (TransferState::Offered, Command::TakeBack { reason, .. }) => {
                (TransferState::TakenBack { reason, at: now }, TransferEvent::TakenBack)
            }
            (TransferState::Accepted { .. }, Command::Accept { .. })
            | (
                TransferState::Refused { .. } | TransferState::TakenBack { .. },
                Command::TakeBack { .. },
            ) => return Ok((self.clone(), Vec::new())),
            (TransferState::Refused { reason: said, .. }, Command::Refuse { reason, .. })
                if *said == reason =>
            {
                return Ok((self.clone(), Vec::new()));
            }
            (state, _) => return Err(TransferRefusal::State(state.word())),
        };
        Ok((Self { state, ..self.clone() }, vec![event]))
    }
}

#[cfg(test)]
mod tests;
