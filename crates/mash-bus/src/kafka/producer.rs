//! Publishing: idempotent, acknowledged by all in-sync replicas.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use rdkafka::{
    config::ClientConfig,
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{
        FutureProducer, FutureRecord, Producer as _, PurgeConfig, future_producer::DeliveryFuture,
    },
};
use tokio::sync::Mutex;

use super::{KafkaSettings, LONGEST_MESSAGE, broker, context::QuietContext};
use crate::{BusError, BusMessage};

type Client = FutureProducer<QuietContext>;

pub(super) struct Producer {
    settings: KafkaSettings,
    config: ClientConfig,
    current: Mutex<Option<Arc<Client>>>,
}

impl Producer {
    /// A producer that gives a message up after this time.
    pub(super) fn new(settings: &KafkaSettings, gives_up_after: Duration) -> Self {
        let mut config = settings.client();
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            // A message that was given up must not be overtaken by the next one of its key: rather a new producer.
            .set("enable.gapless.guarantee", "true")
            .set("linger.ms", settings.linger_ms.to_string())
            .set("message.timeout.ms", gives_up_after.as_millis().to_string())
            .set("request.timeout.ms", (gives_up_after / 2).as_millis().to_string())
            .set("queue.buffering.max.kbytes", "32768")
            .set("message.max.bytes", LONGEST_MESSAGE)
            .set("topic.metadata.propagation.max.ms", "5000")
            // As Java's clients do it, so that all writers agree where a key lives.
            .set("partitioner", "murmur2_random");
        Self { settings: settings.clone(), config, current: Mutex::new(None) }
    }

    /// Makes the client, so that a setting librdkafka refuses is found at the start.
    pub(super) async fn warm_up(&self) -> Result<(), BusError> {
        self.client().await.map(|_| ())
    }

    pub(super) async fn publish(&self, batch: &[BusMessage]) -> Result<(), BusError> {
        let client = self.client().await?;
        let outcome = self.send(&client, batch).await;
        if outcome.is_err() {
            self.replace(&client).await;
        }
        outcome
    }

    /// As [`Self::publish`], and over in time: what was not acknowledged until then is not sent any more.
    pub(super) async fn publish_within(
        &self,
        batch: &[BusMessage],
        limit: Duration,
    ) -> Result<(), BusError> {
        let client = self.client().await?;
        let outcome = tokio::time::timeout(limit, self.send(&client, batch)).await;
        let outcome = outcome
            .unwrap_or_else(|_| Err(BusError::Broker("it did not answer in time".to_owned())));
        if outcome.is_err() {
            // Before anything else: whoever waits for us may go on once we have returned.
            client.purge(PurgeConfig::default().queue().inflight());
            self.replace(&client).await;
        }
        outcome
    }

    async fn client(&self) -> Result<Arc<Client>, BusError> {
        let mut current = self.current.lock().await;
        if let Some(client) = current.as_ref() {
            return Ok(Arc::clone(client));
        }
        let client: Client = self
            .config
            .create_with_context(QuietContext)
            .map_err(|error| BusError::Url(error.to_string()))?;
        Ok(Arc::clone(current.insert(Arc::new(client))))
    }

    /// After any failure the outcome of what was in flight is unknown; a fresh producer cannot be in doubt.
    async fn replace(&self, failed: &Arc<Client>) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|client| Arc::ptr_eq(client, failed))
            && let Some(client) = current.take()
        {
            // Dropping it waits for its thread.
            drop(tokio::task::spawn_blocking(move || drop(client)));
        }
    }

    async fn send(&self, client: &Client, batch: &[BusMessage]) -> Result<(), BusError> {
        let mut waiting = VecDeque::with_capacity(batch.len());
        for message in batch {
            let topic = self.settings.full_name(&message.topic);
            // The id is no personal data; operators find an event by it without opening the payload.
            let id = Header { key: "ce_id", value: Some(message.event_id.as_bytes()) };
            let headers = OwnedHeaders::new_with_capacity(1).insert(id);
            let mut record = FutureRecord::to(&topic)
                .key(message.key.as_str())
                .payload(message.payload.as_ref())
                .headers(headers);
            loop {
                match client.send_result(record) {
                    Ok(delivery) => break waiting.push_back((delivery, &message.topic)),
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), returned)) => {
                        record = returned;
                        make_room(&mut waiting).await?;
                    }
                    Err((error, _)) => return Err(refused(&error, &message.topic)),
                }
            }
        }
        while let Some((delivery, topic)) = waiting.pop_front() {
            acknowledged(delivery, topic).await?;
        }
        Ok(())
    }
}

/// Waits for our oldest message, or, when others fill the queue, for a moment.
async fn make_room(waiting: &mut VecDeque<(DeliveryFuture, &String)>) -> Result<(), BusError> {
    match waiting.pop_front() {
        Some((delivery, topic)) => acknowledged(delivery, topic).await,
        None => {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok(())
        }
    }
}

async fn acknowledged(delivery: DeliveryFuture, topic: &str) -> Result<(), BusError> {
    match delivery.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err((error, _))) => Err(refused(&error, topic)),
        Err(_) => Err(BusError::Broker("the producer was replaced".to_owned())),
    }
}

fn refused(error: &KafkaError, topic: &str) -> BusError {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition) => {
            BusError::UnknownTopic(topic.to_owned())
        }
        Some(_) | None => broker(error),
    }
}
