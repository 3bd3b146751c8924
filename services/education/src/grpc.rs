//! The three services of the contract. They translate, and leave every decision to what they call.

use std::{collections::HashMap, pin::Pin};

use mash_chassis::Caller;
use mash_domain::{establishment, notice::NoticeState, roll};
use mash_proto::education::v1::{
    self as wire, directory_service_server::DirectoryService, import_establishments_request,
    import_roll_request, notice_service_server::NoticeService, roll_service_server::RollService,
};
use tokio::sync::{broadcast::error::RecvError, mpsc};
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use crate::{
    directory::Shared,
    error::Refusal,
    record::Record,
    upload::{Part, collect},
};

/// The directory, for a server.
#[derive(Clone)]
pub struct DirectoryApi(pub(crate) Shared);

/// The roll, for a server.
#[derive(Clone)]
pub struct RollApi(pub(crate) Shared);

/// The notices, for a server.
#[derive(Clone)]
pub struct NoticeApi(pub(crate) Shared);

#[tonic::async_trait]
impl DirectoryService for DirectoryApi {
    #[tracing::instrument(name = "ImportEstablishments", skip_all)]
    async fn import_establishments(
        &self,
        request: Request<Streaming<wire::ImportEstablishmentsRequest>>,
    ) -> Result<Response<wire::ImportEstablishmentsResponse>, Status> {
        use import_establishments_request::Part as P;
        let parts = request.into_inner().map(|message| {
            message.map(|message| match message.part {
                Some(P::Header(header)) => Part::Header(header),
                Some(P::Chunk(chunk)) => Part::Chunk(chunk),
                None => Part::Nothing,
            })
        });
        let (header, file) = collect(parts, establishment::LIMITS.bytes).await?;
        let report = self.0.import_establishments(header, file).await?;
        Ok(Response::new(wire::ImportEstablishmentsResponse { report: Some(report) }))
    }

    #[tracing::instrument(name = "GetEstablishment", skip_all)]
    async fn get_establishment(
        &self,
        request: Request<wire::GetEstablishmentRequest>,
    ) -> Result<Response<wire::GetEstablishmentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let establishment = self.0.get_establishment(&caller, &request.into_inner().name).await?;
        Ok(Response::new(wire::GetEstablishmentResponse { establishment: Some(establishment) }))
    }

    #[tracing::instrument(name = "ListEstablishments", skip_all)]
    async fn list_establishments(
        &self,
        request: Request<wire::ListEstablishmentsRequest>,
    ) -> Result<Response<wire::ListEstablishmentsResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.list_establishments(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "ReplaceContacts", skip_all)]
    async fn replace_contacts(
        &self,
        request: Request<wire::ReplaceContactsRequest>,
    ) -> Result<Response<wire::ReplaceContactsResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.replace_contacts(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "ReplaceCalendar", skip_all)]
    async fn replace_calendar(
        &self,
        request: Request<wire::ReplaceCalendarRequest>,
    ) -> Result<Response<wire::ReplaceCalendarResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.replace_calendar(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "AnnounceClosure", skip_all)]
    async fn announce_closure(
        &self,
        request: Request<wire::AnnounceClosureRequest>,
    ) -> Result<Response<wire::AnnounceClosureResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.announce_closure(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "GetLadder", skip_all)]
    async fn get_ladder(
        &self,
        request: Request<wire::GetLadderRequest>,
    ) -> Result<Response<wire::GetLadderResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.get_ladder(&caller, &request.into_inner().parent).await?))
    }

    #[tracing::instrument(name = "ReplaceLadder", skip_all)]
    async fn replace_ladder(
        &self,
        request: Request<wire::ReplaceLadderRequest>,
    ) -> Result<Response<wire::ReplaceLadderResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.replace_ladder(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "ListDirectoryFindings", skip_all)]
    async fn list_directory_findings(
        &self,
        request: Request<wire::ListDirectoryFindingsRequest>,
    ) -> Result<Response<wire::ListDirectoryFindingsResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.directory_findings(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "ImportBankHolidays", skip_all)]
    async fn import_bank_holidays(
        &self,
        request: Request<wire::ImportBankHolidaysRequest>,
    ) -> Result<Response<wire::ImportBankHolidaysResponse>, Status> {
        Ok(Response::new(self.0.import_bank_holidays(&request.into_inner().document).await?))
    }
}

#[tonic::async_trait]
impl RollService for RollApi {
    #[tracing::instrument(name = "ImportRoll", skip_all)]
    async fn import_roll(
        &self,
        request: Request<Streaming<wire::ImportRollRequest>>,
    ) -> Result<Response<wire::ImportRollResponse>, Status> {
        use import_roll_request::Part as P;
        let caller = Caller::of(&request)?;
        let parts = request.into_inner().map(|message| {
            message.map(|message| match message.part {
                Some(P::Header(header)) => Part::Header(header),
                Some(P::Chunk(chunk)) => Part::Chunk(chunk),
                None => Part::Nothing,
            })
        });
        let (header, file) = collect(parts, roll::LIMITS.bytes).await?;
        let report = self.0.import_roll(&caller, header, file).await?;
        Ok(Response::new(wire::ImportRollResponse { report: Some(report) }))
    }

    #[tracing::instrument(name = "ReplaceEnrolments", skip_all)]
    async fn replace_enrolments(
        &self,
        request: Request<wire::ReplaceEnrolmentsRequest>,
    ) -> Result<Response<wire::ReplaceEnrolmentsResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.replace_enrolments(&caller, request.into_inner()).await?))
    }
}

#[tonic::async_trait]
impl NoticeService for NoticeApi {
    type WatchNoticesStream =
        Pin<Box<dyn Stream<Item = Result<wire::WatchNoticesResponse, Status>> + Send>>;

