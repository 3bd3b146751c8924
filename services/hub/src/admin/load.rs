//! `mash load`: how fast a report is available to the school, how fast a referral is with the partners whom a hub asks,
//! how long the workers of full hubs wait, and how long key adults wait for a page; measured from outside.

mod inbox;
pub mod on_the_way;
mod referrals;

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use clap::Args;
use indicatif::ProgressBar;
use mash_domain::organisation::OrganisationId;
use mash_load::{Crowd, LoadConfig, SchoolTarget};
use mash_proto::{
    education::v1::RegisterLayout,
    sharing::v1::{GetConservationRequest, SetForceProfileRequest},
    r#type::v1::Date,
};
use mash_synth::wales::{Scale, Wales};
use uuid::Uuid;

use crate::{
    data::Data,
    demo::prepare::OPERATOR,
    imports,
    people::{Endpoints, People, on_behalf},
};

/// The force that reports.
const FORCE: &str = "62";
const TODAY: Date = Date { year: 2026, month: 11, day: 1 };

/// What is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Subject {
    /// Notices of incidents, from forces to schools.
    Notices,
    /// Referrals, from the report over the hub to five partners.
    Referrals,
    /// The queues of full hubs.
    Queue,
    /// Key adults who sign in to the inbox.
    Inbox,
}

/// What to load, and how.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// What is loaded.
    #[arg(value_enum, default_value = "notices")]
    subject: Subject,
    /// With `referrals` and `queue`: how many hubs.
    #[arg(long, default_value_t = 5)]
    hubs: usize,
    /// With `queue`: how many referrals each hub has open, 10,000 unless said otherwise; with `inbox`: how many notices
    /// wait, 35,000.
    #[arg(long)]
    open: Option<usize>,
    /// Reports a second, one child each.
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// For so many seconds: 30, or with `inbox` 300.
    #[arg(long)]
    seconds: Option<u32>,
    /// With `inbox`: how many accounts there are, two for each school.
    #[arg(long, default_value_t = 52_000)]
    accounts: usize,
    /// With `inbox`: how many people sign in.
    #[arg(long, default_value_t = 500)]
    people: usize,
    /// How many schools watch.
    #[arg(long, default_value_t = 40)]
    schools: usize,
    /// A folder for the run; it is emptied first.
    #[arg(long, default_value = ".mash/load")]
    data: PathBuf,
    /// As for `serve`; must be empty.
    #[arg(long, env = "MASH_DATABASE_URL", hide_env_values = true)]
    database: Option<String>,
    /// As for `serve`.
    #[arg(long, env = "MASH_BUS", default_value = "embedded")]
    bus: String,
    /// Where the loaded `mash serve all` listens.
    #[arg(long, default_value_t = 7643)]
    port: u16,
    /// The name of the run, in occurrence numbers; at most 16 letters and digits.
    #[arg(long, default_value = "load")]
    label: String,
}

impl LoadArgs {
    /// Starts `mash serve all` as a process of its own, gives it an invented Wales, loads it, and prints the report as
    /// JSON. The exit code tells whether nothing was lost or doubled.
    ///
    /// # Errors
    ///
    /// If the hub cannot be started or prepared, or the run was not clean.
    pub async fn run(self) -> anyhow::Result<()> {
        if self.data.exists() {
            std::fs::remove_dir_all(&self.data).context("the folder of the last run")?;
        }
        let data = Data::open(&self.data)?;
        data.authority()?;
        let server = Server::start(&self)?;
        let endpoint = format!("https://localhost:{}", self.port);
        let people = People::new(data.clone(), Endpoints::all_at(&endpoint));
        match self.subject {
            Subject::Notices => (),
            Subject::Referrals => {
                answering(&people).await?;
                return self.referrals(&data, &endpoint, server.0.id()).await;
            }
            Subject::Queue => {
                answering(&people).await?;
                return self.queue(&data, &endpoint).await;
            }
            Subject::Inbox => {
                answering(&people).await?;
                return self.inbox(&data, &people).await;
            }
        }
        let wales = Wales::generate(1, Scale::new(0.05).context("scale")?);
        prepare(&wales, &people).await?;
        let crowd = Crowd::of_wales(&wales, FORCE, self.schools);
        let report = self.load(&data, &endpoint, crowd, server.0.id()).await?;
        println!("{}", report.to_json()?);
        ensure!(report.is_clean(), "the run was not clean");
        Ok(())
    }

