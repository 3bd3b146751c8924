//! Strategy discussions and conferences; beside them, enquiries under s.47, disagreements and transfers.
//!
//! | from \ command | respond | hold | cancel |
//! |---|---|---|---|
//! | called | answered | held, if quorate or excepted | cancelled |
//! | held | kept as late | – for the same record, else refused | refused |
//! | cancelled | kept as late | refused | – |
//!
//! Quorate is a meeting at which police and social services attend. Less is possible only with a reason and the signature of
//! a senior manager who did not chair it (Wales Safeguarding Procedures, section 3).

pub mod disagreement;
mod kinds;
pub mod section47;
pub mod transfer;

pub use self::kinds::{MeetingKind, MeetingOutcome, Standing};

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    incident::{Limit, Private},
    nation::Nation,
    organisation::{OrganisationId, OrganisationKind},
};

/// The most that are invited to one meeting.
pub const INVITED_LIMIT: usize = 30;
/// How long a reason may be.
pub const REASON: Limit = Limit::paragraphs(2_000);

/// How one partner stands to a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// What it answered last.
    pub standing: Standing,
    /// Why, if it does not come.
    pub reason: Private,
    /// When it answered.
    pub answered: Option<Timestamp>,
    /// It answered after the meeting had been held or cancelled.
    pub late: bool,
}

/// Who signed that a meeting was held without those who have to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Who signed.
    pub signed_by: String,
    /// Whether she is a senior manager.
    pub senior: bool,
    /// Why.
    pub reason: Private,
}

/// What was recorded of a meeting that was held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// When it was held.
    pub at: Timestamp,
    /// Who attended, the authority itself among them.
    pub attended: BTreeSet<OrganisationId>,
    /// What came of it.
    pub outcome: MeetingOutcome,
    /// Why, in words.
    pub reason: Private,
    /// The signature, if it was not quorate.
    pub exception: Option<Exception>,
}

/// Where a meeting stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeetingState {
    /// Called.
    Called,
    /// Held.
    Held,
    /// Cancelled.
    Cancelled,
}

impl MeetingState {
    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Called => "called",
            Self::Held => "held",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// What is held.
    pub kind: MeetingKind,
    /// Whose law holds.
    pub nation: Nation,
    /// The authority that calls it.
    pub authority: OrganisationId,
    /// Who chairs it.
    pub chair: String,
    /// Who is invited, apart from the authority.
    pub invitations: BTreeMap<OrganisationId, Invitation>,
    /// What was recorded.
    pub held: Option<Held>,
    /// Why it was cancelled.
    pub cancelled: Option<Private>,
}

/// What somebody wants of a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A partner answers.
    Respond {
        /// Who.
        from: OrganisationId,
        /// What.
        standing: Standing,
        /// Why.
        reason: Private,
    },
    /// The chair records it.
    Hold(Held),
    /// It does not take place.
    Cancel {
        /// Why.
        reason: Private,
    },
}

/// What happened to a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeetingEvent {
    /// A partner answered.
    Responded {
        /// Who.
        from: OrganisationId,
        /// Every partner has answered.
        complete: bool,
        /// It came after the meeting.
        late: bool,
    },
    /// It was held.
    Held {
        /// Whether police and social services were there.
        quorate: bool,
        /// An enquiry begins.
        enquiry: Option<section47::Conduct>,
        /// Those who were invited and not there.
        absent: Vec<OrganisationId>,
    },
    /// It does not take place.
    Cancelled,
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeetingRefusal {
    /// The answer is not one, or comes from somebody who was not invited.
    #[error("only who is invited can answer an invitation")]
    NotInvited,
    /// Nobody, too many, or the authority itself is invited.
    #[error("a meeting has between 1 and 30 invited partners")]
    Invited,
    /// No reason where one is needed.
    #[error("a reason is needed")]
    Reason,
    /// The authority itself did not attend, or somebody did who was not invited.
    #[error("the authority attends, and who else does was invited")]
    Attendance,
    /// Police or social services were missing, and no exception is signed.
    #[error("police and social services are needed, or an exception with a reason")]
    Inquorate,
    /// The signature is not that of a senior manager other than the chair.
    #[error("an exception is signed by a senior manager who did not chair")]
    Signature,
    /// Such a meeting does not come to this in this nation.
    #[error("such a meeting does not come to this outcome in this nation")]
    Outcome,
    /// It lies in the future.
    #[error("a meeting is recorded after it was held")]
    Time,
    /// The state does not allow it.
    #[error("a meeting that is {} does not allow it", .0.word())]
    State(MeetingState),
}

