//! Whether every referral that was accepted has ended: by what routing and the hubs count, and one by one by what a
//! sender and a hub can see of it.

use std::collections::BTreeMap;

use mash_proto::{
    education::v1 as education,
    health::v1 as health,
    police::v1 as police,
    referral::v1::{ItemKind, SentReferral, SentState},
    sharing::v1::{GetConservationRequest, sharing_service_client::SharingServiceClient},
    social_care::v1::{
        FeedbackState, GetReferralConservationRequest, GetReferralConservationResponse,
        ListPromptsRequest, ListReferralsRequest, Referral, ReferralState,
        queue_service_client::QueueServiceClient,
    },
};
use tonic::Request;

use crate::{
    people::{Sender, WORKER},
    process::Kind,
    world::{World, on_behalf},
};

/// Hubs by referral, and what each of them has.
type Worked = BTreeMap<String, Vec<(String, Referral)>>;

impl World {
    pub(super) async fn referrals_are_done(&mut self) -> anyhow::Result<()> {
        self.items_are_done().await?;
        self.hubs_agree().await?;
        let worked = self.what_hubs_have().await?;
        self.each_has_ended(&worked).await
    }

    /// Routing counts item by item.
    async fn items_are_done(&mut self) -> anyhow::Result<()> {
        let local = self.local(Kind::Routing, "operator/hub")?;
        let counts = SharingServiceClient::new(local)
            .get_conservation(Request::new(GetConservationRequest {}))
            .await?
            .into_inner();
        for count in &counts.items {
            let kind = count.kind().as_str_name();
            let ended = count.acknowledged + count.escalated + count.withheld;
            if count.pending != 0 || ended != count.accepted {
                self.guardian.broken(format!(
                    "P1: of {} {kind} {ended} ended and {} are pending",
                    count.accepted, count.pending
                ));
            }
            if count.kind() == ItemKind::Referral {
                self.counts.insert("referrals routed", u64::try_from(count.items).unwrap_or(0));
            }
            let all = self.counts.entry("items for recipients").or_default();
            *all += u64::try_from(count.accepted).unwrap_or(0);
        }
        Ok(())
    }

    /// Every hub counts for itself.
    async fn hubs_agree(&mut self) -> anyhow::Result<()> {
        let mut total = GetReferralConservationResponse::default();
        for authority in self.settings.region.authorities {
            let local = self.local(Kind::SocialCare, &format!("authority/{authority}"))?;
            let request = Request::new(GetReferralConservationRequest {});
            let one = QueueServiceClient::new(local).get_referral_conservation(request).await?;
            let one = one.into_inner();
            total.accepted += one.accepted;
            total.decided += one.decided;
            total.open += one.open;
            total.withdrawn += one.withdrawn;
            total.feedback_acknowledged += one.feedback_acknowledged;
            total.feedback_escalated += one.feedback_escalated;
            total.feedback_withheld += one.feedback_withheld;
            total.feedback_pending += one.feedback_pending;
        }
        for (what, number) in [
            ("referrals at hubs", total.accepted),
            ("referrals decided at hubs", total.decided),
            ("feedback acknowledged", total.feedback_acknowledged),
            ("feedback escalated", total.feedback_escalated),
            ("feedback withheld", total.feedback_withheld),
        ] {
            self.counts.insert(what, u64::try_from(number).unwrap_or(0));
        }
        if total.open != 0
            || total.decided + total.withdrawn != total.accepted
            || total.feedback_pending != 0
        {
            self.guardian.broken(format!(
                "P1: of {} referrals {} are decided, {} open, {} without feedback",
                total.accepted, total.decided, total.open, total.feedback_pending
            ));
        }
        Ok(())
    }

