//! Pages of meetings, disagreements and transfers, and how partners answer invitations (P18).

use std::collections::BTreeMap;

use jiff::SignedDuration;
use mash_chassis::Caller;
use mash_domain::organisation::OrganisationId;
use mash_proto::{social_care::v1 as wire, r#type::v1::Organisation};

use super::{show_disagreement, show_meeting, show_transfer};
use crate::{
    Service, access,
    case::Case,
    error::Refusal,
    record::id_of,
    store::{
        Conn,
        matters::{self, Filter, Kept, Matter},
        referrals::After,
    },
};

/// Without another time, what was called since then is counted.
const COUNTED: SignedDuration = SignedDuration::from_hours(90 * 24);
const AT_ONCE: usize = 500;

/// What a page is asked for.
struct Asked<'a> {
    page_size: i32,
    page_token: &'a str,
    referral: &'a str,
    state: Option<&'a str>,
    waiting_only: bool,
}

impl Service {
    pub(crate) async fn list_meetings(
        &self,
        caller: &Caller,
        request: wire::ListMeetingsRequest,
    ) -> Result<wire::ListMeetingsResponse, Refusal> {
        let state = wire::MeetingState::try_from(request.state)
            .map_err(|_| Refusal::field("state", crate::error::WORD, "a state, or none"))?;
        let asked = Asked {
            page_size: request.page_size,
            page_token: &request.page_token,
            referral: &request.referral,
            state: (state != wire::MeetingState::Unspecified).then(|| state.as_str_name()),
            waiting_only: request.unanswered_only,
        };
        let (meetings, next_page_token) = self.page(caller, &asked, show_meeting).await?;
        Ok(wire::ListMeetingsResponse { meetings, next_page_token })
    }

    pub(crate) async fn list_disagreements(
        &self,
        caller: &Caller,
        request: wire::ListDisagreementsRequest,
    ) -> Result<wire::ListDisagreementsResponse, Refusal> {
        let asked = Asked {
            page_size: request.page_size,
            page_token: &request.page_token,
            referral: &request.referral,
            state: None,
            waiting_only: !request.include_ended,
        };
        let (disagreements, next_page_token) = self.page(caller, &asked, show_disagreement).await?;
        Ok(wire::ListDisagreementsResponse { disagreements, next_page_token })
    }

    pub(crate) async fn list_transfers(
        &self,
        caller: &Caller,
        request: wire::ListTransfersRequest,
    ) -> Result<wire::ListTransfersResponse, Refusal> {
        let asked = Asked {
            page_size: request.page_size,
            page_token: &request.page_token,
            referral: &request.referral,
            state: None,
            waiting_only: !request.include_answered,
        };
        let (transfers, next_page_token) = self.page(caller, &asked, show_transfer).await?;
        Ok(wire::ListTransfersResponse { transfers, next_page_token })
    }

    async fn page<M: Matter>(
        &self,
        caller: &Caller,
        asked: &Asked<'_>,
        show: impl Fn(&Case, &Kept<M>, jiff::Timestamp) -> M,
    ) -> Result<(Vec<M>, String), Refusal> {
        let authority = access::authority(caller)?;
        let size = access::page_size(asked.page_size)?;
        let after = access::page(asked.page_token, i64::MIN)?;
        let referral = match asked.referral {
            "" => None,
            name => Some(id_of(&authority, access::id("referral", "referrals", name)?)),
        };
        let filter = Filter {
            authority: &authority,
            referral: referral.as_deref(),
            state: asked.state,
            waiting_only: asked.waiting_only,
        };
        let mut conn = self.store.read().await?;
        let mut found = matters::list::<M>(&mut conn, &filter, &after, size + 1).await?;
        let place = |kept: &Kept<M>| (kept.at.as_millisecond(), kept.id.clone());
        let token = access::next(&mut found, size, place);
        let mut ids: Vec<&str> = found.iter().map(|kept| kept.referral.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let cases = Case::read_many(&mut conn, &ids).await?;
        let now = self.clock.now();
        let shown = found
            .iter()
            .filter_map(|kept| cases.get(&kept.referral).map(|case| show(case, kept, now)));
        Ok((shown.collect(), token))
    }

    pub(crate) async fn count_invitations(
        &self,
        caller: &Caller,
        request: wire::CountInvitationsRequest,
    ) -> Result<wire::CountInvitationsResponse, Refusal> {
        let authority = access::authority(caller)?;
        let now = self.clock.now();
        let since = access::time("since_time", request.since_time.as_ref())?;
        let since = since.or_else(|| now.checked_sub(COUNTED).ok()).unwrap_or(now);
        let mut counts = BTreeMap::new();
        let mut conn = self.store.read().await?;
        let filter =
            Filter { authority: &authority, referral: None, state: None, waiting_only: false };
        let mut after =
            After { ms: since.as_millisecond().saturating_sub(1), id: "\u{7f}".to_owned() };
        loop {
            let page = meetings(&mut conn, &filter, &after).await?;
            for kept in &page {
                count(&kept.wire, &mut counts);
            }
            match page.last() {
                Some(last) if page.len() == AT_ONCE => {
                    after = After { ms: last.at.as_millisecond(), id: last.id.clone() };
                }
                Some(_) | None => break,
            }
        }
        Ok(wire::CountInvitationsResponse { partners: counts.into_values().collect() })
    }
}

async fn meetings(
    conn: &mut Conn,
    filter: &Filter<'_>,
    after: &After,
) -> Result<Vec<Kept<wire::Meeting>>, Refusal> {
    Ok(matters::list(conn, filter, after, AT_ONCE).await?)
}

fn count(meeting: &wire::Meeting, counts: &mut BTreeMap<OrganisationId, wire::PartnerInvitations>) {
    use wire::InvitationStanding as Standing;
    for invitation in &meeting.invitations {
        let Some(of) = invitation.partner.clone() else { continue };
        let Ok(partner) = OrganisationId::try_from(of.clone()) else { continue };
        let count = counts.entry(partner).or_insert_with(|| wire::PartnerInvitations {
            partner: Some(of.clone()),
            ..wire::PartnerInvitations::default()
        });
        count.invited += 1;
        match invitation.standing() {
            Standing::Accepts => count.accepted += 1,
            Standing::Declines => count.declined += 1,
            Standing::SendsReport => count.reports += 1,
            Standing::Invited | Standing::Unspecified => count.unanswered += 1,
        }
        if meeting.state() == wire::MeetingState::Held {
            if attended(meeting, &of) { count.attended += 1 } else { count.absent += 1 }
        }
    }
}

fn attended(meeting: &wire::Meeting, who: &Organisation) -> bool {
    meeting.attended.contains(who)
}
