#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]
//! The load tool against a hub that loses, doubles, refuses and stalls on purpose: it must say so, to the report.

mod fake;

use std::time::Duration;

use fake::{FakeHub, Faults};
use mash_load::{Crowd, LoadConfig, LoadReport, run};
use mash_synth::wales::{Scale, Wales};

const RATE: u32 = 200;
const SECONDS: u32 = 2;

async fn measured(faults: Faults) -> LoadReport {
    let wales = Wales::generate(1, Scale::new(0.01).unwrap());
    let crowd = Crowd::of_wales(&wales, "62", 4);
    let hub = FakeHub::start(&crowd, faults).await;
    let config = LoadConfig {
        police: hub.url.clone(),
        education: hub.url.clone(),
        force: hub.tls("police/62"),
        practitioner: "load-1".to_owned(),
        schools: hub.schools(&crowd),
        crowd,
        rate: RATE,
        seconds: SECONDS,
        drain: Duration::from_secs(3),
        connections: 2,
        server_pid: Some(std::process::id()),
        label: "T1".to_owned(),
    };
    let report = run(config, |_| ()).await.unwrap();
    hub.stop().await;
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_keeps_its_promise_is_clean() {
    let report = measured(Faults { delay: Duration::from_millis(20), ..Faults::default() }).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.sent, report.accepted, report.delivered), (400, 400, 400));
    assert_eq!((report.submit_ack.count, report.available.count), (400, 400));
    assert!(report.available.p50_ms >= 20.0, "{report:?}");
    assert!(report.submit_ack.p50_ms < report.available.p50_ms, "{report:?}");
    assert!((150.0..=210.0).contains(&report.delivered_per_second), "{report:?}");
    assert!(report.server.is_some_and(|used| used.peak_rss_mib > 1.0));
    let json: serde_json::Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
    assert_eq!(json["accepted"], 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_doubled_or_refused_is_counted() {
    let faults =
        Faults { lose: Some(50), double: Some(80), refuse: Some(100), ..Faults::default() };
    let report = measured(faults).await;
    assert_eq!(report.refused.get("MASH-P001"), Some(&4), "{report:?}");
    assert_eq!(report.accepted, 396);
    // Of the eight that would be lost, four were refused already.
    assert_eq!((report.lost, report.delivered), (4, 392), "{report:?}");
    // Of the five that would be doubled, one was refused already.
    assert_eq!(report.duplicated, 4, "{report:?}");
    assert!(!report.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_shows_in_full_since_arrivals_do_not_wait() {
    let faults = Faults { stall: Some(Duration::from_millis(600)), ..Faults::default() };
    let report = measured(faults).await;
    assert!(report.is_clean(), "{report:?}");
    // 120 reports of 400 came due during the stall; a client that waits would have seen one slow answer.
    assert!(report.submit_ack.p50_ms < 50.0, "{report:?}");
    assert!(report.submit_ack.p99_ms > 500.0, "{report:?}");
    assert!(report.in_flight_peak > 80, "{report:?}");
}
