//! A hub of a few lines, which breaks its promise as it is told.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use mash_chassis::{
    Caller, Server, TlsFiles,
    ca::{Ca, Subject},
    fault,
};
use mash_domain::organisation::OrganisationId;
use mash_load::{Crowd, SchoolTarget};
use mash_proto::{
    disclosure::v1::{Content, IncidentStub},
    education::v1::{
        AcknowledgeNoticeRequest, AcknowledgeNoticeResponse, CompleteDutyRequest,
        CompleteDutyResponse, ConfirmDeletionRequest, ConfirmDeletionResponse, ConfirmRollRequest,
        ConfirmRollResponse, GetNoticeRequest, GetNoticeResponse, ListDutiesRequest,
        ListDutiesResponse, ListNoticesRequest, ListNoticesResponse, Notice, RecordSupportRequest,
        RecordSupportResponse, RejectNoticeRequest, RejectNoticeResponse, TakeDutyRequest,
        TakeDutyResponse, WatchNoticesRequest, WatchNoticesResponse,
        notice_service_server::{NoticeService, NoticeServiceServer},
    },
    police::v1::{
        AcknowledgeHandoverRequest, AcknowledgeHandoverResponse, AmendIncidentRequest,
        AmendIncidentResponse, GetIncidentRequest, GetIncidentResponse, ListHandoversRequest,
        ListHandoversResponse, ReportDomesticAbuseIncidentRequest,
        ReportDomesticAbuseIncidentResponse, WatchOutcomesRequest, WatchOutcomesResponse,
        WithdrawIncidentRequest, WithdrawIncidentResponse,
        police_service_server::{PoliceService, PoliceServiceServer},
    },
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::broadcast, task::JoinHandle};
use tokio_stream::{Stream, StreamExt, wrappers::BroadcastStream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What goes wrong: every so many reports.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) lose: Option<usize>,
    pub(crate) double: Option<usize>,
    pub(crate) refuse: Option<usize>,
    /// Between acceptance and the school.
    pub(crate) delay: Duration,
    /// All calls that come within this time after the first are answered at its end.
    pub(crate) stall: Option<Duration>,
}

#[derive(Clone)]
struct Fake {
    faults: Faults,
    schools: Arc<Vec<String>>,
    state: Arc<Mutex<State>>,
    arrivals: broadcast::Sender<(String, String)>,
}

#[derive(Default)]
struct State {
    count: usize,
    first: Option<Instant>,
    /// School, name and police reference.
    notices: Vec<(String, String, String)>,
}

pub(crate) struct FakeHub {
    pub(crate) url: String,
    folder: TempDir,
    ca: Ca,
    shutdown: CancellationToken,
    served: JoinHandle<()>,
}

impl FakeHub {
    pub(crate) async fn start(crowd: &Crowd, faults: Faults) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = Ca::create(folder.path().join("ca")).unwrap();
        let subject =
            Subject::Server { name: "fake".to_owned(), hosts: vec!["127.0.0.1".to_owned()] };
        let (cert, key) = ca.issue(subject, DAY).unwrap().write(folder.path(), "server").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let fake = Fake {
            faults,
            schools: Arc::new(crowd.schools().map(|(laestab, _)| laestab.to_owned()).collect()),
            state: Arc::default(),
            arrivals: broadcast::channel(10_000).0,
        };
        let shutdown = CancellationToken::new();
        let builder = Server::builder(ca.tls_files(cert, key))
            .add_service(PoliceServiceServer::new(fake.clone()))
            .add_service(NoticeServiceServer::new(fake));
        let token = shutdown.clone();
        let served = tokio::spawn(async move { builder.serve(listener, token).await.unwrap() });
        Self { url, folder, ca, shutdown, served }
    }

    pub(crate) fn tls(&self, organisation: &str) -> TlsFiles {
        let id: OrganisationId = organisation.parse().unwrap();
        let stem = organisation.replace('/', "-");
        let issued = self.ca.issue(&id, DAY).unwrap();
        let (cert, key) = issued.write(self.folder.path(), &stem).unwrap();
        self.ca.tls_files(cert, key)
    }

    pub(crate) fn schools(&self, crowd: &Crowd) -> Vec<SchoolTarget> {
        crowd
            .schools()
            .map(|(laestab, contact)| SchoolTarget {
                laestab: laestab.to_owned(),
                contact: contact.to_owned(),
                tls: self.tls(&format!("school/{laestab}")),
            })
            .collect()
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.served.abort();
    }
}

fn every(faulty: Option<usize>, count: usize) -> bool {
    faulty.is_some_and(|n| count.is_multiple_of(n))
}

impl Fake {
    /// Puts a notice, or two, or none, before a school.
    fn deliver(&self, count: usize, reference: &str) {
        if every(self.faults.lose, count) {
            return;
        }
        let school = self.schools[count % self.schools.len()].clone();
        for copy in 0..=usize::from(every(self.faults.double, count)) {
            let name = format!("notices/{count}-{copy}");
            let mut state = self.state.lock().unwrap();
            state.notices.push((school.clone(), name.clone(), reference.to_owned()));
            drop(state);
            self.arrivals.send((school.clone(), name)).ok();
        }
    }
}

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn absent<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not part of the fake"))
}

#[tonic::async_trait]
impl PoliceService for Fake {
    type WatchOutcomesStream = Streamed<WatchOutcomesResponse>;

