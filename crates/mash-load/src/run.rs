//! One run, from the first stream to the report.

mod settle;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mash_chassis::{Clock, SystemClock, TlsError, TlsFiles, client_channel};
use tokio::task::JoinSet;
use tonic::{
    Status,
    metadata::{AsciiMetadataValue, errors::InvalidMetadataValue},
    transport::Channel,
};

use crate::{
    crowd::Crowd,
    process,
    recorder::Recorder,
    report::LoadReport,
    submit::Submitter,
    watch::{School, watch_outcomes},
};

/// What to send, where, and as whom.
pub struct LoadConfig {
    /// The police edge, as `https://host:port`.
    pub police: String,
    /// The education edge, as `https://host:port`.
    pub education: String,
    /// The certificate of the force.
    pub force: TlsFiles,
    /// The practitioner of the force.
    pub practitioner: String,
    /// The schools, with their certificates: all those of the crowd.
    pub schools: Vec<SchoolTarget>,
    /// The children.
    pub crowd: Crowd,
    /// Reports a second.
    pub rate: u32,
    /// For so many seconds.
    pub seconds: u32,
    /// How long to wait for the last notices before they count as lost.
    pub drain: Duration,
    /// How many connections the force uses. A connection carries 256 calls at once.
    pub connections: usize,
    /// The process of the server, to see what it uses.
    pub server_pid: Option<u32>,
    /// The run, in occurrence numbers; at most 16 letters and digits, another one for each run.
    pub label: String,
}

/// A school that watches.
pub struct SchoolTarget {
    /// Seven digits.
    pub laestab: String,
    /// The key adult, by contact id.
    pub contact: String,
    /// The certificate of the school.
    pub tls: TlsFiles,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Reports that will be sent.
    pub planned: usize,
    /// Reports that were accepted.
    pub accepted: usize,
    /// Notices that schools have seen.
    pub delivered: usize,
}

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is nobody to report.
    #[error("the crowd is empty: no school of the force's area has a trained key adult")]
    NoCrowd,
    /// No channel can be made.
    #[error("no channel can be made")]
    Channel(#[from] TlsError),
    /// A practitioner's id is not one.
    #[error("a practitioner's id holds other characters than letters, digits, `.`, `_` and `-`")]
    Practitioner(#[from] InvalidMetadataValue),
    /// A school's stream cannot be opened.
    #[error("school/{laestab} cannot watch its notices")]
    Watch {
        /// The school.
        laestab: String,
        /// Why.
        source: Box<Status>,
    },
    /// No histogram can be made.
    #[error("no histogram can be made")]
    Histogram(#[from] hdrhistogram::CreationError),
}

/// The streams that must live as long as the run. Dropping it ends them.
struct Watching {
    schools: Vec<School>,
    recorder: Arc<Recorder>,
    _tasks: JoinSet<()>,
}

/// Runs a load and reports what came of it.
///
/// # Errors
///
/// If the run could not begin. What goes wrong later is in the report.
pub async fn run(
    config: LoadConfig,
    progress: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<LoadReport, LoadError> {
    if config.crowd.is_empty() || config.rate == 0 {
        return Err(LoadError::NoCrowd);
    }
    let practitioner: AsciiMetadataValue = config.practitioner.parse()?;
    let channels = (0..config.connections.max(1))
        .map(|_| client_channel(&config.police, &config.force))
        .collect::<Result<Vec<Channel>, _>>()?;
    let watching = watch(&config, practitioner.clone()).await?;
    // Streams begin with what was open before; let that pass.
    tokio::time::sleep(Duration::from_secs(1)).await;

    let planned =
        usize::try_from(u64::from(config.rate) * u64::from(config.seconds)).unwrap_or(usize::MAX);
    let in_flight_peak = Arc::new(AtomicUsize::new(0));
    let crowd = Arc::new(config.crowd);
    let submitter = Submitter {
        crowd: crowd.clone(),
        channels,
        practitioner,
        recorder: watching.recorder.clone(),
        label: config.label.clone(),
        attended: SystemClock.now().as_second() - 1_800,
        in_flight: Arc::default(),
        in_flight_peak: in_flight_peak.clone(),
    };
    let before = watching.recorder.begin();
    let cpu_before = config.server_pid.and_then(process::cpu);
    let start = Instant::now() + Duration::from_millis(100);
    let ticker = settle::tell(watching.recorder.clone(), planned, before, progress);
    let calls = submitter.send(start, planned, config.rate).await;
    settle::wait(calls, &watching.recorder, before, planned, config.drain).await;
    let cpu = config
        .server_pid
        .and_then(process::cpu)
        .zip(cpu_before)
        .map(|(after, before)| after.saturating_sub(before));
    ticker.abort();

    let plan = settle::Plan {
        label: config.label,
        rate: config.rate,
        seconds: config.seconds,
        start,
        planned,
        in_flight_peak: in_flight_peak.load(Ordering::Relaxed),
        cpu,
        peak_rss_kib: config.server_pid.and_then(process::peak_rss_kib),
    };
    settle::report(plan, &watching.schools, watching.recorder.take()).await
}

/// Opens every stream.
async fn watch(
    config: &LoadConfig,
    practitioner: AsciiMetadataValue,
) -> Result<Watching, LoadError> {
    let recorder = Arc::new(Recorder::default());
    let mut tasks = JoinSet::new();
    let mut schools = Vec::new();
    for (position, target) in config.schools.iter().enumerate() {
        let school = School {
            position,
            channel: client_channel(&config.education, &target.tls)?,
            contact: target.contact.parse()?,
        };
        let stream = school.clone().watch(recorder.clone()).await.map_err(|status| {
            LoadError::Watch { laestab: target.laestab.clone(), source: Box::new(status) }
        })?;
        tasks.spawn(stream);
        schools.push(school);
    }
    let channel = client_channel(&config.police, &config.force)?;
    tasks.spawn(watch_outcomes(channel, practitioner, recorder.clone()));
    Ok(Watching { schools, recorder, _tasks: tasks })
}
