//! Consent to a service: who said what about one child, for which services and flows, and what stands now.
//!
//! A [`Register`] holds everything on record about one child of one case. It never forgets: a change of mind is a new
//! record, and what ended stays as it was. Where several records speak about the same service, the last word counts.
//!
//! | record \ command | withdraw | expire |
//! |---|---|---|
//! | given, and its time has not come | withdrawn | refused: not yet |
//! | given, and its time has come | withdrawn | expired |
//! | refused, not sought | refused: never given | refused: never given |
//! | withdrawn, expired | refused: it has ended | refused: it has ended |
//!
//! A later refusal, or a later record that asking is not safe, ends every given consent that it meets: whoever relied
//! on the earlier word must stop.
//!
//! Consent is asked for a service that a family may take or leave (R10, R11, R19). For every other flow the answer is
//! [`ConsentState::NotRequired`], whatever is on record: a consent never stands in the way of a duty.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    organisation::OrganisationId,
    sharing::{ChildView, ConsentState, Flow},
};

pub mod words;

pub use words::{
    Assessor, Evidence, EvidenceKind, EvidenceReference, Giver, Outcome, ReferenceError, Service,
    Unsafe, Whose,
};

/// The opaque id of a record.
pub type ConsentId = uuid::Uuid;

/// What a consent is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// To which services.
    pub services: BTreeSet<Service>,
    /// For which flows.
    pub flows: BTreeSet<Flow>,
}

impl Scope {
    /// Whether it takes in this service in this flow.
    #[must_use]
    pub fn covers(&self, flow: Flow, service: &OrganisationId) -> bool {
        self.flows.contains(&flow) && self.services.iter().any(|known| known.includes(service))
    }

    fn meets(&self, other: &Self) -> bool {
        self.flows.intersection(&other.flows).next().is_some()
            && self.services.iter().any(|one| other.services.iter().any(|two| one.meets(two)))
    }

    fn check(&self) -> Result<(), ConsentError> {
        if self.services.is_empty() {
            return Err(ConsentError::NoService);
        }
        if self.flows.is_empty() {
            return Err(ConsentError::NoFlow);
        }
        if let Some(flow) = self.flows.iter().find(|flow| !flow.asks_consent()) {
            return Err(ConsentError::FlowAsksNone(*flow));
        }
        let useless =
            |service: &&Service| !self.flows.iter().any(|flow| service.can_receive(*flow));
        if self.services.iter().any(|service| useless(&service)) {
            return Err(ConsentError::ServiceCannotReceive);
        }
        Ok(())
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Its opaque id.
    pub id: ConsentId,
    /// What was said.
    pub outcome: Outcome,
    /// Who said it, or decided that nobody is asked: `None` for the latter.
    pub giver: Option<Giver>,
    /// Whose information it covers.
    pub whose: BTreeSet<Whose>,
    /// What it is about.
    pub scope: Scope,
    /// What shows it.
    pub evidence: Evidence,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Where it stands. The time of a given consent may have passed before anybody has marked it.
    pub state: ConsentState,
    /// When it ended, and why.
    pub ended: Option<(Timestamp, Ending)>,
    /// Its last change among all changes of the register.
    pub changed: u64,
}

/// Why a given consent has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Withdrawn by somebody in this role.
    Withdrawn(Giver),
    /// Overtaken by a later refusal, or by a later record that asking is not safe.
    Overtaken,
    /// Its time has passed.
    Expired,
}

impl Ending {
    /// The state that it leads to.
    #[must_use]
    pub const fn state(self) -> ConsentState {
        match self {
            Self::Withdrawn(_) | Self::Overtaken => ConsentState::Withdrawn,
            Self::Expired => ConsentState::Expired,
        }
    }
}

impl Consent {
    /// Where it stands at this instant.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> ConsentState {
        match (self.state, self.outcome) {
            (ConsentState::Given, Outcome::Given { until }) if until <= now => {
                ConsentState::Expired
            }
            (state, _) => state,
        }
    }
}

