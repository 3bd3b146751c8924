//! What the family answered to the offer of early help. It is consent to a service, and never to sharing a concern.

use mash_chassis::Caller;
use mash_domain::referral::work::{Command, HelpConsent};
use mash_proto::social_care::v1 as wire;

use crate::{Service, access, call::fresh, error::Refusal};

impl Service {
    pub(crate) async fn record_help_consent(
        &self,
        caller: &Caller,
        request: wire::RecordHelpConsentRequest,
    ) -> Result<wire::RecordHelpConsentResponse, Refusal> {
        let answer = access::word::<wire::HelpConsent, HelpConsent>("answer", request.answer)?;
        let expected = access::revision(request.expected_revision)?;
        let mut texts = access::Texts::default();
        texts.required("of", &request.of, 60);
        texts.optional("covers", &request.covers, 400);
        texts.check()?;
        let mut call =
            fresh!(self.begin(caller, ("RecordHelpConsent", &request.request_id), &request).await?);
        let mut case = call.case("name", &request.name).await?;
        case.record.work.expecting(expected)?;
        let by = call.by.clone();
        case.apply(&mut call.effects, &Command::RecordConsent(answer), &by, call.now)?;
        let answer = wire::RecordHelpConsentResponse { referral: Some(case.to_wire(call.now)) };
        call.finish(answer).await
    }
}
