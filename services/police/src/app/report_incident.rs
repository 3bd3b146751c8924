//! A force reports an incident.

use mash_chassis::Caller;
use mash_domain::incident::{CaseId, Incident, IncidentState, RecordedIncident};

use super::{App, By, Idempotency};
use crate::{error::PoliceError, writer::Submission};

/// The method, as repeats are recognised by it.
pub(crate) const METHOD: &str = "ReportDomesticAbuseIncident";

impl App {
    /// Stores the report with its event and returns it as recorded. When this has returned, it is durable.
    pub(crate) async fn report_incident(
        &self,
        caller: &Caller,
        request: Idempotency,
        incident: Incident,
    ) -> Result<RecordedIncident, PoliceError> {
        let case_id =
            self.secret.case_id(&[&CaseId::subject(&incident.force, &incident.occurrence_number)]);
        let now = self.clock.now();
        let recorded = RecordedIncident {
            case_id,
            revision: 1,
            state: IncidentState::Active,
            reported: now,
            incident,
        };
        let access = By { caller, action: "report" }.access(case_id.to_string());
        let submission = Submission { request, access, recorded, now };
        self.writer.write(submission).await
    }
}
