//! An agreement between organisations about what they share: a WASPI information sharing protocol, a data disclosure
//! agreement, or an English information sharing agreement.
//!
//! What is shared by power, and not by duty, is shared under a clause of a live agreement or not at all. The terms never
//! change: whoever wants other terms proposes another agreement, which may supersede this one. Parties sign the digest of
//! the terms, so that all have signed the same words.
//!
//! | from \ command | sign | terminate | supersede | look |
//! |---|---|---|---|---|
//! | draft | partly signed | terminated, by the proposer | – | – |
//! | partly signed | agreed or live | terminated, by a signatory | – | – |
//! | agreed, not begun | one more signatory | terminated, by a signatory | superseded | live on its first day |
//! | live | one more signatory | terminated, by a signatory | superseded | warned; expired after its last day |
//! | expired, terminated, superseded | refused | refused | refused | – |
//!
//! Days are those of the calendar of the United Kingdom. Nothing here hashes: the digest comes from outside, over
//! [`Terms::canonical`].

use std::{collections::BTreeSet, fmt, str::FromStr};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use uuid::Uuid;

use crate::{incident::rules::day_of, organisation::OrganisationId};

mod cover;
mod terms;
mod words;

pub use cover::{Citation, Cover, Question};
pub use terms::{Clause, ClauseId, Draft, Fault, FaultKind, Party, Selector, Terms};
pub use words::{
    AgreementKind, BASES, BasisCode, Frequency, Lifecycle, PartyRole, SignatoryRole,
    TerminationReason,
};

#[cfg(test)]
mod tests;

/// Days before the last day on which the parties are warned, once each.
pub const WARNING_DAYS: [i32; 3] = [60, 30, 7];

/// The opaque id of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgreementId(Uuid);

/// The text is not the id of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an agreement")]
pub struct AgreementIdError;

impl AgreementId {
    /// An agreement of this id.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// From its resource name, `agreements/{id}`.
    ///
    /// # Errors
    ///
    /// [`AgreementIdError`] if it is no such name.
    pub fn from_name(name: &str) -> Result<Self, AgreementIdError> {
        name.strip_prefix("agreements/").ok_or(AgreementIdError)?.parse()
    }

    /// Its resource name.
    #[must_use]
    pub fn name(self) -> String {
        format!("agreements/{}", self.0)
    }
}

impl fmt::Display for AgreementId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl FromStr for AgreementId {
    type Err = AgreementIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self).map_err(|_| AgreementIdError)
    }
}

/// The SHA-256 of the canonical form of the terms. Whoever signs says which terms.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// These 32 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A digest that was stored or sent.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    /// As 64 hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A signature of a party.
#[derive(Clone, PartialEq, Eq)]
pub struct Signature {
    /// For whom.
    pub party: OrganisationId,
    /// The id of the person who signed.
    pub practitioner: String,
    /// In which office.
    pub role: SignatoryRole,
    /// When.
    pub at: Timestamp,
    /// What was signed.
    pub digest: Digest,
}

impl fmt::Debug for Signature {
    /// Without the person.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signature({}, {}, {})", self.party, self.role.word(), self.at)
    }
}

/// How an agreement was ended before its last day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Termination {
    /// By whom.
    pub party: OrganisationId,
    /// A coded reason.
    pub reason: TerminationReason,
    /// When; it stops at once.
    pub at: Timestamp,
}

/// Another agreement that takes the place of this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supersession {
    /// Which.
    pub by: AgreementId,
    /// The first day on which this one does not hold any more.
    pub from: Date,
}

/// A warning that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Which one: 60, 30 or 7 days before the last day.
    pub days: i32,
    /// When.
    pub at: Timestamp,
}

/// An agreement, with what its parties and its calendar have made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Its id.
    pub id: AgreementId,
    /// What is agreed.
    pub terms: Terms,
    /// Of the terms.
    pub digest: Digest,
    /// Who proposed it.
    pub proposed_by: OrganisationId,
    /// When.
    pub proposed_at: Timestamp,
    /// Who has signed, in order.
    pub signatures: Vec<Signature>,
    /// Whether it was ended early.
    pub termination: Option<Termination>,
    /// Whether another one takes its place.
    pub superseded: Option<Supersession>,
    /// The warnings that were given.
    pub warnings: Vec<Warning>,
    /// Whether its beginning was told.
    pub activated: bool,
    /// Whether its end was told.
    pub expired: bool,
}

