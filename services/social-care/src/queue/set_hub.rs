//! The people of a hub: to whom breaches go, and whom partners can ask.

use mash_chassis::Caller;
use mash_proto::social_care::v1 as wire;

use crate::{
    Service, access,
    call::fresh,
    error::Refusal,
    store::hubs::{self, Hub},
};

impl Service {
    pub(crate) async fn set_hub(
        &self,
        caller: &Caller,
        request: wire::SetHubRequest,
    ) -> Result<wire::SetHubResponse, Refusal> {
        let duty_manager = access::practitioner("duty_manager", &request.duty_manager)?;
        if let Some(contact) = &request.contact {
            let mut texts = access::Texts::default();
            for (field, text) in [
                ("contact.reference", &contact.reference),
                ("contact.telephone", &contact.telephone),
                ("contact.name", &contact.name),
                ("contact.role", &contact.role),
                ("contact.organisation", &contact.organisation),
            ] {
                texts.optional(field, text, 200);
            }
            texts.check()?;
        }
        let mut call = fresh!(self.begin(caller, ("SetHub", &request.request_id), &request).await?);
        let hub = Hub { duty_manager, contact: request.contact };
        let authority = call.authority.clone();
        hubs::put(&mut call.tx, &authority, &hub).await?;
        call.finish(wire::SetHubResponse {}).await
    }
}
