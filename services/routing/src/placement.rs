//! Which of a child's duties is about which establishment, so that no establishment is told twice of one child.
//!
//! A duty keeps its establishment for as long as the child is there, whatever order the roll lists them in; one that an
//! establishment has sent back goes on to a place that nobody has told yet.

use mash_domain::{
    identifier::Laestab,
    organisation::{OrganisationId, OrganisationKind},
};

use crate::{
    duty::{Duty, DutyState, Slot},
    world::World,
};

/// The duties that are about a place of education.
const SLOTS: [Slot; 2] = [Slot::School, Slot::SecondSchool];

/// What is on record about one child before this decision.
#[derive(Clone, Copy)]
pub struct Held<'a>(pub &'a [&'a Duty]);

impl<'a> Held<'a> {
    /// The establishments that have said that the child is not theirs, and the closed ones that lead to them.
    #[must_use]
    pub fn rejected_by(self, world: &World) -> Vec<Laestab> {
        let mut rejected: Vec<Laestab> =
            self.0.iter().flat_map(|duty| duty.rejected_by.iter().cloned()).collect();
        let leads_there = |laestab: &&Laestab| rejected.contains(&followed(world, laestab));
        let closed: Vec<Laestab> =
            world.establishments.keys().filter(leads_there).cloned().collect();
        rejected.extend(closed);
        rejected
    }

    /// Gives each place one of the child's duties: the one under which it is told already, else the next free one.
    #[must_use]
    pub fn assign(self, places: &[Laestab], world: &World) -> Vec<(Slot, Laestab)> {
        let mut places: Vec<Laestab> =
            places.iter().map(|laestab| followed(world, laestab)).collect();
        let mut seen = Vec::new();
        places.retain(|laestab| {
            let first = !seen.contains(laestab);
            seen.push(laestab.clone());
            first
        });
        let mut assigned: Vec<(Slot, Laestab)> = Vec::new();
        places.retain(|laestab| match self.told_under(laestab) {
            Some(slot) if assigned.iter().all(|(taken, _)| *taken != slot) => {
                assigned.push((slot, laestab.clone()));
                false
            }
            Some(_) | None => true,
        });
        let taken: Vec<Slot> = assigned.iter().map(|(slot, _)| *slot).collect();
        let free = SLOTS.into_iter().filter(|slot| !taken.contains(slot));
        assigned.extend(free.zip(places));
        assigned.sort_by_key(|(slot, _)| *slot);
        assigned
    }

    /// Whether the first establishment has sent its notice back and none has come in its place. Somebody has to find
    /// out where the child is, although another establishment knows.
    #[must_use]
    pub fn first_is_missing(self, assigned: &[(Slot, Laestab)]) -> bool {
        let sent_back = self.duty(Slot::School).is_some_and(|duty| !duty.rejected_by.is_empty());
        sent_back && assigned.iter().all(|(slot, _)| *slot != Slot::School)
    }

    /// The duty that goes on where no establishment is known: the first, unless only the second is still open.
    #[must_use]
    pub fn without_establishment(self) -> Slot {
        let withheld = |slot| self.duty(slot).map(|duty| duty.state == DutyState::Withheld);
        match (withheld(Slot::School), withheld(Slot::SecondSchool)) {
            (Some(true), Some(false)) => Slot::SecondSchool,
            _ => Slot::School,
        }
    }

    fn duty(self, slot: Slot) -> Option<&'a Duty> {
        self.0.iter().copied().find(|duty| duty.slot == slot)
    }

    fn told_under(self, laestab: &Laestab) -> Option<Slot> {
        let told = |recipient: &OrganisationId| {
            recipient.kind() == OrganisationKind::School && recipient.code() == laestab.as_str()
        };
        let has = |duty: &&&Duty| duty.current().is_some_and(|current| told(&current.recipient));
        self.0.iter().filter(|duty| SLOTS.contains(&duty.slot)).find(has).map(|duty| duty.slot)
    }
}

/// Where a closed establishment's pupils went, or the establishment itself.
fn followed(world: &World, laestab: &Laestab) -> Laestab {
    world.open_successor(laestab).map_or_else(|| laestab.clone(), |found| found.laestab.clone())
}
