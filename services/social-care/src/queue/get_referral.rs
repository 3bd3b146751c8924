//! Everything about one referral.

use mash_chassis::Caller;
use mash_proto::{convert::clock::clock_to_wire, social_care::v1 as wire};
use mash_store::outbox;

use crate::{
    COMPONENT, Service, access,
    case::Case,
    error::Refusal,
    outgoing::opened,
    snapshot,
    store::{items::Kept, openings, prompts, referrals::After},
};

/// Prompts of one referral that are shown.
const PROMPTS: usize = 200;

impl Service {
    pub(crate) async fn get_referral(
        &self,
        caller: &Caller,
        request: wire::GetReferralRequest,
    ) -> Result<wire::GetReferralResponse, Refusal> {
        let authority = access::authority(caller)?;
        let case_id = access::id("name", "referrals", &request.name)?;
        let now = self.clock.now();
        let mut conn = self.store.read().await?;
        let case = Case::read(&mut conn, &authority, case_id).await?.ok_or(Refusal::NotFound)?;
        let filter = prompts::Filter {
            authority,
            referral: Some(case.record.id.clone()),
            ..prompts::Filter::default()
        };
        let start = After { ms: i64::MIN, id: String::new() };
        let prompts = prompts::list(&mut conn, &filter, &start, PROMPTS).await?;
        let enquiries = case.enquiries.iter().map(|kept| {
            let clock = case.clocks.iter().find(|clock| clock.subject == kept.id);
            let clock = clock.map(|kept| clock_to_wire(&kept.clock, now));
            wire::Enquiry { clock, ..kept.enquiry.clone() }
        });
        // That somebody looks goes on record before she sees anything.
        let by = caller.practitioner.as_deref().unwrap_or_default();
        let told = openings::fresh(&mut conn, opened(&case.items, by, now)).await?;
        drop(conn);
        if !told.is_empty() {
            let mut tx = self.store.begin().await?;
            openings::keep(&mut tx, &told).await?;
            outbox::enqueue(&mut tx, COMPONENT, &told).await?;
            tx.commit().await?;
        }
        Ok(wire::GetReferralResponse {
            referral: Some(case.to_wire(now)),
            items: case.items.iter().map(Kept::to_wire).collect(),
            enquiries: enquiries.collect(),
            prompts: prompts.into_iter().map(|kept| kept.prompt).collect(),
            gaps: snapshot::gaps(&case),
            history: case.history,
        })
    }
}
