//! `mash sar`: what a data protection officer does with a subject access request.
//!
//! Whose it is never stands on the command line, where a shell keeps it and every process of the machine sees it: it is
//! read from a file or from standard input. So are reasons, which may tell of a child.

pub(super) mod child;
mod verify;

use std::{
    fs,
    io::{IsTerminal as _, Read as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand, ValueEnum};
use mash_inbox::{subject_access_html, subject_access_json, subject_access_text};
use mash_proto::sharing::v1::{
    AccessRecord, ApplyHarmTestRequest, AssembleSubjectAccessRequest, ExtendSubjectAccessRequest,
    GetSubjectAccessRequest, HarmOutcome, ListSubjectAccessRequest, RefuseSubjectAccessRequest,
    ReleaseSubjectAccessRequest, RequestSubjectAccessRequest, SetOfficerRequest, SubjectAccess,
    SubjectAccessRefusalGround, rights_service_client::RightsServiceClient,
};
use tonic::{Request, transport::Channel};
use uuid::Uuid;

pub use self::verify::proved;
use super::statement::Tongue;
use crate::{
    data::Data,
    people::{Endpoints, People, on_behalf},
};

/// The longest child or reason that is read, in bytes.
const LONGEST: u64 = 8_192;
/// Lines of a record that are shown on a terminal.
const SHOWN: usize = 40;

/// A subject access request.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct SarArgs {
    #[command(subcommand)]
    command: Option<SarCommand>,
    /// A file with one line that says who the child is, or `-` for standard input: an NHS number, a UPN, `incidents/…` with
    /// `/children/…`, `referrals/…` or `subjects/…`. Never the number itself.
    #[arg(required = true, value_name = "FILE|-")]
    child: Option<String>,
    /// When it was received; today if nothing is said.
    #[arg(long, value_name = "DAY")]
    received: Option<jiff::civil::Date>,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    into: Into,
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
    /// The organisation that answers.
    #[arg(long = "as", env = "MASH_AS", value_name = "KIND/CODE", required = true)]
    organisation: Option<String>,
    /// Its practitioner.
    #[arg(long, env = "MASH_PRACTITIONER", required = true)]
    practitioner: Option<String>,
}

/// Where to write what is shown.
#[derive(Debug, Args)]
struct Into {
    /// Write a page there.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write it for programs there.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The language of the page.
    #[arg(long, visible_alias = "language", default_value = "en")]
    lang: Tongue,
}

/// What the serious-harm test came to.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Outcome {
    /// It may be handed over.
    HandOver,
    /// Serious harm.
    SeriousHarm,
    /// Child abuse data.
    ChildAbuseData,
    /// Prevention or detection of crime.
    Crime,
    /// About somebody else.
    ThirdParty,
}

/// On what ground a request is refused.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Ground {
    /// Nobody could show who asks.
    IdentityNotShown,
    /// Manifestly unfounded.
    ManifestlyUnfounded,
    /// Manifestly excessive.
    ManifestlyExcessive,
    /// An exemption covers all of it.
    Exempt,
}

