//! The meetings of the contract. It translates, and leaves every decision to what it calls.

use std::sync::Arc;

use mash_chassis::Caller;
use mash_proto::social_care::v1::{self as wire, meeting_service_server::MeetingService};
use tonic::{Request, Response, Status};

use crate::Service;

/// The meetings, for a server.
#[derive(Clone)]
pub struct MeetingApi(pub(crate) Arc<Service>);

/// A method that hands its request on as it came.
macro_rules! methods {
    ($($method:ident, $name:literal, $request:ident => $response:ident;)+) => {
        #[tonic::async_trait]
        impl MeetingService for MeetingApi {
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
    call_meeting, "CallMeeting", CallMeetingRequest => CallMeetingResponse;
    cancel_meeting, "CancelMeeting", CancelMeetingRequest => CancelMeetingResponse;
    record_meeting, "RecordMeeting", RecordMeetingRequest => RecordMeetingResponse;
    conclude_enquiry, "ConcludeEnquiry", ConcludeEnquiryRequest => ConcludeEnquiryResponse;
    list_meetings, "ListMeetings", ListMeetingsRequest => ListMeetingsResponse;
    count_invitations, "CountInvitations", CountInvitationsRequest => CountInvitationsResponse;
    record_disagreement_step, "RecordDisagreementStep", RecordDisagreementStepRequest => RecordDisagreementStepResponse;
    resolve_disagreement, "ResolveDisagreement", ResolveDisagreementRequest => ResolveDisagreementResponse;
    list_disagreements, "ListDisagreements", ListDisagreementsRequest => ListDisagreementsResponse;
    transfer_referral, "TransferReferral", TransferReferralRequest => TransferReferralResponse;
    take_back_transfer, "TakeBackTransfer", TakeBackTransferRequest => TakeBackTransferResponse;
    accept_transfer, "AcceptTransfer", AcceptTransferRequest => AcceptTransferResponse;
    refuse_transfer, "RefuseTransfer", RefuseTransferRequest => RefuseTransferResponse;
    list_transfers, "ListTransfers", ListTransfersRequest => ListTransfersResponse;
    pause_clock, "PauseClock", PauseClockRequest => PauseClockResponse;
    start_clock, "StartClock", StartClockRequest => StartClockResponse;
    meet_clock, "MeetClock", MeetClockRequest => MeetClockResponse;
    resume_clock, "ResumeClock", ResumeClockRequest => ResumeClockResponse;
}
