//! How long the queue is, how old, and who works how much (P18).

use std::collections::BTreeMap;

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_proto::{convert::time_to_wire, social_care::v1 as wire};

use crate::{
    Service, access,
    error::Refusal,
    store::{enquiries, prompts, referrals},
};

impl Service {
    pub(crate) async fn queue_summary(
        &self,
        caller: &Caller,
        _request: wire::QueueSummaryRequest,
    ) -> Result<wire::QueueSummaryResponse, Refusal> {
        let authority = access::authority(caller)?;
        let now = self.clock.now();
        let mut conn = self.store.read().await?;
        let found = referrals::counts(&mut conn, &authority, now).await?;
        let waiting = enquiries::waiting(&mut conn, &authority).await?;
        let prompts = prompts::waiting(&mut conn, &authority).await?;
        let mut answer = wire::QueueSummaryResponse {
            unanswered_enquiries: number(waiting),
            open_prompts: number(prompts),
            ..wire::QueueSummaryResponse::default()
        };
        let mut counts: BTreeMap<(i32, i32), (i32, i32)> = BTreeMap::new();
        let mut workers: BTreeMap<String, (i32, i32)> = BTreeMap::new();
        let oldest = found.iter().map(|count| count.oldest_ms).min();
        for count in found {
            let (all, late) = (number(count.referrals), number(count.overdue));
            answer.open += all;
            answer.overdue += late;
            let state = wire::ReferralState::from(count.state).into();
            let of_state = counts.entry((state, count.grade)).or_default();
            *of_state = (of_state.0 + all, of_state.1 + late);
            let of_worker = workers.entry(count.worker).or_default();
            *of_worker = (of_worker.0 + all, of_worker.1 + late);
        }
        answer.oldest_receive_time =
            oldest.and_then(|ms| Timestamp::from_millisecond(ms).ok()).map(time_to_wire);
        let count = |((state, grade), (referrals, overdue))| wire::QueueCount {
            state,
            grade,
            referrals,
            overdue,
        };
        answer.counts = counts.into_iter().map(count).collect();
        let load = |(worker, (referrals, overdue))| wire::WorkerLoad { worker, referrals, overdue };
        answer.workers = workers.into_iter().map(load).collect();
        Ok(answer)
    }
}

fn number(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
