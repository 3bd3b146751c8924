//! What a run found.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;
use serde::Serialize;

/// The result of a run. Latencies count from the time at which a report was due, unless said otherwise.
#[derive(Clone, Debug, Serialize)]
pub struct LoadReport {
    /// The run.
    pub label: String,
    /// Reports a second that were due.
    pub rate: u32,
    /// For how long.
    pub seconds: u32,
    /// At how many schools.
    pub schools: usize,
    /// Reports that were sent.
    pub sent: usize,
    /// Reports that the hub accepted.
    pub accepted: usize,
    /// Reports that were refused or broke off, by code.
    pub refused: BTreeMap<String, u64>,
    /// Accepted reports whose notice the school's stream showed.
    pub delivered: usize,
    /// Accepted reports of which no school saw a notice before the end.
    pub lost: usize,
    /// Notices beyond the first for the same report.
    pub duplicated: usize,
    /// Reports that were not acknowledged and arrived all the same.
    pub arrived_unacknowledged: usize,
    /// Notices that could not be opened afterwards, so that nobody knows whose they are.
    pub unreadable: usize,
    /// Accepted reports a second, from the first due time to the last acknowledgement.
    pub accepted_per_second: f64,
    /// Notices a second, from the first due time to the last arrival.
    pub delivered_per_second: f64,
    /// The most reports in hand at once.
    pub in_flight_peak: usize,
    /// How often a school's stream broke and was opened again.
    pub reconnects: u64,
    /// Due to acknowledged.
    pub submit_ack: Latency,
    /// Due to available at the school.
    pub available: Latency,
    /// Acknowledged to available at the school; 0 where the school was faster than the acknowledgement.
    pub accept_to_available: Latency,
    /// Due to police being told that the school has it.
    pub police_told: Latency,
    /// What the server used; none if no process was named.
    pub server: Option<ProcessUse>,
}

impl LoadReport {
    /// Whether everything that was sent was accepted, delivered once and nothing else came.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.sent == self.accepted
            && self.accepted == self.delivered
            && self.lost == 0
            && self.duplicated == 0
            && self.unreadable == 0
    }

    /// As JSON, to keep.
    ///
    /// # Errors
    ///
    /// If a number is not one that JSON has.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

/// A distribution of latencies, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// How many were measured.
    pub count: u64,
    /// Half were at most this.
    pub p50_ms: f64,
    /// 95 of 100 were at most this.
    pub p95_ms: f64,
    /// 99 of 100 were at most this.
    pub p99_ms: f64,
    /// 999 of 1,000 were at most this.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// What the server used between the first due time and the last arrival.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ProcessUse {
    /// Processor time, in microseconds, for each accepted report.
    pub cpu_us_per_event: f64,
    /// Processor time, in seconds.
    pub cpu_seconds: f64,
    /// The most memory that it held at once since it started, in MiB.
    pub peak_rss_mib: f64,
}

/// Collects latencies.
pub(crate) struct Collector(Histogram<u64>);

impl Collector {
    pub(crate) fn new() -> Result<Self, hdrhistogram::CreationError> {
        // Microseconds up to an hour, three digits.
        Histogram::new_with_bounds(1, 3_600_000_000, 3).map(Self)
    }

    pub(crate) fn add(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros.max(1));
    }

    pub(crate) fn latency(&self) -> Latency {
        if self.0.is_empty() {
            return Latency::default();
        }
        let at = |quantile| milliseconds(self.0.value_at_quantile(quantile));
        Latency {
            count: self.0.len(),
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: milliseconds(self.0.max()),
        }
    }
}

fn milliseconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64() * 1_000.0
}

/// A count for each second of a span.
pub(crate) fn per_second(count: usize, span: Duration) -> f64 {
    let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if span.is_zero() { 0.0 } else { count / span.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_added() {
        let mut collector = Collector::new().unwrap();
        assert_eq!(collector.latency(), Latency::default());
        for millis in 1..=1_000 {
            collector.add(Duration::from_millis(millis));
        }
        let latency = collector.latency();
        assert_eq!(latency.count, 1_000);
        assert!((latency.p50_ms - 500.0).abs() < 1.0, "{latency:?}");
        assert!((latency.p99_ms - 990.0).abs() < 2.0, "{latency:?}");
        assert!((latency.max_ms - 1_000.0).abs() < 2.0, "{latency:?}");
    }
}
