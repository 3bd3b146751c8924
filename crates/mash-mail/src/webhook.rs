//! A webhook: one signed request, to a service of the operator that sends text messages.
//!
//! The body is `{"key":…,"to":…,"text":…}`; `mash-signature` is `sha256=` and the HMAC of the body in hexadecimal digits.
//! The same `key` is the same message: who receives it sends it on once.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::hmac;
use http::{Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::{Channel, Outgoing, Undelivered};

/// The header that proves where a request is from.
pub const SIGNATURE: &str = "mash-signature";
/// From the connection to the answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The shortest secret.
const SECRET_BYTES: usize = 32;

/// Where text messages go.
#[derive(Clone)]
pub struct WebhookSettings {
    /// `https://…`; `http://…` only on this machine.
    pub url: String,
    /// What both ends know, at least 32 bytes.
    pub secret: String,
    /// The authority of its certificate, in PEM, if it is not one of the public web.
    pub authority: Option<Vec<u8>>,
}

impl std::fmt::Debug for WebhookSettings {
    /// Without the secret, and without the address, which may hold another one.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WebhookSettings").finish_non_exhaustive()
    }
}

/// Why there is no webhook.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The address.
    #[error("the address of the webhook cannot be read: https://host/path")]
    Url,
    /// Telephone numbers would travel in the open.
    #[error("a webhook on another machine needs https")]
    Open,
    /// The secret.
    #[error("the secret of the webhook needs at least 32 bytes")]
    Secret,
    /// The certificate of its authority.
    #[error("the certificate of the webhook's authority cannot be read")]
    Authority,
}

/// Sends to a webhook.
pub struct Webhook {
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<TlsConnector>,
    key: hmac::Key,
}

impl Webhook {
    /// Nothing is connected before something is sent.
    ///
    /// # Errors
    ///
    /// [`WebhookError`].
    pub fn new(settings: &WebhookSettings) -> Result<Self, WebhookError> {
        let uri: Uri = settings.url.parse().map_err(|_| WebhookError::Url)?;
        let host = uri.host().ok_or(WebhookError::Url)?.to_owned();
        let tls = match uri.scheme_str() {
            Some("https") => Some(connector(settings.authority.as_deref())?),
            Some("http") if ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str()) => None,
            Some("http") => return Err(WebhookError::Open),
            Some(_) | None => return Err(WebhookError::Url),
        };
        let usual = if tls.is_some() { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(usual);
        if settings.secret.len() < SECRET_BYTES {
            return Err(WebhookError::Secret);
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, settings.secret.as_bytes());
        Ok(Self { uri, host, port, tls, key })
    }

    async fn post(&self, message: &Outgoing) -> Result<StatusCode, Undelivered> {
        let host = self.host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, self.port)).await.map_err(gone)?;
        match &self.tls {
            None => self.over(stream, message).await,
            Some(tls) => {
                let name = ServerName::try_from(host.to_owned()).map_err(gone)?;
                let stream = tls.connect(name, stream).await.map_err(gone)?;
                self.over(stream, message).await
            }
        }
    }

    async fn over<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        message: &Outgoing,
    ) -> Result<StatusCode, Undelivered> {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(gone)?;
        let request = self.request(message).map_err(|_| Undelivered::Refused)?;
        let answer = async move { sender.send_request(request).await.map(|it| it.status()) };
        tokio::pin!(connection, answer);
        tokio::select! {
            answer = &mut answer => answer.map_err(gone),
            // It can end with the answer.
            _ = &mut connection => answer.await.map_err(gone),
        }
    }

    fn request(&self, message: &Outgoing) -> Result<Request<Full<Bytes>>, http::Error> {
        let Outgoing { to, text, key, .. } = message;
        let body = serde_json::json!({ "key": key.to_string(), "to": to, "text": text });
        let body = body.to_string();
        let tag = hmac::sign(&self.key, body.as_bytes());
        let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let host = self.uri.authority().map_or(self.host.as_str(), |it| it.as_str());
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        Request::post(path)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONNECTION, "close")
            .header(SIGNATURE, format!("sha256={digits}"))
            .body(Full::from(body))
    }
}

#[async_trait]
impl Channel for Webhook {
    async fn send(&self, message: &Outgoing) -> Result<(), Undelivered> {
        let answer = tokio::time::timeout(TIMEOUT, self.post(message)).await;
        let status = answer.unwrap_or(Err(Undelivered::Unreachable))?;
        let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
        if status.is_success() {
            Ok(())
        } else if status.is_server_error() || later.contains(&status) {
            Err(Undelivered::Unreachable)
        } else {
            Err(Undelivered::Refused)
        }
    }
}

fn gone<E>(_: E) -> Undelivered {
    Undelivered::Unreachable
}

fn connector(authority: Option<&[u8]>) -> Result<TlsConnector, WebhookError> {
    let mut roots = rustls::RootCertStore::empty();
    match authority {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| WebhookError::Authority)?;
                roots.add(certificate).map_err(|_| WebhookError::Authority)?;
            }
        }
    }
    if roots.is_empty() {
        return Err(WebhookError::Authority);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| WebhookError::Authority)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
