//! Referrals: from the report, through the hub, to the partners that it asks.
//!
//! Reports are due at a fixed rate, whatever became of the ones before. Each goes to routing and into the mailbox of the
//! hub that answers; a worker who is a program grades it as soon as she sees it in the queue, at which she looks ten times a
//! second, and asks every partner at once. Every partner listens
//! to its own mailbox. What a worker would need to think is not in any figure; what the hub needs to take it in is.

mod bench;
pub(crate) mod invented;
mod partners;
pub mod queue;
mod workers;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use mash_chassis::{TlsError, TlsFiles, client_channel};
use mash_proto::r#type::v1::Organisation;
use serde::Serialize;
use tokio::sync::watch;
use tonic::{
    metadata::{AsciiMetadataValue, errors::InvalidMetadataValue},
    transport::Channel,
};

pub use self::{
    bench::run,
    invented::{Invented, released},
};
use crate::report::{Latency, ProcessUse};

/// An organisation that takes part, with its certificate.
#[derive(Clone)]
pub struct Target {
    /// Which.
    pub organisation: Organisation,
    /// Its certificate.
    pub tls: TlsFiles,
}

/// What to send, where, and as whom.
pub struct ReferralLoad {
    /// The hub's services, as `https://host:port`.
    pub endpoint: String,
    /// The authorities to which is reported, in turn.
    pub hubs: Vec<Target>,
    /// Whom each hub asks about each referral.
    pub partners: Vec<Target>,
    /// Reports a second.
    pub rate: u32,
    /// For so many seconds.
    pub seconds: u32,
    /// How long to wait for the last questions before they count as lost.
    pub drain: std::time::Duration,
    /// The process of the server, to see what it uses.
    pub server_pid: Option<u32>,
    /// The run, in references; at most 16 letters and digits.
    pub label: String,
}

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReferralLoadError {
    /// There is no hub, no partner, or no rate.
    #[error("a run needs hubs, partners and a rate")]
    Nobody,
    /// No channel can be made.
    #[error("no channel can be made")]
    Channel(#[from] TlsError),
    /// A practitioner's id is not one.
    #[error("a practitioner's id holds other characters than letters, digits, `.`, `_` and `-`")]
    Practitioner(#[from] InvalidMetadataValue),
    /// No histogram can be made.
    #[error("no histogram can be made")]
    Histogram(#[from] hdrhistogram::CreationError),
    /// A queue has nothing in it.
    #[error("the queue of a hub is empty")]
    EmptyQueue,
}

/// What a run found. Latencies count from the time at which a report was due, unless said otherwise.
#[derive(Clone, Debug, Serialize)]
pub struct ReferralReport {
    /// The run.
    pub label: String,
    /// Reports a second that were due.
    pub rate: u32,
    /// For how long.
    pub seconds: u32,
    /// To how many hubs.
    pub hubs: usize,
    /// How many partners were asked about each.
    pub partners: usize,
    /// Reports that were sent.
    pub sent: usize,
    /// Reports that were accepted.
    pub accepted: usize,
    /// Calls that were refused or broke off, by method and code.
    pub refused: BTreeMap<String, u64>,
    /// Referrals that the stream of their hub showed.
    pub at_hub: usize,
    /// Referrals about which every partner was asked.
    pub asked: usize,
    /// Questions that the streams of partners showed.
    pub at_partners: usize,
    /// Questions that were accepted and shown to nobody before the end.
    pub lost: usize,
    /// Questions that a stream showed more than once.
    pub duplicated: u64,
    /// Accepted reports a second, from the first due time to the last acceptance.
    pub accepted_per_second: f64,
    /// Questions a second, from the first due time to the last arrival.
    pub questions_per_second: f64,
    /// Due to accepted.
    pub accept: Latency,
    /// Due to the stream of the hub.
    pub hub: Latency,
    /// From the call of the worker that asks to the stream of a partner.
    pub asked_to_partner: Latency,
    /// From the acceptance of the report to the stream of a partner, with taking in, grading and asking in between.
    pub accept_to_partner: Latency,
    /// What the server used; none if no process was named.
    pub server: Option<ProcessUse>,
}

impl ReferralReport {
    /// Whether everything was accepted, arrived once, and nothing was refused.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.sent == self.accepted
            && self.accepted == self.at_hub
            && self.at_hub == self.asked
            && self.lost == 0
            && self.duplicated == 0
            && self.refused.is_empty()
    }
}

/// What happened to each report so far. Locks are held for a look, never over a wait.
#[derive(Default)]
pub(crate) struct Seen(Mutex<State>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) accepted: HashMap<usize, Instant>,
    pub(crate) at_hub: HashMap<usize, Instant>,
    /// By case id.
    pub(crate) serials: HashMap<String, usize>,
    /// When the worker began to ask, and whether the hub took it.
    pub(crate) asked: HashMap<usize, (Instant, bool)>,
    /// By report and partner.
    pub(crate) at_partners: HashMap<(usize, usize), Instant>,
    pub(crate) duplicated: u64,
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) answered: usize,
}

impl Seen {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one insertion, so that a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn refused(&self, method: &str, status: &tonic::Status) {
        let code = mash_chassis::fault::code_of(status);
        let code = code.unwrap_or_else(|| format!("{:?}", status.code()));
        *self.state().refused.entry(format!("{method} {code}")).or_default() += 1;
    }
}

/// A hub that works: its channels and its place among the hubs.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) channel: Channel,
    pub(crate) authority: String,
    pub(crate) practitioner: AsciiMetadataValue,
    pub(crate) partners: Arc<Vec<Organisation>>,
    pub(crate) label: String,
    pub(crate) seen: Arc<Seen>,
    pub(crate) queue: watch::Receiver<workers::Queue>,
}

impl Worker {
    pub(crate) fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        request.metadata_mut().insert("mash-practitioner", self.practitioner.clone());
        request
    }
}

pub(crate) fn channel(endpoint: &str, target: &Target) -> Result<Channel, TlsError> {
    client_channel(endpoint, &target.tls)
}
