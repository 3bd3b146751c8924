//! The ledger in another process, and its proofs for subject access.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use mash_audit::LedgerGrpc;
use mash_bus::{Ledger, LedgerError};
use mash_chassis::client_channel;
use mash_proto::audit::v1::{
    AppendEntriesRequest, ProveCasesRequest, ProveCasesResponse,
    ledger_service_client::LedgerServiceClient, ledger_service_server::LedgerService as _,
};
use mash_routing::rights::CaseProofs;
use tonic::{Code, Request, Status, transport::Channel};

use crate::{data::Data, demo::prepare::OPERATOR};

/// How long an answer may take; then it is offered again.
const ANSWER: Duration = Duration::from_secs(5);

/// The largest answer: the proofs of 20,000 entries.
const PROOFS_BYTES: usize = 64 << 20;

/// Calls the audit service as the operator.
#[derive(Clone)]
pub struct RemoteLedger(LedgerServiceClient<Channel>);

impl RemoteLedger {
    /// The ledger at this address, with the operator's certificate of this folder.
    ///
    /// # Errors
    ///
    /// If there is no certificate, or the address is none.
    pub fn at(endpoint: &str, data: &Data) -> anyhow::Result<Arc<Self>> {
        let channel = client_channel(endpoint, &data.organisation(&OPERATOR.parse()?)?)?;
        let client = LedgerServiceClient::new(channel).max_decoding_message_size(PROOFS_BYTES);
        Ok(Arc::new(Self(client)))
    }
}

#[async_trait]
impl Ledger for RemoteLedger {
    async fn append(&self, entries: Vec<Vec<u8>>) -> Result<(), LedgerError> {
        let mut client = self.0.clone();
        let call = client.append_entries(AppendEntriesRequest { entries });
        let answer = tokio::time::timeout(ANSWER, call).await;
        match answer {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(status))
                if matches!(status.code(), Code::InvalidArgument | Code::AlreadyExists) =>
            {
                Err(LedgerError::Refused(status.message().to_owned()))
            }
            Ok(Err(status)) => Err(LedgerError::Unreachable(status.message().to_owned())),
            Err(_) => Err(LedgerError::Unreachable("it did not answer in time".to_owned())),
        }
    }
}

#[async_trait]
impl CaseProofs for RemoteLedger {
    async fn prove(&self, case_ids: Vec<String>) -> Result<ProveCasesResponse, Status> {
        let mut client = self.0.clone();
        Ok(client.prove_cases(ProveCasesRequest { case_ids }).await?.into_inner())
    }
}

/// The proofs of the ledger that this very process serves.
pub struct LocalProofs(pub LedgerGrpc);

#[async_trait]
impl CaseProofs for LocalProofs {
    async fn prove(&self, case_ids: Vec<String>) -> Result<ProveCasesResponse, Status> {
        let request = Request::new(ProveCasesRequest { case_ids });
        Ok(self.0.prove_cases(request).await?.into_inner())
    }
}
