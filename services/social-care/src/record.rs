//! A referral as it is kept.

use jiff::Timestamp;
use mash_domain::{
    clock::{Clock, ClockState},
    identifier::AuthorityCode,
    organisation::{OrganisationId, OrganisationKind},
    referral::work::{Command, Event, Refusal, Work},
};
use mash_proto::{
    convert::{clock::clock_to_wire, social_care::work_to_wire, time_to_wire},
    social_care::v1 as wire,
};

/// A referral in the queue of one hub.
#[derive(Clone)]
pub(crate) struct Record {
    /// `{authority}/{case id}`.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) authority: String,
    /// The opaque case id.
    pub(crate) case_id: String,
    /// What is kept of it, and told.
    pub(crate) referral: wire::Referral,
    /// The same as a state machine.
    pub(crate) work: Work,
    /// By what the queue is ordered.
    pub(crate) due: Timestamp,
    /// When it arrived.
    pub(crate) received: Timestamp,
}

/// A clock of a referral.
#[derive(Clone)]
pub(crate) struct KeptClock {
    /// Whose.
    pub(crate) referral: String,
    /// What it is about: an enquiry, a meeting; empty for the referral itself.
    pub(crate) subject: String,
    /// The clock.
    pub(crate) clock: Clock,
}

/// The id under which a referral is kept.
pub(crate) fn id_of(authority: &str, case_id: &str) -> String {
    format!("{authority}/{case_id}")
}

/// The authority as an organisation.
pub(crate) fn organisation(authority: &str) -> Option<OrganisationId> {
    let code: AuthorityCode = authority.parse().ok()?;
    OrganisationId::new(OrganisationKind::LocalAuthority, code.as_str()).ok()
}

impl Record {
    /// Applies a command, and says what happened.
    pub(crate) fn apply(
        &mut self,
        command: &Command,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        let events = self.work.apply(command, now)?;
        if !events.is_empty() {
            self.work = std::mem::take(&mut self.work).with_all(&events);
            work_to_wire(&self.work, &mut self.referral);
        }
        Ok(events)
    }

    /// Orders the queue by the first of its own clocks that still runs, or by the decision.
    pub(crate) fn order(&mut self, clocks: &[KeptClock], now: Timestamp) {
        let own = clocks.iter().filter(|kept| kept.referral == self.id && kept.subject.is_empty());
        let running = own.filter(|kept| !kept.clock.has_ended()).map(|kept| kept.clock.due()).min();
        self.due = if self.work.state.is_open() {
            running.unwrap_or(self.due)
        } else {
            self.work.decision().map_or(now, |decision| decision.at)
        };
    }

    /// Whom prompts about it are for: its worker, or whoever is on duty.
    pub(crate) fn person(&self, duty_manager: &str) -> String {
        match (&self.work.worker, duty_manager) {
            (Some(worker), _) => worker.clone(),
            (None, "") => DUTY_MANAGER.to_owned(),
            (None, manager) => manager.to_owned(),
        }
    }

    /// Who referred.
    pub(crate) fn referrer(&self) -> Option<OrganisationId> {
        OrganisationId::try_from(self.referral.from.clone()?).ok()
    }

    /// For the wire, with its clocks.
    pub(crate) fn to_wire(&self, clocks: &[KeptClock], now: Timestamp) -> wire::Referral {
        let mut referral = self.in_list(now);
        referral.grades = self.referral.grades.clone();
        referral.decisions = self.referral.decisions.clone();
        let own = || clocks.iter().filter(|kept| crate::meetings::is_of_referral(&kept.subject));
        referral.clocks = own().map(|kept| clock_to_wire(&kept.clock, now)).collect();
        referral.overdue |= own().any(|kept| kept.clock.state(now) == ClockState::Breached);
        referral
    }

    /// For the wire, as the queue shows it.
    pub(crate) fn in_list(&self, now: Timestamp) -> wire::Referral {
        wire::Referral {
            name: format!("referrals/{}", self.case_id),
            due_time: Some(time_to_wire(self.due)),
            overdue: self.work.state.is_open() && self.due <= now,
            grades: Vec::new(),
            decisions: Vec::new(),
            ..self.referral.clone()
        }
    }
}

/// Whose prompts are where a hub has named nobody.
pub(crate) const DUTY_MANAGER: &str = "duty-manager";
