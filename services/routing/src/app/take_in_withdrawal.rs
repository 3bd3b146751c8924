//! A force withdrew a report: everything that went out is recalled, and both the disclosure and its recall stay on
//! record.

use mash_policy::{Flow, Ruleset};
use mash_proto::{
    convert::time_to_wire, envelope::event_id, police::v1 as pb, sharing::v1 as sharing,
};

use super::{
    discharge::{Changes, DischargeError},
    effects::{Cause, Effects, Recall},
};
use crate::{
    duty::{Duty, DutyState},
    world::{Case, World},
};

/// Takes in the withdrawal of an incident. A repeated one changes nothing.
///
/// # Errors
///
/// [`DischargeError::Incident`] if the case was never reported: the report is missing, and somebody must look.
pub fn take_in_withdrawal(
    withdrawn: &pb::IncidentWithdrawn,
    ruleset: &Ruleset,
    world: &mut World,
    effects: &mut Effects,
    cause: Cause<'_>,
) -> Result<(), DischargeError> {
    let case_id = withdrawn.case_id.parse().map_err(|_| DischargeError::Incident)?;
    let mut case = world.cases.get(&case_id).ok_or(DischargeError::Incident)?.clone();
    if case.withdrawn {
        return Ok(());
    }
    case.withdrawn = true;
    case.revision = withdrawn.revision;
    let duties: Vec<Duty> = world.duties_of(case_id).cloned().collect();
    let mut changes = Changes::default();
    let withdrawal =
        Withdrawal { ruleset, reason: "withdrawn", detail: reason_word(withdrawn.reason()), cause };
    withdraw(duties, &case, &withdrawal, &mut changes);
    world.put_case(case);
    changes.apply(world, effects);
    Ok(())
}

/// Why duties are withdrawn.
pub struct Withdrawal<'a> {
    /// The rule set in force, for the record.
    pub ruleset: &'a Ruleset,
    /// A coded reason.
    pub reason: &'a str,
    /// The sender's own coded reason, or empty.
    pub detail: &'a str,
    /// The event and the time.
    pub cause: Cause<'a>,
}

/// Recalls what is out under these duties, withholds them, and records that.
pub fn withdraw(
    duties: Vec<Duty>,
    case: &Case,
    withdrawal: &Withdrawal<'_>,
    changes: &mut Changes,
) {
    let &Withdrawal { ruleset, reason, detail, cause } = withdrawal;
    for mut duty in duties {
        if duty.state == DutyState::Withheld && duty.current().is_none() {
            continue;
        }
        let shown = if detail.is_empty() { reason } else { detail };
        let (duty_id, case_id) = (duty.id.clone(), duty.case_id.clone());
        for disclosure in duty.disclosures.iter_mut().filter(|held| held.live) {
            disclosure.live = false;
            let recall = Recall { disclosure, duty_id: &duty_id, case_id: &case_id, reason: shown };
            changes.effects.recall(&recall, cause);
        }
        let decision = refusal(&duty, case, withdrawal, ruleset);
        changes.effects.decide(decision, cause);
        duty.withhold(reason, cause.now);
        changes.duties.push(duty);
    }
}

fn refusal(
    duty: &Duty,
    case: &Case,
    withdrawal: &Withdrawal<'_>,
    ruleset: &Ruleset,
) -> sharing::Decision {
    let id = event_id(&["decision", &withdrawal.cause.event.id, &duty.id, withdrawal.reason]);
    let last = duty.disclosures.iter().rfind(|disclosure| !disclosure.copy);
    let codes = [withdrawal.reason, withdrawal.detail];
    sharing::Decision {
        name: format!("decisions/{id}"),
        case_id: duty.case_id.clone(),
        duty_id: duty.id.clone(),
        recipient: last.map(|disclosure| (&disclosure.recipient).into()),
        effect: sharing::Effect::Refuse.into(),
        classes: Vec::new(),
        ruleset: ruleset.version().to_string(),
        decide_time: Some(time_to_wire(withdrawal.cause.now)),
        reason_codes: codes
            .into_iter()
            .filter(|code| !code.is_empty())
            .map(str::to_owned)
            .collect(),
        commitment: Vec::new(),
        duty_kind: duty.kind.clone(),
        purpose: Flow::from_word(&duty.kind)
            .map_or(String::new(), |flow| flow.purpose().word().to_owned()),
        profile_version: 0,
        child_ref: duty.child_ref.clone(),
        incident_revision: case.revision,
        discrepancy_code: String::new(),
        disclosure_id: String::new(),
        second_recipient: false,
        basis_codes: Vec::new(),
        citations: Vec::new(),
        masked_details: Vec::new(),
        mask_rule_ids: Vec::new(),
        degraded: false,
        item_id: String::new(),
    }
}

const fn reason_word(reason: pb::WithdrawalReason) -> &'static str {
    match reason {
        pb::WithdrawalReason::Unspecified => "",
        pb::WithdrawalReason::WrongChild => "wrong-child",
        pb::WithdrawalReason::Misdirected => "misdirected",
        pb::WithdrawalReason::EnteredByMistake => "entered-by-mistake",
    }
}