    /// For how long a rate is kept up.
    fn seconds(&self) -> u32 {
        self.seconds.unwrap_or(30)
    }

    async fn load(
        &self,
        data: &Data,
        endpoint: &str,
        crowd: Crowd,
        server_pid: u32,
    ) -> anyhow::Result<mash_load::LoadReport> {
        let school = |(laestab, contact): (&str, &str)| -> anyhow::Result<SchoolTarget> {
            let organisation: OrganisationId = format!("school/{laestab}").parse()?;
            let tls = data.organisation(&organisation)?;
            Ok(SchoolTarget { laestab: laestab.to_owned(), contact: contact.to_owned(), tls })
        };
        let schools = crowd.schools().map(school).collect::<anyhow::Result<Vec<_>>>()?;
        let bar = ProgressBar::new(u64::from(self.rate) * u64::from(self.seconds()));
        let config = LoadConfig {
            police: endpoint.to_owned(),
            education: endpoint.to_owned(),
            force: data.organisation(&format!("police/{FORCE}").parse()?)?,
            practitioner: "load".to_owned(),
            schools,
            crowd,
            rate: self.rate,
            seconds: self.seconds(),
            drain: Duration::from_secs(60),
            connections: 2,
            server_pid: Some(server_pid),
            label: self.label.clone(),
        };
        let shown = bar.clone();
        let report =
            mash_load::run(config, move |progress| shown.set_position(progress.delivered as u64))
                .await?;
        bar.finish_and_clear();
        Ok(report)
    }
}

/// The process that is loaded. It ends with the run, however that ends.
struct Server(Child);

impl Server {
    fn start(args: &LoadArgs) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", "all", "--data"]).arg(&args.data).args(["--bus", &args.bus]);
        command.args(["--listen", &format!("127.0.0.1:{}", args.port)]);
        if args.subject == Subject::Inbox {
            command.args(["--inbox", &args.inbox_address().to_string()]);
        }
        if let Some(url) = &args.database {
            command.env("MASH_DATABASE_URL", url);
        }
        Ok(Self(command.stdout(Stdio::null()).spawn().context("the hub cannot be started")?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.0.kill().and_then(|()| self.0.wait()).is_err() {
            tracing::warn!("the loaded hub may still run");
        }
    }
}

/// Registers, rolls, contacts, calendars and profiles of the invented Wales, and routing's knowledge of them.
async fn prepare(wales: &Wales, people: &People) -> anyhow::Result<()> {
    answering(people).await?;
    let header = (RegisterLayout::Wales, TODAY);
    let register =
        imports::register(people, OPERATOR, header, &wales.establishments_csv()?, |_| ()).await?;
    ensure!(register.problems_total == 0, "the register was refused");
    for request in wales.calendars() {
        people.directory(OPERATOR)?.replace_calendar(request).await?;
    }
    let mut contacts = 0;
    for request in wales.contacts() {
        contacts +=
            if request.parent.starts_with("establishments/") { request.contacts.len() } else { 0 };
        people.directory(OPERATOR)?.replace_contacts(on_behalf("load", request)?).await?;
    }
    for profile in wales.profiles() {
        let request_id = Uuid::new_v4().to_string();
        let request = SetForceProfileRequest { request_id, profile: Some(profile) };
        people.sharing(OPERATOR)?.set_force_profile(request).await?;
    }
    for authority in wales.authorities() {
        let file = wales.roll_csv(authority)?;
        let roll = imports::roll(people, OPERATOR, (authority, TODAY), &file, |_| ()).await?;
        ensure!(roll.problems_total == 0, "a roll was refused");
    }
    caught_up(people, i64::try_from(contacts)?, i64::try_from(wales.pupils.len() / 2)?).await
}

async fn answering(people: &People) -> anyhow::Result<()> {
    for _ in 0..300 {
        if people.sharing(OPERATOR)?.get_conservation(GetConservationRequest {}).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the hub does not answer after 30 s")
}

/// Waits until routing knows the contacts and has stopped learning pupils.
async fn caught_up(people: &People, contacts: i64, pupils: i64) -> anyhow::Result<()> {
    let mut before = -1;
    for _ in 0..600 {
        let counts = people
            .sharing(OPERATOR)?
            .get_conservation(GetConservationRequest {})
            .await?
            .into_inner();
        if counts.contacts >= contacts && counts.pupils >= pupils && counts.pupils == before {
            return Ok(());
        }
        before = counts.pupils;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    anyhow::bail!("routing does not know the rolls after 2 minutes")
}
