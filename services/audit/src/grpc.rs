//! The service of the contract. It translates, and leaves every decision to the use cases.

use std::sync::Arc;

use mash_chassis::Caller;
use mash_domain::organisation::OrganisationKind;
use mash_ledger::Hash;
use mash_proto::audit::v1::{self as wire, ledger_service_server::LedgerService};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    app::{App, export::Exporting},
    error::Refusal,
    store::number,
};

/// Entries of a page, if the caller says nothing.
const PAGE: u64 = 100;
/// Entries of a page at most.
const LARGEST_PAGE: u64 = 1_000;
/// Pieces of an export that wait for a slow caller.
const AHEAD: usize = 4;

/// The ledger, for a server.
#[derive(Clone)]
pub struct LedgerGrpc(pub(crate) Arc<App>);

#[tonic::async_trait]
impl LedgerService for LedgerGrpc {
    type ExportLedgerStream = ReceiverStream<Result<wire::ExportLedgerResponse, Status>>;

    #[tracing::instrument(name = "AppendEntries", skip_all)]
    async fn append_entries(
        &self,
        request: Request<wire::AppendEntriesRequest>,
    ) -> Result<Response<wire::AppendEntriesResponse>, Status> {
        let appended = self.0.append(request.into_inner().entries).await?;
        Ok(Response::new(wire::AppendEntriesResponse {
            size: number(appended.size),
            added: i32::try_from(appended.added).unwrap_or(i32::MAX),
        }))
    }

    #[tracing::instrument(name = "GetCheckpoint", skip_all)]
    async fn get_checkpoint(
        &self,
        request: Request<wire::GetCheckpointRequest>,
    ) -> Result<Response<wire::GetCheckpointResponse>, Status> {
        let note = self.0.checkpoint(size("size", request.into_inner().size)?).await?;
        let (keys, witnesses) = self.0.known_keys().await?;
        Ok(Response::new(wire::GetCheckpointResponse {
            checkpoint: note.to_string(),
            keys: keys.iter().map(ToString::to_string).collect(),
            witnesses: witnesses.iter().map(ToString::to_string).collect(),
        }))
    }

    #[tracing::instrument(name = "GetInclusionProof", skip_all)]
    async fn get_inclusion_proof(
        &self,
        request: Request<wire::GetInclusionProofRequest>,
    ) -> Result<Response<wire::GetInclusionProofResponse>, Status> {
        let whose = whose(&Caller::of(&request)?);
        let request = request.into_inner();
        let id = Uuid::parse_str(&request.entry_id)
            .map_err(|_| Refusal::field("entry_id", "it is not a UUID"))?;
        let (size, checkpoint) = match size("size", request.size)? {
            0 => {
                let newest = self.0.newest().await?;
                (newest.size, self.0.checkpoint(newest.size).await?.to_string())
            }
            size => (size, String::new()),
        };
        let found = self.0.prove_inclusion(id, size, whose.as_deref()).await?;
        Ok(Response::new(wire::GetInclusionProofResponse {
            entry: found.placed.encoded,
            index: number(found.placed.index),
            size: number(found.size),
            hashes: found.path.iter().map(bytes).collect(),
            checkpoint,
        }))
    }

    #[tracing::instrument(name = "ProveCases", skip_all)]
    async fn prove_cases(
        &self,
        request: Request<wire::ProveCasesRequest>,
    ) -> Result<Response<wire::ProveCasesResponse>, Status> {
        let (signed, proved) = self.0.prove_cases(&request.into_inner().case_ids).await?;
        let entries = proved.into_iter().map(|it| wire::ProvedEntry {
            index: number(it.placed.index),
            entry: it.placed.encoded,
            hashes: it.path.iter().map(bytes).collect(),
        });
        Ok(Response::new(wire::ProveCasesResponse {
            entries: entries.collect(),
            size: number(signed.size),
            checkpoint: signed.note.to_string(),
        }))
    }

