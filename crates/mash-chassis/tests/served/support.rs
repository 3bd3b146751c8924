//! A small server with a certificate authority of its own.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mash_chassis::{
    Caller, Clock, Limits, ServeError, Server, SystemClock, TlsFiles,
    ca::{Ca, Issued, Subject},
    client_channel, fault,
};
use mash_proto::sharing::v1::{
    ExplainDecisionRequest, ExplainDecisionResponse, GetConservationRequest,
    GetConservationResponse, ListDecisionsRequest, ListDecisionsResponse, ListForceProfilesRequest,
    ListForceProfilesResponse, SetForceProfileRequest, SetForceProfileResponse,
    sharing_service_client::SharingServiceClient,
    sharing_service_server::{SharingService, SharingServiceServer},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tonic::{
    Request, Response, Status,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

pub(crate) const DAY: Duration = Duration::from_secs(24 * 3_600);
pub(crate) const HOSTS: [&str; 2] = ["localhost", "127.0.0.1"];

/// A service that says back who called, sleeps when asked to, and counts.
#[derive(Clone, Default)]
pub(crate) struct Echo {
    pub(crate) calls: Arc<AtomicUsize>,
}

#[tonic::async_trait]
impl SharingService for Echo {
    async fn list_decisions(
        &self,
        request: Request<ListDecisionsRequest>,
    ) -> Result<Response<ListDecisionsResponse>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let caller = Caller::of(&request)?;
        let wish = request.into_inner().incident;
        if let Some(millis) = wish.strip_prefix("sleep ") {
            tokio::time::sleep(Duration::from_millis(millis.trim().parse().unwrap())).await;
        }
        if wish == "not mine" {
            return Err(fault::not_found());
        }
        let said = format!("{} {}", caller.organisation, caller.practitioner.unwrap_or_default());
        Ok(Response::new(ListDecisionsResponse { decisions: Vec::new(), next_page_token: said }))
    }

    async fn set_force_profile(
        &self,
        request: Request<SetForceProfileRequest>,
    ) -> Result<Response<SetForceProfileResponse>, Status> {
        Ok(Response::new(SetForceProfileResponse { profile: request.into_inner().profile }))
    }

    async fn explain_decision(
        &self,
        request: Request<ExplainDecisionRequest>,
    ) -> Result<Response<ExplainDecisionResponse>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Caller::of(&request)?;
        Ok(Response::new(ExplainDecisionResponse::default()))
    }

    async fn list_force_profiles(
        &self,
        request: Request<ListForceProfilesRequest>,
    ) -> Result<Response<ListForceProfilesResponse>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Caller::of(&request)?;
        Ok(Response::new(ListForceProfilesResponse { profiles: Vec::new() }))
    }

    async fn get_conservation(
        &self,
        _request: Request<GetConservationRequest>,
    ) -> Result<Response<GetConservationResponse>, Status> {
        Ok(Response::new(GetConservationResponse::default()))
    }
}

pub(crate) struct Hub {
    pub(crate) folder: TempDir,
    pub(crate) ca: Ca,
    pub(crate) address: SocketAddr,
    pub(crate) echo: Echo,
    pub(crate) shutdown: CancellationToken,
    pub(crate) served: JoinHandle<Result<(), ServeError>>,
}

impl Hub {
    pub(crate) async fn start() -> Self {
        Self::start_with(quick(), Arc::new(SystemClock)).await
    }

    pub(crate) async fn start_with(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = Ca::create_at(folder.path().join("ca"), clock.clone()).unwrap();
        let issued = ca.issue(server(), 30 * DAY).unwrap();
        let (cert, key) = issued.write(folder.path(), "server").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (echo, shutdown) = (Echo::default(), CancellationToken::new());
        let builder = Server::builder(ca.tls_files(cert, key))
            .certificate_clock(clock)
            .limits(limits)
            .add_service(SharingServiceServer::new(echo.clone()));
        let served = tokio::spawn(builder.serve(listener, shutdown.clone()));
        Self { folder, ca, address, echo, shutdown, served }
    }

    /// A certificate for an organisation, and where it lies.
    pub(crate) fn issue(&self, organisation: &str) -> (Issued, TlsFiles) {
        let id = organisation.parse().unwrap();
        let issued = self.ca.issue(&id, DAY).unwrap();
        let stem = format!("{}-{}", organisation.replace('/', "-"), issued.serial);
        (issued.clone(), self.write(&issued, &stem))
    }

    pub(crate) fn write(&self, issued: &Issued, stem: &str) -> TlsFiles {
        let (cert, key) = issued.write(self.folder.path(), stem).unwrap();
        self.ca.tls_files(cert, key)
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    pub(crate) fn channel(&self, tls: &TlsFiles) -> Channel {
        client_channel(&self.endpoint(), tls).unwrap()
    }

    /// A client of this organisation, with a certificate of its own.
    pub(crate) fn client(&self, organisation: &str) -> SharingServiceClient<Channel> {
        let (_, tls) = self.issue(organisation);
        SharingServiceClient::new(self.channel(&tls))
    }

    pub(crate) fn anonymous(&self) -> Channel {
        let ca = std::fs::read(self.ca.certificate_path()).unwrap();
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca));
        let endpoint = Endpoint::from_shared(self.endpoint()).unwrap();
        endpoint.tls_config(tls).unwrap().connect_lazy()
    }

    pub(crate) fn calls(&self) -> usize {
        self.echo.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

pub(crate) fn server() -> Subject {
    Subject::Server {
        name: "routing".to_owned(),
        hosts: HOSTS.iter().map(|host| (*host).to_owned()).collect(),
    }
}

/// The usual limits, but looking at certificates more often.
pub(crate) fn quick() -> Limits {
    Limits { watch: Duration::from_millis(50), ..Limits::default() }
}

/// A request for decisions on behalf of a practitioner.
pub(crate) fn ask(incident: &str) -> Request<ListDecisionsRequest> {
    let mut request = Request::new(ListDecisionsRequest {
        incident: incident.to_owned(),
        ..ListDecisionsRequest::default()
    });
    request.metadata_mut().insert("mash-practitioner", "p.1234".parse().unwrap());
    request
}

/// The code and reason of a refusal.
pub(crate) fn told(status: &Status) -> (tonic::Code, String) {
    (status.code(), fault::code_of(status).unwrap_or_default())
}
