//! What health says to a hub in the words that every partner has, with a name and a role to each: refusing a question,
//! answering an invitation, reading feedback, disagreeing; and its own referrals.

use mash_chassis::Caller;
use mash_domain::health::staff::Professional;
use mash_partner::{Attendance, Grounds, NoAnswer, Page, Subject, case_of};
use mash_proto::{
    convert::{
        Violation,
        health::{self as read, Entitled, contact_of},
        read::{At, Reader},
    },
    health::v1 as wire,
};

use crate::{
    Service,
    call::{Opened, id_of},
    enquiries::{ENQUIRIES, INVITATIONS},
    error::Refusal,
};

const DISAGREEMENTS: &str = "disagreements/";
const REFERRALS: &str = "referrals/";

impl Service {
    pub(crate) async fn list_referrals(
        &self,
        caller: &Caller,
        request: wire::ListReferralsRequest,
    ) -> Result<wire::ListReferralsResponse, Refusal> {
        let page = Page::read(request.page_size, &request.page_token)?;
        let (referrals, next_page_token) = self.partner.list_referrals(caller, page).await?;
        Ok(wire::ListReferralsResponse { referrals, next_page_token })
    }

    pub(crate) async fn get_referral(
        &self,
        caller: &Caller,
        request: wire::GetReferralRequest,
    ) -> Result<wire::GetReferralResponse, Refusal> {
        let case_id = case_of("name", &request.name)?;
        let (referral, _) = self.partner.get_referral(caller, case_id).await?;
        Ok(wire::GetReferralResponse { referral: Some(referral) })
    }

    pub(crate) async fn refuse_enquiry(
        &self,
        caller: &Caller,
        request: wire::RefuseEnquiryRequest,
    ) -> Result<wire::RefuseEnquiryResponse, Refusal> {
        let who = request.professional.clone();
        let named = (ENQUIRIES, request.name.as_str());
        let read = read(caller, named, (who, Entitled::DoctorOrNurse));
        let what = (request.request_id.as_str(), &request);
        let (mut call, (id, by)) = match self.open((caller, "RefuseEnquiry"), what, read).await? {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, read) => (call, read),
        };
        let code = request.reason_code.clone();
        let why = NoAnswer { code, reason: request.reason.clone(), by: contact_of(&by) };
        let enquiry = self.partner.refuse(&mut call, &id, why).await?;
        let enquiry = Some(wire::HealthEnquiry { enquiry: Some(enquiry), team: 0 });
        Ok(call.finish(wire::RefuseEnquiryResponse { enquiry }).await?)
    }

    pub(crate) async fn respond_to_invitation(
        &self,
        caller: &Caller,
        request: wire::RespondToInvitationRequest,
    ) -> Result<wire::RespondToInvitationResponse, Refusal> {
        let who = request.professional.clone();
        let named = (INVITATIONS, request.name.as_str());
        let read = read(caller, named, (who, Entitled::Anybody));
        let what = (request.request_id.as_str(), &request);
        let opened = self.open((caller, "RespondToInvitation"), what, read).await?;
        let (mut call, (id, by)) = match opened {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, read) => (call, read),
        };
        let standing = request.standing.clone();
        let attendance =
            Attendance { standing, reason: request.reason.clone(), by: contact_of(&by) };
        let invitation = self.partner.respond(&mut call, &id, attendance).await?;
        let invitation = Some(wire::HealthInvitation { invitation: Some(invitation), team: 0 });
        Ok(call.finish(wire::RespondToInvitationResponse { invitation }).await?)
    }

    pub(crate) async fn acknowledge_feedback(
        &self,
        caller: &Caller,
        request: wire::AcknowledgeFeedbackRequest,
    ) -> Result<wire::AcknowledgeFeedbackResponse, Refusal> {
        let case_id = case_of("name", &request.name).map_err(faults);
        let what = (request.request_id.as_str(), &request);
        let opened = self.open((caller, "AcknowledgeFeedback"), what, case_id).await?;
        let (mut call, case_id) = match opened {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, case_id) => (call, case_id),
        };
        // The referral first: feedback on another one is not there.
        let referral = self.partner.told(&mut call, case_id).await?;
        if !referral.feedback.iter().any(|told| told.release_id == request.release_id) {
            return Err(Refusal::NotFound);
        }
        self.partner.acknowledge_feedback(&mut call, &request.release_id).await?;
        let referral = Some(self.partner.told(&mut call, case_id).await?);
        Ok(call.finish(wire::AcknowledgeFeedbackResponse { referral }).await?)
    }

    pub(crate) async fn raise_disagreement(
        &self,
        caller: &Caller,
        request: wire::RaiseDisagreementRequest,
    ) -> Result<wire::RaiseDisagreementResponse, Refusal> {
        let who = request.professional.clone();
        let read = read(caller, (REFERRALS, request.name.as_str()), (who, Entitled::Clinician));
        let what = (request.request_id.as_str(), &request);
        let opened = self.open((caller, "RaiseDisagreement"), what, read).await?;
        let (mut call, (_, by)) = match opened {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, read) => (call, read),
        };
        let subject = Subject::read("name", &request.name)?;
        let (grounds, sought) = (request.grounds.clone(), request.sought.clone());
        let grounds = Grounds { grounds, sought, by: contact_of(&by) };
        let name = self.partner.raise_disagreement(&mut call, subject, grounds).await?.name;
        Ok(call.finish(wire::RaiseDisagreementResponse { name }).await?)
    }

    pub(crate) async fn escalate_disagreement(
        &self,
        caller: &Caller,
        request: wire::EscalateDisagreementRequest,
    ) -> Result<wire::EscalateDisagreementResponse, Refusal> {
        let who = request.professional.clone();
        let named = (DISAGREEMENTS, request.name.as_str());
        let read = read(caller, named, (who, Entitled::Clinician));
        let what = (request.request_id.as_str(), &request);
        let opened = self.open((caller, "EscalateDisagreement"), what, read).await?;
        let (mut call, (id, by)) = match opened {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, read) => (call, read),
        };
        let (grounds, sought) = (request.grounds.clone(), request.sought.clone());
        let grounds = Grounds { grounds, sought, by: contact_of(&by) };
        let taken = self.partner.escalate_disagreement(&mut call, &id, grounds).await?;
        let answer = wire::EscalateDisagreementResponse { name: taken.name, stage: taken.stage };
        Ok(call.finish(answer).await?)
    }
}

/// What is spoken of, and who speaks.
fn read(
    caller: &Caller,
    (prefix, name): (&str, &str),
    (who, entitled): (Option<wire::Professional>, Entitled),
) -> Result<(String, Professional), Vec<Violation>> {
    let practitioner = caller.practitioner.clone().unwrap_or_default();
    let mut reader: Reader = read::reader();
    let id = id_of(prefix, name).map(str::to_owned);
    let id = id.map_err(|fault| reader.violations.push(fault)).ok();
    let by = (practitioner.as_str(), entitled);
    let by = read::professional(&mut reader, &At::root("professional"), who, by);
    reader.finish(id.zip(by))
}

fn faults(error: mash_partner::PartnerError) -> Vec<Violation> {
    // A name that cannot be read has no other faults.
    if let mash_partner::PartnerError::Invalid(faults) = error { faults } else { Vec::new() }
}
