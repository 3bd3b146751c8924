//! The end of a run: waiting for the last notices, and finding out whose each one was.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::{JoinHandle, JoinSet};

use super::{LoadError, Progress};
use crate::{
    crowd::reference,
    recorder::{Recorder, Records},
    report::{Collector, LoadReport, ProcessUse, per_second},
    submit::due,
    watch::School,
};

/// How long to look for duplicates after the last notice.
const LINGER: Duration = Duration::from_secs(2);
/// How often to look whether everything has arrived.
const LOOK: Duration = Duration::from_millis(20);
/// How many notices to open at once.
const OPENING: usize = 64;

/// What was planned, and what was seen beside the streams.
pub(super) struct Plan {
    pub(super) label: String,
    pub(super) rate: u32,
    pub(super) seconds: u32,
    pub(super) start: Instant,
    pub(super) planned: usize,
    pub(super) in_flight_peak: usize,
    pub(super) cpu: Option<Duration>,
    pub(super) peak_rss_kib: Option<u64>,
}

/// Tells a few times a second how far the run has come.
pub(super) fn tell(
    recorder: Arc<Recorder>,
    planned: usize,
    before: usize,
    progress: impl Fn(Progress) + Send + Sync + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let counts = recorder.counts();
            progress(Progress {
                planned,
                accepted: counts.accepted,
                delivered: counts.notices.saturating_sub(before),
            });
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    })
}

/// Waits until every call is answered and every accepted report has a notice, or until it has waited long enough.
pub(super) async fn wait(
    mut calls: JoinSet<()>,
    recorder: &Recorder,
    before: usize,
    planned: usize,
    drain: Duration,
) {
    let end = Instant::now() + drain;
    while Instant::now() < end {
        while calls.try_join_next().is_some() {}
        let counts = recorder.counts();
        if counts.answered >= planned && counts.notices.saturating_sub(before) >= counts.accepted {
            tokio::time::sleep(LINGER).await;
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Counts and measures.
pub(super) async fn report(
    plan: Plan,
    schools: &[School],
    mut records: Records,
) -> Result<LoadReport, LoadError> {
    // Shown at the opening of the streams, so of an earlier run.
    records.notices.retain(|_, (_, at)| *at >= plan.start);
    let (arrivals, unreadable) = resolve(schools, &records.notices).await;
    let (mut submit_ack, mut available) = (Collector::new()?, Collector::new()?);
    let (mut accept_to_available, mut police_told) = (Collector::new()?, Collector::new()?);
    let (mut delivered, mut lost, mut duplicated, mut unacknowledged) = (0, 0, 0, 0);
    let (mut last_ack, mut last_arrival) = (plan.start, plan.start);
    for serial in 0..plan.planned {
        let due = due(plan.start, serial, plan.rate);
        let number = reference(&plan.label, serial);
        let acknowledged = records.acknowledged.get(&serial).copied();
        let arrived = arrivals.get(&number).and_then(|seen| seen.iter().min()).copied();
        duplicated += arrivals.get(&number).map_or(0, |seen| seen.len().saturating_sub(1));
        match (acknowledged, arrived) {
            (Some(_), Some(_)) => delivered += 1,
            (Some(_), None) => lost += 1,
            (None, Some(_)) => unacknowledged += 1,
            (None, None) => {}
        }
        if let Some(at) = acknowledged {
            submit_ack.add(at.saturating_duration_since(due));
            last_ack = last_ack.max(at);
        }
        if let Some(at) = arrived {
            available.add(at.saturating_duration_since(due));
            last_arrival = last_arrival.max(at);
        }
        if let (Some(accepted), Some(at)) = (acknowledged, arrived) {
            accept_to_available.add(at.saturating_duration_since(accepted));
        }
        if let Some(at) = records.told.get(&number) {
            police_told.add(at.saturating_duration_since(due));
        }
    }
    let accepted = records.acknowledged.len();
    Ok(LoadReport {
        server: server_use(&plan, accepted),
        label: plan.label,
        rate: plan.rate,
        seconds: plan.seconds,
        schools: schools.len(),
        sent: plan.planned,
        accepted,
        refused: records.refused.into_iter().collect::<BTreeMap<_, _>>(),
        delivered,
        lost,
        duplicated,
        arrived_unacknowledged: unacknowledged,
        unreadable,
        accepted_per_second: per_second(accepted, last_ack.duration_since(plan.start)),
        delivered_per_second: per_second(delivered, last_arrival.duration_since(plan.start)),
        in_flight_peak: plan.in_flight_peak,
        reconnects: records.reconnects,
        submit_ack: submit_ack.latency(),
        available: available.latency(),
        accept_to_available: accept_to_available.latency(),
        police_told: police_told.latency(),
    })
}

fn server_use(plan: &Plan, accepted: usize) -> Option<ProcessUse> {
    let (cpu, peak) = plan.cpu.zip(plan.peak_rss_kib)?;
    let events = f64::from(u32::try_from(accepted.max(1)).unwrap_or(u32::MAX));
    let peak = f64::from(u32::try_from(peak).unwrap_or(u32::MAX));
    Some(ProcessUse {
        cpu_us_per_event: cpu.as_secs_f64() * 1_000_000.0 / events,
        cpu_seconds: cpu.as_secs_f64(),
        peak_rss_mib: peak / 1_024.0,
    })
}

/// Opens every notice to learn which report it was: arrivals by occurrence number, and how many could not be opened.
async fn resolve(
    schools: &[School],
    notices: &HashMap<String, (usize, Instant)>,
) -> (HashMap<String, Vec<Instant>>, usize) {
    let mut arrivals: HashMap<String, Vec<Instant>> = HashMap::new();
    let mut unreadable = 0;
    let mut opening = JoinSet::new();
    let mut take = |found: Option<(Option<String>, Instant)>| match found {
        Some((Some(number), at)) => arrivals.entry(number).or_default().push(at),
        Some((None, _)) | None => unreadable += 1,
    };
    for (name, (school, at)) in notices {
        let Some(school) = schools.get(*school).cloned() else { continue };
        let (name, at) = (name.clone(), *at);
        opening.spawn(async move { (school.reference(name).await, at) });
        if opening.len() >= OPENING
            && let Some(found) = opening.join_next().await
        {
            take(found.ok());
        }
    }
    while let Some(found) = opening.join_next().await {
        take(found.ok());
    }
    (arrivals, unreadable)
}
