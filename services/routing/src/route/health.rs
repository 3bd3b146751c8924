//! R18: the health board of the child's home hears of the incident, where the force has agreed that with it.

use mash_domain::{
    agreement::{Cover, Question},
    organisation::{OrganisationError, OrganisationId, OrganisationKind},
    sharing::AgreementState,
};
use mash_policy::{Conflict, Flow, RecipientFacts, RecipientKind};

use super::{Plan, Planner};
use crate::duty::Slot;

impl Planner<'_> {
    /// It is a power and no duty: without an agreement nothing is planned, and nothing is counted. Where one has ended,
    /// the refusal is on record (R31).
    pub(super) fn health(&self, plans: &[Plan]) -> Result<Option<Plan>, OrganisationError> {
        let means = &self.consulted.means;
        let address = self.subject.child.address.as_ref();
        let authority = address.and_then(|address| address.authority.as_ref());
        let authority = authority.and_then(|code| means.authorities.by_code(code));
        // Nobody guesses a health board: the wrong one would learn of a child that is not its own.
        let Some((authority, board)) =
            authority.and_then(|found| Some((found, found.health_board.as_ref()?)))
        else {
            return Ok(None);
        };
        let force = self.subject.incident.force.as_str();
        let force = OrganisationId::new(OrganisationKind::PoliceForce, force)?;
        let board = OrganisationId::new(OrganisationKind::HealthBoard, board)?;
        let flow = Flow::HealthNotice;
        let question = Question { flow, from: &force, to: &board };
        let cover = Cover::of(&self.consulted.world.agreements, question, means.today);
        if cover.state == AgreementState::Absent {
            return Ok(None);
        }
        let facts = RecipientFacts {
            agreement: cover.state,
            agreed: cover.classes,
            ..self.facts(flow, RecipientKind::Health, authority.nation, Conflict::Clear)
        };
        let decision = self.decided(facts);
        // Beside the duty of the school, where there is one: a second recipient goes with a first.
        let slots = || plans.iter().filter(|plan| !plan.copy).map(|plan| plan.slot);
        let school = slots().find(|slot| *slot == Slot::School);
        let slot = school.or_else(|| slots().next()).unwrap_or(Slot::School);
        Ok(Some(Plan { slot, copy: true, cover, ..self.bare(flow, board, decision) }))
    }
}
