//! The service starts while the bus is away: schools read and answer what it keeps, and it joins when the bus is back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use mash_bus::{Bus, BusError, BusMessage, Subscription, TopicSpec, patient};
use mash_chassis::Caller;
use mash_education::{Education, Settings};
use mash_proto::education::v1 as wire;
use mash_store::{Dialect, Tx};
use tokio_util::sync::CancellationToken;

use crate::support::{E1, Hub, id, to_school};

on_both!(a_service_that_starts_without_the_bus_serves_what_it_keeps_and_joins_later);

/// A bus at which nobody answers for a while.
struct Away {
    bus: Arc<dyn Bus>,
    away: AtomicBool,
}

impl Away {
    fn there(&self) -> Result<&dyn Bus, BusError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(BusError::Away("nobody answers".to_owned()));
        }
        Ok(self.bus.as_ref())
    }
}

#[async_trait]
impl Bus for Away {
    async fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), BusError> {
        self.there()?.ensure_topics(topics).await
    }

    async fn publish(&self, batch: &[BusMessage]) -> Result<(), BusError> {
        self.there()?.publish(batch).await
    }

    async fn publish_in(&self, tx: &mut Tx, batch: &[BusMessage]) -> Result<bool, BusError> {
        self.there()?.publish_in(tx, batch).await
    }

    async fn subscribe(
        &self,
        group: &str,
        topics: &[&str],
    ) -> Result<Box<dyn Subscription>, BusError> {
        self.there()?.subscribe(group, topics).await
    }

    async fn lag(&self, group: &str, topics: &[&str]) -> Result<u64, BusError> {
        self.there()?.lag(group, topics).await
    }
}

async fn a_service_that_starts_without_the_bus_serves_what_it_keeps_and_joins_later(
    dialect: Dialect,
) {
    let hub = Hub::with_school(dialect).await;
    hub.release(&to_school("n1", &["mair"])).await;
    hub.until(E1, "mair", |notices| notices.len() == 1).await;
    let bus = hub.stop().await;

    let away = Arc::new(Away { bus, away: AtomicBool::new(true) });
    let clock = Arc::new(hub.clock.clone());
    let bus = patient(away.clone());
    let started = Education::start_with(hub.store.clone(), bus, clock, Settings::default()).await;
    let education = started.expect("it starts without the bus");
    let stop = CancellationToken::new();
    let (running, shutdown) = (education.clone(), stop.clone());
    let run = tokio::spawn(async move { running.run(shutdown).await });
    let inbox = education.inbox();
    let mair = Caller { organisation: E1.parse().unwrap(), practitioner: Some("mair".to_owned()) };
    let listed = async || {
        let request = wire::ListNoticesRequest::default();
        inbox.list(&mair, request).await.unwrap().0.len()
    };
    assert_eq!(listed().await, 1);
    let name = "notices/n1".to_owned();
    let confirm = wire::ConfirmRollRequest { request_id: id(), name: name.clone() };
    inbox.confirm_roll(&mair, confirm).await.unwrap();
    assert!(inbox.get(&mair, &name).await.unwrap().content.is_some(), "she can read it");
    let acknowledge =
        wire::AcknowledgeNoticeRequest { request_id: id(), name, revision: 1, note: String::new() };
    inbox.acknowledge(&mair, acknowledge).await.unwrap();
    hub.release(&to_school("n2", &["mair"])).await;
    assert_eq!(listed().await, 1, "what came meanwhile waits on the bus");

    away.away.store(false, Ordering::Relaxed);
    let joined = async {
        while listed().await < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(40), joined).await.expect("it joins by itself");
    let receipts = hub.receipts(4).await;
    assert!(receipts.iter().any(|it| it.starts_with("ACKNOWLEDGED mair")), "{receipts:?}");
    stop.cancel();
    run.await.unwrap().unwrap();
}
