//! `mash misdirected`: reports that went to somebody who should not have had them, for the data protection officer.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use mash_domain::organisation::OrganisationId;
use mash_proto::{
    convert::time_from_wire,
    sharing::v1::{
        ListMisdirectionsRequest, Misdirection, MisdirectionRuling, RuleOnMisdirectionRequest,
    },
};
use uuid::Uuid;

use super::sar::read;
use crate::{
    data::Data,
    people::{Endpoints, People, on_behalf},
};

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum MisdirectedCommand {
    /// List them, the oldest first, with their 72 hours and which recipients have not said that it is gone.
    List {
        #[command(flatten)]
        asking: Asking,
    },
    /// Record whether the Information Commissioner was told, and why.
    Rule {
        /// Which, `misdirections/…`.
        name: String,
        /// What was decided.
        #[arg(long)]
        ruling: Ruling,
        /// A file that says why, or `-` for standard input.
        #[arg(long, value_name = "FILE|-")]
        reason: String,
        #[command(flatten)]
        asking: Asking,
    },
}

/// What was decided.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Ruling {
    /// The Commissioner was told.
    Told,
    /// It is unlikely to result in a risk to anybody.
    NoRisk,
}

/// Whom to ask, and as whom.
#[derive(Debug, Args)]
pub struct Asking {
    /// The data folder with the organisation's certificate.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
    data: PathBuf,
    /// The routing service.
    #[arg(long, default_value = "https://localhost:7443")]
    endpoint: String,
    /// The organisation.
    #[arg(long = "as", env = "MASH_AS", value_name = "KIND/CODE")]
    organisation: String,
    /// Its data protection officer.
    #[arg(long, env = "MASH_PRACTITIONER")]
    practitioner: String,
}

impl MisdirectedCommand {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If the hub refuses, or a file cannot be read.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List { asking } => list(&asking).await,
            Self::Rule { name, ruling, reason, asking } => {
                let (request_id, reason) = (Uuid::new_v4().to_string(), read(&reason)?);
                let ruling = match ruling {
                    Ruling::Told => MisdirectionRuling::Told,
                    Ruling::NoRisk => MisdirectionRuling::NoRisk,
                };
                let ruling = ruling.into();
                let request = RuleOnMisdirectionRequest { request_id, name, ruling, reason };
                let request = on_behalf(&asking.practitioner, request)?;
                let mut client = asking.people()?.rights(&asking.organisation)?;
                let answer = client.rule_on_misdirection(request).await?.into_inner();
                tell(&answer.misdirection.context("the hub sent nothing")?);
                Ok(())
            }
        }
    }
}

impl Asking {
    fn people(&self) -> anyhow::Result<People> {
        Ok(People::new(Data::open(&self.data)?, Endpoints::all_at(&self.endpoint)))
    }
}

async fn list(asking: &Asking) -> anyhow::Result<()> {
    let mut client = asking.people()?.rights(&asking.organisation)?;
    let mut page_token = String::new();
    loop {
        let request = ListMisdirectionsRequest { page_size: 200, page_token };
        let request = on_behalf(&asking.practitioner, request)?;
        let answer = client.list_misdirections(request).await?.into_inner();
        answer.misdirections.iter().for_each(tell);
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Ok(());
        }
    }
}

fn tell(found: &Misdirection) {
    let time = |of: Option<&prost_types::Timestamp>| {
        let at = of.and_then(|time| time_from_wire(time).ok());
        at.map_or_else(|| "-".to_owned(), |at| at.to_string())
    };
    let stands = match found.ruling() {
        MisdirectionRuling::Unspecified if found.overdue => "OVERDUE",
        MisdirectionRuling::Unspecified => "to be decided",
        MisdirectionRuling::Told => "the Commissioner was told",
        MisdirectionRuling::NoRisk => "no risk to anybody",
    };
    println!(
        "{}: aware {}, due {}, {stands}, {} of {} copies not known to be gone",
        found.name,
        time(found.aware_time.as_ref()),
        time(found.due_time.as_ref()),
        found.outstanding,
        found.copies.len()
    );
    for copy in &found.copies {
        let who = copy.recipient.clone().and_then(|it| OrganisationId::try_from(it).ok());
        let who = who.map_or_else(|| "-".to_owned(), |who| who.to_string());
        println!("  {who}  gone {}", time(copy.delete_time.as_ref()));
    }
}
