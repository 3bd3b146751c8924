//! A force withdraws a misdirected or mistaken report.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::{
    identifier::ForceCode,
    incident::{CaseId, IncidentState, RecordedIncident, WithdrawalReason},
};
use mash_proto::{convert::time_to_wire, police::v1 as wire};
use mash_store::outbox::{self, OutboxMessage};

use super::{
    Answered, App, By, COMPONENT, Claim, Idempotency, answer, attributes, claim, force_of, outgoing,
};
use crate::{
    error::PoliceError,
    store::{
        accesses,
        incidents::{self, IncidentRow},
    },
};

const METHOD: &str = "WithdrawIncident";
/// How often a change is tried that others were faster with.
const ATTEMPTS: usize = 5;

impl App {
    /// Withdraws an incident, once; withdrawing it again returns it as it stands.
    pub(crate) async fn withdraw_incident(
        &self,
        caller: &Caller,
        request: &Idempotency,
        case_id: CaseId,
        reason: WithdrawalReason,
    ) -> Result<RecordedIncident, PoliceError> {
        let force = force_of(caller)?;
        for _ in 0..ATTEMPTS {
            let withdrawal = Withdrawal { case_id, force: &force, reason, now: self.clock.now() };
            if let Some(recorded) = self.try_to_withdraw(caller, request, &withdrawal).await? {
                return Ok(recorded);
            }
        }
        Err(PoliceError::Unavailable)
    }

    /// `None` if somebody else changed the incident between the look and the change.
    async fn try_to_withdraw(
        &self,
        caller: &Caller,
        request: &Idempotency,
        withdrawal: &Withdrawal<'_>,
    ) -> Result<Option<RecordedIncident>, PoliceError> {
        let now = withdrawal.now;
        let mut tx = self.store.begin().await?;
        let claimed = claim(&mut tx, METHOD, request).await?;
        let known = incidents::find(&mut tx, withdrawal.case_id, withdrawal.force).await?;
        let known = known.ok_or(PoliceError::NotFound)?;
        if matches!(claimed, Claim::Answered(_)) {
            return Ok(Some(known)); // Nothing changes after a withdrawal, so this is what was answered.
        }
        let recorded = if known.state == IncidentState::Active {
            let state = IncidentState::Withdrawn(withdrawal.reason);
            let recorded = RecordedIncident { revision: known.revision + 1, state, ..known };
            if !incidents::replace(&mut tx, &IncidentRow::new(&recorded)).await? {
                tx.rollback().await?;
                return Ok(None);
            }
            outbox::enqueue(&mut tx, COMPONENT, &[withdrawal.event(recorded.revision)]).await?;
            recorded
        } else {
            known
        };
        let access = By { caller, action: "withdraw" }.access(withdrawal.case_id.to_string());
        accesses::record(&mut tx, now.as_millisecond(), &[&access]).await?;
        let answered =
            Answered { revision: recorded.revision, at: Some(time_to_wire(recorded.reported)) };
        answer(&mut tx, METHOD, request, answered, now.as_millisecond()).await?;
        tx.commit().await?;
        Ok(Some(recorded))
    }
}

/// A withdrawal.
struct Withdrawal<'a> {
    case_id: CaseId,
    force: &'a ForceCode,
    reason: WithdrawalReason,
    now: Timestamp,
}

impl Withdrawal<'_> {
    fn event(&self, revision: u32) -> OutboxMessage {
        let case_id = self.case_id.to_string();
        let event = wire::IncidentWithdrawn {
            case_id: case_id.clone(),
            revision: i32::try_from(revision).unwrap_or(i32::MAX),
            reason: wire::WithdrawalReason::from(self.reason).into(),
            withdraw_time: Some(time_to_wire(self.now)),
            force_code: self.force.as_str().to_owned(),
        };
        let identity = ["incident-withdrawn", &case_id, &revision.to_string()];
        outgoing(
            mash_bus::topics::SUBMITTED,
            &case_id,
            &event,
            &identity,
            attributes(&case_id, self.now),
        )
    }
}
