//! The service of the contract. It translates, and leaves every decision to the use cases.

use std::sync::Arc;

use mash_chassis::Caller;
use mash_domain::organisation::OrganisationId;
use mash_proto::{
    convert::time_to_wire,
    delivery::v1::{self as wire, delivery_service_server::DeliveryService},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::{app::App, item::View};

/// The mailboxes, for a server.
#[derive(Clone)]
pub struct DeliveryGrpc(pub(crate) Arc<App>);

#[tonic::async_trait]
impl DeliveryService for DeliveryGrpc {
    type ReceiveStream = ReceiverStream<Result<wire::ReceiveResponse, Status>>;

    #[tracing::instrument(name = "Receive", skip_all)]
    async fn receive(
        &self,
        request: Request<Streaming<wire::ReceiveRequest>>,
    ) -> Result<Response<Self::ReceiveStream>, Status> {
        let caller = Caller::of(&request)?;
        let mut said = request.into_inner();
        let first = said.message().await?;
        let received = Arc::clone(&self.0).receive(&caller, first, said).await?;
        Ok(Response::new(ReceiverStream::new(received)))
    }

    #[tracing::instrument(name = "AcknowledgeItems", skip_all)]
    async fn acknowledge_items(
        &self,
        request: Request<wire::AcknowledgeItemsRequest>,
    ) -> Result<Response<wire::AcknowledgeItemsResponse>, Status> {
        let view = View::of(&Caller::of(&request)?);
        let count = self.0.acknowledge_items(view, &request.into_inner().names).await?;
        let newly_acknowledged = i32::try_from(count).unwrap_or(i32::MAX);
        Ok(Response::new(wire::AcknowledgeItemsResponse { newly_acknowledged }))
    }

    #[tracing::instrument(name = "GetMailbox", skip_all)]
    async fn get_mailbox(
        &self,
        request: Request<wire::GetMailboxRequest>,
    ) -> Result<Response<wire::GetMailboxResponse>, Status> {
        let caller = Caller::of(&request)?;
        let fill = self.0.get_mailbox(&View::of(&caller)).await?;
        let organisation: &OrganisationId = &caller.organisation;
        Ok(Response::new(wire::GetMailboxResponse {
            waiting: fill.waiting,
            oldest_arrive_time: fill.oldest.map(time_to_wire),
            undelivered: fill.undelivered,
            organisation: Some(organisation.into()),
        }))
    }
}
