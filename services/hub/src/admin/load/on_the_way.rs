//! What a hub has taken in and not passed on yet. Whoever measures beside it measures the backlog.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use indicatif::ProgressBar;
use mash_bus::{Bus, topics};
use mash_store::{Store, outbox};
use tokio::time::Instant;

/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Who publishes, and who takes in from which topics.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    /// The components that publish.
    pub outboxes: &'static [&'static str],
    /// The groups that take in, each with its topics.
    pub readers: &'static [(&'static str, &'static [&'static str])],
}

impl Ways {
    /// What a referral in a queue sets going.
    pub const REFERRALS: Self = Self {
        outboxes: &["social-care", "routing", "police", "delivery"],
        readers: &[
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
        ],
    };
    /// What contacts in the directory and notices at schools set going.
    pub const NOTICES: Self = Self {
        outboxes: &["education", "routing"],
        readers: &[
            ("education", &[topics::DISCLOSED_EDUCATION]),
            ("education-items", &[topics::DISCLOSED_EDUCATION]),
            ("routing-cases", &[topics::SUBMITTED, topics::RECEIPTS]),
            ("routing-item-receipts", &[topics::RECEIPTS]),
            ("routing-reference", &[topics::DIRECTORY, topics::ROLL]),
        ],
    };
}

/// Waits until nothing is on its way, and shows how much still is.
///
/// # Errors
///
/// If something still is after this time, or nobody can tell.
pub async fn passed(
    (store, bus): (&Store, &dyn Bus),
    ways: &Ways,
    limit: Duration,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    let first = messages(store, bus, ways).await?;
    let bar = ProgressBar::new(first).with_message("messages on their way");
    let (mut left, mut empty) = (first, u32::from(first == 0));
    // Twice empty, so that nothing has moved past the look.
    while empty < 2 {
        ensure!(
            left == 0 || Instant::now() < deadline,
            "after {limit:?}, {left} messages are still on their way"
        );
        tokio::time::sleep(LOOK_AGAIN.min(limit)).await;
        left = messages(store, bus, ways).await?;
        empty = if left == 0 { empty + 1 } else { 0 };
        bar.set_length(first.max(left));
        bar.set_position(first.saturating_sub(left));
    }
    bar.finish_and_clear();
    Ok(())
}

/// What waits to be published, and what waits to be taken in. An event that is taken in while this looks may be counted
/// twice or not at all; the next look, when nothing moves any more, is right.
async fn messages(store: &Store, bus: &dyn Bus, ways: &Ways) -> anyhow::Result<u64> {
    let waits = "nobody can tell what is on its way";
    let mut count = 0;
    for component in ways.outboxes {
        count += outbox::backlog(store, component).await.context(waits)?.messages;
    }
    for (group, topics) in ways.readers {
        count += bus.lag(group, topics).await.context(waits)?;
    }
    Ok(count)
}
