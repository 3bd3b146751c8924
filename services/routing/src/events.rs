//! What routing takes in from the bus.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use mash_bus::{HandleError, Handler, topics};
use mash_chassis::{Caller, Clock};
use mash_domain::{
    authority::Authorities,
    identifier::Laestab,
    incident::{CaseId, rules::day_of},
    organisation::OrganisationId,
    rights::looked::Look,
};
use mash_policy::Ruleset;
use mash_proto::{
    convert::{
        police::{Checks, incident_from_wire},
        time_from_wire,
    },
    disclosure::v1::{ReceiptKind, ReceiptRecorded},
    education::v1::{CalendarChanged, DeskChanged, EstablishmentChanged, PupilChanged},
    envelope::{holds, is_of_referral, unwrap},
    event::v1::Envelope,
    police::v1::{IncidentReported, IncidentWithdrawn},
};
use mash_store::Tx;
use prost::{Message, Name};

use crate::{
    app::{
        discharge::DischargeError,
        effects::{Cause, Effects},
        take_in_receipt::take_in_receipt,
        take_in_report::take_in_report,
        take_in_withdrawal::take_in_withdrawal,
    },
    consents,
    pseudonym::Pseudonymiser,
    rights::{
        known_by_keys,
        looks::{self, Opened},
        misdirections::{self, told_by},
    },
    route::{Means, child_keys},
    rulesets::Rulesets,
    store::{
        directory,
        load::{Needs, load},
        save::save,
        statements,
        subjects::{self, CaseChild, Known},
    },
    world::World,
};

/// The content of an event does not hold together.
pub const UNREADABLE: &str = "MASH-R001";
/// The event is of a type that routing does not know.
pub const UNKNOWN_TYPE: &str = "MASH-R002";
/// Reference data names an organisation that cannot be.
pub const REFERENCE: &str = "MASH-R003";
/// Content could not be minimised, and so did not leave.
pub const NOT_MINIMISED: &str = "MASH-R004";

/// Takes in reports, withdrawals and receipts.
pub struct Cases {
    /// For match keys and commitments.
    pub pseudonymiser: Pseudonymiser,
    /// The versions of the rules.
    pub rulesets: Arc<Rulesets>,
    /// The time of decisions.
    pub clock: Arc<dyn Clock>,
}

/// An event, decoded.
enum Taken {
    Report(IncidentReported),
    Withdrawal(IncidentWithdrawn),
    Receipt(ReceiptRecorded),
}

#[async_trait]
impl Handler for Cases {
    fn group(&self) -> &'static str {
        "routing-cases"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::SUBMITTED, topics::RECEIPTS]
    }

    fn owner(&self) -> &'static str {
        "routing"
    }

    // What is said of referrals travels on the same topics and is taken in by another handler.
    fn concerns(&self, event: &Envelope) -> bool {
        !is_of_referral(event)
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        let taken: Vec<Taken> = events.iter().map(open).collect::<Result<_, _>>()?;
        let needs = needs_of(&taken)?;
        let mut world = load(tx, &needs, &self.pseudonymiser).await?;
        // In this transaction, so that every replica decides by the same version.
        let ruleset = self.rulesets.in_force(tx).await?;
        let mut effects = Effects::default();
        let opened: Vec<Opened> = taken.iter().filter_map(|it| self.opened(it, &world)).collect();
        let deleted: Vec<(String, Timestamp)> =
            taken.iter().filter_map(|it| self.deleted(it)).collect();
        let mut misdirected = Vec::new();
        for (event, taken) in events.iter().zip(taken) {
            if let Taken::Withdrawal(withdrawn) = &taken {
                misdirected.extend(told_by(withdrawn, &world, self.clock.now()));
            }
            let cause = Cause { event, now: self.clock.now() };
            self.take_in(taken, &ruleset, &mut world, &mut effects, cause)
                .map_err(|error| poison(&error))?;
        }
        save(tx, &world, &effects).await?;
        subjects::put(tx, &self.known(&needs)).await?;
        looks::opened(tx, &opened).await?;
        for kept in &misdirected {
            misdirections::keep(tx, kept).await?;
        }
        for (disclosure, at) in &deleted {
            misdirections::deleted(tx, disclosure, *at).await?;
        }
        let now = self.clock.now();
        let means = self.means(&ruleset, now);
        consents::app::follow_cases(tx, &world, means, events, now).await?;
        Ok(())
    }
}

impl Cases {
    /// By which keys the children of reported incidents are known.
    fn known(&self, needs: &Needs) -> BTreeSet<Known> {
        let reported = needs.reported.iter().zip(&needs.incidents);
        let children = reported
            .flat_map(|(case, incident)| incident.children.iter().map(|child| (*case, child)));
        let known = children.flat_map(|(case, child)| {
            let keys = child_keys(child, &self.pseudonymiser);
            known_by_keys(case, child.reference.as_str(), keys)
        });
        known.collect()
    }

    /// Which disclosure a recipient has deleted, if that is what came.
    fn deleted(&self, taken: &Taken) -> Option<(String, Timestamp)> {
        let Taken::Receipt(receipt) = taken else { return None };
        let at = receipt.receipt_time.as_ref().and_then(|time| time_from_wire(time).ok());
        let at = at.unwrap_or_else(|| self.clock.now());
        (receipt.kind() == ReceiptKind::Deleted).then(|| (receipt.disclosure_id.clone(), at))
    }

