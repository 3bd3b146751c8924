//! Certificates and keys on disk, and what TLS makes of them.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use rustls::{
    RootCertStore, ServerConfig,
    server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier},
    time_provider::TimeProvider,
};
use rustls_pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime, pem::PemObject,
};
use serde::Deserialize;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use x509_parser::prelude::FromDer;

use crate::{ca::Serial, clock::Clock, identity};

/// Where one end of a connection has its certificates. A server reads them again when they change.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The authority's certificate, which the other end's is checked against.
    pub ca: PathBuf,
    /// This end's certificate.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The signed revocation list; a server without one revokes nobody.
    pub revocations: Option<PathBuf>,
}

/// Why TLS cannot start. The files are named, since whoever reads this has to mend them.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("MASH-K006: `{0}` cannot be read")]
    Read(PathBuf, #[source] io::Error),
    /// A file does not hold what it should.
    #[error("MASH-K006: `{path}` does not hold {what}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// The revocation list was signed by somebody else.
    #[error("MASH-K006: `{0}` is not signed by the certificate authority")]
    Signature(PathBuf),
    /// The certificate and the key do not belong together, or are of an unknown sort.
    #[error("MASH-K006: certificate and key cannot be used together")]
    Pair(#[from] rustls::Error),
    /// The authority's certificate or the revocation list cannot be used.
    #[error("MASH-K006: callers cannot be verified")]
    Verifier(#[from] VerifierBuilderError),
    /// Not an `https://host:port`, or the files cannot be used to call.
    #[error("MASH-K006: no channel can be made")]
    Channel(#[from] tonic::transport::Error),
}

/// A channel to another server of the hub, made when first used. It presents this end's certificate.
///
/// # Errors
///
/// If the endpoint is not an `https://host:port`, or the files cannot be read.
pub fn client_channel(endpoint: &str, tls: &TlsFiles) -> Result<Channel, TlsError> {
    let config = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read(&tls.ca)?))
        .identity(Identity::from_pem(read(&tls.cert)?, read(&tls.key)?));
    let channel = Endpoint::from_shared(endpoint.to_owned())?
        .tls_config(config)?
        .connect_timeout(Duration::from_secs(5))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20))
        .connect_lazy();
    Ok(channel)
}

/// The bytes of the files at one moment. Two are equal if nothing has changed.
#[derive(PartialEq, Eq)]
pub(crate) struct Material {
    ca: Vec<u8>,
    cert: Vec<u8>,
    key: Vec<u8>,
    revocations: Option<Vec<u8>>,
}

/// What a server works with until the files change.
pub(crate) struct Loaded {
    /// For the next handshakes.
    pub(crate) config: Arc<ServerConfig>,
    /// For the calls on connections that are open already.
    pub(crate) revoked: HashSet<Serial>,
    /// When the server's own certificate ends.
    pub(crate) not_after: Timestamp,
}

impl TlsFiles {
    /// The files `<stem>.pem` and `<stem>-key.pem` of a folder, beside the authority's public files.
    #[must_use]
    pub fn in_folder(folder: &Path, stem: &str, authority: &Path) -> Self {
        Self {
            ca: authority.join("ca.pem"),
            cert: folder.join(format!("{stem}.pem")),
            key: folder.join(format!("{stem}-key.pem")),
            revocations: Some(authority.join("crl.pem")),
        }
    }

    pub(crate) fn read(&self) -> Result<Material, TlsError> {
        Ok(Material {
            ca: read(&self.ca)?,
            cert: read(&self.cert)?,
            key: read(&self.key)?,
            revocations: self.revocations.as_deref().map(read).transpose()?,
        })
    }

    /// What a server makes of the material.
    pub(crate) fn load(
        &self,
        material: &Material,
        clock: &Arc<dyn Clock>,
    ) -> Result<Loaded, TlsError> {
        let content = |path: &Path, what| TlsError::Content { path: path.to_owned(), what };
        let authority = CertificateDer::from_pem_slice(&material.ca)
            .map_err(|_| content(&self.ca, "a certificate"))?;
        let chain = CertificateDer::pem_slice_iter(&material.cert)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| content(&self.cert, "a certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(&material.key)
            .map_err(|_| content(&self.key, "a private key"))?;
        let not_after = identity::not_after_of_pem(&material.cert)
            .ok_or_else(|| content(&self.cert, "a certificate"))?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone())?;

        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut verifier =
            WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
                // The access layer refuses callers without a certificate: it can say why.
                .allow_unauthenticated()
                .only_check_end_entity_revocation();
        let mut revoked = HashSet::new();
        if let (Some(path), Some(pem)) = (&self.revocations, &material.revocations) {
            let list = CertificateRevocationListDer::from_pem_slice(pem)
                .map_err(|_| content(path, "a revocation list"))?;
            revoked = serials(&list, &authority, path)?;
            verifier = verifier.with_crls([list]);
        }
        let time = Arc::new(CertificateTime(clock.clone()));
        let mut config = ServerConfig::builder_with_details(provider, time)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier.build()?)
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // A resumed session is not verified again, so that an expired or revoked certificate would live on in it.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Loaded { config: Arc::new(config), revoked, not_after })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::Read(path.to_owned(), error))
}

/// The serial numbers on a list that the authority signed.
fn serials(list: &[u8], authority: &[u8], path: &Path) -> Result<HashSet<Serial>, TlsError> {
    let content = || TlsError::Content { path: path.to_owned(), what: "a revocation list" };
    let (_, list) = x509_parser::revocation_list::CertificateRevocationList::from_der(list)
        .map_err(|_| content())?;
    let (_, authority) =
        x509_parser::certificate::X509Certificate::from_der(authority).map_err(|_| content())?;
    list.verify_signature(authority.public_key())
        .map_err(|_| TlsError::Signature(path.to_owned()))?;
    Ok(list
        .iter_revoked_certificates()
        .map(|revoked| Serial::from_bytes(revoked.raw_serial()))
        .collect())
}

/// The server's clock, as rustls asks for it.
struct CertificateTime(Arc<dyn Clock>);

impl TimeProvider for CertificateTime {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.now().as_millisecond()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}

impl std::fmt::Debug for CertificateTime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CertificateTime")
    }
}
