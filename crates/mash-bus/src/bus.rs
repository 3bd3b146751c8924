//! The port: what every bus can do.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

use mash_store::{Store, Tx};

use crate::{
    BusError, KafkaSettings, TopicSpec, embedded::EmbeddedBus, kafka::KafkaBus, sealed::SealedBus,
};

/// A message to publish.
#[derive(Clone, PartialEq, Eq)]
pub struct BusMessage {
    /// Where it goes.
    pub topic: String,
    /// The pseudonym by which it is ordered.
    pub key: String,
    /// The id that stays the same however often it is published.
    pub event_id: String,
    /// The encoded envelope.
    pub payload: Bytes,
}

impl fmt::Debug for BusMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BusMessage")
            .field("topic", &self.topic)
            .field("event_id", &self.event_id)
            .field("bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// A message as a consumer group receives it.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it came from.
    pub topic: String,
    /// The partition of the topic.
    pub partition: i32,
    /// The offset in the partition.
    pub offset: i64,
    /// The pseudonym by which it is ordered.
    pub key: String,
    /// The encoded envelope.
    pub payload: Bytes,
    /// The code of why it could not be opened, if it could not: then the payload is what came.
    pub fault: Option<&'static str>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Delivery")
            .field("topic", &self.topic)
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .field("bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// A log of events that consumer groups read at their own pace: at least once, in order per key.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Creates the topics that do not exist yet.
    ///
    /// # Errors
    /// When the bus cannot be reached or refuses.
    async fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), BusError>;

    /// Publishes a batch. `Ok` means that every message is durable.
    ///
    /// # Errors
    /// When any message may not be durable. Publish the whole batch again: consumers drop what they have seen.
    async fn publish(&self, batch: &[BusMessage]) -> Result<(), BusError>;

    /// Publishes a batch in a transaction of the store, if the bus lives in that very store: then it is durable with the
    /// commit, and not before. `false` means that this bus cannot, and nothing was done.
    ///
    /// # Errors
    /// When the store fails or a topic does not exist; the transaction should be dropped then.
    async fn publish_in(&self, _tx: &mut Tx, _batch: &[BusMessage]) -> Result<bool, BusError> {
        Ok(false)
    }

    /// Publishes a batch, or gives it up within this time. Once it has returned, this process sends nothing of the
    /// batch any more, whether it was published or not.
    ///
    /// # Errors
    /// As [`Bus::publish`], and when the time is over. Part of the batch may have been published.
    async fn publish_within(&self, batch: &[BusMessage], limit: Duration) -> Result<(), BusError> {
        tokio::time::timeout(limit, self.publish(batch))
            .await
            .unwrap_or_else(|_| Err(BusError::Broker("it did not answer in time".to_owned())))
    }

    /// Joins a consumer group. A new group begins with the earliest message; members of one group share the partitions.
    ///
    /// # Errors
    /// When the bus cannot be reached or refuses.
    async fn subscribe(
        &self,
        group: &str,
        topics: &[&str],
    ) -> Result<Box<dyn Subscription>, BusError>;

    /// How many messages the group has not committed yet.
    ///
    /// # Errors
    /// When the bus cannot be reached.
    async fn lag(&self, group: &str, topics: &[&str]) -> Result<u64, BusError>;
}

/// A member of a consumer group. Dropping it leaves the group in the
/// background; what was not committed is delivered again.
#[async_trait]
pub trait Subscription: Send {
    /// Waits for messages and returns at least one and at most `max`, in order per partition. Safe to cancel.
    ///
    /// # Errors
    /// [`BusError::Ended`] when only a fresh subscription can go on; others may pass.
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BusError>;

    /// Commits everything handed out so far, except what another member has taken over meanwhile.
    ///
    /// # Errors
    /// When it may not be committed; then it is delivered again.
    async fn commit(&mut self) -> Result<(), BusError>;

    /// Leaves the group and waits until the others may take over, at most a few seconds. Nothing may be read afterwards.
    async fn leave(&mut self);
}

/// Opens the bus of this address. What travels is sealed if the store is. The address is `embedded` (in the store), or `kafka://host:port,host:port?setting=value&…` with the
/// settings of [`KafkaSettings`].
///
/// # Errors
/// When the address is not usable. An unreachable broker is no error here: clients connect in the background.
pub async fn connect(url: &str, store: &Store) -> Result<Arc<dyn Bus>, BusError> {
    let bus: Arc<dyn Bus> = if url == "embedded" {
        Arc::new(EmbeddedBus::open(store).await?)
    } else {
        Arc::new(KafkaBus::open(url.parse::<KafkaSettings>()?).await?)
    };
    if store.is_sealed() { Ok(Arc::new(SealedBus::around(bus, store))) } else { Ok(bus) }
}
