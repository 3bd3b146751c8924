//! What became of one duty to tell a recipient: a pure function of the decisions and receipts that were heard.
//!
//! Decisions and receipts travel on different topics, so a receipt may be heard before the decision that it answers.
//! Nothing here depends on that order. The state follows from two things that only ever grow:
//!
//! - the *latest decision* on the duty. A decision that refuses the whole withholds; one that permits names the
//!   disclosure that counts from now on. Re-routing is a later decision with another disclosure, and starts afresh.
//! - how far *each disclosure* has come: delivered, opened, escalated, acknowledged, in this order and never back.
//!   An acknowledgement outranks an escalation, for a person has read it. A rejection stands beside them: it holds
//!   until a later decision answers it. Receipts for a disclosure that counts no more change nothing that is seen.
//!
//! What was permitted again after a refusal starts afresh too, although it has the same disclosure: only what was done
//! after the last refusal counts, for the recipient had to delete what came before.
//!
//! An acknowledgement stands when the content is revised afterwards: the duty was to tell, and a person was told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mash_domain::organisation::OrganisationId;

#[cfg(test)]
mod tests;

/// Where a duty stands. Every duty ends acknowledged, escalated or withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DutyState {
    /// Decided, and on its way.
    Released,
    /// With the recipient.
    Delivered,
    /// Opened by a person.
    Opened,
    /// With a named person of the authority.
    Escalated,
    /// Acknowledged by a person.
    Acknowledged,
    /// Lawfully withheld, with a reason.
    Withheld,
    /// Refused by a recipient as not theirs, and being routed again.
    Rerouting,
}

/// A decision on a duty, as far as it tells what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Who it was about; a refusal may be about nobody in particular.
    pub recipient: Option<OrganisationId>,
    /// Whether anything may go.
    pub permitted: bool,
    /// The disclosure that follows; empty if none does.
    pub disclosure_id: String,
    /// The coded reason, if there is one.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The revision of the incident that was decided on.
    pub revision: u32,
    /// The child of the report.
    pub child: String,
    /// The kind of duty.
    pub kind: String,
    /// A difference between report and roll; a code.
    pub discrepancy: String,
}

/// How far a disclosure has come with its recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It is in the recipient's service.
    Delivered,
    /// A person opened it.
    Opened,
    /// It was given to a named person of the authority.
    Escalated,
    /// A person acknowledged it.
    Acknowledged,
}

/// Something that a recipient did, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// Whether it came after the deliver-by time.
    pub late: bool,
    /// A coded reason, if there is one.
    pub reason: String,
}

/// A receipt for a disclosure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It has come this far.
    Step(Step, Mark),
    /// The recipient refuses it as not theirs.
    Rejected(Mark),
}

/// How far one disclosure has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The steps that were heard of.
    pub steps: BTreeSet<(Step, Mark)>,
    /// The last rejection.
    pub rejected: Option<Mark>,
}

/// All that was heard of a duty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Duty {
    /// The latest decision.
    pub decided: Option<Decided>,
    /// When the whole was last refused, if it ever was.
    pub refused: Option<Timestamp>,
    /// How far each disclosure has come, by its id.
    pub progress: BTreeMap<String, Progress>,
}

/// Where a duty stands, since when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where.
    pub state: DutyState,
    /// Since when.
    pub since: Timestamp,
    /// A coded reason for a withheld, rejected or escalated duty; otherwise empty.
    pub reason: String,
    /// Whether it came after its deliver-by time.
    pub late: bool,
}

impl Duty {
    /// Hears a decision. Of two with the same time and revision the one heard later counts, for decisions on one case
    /// are heard in their order.
    pub fn decide(&mut self, decision: Decided) {
        let rank = |decided: &Decided| (decided.at, decided.revision);
        if !decision.permitted {
            self.refused = self.refused.max(Some(decision.at));
        }
        if self.decided.as_ref().is_none_or(|known| rank(known) <= rank(&decision)) {
            self.decided = Some(decision);
        }
    }

    /// Hears a receipt for a disclosure.
    pub fn receive(&mut self, disclosure_id: &str, receipt: Receipt) {
        let progress = self.progress.entry(disclosure_id.to_owned()).or_default();
        match receipt {
            Receipt::Step(step, mark) => {
                progress.steps.insert((step, mark));
            }
            Receipt::Rejected(mark) => {
                if progress.rejected.as_ref().is_none_or(|last| *last < mark) {
                    progress.rejected = Some(mark);
                }
            }
        }
    }

    /// Where it stands; nothing as long as no decision was heard.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        let decided = self.decided.as_ref()?;
        if !decided.permitted {
            let reason = decided.reason.clone();
            return Some(Standing {
                state: DutyState::Withheld,
                since: decided.at,
                reason,
                late: false,
            });
        }
        let progress = self.progress.get(&decided.disclosure_id);
        let rejected = progress.and_then(|progress| progress.rejected.as_ref());
        // A decision later than the rejection has answered it.
        if let Some(mark) = rejected.filter(|mark| mark.at >= decided.at) {
            return Some(Standing::of(DutyState::Rerouting, mark));
        }
        let Some((step, mark)) = progress.and_then(|progress| progress.furthest(self.refused))
        else {
            let (state, since) = (DutyState::Released, decided.at);
            return Some(Standing { state, since, reason: String::new(), late: false });
        };
        let mut standing = Standing::of((*step).into(), mark);
        match step {
            // Why it went to a named person is known to whoever gave it, or to whoever decided.
            Step::Escalated if standing.reason.is_empty() => {
                standing.reason.clone_from(&decided.reason)
            }
            Step::Escalated => (),
            Step::Delivered | Step::Opened | Step::Acknowledged => standing.reason.clear(),
        }
        Some(standing)
    }
}

impl Progress {
    /// The furthest step after the last refusal, and its first mark.
    fn furthest(&self, refused: Option<Timestamp>) -> Option<&(Step, Mark)> {
        let mut counted = self.steps.iter().filter(|(_, mark)| Some(mark.at) > refused);
        let (furthest, _) = counted.clone().next_back()?;
        counted.find(|(step, _)| step == furthest)
    }
}

impl Standing {
    fn of(state: DutyState, mark: &Mark) -> Self {
        Self { state, since: mark.at, reason: mark.reason.clone(), late: mark.late }
    }
}

impl From<Step> for DutyState {
    fn from(step: Step) -> Self {
        match step {
            Step::Delivered => Self::Delivered,
            Step::Opened => Self::Opened,
            Step::Escalated => Self::Escalated,
            Step::Acknowledged => Self::Acknowledged,
        }
    }
}
