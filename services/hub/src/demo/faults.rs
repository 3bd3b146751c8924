//! The two faults of the night that only the bus can have: an event delivered twice, and a message nobody can read.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use mash_bus::{Bus, BusMessage, topics};
use mash_keys::{content, wire};

/// Publishes the report of this case a second time, byte for byte.
///
/// # Errors
///
/// If the bus fails, or the report is not on it.
pub async fn deliver_again(bus: &dyn Bus, case_id: &str) -> anyhow::Result<()> {
    let group = format!("demonstration-{}", uuid::Uuid::new_v4());
    let mut subscription = bus.subscribe(&group, &[topics::SUBMITTED]).await?;
    let find = async {
        loop {
            for delivery in subscription.next_batch(500).await? {
                // The key tells the case; what it holds is sealed. The poison of the night is in the clear.
                let sealed =
                    content::is_sealed(&delivery.payload) || wire::is_sealed(&delivery.payload);
                if delivery.key != case_id || !sealed {
                    continue;
                }
                return anyhow::Ok(BusMessage {
                    topic: topics::SUBMITTED.to_owned(),
                    key: delivery.key,
                    event_id: uuid::Uuid::new_v4().to_string(),
                    payload: delivery.payload,
                });
            }
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(20), find).await;
    let message = found.context("the report is not on the bus")??;
    Ok(bus.publish(&[message]).await?)
}

/// Publishes a message that nobody can read, in front of whatever comes next for this case.
///
/// # Errors
///
/// If the bus fails.
pub async fn poison(bus: &dyn Bus, case_id: &str, payload: &'static [u8]) -> anyhow::Result<()> {
    let message = BusMessage {
        topic: topics::SUBMITTED.to_owned(),
        key: case_id.to_owned(),
        event_id: uuid::Uuid::new_v4().to_string(),
        payload: Bytes::from_static(payload),
    };
    Ok(bus.publish(&[message]).await?)
}
