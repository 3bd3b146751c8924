//! Who is to be told about a child, and what: the heart of routing, and a pure function.

use mash_domain::{
    agreement::Cover,
    authority::Authorities,
    data_class::ClassSet,
    identifier::{AuthorityCode, ForceCode, Laestab},
    incident::{
        Child, Incident,
        rules::{AgeFit, age_fit, day_of},
    },
    nation::Nation,
    organisation::{OrganisationError, OrganisationId, OrganisationKind},
    roll::name_key,
};
use mash_policy::{
    Conflict, Decision, Flow, RecipientDecision, RecipientFacts, RecipientKind, Ruleset,
};

use crate::{
    conflict::{Audience, Party, audience},
    duty::{Duty, Slot},
    identity::{Discrepancy, Placement, Question, resolve},
    placement::Held,
    pseudonym::Pseudonymiser,
    world::{Agreed, Establishment, World},
};

mod health;
mod keys;

pub use keys::child_keys;

/// A desk of an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    /// The education duty desk.
    EducationDuty,
    /// The elective home education officer.
    HomeEducation,
    /// The queue of the safeguarding hub.
    Mash,
}

/// Why somebody else is told than the key adult.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diversion {
    /// The school has no trained contact.
    NoContact,
    /// Every contact is a party, or an alternate was chosen.
    Conflict,
    /// The conflict check could not clear anybody.
    ConflictUnknown,
    /// Nobody knows the school.
    SchoolUnknown,
    /// The school has closed and has no single successor.
    Closed,
}

impl Diversion {
    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoContact => "no-contact",
            Self::Conflict => "conflict",
            Self::ConflictUnknown => "conflict-unknown",
            Self::SchoolUnknown => "school-unknown",
            Self::Closed => "closed",
        }
    }
}

/// One recipient to be told, or not, and what the rules say.
pub struct Plan {
    /// Which of the child's duties it discharges.
    pub slot: Slot,
    /// The kind of duty.
    pub kind: Flow,
    /// Who.
    pub recipient: OrganisationId,
    /// Which desk, if not a school's contacts or a force.
    pub desk: Option<Desk>,
    /// Who may see it, in order.
    pub addressees: Vec<String>,
    /// Whether nobody else at the recipient may learn of it.
    pub conflict_divert: bool,
    /// Why somebody else is told.
    pub diversion: Option<Diversion>,
    /// What does not fit.
    pub discrepancy: Option<Discrepancy>,
    /// A second recipient of the same duty, which is not counted on its own.
    pub copy: bool,
    /// What the rules let through, and why not the rest.
    pub decision: RecipientDecision,
    /// The facts that it rests on.
    pub facts: RecipientFacts,
    /// The agreements that cover it; for a duty, none does and none has to.
    pub cover: Cover,
    /// The version of the force's agreement.
    pub profile_version: i32,
}

/// What the plan for one child rests on.
pub struct Subject<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// The child.
    pub child: &'a Child,
    /// The child's duties as they stand.
    pub known: &'a [&'a Duty],
    /// The classes that the report holds.
    pub offered: ClassSet,
}

/// What every plan consults besides the report and the world.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// Authorities and their forces.
    pub authorities: &'a Authorities,
    /// The rules.
    pub ruleset: &'a Ruleset,
    /// For match keys and commitments.
    pub pseudonymiser: &'a Pseudonymiser,
    /// The day of the decision.
    pub today: jiff::civil::Date,
}

/// Everything that [`plan`] consults besides the report.
#[derive(Clone, Copy)]
pub struct Consulted<'a> {
    /// Directory, roll and agreements.
    pub world: &'a World,
    /// The rest.
    pub means: Means<'a>,
}

