//! What a test sees on a bus.

#![expect(clippy::expect_used, reason = "only tests use it, and they should fail loudly")]

use std::time::Duration;

use mash_proto::{envelope::unwrap, event::v1::Envelope};
use prost::{Message, Name};

use crate::{Bus, Delivery};

/// Far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// A little longer than it takes, so that one too many is seen as well.
const MORE: Duration = Duration::from_millis(300);

/// The events of this type on a topic, once there are at least this many.
///
/// # Panics
///
/// If they do not come, or something on the topic is no envelope.
pub async fn published<M: Message + Name + Default>(
    bus: &dyn Bus,
    topic: &'static str,
    at_least: usize,
) -> Vec<M> {
    let group = format!("test-{}", uuid::Uuid::new_v4());
    let mut subscription = bus.subscribe(&group, &[topic]).await.expect("a subscription");
    let mut events = Vec::new();
    let reading = async {
        while events.len() < at_least {
            let batch = subscription.next_batch(100).await.expect("a batch");
            events.extend(batch.iter().filter_map(event));
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the events come in time");
    let more = tokio::time::timeout(MORE, subscription.next_batch(100)).await;
    let more = more.map(|batch| batch.expect("a batch")).unwrap_or_default();
    events.extend(more.iter().filter_map(event));
    events
}

fn event<M: Message + Name + Default>(delivery: &Delivery) -> Option<M> {
    let envelope = Envelope::decode(delivery.payload.clone()).expect("an envelope");
    unwrap(&envelope).ok()
}
