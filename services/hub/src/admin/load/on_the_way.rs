//! What a hub has taken in and not passed on yet. Whoever measures beside it measures the backlog.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use indicatif::ProgressBar;
use mash_bus::{Bus, topics};
use mash_store::{Store, outbox};
use tokio::time::Instant;

/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Who publishes what a referral in a queue sets going.
const OUTBOXES: [&str; 4] = ["social-care", "routing", "police", "delivery"];
/// Who takes it in, from which topics.
const READERS: [(&str, &[&str]); 5] = [
    ("routing-items", &[topics::SUBMITTED]),
    ("police-items", &[topics::DISCLOSED_POLICE]),
    (
        "delivery",
        &[
            topics::DISCLOSED_POLICE,
            topics::DISCLOSED_EDUCATION,
            topics::DISCLOSED_SOCIAL_CARE,
            topics::DISCLOSED_HEALTH,
            topics::DISCLOSED_PROVIDER,
        ],
    ),
    ("routing-item-receipts", &[topics::RECEIPTS]),
    ("social-care", &[topics::DISCLOSED_SOCIAL_CARE, topics::RECEIPTS]),
];

/// Waits until nothing is on its way, and shows how much still is.
///
/// # Errors
///
/// If something still is after this time, or nobody can tell.
pub async fn passed(store: &Store, bus: &dyn Bus, limit: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    let first = messages(store, bus).await?;
    let bar = ProgressBar::new(first).with_message("messages on their way");
    let (mut left, mut empty) = (first, u32::from(first == 0));
    // Twice empty, so that nothing has moved past the look.
    while empty < 2 {
        ensure!(
            left == 0 || Instant::now() < deadline,
            "after {limit:?}, {left} messages are still on their way"
        );
        tokio::time::sleep(LOOK_AGAIN.min(limit)).await;
        left = messages(store, bus).await?;
        empty = if left == 0 { empty + 1 } else { 0 };
        bar.set_length(first.max(left));
        bar.set_position(first.saturating_sub(left));
    }
    bar.finish_and_clear();
    Ok(())
}

/// What waits to be published, and what waits to be taken in. An event that is taken in while this looks may be counted
/// twice or not at all; the next look, when nothing moves any more, is right.
async fn messages(store: &Store, bus: &dyn Bus) -> anyhow::Result<u64> {
    let waits = "nobody can tell what is on its way";
    let mut count = 0;
    for component in OUTBOXES {
        count += outbox::backlog(store, component).await.context(waits)?.messages;
    }
    for (group, topics) in READERS {
        count += bus.lag(group, topics).await.context(waits)?;
    }
    Ok(count)
}
