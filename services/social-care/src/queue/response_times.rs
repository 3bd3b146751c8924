//! How long partners take to answer (P29).

use std::collections::BTreeMap;

use jiff::SignedDuration;
use mash_chassis::Caller;
use mash_domain::{organisation::OrganisationId, referral::enquiry::EnquiryState};
use mash_proto::social_care::v1 as wire;

use crate::{Service, access, error::Refusal, store::enquiries};

/// Without a time, questions of the last 90 days.
const SPAN: SignedDuration = SignedDuration::from_hours(90 * 24);

impl Service {
    pub(crate) async fn partner_response_times(
        &self,
        caller: &Caller,
        request: wire::PartnerResponseTimesRequest,
    ) -> Result<wire::PartnerResponseTimesResponse, Refusal> {
        let authority = access::authority(caller)?;
        let now = self.clock.now();
        let since = access::time("since_time", request.since_time.as_ref())?;
        let since = since.unwrap_or_else(|| now.saturating_sub(SPAN).unwrap_or(now));
        let mut conn = self.store.read().await?;
        let mut partners: BTreeMap<String, (wire::PartnerTimes, Vec<i64>)> = BTreeMap::new();
        for (partner, state, asked, due, ended) in
            enquiries::times(&mut conn, &authority, since).await?
        {
            let (times, took) = partners.entry(partner).or_default();
            times.asked += 1;
            let late = if ended == 0 { now.as_millisecond() } else { ended } > due;
            match EnquiryState::from_word(&state) {
                Some(EnquiryState::Answered) => times.answered += 1,
                Some(EnquiryState::Refused) => times.refused += 1,
                Some(EnquiryState::Open) => times.unanswered += 1,
                Some(EnquiryState::Closed) | None => continue,
            }
            times.late += i32::from(late);
            if ended > 0 {
                took.push(ended.saturating_sub(asked) / 1_000);
            }
        }
        let partners = partners.into_iter().map(|(partner, (mut times, mut took))| {
            took.sort_unstable();
            let partner: Option<OrganisationId> = partner.parse().ok();
            times.partner = partner.as_ref().map(Into::into);
            times.median_seconds = rank(&took, 50);
            times.ninetieth_seconds = rank(&took, 90);
            times
        });
        Ok(wire::PartnerResponseTimesResponse { partners: partners.collect() })
    }
}

/// The value within which so many of a hundred lie.
fn rank(sorted: &[i64], of_hundred: usize) -> i64 {
    let place = (sorted.len() * of_hundred).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn ranks_are_of_what_was_measured() {
        assert_eq!((rank(&[], 50), rank(&[7], 50), rank(&[7], 90)), (0, 7, 7));
        let ten: Vec<i64> = (1..=10).collect();
        assert_eq!((rank(&ten, 50), rank(&ten, 90)), (5, 9));
    }
}
