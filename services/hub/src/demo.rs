//! The demonstration: one night, end to end, with scripted people and a scripted clock.
//!
//! The people call the services over mutual TLS as their systems would; nothing is reached around them, but for the
//! two faults of the night that only the bus can have. Every call carries the same request id in every run, so that a
//! night that was killed half-way goes on where it was when it is started again.

pub mod closing;
pub mod faults;
pub mod ledger;
pub mod morning;
pub mod play;
pub mod prepare;
pub mod refusal;
pub mod statement;
pub mod subject_access;
pub mod tell;

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use jiff::Timestamp;
use mash_bus::Bus;
use mash_synth::night::Night;
use tokio_util::sync::CancellationToken;

use crate::{
    data::Data,
    keyring::Keyring,
    people::{Endpoints, People},
    serve::{self, InboxSettings, Running, Settings, Which},
};

/// What a demonstration needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data folder.
    pub data: PathBuf,
    /// As for serving.
    pub database: Option<String>,
    /// As for serving.
    pub bus: String,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to serve the inbox.
    pub inbox: Option<SocketAddr>,
    /// Exit when the night is over.
    pub once: bool,
    /// Play against services that are up already, instead of starting them.
    pub against: Option<Endpoints>,
}

const FINISHED: &str = "finished";

/// A night that was played, and the hub that it was played on.
pub struct Played {
    /// The scenario.
    pub night: Night,
    /// Its people, who can still call.
    pub people: People,
    /// The hub's name of each incident.
    pub names: play::Names,
    /// The closing line.
    pub closing: closing::Closing,
    /// The morning's part of it.
    pub referrals: morning::Referrals,
    /// The hub, unless it was there before.
    pub running: Option<Running>,
    endpoints: Endpoints,
    data: Data,
}

/// Plays the night and tells of it.
///
/// # Errors
///
/// If something cannot be started, or a person of the script gets another answer than the script expects, or the
/// closing line does not balance.
pub async fn run(options: &Options, shutdown: &CancellationToken) -> anyhow::Result<()> {
    begin_anew_if_finished(options)?;
    println!(
        "MASH Hub: one night and the morning after, Wednesday 18 to Thursday 19 November 2026. Everybody is invented.\n"
    );
    let Played { night, people, names, closing, referrals, running, endpoints, data } =
        play_through(options, shutdown).await?;
    tell::three_children(&night, &people, &names).await?;
    refusal::explained(&night, &people, &names).await?;
    closing.print();
    referrals.print();
    statement::write(&people, &data).await?;
    subject_access::handed_over(&night, &people, &data).await?;
    ledger::verified_offline(&people, &data).await?;
    fs::write(data.folder().join(FINISHED), "")?;
    match running {
        Some(running) if !options.once => {
            tell::how_to_call(&endpoints, &data);
            tell::inbox(&running, &data).await?;
            running.wait().await?;
        }
        Some(running) => {
            shutdown.cancel();
            running.wait().await?;
        }
        None => {}
    }
    closing.print_json(&referrals)?;
    closing.balanced()?;
    referrals.balanced()
}

/// Plays the night and leaves the hub as it is then.
///
/// # Errors
///
/// If something cannot be started, or a person of the script gets another answer than the script expects.
pub async fn play_through(
    options: &Options,
    shutdown: &CancellationToken,
) -> anyhow::Result<Played> {
    let data = Data::open(&options.data)?;
    let clock = ScriptedClock::open(&data)?;
    let night = Night::new();
    let running = match &options.against {
        Some(_) => None,
        None => Some(serve::start(&settings(options, &data), shutdown).await?),
    };
    let (endpoints, bus) = match (&options.against, &running) {
        (Some(endpoints), _) => (endpoints.clone(), bus_of(options).await?),
        (None, Some(running)) => {
            let endpoint = format!("https://localhost:{}", running.address.port());
            (Endpoints::all_at(&endpoint), Some(Arc::clone(&running.bus)))
        }
        (None, None) => anyhow::bail!("nothing to play against"),
    };
    let people = People::new(data.clone(), endpoints.clone());
    prepare::directory_and_rolls(&night, &people).await?;
    let names = play::night(&night, &people, &clock, bus.as_deref(), &data).await?;
    clock.move_to(Night::ends_at())?;
    let closing = closing::wait(&night, &people, &names).await?;
    let referrals = Box::pin(morning::play(&night, &people, &clock)).await?;
    Ok(Played { night, people, names, closing, referrals, running, endpoints, data })
}

/// A finished night is over: the next one starts from an empty folder. An unfinished one goes on.
fn begin_anew_if_finished(options: &Options) -> anyhow::Result<()> {
    let finished = options.data.join(FINISHED);
    if finished.exists() && options.against.is_none() {
        fs::remove_dir_all(&options.data)
            .with_context(|| format!("cannot clear {}", options.data.display()))?;
    }
    Ok(())
}

fn settings(options: &Options, data: &Data) -> Settings {
    Settings {
        which: Which::All,
        data: options.data.clone(),
        database: options.database.clone(),
        bus: options.bus.clone(),
        keys: Keyring::Files(None),
        listen: options.listen,
        hosts: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        clock: Some(data.clock()),
        inbox: options.inbox.map(|listen| InboxSettings {
            listen,
            tls: None,
            mail: None,
            origin: None,
            providers: Vec::new(),
        }),
        ways: serve::Ways::default(),
        ledger: None,
        ledger_patience: serve::LEDGER_PATIENCE,
    }
}

/// The bus of services that are up already, if it was named.
async fn bus_of(options: &Options) -> anyhow::Result<Option<Arc<dyn Bus>>> {
    if options.bus == "embedded" {
        return Ok(None);
    }
    let url = format!("sqlite:{}", options.data.join("player.db").display());
    let store = mash_store::Store::connect(&url).await?;
    Ok(Some(mash_bus::connect(&options.bus, &store).await?))
}

/// The clock of the night: a file that the services read, and that only the script moves, never backwards.
pub struct ScriptedClock {
    path: PathBuf,
}

impl ScriptedClock {
    /// The clock of this data folder, at the beginning of the night if it was never set.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn open(data: &Data) -> anyhow::Result<Self> {
        let clock = Self { path: data.clock() };
        if !clock.path.exists() {
            clock.write(Night::starts_at())?;
        }
        Ok(clock)
    }

    /// Moves the clock to this instant, unless it is later already.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written.
    pub fn move_to(&self, instant: Timestamp) -> anyhow::Result<()> {
        let shown: Timestamp = fs::read_to_string(&self.path)?.trim().parse()?;
        if shown < instant { self.write(instant) } else { Ok(()) }
    }

    fn write(&self, instant: Timestamp) -> anyhow::Result<()> {
        let next = self.path.with_extension("next");
        fs::write(&next, instant.to_string())?;
        Ok(fs::rename(next, &self.path)?)
    }
}