/// What a child has said about services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedView {
    /// What the child said.
    pub view: ChildView,
    /// Whether whoever assessed it found the child competent to decide. Otherwise it is on record and does not decide.
    pub competent: bool,
    /// Who assessed it.
    pub assessor: Assessor,
    /// About what.
    pub scope: Scope,
    /// What shows it.
    pub evidence: Evidence,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// What is to be put on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// What was said when the family was asked, or why nobody asked.
    Record {
        /// A fresh id.
        id: ConsentId,
        /// What was said.
        outcome: Outcome,
        /// Who said it; nobody, when nobody was asked.
        giver: Option<Giver>,
        /// Whose information it covers.
        whose: BTreeSet<Whose>,
        /// What it is about.
        scope: Scope,
        /// What shows it.
        evidence: Evidence,
    },
    /// Somebody takes a given consent back.
    Withdraw {
        /// Which.
        id: ConsentId,
        /// In what role.
        by: Giver,
    },
    /// The time of a given consent has come.
    Expire {
        /// Which.
        id: ConsentId,
    },
    /// The child's own view.
    View(RecordedView),
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A record was made.
    Recorded(Box<Consent>),
    /// A given consent has ended.
    Ended {
        /// Which.
        id: ConsentId,
        /// When.
        at: Timestamp,
        /// Why.
        ending: Ending,
    },
    /// The child's view was recorded.
    Viewed(Box<RecordedView>),
}

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// The consent names no service.
    #[error("it names no service")]
    NoService,
    /// The consent names no flow.
    #[error("it names no flow")]
    NoFlow,
    /// The flow is one for which nobody is asked.
    #[error("nobody is asked for consent to the flow `{0}`")]
    FlowAsksNone(Flow),
    /// A service is of a kind that receives in none of the flows.
    #[error("a service cannot receive in any of the flows")]
    ServiceCannotReceive,
    /// It does not say whose information it covers.
    #[error("it does not say whose information it covers")]
    NoOnesInformation,
    /// Nobody gave or refused it.
    #[error("it does not say who gave or refused it")]
    NobodySaidSo,
    /// Somebody is said to have answered although nobody was asked.
    #[error("nobody was asked, so nobody can have answered")]
    NobodyWasAsked,
    /// The role does not speak for that information.
    #[error("that role does not speak for that information")]
    NotTheirs,
    /// A child decides only when assessed as competent, and the view on record says otherwise.
    #[error("the child has not been assessed as competent to decide")]
    NotCompetent,
    /// Its time has passed already.
    #[error("it would have ended before it began")]
    EndsBeforeItBegins,
    /// There is such a record already.
    #[error("there is a record of this id already")]
    IdTaken,
    /// There is no such record.
    #[error("there is no such record")]
    Unknown,
    /// It was never given, so it can be neither withdrawn nor expire.
    #[error("it was never given")]
    NeverGiven,
    /// It has ended before.
    #[error("it has ended already")]
    HasEnded,
    /// Its time has not come.
    #[error("its time has not come")]
    NotYet,
    /// The child's view says nothing.
    #[error("a view is that the child agrees or objects")]
    NoView,
}

/// How a consent stands for one service in one flow, and on which records that rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state by which the rules decide.
    pub state: ConsentState,
    /// The records on which a release would rest; empty unless the state is given. The end of any one of them stops it.
    pub rests_on: Vec<ConsentId>,
    /// When the first of these ends by itself.
    pub until: Option<Timestamp>,
}

impl Standing {
    const fn bare(state: ConsentState) -> Self {
        Self { state, rests_on: Vec::new(), until: None }
    }
}

/// Everything on record about one child of one case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    consents: Vec<Consent>,
    views: Vec<RecordedView>,
    changes: u64,
}

impl Register {
    /// Read back from a store: records and views in the order in which they were made.
    #[must_use]
    pub fn restore(consents: Vec<Consent>, views: Vec<RecordedView>) -> Self {
        let changes = consents.iter().map(|consent| consent.changed).max().unwrap_or(0);
        Self { consents, views, changes }
    }

    /// The records, oldest first.
    #[must_use]
    pub fn consents(&self) -> &[Consent] {
        &self.consents
    }

    /// The child's views, oldest first.
    #[must_use]
    pub fn views(&self) -> &[RecordedView] {
        &self.views
    }

    /// The record of this id.
    #[must_use]
    pub fn consent(&self, id: ConsentId) -> Option<&Consent> {
        self.consents.iter().find(|consent| consent.id == id)
    }

    /// How consent to this flow and service stands at this instant.
    #[must_use]
    pub fn state_for(&self, flow: Flow, service: &OrganisationId, now: Timestamp) -> Standing {
        if !flow.asks_consent() {
            return Standing::bare(ConsentState::NotRequired);
        }
        let about = || self.consents.iter().filter(|known| known.scope.covers(flow, service));
        let Some(last) = about().max_by_key(|consent| consent.changed) else {
            return Standing::bare(ConsentState::NotRecorded);
        };
        let state = last.state_at(now);
        if state != ConsentState::Given {
            return Standing::bare(state);
        }
        let standing = || about().filter(|known| known.state_at(now) == ConsentState::Given);
        Standing {
            state,
            rests_on: standing().map(|consent| consent.id).collect(),
            until: standing().filter_map(|consent| consent.until()).min(),
        }
    }

    /// What a child who is competent to decide last said about this service.
    #[must_use]
    pub fn child_view(&self, flow: Flow, service: &OrganisationId) -> ChildView {
        let about = |view: &&RecordedView| view.scope.covers(flow, service);
        match self.views.iter().rfind(about) {
            Some(last) if last.competent => last.view,
            _ => ChildView::NotKnown,
        }
    }

