//! `mash hold`, `mash release-hold`, `mash erase`, `mash erasures`: what the operator does with the content of a case.

use std::path::PathBuf;

use clap::Args;
use mash_proto::audit::v1::{
    EraseCaseRequest, ListErasuresRequest, PlaceHoldRequest, ReleaseHoldRequest,
    erasure_service_client::ErasureServiceClient,
};
use tonic::transport::Channel;
use uuid::Uuid;

use crate::{
    data::Data,
    demo::prepare::OPERATOR,
    people::{Endpoints, People, on_behalf},
};

/// Whom to ask, and who asks.
#[derive(Debug, Args)]
struct Asking {
    /// The data folder with the operator's certificate.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
    data: PathBuf,
    /// The audit service.
    #[arg(long, default_value = "https://localhost:7443")]
    endpoint: String,
    /// The person who orders it.
    #[arg(long, default_value = "administrator")]
    practitioner: String,
    /// The id of the request; the same one again has no further effect.
    #[arg(long, default_value_t = Uuid::new_v4())]
    request_id: Uuid,
}

impl Asking {
    fn erasures(&self) -> anyhow::Result<ErasureServiceClient<Channel>> {
        People::new(Data::open(&self.data)?, Endpoints::all_at(&self.endpoint)).erasures(OPERATOR)
    }
}

/// An order with a reason.
#[derive(Debug, Args)]
pub struct ReasonedArgs {
    #[command(flatten)]
    asking: Asking,
    /// The case, a UUID.
    case: String,
    /// Why, in 1 to 200 characters, without personal data.
    #[arg(long)]
    reason: String,
}

/// An order without one.
#[derive(Debug, Args)]
pub struct PlainArgs {
    #[command(flatten)]
    asking: Asking,
    /// The case, a UUID.
    case: String,
}

/// `mash erasures`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    asking: Asking,
}

impl ReasonedArgs {
    /// Places a hold.
    ///
    /// # Errors
    ///
    /// If the server refuses.
    pub async fn hold(self) -> anyhow::Result<()> {
        let Self { asking, case, reason } = self;
        let request_id = asking.request_id.to_string();
        let request = PlaceHoldRequest { request_id, case_id: case.clone(), reason };
        asking.erasures()?.place_hold(on_behalf(&asking.practitioner, request)?).await?;
        println!("a hold stands on {case}: nothing of it is erased until it is released");
        Ok(())
    }

    /// Erases the content of a case.
    ///
    /// # Errors
    ///
    /// If the server refuses.
    pub async fn erase(self) -> anyhow::Result<()> {
        let Self { asking, case, reason } = self;
        let request_id = asking.request_id.to_string();
        let request = EraseCaseRequest { request_id, case_id: case.clone(), reason };
        let request = on_behalf(&asking.practitioner, request)?;
        let answer = asking.erasures()?.erase_case(request).await?.into_inner();
        let from = answer.destroy_time.and_then(|at| mash_proto::convert::time_from_wire(&at).ok());
        let from = from.map(|at| at.to_string()).unwrap_or_default();
        println!("{} keys of {case} are closed; they are destroyed from {from} on", answer.keys);
        Ok(())
    }
}

impl PlainArgs {
    /// Releases a hold.
    ///
    /// # Errors
    ///
    /// If the server refuses.
    pub async fn release_hold(self) -> anyhow::Result<()> {
        let Self { asking, case } = self;
        let request_id = asking.request_id.to_string();
        let request = ReleaseHoldRequest { request_id, case_id: case.clone() };
        asking.erasures()?.release_hold(on_behalf(&asking.practitioner, request)?).await?;
        println!("no hold stands on {case}");
        Ok(())
    }
}

impl ListArgs {
    /// Lists certificates.
    ///
    /// # Errors
    ///
    /// If the server refuses.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut page_token = String::new();
        loop {
            let request = ListErasuresRequest { page_size: 1_000, page_token };
            let request = on_behalf(&self.asking.practitioner, request)?;
            let page = self.asking.erasures()?.list_erasures(request).await?.into_inner();
            for listed in page.erasures {
                let certificate = listed.certificate.unwrap_or_default();
                let last = if listed.final_time.is_some() { "final" } else { "not final yet" };
                println!(
                    "{}  {}  key {}  {}  {last}  entry {}",
                    certificate.case_id,
                    certificate.record,
                    certificate.key_id,
                    certificate.reason,
                    listed.entry_id
                );
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(());
            }
        }
    }
}