    /// Who opened a notice, if that is what came.
    fn opened(&self, taken: &Taken, world: &World) -> Option<Opened> {
        let Taken::Receipt(receipt) = taken else { return None };
        let duty = world.duties.get(&receipt.duty_id)?;
        let recipient = OrganisationId::try_from(receipt.recipient.clone()?).ok()?;
        let at = receipt.receipt_time.as_ref().and_then(|time| time_from_wire(time).ok());
        let (case_id, child_ref) = (duty.case_id.clone(), duty.child_ref.clone());
        let practitioner = Some(receipt.practitioner.clone());
        (receipt.kind() == ReceiptKind::Opened).then(|| Opened {
            by: Caller { organisation: recipient, practitioner },
            look: Look::Notice,
            child: CaseChild { case_id, child_ref },
            at: at.unwrap_or_else(|| self.clock.now()),
        })
    }

    fn means<'a>(&'a self, ruleset: &'a Ruleset, now: Timestamp) -> Means<'a> {
        Means {
            authorities: Authorities::builtin(),
            ruleset,
            pseudonymiser: &self.pseudonymiser,
            today: day_of(now),
        }
    }

    fn take_in(
        &self,
        taken: Taken,
        ruleset: &Ruleset,
        world: &mut World,
        effects: &mut Effects,
        cause: Cause<'_>,
    ) -> Result<(), DischargeError> {
        let means = self.means(ruleset, cause.now);
        match taken {
            Taken::Report(report) => take_in_report(report, means, world, effects, cause),
            Taken::Withdrawal(withdrawn) => {
                take_in_withdrawal(&withdrawn, ruleset, world, effects, cause)
            }
            Taken::Receipt(receipt) => take_in_receipt(&receipt, means, world, effects, cause),
        }
    }
}

fn open(event: &Envelope) -> Result<Taken, HandleError> {
    if holds::<IncidentReported>(event) {
        read(event).map(Taken::Report)
    } else if holds::<IncidentWithdrawn>(event) {
        read(event).map(Taken::Withdrawal)
    } else if holds::<ReceiptRecorded>(event) {
        read(event).map(Taken::Receipt)
    } else {
        Err(HandleError::Poison { code: UNKNOWN_TYPE })
    }
}

fn read<M: Message + Name + Default>(event: &Envelope) -> Result<M, HandleError> {
    unwrap(event).map_err(|_| HandleError::Poison { code: UNREADABLE })
}

fn needs_of(taken: &[Taken]) -> Result<Needs, HandleError> {
    let unreadable = || HandleError::Poison { code: UNREADABLE };
    let case = |text: &str| text.parse::<CaseId>().map_err(|_| unreadable());
    let mut needs = Needs::default();
    for taken in taken {
        match taken {
            Taken::Report(report) => {
                needs.cases.insert(case(&report.case_id)?);
                needs.reported.push(case(&report.case_id)?);
                let wire = report.incident.clone().ok_or_else(unreadable)?;
                needs
                    .incidents
                    .push(incident_from_wire(wire, &Checks::stored()).map_err(|_| unreadable())?);
            }
            Taken::Withdrawal(withdrawn) => {
                needs.cases.insert(case(&withdrawn.case_id)?);
            }
            Taken::Receipt(receipt) => {
                let id = case(&receipt.case_id)?;
                needs.cases.insert(id);
                if receipt.kind() == ReceiptKind::Rejected {
                    needs.again.insert(id);
                }
            }
        }
    }
    Ok(needs)
}

fn poison(error: &DischargeError) -> HandleError {
    let code = match error {
        DischargeError::Incident => UNREADABLE,
        DischargeError::Organisation(_) => REFERENCE,
        DischargeError::Minimise(_) => NOT_MINIMISED,
    };
    HandleError::Poison { code }
}

/// Keeps routing's own copy of the directory and the roll.
pub struct Reference {
    /// For match keys.
    pub pseudonymiser: Pseudonymiser,
}

#[async_trait]
impl Handler for Reference {
    fn group(&self) -> &'static str {
        "routing-reference"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::DIRECTORY, topics::ROLL]
    }

    fn owner(&self) -> &'static str {
        "routing"
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        let mut establishments = std::collections::BTreeMap::new();
        let mut pupils = std::collections::BTreeMap::new();
        let unreadable = || HandleError::Poison { code: UNREADABLE };
        for event in events {
            // One row a statement: where a batch changes one thing twice, the last change counts.
            if holds::<EstablishmentChanged>(event) {
                let changed: EstablishmentChanged = read(event)?;
                let establishment = changed.establishment.ok_or_else(unreadable)?;
                let code =
                    establishment.name.strip_prefix("establishments/").ok_or_else(unreadable)?;
                let laestab: Laestab = code.parse().map_err(|_| unreadable())?;
                establishments.insert(laestab, establishment);
            } else if holds::<PupilChanged>(event) {
                let changed: PupilChanged = read(event)?;
                pupils.insert(changed.pupil_id, changed.pupil);
            } else if holds::<CalendarChanged>(event) {
                let changed: CalendarChanged = read(event)?;
                statements::put_calendar(tx, &changed).await?;
            } else if !holds::<DeskChanged>(event) {
                return Err(HandleError::Poison { code: UNKNOWN_TYPE });
            }
        }
        let establishments: Vec<_> = establishments.into_iter().collect();
        directory::put_establishments(tx, &establishments).await?;
        let (present, left): (Vec<_>, Vec<_>) =
            pupils.into_iter().partition(|(_, pupil)| pupil.is_some());
        let present: Vec<_> =
            present.into_iter().filter_map(|(id, pupil)| Some((id, pupil?))).collect();
        directory::put_pupils(tx, &present, &self.pseudonymiser).await?;
        let left: Vec<String> = left.into_iter().map(|(id, _)| id).collect();
        directory::remove_pupils(tx, &left).await?;
        Ok(())
    }
}