    /// The given consents whose time has come.
    pub fn overdue(&self, now: Timestamp) -> impl Iterator<Item = ConsentId> {
        let overdue = move |consent: &&Consent| {
            consent.state == ConsentState::Given && consent.state_at(now) == ConsentState::Expired
        };
        self.consents.iter().filter(overdue).map(|consent| consent.id)
    }

    /// What a command leads to.
    ///
    /// # Errors
    ///
    /// [`ConsentError`] if it is refused; nothing happens then.
    pub fn apply(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, ConsentError> {
        match command {
            Command::Record { id, outcome, giver, whose, scope, evidence } => {
                let consent = Consent {
                    id,
                    outcome,
                    giver,
                    whose,
                    scope,
                    evidence,
                    recorded_at: now,
                    state: outcome.state(),
                    ended: None,
                    changed: 0,
                };
                self.record(consent, now)
            }
            Command::Withdraw { id, by } => {
                self.given(id)?;
                Ok(vec![Event::Ended { id, at: now, ending: Ending::Withdrawn(by) }])
            }
            Command::Expire { id } => {
                if self.given(id)?.state_at(now) != ConsentState::Expired {
                    return Err(ConsentError::NotYet);
                }
                Ok(vec![Event::Ended { id, at: now, ending: Ending::Expired }])
            }
            Command::View(view) => {
                view.scope.check()?;
                if view.view == ChildView::NotKnown {
                    return Err(ConsentError::NoView);
                }
                Ok(vec![Event::Viewed(Box::new(RecordedView { recorded_at: now, ..view }))])
            }
        }
    }

    fn record(&self, consent: Consent, now: Timestamp) -> Result<Vec<Event>, ConsentError> {
        consent.scope.check()?;
        if self.consent(consent.id).is_some() {
            return Err(ConsentError::IdTaken);
        }
        if consent.whose.is_empty() {
            return Err(ConsentError::NoOnesInformation);
        }
        match (consent.outcome, consent.giver) {
            (Outcome::NotSought(_), None) => (),
            (Outcome::NotSought(_), Some(_)) => return Err(ConsentError::NobodyWasAsked),
            (Outcome::Given { .. } | Outcome::Refused, None) => {
                return Err(ConsentError::NobodySaidSo);
            }
            (Outcome::Given { .. } | Outcome::Refused, Some(giver)) => {
                if consent.whose.iter().any(|whose| !giver.may_speak_for(*whose)) {
                    return Err(ConsentError::NotTheirs);
                }
            }
        }
        if matches!(consent.outcome, Outcome::Given { until } if until <= now) {
            return Err(ConsentError::EndsBeforeItBegins);
        }
        // A child who gives it must be one who may; a refusal is heard from every child.
        let gives = matches!(consent.outcome, Outcome::Given { .. });
        let by_child = consent.giver == Some(Giver::Child);
        let competent = |view: &RecordedView| view.competent && view.scope.meets(&consent.scope);
        if gives && by_child && !self.views.last().is_some_and(competent) {
            return Err(ConsentError::NotCompetent);
        }
        let overtaken = self.consents.iter().filter(|earlier| {
            !gives && earlier.state == ConsentState::Given && earlier.scope.meets(&consent.scope)
        });
        let ended =
            |earlier: &Consent| Event::Ended { id: earlier.id, at: now, ending: Ending::Overtaken };
        let mut events: Vec<Event> = overtaken.map(ended).collect();
        events.push(Event::Recorded(Box::new(consent)));
        Ok(events)
    }

    /// The record, if it was given and nobody has ended it.
    fn given(&self, id: ConsentId) -> Result<&Consent, ConsentError> {
        let consent = self.consent(id).ok_or(ConsentError::Unknown)?;
        match (consent.outcome, consent.state) {
            (Outcome::Given { .. }, ConsentState::Given) => Ok(consent),
            (Outcome::Given { .. }, _) => Err(ConsentError::HasEnded),
            (Outcome::Refused | Outcome::NotSought(_), _) => Err(ConsentError::NeverGiven),
        }
    }

    /// Puts on record what has happened.
    pub fn happened(&mut self, event: &Event) {
        self.changes += 1;
        match event {
            Event::Recorded(consent) => {
                self.consents.push(Consent { changed: self.changes, ..consent.as_ref().clone() });
            }
            Event::Ended { id, at, ending } => {
                if let Some(consent) = self.consents.iter_mut().find(|known| known.id == *id) {
                    consent.state = ending.state();
                    consent.ended = Some((*at, *ending));
                    consent.changed = self.changes;
                }
            }
            Event::Viewed(view) => self.views.push(view.as_ref().clone()),
        }
    }
}

impl Consent {
    /// Until when it was given.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        match self.outcome {
            Outcome::Given { until } => Some(until),
            Outcome::Refused | Outcome::NotSought(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
