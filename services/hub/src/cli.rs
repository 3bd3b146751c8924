//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use mash_chassis::{shutdown, telemetry};
use mash_inbox::{ProviderSettings, TlsPair};
use mash_mail::{MailSettings, WebhookSettings};

use crate::{
    admin,
    demo::{self, Options},
    keyring::Keyring,
    people::Endpoints,
    serve::{self, InboxSettings, LEDGER_PATIENCE, Settings, Ways, Which},
};

/// The broker for multi-agency safeguarding hubs.
///
/// `mash demo` plays one night from a police report at 02:10 to the school's acknowledgement, on this machine alone.
/// `mash serve all` runs every service. All data that this program makes is synthetic: no real person is in it.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    /// How much is logged, as `info` or `info,mash_routing=debug`.
    #[arg(long, env = "MASH_LOG", default_value = "warn", global = true)]
    log: String,
    /// Log lines of JSON instead of text.
    #[arg(long, env = "MASH_LOG_JSON", global = true)]
    log_json: bool,
    #[command(subcommand)]
    command: Command,
}

/// Where the hub keeps its state.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// The data folder: certificates, secret, and the embedded store.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
    pub data: PathBuf,
    /// `sqlite:<path>` or `postgres://…`; without it, the embedded store in the data folder.
    #[arg(long, env = "MASH_DATABASE_URL", hide_env_values = true)]
    pub database: Option<String>,
    /// `embedded` or `kafka://host:port,…`.
    #[arg(long, env = "MASH_BUS", default_value = "embedded")]
    pub bus: String,
    /// Where the wrapping keys are: `files` (in the data folder), `files:<folder>`, or
    /// `pkcs11:module=<path>;token=<label>;pin-file=<path>`.
    #[arg(long, env = "MASH_KEYS", default_value = "files")]
    pub keys: Keyring,
}

/// The pages of schools and desks.
#[derive(Clone, Debug, Args)]
struct InboxArgs {
    /// Where to serve the inbox, as `127.0.0.1:7480`; other addresses than this machine's own need a certificate.
    #[arg(id = "inbox", long, env = "MASH_INBOX", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The certificate of the inbox, a chain in PEM.
    #[arg(long = "inbox-cert", env = "MASH_INBOX_CERT", requires = "key", value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Its key, in PEM.
    #[arg(
        id = "key",
        long = "inbox-key",
        env = "MASH_INBOX_KEY",
        requires = "cert",
        value_name = "FILE"
    )]
    key: Option<PathBuf>,
    /// A provider of OpenID Connect at which people may sign in, as
    /// `id=hwb,name=Hwb,issuer=https://…,client=…,secret-file=…`; more than once, or separated by semicolons.
    #[arg(
        long = "inbox-provider",
        env = "MASH_INBOX_PROVIDERS",
        value_delimiter = ';',
        value_name = "PROVIDER"
    )]
    providers: Vec<ProviderSettings>,
}

impl InboxArgs {
    fn settings(self, ways: &Ways) -> Option<InboxSettings> {
        let Self { listen, cert, key, providers } = self;
        let tls = cert.zip(key).map(|(cert, key)| TlsPair { cert, key });
        let (mail, origin) = (ways.mail.clone(), ways.inbox.clone());
        listen.map(|listen| InboxSettings { listen, tls, mail, origin, providers })
    }
}

