//! A member of a consumer group.

use std::{collections::HashMap, sync::Arc, sync::atomic::Ordering, time::Duration};

use async_trait::async_trait;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use tokio::{sync::oneshot, task::JoinHandle};

use super::{
    KafkaSettings, broker, consumer_config,
    shared::Shared,
    worker::{self, WorkerContext},
};
use crate::{BusError, Delivery, Subscription};

/// How often the watchdog looks, and how long the thread may be silent.
const WATCH: Duration = Duration::from_secs(10);
const SILENT: Duration = Duration::from_secs(30);
/// How long leaving the group may take; the broker notices by itself after the session timeout.
const LEAVE: Duration = Duration::from_secs(5);

pub(super) struct KafkaSubscription {
    shared: Arc<Shared>,
    left: Option<oneshot::Receiver<()>>,
    watchdog: JoinHandle<()>,
}

impl KafkaSubscription {
    pub(super) async fn join(
        settings: &KafkaSettings,
        group: &str,
        topics: &[&str],
    ) -> Result<Self, BusError> {
        let shared = Arc::new(Shared::new());
        let names: HashMap<String, String> =
            topics.iter().map(|topic| (settings.full_name(topic), (*topic).to_owned())).collect();
        let context = WorkerContext {
            shared: Arc::clone(&shared),
            group: group.to_owned(),
            progress: std::sync::Mutex::default(),
        };
        let mut config = consumer_config(settings, group);
        config
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "cooperative-sticky")
            // A member that was killed frees its partitions after six seconds, the least that brokers allow.
            .set("session.timeout.ms", "6000")
            .set("heartbeat.interval.ms", "1500")
            .set("check.crcs", "true")
            .set("fetch.wait.max.ms", "100")
            .set("fetch.queue.backoff.ms", "50")
            .set("fetch.error.backoff.ms", "100")
            .set("queued.max.messages.kbytes", "8192")
            .set("statistics.interval.ms", "10000");
        if let Some(instance) = &settings.instance {
            config.set("group.instance.id", format!("{instance}-{group}"));
        }
        let consumer: BaseConsumer<WorkerContext> = config
            .create_with_context(context)
            .map_err(|error| BusError::Url(error.to_string()))?;
        let full: Vec<&str> = names.keys().map(String::as_str).collect();
        consumer.subscribe(&full).map_err(|error| broker(&error))?;
        let (leaving, left) = oneshot::channel();
        std::thread::Builder::new()
            .name(format!("kafka-{group}"))
            .spawn(move || {
                worker::run(&consumer, &names);
                // Leaves the group, which takes a round trip to the broker.
                drop(consumer);
                drop(leaving);
            })
            .map_err(|error| {
                BusError::Broker(format!("no thread for the consumer: {}", error.kind()))
            })?;
        let watchdog = tokio::spawn(watch(Arc::clone(&shared), group.to_owned()));
        Ok(Self { shared, left: Some(left), watchdog })
    }
}

/// Says aloud when the thread does not poll; the broker would drop it silently.
async fn watch(shared: Arc<Shared>, group: String) {
    loop {
        tokio::time::sleep(WATCH).await;
        let silent = shared.since_poll();
        if silent > SILENT {
            tracing::error!(group, seconds = silent.as_secs(), "the consumer thread does not poll");
        }
    }
}

#[async_trait]
impl Subscription for KafkaSubscription {
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        loop {
            let batch = self.shared.take(max);
            if !batch.is_empty() {
                return Ok(batch);
            }
            if let Some(reason) = self.shared.ended() {
                return Err(BusError::Ended(reason));
            }
            self.shared.arrived.notified().await;
        }
    }

    /// The thread commits within 50 ms; a crash before that means a second delivery, which is dropped as seen.
    async fn commit(&mut self) -> Result<(), BusError> {
        self.shared.done();
        Ok(())
    }

    async fn leave(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        if let Some(left) = self.left.take() {
            // Either the thread has dropped its end, or the time is up.
            drop(tokio::time::timeout(LEAVE, left).await);
        }
    }
}

impl Drop for KafkaSubscription {
    fn drop(&mut self) {
        self.watchdog.abort();
        self.shared.stop.store(true, Ordering::Release);
    }
}