/// What somebody or something wants of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A party signs.
    Sign {
        /// For whom.
        party: OrganisationId,
        /// The id of the person.
        practitioner: String,
        /// In which office.
        role: SignatoryRole,
        /// What the person has read.
        digest: Digest,
    },
    /// A party ends it.
    Terminate {
        /// Which.
        party: OrganisationId,
        /// Why.
        reason: TerminationReason,
    },
    /// Another agreement takes its place.
    Supersede(Supersession),
    /// The calendar is looked at.
    Look,
}

/// What has become of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A party has signed.
    Signed {
        /// Which.
        party: OrganisationId,
    },
    /// It is live from now on.
    Activated,
    /// Its last day is near.
    ExpiryWarned {
        /// Which warning: 60, 30 or 7.
        days: i32,
        /// How many days there are.
        left: i32,
    },
    /// Its last day is over.
    Expired,
    /// It was ended early.
    Terminated,
    /// Another one takes its place.
    Superseded,
}

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgreementError {
    /// Not a party.
    #[error("the organisation is not a party of this agreement")]
    NotAParty,
    /// The party has signed already.
    #[error("this party has signed already")]
    SignedAlready,
    /// Signed was something else.
    #[error("what was signed is not what this agreement says")]
    OtherDigest,
    /// It has expired, was terminated or superseded.
    #[error("the agreement has ended")]
    Ended,
    /// It binds others, and not this party.
    #[error(
        "only a party that has signed may end the agreement; before that, only the one that proposed it"
    )]
    NotASignatory,
    /// Nothing that is in force can be superseded.
    #[error("only an agreement that two parties have signed can be superseded")]
    NotAgreed,
}

impl Agreement {
    /// A draft that nobody has signed.
    #[must_use]
    pub fn propose(
        id: AgreementId,
        (terms, digest): (Terms, Digest),
        proposed_by: OrganisationId,
        proposed_at: Timestamp,
    ) -> Self {
        Self {
            id,
            terms,
            digest,
            proposed_by,
            proposed_at,
            signatures: Vec::new(),
            termination: None,
            superseded: None,
            warnings: Vec::new(),
            activated: false,
            expired: false,
        }
    }

    /// Whether the organisation is a party.
    #[must_use]
    pub fn has_party(&self, organisation: &OrganisationId) -> bool {
        self.terms.party(organisation).is_some()
    }

    /// Whether the party has signed these terms.
    #[must_use]
    pub fn is_signed_by(&self, party: &OrganisationId) -> bool {
        self.has_party(party)
            && self
                .signatures
                .iter()
                .any(|signature| signature.party == *party && signature.digest == self.digest)
    }

    /// Whether two different parties have signed these terms.
    #[must_use]
    pub fn is_agreed(&self) -> bool {
        let signed: BTreeSet<&OrganisationId> = self
            .signatures
            .iter()
            .map(|signature| &signature.party)
            .filter(|party| self.is_signed_by(party))
            .collect();
        signed.len() >= 2
    }

    /// Where it stands on a day.
    #[must_use]
    pub fn state_on(&self, day: Date) -> Lifecycle {
        if self.termination.is_some() {
            Lifecycle::Terminated
        } else if self.superseded.is_some_and(|superseded| superseded.from <= day) {
            Lifecycle::Superseded
        } else if self.terms.valid_until() < day {
            Lifecycle::Expired
        } else if !self.is_agreed() {
            if self.signatures.is_empty() { Lifecycle::Draft } else { Lifecycle::PartlySigned }
        } else if day < self.terms.valid_from() {
            Lifecycle::Agreed
        } else {
            Lifecycle::Live
        }
    }

