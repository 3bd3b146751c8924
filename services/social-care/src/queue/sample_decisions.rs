//! A random sample of decisions, so that somebody looks whether what was needed was known before it was decided (P25).
//! The same seed draws the same sample, whoever draws it.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use mash_chassis::Caller;
use mash_proto::social_care::v1 as wire;

use super::get_snapshot::told;
use crate::{
    Service, access,
    error::{PAGE, Refusal, WORD},
    store::snapshots,
};

impl Service {
    pub(crate) async fn sample_decisions(
        &self,
        caller: &Caller,
        request: wire::SampleDecisionsRequest,
    ) -> Result<wire::SampleDecisionsResponse, Refusal> {
        let wire::SampleDecisionsRequest { seed, size, from_time, to_time, outcome } = request;
        let authority = access::authority(caller)?;
        let size = match usize::try_from(size) {
            Ok(0) => 10,
            Ok(size @ 1..=100) => size,
            Ok(_) | Err(_) => return Err(Refusal::field("size", PAGE, "0 to 100")),
        };
        if wire::Outcome::try_from(outcome).is_err() {
            return Err(Refusal::field("outcome", WORD, "an outcome, or none"));
        }
        let from = access::time("from_time", from_time.as_ref())?;
        let to = access::time("to_time", to_time.as_ref())?;
        let span = (from.unwrap_or(Timestamp::UNIX_EPOCH), to.unwrap_or(Timestamp::MAX));
        let outcome = (outcome != 0).then_some(i64::from(outcome));
        let mut conn = self.store.read().await?;
        let mut all = snapshots::between(&mut conn, &authority, span, outcome).await?;
        let population = i32::try_from(all.len()).unwrap_or(i32::MAX);
        all.sort_by_cached_key(|(referral, number)| {
            let lot = format!("{seed}\u{1f}{referral}\u{1f}{number}");
            digest(&SHA256, lot.as_bytes()).as_ref().to_vec()
        });
        let mut drawn = Vec::with_capacity(size);
        for (referral, number) in all.iter().take(size) {
            if let Some(frozen) = snapshots::get(&mut conn, referral, *number).await? {
                drawn.push(told(frozen)?);
            }
        }
        Ok(wire::SampleDecisionsResponse { snapshots: drawn, population })
    }
}
