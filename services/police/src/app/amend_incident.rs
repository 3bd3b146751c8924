//! A force corrects an incident: a new revision, never a second incident.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::incident::{CaseId, Incident, IncidentState, RecordedIncident};
use mash_proto::convert::{Violation, police::codes, time_from_wire, time_to_wire};
use mash_store::outbox;

use super::{Answered, App, By, COMPONENT, Claim, Idempotency, answer, claim};
use crate::{
    error::PoliceError,
    store::{
        accesses,
        incidents::{self, IncidentRow},
    },
};

const METHOD: &str = "AmendIncident";
/// How often a change is tried that others were faster with.
const ATTEMPTS: usize = 5;

/// What is to be amended, and how it should read.
pub(crate) struct Amendment {
    pub(crate) case_id: CaseId,
    pub(crate) expected_revision: u32,
    pub(crate) incident: Incident,
}

impl App {
    /// Replaces the content of an incident, and returns it as recorded.
    pub(crate) async fn amend_incident(
        &self,
        caller: &Caller,
        request: &Idempotency,
        amendment: &Amendment,
    ) -> Result<RecordedIncident, PoliceError> {
        for _ in 0..ATTEMPTS {
            if let Some(recorded) = self.try_to_amend(caller, request, amendment).await? {
                return Ok(recorded);
            }
        }
        Err(PoliceError::Unavailable)
    }

    /// `None` if somebody else changed the incident between the look and the change.
    async fn try_to_amend(
        &self,
        caller: &Caller,
        request: &Idempotency,
        Amendment { case_id, expected_revision, incident }: &Amendment,
    ) -> Result<Option<RecordedIncident>, PoliceError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let claimed = claim(&mut tx, METHOD, request).await?;
        if let Claim::Answered(Answered { revision, at }) = claimed {
            let reported = at.and_then(|at| time_from_wire(&at).ok()).unwrap_or(now);
            return Ok(Some(recorded(*case_id, revision, reported, incident)));
        }
        let known = incidents::find(&mut tx, *case_id, &incident.force).await?;
        let known = known.ok_or(PoliceError::NotFound)?;
        check(&known, *expected_revision, incident)?;
        let recorded = recorded(*case_id, known.revision + 1, known.reported, incident);
        if !incidents::replace(&mut tx, &IncidentRow::new(&recorded)).await? {
            tx.rollback().await?;
            return Ok(None);
        }
        outbox::enqueue(&mut tx, COMPONENT, &[super::reported(&recorded, now)]).await?;
        let access = By { caller, action: "amend" }.access(case_id.to_string());
        accesses::record(&mut tx, now.as_millisecond(), &[&access]).await?;
        let answered =
            Answered { revision: recorded.revision, at: Some(time_to_wire(recorded.reported)) };
        answer(&mut tx, METHOD, request, answered, now.as_millisecond()).await?;
        tx.commit().await?;
        Ok(Some(recorded))
    }
}

fn check(
    known: &RecordedIncident,
    expected_revision: u32,
    incident: &Incident,
) -> Result<(), PoliceError> {
    if known.state != IncidentState::Active {
        return Err(PoliceError::Withdrawn);
    }
    if known.revision != expected_revision {
        return Err(PoliceError::Stale { current: known.revision });
    }
    if known.incident.occurrence_number.folded() != incident.occurrence_number.folded() {
        return Err(PoliceError::Invalid(vec![Violation {
            field: "incident.occurrence_number".to_owned(),
            code: codes::OCCURRENCE_NUMBER,
            description: "is not the number of this incident".to_owned(),
        }]));
    }
    Ok(())
}

fn recorded(
    case_id: CaseId,
    revision: u32,
    reported: Timestamp,
    incident: &Incident,
) -> RecordedIncident {
    RecordedIncident {
        case_id,
        revision,
        state: IncidentState::Active,
        reported,
        incident: incident.clone(),
    }
}
