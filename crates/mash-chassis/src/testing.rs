//! The edge of a service in a test: a certificate authority of its own, a real server over real TLS, and a certificate
//! for each caller.

#![expect(clippy::expect_used, reason = "only tests use it, and they should fail loudly")]

use std::time::Duration;

use mash_domain::organisation::OrganisationId;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::{
    Server, ServerBuilder,
    ca::{Ca, Subject},
    client_channel,
};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A server, until it is dropped.
pub struct Edge {
    ca: Ca,
    folder: TempDir,
    endpoint: String,
    shutdown: CancellationToken,
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Edge {
    /// Serves what is added, under the name of a service.
    ///
    /// # Panics
    ///
    /// If it cannot.
    pub async fn serve(name: &str, add: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let ca = Ca::create(folder.path().join("ca")).expect("an authority");
        let subject =
            Subject::Server { name: name.to_owned(), hosts: vec!["localhost".to_owned()] };
        let issued = ca.issue(subject, DAY).expect("a certificate");
        let (cert, key) = issued.write(folder.path(), "server").expect("it is written");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shutdown = CancellationToken::new();
        let server = add(Server::builder(ca.tls_files(cert, key)));
        tokio::spawn(server.serve(listener, shutdown.clone()));
        Self { ca, folder, endpoint: format!("https://localhost:{port}"), shutdown }
    }

    /// A connection of this organisation, with a certificate of its own.
    ///
    /// # Panics
    ///
    /// If it is no organisation.
    #[must_use]
    pub fn channel(&self, organisation: &str) -> Channel {
        let id: OrganisationId = organisation.parse().expect("an organisation");
        let issued = self.ca.issue(&id, DAY).expect("a certificate");
        let stem = format!("{}-{}", organisation.replace('/', "-"), issued.serial);
        let (cert, key) = issued.write(self.folder.path(), &stem).expect("it is written");
        client_channel(&self.endpoint, &self.ca.tls_files(cert, key)).expect("a channel")
    }

    /// Cancelled when this is dropped: for what runs beside the server.
    #[must_use]
    pub fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }
}
