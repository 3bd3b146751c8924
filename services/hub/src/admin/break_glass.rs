//! `mash break-glass`: for a life, what the hub holds about one child, without asking the rules.
//!
//! As with `mash sar`, neither who the child is nor why stands on the command line.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use mash_domain::organisation::OrganisationId;
use mash_proto::{
    DESCRIPTORS,
    convert::time_from_wire,
    sharing::v1::{
        AcknowledgeBreakGlassRequest, BreakGlass, BreakGlassRequest, BreakGlassVerdict,
        ListBreakGlassRequest, ReadBehindGlassRequest, ReadBehindGlassResponse,
        ReviewBreakGlassRequest, WatchBreakGlassRequest,
        break_glass_service_client::BreakGlassServiceClient,
    },
};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use tonic::transport::Channel;
use uuid::Uuid;

use super::sar::{child, read};
use crate::{
    data::Data,
    people::{Endpoints, People, on_behalf},
};

/// Break the glass over one child.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct BreakGlassArgs {
    #[command(subcommand)]
    command: Option<BreakGlassCommand>,
    /// A file with one line that says who the child is, or `-` for standard input: an NHS number, a UPN, `incidents/…` with
    /// `/children/…`, `referrals/…` or `subjects/…`. Never the number itself.
    #[arg(required = true, value_name = "FILE|-")]
    child: Option<String>,
    /// A file that says why. The words are kept, and shown to whoever has a part in the child's cases.
    #[arg(long, value_name = "FILE", required = true)]
    reason: Option<String>,
    /// A life is at risk now: it is never refused then.
    #[arg(long)]
    life_at_risk: bool,
    #[command(flatten)]
    asking: Asking,
}

/// What else is done with broken glass.
#[derive(Debug, Subcommand)]
enum BreakGlassCommand {
    /// Read the record again, until the hour is over.
    Read {
        /// `breakGlass/…`.
        name: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// List uses by the organisation, and uses about children in whose cases it has a part.
    List {
        #[command(flatten)]
        asking: Asking,
    },
    /// Print each use that concerns the organisation as it happens, and say that it was heard.
    Watch {
        #[command(flatten)]
        asking: Asking,
    },
    /// Say what an officer, not the one who used it, thinks of a use.
    Review {
        /// `breakGlass/…`.
        name: String,
        /// Whether it was needed.
        #[arg(long)]
        verdict: Verdict,
        /// A file that says why, or `-` for standard input.
        #[arg(long, value_name = "FILE|-")]
        reason: String,
        #[command(flatten)]
        asking: Asking,
    },
}

/// What a review came to.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Verdict {
    /// It was needed.
    Justified,
    /// It was not.
    NotJustified,
}

/// Whom to ask, and as whom.
#[derive(Debug, Args)]
struct Asking {
    /// The data folder with the organisation's certificate.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
    data: PathBuf,
    /// The routing service.
    #[arg(long, default_value = "https://localhost:7443")]
    endpoint: String,
    /// The organisation that asks.
    #[arg(long = "as", env = "MASH_AS", value_name = "KIND/CODE", required = true)]
    organisation: Option<String>,
    /// Its practitioner.
    #[arg(long, env = "MASH_PRACTITIONER", required = true)]
    practitioner: Option<String>,
}

type Client = BreakGlassServiceClient<Channel>;

impl Asking {
    fn client(&self) -> anyhow::Result<(Client, &str)> {
        let people = People::new(Data::open(&self.data)?, Endpoints::all_at(&self.endpoint));
        let organisation = self.organisation.as_deref().unwrap_or_default();
        Ok((people.break_glass(organisation)?, self.practitioner.as_deref().unwrap_or_default()))
    }
}

impl BreakGlassArgs {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If the hub refuses, or a file cannot be read.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { command, child, reason, life_at_risk, asking } = self;
        if let Some(command) = command {
            return command.run().await;
        }
        let named = child.unwrap_or_default();
        child::is_no_identifier(&named)?;
        let child = Some(child::selector(&read(&named)?)?);
        let reason = read(&reason.unwrap_or_default())?;
        let (mut client, by) = asking.client()?;
        let asked = BreakGlassRequest { request_id: fresh(), child, reason, life_at_risk };
        let broken = client.break_glass(on_behalf(by, asked)?).await?.into_inner();
        let broken = broken.break_glass.context("the hub sent no use")?;
        tell(&broken);
        behind(&mut client, by, broken.name).await
    }
}

