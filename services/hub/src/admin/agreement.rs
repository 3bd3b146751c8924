//! `mash agreement`: agreements between organisations, over the same calls that their own systems make.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand, ValueEnum};
use mash_domain::agreement::{Lifecycle, SignatoryRole, TerminationReason};
use mash_policy::Language;
use mash_proto::{
    convert::agreement::terms_from_wire,
    sharing::v1::{
        self as wire, Agreement, GetAgreementRequest, ListAgreementsRequest,
        ProposeAgreementRequest, SignAgreementRequest, TerminateAgreementRequest,
    },
};
use tonic::{Code, Status};
use uuid::Uuid;

use self::render::{Format, Rendering};
use crate::{
    data::Data,
    demo::prepare::OPERATOR,
    people::{Endpoints, People, on_behalf},
    refused,
};

mod document;
mod file;
mod names;
pub mod render;

/// Whom to call, and as whom.
#[derive(Debug, Args)]
pub struct Caller {
    /// The data folder with the certificates.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
    data: PathBuf,
    /// The routing service.
    #[arg(long, default_value = "https://localhost:7443")]
    endpoint: String,
    /// The organisation that calls, such as `police/62`. The operator reads all agreements and signs none.
    #[arg(long = "as", default_value = OPERATOR)]
    organisation: String,
}

/// A caller on whose behalf somebody acts.
#[derive(Debug, Args)]
pub struct Actor {
    #[command(flatten)]
    caller: Caller,
    /// The id of the person who acts, as the organisation knows her.
    #[arg(long)]
    practitioner: String,
}

/// The languages of documents.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Tongue {
    /// English.
    En,
    /// Welsh.
    Cy,
}

impl Tongue {
    const fn language(self) -> Language {
        match self {
            Self::En => Language::English,
            Self::Cy => Language::Welsh,
        }
    }
}

/// What can be done with agreements.
#[derive(Debug, Subcommand)]
pub enum AgreementCommand {
    /// Propose an agreement that is written down in a file; see policy/agreements for an example.
    Propose {
        #[command(flatten)]
        actor: Actor,
        /// The TOML file.
        file: PathBuf,
    },
    /// Sign an agreement for an organisation, by the digest of what was read.
    Sign {
        #[command(flatten)]
        actor: Actor,
        /// `agreements/…`.
        name: String,
        /// The digest that the document shows: 64 hexadecimal digits.
        #[arg(long)]
        digest: String,
        /// The office of the signatory, such as `caldicott-guardian`.
        #[arg(long, value_parser = office)]
        role: SignatoryRole,
    },
    /// End an agreement at once.
    Terminate {
        #[command(flatten)]
        actor: Actor,
        /// `agreements/…`.
        name: String,
        /// Why, such as `party-withdraws`.
        #[arg(long, value_parser = reason)]
        reason: TerminationReason,
    },
    /// List agreements, with what ends soon.
    List {
        #[command(flatten)]
        caller: Caller,
        /// Only live ones that end within so many days.
        #[arg(long, default_value_t = 0)]
        ends_within: i32,
    },
    /// Show where an agreement stands.
    Show {
        #[command(flatten)]
        caller: Caller,
        /// `agreements/…`.
        name: String,
    },
    /// Print an agreement as a document that a person can read and sign.
    Render {
        #[command(flatten)]
        caller: Caller,
        /// `agreements/…`.
        name: String,
        /// The language.
        #[arg(long, default_value = "en")]
        language: Tongue,
        /// Text for a terminal, or HTML to print.
        #[arg(long, default_value = "text")]
        format: Format,
    },
}

fn office(word: &str) -> Result<SignatoryRole, String> {
    file::one_of(word, SignatoryRole::ALL, SignatoryRole::word).map_err(|error| error.to_string())
}

fn reason(word: &str) -> Result<TerminationReason, String> {
    let all = TerminationReason::ALL;
    file::one_of(word, all, TerminationReason::word).map_err(|error| error.to_string())
}

impl Caller {
    fn people(&self) -> anyhow::Result<People> {
        Ok(People::new(Data::open(&self.data)?, Endpoints::all_at(&self.endpoint)))
    }

    async fn get(&self, name: &str) -> anyhow::Result<Agreement> {
        let mut client = self.people()?.agreements(&self.organisation)?;
        let request = GetAgreementRequest { name: name.to_owned() };
        let answer = client.get_agreement(request).await.map_err(told)?;
        answer.into_inner().agreement.context("the hub sent no agreement")
    }
}

