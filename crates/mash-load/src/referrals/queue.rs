//! What the workers of full hubs wait for: the page of the queue, one referral with everything about it, a grade.
//!
//! Calls are due at a fixed rate, the three in turn and the hubs in turn, and every latency counts from the due time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use mash_proto::social_care::v1::{
    GetReferralRequest, Grade, GradeReferralRequest, ListReferralsRequest, Referral,
    queue_service_client::QueueServiceClient,
};
use mash_synth::identifiers::request_id;
use serde::Serialize;
use tokio::task::JoinSet;
use tonic::Status;

use super::{ReferralLoadError, Seen, Target, Worker, channel};
use crate::{
    report::{Collector, Latency},
    submit::due,
};

/// Referrals on a page.
const PAGE: i32 = 50;
/// Pages of each queue whose referrals are looked at and graded.
const PAGES: usize = 20;

/// What to call, where, and as whom.
pub struct QueueLoad {
    /// The hub's services, as `https://host:port`.
    pub endpoint: String,
    /// The authorities, whose queues are full.
    pub hubs: Vec<Target>,
    /// Calls a second, of all hubs and all three methods together.
    pub rate: u32,
    /// For so many seconds.
    pub seconds: u32,
    /// The run, in request ids.
    pub label: String,
}

/// What a run found. Latencies count from the time at which a call was due.
#[derive(Clone, Debug, Serialize)]
pub struct QueueReport {
    /// To how many hubs.
    pub hubs: usize,
    /// Calls a second that were due.
    pub rate: u32,
    /// `ListReferrals`, the first page.
    pub list: Latency,
    /// `GetReferral`.
    pub get: Latency,
    /// `GradeReferral`.
    pub grade: Latency,
    /// Calls that were refused or broke off, by method and code.
    pub refused: std::collections::BTreeMap<String, u64>,
}

/// The latencies so far.
struct Timings {
    list: Collector,
    get: Collector,
    grade: Collector,
}

/// Runs a load and reports what came of it.
///
/// # Errors
///
/// If the run could not begin: a queue cannot be read, or is empty.
pub async fn run(config: QueueLoad) -> Result<QueueReport, ReferralLoadError> {
    let seen = Arc::new(Seen::default());
    let mut hubs = Vec::new();
    for hub in &config.hubs {
        let worker = Worker {
            channel: channel(&config.endpoint, hub)?,
            authority: hub.organisation.code.clone(),
            practitioner: "load".parse()?,
            partners: Arc::default(),
            label: config.label.clone(),
            seen: Arc::clone(&seen),
            queue: tokio::sync::watch::channel(std::collections::HashMap::new()).1,
        };
        let waiting = waiting(&worker).await;
        if waiting.is_empty() {
            return Err(ReferralLoadError::EmptyQueue);
        }
        hubs.push((worker, waiting));
    }
    let timings =
        Timings { list: Collector::new()?, get: Collector::new()?, grade: Collector::new()? };
    let timings = Arc::new(Mutex::new(timings));
    let planned = usize::try_from(u64::from(config.rate) * u64::from(config.seconds));
    let start = Instant::now() + Duration::from_millis(100);
    let mut calls = JoinSet::new();
    for serial in 0..planned.unwrap_or(usize::MAX) {
        let due = due(start, serial, config.rate);
        tokio::time::sleep_until(due.into()).await;
        let round = serial / 3;
        let Some((worker, waiting)) = round.checked_rem(hubs.len()).and_then(|hub| hubs.get(hub))
        else {
            continue;
        };
        let at = (round / hubs.len()).checked_rem(waiting.len()).unwrap_or_default();
        let Some(referral) = waiting.get(at).cloned() else { continue };
        calls.spawn(call(worker.clone(), serial, referral, (due, Arc::clone(&timings))));
        while calls.try_join_next().is_some() {}
    }
    while calls.join_next().await.is_some() {}
    let timings = timings.lock().unwrap_or_else(PoisonError::into_inner);
    let refused = std::mem::take(&mut seen.state().refused);
    Ok(QueueReport {
        hubs: hubs.len(),
        rate: config.rate,
        list: timings.list.latency(),
        get: timings.get.latency(),
        grade: timings.grade.latency(),
        refused,
    })
}

/// How many referrals a hub has open, as far as so many pages show.
///
/// # Errors
///
/// If the queue cannot be read.
pub async fn open(endpoint: &str, hub: &Target) -> Result<usize, Box<Status>> {
    let unavailable = |error: String| Box::new(Status::unavailable(error));
    let channel = channel(endpoint, hub).map_err(|error| unavailable(error.to_string()))?;
    let mut client = QueueServiceClient::new(channel);
    let (mut count, mut page_token) = (0, String::new());
    loop {
        let request = ListReferralsRequest { page_size: 500, page_token, ..Default::default() };
        let mut request = tonic::Request::new(request);
        let practitioner = "load".parse().map_err(|_| unavailable("practitioner".to_owned()))?;
        request.metadata_mut().insert("mash-practitioner", practitioner);
        let answer = client.list_referrals(request).await.map_err(Box::new)?.into_inner();
        count += answer.referrals.len();
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Ok(count);
        }
    }
}

/// Referrals of the first pages.
async fn waiting(worker: &Worker) -> Vec<Referral> {
    let mut client = QueueServiceClient::new(worker.channel.clone());
    let (mut found, mut page_token) = (Vec::new(), String::new());
    for _ in 0..PAGES {
        let request = ListReferralsRequest { page_size: PAGE, page_token, ..Default::default() };
        let Ok(answer) = client.list_referrals(worker.request(request)).await else { break };
        let answer = answer.into_inner();
        found.extend(answer.referrals);
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    found
}

async fn call(
    worker: Worker,
    serial: usize,
    referral: Referral,
    (due, timings): (Instant, Arc<Mutex<Timings>>),
) {
    let mut client = QueueServiceClient::new(worker.channel.clone());
    let name = referral.name;
    let (method, outcome) = match serial % 3 {
        0 => {
            let request = ListReferralsRequest { page_size: PAGE, ..Default::default() };
            ("ListReferrals", client.list_referrals(worker.request(request)).await.map(|_| ()))
        }
        1 => {
            let request = GetReferralRequest { name };
            ("GetReferral", client.get_referral(worker.request(request)).await.map(|_| ()))
        }
        _ => {
            let request = GradeReferralRequest {
                request_id: request_id(&format!("load/{}/{serial}", worker.label)),
                name,
                expected_revision: referral.revision,
                grade: Grade::Amber.into(),
                reason: String::new(),
            };
            ("GradeReferral", client.grade_referral(worker.request(request)).await.map(|_| ()))
        }
    };
    let took = due.elapsed();
    if let Err(status) = outcome {
        return worker.seen.refused(method, &status);
    }
    let mut timings = timings.lock().unwrap_or_else(PoisonError::into_inner);
    match serial % 3 {
        0 => timings.list.add(took),
        1 => timings.get.add(took),
        _ => timings.grade.add(took),
    }
}
