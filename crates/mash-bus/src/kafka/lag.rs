//! How far a group is behind.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
};

use super::{KafkaSettings, broker, consumer_config, context::QuietContext};
use crate::BusError;

/// A client that knows the group's name and never joins it.
pub(super) type Observer = BaseConsumer<QuietContext>;

impl ConsumerContext for QuietContext {}

const WAIT: Duration = Duration::from_secs(5);

/// Messages between what the group has committed and the end of the log. It blocks.
pub(super) fn lag(
    settings: &KafkaSettings,
    group: &str,
    topics: &[String],
    observers: &Mutex<HashMap<String, Arc<Observer>>>,
) -> Result<u64, BusError> {
    let observer = observer(settings, group, observers)?;
    let mut list = TopicPartitionList::new();
    for topic in topics {
        let metadata =
            observer.fetch_metadata(Some(topic), WAIT).map_err(|error| broker(&error))?;
        for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
            list.add_partition(topic, partition.id());
        }
    }
    let committed = observer.committed_offsets(list, WAIT).map_err(|error| broker(&error))?;
    let mut total = 0;
    for element in committed.elements() {
        let (low, high) = observer
            .fetch_watermarks(element.topic(), element.partition(), WAIT)
            .map_err(|error| broker(&error))?;
        let from = match element.offset() {
            Offset::Offset(offset) => offset.max(low),
            Offset::Beginning
            | Offset::End
            | Offset::Stored
            | Offset::Invalid
            | Offset::OffsetTail(_) => low,
        };
        total += u64::try_from(high - from).unwrap_or(0);
    }
    Ok(total)
}

fn observer(
    settings: &KafkaSettings,
    group: &str,
    observers: &Mutex<HashMap<String, Arc<Observer>>>,
) -> Result<Arc<Observer>, BusError> {
    let mut observers = observers.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(observer) = observers.get(group) {
        return Ok(Arc::clone(observer));
    }
    let observer: Observer = consumer_config(settings, group)
        .create_with_context(QuietContext)
        .map_err(|error| BusError::Url(error.to_string()))?;
    let observer = Arc::new(observer);
    observers.insert(group.to_owned(), Arc::clone(&observer));
    Ok(observer)
}