    #[tracing::instrument(name = "GetConsistencyProof", skip_all)]
    async fn get_consistency_proof(
        &self,
        request: Request<wire::GetConsistencyProofRequest>,
    ) -> Result<Response<wire::GetConsistencyProofResponse>, Status> {
        let wire::GetConsistencyProofRequest { old_size, new_size } = request.into_inner();
        let (old, new) = (size("old_size", old_size)?, size("new_size", new_size)?);
        let path = self.0.prove_consistency(old, new).await?;
        let hashes = path.iter().map(bytes).collect();
        Ok(Response::new(wire::GetConsistencyProofResponse { hashes }))
    }

    #[tracing::instrument(name = "ListEntries", skip_all)]
    async fn list_entries(
        &self,
        request: Request<wire::ListEntriesRequest>,
    ) -> Result<Response<wire::ListEntriesResponse>, Status> {
        let whose = whose(&Caller::of(&request)?);
        let wire::ListEntriesRequest { page_size, page_token } = request.into_inner();
        let limit = match u64::try_from(page_size) {
            Ok(0) => PAGE,
            Ok(wanted) => wanted.min(LARGEST_PAGE),
            Err(_) => return Err(Refusal::field("page_size", "it is negative").into()),
        };
        let from = if page_token.is_empty() {
            0
        } else {
            let bad = |_| Refusal::field("page_token", "it is not from a page before");
            page_token.parse().map_err(bad)?
        };
        let found = self.0.list(from, limit, whose.as_deref()).await?;
        let last = found.last().filter(|_| found.len() as u64 == limit);
        Ok(Response::new(wire::ListEntriesResponse {
            next_page_token: last.map_or_else(String::new, |last| (last.index + 1).to_string()),
            entries: found
                .into_iter()
                .map(|it| wire::LedgerEntry { index: number(it.index), entry: it.encoded })
                .collect(),
        }))
    }

    #[tracing::instrument(name = "ExportLedger", skip_all)]
    async fn export_ledger(
        &self,
        request: Request<wire::ExportLedgerRequest>,
    ) -> Result<Response<Self::ExportLedgerStream>, Status> {
        let from = size("from", request.into_inner().from)?;
        let mut exporting = Exporting::begin(Arc::clone(&self.0), from).await?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(async move {
            let entries = number(exporting.entries());
            loop {
                let piece = match exporting.next().await {
                    Ok(None) => return,
                    Ok(Some(text)) => {
                        Ok(wire::ExportLedgerResponse { chunk: text.into_bytes(), entries })
                    }
                    Err(refusal) => Err(Status::from(refusal)),
                };
                let last = piece.is_err();
                // A caller who has gone needs no more of it.
                if sender.send(piece).await.is_err() || last {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    #[tracing::instrument(name = "RegisterWitness", skip_all)]
    async fn register_witness(
        &self,
        request: Request<wire::RegisterWitnessRequest>,
    ) -> Result<Response<wire::RegisterWitnessResponse>, Status> {
        let organisation = Caller::of(&request)?.organisation.to_string();
        self.0.register_witness(&organisation, &request.into_inner().verifier_key).await?;
        Ok(Response::new(wire::RegisterWitnessResponse {}))
    }

    #[tracing::instrument(name = "AddCosignature", skip_all)]
    async fn add_cosignature(
        &self,
        request: Request<wire::AddCosignatureRequest>,
    ) -> Result<Response<wire::AddCosignatureResponse>, Status> {
        let organisation = Caller::of(&request)?.organisation.to_string();
        let count = self.0.add_cosignature(&organisation, &request.into_inner().checkpoint).await?;
        let witnesses = i32::try_from(count).unwrap_or(i32::MAX);
        Ok(Response::new(wire::AddCosignatureResponse { witnesses }))
    }
}

/// About whom the caller may read: about itself, and the operator about everybody.
fn whose(caller: &Caller) -> Option<String> {
    let operator = caller.organisation.kind() == OrganisationKind::Operator;
    (!operator).then(|| caller.organisation.to_string())
}

fn size(field: &str, wanted: i64) -> Result<u64, Refusal> {
    u64::try_from(wanted).map_err(|_| Refusal::field(field, "it is negative"))
}

fn bytes(hash: &Hash) -> Vec<u8> {
    hash.as_bytes().to_vec()
}