/// The ways to people outside the hub.
#[derive(Clone, Debug, Args)]
struct WayArgs {
    /// The server for e-mails: `smtps://user:password@host`, or `smtp://host:587?tls=required`.
    #[arg(
        long,
        env = "MASH_SMTP_URL",
        hide_env_values = true,
        requires = "mail_from",
        value_name = "URL"
    )]
    smtp: Option<String>,
    /// The address that e-mails come from.
    #[arg(long, env = "MASH_MAIL_FROM", requires = "smtp", value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// A webhook that sends text messages: `https://…`.
    #[arg(
        long,
        env = "MASH_SMS_WEBHOOK",
        hide_env_values = true,
        requires = "sms_secret",
        value_name = "URL"
    )]
    sms_webhook: Option<String>,
    /// A file with the secret by which the webhook knows the hub, at least 32 bytes.
    #[arg(
        id = "sms_secret",
        long = "sms-secret",
        env = "MASH_SMS_SECRET",
        requires = "sms_webhook",
        value_name = "FILE"
    )]
    sms_secret: Option<PathBuf>,
    /// The certificate of the webhook's authority in PEM, if it is not one of the public web.
    #[arg(long, env = "MASH_SMS_AUTHORITY", requires = "sms_webhook", value_name = "FILE")]
    sms_authority: Option<PathBuf>,
    /// Where browsers find the inbox, as `https://inbox.example`: nudges say it, and passkeys and providers need it.
    /// Without it, where this process serves it, if that is this machine's own address.
    #[arg(long, env = "MASH_INBOX_ORIGIN", value_name = "URL")]
    inbox_origin: Option<String>,
}

impl WayArgs {
    fn settings(self) -> anyhow::Result<Ways> {
        let Self { smtp, mail_from, sms_webhook, sms_secret, sms_authority, inbox_origin } = self;
        let mail = smtp.zip(mail_from).map(|(server, from)| MailSettings { server, from });
        let secret = sms_secret.map(std::fs::read_to_string).transpose();
        let secret = secret.context("the secret of the webhook cannot be read")?;
        let authority = sms_authority.map(std::fs::read).transpose();
        let authority = authority.context("the certificate of the webhook cannot be read")?;
        let webhook = sms_webhook.zip(secret).map(|(url, secret)| {
            let secret = secret.trim_end().to_owned();
            WebhookSettings { url, secret, authority }
        });
        Ok(Ways { mail, webhook, inbox: inbox_origin, renew: None })
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one service, or all of them in one process.
    Serve {
        /// Which.
        which: Which,
        #[command(flatten)]
        place: Place,
        /// Where to listen.
        #[arg(long, env = "MASH_LISTEN", default_value = "127.0.0.1:7443")]
        listen: SocketAddr,
        /// Names and addresses under which callers reach this server; they go into its certificate.
        #[arg(
            long,
            env = "MASH_HOSTS",
            value_delimiter = ',',
            default_value = "localhost,127.0.0.1"
        )]
        hosts: Vec<String>,
        /// A file that holds the present instant, for demonstrations.
        #[arg(long, env = "MASH_CLOCK_FILE")]
        clock_file: Option<PathBuf>,
        #[command(flatten)]
        inbox: InboxArgs,
        #[command(flatten)]
        ways: Box<WayArgs>,
        /// Where `audit` is, for a process that runs routing without it, such as `https://audit:7449`.
        #[arg(long, env = "MASH_LEDGER", value_name = "URL")]
        ledger: Option<String>,
        /// For how many seconds notices under a duty wait for a ledger that is out of reach. Everything else waits on.
        #[arg(long, env = "MASH_LEDGER_PATIENCE", default_value_t = LEDGER_PATIENCE.as_secs())]
        ledger_patience: u64,
    },
    /// Watch over a hub from beside it, with neither its database nor its bus: tell duty desks by e-mail when it is down and
    /// a bell comes near.
    Watch {
        /// The data folder of the hub.
        #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
        data: PathBuf,
        /// Seconds from look to look.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
        every: u64,
        /// As for `serve`.
        #[arg(long, env = "MASH_CLOCK_FILE")]
        clock_file: Option<PathBuf>,
        #[command(flatten)]
        ways: Box<WayArgs>,
    },
    /// Play one night, end to end, with scripted people and a scripted clock.
    Demo(DemoArgs),
    /// Prepare a hub: certificate authority, certificates, secret, topics.
    Init {
        #[command(flatten)]
        place: Place,
        /// Names and addresses for the server certificates.
        #[arg(
            long,
            env = "MASH_HOSTS",
            value_delimiter = ',',
            default_value = "localhost,127.0.0.1"
        )]
        hosts: Vec<String>,
        /// Organisations to issue certificates to, such as `police/62`.
        #[arg(long = "organisation", value_name = "KIND/CODE")]
        organisations: Vec<String>,
        /// Write a scripted clock that stands at this instant, for demonstrations.
        #[arg(long)]
        clock_at: Option<jiff::Timestamp>,
    },
    /// Ask a server whether it serves; exit 1 if not.
    Health {
        #[command(flatten)]
        place: Place,
        /// The server.
        #[arg(long, default_value = "https://localhost:7443")]
        endpoint: String,
    },
    /// Issue, renew, revoke and list certificates.
    #[command(subcommand)]
    Ca(admin::ca::CaCommand),
    /// Import registers of establishments and lists of bank holidays.
    #[command(subcommand)]
    Directory(admin::import::DirectoryCommand),
    /// Import the roll of an authority.
    #[command(subcommand)]
    Roll(admin::import::RollCommand),
    /// Propose, sign, end, list and print agreements between organisations.
    #[command(subcommand)]
    Agreement(admin::agreement::AgreementCommand),
    /// List and re-drive what could not be processed.
    #[command(subcommand)]
    DeadLetters(admin::dead_letters::DeadLettersCommand),
    /// List, rotate and retire the keys that wrap the keys of content.
    #[command(subcommand)]
    Keys(admin::keys::KeysCommand),
    /// Place a legal hold on a case: nothing of it is erased until it is released.
    Hold(admin::erase::ReasonedArgs),
    /// Release the legal hold on a case.
    ReleaseHold(admin::erase::PlainArgs),
    /// Erase the content of a case by destroying its keys. It cannot be undone.
    Erase(admin::erase::ReasonedArgs),
    /// List certificates of erasure.
    Erasures(admin::erase::ListArgs),
    /// Invite people to the inbox, print one-time links, and end sessions.
    #[command(subcommand)]
    Inbox(admin::inbox::InboxCommand),
    /// Export the ledger, verify an export offline, ask for checkpoints and proofs, co-sign, and change its key.
    #[command(subcommand)]
    Ledger(admin::ledger::LedgerCommand),
    /// Print every text of the inbox in English and Welsh, side by side, as CSV for a translator.
    Texts,
    /// Fetch the statement of a school morning, or public figures, as a page or a table; verify one that lies here.
    Statement(admin::statement::StatementArgs),
    /// Answer a subject access request: put together what is on record about a child, apply the serious-harm test, hand it
    /// over.
    Sar(admin::sar::SarArgs),
    /// Misdirected disclosures: their 72 hours, and who has not said that it is gone.
    #[command(subcommand)]
    Misdirected(admin::misdirected::MisdirectedCommand),
    /// For a life: open what the hub holds about one child for an hour, on record, without asking the rules.
    BreakGlass(admin::break_glass::BreakGlassArgs),
    /// List who looked at the record of a case, for the organisation that leads it.
    WhoLooked(admin::who_looked::WhoLookedArgs),
    /// Prove what the sharing rules promise, and compare two versions of them.
    #[command(subcommand)]
    Policy(admin::policy::PolicyCommand),
    /// Generate a synthetic Wales: no real person is in it.
    Synth(admin::synth::SynthArgs),
    /// Start a hub as a process of its own, load it, and report accept → available to the school.
    Load(admin::load::LoadArgs),
}