/// Plans who is told about one child. At least one plan is for a place of education, whatever is unknown.
///
/// # Errors
///
/// Only if a code from the reference data cannot name an organisation, which would be a fault of that data.
pub fn plan(
    subject: &Subject<'_>,
    consulted: &Consulted<'_>,
) -> Result<Vec<Plan>, OrganisationError> {
    let planner = Planner { subject, consulted, home_force: home_force(subject, consulted) };
    let mut plans = planner.education()?;
    if let Some(home_force) = planner.handed_over_to() {
        plans.push(planner.hand_over(home_force)?);
    }
    let health = planner.health(&plans)?;
    plans.extend(health);
    Ok(plans)
}

/// What is known when a provider of a service is to be told about the child, before consent and agreement are looked at.
///
/// Who works for a provider is not known here. It is the provider that gives the work to a person who is no party.
#[must_use]
pub fn facts_for_provider(subject: &Subject<'_>, consulted: &Consulted<'_>) -> RecipientFacts {
    let planner = Planner { subject, consulted, home_force: home_force(subject, consulted) };
    let nation = planner.nation_of(&subject.incident.force);
    planner.facts(Flow::Advocate, RecipientKind::Provider, nation, Conflict::Clear)
}

/// The force of the area where the child lives: as the officer knows it, else by the authority of the address.
fn home_force(subject: &Subject<'_>, consulted: &Consulted<'_>) -> Option<ForceCode> {
    let child = subject.child;
    let by_address = || {
        let authority = child.address.as_ref()?.authority.as_ref()?;
        Some(consulted.means.authorities.by_code(authority)?.force.clone())
    };
    child.home_force.clone().or_else(by_address)
}

/// A decision, and what it rests on.
struct Decided {
    facts: RecipientFacts,
    decision: RecipientDecision,
}

struct Planner<'a> {
    subject: &'a Subject<'a>,
    consulted: &'a Consulted<'a>,
    home_force: Option<ForceCode>,
}

