//! The wire side: reads requests, calls the use case, writes the answer. No decision is taken here.

use std::{pin::Pin, sync::Arc};

use mash_chassis::Caller;
use mash_domain::incident::RecordedIncident;
use mash_proto::{
    convert::time_to_wire,
    police::v1::{self as wire, police_service_server::PoliceService},
};
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use crate::{
    app::{App, force_of},
    error::PoliceError,
    store::duties::OutcomeRow,
};

mod answer;
mod request;

/// The gRPC service of police.
pub struct PoliceGrpc {
    app: Arc<App>,
}

impl PoliceGrpc {
    pub(crate) const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl PoliceService for PoliceGrpc {
    type WatchOutcomesStream =
        Pin<Box<dyn Stream<Item = Result<wire::WatchOutcomesResponse, Status>> + Send>>;

    async fn report_domestic_abuse_incident(
        &self,
        request: Request<wire::ReportDomesticAbuseIncidentRequest>,
    ) -> Result<Response<wire::ReportDomesticAbuseIncidentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let force = force_of(&caller)?;
        let report = request::report(request.into_inner(), &self.app, &caller, force)?;
        let recorded =
            self.app.report_incident(&caller, report.idempotency, report.incident).await?;
        Ok(Response::new(wire::ReportDomesticAbuseIncidentResponse {
            incident: incident(&recorded),
        }))
    }

    async fn amend_incident(
        &self,
        request: Request<wire::AmendIncidentRequest>,
    ) -> Result<Response<wire::AmendIncidentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let force = force_of(&caller)?;
        let (idempotency, amendment) =
            request::amendment(request.into_inner(), &self.app, &caller, force)?;
        let recorded = self.app.amend_incident(&caller, &idempotency, &amendment).await?;
        Ok(Response::new(wire::AmendIncidentResponse { incident: incident(&recorded) }))
    }

    async fn withdraw_incident(
        &self,
        request: Request<wire::WithdrawIncidentRequest>,
    ) -> Result<Response<wire::WithdrawIncidentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let withdrawal = request::withdrawal(&request.into_inner(), &self.app, &caller)?;
        let request::Withdrawal { idempotency, case_id, reason } = withdrawal;
        let recorded = self.app.withdraw_incident(&caller, &idempotency, case_id, reason).await?;
        Ok(Response::new(wire::WithdrawIncidentResponse { incident: incident(&recorded) }))
    }

    async fn get_incident(
        &self,
        request: Request<wire::GetIncidentRequest>,
    ) -> Result<Response<wire::GetIncidentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let case_id = request::case_id("name", &request.get_ref().name)?;
        let recorded = self.app.get_incident(&caller, case_id).await?;
        Ok(Response::new(wire::GetIncidentResponse { incident: incident(&recorded) }))
    }

    async fn watch_outcomes(
        &self,
        request: Request<wire::WatchOutcomesRequest>,
    ) -> Result<Response<Self::WatchOutcomesStream>, Status> {
        let caller = Caller::of(&request)?;
        let wire::WatchOutcomesRequest { incident, snapshot_only } = request.into_inner();
        let case_id =
            if incident.is_empty() { None } else { Some(request::case_id("incident", &incident)?) };
        let outcomes =
            Arc::clone(&self.app).watch_outcomes(&caller, case_id, snapshot_only).await?;
        let respond = |outcome: Result<OutcomeRow, PoliceError>| {
            Ok(wire::WatchOutcomesResponse { outcome: Some(answer::outcome(outcome?)) })
        };
        Ok(Response::new(Box::pin(ReceiverStream::new(outcomes).map(respond))))
    }

    async fn list_handovers(
        &self,
        request: Request<wire::ListHandoversRequest>,
    ) -> Result<Response<wire::ListHandoversResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (after, size) = request::page(request.get_ref())?;
        let page = self.app.list_handovers(&caller, after, size).await?;
        let handovers = page.handovers.iter().map(answer::handover).collect::<Result<_, _>>()?;
        let next_page_token = page.next.map(|seq| seq.to_string()).unwrap_or_default();
        Ok(Response::new(wire::ListHandoversResponse { handovers, next_page_token }))
    }

    async fn acknowledge_handover(
        &self,
        request: Request<wire::AcknowledgeHandoverRequest>,
    ) -> Result<Response<wire::AcknowledgeHandoverResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (idempotency, id) = request::acknowledgement(request.into_inner(), &self.app, &caller)?;
        let (handover, first) = self.app.acknowledge_handover(&caller, &idempotency, &id).await?;
        Ok(Response::new(wire::AcknowledgeHandoverResponse {
            handover: Some(answer::handover(&handover)?),
            acknowledge_time: Some(time_to_wire(first)),
        }))
    }
}

fn incident(recorded: &RecordedIncident) -> Option<wire::Incident> {
    Some(recorded.into())
}
