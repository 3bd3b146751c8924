//! The wire side of public protection: reads, calls, answers. No decision is taken here.

use mash_chassis::Caller;
use mash_partner::{Attendance, Grounds, NoAnswer, Page, Subject, case_of, id_of};
use mash_proto::police::v1::{self as wire, protection_service_server::ProtectionService};
use tonic::{Request, Response, Status};

use super::{Protection, answer, status};

/// The gRPC service of public protection.
pub struct ProtectionGrpc(pub(crate) Protection);

#[tonic::async_trait]
impl ProtectionService for ProtectionGrpc {
    async fn submit_protection_notice(
        &self,
        request: Request<wire::SubmitProtectionNoticeRequest>,
    ) -> Result<Response<wire::SubmitProtectionNoticeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let read = self.0.read_notice(&caller, request.notice.clone(), None);
        let notice = read.await.map_err(status)?;
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/SubmitProtectionNotice",
            (&request.request_id, &request),
            async |mut call| {
                let referral = Some(self.0.submit_notice(&mut call, notice).await?);
                Ok((call, wire::SubmitProtectionNoticeResponse { referral }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn amend_protection_notice(
        &self,
        request: Request<wire::AmendProtectionNoticeRequest>,
    ) -> Result<Response<wire::AmendProtectionNoticeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let case_id = case_of("name", &request.name).map_err(status)?;
        let read = self.0.read_notice(&caller, request.notice.clone(), Some(case_id));
        let notice = read.await.map_err(status)?;
        let amends = (case_id, request.expected_revision);
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/AmendProtectionNotice",
            (&request.request_id, &request),
            async |mut call| {
                let referral = Some(self.0.amend_notice(&mut call, amends, notice).await?);
                Ok((call, wire::AmendProtectionNoticeResponse { referral }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn record_custody(
        &self,
        request: Request<wire::RecordCustodyRequest>,
    ) -> Result<Response<wire::RecordCustodyResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let read = self.0.read_custody(&caller, request.custody.clone(), request.expected_revision);
        let custody = read.await.map_err(status)?;
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/RecordCustody",
            (&request.request_id, &request),
            async |mut call| {
                let response = self.0.record_custody(&mut call, custody).await?;
                Ok((call, response))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn record_missing_episode(
        &self,
        request: Request<wire::RecordMissingEpisodeRequest>,
    ) -> Result<Response<wire::RecordMissingEpisodeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let read = self.0.read_episode(&caller, request.episode.clone(), request.expected_revision);
        let episode = read.await.map_err(status)?;
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/RecordMissingEpisode",
            (&request.request_id, &request),
            async |mut call| {
                let response = self.0.record_episode(&mut call, episode).await?;
                Ok((call, response))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn record_police_protection(
        &self,
        request: Request<wire::RecordPoliceProtectionRequest>,
    ) -> Result<Response<wire::RecordPoliceProtectionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let read =
            self.0.read_taken(&caller, request.protection.clone(), request.expected_revision);
        let protection = read.await.map_err(status)?;
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/RecordPoliceProtection",
            (&request.request_id, &request),
            async |mut call| {
                let response = self.0.record_taken(&mut call, protection).await?;
                Ok((call, response))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn list_referrals(
        &self,
        request: Request<wire::ListReferralsRequest>,
    ) -> Result<Response<wire::ListReferralsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let wire::ListReferralsRequest { page_size, page_token } = request.into_inner();
        let page = Page::read(page_size, &page_token).map_err(status)?;
        let (referrals, next_page_token) =
            self.0.partner.list_referrals(&caller, page).await.map_err(status)?;
        Ok(Response::new(wire::ListReferralsResponse { referrals, next_page_token }))
    }

    async fn list_enquiries(
        &self,
        request: Request<wire::ListEnquiriesRequest>,
    ) -> Result<Response<wire::ListEnquiriesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let wire::ListEnquiriesRequest { page_size, page_token, open_only } = request.into_inner();
        let page = Page::read(page_size, &page_token).map_err(status)?;
        let (enquiries, next_page_token) =
            self.0.partner.list_enquiries(&caller, page, open_only).await.map_err(status)?;
        Ok(Response::new(wire::ListEnquiriesResponse { enquiries, next_page_token }))
    }

    async fn list_invitations(
        &self,
        request: Request<wire::ListInvitationsRequest>,
    ) -> Result<Response<wire::ListInvitationsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let wire::ListInvitationsRequest { page_size, page_token } = request.into_inner();
        let page = Page::read(page_size, &page_token).map_err(status)?;
        let (invitations, next_page_token) =
            self.0.partner.list_invitations(&caller, page).await.map_err(status)?;
        Ok(Response::new(wire::ListInvitationsResponse { invitations, next_page_token }))
    }

    async fn list_disagreements(
        &self,
        request: Request<wire::ListDisagreementsRequest>,
    ) -> Result<Response<wire::ListDisagreementsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let wire::ListDisagreementsRequest { page_size, page_token } = request.into_inner();
        let page = Page::read(page_size, &page_token).map_err(status)?;
        let (disagreements, next_page_token) =
            self.0.partner.list_disagreements(&caller, page).await.map_err(status)?;
        Ok(Response::new(wire::ListDisagreementsResponse { disagreements, next_page_token }))
    }

    async fn list_prompts(
        &self,
        request: Request<wire::ListPromptsRequest>,
    ) -> Result<Response<wire::ListPromptsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let wire::ListPromptsRequest { page_size, page_token } = request.into_inner();
        let page = Page::read(page_size, &page_token).map_err(status)?;
        let (prompts, next_page_token) =
            self.0.partner.list_prompts(&caller, page).await.map_err(status)?;
        Ok(Response::new(wire::ListPromptsResponse { prompts, next_page_token }))
    }

    async fn get_referral(
        &self,
        request: Request<wire::GetReferralRequest>,
    ) -> Result<Response<wire::GetReferralResponse>, Status> {
        let caller = Caller::of(&request)?;
        let case_id = case_of("name", &request.get_ref().name).map_err(status)?;
        let (referral, content) =
            self.0.partner.get_referral(&caller, case_id).await.map_err(status)?;
        Ok(Response::new(wire::GetReferralResponse { referral: Some(referral), content }))
    }

    async fn withdraw_referral(
        &self,
        request: Request<wire::WithdrawReferralRequest>,
    ) -> Result<Response<wire::WithdrawReferralResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let case_id = case_of("name", &request.name).map_err(status)?;
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/WithdrawReferral",
            (&request.request_id, &request),
            async |mut call| {
                let referral = Some(self.0.partner.withdraw(&mut call, case_id).await?);
                Ok((call, wire::WithdrawReferralResponse { referral }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn answer_enquiry(
        &self,
        request: Request<wire::AnswerEnquiryRequest>,
    ) -> Result<Response<wire::AnswerEnquiryResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = id_of("name", "enquiries/", &request.name).map_err(status)?.to_owned();
        let answer =
            answer::answer(request.answer.clone(), self.0.partner.now()).map_err(status)?;
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/AnswerEnquiry",
            (&request.request_id, &request),
            async |mut call| {
                let enquiry = Some(self.0.partner.answer(&mut call, &id, answer).await?);
                Ok((call, wire::AnswerEnquiryResponse { enquiry }))
            },
        );
        // On the heap: an answer is large.
        Ok(Response::new(Box::pin(done).await.map_err(status)?))
    }

    async fn refuse_enquiry(
        &self,
        request: Request<wire::RefuseEnquiryRequest>,
    ) -> Result<Response<wire::RefuseEnquiryResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = id_of("name", "enquiries/", &request.name).map_err(status)?.to_owned();
        let no_answer = NoAnswer {
            code: request.code.clone(),
            reason: request.reason.clone(),
            by: request.by.clone().unwrap_or_default(),
        };
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/RefuseEnquiry",
            (&request.request_id, &request),
            async |mut call| {
                let enquiry = Some(self.0.partner.refuse(&mut call, &id, no_answer).await?);
                Ok((call, wire::RefuseEnquiryResponse { enquiry }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn respond_to_invitation(
        &self,
        request: Request<wire::RespondToInvitationRequest>,
    ) -> Result<Response<wire::RespondToInvitationResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = id_of("name", "invitations/", &request.name).map_err(status)?.to_owned();
        let attendance = Attendance {
            standing: request.standing.clone(),
            reason: request.reason.clone(),
            by: request.by.clone().unwrap_or_default(),
        };
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/RespondToInvitation",
            (&request.request_id, &request),
            async |mut call| {
                let invitation = Some(self.0.partner.respond(&mut call, &id, attendance).await?);
                Ok((call, wire::RespondToInvitationResponse { invitation }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn acknowledge_feedback(
        &self,
        request: Request<wire::AcknowledgeFeedbackRequest>,
    ) -> Result<Response<wire::AcknowledgeFeedbackResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = id_of("release_id", "", &request.release_id).map_err(status)?.to_owned();
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/AcknowledgeFeedback",
            (&request.request_id, &request),
            async |mut call| {
                let feedback = Some(self.0.partner.acknowledge_feedback(&mut call, &id).await?);
                Ok((call, wire::AcknowledgeFeedbackResponse { feedback }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn raise_disagreement(
        &self,
        request: Request<wire::RaiseDisagreementRequest>,
    ) -> Result<Response<wire::RaiseDisagreementResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let subject = Subject::read("subject", &request.subject).map_err(status)?;
        let grounds = Grounds {
            grounds: request.grounds.clone(),
            sought: request.sought.clone(),
            by: request.by.clone().unwrap_or_default(),
        };
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/RaiseDisagreement",
            (&request.request_id, &request),
            async |mut call| {
                let disagreement =
                    Some(self.0.partner.raise_disagreement(&mut call, subject, grounds).await?);
                Ok((call, wire::RaiseDisagreementResponse { disagreement }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn escalate_disagreement(
        &self,
        request: Request<wire::EscalateDisagreementRequest>,
    ) -> Result<Response<wire::EscalateDisagreementResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = id_of("name", "disagreements/", &request.name).map_err(status)?.to_owned();
        let grounds = Grounds {
            grounds: request.grounds.clone(),
            sought: request.sought.clone(),
            by: request.by.clone().unwrap_or_default(),
        };
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/EscalateDisagreement",
            (&request.request_id, &request),
            async |mut call| {
                let disagreement =
                    Some(self.0.partner.escalate_disagreement(&mut call, &id, grounds).await?);
                Ok((call, wire::EscalateDisagreementResponse { disagreement }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn withdraw_disagreement(
        &self,
        request: Request<wire::WithdrawDisagreementRequest>,
    ) -> Result<Response<wire::WithdrawDisagreementResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = id_of("name", "disagreements/", &request.name).map_err(status)?.to_owned();
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/WithdrawDisagreement",
            (&request.request_id, &request),
            async |mut call| {
                let disagreement =
                    Some(self.0.partner.withdraw_disagreement(&mut call, &id).await?);
                Ok((call, wire::WithdrawDisagreementResponse { disagreement }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn close_prompt(
        &self,
        request: Request<wire::ClosePromptRequest>,
    ) -> Result<Response<wire::ClosePromptResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let done = self.0.partner.once(
            &caller,
            "ProtectionService/ClosePrompt",
            (&request.request_id, &request),
            async |mut call| {
                let prompt = Some(
                    self.0.partner.close_prompt(&mut call, &request.name, &request.reason).await?,
                );
                Ok((call, wire::ClosePromptResponse { prompt }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }
}
