//! What a server is asked about its rules and decisions, as an organisation and on behalf of a practitioner.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use indicatif::ProgressBar;
use jiff::{Span, Timestamp, tz::TimeZone};
use mash_proto::{
    convert::time_to_wire,
    sharing::v1::{
        ApproveRulesetRequest, ExplainDecisionRequest, Explanation, ListRulesetsRequest,
        ProposeRulesetRequest, Ruleset, RulesetFile, SimulateRulesetRequest, SimulationReport,
        simulate_ruleset_response::News,
    },
};
use mash_routing::rulesets::files;

use crate::{
    data::Data,
    demo::prepare::OPERATOR,
    people::{Endpoints, People, on_behalf},
    refused,
};

/// How long a proposal may take: it is proved meanwhile, which takes longer than one call may.
const PROOF: Duration = Duration::from_secs(300);

/// Whom to ask, and as whom.
#[derive(Debug, Args)]
pub(super) struct Asking {
    /// The data folder with the organisation's certificate.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
    data: PathBuf,
    /// The routing service.
    #[arg(long, default_value = "https://localhost:7443")]
    endpoint: String,
    /// The organisation that asks.
    #[arg(long = "as", default_value = OPERATOR, value_name = "KIND/CODE")]
    organisation: String,
    /// Its practitioner.
    #[arg(long, default_value = "administrator")]
    practitioner: String,
}

impl Asking {
    fn people(&self) -> anyhow::Result<People> {
        Ok(People::new(Data::open(&self.data)?, Endpoints::all_at(&self.endpoint)))
    }

    fn request<T>(&self, message: T) -> anyhow::Result<tonic::Request<T>> {
        on_behalf(&self.practitioner, message)
    }
}

/// `mash policy simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    #[command(flatten)]
    asking: Asking,
    /// The folder of the candidate; without it, the version in force, which must come out as history has it.
    #[arg(long)]
    ruleset: Option<PathBuf>,
    /// How far back, such as `30d`, `2w` or `12h`.
    #[arg(long, default_value = "30d")]
    since: Span,
}

impl SimulateArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let (version, files) = match &self.ruleset {
            Some(folder) => read(folder)?,
            None => (String::new(), Vec::new()),
        };
        let now = Timestamp::now().to_zoned(TimeZone::UTC);
        let since = now.checked_sub(self.since).context("that is too far back")?.timestamp();
        let request = SimulateRulesetRequest { version, files, since: Some(time_to_wire(since)) };
        let mut client = self.asking.people()?.rulesets(&self.asking.organisation)?;
        let answer = client.simulate_ruleset(self.asking.request(request)?).await;
        let mut news = answer.map_err(told)?.into_inner();
        let bar = ProgressBar::new_spinner();
        while let Some(message) = news.message().await.map_err(told)? {
            match message.news {
                Some(News::Replayed(done)) => bar.set_position(u64::try_from(done)?),
                Some(News::Report(report)) => {
                    bar.finish_and_clear();
                    print!("{}", written(&report));
                }
                None => {}
            }
        }
        Ok(())
    }
}

fn written(report: &SimulationReport) -> String {
    let mut text = format!(
        "rule set {}: {} decision(s) about {} children replayed, {} decided as on record\n",
        report.version, report.decisions, report.children, report.same
    );
    for change in &report.changes {
        text.push_str(&format!(
            "  {} in {} would {} F{}: {} decision(s), {} children\n",
            change.recipient_kind,
            change.flow,
            if change.gained { "gain" } else { "lose" },
            change.data_class,
            change.decisions,
            change.children
        ));
    }
    if report.changes.is_empty() {
        text.push_str("  nobody would gain or lose anything\n");
    }
    text.push_str(&format!("children who would have been missed: {}\n", report.missed_children));
    if report.without_facts > 0 {
        let count = report.without_facts;
        text.push_str(&format!(
            "{count} decision(s) have no facts on record (such as withdrawals)\n"
        ));
    }
    text
}

/// `mash policy propose`.
#[derive(Debug, Args)]
pub struct ProposeArgs {
    #[command(flatten)]
    asking: Asking,
    /// The folder, named after the version.
    folder: PathBuf,
}

impl ProposeArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let (version, files) = read(&self.folder)?;
        let mut client = self.asking.people()?.rulesets(&self.asking.organisation)?;
        let begun = Instant::now();
        loop {
            let message = ProposeRulesetRequest { version: version.clone(), files: files.clone() };
            match client.propose_ruleset(self.asking.request(message)?).await {
                Ok(answer) => {
                    line(&answer.into_inner().ruleset.context("no answer")?);
                    return Ok(());
                }
                // The proof goes on; the same proposal again waits for the same proof.
                Err(status)
                    if status.code() == tonic::Code::DeadlineExceeded
                        && begun.elapsed() < PROOF => {}
                Err(status) => return Err(told(status)),
            }
        }
    }
}

