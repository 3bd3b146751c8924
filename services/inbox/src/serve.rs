//! Accepting connections: TLS, or nothing but this machine; with limits on everything that a stranger can reach.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo, middleware::map_response, response::Response};
use http::{HeaderValue, header};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Connections at a time.
const CONNECTIONS: usize = 2_048;
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEADER: Duration = Duration::from_secs(10);
/// A connection ends after so long whatever is on it; pages are short.
const CONNECTION: Duration = Duration::from_secs(300);
const HEADER_BYTES: usize = 32 << 10;
const DRAIN: Duration = Duration::from_secs(5);

/// Certificate and key of the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsPair {
    /// The chain, in PEM.
    pub cert: PathBuf,
    /// The key, in PEM.
    pub key: PathBuf,
}

/// Why the inbox cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Pages would travel in the open.
    #[error("without a certificate the inbox is served on this machine's own address only")]
    Open,
    /// The certificate or its key cannot be used.
    #[error("the certificate of the inbox or its key cannot be used")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The listener failed.
    #[error("the inbox cannot listen")]
    Listen(#[from] io::Error),
}

/// A place to serve the inbox at.
pub struct Listening {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Listening {
    /// Listens there. Without a certificate only this machine can call.
    ///
    /// # Errors
    ///
    /// [`ServeError`].
    pub async fn on(address: SocketAddr, tls: Option<&TlsPair>) -> Result<Self, ServeError> {
        let tls = match tls {
            Some(pair) => Some(acceptor(pair)?),
            None if address.ip().is_loopback() => None,
            None => return Err(ServeError::Open),
        };
        Ok(Self { listener: TcpListener::bind(address).await?, tls })
    }

    /// Where pages are, as a browser names it.
    ///
    /// # Errors
    ///
    /// If the listener has no address.
    pub fn origin(&self) -> io::Result<String> {
        let address = self.listener.local_addr()?;
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Ok(if address.ip().is_loopback() {
            format!("{scheme}://localhost:{}", address.port())
        } else {
            format!("{scheme}://{address}")
        })
    }
}

fn acceptor(TlsPair { cert, key }: &TlsPair) -> Result<TlsAcceptor, ServeError> {
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| ServeError::Tls(error.into()))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| ServeError::Tls(error.into()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| ServeError::Tls(error.into()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves until told to stop; then connections have a moment to end.
pub(crate) async fn run(
    Listening { listener, tls }: Listening,
    router: Router,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let router = match tls {
        Some(_) => router.layer(map_response(only_tls)),
        None => router,
    };
    let (places, tasks) = (Arc::new(Semaphore::new(CONNECTIONS)), TaskTracker::new());
    loop {
        // A place first: whoever comes when there is none waits in the queue of the system.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            // Too many files are open, or the caller is gone already: others go on.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (tls, router, stop) = (tls.clone(), router.clone(), shutdown.clone());
        tasks.spawn(async move {
            let _place = place;
            connection(stream, Peer(peer), tls, router, stop).await;
        });
    }
    tasks.close();
    if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
        tracing::warn!("connections to the inbox were cut off");
    }
    Ok(())
}

/// A browser that was here over TLS once never comes without it again.
async fn only_tls(mut response: Response) -> Response {
    let year = HeaderValue::from_static("max-age=31536000");
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    response
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: CancellationToken,
) {
    match tls {
        None => http(stream, peer, router, stop).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                http(stream, peer, router, stop).await;
            }
        }
    }
}

async fn http<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: Peer,
    router: Router,
    stop: CancellationToken,
) {
    let service = TowerToHyperService::new(router.layer(axum::Extension(ConnectInfo(peer))));
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEADER).max_buf_size(HEADER_BYTES);
    let serving = server.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => Some(ended),
        () = stop.cancelled() => None,
        () = tokio::time::sleep(CONNECTION) => None,
    };
    if ended.is_none() {
        serving.as_mut().graceful_shutdown();
        // Whatever goes wrong now, the connection is over.
        drop(tokio::time::timeout(DRAIN, serving).await);
    }
}
