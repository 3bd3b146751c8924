//! The service of the contract. It translates, and leaves every decision to what it calls.

use std::sync::Arc;

use mash_chassis::Caller;
use mash_proto::health::v1::{self as wire, health_service_server::HealthService};
use tonic::{Request, Response, Status};

use crate::Service;

/// The edge of health, for a server.
#[derive(Clone)]
pub struct HealthApi(pub(crate) Arc<Service>);

#[tonic::async_trait]
impl HealthService for HealthApi {
    #[tracing::instrument(name = "SubmitReferral", skip_all)]
    async fn submit_referral(
        &self,
        request: Request<wire::SubmitReferralRequest>,
    ) -> Result<Response<wire::SubmitReferralResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.submit_referral(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "ReferUnborn", skip_all)]
    async fn refer_unborn(
        &self,
        request: Request<wire::ReferUnbornRequest>,
    ) -> Result<Response<wire::ReferUnbornResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.refer_unborn(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "RecordInjuries", skip_all)]
    async fn record_injuries(
        &self,
        request: Request<wire::RecordInjuriesRequest>,
    ) -> Result<Response<wire::RecordInjuriesResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.record_injuries(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "ListInjuryPrompts", skip_all)]
    async fn list_injury_prompts(
        &self,
        request: Request<wire::ListInjuryPromptsRequest>,
    ) -> Result<Response<wire::ListInjuryPromptsResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(
            Box::pin(self.0.list_injury_prompts(&caller, request.into_inner())).await?,
        ))
    }

    #[tracing::instrument(name = "ResolveInjuryPrompt", skip_all)]
    async fn resolve_injury_prompt(
        &self,
        request: Request<wire::ResolveInjuryPromptRequest>,
    ) -> Result<Response<wire::ResolveInjuryPromptResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(
            Box::pin(self.0.resolve_injury_prompt(&caller, request.into_inner())).await?,
        ))
    }

    #[tracing::instrument(name = "SetTeams", skip_all)]
    async fn set_teams(
        &self,
        request: Request<wire::SetTeamsRequest>,
    ) -> Result<Response<wire::SetTeamsResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.set_teams(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "ListTeams", skip_all)]
    async fn list_teams(
        &self,
        request: Request<wire::ListTeamsRequest>,
    ) -> Result<Response<wire::ListTeamsResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.list_teams(&caller)).await?))
    }

    #[tracing::instrument(name = "ListNotices", skip_all)]
    async fn list_notices(
        &self,
        request: Request<wire::ListNoticesRequest>,
    ) -> Result<Response<wire::ListNoticesResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.list_notices(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "GetNotice", skip_all)]
    async fn get_notice(
        &self,
        request: Request<wire::GetNoticeRequest>,
    ) -> Result<Response<wire::GetNoticeResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.get_notice(&caller, &request.into_inner().name)).await?))
    }

    #[tracing::instrument(name = "AcknowledgeNotice", skip_all)]
    async fn acknowledge_notice(
        &self,
        request: Request<wire::AcknowledgeNoticeRequest>,
    ) -> Result<Response<wire::AcknowledgeNoticeResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.acknowledge_notice(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "ConfirmNoticeDeletion", skip_all)]
    async fn confirm_notice_deletion(
        &self,
        request: Request<wire::ConfirmNoticeDeletionRequest>,
    ) -> Result<Response<wire::ConfirmNoticeDeletionResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(
            Box::pin(self.0.confirm_notice_deletion(&caller, request.into_inner())).await?,
        ))
    }

    #[tracing::instrument(name = "ListReferrals", skip_all)]
    async fn list_referrals(
        &self,
        request: Request<wire::ListReferralsRequest>,
    ) -> Result<Response<wire::ListReferralsResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.list_referrals(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "GetReferral", skip_all)]
    async fn get_referral(
        &self,
        request: Request<wire::GetReferralRequest>,
    ) -> Result<Response<wire::GetReferralResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.get_referral(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "ListEnquiries", skip_all)]
    async fn list_enquiries(
        &self,
        request: Request<wire::ListEnquiriesRequest>,
    ) -> Result<Response<wire::ListEnquiriesResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.list_enquiries(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "AnswerEnquiry", skip_all)]
    async fn answer_enquiry(
        &self,
        request: Request<wire::AnswerEnquiryRequest>,
    ) -> Result<Response<wire::AnswerEnquiryResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.answer_enquiry(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "RefuseEnquiry", skip_all)]
    async fn refuse_enquiry(
        &self,
        request: Request<wire::RefuseEnquiryRequest>,
    ) -> Result<Response<wire::RefuseEnquiryResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.refuse_enquiry(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "ListInvitations", skip_all)]
    async fn list_invitations(
        &self,
        request: Request<wire::ListInvitationsRequest>,
    ) -> Result<Response<wire::ListInvitationsResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.list_invitations(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "RespondToInvitation", skip_all)]
    async fn respond_to_invitation(
        &self,
        request: Request<wire::RespondToInvitationRequest>,
    ) -> Result<Response<wire::RespondToInvitationResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(
            Box::pin(self.0.respond_to_invitation(&caller, request.into_inner())).await?,
        ))
    }

    #[tracing::instrument(name = "AcknowledgeFeedback", skip_all)]
    async fn acknowledge_feedback(
        &self,
        request: Request<wire::AcknowledgeFeedbackRequest>,
    ) -> Result<Response<wire::AcknowledgeFeedbackResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(
            Box::pin(self.0.acknowledge_feedback(&caller, request.into_inner())).await?,
        ))
    }

    #[tracing::instrument(name = "RaiseDisagreement", skip_all)]
    async fn raise_disagreement(
        &self,
        request: Request<wire::RaiseDisagreementRequest>,
    ) -> Result<Response<wire::RaiseDisagreementResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.raise_disagreement(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "EscalateDisagreement", skip_all)]
    async fn escalate_disagreement(
        &self,
        request: Request<wire::EscalateDisagreementRequest>,
    ) -> Result<Response<wire::EscalateDisagreementResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(
            Box::pin(self.0.escalate_disagreement(&caller, request.into_inner())).await?,
        ))
    }

    #[tracing::instrument(name = "CheckProtection", skip_all)]
    async fn check_protection(
        &self,
        request: Request<wire::CheckProtectionRequest>,
    ) -> Result<Response<wire::CheckProtectionResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.check_protection(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "ListLookups", skip_all)]
    async fn list_lookups(
        &self,
        request: Request<wire::ListLookupsRequest>,
    ) -> Result<Response<wire::ListLookupsResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.list_lookups(&caller, request.into_inner())).await?))
    }

    #[tracing::instrument(name = "ListPrompts", skip_all)]
    async fn list_prompts(
        &self,
        request: Request<wire::ListPromptsRequest>,
    ) -> Result<Response<wire::ListPromptsResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(Box::pin(self.0.list_prompts(&caller, request.into_inner())).await?))
    }
}
