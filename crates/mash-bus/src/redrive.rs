//! Sending dead letters round again.

use std::sync::Arc;

use mash_store::{Store, dead_letters, outbox};

use crate::{Bus, RedriveError, Relay};

/// The outbox component through which dead letters are announced and sent round again. Every intake runs its relay.
pub const DEAD_LETTER_COMPONENT: &str = "dead-letters";

/// Publishes a dead letter to its original topic once more.
///
/// The event keeps its id: groups that took it in before drop it, and only the group that failed tries again. If it
/// fails once more, the same dead letter opens again. The mark and the message are written in one transaction; should
/// the bus be away, an intake publishes it later.
///
/// # Errors
/// [`RedriveError::NotOpen`] if there is no open dead letter of this id; otherwise when the store fails.
pub async fn redrive(store: &Store, bus: &Arc<dyn Bus>, id: &str) -> Result<(), RedriveError> {
    let letter = dead_letters::get(store, id).await?.ok_or(RedriveError::NotOpen)?;
    let mut tx = store.begin().await?;
    if !dead_letters::mark_redriven(&mut tx, id).await? {
        return Err(RedriveError::NotOpen);
    }
    let row = (
        letter.topic.as_str(),
        letter.key.as_str(),
        letter.event_id.as_str(),
        letter.payload.as_slice(),
    );
    outbox::enqueue_rows(&mut tx, DEAD_LETTER_COMPONENT, &[row]).await?;
    tx.commit().await?;
    tracing::info!(dead_letter.id = id, topic = letter.topic, "dead letter sent round again");
    let mut relay = Relay::new(store.clone(), Arc::clone(bus), DEAD_LETTER_COMPONENT);
    if let Err(error) = relay.drain().await {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "the bus is away; an intake publishes the dead letter later");
    }
    Ok(())
}
