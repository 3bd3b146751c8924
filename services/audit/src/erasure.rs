//! The contract of holds and erasures. It translates, and leaves every decision to the use cases.

use std::sync::Arc;

use mash_chassis::Caller;
use mash_proto::audit::v1::{self as wire, erasure_service_server::ErasureService};
use tonic::{Request, Response, Status};

use crate::{
    app::{App, erase::Order},
    error::Refusal,
};

/// Certificates of a page, if the caller says nothing.
const PAGE: u32 = 100;
/// Certificates of a page at most.
const LARGEST_PAGE: u32 = 1_000;

/// Holds and erasures, for a server.
#[derive(Clone)]
pub struct ErasureGrpc(pub(crate) Arc<App>);

/// Who calls: the access layer has seen to it that somebody is named.
fn by<T>(request: &Request<T>) -> Result<String, Status> {
    let caller = Caller::of(request)?;
    let practitioner = caller.practitioner.clone().unwrap_or_default();
    Ok(format!("{}|{practitioner}", caller.organisation))
}

#[tonic::async_trait]
impl ErasureService for ErasureGrpc {
    #[tracing::instrument(name = "PlaceHold", skip_all)]
    async fn place_hold(
        &self,
        request: Request<wire::PlaceHoldRequest>,
    ) -> Result<Response<wire::PlaceHoldResponse>, Status> {
        let by = by(&request)?;
        let wire::PlaceHoldRequest { request_id, case_id, reason } = &request.into_inner();
        let method = "PlaceHold";
        self.0.place_hold(&Order { method, by, request_id, case_id, reason: Some(reason) }).await?;
        Ok(Response::new(wire::PlaceHoldResponse {}))
    }

    #[tracing::instrument(name = "ReleaseHold", skip_all)]
    async fn release_hold(
        &self,
        request: Request<wire::ReleaseHoldRequest>,
    ) -> Result<Response<wire::ReleaseHoldResponse>, Status> {
        let by = by(&request)?;
        let wire::ReleaseHoldRequest { request_id, case_id } = &request.into_inner();
        let method = "ReleaseHold";
        self.0.release_hold(&Order { method, by, request_id, case_id, reason: None }).await?;
        Ok(Response::new(wire::ReleaseHoldResponse {}))
    }

    #[tracing::instrument(name = "EraseCase", skip_all)]
    async fn erase_case(
        &self,
        request: Request<wire::EraseCaseRequest>,
    ) -> Result<Response<wire::EraseCaseResponse>, Status> {
        let by = by(&request)?;
        let wire::EraseCaseRequest { request_id, case_id, reason } = &request.into_inner();
        let method = "EraseCase";
        let order = Order { method, by, request_id, case_id, reason: Some(reason) };
        Ok(Response::new(self.0.erase_case(&order).await?))
    }

    #[tracing::instrument(name = "ListErasures", skip_all)]
    async fn list_erasures(
        &self,
        request: Request<wire::ListErasuresRequest>,
    ) -> Result<Response<wire::ListErasuresResponse>, Status> {
        let wire::ListErasuresRequest { page_size, page_token } = request.into_inner();
        let limit = match u32::try_from(page_size) {
            Ok(0) => PAGE,
            Ok(wanted) => wanted.min(LARGEST_PAGE),
            Err(_) => return Err(Refusal::field("page_size", "it is negative").into()),
        };
        let after = if page_token.is_empty() {
            0
        } else {
            let bad = |_| Refusal::field("page_token", "it is not from a page before");
            page_token.parse().map_err(bad)?
        };
        let found = self.0.list_erasures(after, limit).await?;
        let full = u32::try_from(found.len()) == Ok(limit);
        let last = found.last().filter(|_| full);
        Ok(Response::new(wire::ListErasuresResponse {
            next_page_token: last.map_or_else(String::new, |(seq, _)| seq.to_string()),
            erasures: found.into_iter().map(|(_, listed)| listed).collect(),
        }))
    }
}
