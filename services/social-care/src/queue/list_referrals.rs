//! A page of the queue.

use mash_chassis::Caller;
use mash_domain::referral::work::WorkState;
use mash_proto::social_care::v1 as wire;

use crate::{
    Service, access,
    error::Refusal,
    store::{links, referrals},
};

/// Stands for what nobody works.
const NOBODY: &str = "-";

impl Service {
    pub(crate) async fn list_referrals(
        &self,
        caller: &Caller,
        request: wire::ListReferralsRequest,
    ) -> Result<wire::ListReferralsResponse, Refusal> {
        let wire::ListReferralsRequest {
            page_size,
            page_token,
            states,
            grade,
            worker,
            overdue_only,
            child,
        } = request;
        let now = self.clock.now();
        let state =
            |number: &i32| access::word::<wire::ReferralState, WorkState>("states", *number);
        let states = states.iter().map(state).collect::<Result<Vec<_>, _>>()?;
        if wire::Grade::try_from(grade).is_err() {
            return Err(Refusal::field("grade", crate::error::WORD, "a grade, or none"));
        }
        let size = access::page_size(page_size)?;
        let filter = referrals::Filter {
            authority: access::authority(caller)?,
            states,
            grade: (grade != 0).then_some(grade),
            worker: (!worker.is_empty())
                .then(|| if worker == NOBODY { String::new() } else { worker }),
            due_by: overdue_only.then_some(now),
            child: (!child.is_empty()).then_some(child),
        };
        let after = access::page(&page_token, i64::MIN)?;
        let mut conn = self.store.read().await?;
        let mut records = referrals::list(&mut conn, &filter, &after, size + 1).await?;
        let next_page_token = access::next(&mut records, size, |record| {
            (record.due.as_millisecond(), record.id.clone())
        });
        let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
        let counts = links::counts(&mut conn, &ids).await?;
        conn.done();
        let referrals = records.iter().map(|record| wire::Referral {
            linked: counts.get(&record.id).copied().unwrap_or_default(),
            ..record.in_list(now)
        });
        Ok(wire::ListReferralsResponse { referrals: referrals.collect(), next_page_token })
    }
}
