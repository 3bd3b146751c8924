//! `mash who-looked`: who looked at the record of a case.

use std::path::PathBuf;

use clap::Args;
use mash_domain::organisation::OrganisationId;
use mash_proto::{convert::time_from_wire, sharing::v1::ListLooksRequest};

use crate::{
    data::Data,
    people::{Endpoints, People, on_behalf},
};

/// Which case, and as whom.
#[derive(Debug, Args)]
pub struct WhoLookedArgs {
    /// The case, `incidents/…` or `referrals/…`: an opaque id, which tells nothing of the child.
    case: String,
    /// The data folder with the organisation's certificate.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
    data: PathBuf,
    /// The routing service.
    #[arg(long, default_value = "https://localhost:7443")]
    endpoint: String,
    /// The organisation that leads the case.
    #[arg(long = "as", env = "MASH_AS", value_name = "KIND/CODE")]
    organisation: String,
    /// Its practitioner.
    #[arg(long, env = "MASH_PRACTITIONER")]
    practitioner: String,
}

impl WhoLookedArgs {
    /// Lists them, the latest first.
    ///
    /// # Errors
    ///
    /// If the hub refuses.
    pub async fn run(self) -> anyhow::Result<()> {
        let people = People::new(Data::open(&self.data)?, Endpoints::all_at(&self.endpoint));
        let mut client = people.rights(&self.organisation)?;
        let mut page_token = String::new();
        loop {
            let case_name = self.case.clone();
            let request = ListLooksRequest { case_name, page_size: 500, page_token };
            let request = on_behalf(&self.practitioner, request)?;
            let answer = client.list_looks(request).await?.into_inner();
            for look in answer.looks {
                let at = look.time.as_ref().and_then(|at| time_from_wire(at).ok());
                let at = at.map_or_else(String::new, |at| at.to_string());
                let who = look.organisation.and_then(|it| OrganisationId::try_from(it).ok());
                let who = who.map_or_else(|| "-".to_owned(), |who| who.to_string());
                let by = if look.practitioner.is_empty() { "-" } else { &look.practitioner };
                println!("{at}  {who}  {by}  {}  {}", look.what, look.child_ref);
            }
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                return Ok(());
            }
        }
    }
}