#[derive(Debug, Args)]
struct DemoArgs {
    /// The data folder of the demonstration.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/demo")]
    data: PathBuf,
    /// As for `serve`.
    #[arg(long, env = "MASH_DATABASE_URL", hide_env_values = true)]
    database: Option<String>,
    /// As for `serve`.
    #[arg(long, env = "MASH_BUS", default_value = "embedded")]
    bus: String,
    /// Where to listen.
    #[arg(long, env = "MASH_LISTEN", default_value = "127.0.0.1:7443")]
    listen: SocketAddr,
    /// Where to serve the inbox when the night is over.
    #[arg(long, env = "MASH_INBOX", default_value = "127.0.0.1:7480")]
    inbox: SocketAddr,
    /// Exit when the night is over, with one line of JSON; the exit code tells whether in = out.
    #[arg(long)]
    once: bool,
    /// Play against services that are up: one address, or those of police, education, routing, social care, health,
    /// delivery and audit.
    #[arg(long, value_delimiter = ',', value_name = "URL[,URL…]")]
    against: Vec<String>,
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    ///
    /// Whatever went wrong, for the person at the terminal.
    pub async fn run(self) -> anyhow::Result<()> {
        let format = if self.log_json { telemetry::Format::Json } else { telemetry::Format::Text };
        telemetry::init(&telemetry::Telemetry { format, filter: self.log.clone() })?;
        match self.command {
            Command::Serve {
                which,
                place,
                listen,
                hosts,
                clock_file,
                inbox,
                ways,
                ledger,
                ledger_patience,
            } => {
                let Place { data, database, bus, keys } = place;
                let ways = ways.settings()?;
                serve_until_stopped(Settings {
                    which,
                    data,
                    database,
                    bus,
                    keys,
                    listen,
                    hosts,
                    clock: clock_file,
                    inbox: inbox.settings(&ways),
                    ways,
                    ledger,
                    ledger_patience: Duration::from_secs(ledger_patience),
                })
                .await
            }
            Command::Watch { data, every, clock_file, ways } => {
                let shutdown = shutdown::on_signals()?;
                let every = Duration::from_secs(every);
                serve::watch(&data, every, clock_file.as_deref(), &ways.settings()?, shutdown).await
            }
            Command::Demo(args) => {
                let shutdown = shutdown::on_signals()?;
                demo::run(&args.options()?, &shutdown).await
            }
            Command::Init { place, hosts, organisations, clock_at } => {
                admin::init::init(&place, &hosts, &organisations, clock_at).await
            }
            Command::Health { place, endpoint } => admin::health::health(&place, &endpoint).await,
            Command::Ca(command) => command.run(),
            Command::Directory(command) => command.run().await,
            Command::Roll(command) => command.run().await,
            Command::Agreement(command) => command.run().await,
            Command::DeadLetters(command) => command.run().await,
            Command::Keys(command) => command.run().await,
            Command::Hold(args) => args.hold().await,
            Command::ReleaseHold(args) => args.release_hold().await,
            Command::Erase(args) => args.erase().await,
            Command::Erasures(args) => args.run().await,
            Command::Inbox(command) => command.run().await,
            Command::Ledger(command) => command.run().await,
            Command::Texts => print_texts(),
            Command::Statement(args) => args.run().await,
            Command::Sar(args) => Box::pin(args.run()).await,
            Command::Misdirected(command) => command.run().await,
            Command::BreakGlass(args) => args.run().await,
            Command::WhoLooked(args) => args.run().await,
            Command::Policy(command) => command.run().await,
            Command::Synth(args) => args.run(),
            Command::Load(args) => args.run().await,
        }
    }
}

