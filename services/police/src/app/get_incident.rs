//! A force reads an incident of its own.

use mash_chassis::Caller;
use mash_domain::incident::{CaseId, RecordedIncident};

use super::{App, By, force_of};
use crate::{
    error::PoliceError,
    store::{accesses, incidents},
};

impl App {
    /// The current revision. Another force's incident is not found, as if it were not there.
    pub(crate) async fn get_incident(
        &self,
        caller: &Caller,
        case_id: CaseId,
    ) -> Result<RecordedIncident, PoliceError> {
        let force = force_of(caller)?;
        let mut conn = self.store.read().await?;
        let found =
            incidents::find(&mut conn, case_id, &force).await?.ok_or(PoliceError::NotFound)?;
        drop(conn);
        // Recorded before it is shown: what cannot be recorded is not shown.
        let mut tx = self.store.begin().await?;
        let access = By { caller, action: "read" }.access(case_id.to_string());
        accesses::record(&mut tx, self.clock.now().as_millisecond(), &[&access]).await?;
        tx.commit().await?;
        Ok(found)
    }
}