/// `mash policy approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    #[command(flatten)]
    asking: Asking,
    /// The version.
    version: String,
    /// The folder with the files that you have read: only the same files are put in force.
    #[arg(long)]
    ruleset: PathBuf,
}

impl ApproveArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let (version, files) = read(&self.ruleset)?;
        ensure!(version == self.version, "the folder holds version {version}");
        let digest = files::digest(&files::in_order(files));
        let request = ApproveRulesetRequest { name: format!("rulesets/{version}"), digest };
        let mut client = self.asking.people()?.rulesets(&self.asking.organisation)?;
        let answer = client.approve_ruleset(self.asking.request(request)?).await;
        line(&answer.map_err(told)?.into_inner().ruleset.context("no answer")?);
        Ok(())
    }
}

/// `mash policy list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    asking: Asking,
}

impl ListArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let mut client = self.asking.people()?.rulesets(&self.asking.organisation)?;
        let mut page_token = String::new();
        loop {
            let request = ListRulesetsRequest { page_size: 0, page_token };
            let answer = client.list_rulesets(self.asking.request(request)?).await;
            let answer = answer.map_err(told)?.into_inner();
            answer.rulesets.iter().for_each(line);
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                print!("{}", older(&answer.carried_version, &answer.unknown_flows));
                return Ok(());
            }
        }
    }
}

/// `mash policy explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    asking: Asking,
    /// The decision, with or without `decisions/` before it.
    decision: String,
    /// `en` or `cy`; both without it.
    #[arg(long, default_value = "")]
    language: String,
}

impl ExplainArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let id = self.decision.strip_prefix("decisions/").unwrap_or(&self.decision);
        let request = ExplainDecisionRequest {
            name: format!("decisions/{id}"),
            language: self.language.clone(),
        };
        let mut client = self.asking.people()?.sharing(&self.asking.organisation)?;
        let answer = client.explain_decision(self.asking.request(request)?).await;
        let told: Vec<String> =
            answer.map_err(told)?.into_inner().explanations.iter().map(explained).collect();
        println!("{}", told.join("\n"));
        Ok(())
    }
}

/// An explanation as a page of text.
fn explained(told: &Explanation) -> String {
    let mut text = format!("{}\n", told.title);
    for section in &told.sections {
        if !section.heading.is_empty() {
            text.push_str(&format!("\n{}\n", section.heading));
        }
        for said in &section.lines {
            text.push_str(&format!("  {said}\n"));
        }
    }
    text
}

/// What to do where the rules in force are older than the program; nothing where they are not.
fn older(carried: &str, unknown: &[String]) -> String {
    if unknown.is_empty() {
        return String::new();
    }
    format!(
        "\nThe version in force is older than the program, which carries {carried}. It does not know these flows, and \
         only the statutory minimum goes in them:\n  {}\nPropose {carried} and have somebody of another organisation \
         approve it.\n",
        unknown.join(", ")
    )
}

fn line(ruleset: &Ruleset) {
    let digest: String = ruleset.digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let by = ruleset.proposed_by.as_ref().map_or_else(
        || "the program itself".to_owned(),
        |found| {
            mash_domain::organisation::OrganisationId::try_from(found.clone())
                .map_or_else(|_| "-".to_owned(), |id| id.to_string())
        },
    );
    let state = ruleset.state().as_str_name().trim_start_matches("RULESET_STATE_").to_lowercase();
    println!("{}  {state}  proposed by {by}  sha256 {digest}", ruleset.name);
}

/// What the server said, with every file and line and every counterexample.
#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by value")]
fn told(status: tonic::Status) -> anyhow::Error {
    anyhow::anyhow!(refused::lines(&status))
}

/// The files of a folder that is named after its version.
fn read(folder: &Path) -> anyhow::Result<(String, Vec<RulesetFile>)> {
    let cannot = || format!("cannot read the rule set in {}", folder.display());
    let folder = folder.canonicalize().with_context(cannot)?;
    let version = folder.file_name().and_then(|name| name.to_str()).with_context(cannot)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            bail!("a file of {} has a name that cannot be read", folder.display());
        };
        let text = fs::read_to_string(&path).with_context(cannot)?;
        files.push(RulesetFile { name: name.to_owned(), text });
    }
    Ok((version.to_owned(), files))
}