impl Planner<'_> {
    fn handed_over_to(&self) -> Option<&ForceCode> {
        self.home_force.as_ref().filter(|force| **force != self.subject.incident.force)
    }

    /// R01, R02, R03, R05: the establishment, or whoever stands in for it.
    fn education(&self) -> Result<Vec<Plan>, OrganisationError> {
        let keys = child_keys(self.subject.child, self.consulted.means.pseudonymiser);
        let stated = self.stated_establishment();
        let held = Held(self.subject.known);
        let rejected_by = held.rejected_by(self.consulted.world);
        let question = Question {
            keys: &keys,
            stated: stated.as_ref(),
            rejected_by: &rejected_by,
            on: self.consulted.means.today,
        };
        let resolution = resolve(&question, &self.consulted.world.roll);
        let discrepancy = resolution.discrepancy;
        let plans = match resolution.placement {
            Placement::Establishments(laestabs) => {
                let stated = stated.filter(|laestab| !rejected_by.contains(laestab));
                return self.establishments(&laestabs, stated, discrepancy);
            }
            Placement::HomeEducated(authority) => {
                let plan = self.desk(&authority, Desk::HomeEducation, Flow::HomeEducation)?;
                vec![Plan { discrepancy, ..plan }]
            }
            Placement::Unknown => self.school_unknown(discrepancy)?,
        };
        let slot = held.without_establishment();
        Ok(plans.into_iter().map(|plan| Plan { slot, ..plan }).collect())
    }

    /// R01 for each place where the child is registered. Where the first has sent its notice back, the place that the
    /// officer stated is next, and then the desk: that a second place knows does not tell where the child is (R03).
    fn establishments(
        &self,
        laestabs: &[Laestab],
        stated: Option<Laestab>,
        discrepancy: Option<Discrepancy>,
    ) -> Result<Vec<Plan>, OrganisationError> {
        let (held, world) = (Held(self.subject.known), self.consulted.world);
        let mut assigned = held.assign(laestabs, world);
        let mut plans = Vec::new();
        let mut discrepancy = discrepancy;
        if held.first_is_missing(&assigned) {
            discrepancy = Some(Discrepancy::RollRejected);
            let with_stated: Vec<Laestab> = laestabs.iter().cloned().chain(stated).collect();
            assigned = held.assign(&with_stated, world);
            if held.first_is_missing(&assigned) {
                plans.extend(self.school_unknown(discrepancy)?);
            }
        }
        for (slot, laestab) in &assigned {
            plans.extend(self.establishment(laestab, *slot, discrepancy)?);
        }
        let nobody = plans.iter().all(|plan| matches!(plan.decision.outcome, Decision::Refuse(_)));
        if nobody && !held.rejected_by(world).is_empty() {
            return self.desk_beside(held.without_establishment(), plans);
        }
        Ok(plans)
    }

    /// R03 where a place has sent its notice back and no rule lets the places that are left be told: what was in the open
    /// once never ends with nobody. The refusals stay on record under the child's other duty.
    fn desk_beside(&self, slot: Slot, refused: Vec<Plan>) -> Result<Vec<Plan>, OrganisationError> {
        let desk = self.school_unknown(Some(Discrepancy::RollRejected))?;
        let other = if slot == Slot::School { Slot::SecondSchool } else { Slot::School };
        let mut plans: Vec<Plan> = desk.into_iter().map(|plan| Plan { slot, ..plan }).collect();
        plans.extend(refused.into_iter().take(1).map(|plan| Plan { slot: other, ..plan }));
        Ok(plans)
    }

    /// R03: the education duty desk finds the school, and the hub's queue has it too.
    fn school_unknown(
        &self,
        discrepancy: Option<Discrepancy>,
    ) -> Result<Vec<Plan>, OrganisationError> {
        let Some(authority) = self.responsible_authority() else {
            return Ok(vec![self.nobody_responsible(discrepancy)?]);
        };
        let desk = self.desk(&authority, Desk::EducationDuty, Flow::SchoolUnknown)?;
        let queue = self.desk(&authority, Desk::Mash, Flow::SchoolUnknown)?;
        let diversion = Some(Diversion::SchoolUnknown);
        Ok(vec![
            Plan { discrepancy, diversion, ..desk },
            Plan { discrepancy, diversion, copy: true, ..queue },
        ])
    }

    /// No authority of the force's area is on file. The hub's operator has it then: somebody always has it (P1).
    fn nobody_responsible(
        &self,
        discrepancy: Option<Discrepancy>,
    ) -> Result<Plan, OrganisationError> {
        let recipient = OrganisationId::new(OrganisationKind::Operator, "hub")?;
        let (kind, reader) = (Flow::SchoolUnknown, RecipientKind::EducationDesk);
        let decision = self.decide(kind, reader, Nation::England, Conflict::Clear);
        let diversion = Some(Diversion::SchoolUnknown);
        let desk = Some(Desk::EducationDuty);
        Ok(Plan { desk, discrepancy, diversion, ..self.bare(kind, recipient, decision) })
    }

    fn establishment(
        &self,
        laestab: &Laestab,
        slot: Slot,
        discrepancy: Option<Discrepancy>,
    ) -> Result<Vec<Plan>, OrganisationError> {
        let plans = match self.consulted.world.open_successor(laestab) {
            None => vec![self.stand_in(laestab, Diversion::Closed)?],
            Some(setting) if setting.early_years => vec![self.early_years(setting)?],
            Some(school) => self.school(school)?,
        };
        Ok(plans.into_iter().map(|plan| Plan { slot, discrepancy, ..plan }).collect())
    }

    /// R01 with R20: the key adult, or an alternate, or the authority's desk where nobody at the school can be told.
    fn school(&self, school: &Establishment) -> Result<Vec<Plan>, OrganisationError> {
        let parties: Vec<Party<'_>> = self.parties().collect();
        let stand_in = |diversion| self.stand_in(&school.laestab, diversion);
        Ok(match audience(&school.laestab, &school.contacts, &parties) {
            Audience::Clear(ids) => vec![self.contacts(school, ids, Conflict::Clear)?],
            Audience::Alternates(ids) => {
                let plan = self.contacts(school, ids, Conflict::AlternateOnly)?;
                let diversion = Some(Diversion::Conflict);
                vec![Plan { conflict_divert: true, diversion, ..plan }]
            }
            Audience::AllConflicted => vec![stand_in(Diversion::Conflict)?],
            Audience::Unknown => {
                // The refusal to the school is on record beside the desk that answers for it (R31).
                let refusal = self.contacts(school, vec![], Conflict::Unknown)?;
                vec![stand_in(Diversion::ConflictUnknown)?, Plan { copy: true, ..refusal }]
            }
            Audience::Nobody => vec![stand_in(Diversion::NoContact)?],
        })
    }

    fn contacts(
        &self,
        school: &Establishment,
        addressees: Vec<String>,
        conflict: Conflict,
    ) -> Result<Plan, OrganisationError> {
        let recipient = OrganisationId::new(OrganisationKind::School, school.laestab.as_str())?;
        let decision = self.decide(Flow::School, RecipientKind::School, school.nation, conflict);
        Ok(Plan { addressees, ..self.bare(Flow::School, recipient, decision) })
    }

    /// R05: a setting that is not a school is told only where the force has opted in.
    fn early_years(&self, setting: &Establishment) -> Result<Plan, OrganisationError> {
        let kind = Flow::EarlyYears;
        let recipient = OrganisationId::new(OrganisationKind::School, setting.laestab.as_str())?;
        let parties: Vec<Party<'_>> = self.parties().collect();
        let (addressees, conflict) = match audience(&setting.laestab, &setting.contacts, &parties) {
            Audience::Clear(ids) => (ids, Conflict::Clear),
            Audience::Alternates(ids) => (ids, Conflict::AlternateOnly),
            Audience::AllConflicted | Audience::Unknown | Audience::Nobody => {
                (vec![], Conflict::Unknown)
            }
        };
        let decision = self.decide(kind, RecipientKind::EarlyYearsLead, setting.nation, conflict);
        Ok(Plan { addressees, ..self.bare(kind, recipient, decision) })
    }

    /// The education duty desk of the school's authority, in place of the school's contacts.
    fn stand_in(&self, laestab: &Laestab, diversion: Diversion) -> Result<Plan, OrganisationError> {
        let plan = self.desk(&laestab.authority(), Desk::EducationDuty, Flow::School)?;
        Ok(Plan { diversion: Some(diversion), ..plan })
    }

    fn desk(
        &self,
        authority: &AuthorityCode,
        desk: Desk,
        kind: Flow,
    ) -> Result<Plan, OrganisationError> {
        let recipient = OrganisationId::new(OrganisationKind::LocalAuthority, authority.as_str())?;
        let nation = self
            .consulted
            .means
            .authorities
            .by_code(authority)
            .map_or(Nation::Wales, |found| found.nation);
        let reader = match desk {
            Desk::EducationDuty => RecipientKind::EducationDesk,
            Desk::HomeEducation => RecipientKind::HomeEducationOfficer,
            Desk::Mash => RecipientKind::MashQueue,
        };
        let decision = self.decide(kind, reader, nation, Conflict::Clear);
        Ok(Plan { desk: Some(desk), ..self.bare(kind, recipient, decision) })
    }

    /// R04: the force of the child's home answers from here on.
    fn hand_over(&self, force: &ForceCode) -> Result<Plan, OrganisationError> {
        let recipient = OrganisationId::new(OrganisationKind::PoliceForce, force.as_str())?;
        let nation = self.nation_of(force);
        let decision =
            self.decide(Flow::HomeForce, RecipientKind::PoliceForce, nation, Conflict::Clear);
        Ok(Plan { slot: Slot::HomeForce, ..self.bare(Flow::HomeForce, recipient, decision) })
    }

    fn bare(&self, kind: Flow, recipient: OrganisationId, decided: Decided) -> Plan {
        let Decided { facts, decision } = decided;
        Plan {
            slot: Slot::School,
            kind,
            recipient,
            desk: None,
            addressees: Vec::new(),
            conflict_divert: false,
            diversion: None,
            discrepancy: None,
            copy: false,
            decision,
            facts,
            cover: Cover::ABSENT,
            profile_version: self.agreed().version,
        }
    }

    fn decide(
        &self,
        flow: Flow,
        recipient_kind: RecipientKind,
        nation: Nation,
        conflict: Conflict,
    ) -> Decided {
        self.decided(self.facts(flow, recipient_kind, nation, conflict))
    }

    fn decided(&self, facts: RecipientFacts) -> Decided {
        Decided { facts, decision: self.consulted.means.ruleset.decide(&facts) }
    }

    fn facts(
        &self,
        flow: Flow,
        recipient_kind: RecipientKind,
        nation: Nation,
        conflict: Conflict,
    ) -> RecipientFacts {
        let Subject { incident, child, offered, .. } = *self.subject;
        let agreed = self.agreed();
        let attended_on = day_of(incident.attended);
        RecipientFacts {
            profile: agreed.profile,
            early_years_opted_in: agreed.early_years,
            child_under_18: age_fit(child.date_of_birth, attended_on) == AgeFit::Child,
            child_in_force_area: self.handed_over_to().is_none(),
            conflict,
            address_protect: child.protect_address(),
            sexual_offence_alleged: incident.sexual_offence.is_some(),
            live_investigation: incident.live_investigation,
            collection_risk: incident.collection_risk,
            no_contact_requested: incident.adults.iter().any(|adult| adult.no_contact_at_address),
            offered,
            ..RecipientFacts::cautious(flow, recipient_kind, nation, self.consulted.means.today)
        }
    }

    /// What the force of the child's home has agreed: the duty is that force's, wherever the incident was.
    fn agreed(&self) -> Agreed {
        let force = self.home_force.as_ref().unwrap_or(&self.subject.incident.force);
        self.consulted.world.agreed_by(force)
    }

    fn nation_of(&self, force: &ForceCode) -> Nation {
        let authority = self.consulted.means.authorities.of_force(force).next();
        authority.map_or(Nation::England, |authority| authority.nation)
    }

    /// Who must find the school: the authority of the address, of the incident, else the first of the force's area.
    fn responsible_authority(&self) -> Option<AuthorityCode> {
        let Subject { incident, child, .. } = self.subject;
        let of_address = child.address.as_ref().and_then(|address| address.authority.clone());
        let of_area = || self.consulted.means.authorities.of_force(&incident.force).next();
        of_address
            .or_else(|| incident.place_authority.clone())
            .or_else(|| of_area().map(|authority| authority.code.clone()))
    }

    /// The establishment that the officer stated: by its number, else by a name that only one has in the authority.
    fn stated_establishment(&self) -> Option<Laestab> {
        let world = self.consulted.world;
        let stated = self.subject.child.stated_establishment.as_ref()?;
        if let Some(laestab) = &stated.laestab {
            return world.establishments.contains_key(laestab).then(|| laestab.clone());
        }
        let key = (self.responsible_authority()?, name_key(stated.stated_name.as_str()));
        match world.by_name.get(&key)?.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    fn parties(&self) -> impl Iterator<Item = Party<'_>> {
        // Everybody in the report: an adult of the household is as unfit to receive as the suspect is (R20).
        self.subject.incident.adults.iter().map(|adult| Party {
            given_names: adult.given_names.as_str(),
            family_name: adult.family_name.as_str(),
            telephone: adult.telephone.as_str(),
            works_at: adult.works_at.as_ref().and_then(|stated| stated.laestab.as_ref()),
        })
    }
}
