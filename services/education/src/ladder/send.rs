//! Sends what a step has claimed, once, within the time that is left, and keeps what came of it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::Timestamp;
use mash_domain::{
    ladder::{Channel, Outcome},
    notice::NoticeState,
};
use mash_mail::Undelivered;
use mash_proto::envelope::event_id;
use mash_store::StoreError;
use uuid::Uuid;

use crate::{
    Service,
    store::ladder::{self, Claim},
};

/// The longest that a channel may take, a third of what a claim is good for at most.
const LONGEST: Duration = Duration::from_secs(15);
/// What a channel gets even if the bell rings meanwhile.
const SHORTEST: Duration = Duration::from_secs(2);

/// A claimed step.
pub(super) struct Job {
    claim: Claim,
    by: Channel,
    to: String,
    bell: Timestamp,
}

impl Job {
    pub(super) fn new(claim: Claim, by: Channel, to: String, bell: Timestamp) -> Self {
        Self { claim, by, to, bell }
    }

    /// The same for both attempts, so that a mailbox can see that it is one message. Nothing can be read from it.
    fn key(&self) -> Uuid {
        let Claim { notice, round_ms, step, .. } = &self.claim;
        event_id(&["education", "nudge", notice, &round_ms.to_string(), step])
    }
}

impl Service {
    /// Sends these, as many at a time as there are places. What waits for a place keeps its claim: a mail server that is
    /// slow makes a queue long, and nothing in it lost.
    pub(super) async fn send_all(self: Arc<Self>, jobs: Vec<Job>) {
        let mut jobs = VecDeque::from(jobs);
        let mut renew = tokio::time::interval(self.settings.renew_interval);
        while !jobs.is_empty() {
            let place = tokio::select! {
                biased;
                _ = renew.tick() => {
                    self.renew(&jobs).await;
                    continue;
                }
                place = Arc::clone(&self.sending).acquire_owned() => place,
            };
            let (Ok(place), Some(job)) = (place, jobs.pop_front()) else { return };
            let service = Arc::clone(&self);
            tokio::spawn(async move {
                service.send(job).await;
                drop(place);
            });
        }
    }

    async fn renew(&self, jobs: &VecDeque<Job>) {
        let renew = async {
            let mut tx = self.store.begin().await?;
            let claims: Vec<&Claim> = jobs.iter().map(|job| &job.claim).collect();
            ladder::renew(&mut tx, &claims, self.clock.now(), super::CLAIM).await?;
            tx.commit().await
        };
        if let Err(error) = renew.await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "claims of nudges that wait for a place were not renewed");
        }
    }

    /// Sends one. Whatever goes wrong with the store is found again when the claim has ended.
    pub(super) async fn send(&self, job: Job) {
        if let Err(error) = self.sent(&job).await {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "a nudge was not settled and will be found again");
        }
    }

    async fn sent(&self, job: &Job) -> Result<(), StoreError> {
        let state = ladder::still_claimed(&mut self.store.read().await?, &job.claim).await?;
        let Some(state) = state.as_deref().and_then(NoticeState::from_word) else {
            return Ok(());
        };
        let outcome = match state {
            NoticeState::Delivered | NoticeState::Opened | NoticeState::Escalated => {
                self.over(job).await
            }
            NoticeState::Acknowledged
            | NoticeState::Rejected
            | NoticeState::Recalled
            | NoticeState::Deleted => Outcome::Stopped,
        };
        if outcome != Outcome::Sent && outcome != Outcome::Stopped {
            tracing::warn!(
                counter.education_nudges_failed = 1,
                notice.id = job.claim.notice,
                step = job.claim.step,
                outcome = outcome.word(),
                "a nudge failed, and the ladder moves on"
            );
        }
        let mut tx = self.store.begin().await?;
        ladder::settle(&mut tx, &job.claim, outcome).await?;
        if outcome != Outcome::Sent {
            // The next step is due now.
            ladder::look_at(&mut tx, &[&job.claim.notice], self.clock.now()).await?;
        }
        tx.commit().await
    }

    async fn over(&self, job: &Job) -> Outcome {
        let Some(channel) = self.channels.get(job.by) else { return Outcome::NoChannel };
        let left = job.bell.duration_since(self.clock.now()).unsigned_abs();
        let within = if job.bell > self.clock.now() { left } else { LONGEST };
        let within = within.clamp(SHORTEST, LONGEST);
        let message = self.channels.nudge(job.to.clone(), job.key());
        match tokio::time::timeout(within, channel.send(&message)).await {
            Ok(Ok(())) => Outcome::Sent,
            Ok(Err(Undelivered::Refused)) => Outcome::Refused,
            Ok(Err(Undelivered::Unreachable)) | Err(_) => Outcome::Unreachable,
        }
    }
}
