//! Consents to an advocate: given, and often withdrawn, sometimes while what rests on them is on its way.

use jiff::SignedDuration;
use mash_chassis::Clock as _;
use mash_proto::{
    convert::time_to_wire,
    sharing::v1::{
        self as wire, consent_service_client::ConsentServiceClient, consented_service::Service,
    },
};
use tonic::Code;

use super::{Act, OFFICER, PROVIDER};
use crate::{
    process::Kind,
    world::{World, told},
};

impl World {
    pub(super) async fn give_consent(
        &mut self,
        incident: String,
        child_ref: String,
        withdraws_after: Option<i64>,
    ) -> anyhow::Result<()> {
        let force = format!("police/{}", self.settings.region.force);
        let provider: mash_domain::organisation::OrganisationId = PROVIDER.parse()?;
        let request = wire::RecordConsentRequest {
            request_id: self.people.request_id("consent"),
            incident: incident.clone(),
            child_ref: child_ref.clone(),
            outcome: wire::ConsentOutcome::Given.into(),
            giver: wire::ConsentGiver::Parent.into(),
            information: vec![wire::ConsentInformation::Child.into()],
            services: vec![wire::ConsentedService {
                service: Some(Service::Organisation((&provider).into())),
            }],
            flows: vec!["advocate".to_owned()],
            evidence: Some(wire::ConsentEvidence {
                kind: wire::EvidenceKind::SignedForm.into(),
                reference: "SIM/1".to_owned(),
                taken_by: String::new(),
            }),
            until_time: Some(time_to_wire(self.clock.now() + SignedDuration::from_hours(60 * 24))),
            unsafe_reason: 0,
        };
        self.guardian.given(case(&incident), &child_ref);
        let by = (force.as_str(), OFFICER);
        let answer = self.call(Kind::Routing, by, request, |local, request| async move {
            ConsentServiceClient::new(local).record_consent(request).await
        });
        let answer = match answer.await? {
            Ok(answer) => answer,
            // Routing may not have heard of the incident yet, or it was withdrawn.
            Err(status) if status.code() == Code::NotFound => {
                self.count("consents too early");
                return Ok(());
            }
            Err(status) => {
                self.guardian.broken(format!("a consent is refused: {}", told(&status)));
                return Ok(());
            }
        };
        self.count("consents given");
        if let (Some(consent), Some(minutes)) = (answer.consent, withdraws_after) {
            // Half of them within seconds, while the release is between the outbox and the bus.
            let after = if minutes % 2 == 0 {
                SignedDuration::from_millis(minutes)
            } else {
                SignedDuration::from_mins(minutes)
            };
            let act = Act::WithdrawConsent { name: consent.name, incident, child_ref };
            self.later(self.clock.now() + after, act);
        }
        Ok(())
    }

    pub(super) async fn withdraw_consent(
        &mut self,
        name: String,
        incident: String,
        child_ref: String,
    ) -> anyhow::Result<()> {
        let force = format!("police/{}", self.settings.region.force);
        let request = wire::WithdrawConsentRequest {
            request_id: self.people.request_id("withdraw-consent"),
            name,
            giver: wire::ConsentGiver::Parent.into(),
        };
        let by = (force.as_str(), OFFICER);
        let answer = self.must(Kind::Routing, by, request, |local, request| async move {
            ConsentServiceClient::new(local).withdraw_consent(request).await
        });
        if answer.await?.is_some() {
            self.count("consents withdrawn");
            self.guardian.withdrawn(case(&incident), &child_ref);
        }
        Ok(())
    }
}

fn case(incident: &str) -> &str {
    incident.strip_prefix("incidents/").unwrap_or(incident)
}
