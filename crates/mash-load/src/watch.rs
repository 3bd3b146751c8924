//! The receivers' side: each school's stream, and the stream of outcomes for police.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mash_proto::{
    disclosure::v1::DutyState,
    education::v1::{
        ConfirmRollRequest, GetNoticeRequest, WatchNoticesRequest,
        notice_service_client::NoticeServiceClient,
    },
    police::v1::{WatchOutcomesRequest, police_service_client::PoliceServiceClient},
};
use mash_synth::identifiers::request_id;
use tonic::{Request, Status, metadata::AsciiMetadataValue, transport::Channel};

use crate::recorder::Recorder;

/// How long to wait before a stream that broke is opened again.
const PAUSE: Duration = Duration::from_millis(200);

/// One school, as its key adult.
#[derive(Clone)]
pub(crate) struct School {
    pub(crate) position: usize,
    pub(crate) channel: Channel,
    pub(crate) contact: AsciiMetadataValue,
}

impl School {
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("mash-practitioner", self.contact.clone());
        request
    }

    /// Opens the stream, so that a mistake in the set-up shows before the run, and watches it for ever.
    pub(crate) async fn watch(
        self,
        recorder: Arc<Recorder>,
    ) -> Result<impl Future<Output = ()> + Send, Status> {
        let mut client = NoticeServiceClient::new(self.channel.clone());
        let opened = client.watch_notices(self.request(WatchNoticesRequest {})).await?;
        let mut stream = opened.into_inner();
        Ok(async move {
            loop {
                while let Ok(Some(message)) = stream.message().await {
                    let at = Instant::now();
                    if let Some(notice) = message.notice {
                        recorder.noticed(notice.name, self.position, at);
                    }
                }
                stream = loop {
                    recorder.reconnected();
                    tokio::time::sleep(PAUSE).await;
                    let again = client.watch_notices(self.request(WatchNoticesRequest {})).await;
                    if let Ok(opened) = again {
                        break opened.into_inner();
                    }
                };
            }
        })
    }

    /// The police reference that a notice shows, once the child is confirmed to be on the roll.
    pub(crate) async fn reference(&self, name: String) -> Option<String> {
        let mut client = NoticeServiceClient::new(self.channel.clone());
        let request_id = request_id(&format!("load/confirm/{name}"));
        let confirm = ConfirmRollRequest { request_id, name: name.clone() };
        client.confirm_roll(self.request(confirm)).await.ok()?;
        let answer = client.get_notice(self.request(GetNoticeRequest { name })).await.ok()?;
        let content = answer.into_inner().notice?.content?;
        Some(content.incident?.police_reference)
    }
}

/// Watches what police are told, for ever.
pub(crate) async fn watch_outcomes(
    channel: Channel,
    practitioner: AsciiMetadataValue,
    recorder: Arc<Recorder>,
) {
    let mut client = PoliceServiceClient::new(channel);
    loop {
        let mut request = Request::new(WatchOutcomesRequest::default());
        request.metadata_mut().insert("mash-practitioner", practitioner.clone());
        if let Ok(opened) = client.watch_outcomes(request).await {
            let mut stream = opened.into_inner();
            while let Ok(Some(message)) = stream.message().await {
                let at = Instant::now();
                if let Some(outcome) = message.outcome
                    && outcome.state() == DutyState::Delivered
                {
                    recorder.told(outcome.occurrence_number, at);
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
