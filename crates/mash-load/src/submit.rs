//! The forces' side: reports that go out when they are due.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mash_chassis::fault::code_of;
use mash_proto::police::v1::police_service_client::PoliceServiceClient;
use tokio::task::JoinSet;
use tonic::{metadata::AsciiMetadataValue, transport::Channel};

use crate::{crowd::Crowd, recorder::Recorder};

/// Sends reports at a rate, whatever becomes of them.
pub(crate) struct Submitter {
    pub(crate) crowd: Arc<Crowd>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) practitioner: AsciiMetadataValue,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) label: String,
    /// When officers attended, as seconds since the epoch.
    pub(crate) attended: i64,
    pub(crate) in_flight: Arc<AtomicUsize>,
    pub(crate) in_flight_peak: Arc<AtomicUsize>,
}

/// When report number `serial` is due.
pub(crate) fn due(start: Instant, serial: usize, rate: u32) -> Instant {
    let nanos =
        u128::try_from(serial).unwrap_or_default() * 1_000_000_000 / u128::from(rate.max(1));
    start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl Submitter {
    /// Sends so many reports and returns the calls that are still in hand.
    pub(crate) async fn send(self, start: Instant, count: usize, rate: u32) -> JoinSet<()> {
        let mut calls = JoinSet::new();
        for serial in 0..count {
            tokio::time::sleep_until(due(start, serial, rate).into()).await;
            self.spawn(&mut calls, serial);
            while calls.try_join_next().is_some() {}
        }
        calls
    }

    fn spawn(&self, calls: &mut JoinSet<()>, serial: usize) {
        let at = serial.checked_rem(self.channels.len()).unwrap_or_default();
        let Some(channel) = self.channels.get(at).cloned() else { return };
        let request = self.crowd.report(&self.label, serial, self.attended);
        let mut request = tonic::Request::new(request);
        request.metadata_mut().insert("mash-practitioner", self.practitioner.clone());
        let recorder = self.recorder.clone();
        let in_flight = self.in_flight.clone();
        let now = in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.in_flight_peak.fetch_max(now, Ordering::Relaxed);
        calls.spawn(async move {
            let mut client = PoliceServiceClient::new(channel);
            match client.report_domestic_abuse_incident(request).await {
                Ok(_) => recorder.acknowledged(serial, Instant::now()),
                Err(status) => {
                    let code = code_of(&status).unwrap_or_else(|| format!("{:?}", status.code()));
                    recorder.refused(code);
                }
            }
            in_flight.fetch_sub(1, Ordering::Relaxed);
        });
    }
}
