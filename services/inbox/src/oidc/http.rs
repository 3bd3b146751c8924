//! Asking a provider: one connection for each question, with limits on time and size, and no way to be led elsewhere.

use std::{pin::Pin, sync::Arc, time::Duration};

use http::{HeaderValue, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::TlsConnector;

/// A sign-in asks four questions when nothing is known; what takes longer than a page may in all ends with the page.
const TIME: Duration = Duration::from_secs(5);
/// The keys of a large provider are some 20 KiB.
const BYTES: usize = 256 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpFault {
    /// Neither HTTPS nor this machine itself.
    #[error("a provider is asked over HTTPS, or on this machine")]
    Open,
    /// It takes too long.
    #[error("it does not answer in time")]
    Time,
    /// The connection failed.
    #[error("the connection failed")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> HttpFault {
    HttpFault::Connection(error.into())
}

/// Whether an address is of this machine itself.
pub(super) fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// Asks.
pub(crate) struct Http {
    tls: TlsConnector,
}

impl Http {
    /// Trusts whom browsers trust.
    pub(crate) fn new() -> Result<Self, rustls::Error> {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpFault> {
        let uri = request.uri().clone();
        let host = uri.host().ok_or(HttpFault::Open)?.to_owned();
        let secure = uri.scheme_str() == Some("https");
        if !secure && !is_here(&host) {
            return Err(HttpFault::Open);
        }
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let bare = host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((bare, port)).await.map_err(failed)?;
        if !secure {
            return exchange(stream, request, &uri).await;
        }
        let name = ServerName::try_from(bare.to_owned()).map_err(failed)?;
        let stream = self.tls.connect(name, stream).await.map_err(failed)?;
        exchange(stream, request, &uri).await
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpFault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpFault>> + Send + 'c>>;

    /// Asks one question. An answer that leads elsewhere is returned as it is, and taken for no answer.
    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let answered = tokio::time::timeout(TIME, self.ask(request));
        Box::pin(async { answered.await.map_err(|_| HttpFault::Time)? })
    }
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    request: HttpRequest,
    uri: &Uri,
) -> Result<HttpResponse, HttpFault> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    // Ends with this question, however that ends.
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let (mut parts, body) = request.into_parts();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    parts.headers.insert(header::HOST, HeaderValue::from_str(authority).map_err(failed)?);
    parts.uri = uri.path_and_query().map_or("/", |path| path.as_str()).parse().map_err(failed)?;
    let request = http::Request::from_parts(parts, Full::new(Bytes::from(body)));
    let (parts, body) = sender.send_request(request).await.map_err(failed)?.into_parts();
    let bytes = Limited::new(body, BYTES).collect().await.map_err(failed)?.to_bytes();
    Ok(HttpResponse::from_parts(parts, bytes.to_vec()))
}