/// What can be done with a request, `subjectAccess/…`.
#[derive(Debug, Subcommand)]
enum SarCommand {
    /// Record that you applied the serious-harm test, to a line or to everything that has no test of its own.
    Test {
        /// The request.
        name: String,
        /// To which line; without it, to everything that has none of its own.
        #[arg(long, default_value_t = 0)]
        line: i32,
        /// What it came to.
        #[arg(long)]
        outcome: Outcome,
        /// A file that says why, or `-` for standard input.
        #[arg(long, value_name = "FILE|-")]
        reason: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Take one or two months more, within the first.
    Extend {
        /// The request.
        name: String,
        /// How many.
        #[arg(long)]
        months: i32,
        /// A file that says why, or `-` for standard input.
        #[arg(long, value_name = "FILE|-")]
        reason: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Hand it over, and write what is handed over.
    Release {
        /// The request.
        name: String,
        #[command(flatten)]
        asking: Asking,
        #[command(flatten)]
        into: Into,
    },
    /// Refuse it.
    Refuse {
        /// The request.
        name: String,
        /// On what ground.
        #[arg(long)]
        ground: Ground,
        /// A file that says why, or `-` for standard input.
        #[arg(long, value_name = "FILE|-")]
        reason: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Show a request and its record.
    Show {
        /// The request.
        name: String,
        #[command(flatten)]
        asking: Asking,
        #[command(flatten)]
        into: Into,
    },
    /// List the organisation's requests, those that are due first before the others.
    List {
        #[command(flatten)]
        asking: Asking,
    },
    /// Appoint somebody else as data protection officer, or end that.
    Officer {
        /// Who.
        officer: String,
        /// End it.
        #[arg(long)]
        end: bool,
        #[command(flatten)]
        asking: Asking,
    },
    /// Verify a page without asking anybody: that it shows its record and nothing else, and that each proof is good.
    Verify(verify::VerifyArgs),
}

type Client = RightsServiceClient<Channel>;

impl SarArgs {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If the hub refuses, or a file cannot be read or written.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { command, child, received, asking, into } = self;
        match command {
            Some(command) => command.run().await,
            None => request(&child.unwrap_or_default(), received, &asking, &into).await,
        }
    }
}

async fn request(
    child: &str,
    received: Option<jiff::civil::Date>,
    asking: &Asking,
    into: &Into,
) -> anyhow::Result<()> {
    child::is_no_identifier(child)?;
    let child = Some(child::selector(&read(child)?)?);
    let (mut client, by) = asking.client()?;
    let received_date = received.map(std::convert::Into::into);
    let asked = RequestSubjectAccessRequest { request_id: fresh(), child, received_date };
    let made = client.request_subject_access(as_named(by, asked)?).await?.into_inner();
    let name = made.subject_access.context("the hub sent no request")?.name;
    let put = AssembleSubjectAccessRequest { request_id: fresh(), name: name.clone() };
    client.assemble_subject_access(as_named(by, put)?).await?;
    show(&mut client, by, &name, into).await
}

impl SarCommand {
    async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Test { name, line, outcome, reason, asking } => {
                let (mut client, by) = asking.client()?;
                let (request_id, reason) = (fresh(), read(&reason)?);
                let outcome = outcome.to_wire().into();
                let asked = ApplyHarmTestRequest { request_id, name, line, outcome, reason };
                let answer = client.apply_harm_test(as_named(by, asked)?).await?;
                told(answer.into_inner().subject_access)
            }
            Self::Extend { name, months, reason, asking } => {
                let (mut client, by) = asking.client()?;
                let (request_id, reason) = (fresh(), read(&reason)?);
                let asked = ExtendSubjectAccessRequest { request_id, name, months, reason };
                let answer = client.extend_subject_access(as_named(by, asked)?).await?;
                told(answer.into_inner().subject_access)
            }
            Self::Release { name, asking, into } => {
                let (mut client, by) = asking.client()?;
                let asked = ReleaseSubjectAccessRequest { request_id: fresh(), name: name.clone() };
                client.release_subject_access(as_named(by, asked)?).await?;
                show(&mut client, by, &name, &into).await
            }
            Self::Refuse { name, ground, reason, asking } => {
                let (mut client, by) = asking.client()?;
                let (request_id, reason) = (fresh(), read(&reason)?);
                let ground = ground.to_wire().into();
                let asked = RefuseSubjectAccessRequest { request_id, name, ground, reason };
                let answer = client.refuse_subject_access(as_named(by, asked)?).await?;
                told(answer.into_inner().subject_access)
            }
            Self::Show { name, asking, into } => {
                let (mut client, by) = asking.client()?;
                show(&mut client, by, &name, &into).await
            }
            Self::List { asking } => list(&asking).await,
            Self::Officer { officer, end, asking } => {
                let (mut client, by) = asking.client()?;
                let asked = SetOfficerRequest {
                    request_id: fresh(),
                    practitioner: officer,
                    appointed: !end,
                };
                client.set_officer(as_named(by, asked)?).await?;
                Ok(())
            }
            Self::Verify(args) => args.run(),
        }
    }
}

async fn list(asking: &Asking) -> anyhow::Result<()> {
    let (mut client, by) = asking.client()?;
    let mut page_token = String::new();
    loop {
        let asked = ListSubjectAccessRequest { page_size: 200, page_token };
        let answer = client.list_subject_access(as_named(by, asked)?).await?.into_inner();
        answer.subject_access.iter().for_each(|found| println!("{}", said(found)));
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Ok(());
        }
    }
}

