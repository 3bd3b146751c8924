//! The queue of the contract. It translates, and leaves every decision to what it calls.

use std::sync::Arc;

use mash_chassis::Caller;
use mash_proto::social_care::v1::{self as wire, queue_service_server::QueueService};
use tonic::{Request, Response, Status};

use crate::Service;

/// The queue, for a server.
#[derive(Clone)]
pub struct QueueApi(pub(crate) Arc<Service>);

/// A method that hands its request on as it came.
macro_rules! methods {
    ($($method:ident, $name:literal, $request:ident => $response:ident;)+) => {
        #[tonic::async_trait]
        impl QueueService for QueueApi {
            $(
                #[tracing::instrument(name = $name, skip_all)]
                async fn $method(
                    &self,
                    request: Request<wire::$request>,
                ) -> Result<Response<wire::$response>, Status> {
                    let caller = Caller::of(&request)?;
                    Ok(Response::new(self.0.$method(&caller, request.into_inner()).await?))
                }
            )+
        }
    };
}

methods! {
    record_public_report, "RecordPublicReport", RecordPublicReportRequest => RecordPublicReportResponse;
    record_transfer_in, "RecordTransferIn", RecordTransferInRequest => RecordTransferInResponse;
    confirm_in_writing, "ConfirmInWriting", ConfirmInWritingRequest => ConfirmInWritingResponse;
    list_referrals, "ListReferrals", ListReferralsRequest => ListReferralsResponse;
    get_referral, "GetReferral", GetReferralRequest => GetReferralResponse;
    grade_referral, "GradeReferral", GradeReferralRequest => GradeReferralResponse;
    assign_referral, "AssignReferral", AssignReferralRequest => AssignReferralResponse;
    ask_partners, "AskPartners", AskPartnersRequest => AskPartnersResponse;
    chase_enquiry, "ChaseEnquiry", ChaseEnquiryRequest => ChaseEnquiryResponse;
    close_enquiry, "CloseEnquiry", CloseEnquiryRequest => CloseEnquiryResponse;
    record_help_consent, "RecordHelpConsent", RecordHelpConsentRequest => RecordHelpConsentResponse;
    decide_referral, "DecideReferral", DecideReferralRequest => DecideReferralResponse;
    step_referral, "StepReferral", StepReferralRequest => StepReferralResponse;
    close_referral, "CloseReferral", CloseReferralRequest => CloseReferralResponse;
    link_referrals, "LinkReferrals", LinkReferralsRequest => LinkReferralsResponse;
    unlink_referrals, "UnlinkReferrals", UnlinkReferralsRequest => UnlinkReferralsResponse;
    merge_children, "MergeChildren", MergeChildrenRequest => MergeChildrenResponse;
    list_prompts, "ListPrompts", ListPromptsRequest => ListPromptsResponse;
    resolve_prompt, "ResolvePrompt", ResolvePromptRequest => ResolvePromptResponse;
    get_snapshot, "GetSnapshot", GetSnapshotRequest => GetSnapshotResponse;
    partner_response_times, "PartnerResponseTimes", PartnerResponseTimesRequest => PartnerResponseTimesResponse;
    queue_summary, "QueueSummary", QueueSummaryRequest => QueueSummaryResponse;
    record_open_case, "RecordOpenCase", RecordOpenCaseRequest => RecordOpenCaseResponse;
    set_protection_status, "SetProtectionStatus", SetProtectionStatusRequest => SetProtectionStatusResponse;
    list_lookups, "ListLookups", ListLookupsRequest => ListLookupsResponse;
    list_notices_to_locate, "ListNoticesToLocate", ListNoticesToLocateRequest => ListNoticesToLocateResponse;
    sample_decisions, "SampleDecisions", SampleDecisionsRequest => SampleDecisionsResponse;
    set_hub, "SetHub", SetHubRequest => SetHubResponse;
    get_referral_conservation, "GetReferralConservation", GetReferralConservationRequest => GetReferralConservationResponse;
}
