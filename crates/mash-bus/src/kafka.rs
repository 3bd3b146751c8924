//! Kafka, through librdkafka.
//!
//! The producer is idempotent and waits for all in-sync replicas; delivery futures are awaited, since `flush` costs a
//! fixed 100 ms in this version of rdkafka. Each subscription has a thread of its own that polls, so a slow handler
//! never gets its group member evicted. Transactions are not used (`docs/adr/0002-rest-one-effect-on-ids-not-on-kafka-transactions.md` says why).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    config::ClientConfig,
    error::{KafkaError, RDKafkaErrorCode},
};

use crate::{Bus, BusError, BusMessage, Subscription, TopicSpec};

mod consumer;
mod context;
mod lag;
mod producer;
mod settings;
mod shared;
mod worker;

pub use settings::KafkaSettings;

use context::QuietContext;

/// How long a message is tried: the default of five minutes would hide a dead broker until the bell has rung.
const PATIENT: Duration = Duration::from_secs(20);
/// The longest message: gRPC takes 4 MiB, an envelope adds little.
const LONGEST_MESSAGE: &str = "8388608";

pub(crate) struct KafkaBus {
    settings: KafkaSettings,
    producer: producer::Producer,
    /// For what must be over in time: it gives a message up sooner.
    brisk: producer::Producer,
    observers: Arc<Mutex<HashMap<String, Arc<lag::Observer>>>>,
}

impl KafkaBus {
    pub(crate) async fn open(settings: KafkaSettings) -> Result<Self, BusError> {
        let producer = producer::Producer::new(&settings, PATIENT);
        producer.warm_up().await?;
        let brisk = producer::Producer::new(&settings, mash_store::guards::ATTEMPT);
        Ok(Self { settings, producer, brisk, observers: Arc::default() })
    }
}

#[async_trait]
impl Bus for KafkaBus {
    async fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), BusError> {
        let names: Vec<_> =
            topics.iter().map(|topic| self.settings.full_name(topic.name)).collect();
        let new: Vec<_> = topics
            .iter()
            .zip(&names)
            .map(|(topic, name)| {
                let replication = TopicReplication::Fixed(self.settings.replication);
                let policy = if topic.compacted { "compact" } else { "delete" };
                NewTopic::new(name, topic.partitions, replication)
                    .set("cleanup.policy", policy)
                    .set("max.message.bytes", LONGEST_MESSAGE)
            })
            .collect();
        let config = self.settings.client();
        let admin: AdminClient<QuietContext> =
            config.create_with_context(QuietContext).map_err(|error| broker(&error))?;
        let wait = Duration::from_secs(15);
        let options = AdminOptions::new().operation_timeout(Some(wait)).request_timeout(Some(wait));
        let outcome = admin.create_topics(&new, &options).await;
        // Dropping the client joins its thread.
        drop(tokio::task::spawn_blocking(move || drop(admin)));
        for result in outcome.map_err(|error| BusError::Away(error.to_string()))? {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => (),
                Err((
                    _,
                    code @ (RDKafkaErrorCode::BrokerTransportFailure
                    | RDKafkaErrorCode::AllBrokersDown
                    | RDKafkaErrorCode::OperationTimedOut
                    | RDKafkaErrorCode::RequestTimedOut
                    | RDKafkaErrorCode::NotController),
                )) => return Err(BusError::Away(code.to_string())),
                Err((name, code)) => {
                    return Err(BusError::Broker(format!("topic `{name}`: {code}")));
                }
            }
        }
        Ok(())
    }

    async fn publish(&self, batch: &[BusMessage]) -> Result<(), BusError> {
        self.producer.publish(batch).await
    }

    async fn publish_within(&self, batch: &[BusMessage], limit: Duration) -> Result<(), BusError> {
        self.brisk.publish_within(batch, limit).await
    }

    async fn subscribe(
        &self,
        group: &str,
        topics: &[&str],
    ) -> Result<Box<dyn Subscription>, BusError> {
        Ok(Box::new(consumer::KafkaSubscription::join(&self.settings, group, topics).await?))
    }

    async fn lag(&self, group: &str, topics: &[&str]) -> Result<u64, BusError> {
        let topics: Vec<_> = topics.iter().map(|topic| self.settings.full_name(topic)).collect();
        let (settings, group, observers) =
            (self.settings.clone(), group.to_owned(), Arc::clone(&self.observers));
        blocking(move || lag::lag(&settings, &group, &topics, &observers)).await
    }
}

/// librdkafka's blocking calls get a thread where they may block.
async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, BusError> + Send + 'static,
) -> Result<T, BusError> {
    match tokio::task::spawn_blocking(call).await {
        Ok(outcome) => outcome,
        Err(_) => Err(BusError::Broker("the call was interrupted".to_owned())),
    }
}

fn broker(error: &KafkaError) -> BusError {
    BusError::Broker(error.to_string())
}

/// Settings that every consumer shares.
fn consumer_config(settings: &KafkaSettings, group: &str) -> ClientConfig {
    let mut config = settings.client();
    config.set("group.id", settings.full_name(group)).set("enable.auto.commit", "false");
    config
}