async fn show(client: &mut Client, by: &str, name: &str, into: &Into) -> anyhow::Result<()> {
    let asked = GetSubjectAccessRequest { name: name.to_owned() };
    let answer = client.get_subject_access(as_named(by, asked)?).await?.into_inner();
    if let Some(record) = &answer.record {
        into.write(record)?;
        let lines = subject_access_text(record, into.lang.language())?;
        lines.iter().take(SHOWN).for_each(|line| println!("{line}"));
        if lines.len() > SHOWN {
            println!("… {} more", lines.len() - SHOWN);
        }
    }
    told(answer.subject_access)
}

impl Asking {
    fn client(&self) -> anyhow::Result<(Client, &str)> {
        let missing = "say with --as and --practitioner who asks";
        let organisation = self.organisation.as_deref().context(missing)?;
        let practitioner = self.practitioner.as_deref().context(missing)?;
        let people = People::new(Data::open(&self.data)?, Endpoints::all_at(&self.endpoint));
        Ok((people.rights(organisation)?, practitioner))
    }
}

impl Into {
    fn write(&self, record: &AccessRecord) -> anyhow::Result<()> {
        let put = |path: &Path, text: String| {
            private(path, &text).with_context(|| format!("cannot write {}", path.display()))
        };
        if let Some(path) = &self.html {
            put(path, subject_access_html(record, self.lang.language())?)?;
        }
        if let Some(path) = &self.json {
            put(path, format!("{:#}\n", subject_access_json(record)))?;
        }
        Ok(())
    }
}

/// Writes a file that only its owner may read: what is on record about a child is for nobody else on the machine.
///
/// # Errors
///
/// If it cannot be written.
pub fn private(path: &Path, text: &str) -> std::io::Result<()> {
    if path.exists() {
        fs::remove_file(path)?;
    }
    mash_chassis::ca::write_private(path, text.as_bytes())
}

impl Outcome {
    const fn to_wire(self) -> HarmOutcome {
        match self {
            Self::HandOver => HarmOutcome::HandOver,
            Self::SeriousHarm => HarmOutcome::SeriousHarm,
            Self::ChildAbuseData => HarmOutcome::ChildAbuseData,
            Self::Crime => HarmOutcome::Crime,
            Self::ThirdParty => HarmOutcome::ThirdParty,
        }
    }
}

impl Ground {
    const fn to_wire(self) -> SubjectAccessRefusalGround {
        match self {
            Self::IdentityNotShown => SubjectAccessRefusalGround::IdentityNotShown,
            Self::ManifestlyUnfounded => SubjectAccessRefusalGround::ManifestlyUnfounded,
            Self::ManifestlyExcessive => SubjectAccessRefusalGround::ManifestlyExcessive,
            Self::Exempt => SubjectAccessRefusalGround::Exempt,
        }
    }
}

/// A file, or standard input, without what stands around its text.
///
/// # Errors
///
/// If it cannot be read, or is longer than any that is meant.
pub fn read(from: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    if from == "-" {
        let input = std::io::stdin();
        if input.is_terminal() {
            eprintln!("(end with Ctrl-D)");
        }
        input.take(LONGEST + 1).read_to_string(&mut text)?;
    } else {
        let file = fs::File::open(from).context("the file cannot be read")?;
        file.take(LONGEST + 1).read_to_string(&mut text).context("the file cannot be read")?;
    }
    ensure!(text.len() as u64 <= LONGEST, "more than {LONGEST} bytes");
    Ok(text.trim().to_owned())
}

fn fresh() -> String {
    Uuid::new_v4().to_string()
}

fn as_named<T>(practitioner: &str, message: T) -> anyhow::Result<Request<T>> {
    on_behalf(practitioner, message)
}

fn told(of: Option<SubjectAccess>) -> anyhow::Result<()> {
    println!("{}", said(&of.context("the hub sent no request")?));
    Ok(())
}

/// A request in one line.
fn said(of: &SubjectAccess) -> String {
    let state = of.state().as_str_name().trim_start_matches("SUBJECT_ACCESS_STATE_").to_lowercase();
    let due = of
        .due_date
        .as_ref()
        .map_or_else(String::new, |due| format!("{:04}-{:02}-{:02}", due.year, due.month, due.day));
    let late = if of.overdue { " OVERDUE" } else { "" };
    format!("{}: {state}, {} lines, {} not tested, due {due}{late}", of.name, of.lines, of.untested)
}