fn print_texts() -> anyhow::Result<()> {
    print!("{}", mash_inbox::side_by_side()?);
    Ok(())
}

async fn serve_until_stopped(settings: Settings) -> anyhow::Result<()> {
    let shutdown = shutdown::on_signals()?;
    let running = serve::start(&settings, &shutdown).await?;
    println!("mash serves {:?} on {}", settings.which, running.address);
    if let Some(inbox) = &running.inbox {
        println!("the inbox is at {inbox}");
    }
    running.wait().await
}

impl DemoArgs {
    fn options(self) -> anyhow::Result<Options> {
        let against = match self.against.as_slice() {
            [] => None,
            [all] => Some(Endpoints::all_at(all)),
            [police, education, routing, social_care, health, delivery, audit] => Some(Endpoints {
                police: police.clone(),
                education: education.clone(),
                routing: routing.clone(),
                social_care: social_care.clone(),
                health: health.clone(),
                delivery: delivery.clone(),
                audit: audit.clone(),
            }),
            _ => anyhow::bail!(
                "--against takes one address, or seven: police, education, routing, social care, health, delivery, audit"
            ),
        };
        let Self { data, database, bus, listen, inbox, once, .. } = self;
        let inbox = (!once).then_some(inbox);
        Ok(Options { data, database, bus, listen, inbox, once, against })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn no_command_has_two_arguments_of_one_name() {
        Cli::command().debug_assert();
    }
}
