//! A force reported an incident, or a new revision of one.

use std::collections::BTreeSet;

use mash_proto::{
    convert::{
        police::{Checks, incident_from_wire},
        time_from_wire,
    },
    police::v1 as pb,
};

use super::{
    discharge::{Changes, DischargeError, Occasion, discharge},
    effects::{Cause, Effects},
    take_in_withdrawal::{Withdrawal, withdraw},
};
use crate::{
    duty::Duty,
    route::{Consulted, Means},
    world::{Case, World},
};

/// Takes in a revision of an incident. An older or repeated revision changes nothing.
///
/// # Errors
///
/// [`DischargeError`]; nothing has changed then.
pub fn take_in_report(
    reported: pb::IncidentReported,
    means: Means<'_>,
    world: &mut World,
    effects: &mut Effects,
    cause: Cause<'_>,
) -> Result<(), DischargeError> {
    let wire = reported.incident.ok_or(DischargeError::Incident)?;
    let case_id = reported.case_id.parse().map_err(|_| DischargeError::Incident)?;
    let known = world.cases.get(&case_id);
    if known.is_some_and(|case| case.withdrawn || case.revision >= wire.revision) {
        return Ok(());
    }
    let incident = incident_from_wire(wire.clone(), &Checks::stored())
        .map_err(|_| DischargeError::Incident)?;
    let reported = wire.reported_time.as_ref().and_then(|time| time_from_wire(time).ok());
    let accepted_at = reported.unwrap_or(cause.now);
    let case = Case {
        id: case_id,
        force: incident.force.clone(),
        revision: wire.revision,
        accepted_at: known.map_or(accepted_at, |case| case.accepted_at),
        withdrawn: false,
        incident: wire,
    };
    let mut changes = Changes::default();
    for child in &incident.children {
        let occasion =
            Occasion { case: &case, incident: &incident, child, only: None, reason: None, cause };
        discharge(&occasion, Consulted { world, means }, &mut changes)?;
    }
    let reported: BTreeSet<&str> =
        incident.children.iter().map(|child| child.reference.as_str()).collect();
    let removed: Vec<Duty> = world
        .duties_of(case_id)
        .filter(|duty| !reported.contains(duty.child_ref.as_str()))
        .cloned()
        .collect();
    let withdrawal =
        Withdrawal { ruleset: means.ruleset, reason: "child-removed", detail: "", cause };
    withdraw(removed, &case, &withdrawal, &mut changes);
    world.put_case(case);
    changes.apply(world, effects);
    Ok(())
}
