//! The server: TLS with client certificates, limits, access by the contract, health and reflection.
//!
//! The life of a call: [`listener`] accepts and shakes hands, [`connection`] remembers who is at the other end,
//! [`call`] lets the call through or says why not, and [`body`] ends a stream whose caller has lost its right to it.
//! [`watch`] re-reads certificates and revocations all the while.

mod body;
mod call;
mod connection;
mod listener;
mod watch;

use std::{convert::Infallible, io, sync::Arc};

use tokio::{net::TcpListener, task::JoinSet};
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, server::NamedService, service::RoutesBuilder};
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};
use tower::Service;

use self::{call::CallLayer, connection::Connections, listener::Listener, watch::Trust};
use crate::{
    Limits,
    access::{AccessError, AccessTable},
    clock::{Clock, SystemClock},
    tls::{TlsError, TlsFiles},
};

/// A server of gRPC services.
pub struct Server;

/// A server that is being put together.
#[must_use = "a builder serves nobody until `serve` is called"]
pub struct ServerBuilder {
    tls: TlsFiles,
    clock: Arc<dyn Clock>,
    limits: Limits,
    routes: RoutesBuilder,
    names: Vec<&'static str>,
    health: HealthReporter,
}

/// Why a server does not start, or stops.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Certificates or keys.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The contract.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Reflection cannot describe the contract.
    #[error("reflection cannot describe the contract")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The listener.
    #[error("the listener cannot be used")]
    Listen(#[from] io::Error),
    /// Serving failed.
    #[error("serving failed")]
    Transport(#[from] tonic::transport::Error),
}

impl Server {
    /// Begins a server with these certificates.
    ///
    /// It takes no domain clock: certificates are judged by the time of the machine, as the other end judges them,
    /// even on a night that is replayed by a scripted clock.
    pub fn builder(tls: TlsFiles) -> ServerBuilder {
        ServerBuilder {
            tls,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
            routes: RoutesBuilder::default(),
            names: Vec::new(),
            health: HealthReporter::new(),
        }
    }
}

impl ServerBuilder {
    /// Judges certificates by this clock. Only tests have a reason to.
    pub fn certificate_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds a service. Whoever may call its methods is in the contract.
    pub fn add_service<S>(mut self, service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes.add_service(service);
        self
    }

    /// By which the services say whether they can serve. They all do from the start on.
    #[must_use]
    pub fn health(&self) -> HealthReporter {
        self.health.clone()
    }

    /// Serves until the token is cancelled; then lets calls end for as long as the limits say.
    ///
    /// # Errors
    ///
    /// If the certificates, the contract or the listener cannot be used.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        shutdown: CancellationToken,
    ) -> Result<(), ServeError> {
        let table = Arc::new(AccessTable::of_contract()?);
        let trust = Arc::new(Trust::load(self.tls.clone(), self.clock.clone())?);
        let connections = Arc::new(Connections::default());
        self.add_reflection()?;
        self.add_health().await;
        let (accepted, incoming) = tokio::sync::mpsc::channel(64);

        let mut tasks = JoinSet::new();
        let listener = Listener::new(listener, trust.clone(), connections.clone(), self.limits);
        tasks.spawn(listener.run(accepted, shutdown.clone()));
        tasks.spawn(watch::run(trust.clone(), connections.clone(), self.limits));
        tasks.spawn(drain(
            shutdown.clone(),
            connections,
            self.health.clone(),
            self.names,
            self.limits,
        ));
        let layer = CallLayer::new(table, trust, self.limits);
        let served = transport(&self.limits)
            .layer(layer)
            .add_routes(self.routes.routes())
            .serve_with_incoming_shutdown(
                ReceiverStream::new(incoming).map(Ok::<_, Infallible>),
                shutdown.cancelled_owned(),
            )
            .await;
        tasks.shutdown().await;
        Ok(served?)
    }

    fn add_reflection(&mut self) -> Result<(), ServeError> {
        let builder = || {
            let mut builder = tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(mash_proto::DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                // So that tools can show the details of a refusal.
                .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
                .with_service_name("grpc.health.v1.Health");
            for name in &self.names {
                builder = builder.with_service_name(*name);
            }
            builder
        };
        let (newer, older) = (builder().build_v1()?, builder().build_v1alpha()?);
        self.routes.add_service(newer).add_service(older);
        Ok(())
    }

    async fn add_health(&mut self) {
        for name in &self.names {
            self.health.set_service_status(name, ServingStatus::Serving).await;
        }
        let service = HealthService::from_health_reporter(self.health.clone());
        self.routes.add_service(HealthServer::new(service));
    }
}

/// At shutdown: say so to health checks, end the streams, and cut whoever is left when the time is over.
async fn drain(
    shutdown: CancellationToken,
    connections: Arc<Connections>,
    health: HealthReporter,
    names: Vec<&'static str>,
    limits: Limits,
) {
    shutdown.cancelled().await;
    for name in names.into_iter().chain([""]) {
        health.set_service_status(name, ServingStatus::NotServing).await;
    }
    connections.end_all(connection::Ending::Shutdown);
    tokio::time::sleep(limits.drain).await;
    connections.cut_all();
}

fn transport(limits: &Limits) -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .max_concurrent_streams(limits.streams_per_connection)
        .max_connection_age(limits.connection_age + limits.connection_grace)
        .http2_keepalive_interval(Some(limits.keepalive))
        .http2_max_header_list_size(limits.header_bytes)
        // h2's defaults, written down: they bound what the "rapid reset" attacks can hold.
        .http2_max_pending_accept_reset_streams(Some(20))
        .http2_max_local_error_reset_streams(Some(1_024))
}
