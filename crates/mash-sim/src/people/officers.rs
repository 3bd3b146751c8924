//! Officers: they report, correct and withdraw incidents, and take over what another force hands over.

use jiff::SignedDuration;
use mash_chassis::Clock as _;
use mash_proto::{
    disclosure::v1::DutyState,
    police::v1::{
        AcknowledgeHandoverRequest, AmendIncidentRequest, Incident, ListHandoversRequest,
        ReportDomesticAbuseIncidentRequest, WithdrawIncidentRequest, WithdrawalReason,
        police_service_client::PoliceServiceClient,
    },
    r#type::v1::Answer,
};

use super::{Act, OFFICER};
use crate::{process::Kind, world::World};

impl World {
    fn force(&self) -> String {
        format!("police/{}", self.settings.region.force)
    }

    pub(super) async fn report(
        &mut self,
        request: ReportDomesticAbuseIncidentRequest,
    ) -> anyhow::Result<()> {
        let force = self.force();
        let by = (force.as_str(), OFFICER);
        let answer = self.must(Kind::Police, by, request, |local, request| async move {
            PoliceServiceClient::new(local).report_domestic_abuse_incident(request).await
        });
        let Some(incident) = answer.await?.and_then(|answer| answer.incident) else {
            return Ok(());
        };
        self.count("incidents reported");
        self.what_follows(incident);
        Ok(())
    }

    /// Some reports are corrected or withdrawn later, and some children are offered an advocate.
    fn what_follows(&mut self, incident: Incident) {
        let now = self.clock.now();
        let random = &mut self.people.random;
        let after = |minutes: u32| now + SignedDuration::from_mins(i64::from(minutes));
        let (first, second, third) =
            (random.between(5, 400), random.between(60, 2_000), random.between(30, 1_500));
        let (withdrawn, corrected, offered) =
            (random.chance(10), random.chance(60), random.chance(300));
        let withdraws_after = random.chance(600).then(|| i64::from(random.between(0, 4_000)));
        if withdrawn {
            return self.later(after(first), Act::Withdraw(incident.name));
        }
        if offered && let Some(child) = incident.children.first() {
            let child_ref = child.r#ref.clone();
            let incident = incident.name.clone();
            let act = Act::GiveConsent { incident, child_ref, withdraws_after };
            self.later(after(third), act);
        }
        if corrected {
            self.later(after(second), Act::Correct(Box::new(incident)));
        }
    }

    pub(super) async fn correct(&mut self, mut incident: Incident) -> anyhow::Result<()> {
        let force = self.force();
        let expected_revision = incident.revision;
        for child in &mut incident.children {
            child.present = Answer::No.into();
        }
        incident.actions.push_str(" Corrected.");
        let request_id = self.people.request_id("correct");
        let request =
            AmendIncidentRequest { request_id, incident: Some(incident), expected_revision };
        let by = (force.as_str(), OFFICER);
        let answer = self.must(Kind::Police, by, request, |local, request| async move {
            PoliceServiceClient::new(local).amend_incident(request).await
        });
        if answer.await?.is_some() {
            self.count("incidents corrected");
        }
        Ok(())
    }

    pub(super) async fn withdraw(&mut self, name: String) -> anyhow::Result<()> {
        let force = self.force();
        let request = WithdrawIncidentRequest {
            request_id: self.people.request_id("withdraw"),
            name,
            reason: WithdrawalReason::WrongChild.into(),
        };
        let by = (force.as_str(), OFFICER);
        let answer = self.must(Kind::Police, by, request, |local, request| async move {
            PoliceServiceClient::new(local).withdraw_incident(request).await
        });
        if answer.await?.is_some() {
            self.count("incidents withdrawn");
        }
        Ok(())
    }

    pub(super) async fn open_handovers(&mut self) -> anyhow::Result<()> {
        self.people.expected.remove(mash_bus::topics::DISCLOSED_POLICE);
        for force in ["police/60", "police/61", "police/62", "police/63", "police/52"] {
            let request = ListHandoversRequest { page_size: 100, ..Default::default() };
            let by = (force, OFFICER);
            let answer = self.must(Kind::Police, by, request, |local, request| async move {
                PoliceServiceClient::new(local).list_handovers(request).await
            });
            let Some(answer) = answer.await? else { continue };
            let open =
                answer.handovers.into_iter().filter(|one| one.state() != DutyState::Acknowledged);
            for handover in open.collect::<Vec<_>>() {
                let request_id = self.people.request_id("handover");
                let request = AcknowledgeHandoverRequest { request_id, name: handover.name };
                self.must(Kind::Police, by, request, |local, request| async move {
                    PoliceServiceClient::new(local).acknowledge_handover(request).await
                })
                .await?;
                self.count("hand-overs taken");
            }
        }
        Ok(())
    }
}
