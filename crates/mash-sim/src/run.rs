//! A run from beginning to end: one world, or all regions on a few threads.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use jiff::{SignedDuration, civil::Date};

use crate::{
    pulse::Place,
    watch::Findings,
    world::{Settings, World},
};

/// How long everything has to come to rest after the last day: longer than any clock runs that somebody waits for.
const REST: SignedDuration = SignedDuration::from_hours(24 * 24);

/// What became of one world.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its name.
    pub region: &'static str,
    /// What was found.
    pub findings: Findings,
    /// What happened how often.
    pub counts: BTreeMap<&'static str, u64>,
    /// Durable steps at which a process could have died.
    pub steps: u64,
    /// Deaths by place.
    pub deaths: BTreeMap<Place, u64>,
    /// How long it took.
    pub took: Duration,
}

/// Runs one world until everything is at rest and accounted for.
///
/// # Errors
///
/// If the simulation itself fails; broken promises are findings.
pub async fn world(
    settings: Settings,
    each_day: impl FnMut(Date),
) -> anyhow::Result<(Report, World)> {
    let began = Instant::now();
    let mut world = Box::pin(World::new(settings)).await?;
    world.run(each_day).await?;
    Box::pin(world.settle_for(REST)).await?;
    world.balance().await?;
    let (steps, deaths) = world.steps();
    let report = Report {
        region: settings.region.name,
        findings: world.guardian.findings(),
        counts: world.counts.clone(),
        steps,
        deaths,
        took: began.elapsed(),
    };
    Ok((report, world))
}

/// Runs one world on this thread, to its end.
///
/// # Errors
///
/// As [`world`].
pub fn alone(settings: Settings) -> anyhow::Result<Report> {
    runtime()?.block_on(async { Ok(Box::pin(world(settings, |_| ())).await?.0) })
}

/// Runs one world on this thread and returns what its stores hold then.
///
/// # Errors
///
/// As [`world`].
pub fn state(settings: Settings) -> anyhow::Result<(Report, BTreeMap<String, Vec<String>>)> {
    runtime()?.block_on(async {
        let (report, world) = Box::pin(world(settings, |_| ())).await?;
        Ok((report, world.state().await?))
    })
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Runs worlds side by side, each on one thread, on so many threads.
///
/// # Errors
///
/// As [`world`].
pub fn side_by_side(
    worlds: &[Settings],
    threads: usize,
    each_day: &(dyn Fn(&'static str, Date) + Sync),
) -> anyhow::Result<Vec<Report>> {
    let waiting: Mutex<VecDeque<Settings>> = Mutex::new(worlds.iter().copied().collect());
    let take = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || -> anyhow::Result<Vec<Report>> {
        let runtime = runtime()?;
        let mut reports = Vec::new();
        while let Some(settings) = take() {
            let name = settings.region.name;
            let ended = runtime.block_on(world(settings, |day| each_day(name, day)));
            let seed = settings.seed;
            reports.push(ended.with_context(|| format!("{name}, seed {seed}"))?.0);
        }
        Ok(reports)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| anyhow::anyhow!("a world ended in a panic"))??);
        }
        Ok(all)
    })
}
