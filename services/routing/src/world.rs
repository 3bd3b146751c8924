//! What routing knows when it decides: gathered before, changed by the decision, written after.
//!
//! A [`World`] is loaded for a batch of events, the use cases change it without touching anything outside it, and what
//! has changed is written in the same transaction. So the heart of routing is tested without a store.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mash_domain::{
    agreement::Agreement,
    identifier::{AuthorityCode, ForceCode, Laestab},
    incident::CaseId,
    nation::Nation,
};
use mash_policy::Profile;
use mash_proto::police::v1 as pb;

use crate::{
    conflict::Contact,
    duty::{Duty, Slot},
    identity::RollEntry,
};

/// An establishment, as far as routing needs to know it.
#[derive(Clone, PartialEq, Eq)]
pub struct Establishment {
    /// Its code.
    pub laestab: Laestab,
    /// What it is called.
    pub display_name: String,
    /// The nation whose law it is under.
    pub nation: Nation,
    /// Whether it is a nursery or playgroup that is not a school.
    pub early_years: bool,
    /// Whether it is open.
    pub open: bool,
    /// Where its pupils went.
    pub successors: Vec<Laestab>,
    /// Its contacts, in order.
    pub contacts: Vec<Contact>,
}

/// What a force has agreed to share with schools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// How much beyond the statutory minimum.
    pub profile: Profile,
    /// Whether early years settings that are not schools are told (R05).
    pub early_years: bool,
    /// The version of the agreement.
    pub version: i32,
}

impl Agreed {
    /// Where nothing was agreed: the statutory minimum, and schools only.
    pub const NOTHING: Self = Self { profile: Profile::Minimal, early_years: false, version: 0 };
}

/// A case: the incident and its revisions.
#[derive(Clone, PartialEq)]
pub struct Case {
    /// Its opaque id.
    pub id: CaseId,
    /// The force that reported.
    pub force: ForceCode,
    /// The revision that was taken in last.
    pub revision: i32,
    /// When the hub accepted the first revision.
    pub accepted_at: Timestamp,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
    /// The incident as of the revision.
    pub incident: pb::Incident,
}

/// What routing knows.
#[derive(Default)]
pub struct World {
    /// The establishments that the batch may need.
    pub establishments: BTreeMap<Laestab, Establishment>,
    /// Establishments by their folded name, within an authority.
    pub by_name: BTreeMap<(AuthorityCode, String), Vec<Laestab>>,
    /// The roll entries that may be children of the batch.
    pub roll: Vec<RollEntry>,
    /// What forces have agreed.
    pub agreed: BTreeMap<ForceCode, Agreed>,
    /// The agreements of the forces that report.
    pub agreements: Vec<Agreement>,
    /// The cases of the batch.
    pub cases: BTreeMap<CaseId, Case>,
    /// Their duties.
    pub duties: BTreeMap<String, Duty>,
    /// The cases that have changed.
    pub changed_cases: BTreeSet<CaseId>,
    /// The duties that have changed.
    pub changed_duties: BTreeSet<String>,
}

impl World {
    /// What the force has agreed with schools; nothing, if nothing is on record.
    #[must_use]
    pub fn agreed_by(&self, force: &ForceCode) -> Agreed {
        self.agreed.get(force).copied().unwrap_or(Agreed::NOTHING)
    }

    /// The duties of a case, in order of their ids.
    pub fn duties_of(&self, case: CaseId) -> impl Iterator<Item = &Duty> {
        let case = case.to_string();
        self.duties.values().filter(move |duty| duty.case_id == case)
    }

    /// Keeps a case as it now stands.
    pub fn put_case(&mut self, case: Case) {
        self.changed_cases.insert(case.id);
        self.cases.insert(case.id, case);
    }

    /// Keeps a duty as it now stands.
    pub fn put_duty(&mut self, duty: Duty) {
        self.changed_duties.insert(duty.id.clone());
        self.duties.insert(duty.id.clone(), duty);
    }

    /// Follows a closed establishment to where its pupils went, if that is one open place.
    ///
    /// Mergers chain, and a wrong register may hold a circle: the walk is short and ends.
    #[must_use]
    pub fn open_successor(&self, laestab: &Laestab) -> Option<&Establishment> {
        let mut current = self.establishments.get(laestab)?;
        for _ in 0..4 {
            if current.open {
                return Some(current);
            }
            let [only] = current.successors.as_slice() else {
                return None;
            };
            current = self.establishments.get(only)?;
        }
        None
    }
}

/// The id of a duty: the same over revisions and re-routing.
#[must_use]
pub fn duty_id(case: CaseId, child_ref: &str, slot: Slot) -> String {
    mash_proto::envelope::event_id(&["duty", &case.to_string(), child_ref, slot.word()]).to_string()
}
