//! One run, from the first stream to the report.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::{Duration, Instant},
};

use mash_proto::referral::v1::{ItemKind, ItemReleased};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{
    ReferralLoad, ReferralLoadError, ReferralReport, Seen, State, Target, Worker, channel,
    partners::listen,
};
use crate::{
    process,
    report::{Collector, ProcessUse, per_second},
    submit::due,
};

/// Runs a load and reports what came of it.
///
/// # Errors
///
/// If the run could not begin. What goes wrong later is in the report.
pub async fn run(config: ReferralLoad) -> Result<ReferralReport, ReferralLoadError> {
    if config.hubs.is_empty() || config.partners.is_empty() || config.rate == 0 {
        return Err(ReferralLoadError::Nobody);
    }
    let seen = Arc::new(Seen::default());
    let mut streams = JoinSet::new();
    let workers = workers(&config, &seen, &mut streams)?;
    for (place, partner) in config.partners.iter().enumerate() {
        let (channel, seen) = (channel(&config.endpoint, partner)?, Arc::clone(&seen));
        streams.spawn(listen(channel, move |item, at| at_partner(&seen, place, item, at)));
    }
    let mut working = JoinSet::new();
    for (worker, hub) in workers.iter().zip(&config.hubs) {
        let (found, mut referrals) = mpsc::unbounded_channel();
        let (channel, listener) = (channel(&config.endpoint, hub)?, worker.clone());
        streams.spawn(listen(channel, move |item, at| {
            if let Some(arrived) = at_hub(&listener, item, at) {
                // An error means that the run is over.
                drop(found.send(arrived));
            }
        }));
        let worker = worker.clone();
        working.spawn(async move {
            let mut works = JoinSet::new();
            while let Some((serial, case_id)) = referrals.recv().await {
                works.spawn(worker.clone().work(serial, case_id));
                while works.try_join_next().is_some() {}
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;

    let planned = usize::try_from(u64::from(config.rate) * u64::from(config.seconds));
    let planned = planned.unwrap_or(usize::MAX);
    let cpu_before = config.server_pid.and_then(process::cpu);
    let start = Instant::now() + Duration::from_millis(100);
    let mut calls = JoinSet::new();
    for serial in 0..planned {
        tokio::time::sleep_until(due(start, serial, config.rate).into()).await;
        let worker = serial.checked_rem(workers.len()).and_then(|at| workers.get(at));
        if let Some(worker) = worker {
            calls.spawn(worker.clone().report(serial));
        }
        while calls.try_join_next().is_some() {}
    }
    wait(&seen, planned, config.partners.len(), config.drain).await;
    let cpu = config.server_pid.and_then(process::cpu).zip(cpu_before);
    let cpu = cpu.map(|(after, before)| after.saturating_sub(before));
    // Dropping the streams ends them.
    drop((calls, streams, working));
    let state = std::mem::take(&mut *seen.state());
    report(&config, state, start, cpu)
}

fn workers(
    config: &ReferralLoad,
    seen: &Arc<Seen>,
    streams: &mut JoinSet<()>,
) -> Result<Vec<Worker>, ReferralLoadError> {
    let partners: Arc<Vec<_>> =
        Arc::new(config.partners.iter().map(|partner| partner.organisation.clone()).collect());
    let worker = |hub: &Target| -> Result<Worker, ReferralLoadError> {
        let (found, queue) = watch::channel(HashMap::new());
        let worker = Worker {
            channel: channel(&config.endpoint, hub)?,
            authority: hub.organisation.code.clone(),
            practitioner: "load".parse()?,
            partners: Arc::clone(&partners),
            label: config.label.clone(),
            seen: Arc::clone(seen),
            queue,
        };
        streams.spawn(worker.clone().watch(found));
        Ok(worker)
    };
    config.hubs.iter().map(worker).collect()
}

/// The number and the case of a referral of this run that the hub has not seen before.
fn at_hub(worker: &Worker, item: &ItemReleased, at: Instant) -> Option<(usize, String)> {
    if item.kind() != ItemKind::Referral {
        return None;
    }
    let serial = worker.serial(&item.reference)?;
    let mut state = worker.seen.state();
    if state.at_hub.contains_key(&serial) {
        state.duplicated += 1;
        return None;
    }
    state.at_hub.insert(serial, at);
    state.serials.insert(item.case_id.clone(), serial);
    Some((serial, item.case_id.clone()))
}

fn at_partner(seen: &Seen, partner: usize, item: &ItemReleased, at: Instant) {
    if item.kind() != ItemKind::Enquiry {
        return;
    }
    let mut state = seen.state();
    let Some(serial) = state.serials.get(&item.case_id).copied() else { return };
    match state.at_partners.entry((serial, partner)) {
        Entry::Occupied(_) => state.duplicated += 1,
        Entry::Vacant(first) => {
            first.insert(at);
        }
    }
}

/// Waits until everything that was accepted is at every partner, or has had its time.
async fn wait(seen: &Seen, planned: usize, partners: usize, drain: Duration) {
    let end = Instant::now() + drain;
    while Instant::now() < end {
        let done = {
            let state = seen.state();
            state.answered == planned && state.at_partners.len() == state.accepted.len() * partners
        };
        if done {
            // One too many would follow at once.
            tokio::time::sleep(Duration::from_secs(1)).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn report(
    config: &ReferralLoad,
    state: State,
    start: Instant,
    cpu: Option<Duration>,
) -> Result<ReferralReport, ReferralLoadError> {
    let (mut accept, mut hub) = (Collector::new()?, Collector::new()?);
    let (mut asked_to_partner, mut accept_to_partner) = (Collector::new()?, Collector::new()?);
    let due = |serial: usize| due(start, serial, config.rate);
    for (serial, at) in &state.accepted {
        accept.add(at.saturating_duration_since(due(*serial)));
    }
    for (serial, at) in &state.at_hub {
        hub.add(at.saturating_duration_since(due(*serial)));
    }
    for ((serial, _), at) in &state.at_partners {
        if let Some((asked, _)) = state.asked.get(serial) {
            asked_to_partner.add(at.saturating_duration_since(*asked));
        }
        if let Some(accepted) = state.accepted.get(serial) {
            accept_to_partner.add(at.saturating_duration_since(*accepted));
        }
    }
    let asked = state.asked.values().filter(|(_, taken)| *taken).count();
    let span = |last: Option<&Instant>| {
        last.map_or(Duration::ZERO, |last| last.saturating_duration_since(start))
    };
    let accepted = state.accepted.len();
    let events = f64::from(u32::try_from(accepted.max(1)).unwrap_or(u32::MAX));
    Ok(ReferralReport {
        label: config.label.clone(),
        rate: config.rate,
        seconds: config.seconds,
        hubs: config.hubs.len(),
        partners: config.partners.len(),
        sent: state.answered,
        accepted,
        refused: state.refused,
        at_hub: state.at_hub.len(),
        asked,
        at_partners: state.at_partners.len(),
        lost: (asked * config.partners.len()).saturating_sub(state.at_partners.len()),
        duplicated: state.duplicated,
        accepted_per_second: per_second(accepted, span(state.accepted.values().max())),
        questions_per_second: per_second(
            state.at_partners.len(),
            span(state.at_partners.values().max()),
        ),
        accept: accept.latency(),
        hub: hub.latency(),
        asked_to_partner: asked_to_partner.latency(),
        accept_to_partner: accept_to_partner.latency(),
        server: cpu.map(|cpu| ProcessUse {
            cpu_us_per_event: cpu.as_secs_f64() * 1_000_000.0 / events,
            cpu_seconds: cpu.as_secs_f64(),
            peak_rss_mib: config
                .server_pid
                .and_then(process::peak_rss_kib)
                .and_then(|kib| u32::try_from(kib).ok())
                .map_or(0.0, |kib| f64::from(kib) / 1_024.0),
        }),
    })
}