    /// How many days are left after this one; negative once the last day is over.
    #[must_use]
    pub fn days_left(&self, day: Date) -> i32 {
        // Days between two dates of the calendar always fit; nothing would be left if they did not.
        day.until(self.terms.valid_until()).map_or(0, |span| span.get_days())
    }

    /// The instant from which nothing goes under it any more, if nobody ends it before.
    #[must_use]
    pub fn holds_until(&self) -> Timestamp {
        let after = self.terms.valid_until().tomorrow().unwrap_or(Date::MIN);
        let end = self.superseded.map_or(after, |superseded| superseded.from.min(after));
        let london = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
        end.to_zoned(london).map_or(Timestamp::MIN, |midnight| midnight.timestamp())
    }

    /// Does what is asked, or refuses it and changes nothing.
    ///
    /// # Errors
    ///
    /// [`AgreementError`].
    pub fn apply(
        &mut self,
        command: Command,
        now: Timestamp,
    ) -> Result<Vec<Event>, AgreementError> {
        let ended = self.state_on(day_of(now)).has_ended();
        match command {
            Command::Sign { party, practitioner, role, digest } => {
                let signature = Signature { party, practitioner, role, at: now, digest };
                self.sign(signature, ended)
            }
            Command::Terminate { party, reason } => {
                self.terminate(Termination { party, reason, at: now }, ended)
            }
            Command::Supersede(_) if ended || self.superseded.is_some() => {
                Err(AgreementError::Ended)
            }
            Command::Supersede(_) if !self.is_agreed() => Err(AgreementError::NotAgreed),
            Command::Supersede(superseded) => {
                self.superseded = Some(superseded);
                Ok(vec![Event::Superseded])
            }
            Command::Look => Ok(self.look(now)),
        }
    }

    fn sign(&mut self, signature: Signature, ended: bool) -> Result<Vec<Event>, AgreementError> {
        if !self.has_party(&signature.party) {
            return Err(AgreementError::NotAParty);
        }
        if ended {
            return Err(AgreementError::Ended);
        }
        if signature.digest != self.digest {
            return Err(AgreementError::OtherDigest);
        }
        if self.is_signed_by(&signature.party) {
            return Err(AgreementError::SignedAlready);
        }
        let (party, now) = (signature.party.clone(), signature.at);
        self.signatures.push(signature);
        let mut events = vec![Event::Signed { party }];
        events.extend(self.look(now));
        Ok(events)
    }

    fn terminate(&mut self, end: Termination, ended: bool) -> Result<Vec<Event>, AgreementError> {
        if !self.has_party(&end.party) {
            return Err(AgreementError::NotAParty);
        }
        if ended {
            return Err(AgreementError::Ended);
        }
        let proposer = self.signatures.is_empty() && self.proposed_by == end.party;
        if !proposer && !self.is_signed_by(&end.party) {
            return Err(AgreementError::NotASignatory);
        }
        self.termination = Some(end);
        Ok(vec![Event::Terminated])
    }

    /// What the calendar has to say, once each.
    fn look(&mut self, now: Timestamp) -> Vec<Event> {
        let day = day_of(now);
        let mut events = Vec::new();
        let state = self.state_on(day);
        if state == Lifecycle::Live && !self.activated {
            self.activated = true;
            events.push(Event::Activated);
        }
        if state == Lifecycle::Expired && !self.expired {
            self.expired = true;
            events.push(Event::Expired);
        }
        // A successor is on its way: nobody has to do anything.
        if state == Lifecycle::Live && self.superseded.is_none() {
            events.extend(self.warn(self.days_left(day), now));
        }
        events
    }

    /// After a silence, only the most urgent of the warnings that are due is given, and the others count as given.
    fn warn(&mut self, left: i32, now: Timestamp) -> Option<Event> {
        let given: Vec<i32> = self.warnings.iter().map(|warning| warning.days).collect();
        let due: Vec<i32> = WARNING_DAYS
            .into_iter()
            .filter(|days| left <= *days && !given.contains(days))
            .collect();
        self.warnings.extend(due.iter().map(|days| Warning { days: *days, at: now }));
        due.into_iter().min().map(|days| Event::ExpiryWarned { days, left })
    }
}
