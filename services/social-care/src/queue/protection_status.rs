//! A child is on a plan or looked after, or no longer: every health board is told, so that whoever looks the child up sees
//! it (CP-IS pattern).

use std::collections::BTreeSet;

use mash_chassis::Caller;
use mash_domain::{
    authority::Authorities,
    identifier::NhsNumber,
    organisation::{OrganisationId, OrganisationKind},
};
use mash_proto::{
    envelope::event_id, referral::v1::ItemKind, social_care::v1 as wire, r#type::v1::Organisation,
};
use prost::Message as _;

use crate::{
    Service, access,
    call::fresh,
    error::{CHILD, Refusal, WORD},
    outgoing::{Standing, protection},
    store::{hubs, sent::Sent},
};

impl Service {
    pub(crate) async fn set_protection_status(
        &self,
        caller: &Caller,
        request: wire::SetProtectionStatusRequest,
    ) -> Result<wire::SetProtectionStatusResponse, Refusal> {
        let lead = access::practitioner("lead_worker", &request.lead_worker)?;
        let identity = request.child.clone().unwrap_or_default();
        let status = request.status.unwrap_or_default();
        if !(status.plan || status.looked_after || status.unborn || status.ended) {
            return Err(Refusal::field("status", WORD, "what stands, or that nothing does"));
        }
        if !status.unborn && identity.nhs_number.parse::<NhsNumber>().is_err() {
            return Err(Refusal::field("child.nhs_number", CHILD, "an NHS number is required"));
        }
        let mut call = fresh!(
            self.begin(caller, ("SetProtectionStatus", &request.request_id), &request).await?
        );
        let mut child = self.child(&mut call, request.child.as_ref()).await?;
        let authority = call.authority.clone();
        let parts = ["protection", authority.as_str(), child.id.as_str()];
        child.case_id = self.secret.case_id(&parts).to_string();
        child.lead = if status.ended { String::new() } else { lead };
        child.status = status.encode_to_vec();
        child.status_revision += 1;
        let item_id = event_id(&["social-care", "protection", &authority, &child.id]).to_string();
        let hub = hubs::of(&mut call.tx, &authority).await?;
        let standing = Standing {
            authority: &authority,
            case_id: &child.case_id,
            item_id: &item_id,
            revision: child.status_revision,
            boards: boards(),
            child: identity,
            status,
            practitioner: &call.by,
        };
        let message = protection(standing, &hub, call.now);
        call.effects.outbox.push(message);
        call.effects.sent.push(Sent {
            item_id: item_id.clone(),
            referral: String::new(),
            kind: i64::from(i32::from(ItemKind::ProtectionStatus)),
            subject: child.id.clone(),
            state: "sent".to_owned(),
            send_ms: call.now.as_millisecond(),
        });
        let name = format!("children/{}", child.id);
        call.effects.children.insert((authority, child.id.clone()), child);
        call.finish(wire::SetProtectionStatusResponse { child: name, item_id }).await
    }
}

/// Every health board of the reference data.
fn boards() -> Vec<Organisation> {
    let codes: BTreeSet<&str> = Authorities::builtin()
        .iter()
        .filter_map(|authority| authority.health_board.as_deref())
        .collect();
    codes
        .into_iter()
        .filter_map(|code| OrganisationId::new(OrganisationKind::HealthBoard, code).ok())
        .map(|board| Organisation::from(&board))
        .collect()
}
