//! The wire side of referrals of schools: reads, calls, answers. No decision is taken here.

use mash_chassis::Caller;
use mash_partner::{Attendance, Grounds, NoAnswer, Page, Subject, Submission, case_of, id_of};
use mash_proto::education::v1::{self as wire, referral_service_server::ReferralService};
use tonic::{Request, Response, Status};

use super::{Referrals, answer, refused, status};

/// The gRPC service of referrals.
pub struct ReferralApi(pub(crate) Referrals);

impl ReferralApi {
    /// Whoever calls, if she may act for her school, and what she asks.
    async fn admit<T>(&self, request: Request<T>) -> Result<(Caller, T), Status> {
        let caller = Caller::of(&request)?;
        self.0.may_act(&caller).await.map_err(refused)?;
        Ok((caller, request.into_inner()))
    }
}

#[tonic::async_trait]
impl ReferralService for ReferralApi {
    async fn submit_referral(
        &self,
        request: Request<wire::SubmitReferralRequest>,
    ) -> Result<Response<wire::SubmitReferralResponse>, Status> {
        let (caller, request) = self.admit(request).await?;
        let report = self.0.read_report(request.report.clone(), None);
        let submission = Submission::of(&request.reference, report).map_err(status)?;
        let done = self.0.partner.once(
            &caller,
            "ReferralService/SubmitReferral",
            (&request.request_id, &request),
            async |mut call| {
                let referral = Some(self.0.partner.submit(&mut call, submission).await?);
                Ok((call, wire::SubmitReferralResponse { referral }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn amend_referral(
        &self,
        request: Request<wire::AmendReferralRequest>,
    ) -> Result<Response<wire::AmendReferralResponse>, Status> {
        let (caller, request) = self.admit(request).await?;
        let case_id = case_of("name", &request.name).map_err(status)?;
        let first = self.0.partner.submitted_at(&caller, case_id).await.map_err(status)?;
        let report = self.0.read_report(request.report.clone(), Some(first)).map_err(status)?;
        let expected = request.expected_revision;
        let done = self.0.partner.once(
            &caller,
            "ReferralService/AmendReferral",
            (&request.request_id, &request),
            async |mut call| {
                let referral =
                    Some(self.0.partner.amend(&mut call, case_id, expected, &report).await?);
                Ok((call, wire::AmendReferralResponse { referral }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn report_missing_education(
        &self,
        request: Request<wire::ReportMissingEducationRequest>,
    ) -> Result<Response<wire::ReportMissingEducationResponse>, Status> {
        let (caller, request) = self.admit(request).await?;
        let report = self.0.read_missing(request.missing.clone());
        let submission = Submission::of(&request.reference, report).map_err(status)?;
        let done = self.0.partner.once(
            &caller,
            "ReferralService/ReportMissingEducation",
            (&request.request_id, &request),
            async |mut call| {
                let referral = Some(self.0.partner.submit(&mut call, submission).await?);
                Ok((call, wire::ReportMissingEducationResponse { referral }))
            },
        );
        Ok(Response::new(done.await.map_err(status)?))
    }

    async fn list_referrals(
        &self,
        request: Request<wire::ListReferralsRequest>,
    ) -> Result<Response<wire::ListReferralsResponse>, Status> {
        let (caller, wire::ListReferralsRequest { page_size, page_token }) =
            self.admit(request).await?;
        let page = Page::read(page_size, &page_token).map_err(status)?;
        let (referrals, next_page_token) =
            self.0.partner.list_referrals(&caller, page).await.map_err(status)?;
        Ok(Response::new(wire::ListReferralsResponse { referrals, next_page_token }))
    }

    async fn list_enquiries(
        &self,
        request: Request<wire::ListEnquiriesRequest>,
    ) -> Result<Response<wire::ListEnquiriesResponse>, Status> {
        let (caller, wire::ListEnquiriesRequest { page_size, page_token, open_only }) =
            self.admit(request).await?;
        let page = Page::read(page_size, &page_token).map_err(status)?;
        let (enquiries, next_page_token) =
            self.0.partner.list_enquiries(&caller, page, open_only).await.map_err(status)?;
        Ok(Response::new(wire::ListEnquiriesResponse { enquiries, next_page_token }))
    }

    async fn list_invitations(
        &self,
        request: Request<wire::ListInvitationsRequest>,
    ) -> Result<Response<wire::ListInvitationsResponse>, Status> {
        let (caller, wire::ListInvitationsRequest { page_size, page_token }) =
            self.admit(request).await?;
        let page = Page::read(page_size, &page_token).map_err(status)?;
        let (invitations, next_page_token) =
            self.0.partner.list_invitations(&caller, page).await.map_err(status)?;
        Ok(Response::new(wire::ListInvitationsResponse { invitations, next_page_token }))
    }

    async fn list_disagreements(
        &self,
        request: Request<wire::ListDisagreementsRequest>,
    ) -> Result<Response<wire::ListDisagreementsResponse>, Status> {
        let (caller, wire::ListDisagreementsRequest { page_size, page_token }) =
            self.admit(request).await?;
        let page = Page::read(page_size, &page_token).map_err(status)?;
        let (disagreements, next_page_token) =
            self.0.partner.list_disagreements(&caller, page).await.map_err(status)?;
        Ok(Response::new(wire::ListDisagreementsResponse { disagreements, next_page_token }))
    }

    async fn list_prompts(
        &self,
        request: Request<wire::ListPromptsRequest>,
    ) -> Result<Response<wire::ListPromptsResponse>, Status> {
        let (caller, wire::ListPromptsRequest { page_size, page_token }) =
            self.admit(request).await?;
        let page = Page::read(page_size, &page_token).map_err(status)?;
        let (prompts, next_page_token) =
            self.0.partner.list_prompts(&caller, page).await.map_err(status)?;
        Ok(Response::new(wire::ListPromptsResponse { prompts, next_page_token }))
    }

    async fn get_referral(
        &self,
        request: Request<wire::GetReferralRequest>,
    ) -> Result<Response<wire::GetReferralResponse>, Status> {
        let (caller, request) = self.admit(request).await?;
        let case_id = case_of("name", &request.name).map_err(status)?;
        let (referral, content) =
            self.0.partner.get_referral(&caller, case_id).await.map_err(status)?;
        Ok(Response::new(wire::GetReferralResponse { referral: Some(referral), content }))
    }

    async fn withdraw_referral(
        &self,
        request: Request<wire::WithdrawReferralRequest>,
    ) -> Result<Response<wire::WithdrawReferralResponse>, Status> {
        let (caller, request) = self.admit(request).await?;
        let case_id = case_of("name", &request.name).map_err(status)?;
        let done = self.0.partner.once(
            &caller,
            "ReferralService/WithdrawReferral",
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
        let (caller, request) = self.admit(request).await?;
        let id = id_of("name", "enquiries/", &request.name).map_err(status)?.to_owned();
        let answer =
            answer::answer(request.answer.clone(), self.0.partner.now()).map_err(status)?;
        let done = self.0.partner.once(
            &caller,
            "ReferralService/AnswerEnquiry",
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
        let (caller, request) = self.admit(request).await?;
        let id = id_of("name", "enquiries/", &request.name).map_err(status)?.to_owned();
        let no_answer = NoAnswer {
            code: request.code.clone(),
            reason: request.reason.clone(),
            by: request.by.clone().unwrap_or_default(),
        };
        let done = self.0.partner.once(
            &caller,
            "ReferralService/RefuseEnquiry",
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
        let (caller, request) = self.admit(request).await?;
        let id = id_of("name", "invitations/", &request.name).map_err(status)?.to_owned();
        let attendance = Attendance {
            standing: request.standing.clone(),
            reason: request.reason.clone(),
            by: request.by.clone().unwrap_or_default(),
        };
        let done = self.0.partner.once(
            &caller,
            "ReferralService/RespondToInvitation",
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
        let (caller, request) = self.admit(request).await?;
        let id = id_of("release_id", "", &request.release_id).map_err(status)?.to_owned();
        let done = self.0.partner.once(
            &caller,
            "ReferralService/AcknowledgeFeedback",
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
        let (caller, request) = self.admit(request).await?;
        let subject = Subject::read("subject", &request.subject).map_err(status)?;
        let grounds = Grounds {
            grounds: request.grounds.clone(),
            sought: request.sought.clone(),
            by: request.by.clone().unwrap_or_default(),
        };
        let done = self.0.partner.once(
            &caller,
            "ReferralService/RaiseDisagreement",
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
        let (caller, request) = self.admit(request).await?;
        let id = id_of("name", "disagreements/", &request.name).map_err(status)?.to_owned();
        let grounds = Grounds {
            grounds: request.grounds.clone(),
            sought: request.sought.clone(),
            by: request.by.clone().unwrap_or_default(),
        };
        let done = self.0.partner.once(
            &caller,
            "ReferralService/EscalateDisagreement",
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
        let (caller, request) = self.admit(request).await?;
        let id = id_of("name", "disagreements/", &request.name).map_err(status)?.to_owned();
        let done = self.0.partner.once(
            &caller,
            "ReferralService/WithdrawDisagreement",
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
        let (caller, request) = self.admit(request).await?;
        let done = self.0.partner.once(
            &caller,
            "ReferralService/ClosePrompt",
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