impl AgreementCommand {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or the hub refuses; every fault is told.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Propose { actor, file } => {
                let request_id = Uuid::new_v4().to_string();
                let request =
                    ProposeAgreementRequest { request_id, terms: Some(file::read(&file)?) };
                let mut client = actor.client()?;
                let answer =
                    client.propose_agreement(actor.behalf(request)?).await.map_err(told)?;
                shown(answer.into_inner().agreement)
            }
            Self::Sign { actor, name, digest, role } => {
                let request = SignAgreementRequest {
                    request_id: Uuid::new_v4().to_string(),
                    name,
                    digest: hexadecimal(&digest)?,
                    role: wire::SignatoryRole::from(role).into(),
                };
                let mut client = actor.client()?;
                let answer = client.sign_agreement(actor.behalf(request)?).await.map_err(told)?;
                shown(answer.into_inner().agreement)
            }
            Self::Terminate { actor, name, reason } => {
                let reason = wire::TerminationReason::from(reason).into();
                let request_id = Uuid::new_v4().to_string();
                let request = TerminateAgreementRequest { request_id, name, reason };
                let mut client = actor.client()?;
                let answer =
                    client.terminate_agreement(actor.behalf(request)?).await.map_err(told)?;
                shown(answer.into_inner().agreement)
            }
            Self::List { caller, ends_within } => list(&caller, ends_within).await,
            Self::Show { caller, name } => shown(Some(caller.get(&name).await?)),
            Self::Render { caller, name, language, format } => {
                let agreement = caller.get(&name).await?;
                let rendering = Rendering { language: language.language(), format };
                print!("{}", rendering.of(&agreement)?);
                Ok(())
            }
        }
    }
}

impl Actor {
    fn client(
        &self,
    ) -> anyhow::Result<
        wire::agreement_service_client::AgreementServiceClient<tonic::transport::Channel>,
    > {
        self.caller.people()?.agreements(&self.caller.organisation)
    }

    fn behalf<T>(&self, request: T) -> anyhow::Result<tonic::Request<T>> {
        on_behalf(&self.practitioner, request)
    }
}

async fn list(caller: &Caller, ends_within_days: i32) -> anyhow::Result<()> {
    let mut client = caller.people()?.agreements(&caller.organisation)?;
    let mut request = ListAgreementsRequest { ends_within_days, ..Default::default() };
    let mut count = 0;
    loop {
        let page = client.list_agreements(request.clone()).await.map_err(told)?.into_inner();
        count += page.agreements.len();
        for agreement in &page.agreements {
            println!("{}", line(agreement)?);
        }
        if page.next_page_token.is_empty() {
            println!("{count} agreement(s)");
            return Ok(());
        }
        request.page_token = page.next_page_token;
    }
}

/// One line of a list.
fn line(agreement: &Agreement) -> anyhow::Result<String> {
    let terms = agreement.terms.as_ref().context("the hub sent no terms")?;
    let state = state(agreement)?;
    let left = if state != Lifecycle::Live {
        String::new()
    } else if agreement.warnings.is_empty() {
        format!("  {} days left", agreement.days_left)
    } else {
        format!("  ENDS IN {} DAY(S)", agreement.days_left)
    };
    Ok(format!("{}  {}  {}  {}{left}", agreement.name, state.word(), terms.reference, terms.title))
}

fn shown(agreement: Option<Agreement>) -> anyhow::Result<()> {
    let agreement = agreement.context("the hub sent no agreement")?;
    println!("{}", line(&agreement)?);
    let terms = agreement.terms.clone().context("the hub sent no terms")?;
    let terms = terms_from_wire(terms).map_err(|_| anyhow::anyhow!("the terms do not read"))?;
    println!("  from {} until {}", terms.valid_from(), terms.valid_until());
    println!("  digest {}", digits(&agreement.digest));
    for party in terms.parties() {
        let wire = (&party.organisation).into();
        let signed = agreement.signatures.iter().any(|it| it.party.as_ref() == Some(&wire));
        let signed = if signed { "signed" } else { "not signed" };
        println!("  {} ({}): {signed}", party.organisation, party.role.word());
    }
    for clause in terms.clauses() {
        let classes: Vec<String> = clause.classes.iter().map(|class| class.to_string()).collect();
        println!("  clause {}: {}, {}", clause.id, clause.flow, classes.join(" "));
    }
    for warning in &agreement.warnings {
        println!("  warned {} days before the end", warning.days);
    }
    Ok(())
}

fn state(agreement: &Agreement) -> anyhow::Result<Lifecycle> {
    let known = Lifecycle::try_from(agreement.state());
    known.map_err(|_| anyhow::anyhow!("the hub sent a state that this program does not know"))
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hexadecimal(text: &str) -> anyhow::Result<Vec<u8>> {
    let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    ensure!(text.len() == 64, "a digest has 64 hexadecimal digits; copy it from the document");
    let mut bytes = Vec::new();
    for pair in text.chunks(2) {
        let pair = std::str::from_utf8(pair).context("a digest is hexadecimal")?;
        bytes.push(u8::from_str_radix(pair, 16).context("a digest is hexadecimal")?);
    }
    Ok(bytes)
}

/// A refusal of the hub, with every fault on a line of its own.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn told(status: Status) -> anyhow::Error {
    let mut text = refused::lines(&status);
    if status.code() == Code::NotFound {
        text.push_str("\n  there is no such agreement, or the caller is no party of it");
    }
    anyhow::Error::msg(text)
}

#[cfg(test)]
mod tests;