    #[tracing::instrument(name = "ListNotices", skip_all)]
    async fn list_notices(
        &self,
        request: Request<wire::ListNoticesRequest>,
    ) -> Result<Response<wire::ListNoticesResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.list_notices(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "GetNotice", skip_all)]
    async fn get_notice(
        &self,
        request: Request<wire::GetNoticeRequest>,
    ) -> Result<Response<wire::GetNoticeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let notice = self.0.get_notice(&caller, &request.into_inner().name).await?;
        Ok(Response::new(wire::GetNoticeResponse { notice: Some(notice) }))
    }

    async fn watch_notices(
        &self,
        request: Request<wire::WatchNoticesRequest>,
    ) -> Result<Response<Self::WatchNoticesStream>, Status> {
        let caller = Caller::of(&request)?;
        let (sender, receiver) = mpsc::channel(64);
        let watcher = Watcher { service: self.0.clone(), caller, sender, shown: HashMap::new() };
        tokio::spawn(watcher.run());
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    #[tracing::instrument(name = "ConfirmRoll", skip_all)]
    async fn confirm_roll(
        &self,
        request: Request<wire::ConfirmRollRequest>,
    ) -> Result<Response<wire::ConfirmRollResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.confirm_roll(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "RecordSupport", skip_all)]
    async fn record_support(
        &self,
        request: Request<wire::RecordSupportRequest>,
    ) -> Result<Response<wire::RecordSupportResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.record_support(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "AcknowledgeNotice", skip_all)]
    async fn acknowledge_notice(
        &self,
        request: Request<wire::AcknowledgeNoticeRequest>,
    ) -> Result<Response<wire::AcknowledgeNoticeResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.acknowledge(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "RejectNotice", skip_all)]
    async fn reject_notice(
        &self,
        request: Request<wire::RejectNoticeRequest>,
    ) -> Result<Response<wire::RejectNoticeResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.reject(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "ListDuties", skip_all)]
    async fn list_duties(
        &self,
        request: Request<wire::ListDutiesRequest>,
    ) -> Result<Response<wire::ListDutiesResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.duties(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "TakeDuty", skip_all)]
    async fn take_duty(
        &self,
        request: Request<wire::TakeDutyRequest>,
    ) -> Result<Response<wire::TakeDutyResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.take_duty(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "CompleteDuty", skip_all)]
    async fn complete_duty(
        &self,
        request: Request<wire::CompleteDutyRequest>,
    ) -> Result<Response<wire::CompleteDutyResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.complete_duty(&caller, request.into_inner()).await?))
    }

    #[tracing::instrument(name = "ConfirmDeletion", skip_all)]
    async fn confirm_deletion(
        &self,
        request: Request<wire::ConfirmDeletionRequest>,
    ) -> Result<Response<wire::ConfirmDeletionResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.0.confirm_deletion(&caller, request.into_inner()).await?))
    }
}

/// Somebody who watches. What she may see is read from the store at every turn.
struct Watcher {
    service: Shared,
    caller: Caller,
    sender: mpsc::Sender<Result<wire::WatchNoticesResponse, Status>>,
    /// What she was shown of each notice last.
    shown: HashMap<String, (NoticeState, u32, i64)>,
}

/// The caller is gone.
struct Gone;

impl Watcher {
    async fn run(mut self) {
        // Listening begins before the first reading, so that nothing falls between.
        let mut changes = self.service.watch.listen();
        let organisation = self.caller.organisation.to_string();
        let mut again = tokio::time::interval(self.service.settings.watch_interval);
        loop {
            let turn = tokio::select! {
                () = self.sender.closed() => return,
                // The first tick comes at once: everything open. Later ones find what other processes changed.
                _ = again.tick() => self.everything().await,
                change = changes.recv() => match change {
                    Ok(change) if change.concerns(&organisation) => self.one(&change.id).await,
                    Ok(_) => Ok(Ok(())),
                    Err(RecvError::Lagged(_)) => self.everything().await,
                    Err(RecvError::Closed) => return,
                },
            };
            match turn {
                Ok(Ok(())) => (),
                Ok(Err(Gone)) => return,
                Err(refusal) => {
                    // The caller has to watch again; an error of the send means that she is gone already.
                    drop(self.sender.send(Err(refusal.into())).await);
                    return;
                }
            }
        }
    }

    async fn everything(&mut self) -> Result<Result<(), Gone>, Refusal> {
        let open = self.service.open_notices(&self.caller).await?;
        let mut left: Vec<String> = self.shown.keys().cloned().collect();
        left.retain(|id| !open.iter().any(|record| record.id == *id));
        for record in open {
            if self.show(&record).await.is_err() {
                return Ok(Err(Gone));
            }
        }
        for id in left {
            if self.one(&id).await?.is_err() {
                return Ok(Err(Gone));
            }
            // It is no longer open, and its end has been shown.
            self.shown.remove(&id);
        }
        Ok(Ok(()))
    }

    async fn one(&mut self, id: &str) -> Result<Result<(), Gone>, Refusal> {
        match self.service.one_notice(&self.caller, id).await? {
            Some(record) => Ok(self.show(&record).await),
            None => Ok(Ok(())),
        }
    }

    async fn show(&mut self, record: &Record) -> Result<(), Gone> {
        let standing = record.standing();
        if self.shown.get(&record.id) == Some(&standing) {
            return Ok(());
        }
        self.shown.insert(record.id.clone(), standing);
        self.sender
            .send(Ok(wire::WatchNoticesResponse { notice: Some(record.to_wire()) }))
            .await
            .map_err(|_| Gone)
    }
}