    /// Everything that the hubs of the region ever took in.
    async fn what_hubs_have(&self) -> anyhow::Result<Worked> {
        let every_state = (1..=10).filter(|number| ReferralState::try_from(*number).is_ok());
        let states: Vec<i32> = every_state.collect();
        let mut worked = Worked::new();
        for authority in self.settings.region.authorities {
            let authority = format!("authority/{authority}");
            let mut page_token = String::new();
            loop {
                let request = ListReferralsRequest {
                    page_size: 500,
                    page_token,
                    states: states.clone(),
                    ..ListReferralsRequest::default()
                };
                let local = self.local(Kind::SocialCare, &authority)?;
                let request = on_behalf(WORKER, request)?;
                let page = QueueServiceClient::new(local).list_referrals(request).await?;
                let page = page.into_inner();
                for referral in page.referrals {
                    let of = worked.entry(referral.name.clone()).or_default();
                    of.push((authority.clone(), referral));
                }
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
        }
        Ok(worked)
    }

    /// One by one: decided, passed on or taken back at a hub, with feedback that somebody has or somebody sees to; or
    /// its sender was told why it went nowhere.
    async fn each_has_ended(&mut self, worked: &Worked) -> anyhow::Result<()> {
        let accepted = self.people.accepted.clone();
        for (name, sender) in &accepted {
            let sent = self.as_the_sender_sees_it(name, sender).await?;
            let lost = sent.as_ref().is_some_and(|sent| sent.revision != sender.revision);
            let words = match worked.get(name) {
                _ if lost => Some("has lost a revision that was accepted".to_owned()),
                Some(at) => at.iter().find_map(|(hub, it)| unended(hub, it, sender, sent.as_ref())),
                None if sender.kind == Kind::SocialCare => {
                    self.is_with_its_taker(name, sender).await?
                }
                None => self.is_withheld(sent.as_ref()).err(),
            };
            if let Some(words) = words {
                let from = &sender.organisation;
                self.guardian.broken(format!("P1: {name} of {from} {words}"));
            }
        }
        for name in worked.keys().filter(|name| !accepted.contains_key(*name)) {
            self.guardian.broken(format!("P1: a hub has {name}, which nobody sent"));
        }
        Ok(())
    }

    /// Nobody but its sender has it: then the sender knows that, and why.
    fn is_withheld(&mut self, sent: Option<&SentReferral>) -> Result<(), String> {
        let Some(sent) = sent else { return Err("is at no hub".to_owned()) };
        if sent.state() == SentState::Withdrawn {
            self.count("referrals withdrawn before a hub had them");
            return Ok(());
        }
        if sent.state() == SentState::Withheld && !sent.withheld_codes.is_empty() {
            self.count("referrals withheld, and the sender was told why");
            return Ok(());
        }
        let state = sent.state().as_str_name();
        Err(format!("is at no hub, and its sender sees {state} and {:?}", sent.withheld_codes))
    }

    /// What a hub took from the public is with its manager, where it may go to nobody.
    async fn is_with_its_taker(
        &mut self,
        name: &str,
        taker: &Sender,
    ) -> anyhow::Result<Option<String>> {
        let request = ListPromptsRequest { referral: name.to_owned(), ..Default::default() };
        let local = self.local(Kind::SocialCare, &taker.organisation)?;
        let request = on_behalf(&taker.practitioner, request)?;
        let prompts = QueueServiceClient::new(local).list_prompts(request).await?.into_inner();
        if prompts.prompts.iter().any(|prompt| prompt.code == "item-undelivered") {
            self.count("referrals withheld, and the manager was told");
            return Ok(None);
        }
        Ok(Some("is at no hub, and nobody there was told".to_owned()))
    }

    async fn as_the_sender_sees_it(
        &self,
        name: &str,
        sender: &Sender,
    ) -> anyhow::Result<Option<SentReferral>> {
        let local = self.local(sender.kind, &sender.organisation)?;
        let name = name.to_owned();
        let by = sender.practitioner.as_str();
        Ok(match sender.kind {
            Kind::Police => {
                use police::protection_service_client::ProtectionServiceClient as Client;
                let request = on_behalf(by, police::GetReferralRequest { name })?;
                Client::new(local).get_referral(request).await?.into_inner().referral
            }
            Kind::Education => {
                use education::referral_service_client::ReferralServiceClient as Client;
                let request = on_behalf(by, education::GetReferralRequest { name })?;
                Client::new(local).get_referral(request).await?.into_inner().referral
            }
            Kind::Health => {
                use health::health_service_client::HealthServiceClient as Client;
                let request = on_behalf(by, health::GetReferralRequest { name })?;
                Client::new(local).get_referral(request).await?.into_inner().referral
            }
            // What the public tells a hub is kept by the hub alone.
            Kind::SocialCare | Kind::Routing | Kind::Delivery => None,
        })
    }
}

/// What is missing at a hub; nothing if it has ended there.
fn unended(
    hub: &str,
    referral: &Referral,
    sender: &Sender,
    sent: Option<&SentReferral>,
) -> Option<String> {
    let state = referral.state();
    match state {
        ReferralState::Withdrawn => {
            let knows = sent.is_none_or(|sent| sent.state() == SentState::Withdrawn);
            return (!knows).then(|| format!("is withdrawn at {hub}, and its sender did not"));
        }
        ReferralState::Decided
        | ReferralState::Informed
        | ReferralState::Closed
        | ReferralState::Passed
        | ReferralState::Transferred => (),
        ReferralState::Unspecified
        | ReferralState::Received
        | ReferralState::Graded
        | ReferralState::Assigned
        | ReferralState::Checking => {
            return Some(format!("is {} at {hub}", state.as_str_name()));
        }
    }
    // Taken back after it was decided: the decision stands, and the hub keeps what it had.
    if sent.is_some_and(|sent| sent.state() == SentState::Withdrawn) {
        return None;
    }
    // Hubs do not count the sender's revisions, but what the last one said is there.
    if sender.urgency.is_some_and(|urgency| urgency != referral.urgency) {
        return Some(format!("is an older report at {hub} than its sender submitted"));
    }
    match referral.feedback() {
        FeedbackState::Escalated | FeedbackState::Withheld => None,
        // Whoever acknowledged it has it.
        FeedbackState::Acknowledged => {
            let has = sent.is_none_or(|sent| sent.state() == SentState::Decided);
            (!has).then(|| format!("is acknowledged at {hub}, and its sender has no decision"))
        }
        FeedbackState::Unspecified | FeedbackState::Pending => {
            Some(format!("is decided at {hub}, and nobody told its sender"))
        }
    }
}