    async fn report_domestic_abuse_incident(
        &self,
        request: Request<ReportDomesticAbuseIncidentRequest>,
    ) -> Result<Response<ReportDomesticAbuseIncidentResponse>, Status> {
        let incident = request.into_inner().incident.unwrap();
        let (count, first) = {
            let mut state = self.state.lock().unwrap();
            state.count += 1;
            (state.count, *state.first.get_or_insert_with(Instant::now))
        };
        if let Some(stall) = self.faults.stall {
            tokio::time::sleep_until((first + stall).into()).await;
        }
        if every(self.faults.refuse, count) {
            return Err(fault::invalid("MASH-P001", Vec::new()));
        }
        let (fake, reference) = (self.clone(), incident.occurrence_number.clone());
        tokio::spawn(async move {
            tokio::time::sleep(fake.faults.delay).await;
            fake.deliver(count, &reference);
        });
        Ok(Response::new(ReportDomesticAbuseIncidentResponse { incident: Some(incident) }))
    }

    async fn watch_outcomes(
        &self,
        _request: Request<WatchOutcomesRequest>,
    ) -> Result<Response<Self::WatchOutcomesStream>, Status> {
        Ok(Response::new(Box::pin(tokio_stream::pending())))
    }

    async fn amend_incident(
        &self,
        _request: Request<AmendIncidentRequest>,
    ) -> Result<Response<AmendIncidentResponse>, Status> {
        absent()
    }

    async fn withdraw_incident(
        &self,
        _request: Request<WithdrawIncidentRequest>,
    ) -> Result<Response<WithdrawIncidentResponse>, Status> {
        absent()
    }

    async fn get_incident(
        &self,
        _request: Request<GetIncidentRequest>,
    ) -> Result<Response<GetIncidentResponse>, Status> {
        absent()
    }

    async fn list_handovers(
        &self,
        _request: Request<ListHandoversRequest>,
    ) -> Result<Response<ListHandoversResponse>, Status> {
        absent()
    }

    async fn acknowledge_handover(
        &self,
        _request: Request<AcknowledgeHandoverRequest>,
    ) -> Result<Response<AcknowledgeHandoverResponse>, Status> {
        absent()
    }
}

#[tonic::async_trait]
impl NoticeService for Fake {
    type WatchNoticesStream = Streamed<WatchNoticesResponse>;

    async fn watch_notices(
        &self,
        request: Request<WatchNoticesRequest>,
    ) -> Result<Response<Self::WatchNoticesStream>, Status> {
        let own = Caller::of(&request)?.organisation.code().to_owned();
        let arrivals = BroadcastStream::new(self.arrivals.subscribe());
        let stream = arrivals.filter_map(move |arrival| {
            let (school, name) = arrival.unwrap();
            let notice = Notice { name, ..Notice::default() };
            (school == own).then_some(Ok(WatchNoticesResponse { notice: Some(notice) }))
        });
        Ok(Response::new(Box::pin(stream)))
    }

    async fn get_notice(
        &self,
        request: Request<GetNoticeRequest>,
    ) -> Result<Response<GetNoticeResponse>, Status> {
        let own = Caller::of(&request)?.organisation.code().to_owned();
        let wanted = request.into_inner().name;
        let state = self.state.lock().unwrap();
        let found =
            state.notices.iter().find(|(school, name, _)| *school == own && *name == wanted);
        let (_, name, reference) = found.ok_or_else(fault::not_found)?;
        let incident =
            IncidentStub { police_reference: reference.clone(), ..IncidentStub::default() };
        let content = Content { incident: Some(incident), ..Content::default() };
        let notice = Notice { name: name.clone(), content: Some(content), ..Notice::default() };
        Ok(Response::new(GetNoticeResponse { notice: Some(notice) }))
    }

    async fn list_notices(
        &self,
        _request: Request<ListNoticesRequest>,
    ) -> Result<Response<ListNoticesResponse>, Status> {
        absent()
    }

    async fn confirm_roll(
        &self,
        _request: Request<ConfirmRollRequest>,
    ) -> Result<Response<ConfirmRollResponse>, Status> {
        Ok(Response::new(ConfirmRollResponse::default()))
    }

    async fn record_support(
        &self,
        _request: Request<RecordSupportRequest>,
    ) -> Result<Response<RecordSupportResponse>, Status> {
        absent()
    }

    async fn acknowledge_notice(
        &self,
        _request: Request<AcknowledgeNoticeRequest>,
    ) -> Result<Response<AcknowledgeNoticeResponse>, Status> {
        absent()
    }

    async fn reject_notice(
        &self,
        _request: Request<RejectNoticeRequest>,
    ) -> Result<Response<RejectNoticeResponse>, Status> {
        absent()
    }

    async fn list_duties(
        &self,
        _request: Request<ListDutiesRequest>,
    ) -> Result<Response<ListDutiesResponse>, Status> {
        absent()
    }

    async fn take_duty(
        &self,
        _request: Request<TakeDutyRequest>,
    ) -> Result<Response<TakeDutyResponse>, Status> {
        absent()
    }

    async fn complete_duty(
        &self,
        _request: Request<CompleteDutyRequest>,
    ) -> Result<Response<CompleteDutyResponse>, Status> {
        absent()
    }

    async fn confirm_deletion(
        &self,
        _request: Request<ConfirmDeletionRequest>,
    ) -> Result<Response<ConfirmDeletionResponse>, Status> {
        absent()
    }
}
