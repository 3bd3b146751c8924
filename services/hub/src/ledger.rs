//! The ledger in another process.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use mash_bus::{Ledger, LedgerError};
use mash_chassis::client_channel;
use mash_proto::audit::v1::{AppendEntriesRequest, ledger_service_client::LedgerServiceClient};
use tonic::{Code, transport::Channel};

use crate::{data::Data, demo::prepare::OPERATOR};

/// How long an answer may take; then it is offered again.
const ANSWER: Duration = Duration::from_secs(5);

/// Calls the audit service as the operator.
pub struct RemoteLedger(LedgerServiceClient<Channel>);

impl RemoteLedger {
    /// The ledger at this address, with the operator's certificate of this folder.
    ///
    /// # Errors
    ///
    /// If there is no certificate, or the address is none.
    pub fn at(endpoint: &str, data: &Data) -> anyhow::Result<Arc<dyn Ledger>> {
        let channel = client_channel(endpoint, &data.organisation(&OPERATOR.parse()?)?)?;
        Ok(Arc::new(Self(LedgerServiceClient::new(channel))))
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
