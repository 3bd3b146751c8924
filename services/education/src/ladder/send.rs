//! Sends what a step has claimed, once, within the time that is left, and keeps what came of it.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use mash_domain::{
    ladder::{Channel, Outcome},
    notice::NoticeState,
};
use mash_mail::Undelivered;
use mash_proto::envelope::event_id;
use mash_store::{StoreError, Tx};
use uuid::Uuid;

use super::world::Addressee;
use crate::{
    Service,
    store::ladder::{self, Claim},
};

/// The longest that a channel may take, a third of what a claim is good for at most.
const LONGEST: Duration = Duration::from_secs(15);
/// What a channel gets even if the bell rings meanwhile.
const SHORTEST: Duration = Duration::from_secs(2);

/// Claimed steps for which one message speaks: all of them tell the same person that something waits at her school.
pub(super) struct Job {
    /// At least one, in order.
    claims: Vec<Claim>,
    by: Channel,
    to: Addressee,
    /// The school.
    laestab: String,
    /// The earliest bell.
    bell: Timestamp,
}

impl Job {
    pub(super) fn new(
        claim: Claim,
        by: Channel,
        (laestab, to): (&str, Addressee),
        bell: Timestamp,
    ) -> Self {
        Self { claims: vec![claim], by, to, laestab: laestab.to_owned(), bell }
    }

    /// The same for both attempts, so that a mailbox can see that it is one message. Nothing can be read from it.
    fn key(&self) -> Uuid {
        let Some(Claim { notice, round_ms, step, .. }) = self.claims.first() else {
            return Uuid::nil();
        };
        event_id(&["education", "nudge", notice, &round_ms.to_string(), step])
    }
}

/// Lets one message speak for all steps of one look that tell the same person in the same way: it says that something
/// waits, and not what or how much. None of them goes out later for it, and the earliest bell comes first.
pub(super) fn together(jobs: Vec<Job>) -> Vec<Job> {
    let mut places: HashMap<(Channel, String, Addressee), usize> = HashMap::new();
    let mut one_each: Vec<Job> = Vec::with_capacity(jobs.len());
    for job in jobs {
        let like = (job.by, job.laestab.clone(), job.to.clone());
        match places.get(&like).and_then(|place| one_each.get_mut(*place)) {
            Some(first) => {
                first.bell = first.bell.min(job.bell);
                first.claims.extend(job.claims);
            }
            None => {
                places.insert(like, one_each.len());
                one_each.push(job);
            }
        }
    }
    for job in &mut one_each {
        job.claims
            .sort_by(|one, other| (&one.notice, &one.step).cmp(&(&other.notice, &other.step)));
    }
    one_each.sort_by_key(|job| job.bell);
    one_each
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
            let claims: Vec<&Claim> = jobs.iter().flat_map(|job| &job.claims).collect();
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
        let (mut waits, mut stopped) = (Vec::new(), Vec::new());
        let mut conn = self.store.read().await?;
        for claim in &job.claims {
            let state = ladder::still_claimed(&mut conn, claim).await?;
            match state.as_deref().and_then(NoticeState::from_word) {
                Some(NoticeState::Delivered | NoticeState::Opened | NoticeState::Escalated) => {
                    waits.push(claim);
                }
                Some(
                    NoticeState::Acknowledged
                    | NoticeState::Rejected
                    | NoticeState::Recalled
                    | NoticeState::Deleted,
                ) => stopped.push(claim),
                None => (),
            }
        }
        drop(conn);
        if waits.is_empty() && stopped.is_empty() {
            return Ok(());
        }
        let said = if waits.is_empty() { Said::Nothing } else { self.over(job).await };
        let outcome = said.outcome();
        let mut tx = self.store.begin().await?;
        if job.by == Channel::Email && matches!(said, Said::Taken | Said::NoMailbox) {
            let who = (job.laestab.as_str(), job.to.id.as_str());
            self.keep_bounce(&mut tx, who, (&job.to.to, said == Said::NoMailbox)).await?;
        }
        for claim in &waits {
            self.settle(&mut tx, claim, outcome).await?;
        }
        for claim in stopped {
            self.settle(&mut tx, claim, Outcome::Stopped).await?;
        }
        tx.commit().await
    }

    async fn settle(&self, tx: &mut Tx, claim: &Claim, outcome: Outcome) -> Result<(), StoreError> {
        if outcome != Outcome::Sent && outcome != Outcome::Stopped {
            tracing::warn!(
                counter.education_nudges_failed = 1,
                notice.id = claim.notice,
                step = claim.step,
                outcome = outcome.word(),
                "a nudge failed, and the ladder moves on"
            );
        }
        ladder::settle(tx, claim, outcome).await?;
        if outcome != Outcome::Sent {
            // The next step is due now.
            ladder::look_at(tx, &[&claim.notice], self.clock.now()).await?;
        }
        Ok(())
    }

    async fn over(&self, job: &Job) -> Said {
        let Some(channel) = self.channels.get(job.by) else { return Said::NoChannel };
        let left = job.bell.duration_since(self.clock.now()).unsigned_abs();
        let within = if job.bell > self.clock.now() { left } else { LONGEST };
        let within = within.clamp(SHORTEST, LONGEST);
        let message = self.channels.nudge(job.to.to.clone(), job.key());
        match tokio::time::timeout(within, channel.send(&message)).await {
            Ok(Ok(())) => Said::Taken,
            Ok(Err(Undelivered::NoMailbox)) => Said::NoMailbox,
            Ok(Err(Undelivered::Refused)) => Said::Refused,
            Ok(Err(Undelivered::Unreachable)) | Err(_) => Said::NoAnswer,
        }
    }
}

/// What the other end said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// It was not asked: the notice was answered before.
    Nothing,
    /// It took the message.
    Taken,
    /// There is no such mailbox.
    NoMailbox,
    /// It will not have it for another reason.
    Refused,
    /// It did not answer in time, or could not take it now.
    NoAnswer,
    /// There is no such way out of the hub.
    NoChannel,
}

impl Said {
    const fn outcome(self) -> Outcome {
        match self {
            Self::Nothing => Outcome::Stopped,
            Self::Taken => Outcome::Sent,
            Self::NoMailbox | Self::Refused => Outcome::Refused,
            Self::NoAnswer => Outcome::Unreachable,
            Self::NoChannel => Outcome::NoChannel,
        }
    }
}
