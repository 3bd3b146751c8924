//! The calendar of agreements: they begin, their parties are warned 60, 30 and 7 days before the last day, they expire.
//!
//! Nothing that is released waits for this: whether a clause is live follows from its days alone. The sweep tells people.

use std::{sync::Arc, time::Duration};

use jiff::{Span, Timestamp};
use mash_chassis::Clock;
use mash_domain::{
    agreement::{AgreementId, Event, WARNING_DAYS},
    incident::rules::day_of,
};
use mash_store::Store;
use tokio_util::sync::CancellationToken;

use super::app::{self, AgreementRefusal};
use crate::store::agreements as store;

/// How often the calendar is looked at.
const INTERVAL: Duration = Duration::from_secs(60);

/// Looks at the calendar until told to stop.
pub async fn run(store: Store, clock: Arc<dyn Clock>, shutdown: CancellationToken) {
    loop {
        sweep(&store, clock.now()).await;
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Looks at the calendar once, and tells how many agreements it had something to say about. A fault ends this round; the
/// next one goes on.
pub async fn sweep(store: &Store, now: Timestamp) -> usize {
    match every(store, now).await {
        Ok(count) => count,
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(
                error,
                "the calendar of agreements was not looked at and will be again"
            );
            0
        }
    }
}

async fn every(store: &Store, now: Timestamp) -> Result<usize, AgreementRefusal> {
    let longest = WARNING_DAYS.into_iter().max().unwrap_or_default();
    let today = day_of(now);
    let until = today.checked_add(Span::new().days(longest)).unwrap_or(today);
    let candidates = {
        let mut read = store.read().await?;
        store::to_look_at(&mut read, until).await?
    };
    let mut count = 0;
    for id in candidates {
        let mut tx = store.begin().await?;
        let events = app::look(&mut tx, id, now).await?;
        tx.commit().await?;
        count += usize::from(!events.is_empty());
        events.iter().for_each(|event| tell(id, event));
    }
    Ok(count)
}

fn tell(id: AgreementId, event: &Event) {
    match event {
        Event::ExpiryWarned { left, .. } => {
            tracing::warn!(agreement.id = %id, days.left = left, "an agreement ends soon");
        }
        Event::Expired => {
            tracing::warn!(agreement.id = %id, "an agreement has expired; nothing is shared under it any more");
        }
        Event::Activated => tracing::info!(agreement.id = %id, "an agreement is live"),
        Event::Signed { .. } | Event::Terminated | Event::Superseded => {}
    }
}