impl BreakGlassCommand {
    async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Read { name, asking } => {
                let (mut client, by) = asking.client()?;
                behind(&mut client, by, name).await
            }
            Self::List { asking } => {
                let (mut client, by) = asking.client()?;
                let mut page_token = String::new();
                loop {
                    let asked = ListBreakGlassRequest { page_size: 200, page_token };
                    let answer = client.list_break_glass(on_behalf(by, asked)?).await?.into_inner();
                    answer.break_glass.iter().for_each(tell);
                    page_token = answer.next_page_token;
                    if page_token.is_empty() {
                        return Ok(());
                    }
                }
            }
            Self::Watch { asking } => {
                let (mut client, by) = asking.client()?;
                let asked = on_behalf(by, WatchBreakGlassRequest {})?;
                let mut uses = client.watch_break_glass(asked).await?.into_inner();
                while let Some(told) = uses.message().await? {
                    let Some(used) = told.break_glass else { continue };
                    tell(&used);
                    let heard = AcknowledgeBreakGlassRequest { name: used.name };
                    client.acknowledge_break_glass(on_behalf(by, heard)?).await?;
                }
                Ok(())
            }
            Self::Review { name, verdict, reason, asking } => {
                let (mut client, by) = asking.client()?;
                let verdict = match verdict {
                    Verdict::Justified => BreakGlassVerdict::Justified,
                    Verdict::NotJustified => BreakGlassVerdict::NotJustified,
                };
                let (request_id, reason) = (fresh(), read(&reason)?);
                let verdict = verdict.into();
                let asked = ReviewBreakGlassRequest { request_id, name, verdict, reason };
                let answer = client.review_break_glass(on_behalf(by, asked)?).await?.into_inner();
                answer.break_glass.iter().for_each(tell);
                Ok(())
            }
        }
    }
}

/// Prints what is behind the glass: the answer as JSON, for it is read once, by whoever has to act.
async fn behind(client: &mut Client, by: &str, name: String) -> anyhow::Result<()> {
    let asked = on_behalf(by, ReadBehindGlassRequest { name })?;
    let ReadBehindGlassResponse { incidents, items, holders } =
        client.read_behind_glass(asked).await?.into_inner();
    for incident in &incidents {
        println!("{}", json("mash.police.v1.Incident", incident)?);
    }
    for item in &items {
        println!("{}", json("mash.sharing.v1.BehindGlassItem", item)?);
    }
    println!("Ring these for what they alone hold:");
    for holder in holders.into_iter().filter_map(|it| OrganisationId::try_from(it).ok()) {
        println!("  {holder}");
    }
    Ok(())
}

fn tell(used: &BreakGlass) {
    let at = |time: &Option<prost_types::Timestamp>| {
        let at = time.as_ref().and_then(|at| time_from_wire(at).ok());
        at.map_or_else(String::new, |at| at.to_string())
    };
    let who = used.organisation.clone().and_then(|it| OrganisationId::try_from(it).ok());
    let who = who.map_or_else(|| "-".to_owned(), |who| who.to_string());
    let pressing = if used.life_at_risk { "life at risk" } else { "pressing" };
    let verdict = match used.verdict() {
        BreakGlassVerdict::Unspecified => "not reviewed",
        BreakGlassVerdict::Justified => "justified",
        BreakGlassVerdict::NotJustified => "not justified",
    };
    let BreakGlass { name, practitioner, reason, open_time, end_time, case_children, .. } = used;
    println!(
        "{name}  {} to {}  {who}  {practitioner}  {pressing}, {verdict}",
        at(open_time),
        at(end_time)
    );
    println!("  {}", case_children.join(" "));
    println!("  {reason}");
}

fn json(name: &str, message: &impl Message) -> anyhow::Result<String> {
    let pool = DescriptorPool::decode(DESCRIPTORS).context("the contract")?;
    let descriptor = pool.get_message_by_name(name).context("the contract")?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())?;
    Ok(serde_json::to_string_pretty(&dynamic)?)
}

fn fresh() -> String {
    Uuid::new_v4().to_string()
}