impl Meeting {
    /// Calls a meeting.
    ///
    /// # Errors
    ///
    /// [`MeetingRefusal::Invited`] if nobody, too many or the authority itself is invited.
    pub fn call(
        kind: MeetingKind,
        nation: Nation,
        authority: OrganisationId,
        chair: String,
        invited: BTreeSet<OrganisationId>,
    ) -> Result<Self, MeetingRefusal> {
        if invited.is_empty() || invited.len() > INVITED_LIMIT || invited.contains(&authority) {
            return Err(MeetingRefusal::Invited);
        }
        let fresh = || Invitation {
            standing: Standing::Invited,
            reason: Private::default(),
            answered: None,
            late: false,
        };
        let invitations = invited.into_iter().map(|partner| (partner, fresh())).collect();
        Ok(Self { kind, nation, authority, chair, invitations, held: None, cancelled: None })
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> MeetingState {
        if self.held.is_some() {
            MeetingState::Held
        } else if self.cancelled.is_some() {
            MeetingState::Cancelled
        } else {
            MeetingState::Called
        }
    }

    /// Whether every partner has answered.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.invitations.values().all(|invitation| invitation.standing != Standing::Invited)
    }

    /// Carries out a command: the meeting as it then stands, and what happened. No event means that nothing changed.
    ///
    /// # Errors
    ///
    /// [`MeetingRefusal`] if the meeting does not allow it.
    pub fn apply(
        &self,
        command: Command,
        now: Timestamp,
    ) -> Result<(Self, Vec<MeetingEvent>), MeetingRefusal> {
        match command {
            Command::Respond { from, standing, reason } => {
                self.respond(&from, standing, reason, now)
            }
            Command::Hold(held) => self.hold(held, now),
            Command::Cancel { reason } => self.cancel(reason),
        }
    }

    fn respond(
        &self,
        from: &OrganisationId,
        standing: Standing,
        reason: Private,
        now: Timestamp,
    ) -> Result<(Self, Vec<MeetingEvent>), MeetingRefusal> {
        let Some(earlier) = self.invitations.get(from) else {
            return Err(MeetingRefusal::NotInvited);
        };
        match standing {
            Standing::Invited => return Err(MeetingRefusal::NotInvited),
            Standing::Declines if reason.is_empty() => return Err(MeetingRefusal::Reason),
            Standing::Accepts | Standing::Declines | Standing::SendsReport => (),
        }
        if (earlier.standing, &earlier.reason) == (standing, &reason) {
            return Ok((self.clone(), Vec::new()));
        }
        let late = self.state() != MeetingState::Called;
        let answer = Invitation { standing, reason, answered: Some(now), late };
        let mut next = self.clone();
        next.invitations.insert(from.clone(), answer);
        let event =
            MeetingEvent::Responded { from: from.clone(), complete: next.is_answered(), late };
        Ok((next, vec![event]))
    }

    fn hold(
        &self,
        held: Held,
        now: Timestamp,
    ) -> Result<(Self, Vec<MeetingEvent>), MeetingRefusal> {
        if self.held.as_ref() == Some(&held) {
            return Ok((self.clone(), Vec::new()));
        }
        if self.state() != MeetingState::Called {
            return Err(MeetingRefusal::State(self.state()));
        }
        if now < held.at {
            return Err(MeetingRefusal::Time);
        }
        if held.reason.is_empty() {
            return Err(MeetingRefusal::Reason);
        }
        let known =
            |who: &OrganisationId| *who == self.authority || self.invitations.contains_key(who);
        if !held.attended.contains(&self.authority) || !held.attended.iter().all(known) {
            return Err(MeetingRefusal::Attendance);
        }
        if !held.outcome.can_come_of(self.kind, self.nation) {
            return Err(MeetingRefusal::Outcome);
        }
        let quorate = is_quorate(&held.attended);
        match &held.exception {
            None if !quorate => return Err(MeetingRefusal::Inquorate),
            Some(exception) if exception.reason.is_empty() => return Err(MeetingRefusal::Reason),
            Some(exception) if !exception.senior || exception.signed_by == self.chair => {
                return Err(MeetingRefusal::Signature);
            }
            None | Some(_) => (),
        }
        let absent = self.invitations.keys().filter(|who| !held.attended.contains(*who)).cloned();
        let event = MeetingEvent::Held {
            quorate,
            enquiry: held.outcome.enquiry(),
            absent: absent.collect(),
        };
        Ok((Self { held: Some(held), ..self.clone() }, vec![event]))
    }

    fn cancel(&self, reason: Private) -> Result<(Self, Vec<MeetingEvent>), MeetingRefusal> {
        match self.state() {
            MeetingState::Called if reason.is_empty() => Err(MeetingRefusal::Reason),
            MeetingState::Called => {
                let next = Self { cancelled: Some(reason), ..self.clone() };
                Ok((next, vec![MeetingEvent::Cancelled]))
            }
            MeetingState::Cancelled => Ok((self.clone(), Vec::new())),
            MeetingState::Held => Err(MeetingRefusal::State(MeetingState::Held)),
        }
    }
}

/// Whether police and social services attend.
#[must_use]
pub fn is_quorate(attended: &BTreeSet<OrganisationId>) -> bool {
    let there = |kind| attended.iter().any(|organisation| organisation.kind() == kind);
    there(OrganisationKind::PoliceForce) && there(OrganisationKind::LocalAuthority)
}

#[cfg(test)]
mod tests;
