//! Certificates that are good, bad, or cease to be good.

use std::{sync::Arc, time::Duration};

use mash_chassis::{
    ManualClock, Server, SystemClock, TlsFiles,
    ca::{Ca, Subject, Which},
};
use mash_proto::sharing::v1::{
    ListForceProfilesRequest, sharing_service_client::SharingServiceClient,
};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{io::AsyncReadExt, net::TcpListener, net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_client::HealthClient};

use crate::support::{DAY, Hub, ask, quick, server, told};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn an_expired_certificate_ends_in_the_handshake() {
    let hub = Hub::start().await;
    let past = ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap());
    let ca = Ca::open_at(hub.path("ca"), Arc::new(past)).unwrap();
    let issued = ca.issue(&"police/61".parse().unwrap(), DAY).unwrap();
    let tls = hub.write(&issued, "expired");
    assert_eq!(alert(&hub, &tls).await, "received fatal alert: CertificateExpired");
    refused_in_handshake(&hub, &tls).await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_ends_in_the_handshake() {
    let hub = Hub::start().await;
    let other = Ca::create(hub.path("other")).unwrap();
    let issued = other.issue(&"police/61".parse().unwrap(), DAY).unwrap();
    let tls = hub.write(&issued, "stranger");
    // Both authorities have the same name, so it is the signature that gives the stranger away.
    let alert = alert(&hub, &tls).await;
    assert!(["DecryptError", "UnknownCA"].iter().any(|word| alert.ends_with(word)), "{alert}");
    refused_in_handshake(&hub, &tls).await;
}

#[tokio::test]
async fn a_revoked_certificate_ends_in_the_handshake() {
    let hub = Hub::start().await;
    let (issued, tls) = hub.issue("police/61");
    let (_, kept) = hub.issue("police/61");
    hub.ca.revoke(&Which::Serial(issued.serial)).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(alert(&hub, &tls).await, "received fatal alert: CertificateRevoked");
    refused_in_handshake(&hub, &tls).await;
    let mut client = SharingServiceClient::new(hub.channel(&kept));
    assert!(client.list_decisions(ask("incidents/1")).await.is_ok(), "its sister still holds");
}

#[tokio::test]
async fn a_servers_certificate_does_not_make_a_caller() {
    let hub = Hub::start().await;
    let issued = hub.ca.issue(server(), DAY).unwrap();
    refused_in_handshake(&hub, &hub.write(&issued, "other-server")).await;
}

#[tokio::test]
async fn a_certificate_that_names_two_organisations_names_none() {
    let hub = Hub::start().await;
    let tls = forged(&hub, &["mash://org/police/61", "mash://org/operator/hub"]);
    let mut client = SharingServiceClient::new(hub.channel(&tls));
    let status = client.list_decisions(ask("incidents/1")).await.err().unwrap();
    assert_eq!(told(&status), (Code::Unauthenticated, "MASH-K001".to_owned()));

    let tls = forged(&hub, &["mash://org/police/61"]);
    let mut client = SharingServiceClient::new(hub.channel(&tls));
    assert!(client.list_decisions(ask("incidents/1")).await.is_ok(), "the test can make good ones");
}

#[tokio::test]
async fn a_revocation_bites_on_an_open_connection() {
    let hub = Hub::start().await;
    let (issued, tls) = hub.issue("police/61");
    let channel = hub.channel(&tls);
    let mut client = SharingServiceClient::new(channel.clone());
    client.list_decisions(ask("incidents/1")).await.unwrap();
    let mut stream = watch(channel).await;

    hub.ca.revoke(&Which::Serial(issued.serial)).unwrap();
    let status = end_of(&mut stream).await;
    assert_eq!(told(&status), (Code::Unauthenticated, "MASH-K002".to_owned()));
    let calls = hub.calls();
    for _ in 0..5 {
        assert!(client.list_decisions(ask("incidents/1")).await.is_err());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(hub.calls(), calls, "nothing reached the service");
}

#[tokio::test]
async fn an_expiry_bites_on_an_open_connection() {
    let clock = ManualClock::new(jiff::Timestamp::now());
    let hub = Hub::start_with(quick(), Arc::new(clock.clone())).await;
    let (issued, tls) = hub.issue("police/61");
    let channel = hub.channel(&tls);
    let mut client = SharingServiceClient::new(channel.clone());
    let mut stream = watch(channel).await;
    clock.set(issued.not_after);
    client.list_decisions(ask("incidents/1")).await.unwrap();

    clock.advance(jiff::SignedDuration::from_secs(1));
    let status = client.list_decisions(ask("incidents/1")).await.err().unwrap();
    assert_eq!(told(&status), (Code::Unauthenticated, "MASH-K003".to_owned()));
    let status = end_of(&mut stream).await;
    assert_eq!(told(&status), (Code::Unauthenticated, "MASH-K003".to_owned()));
}

#[tokio::test]
async fn a_renewed_server_certificate_is_shown_without_a_restart() {
    let hub = Hub::start().await;
    let (_, tls) = hub.issue("police/61");
    let before = shown(&hub, &tls).await;
    let renewed = hub.ca.renew(&Which::Subject(server())).unwrap();

    // Half a renewal: a certificate that does not fit the key yet.
    std::fs::write(hub.path("server.pem"), &renewed.cert_pem).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(shown(&hub, &tls).await, before, "the old pair stays in use");

    std::fs::write(hub.path("server-key.pem"), &renewed.key_pem).unwrap();
    let expected = CertificateDer::from_pem_slice(renewed.cert_pem.as_bytes()).unwrap();
    timeout(SOON, async {
        while shown(&hub, &tls).await != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
    let mut client = SharingServiceClient::new(hub.channel(&tls));
    client.list_decisions(ask("incidents/1")).await.unwrap();
}

#[tokio::test]
async fn a_revocation_list_of_somebody_else_changes_nothing() {
    let hub = Hub::start().await;
    let (issued, tls) = hub.issue("police/61");
    hub.ca.revoke(&Which::Serial(issued.serial)).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let other = Ca::create(hub.path("other")).unwrap();
    // An empty list would set the revoked one free.
    std::fs::copy(other.revocations_path(), hub.ca.revocations_path()).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(alert(&hub, &tls).await, "received fatal alert: CertificateRevoked");

    let files = hub.ca.tls_files(hub.path("server.pem"), hub.path("server-key.pem"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let started = Server::builder(files).serve(listener, CancellationToken::new()).await;
    let error = started.err().unwrap().to_string();
    assert!(error.contains("MASH-K006") && error.contains("not signed"), "{error}");
}

#[tokio::test]
async fn a_server_without_usable_files_does_not_start() {
    let hub = Hub::start().await;
    let good = hub.ca.tls_files(hub.path("server.pem"), hub.path("server-key.pem"));
    let missing = hub.path("missing.pem");
    let other_key = hub.issue("police/61").1.key;
    let table = [
        (TlsFiles { ca: missing.clone(), ..good.clone() }, "no authority"),
        (TlsFiles { cert: missing.clone(), ..good.clone() }, "no certificate"),
        (TlsFiles { key: missing.clone(), ..good.clone() }, "no key"),
        (TlsFiles { revocations: Some(missing), ..good.clone() }, "no list"),
        (TlsFiles { key: other_key, ..good.clone() }, "another's key"),
        (TlsFiles { ca: good.key.clone(), ..good.clone() }, "not a certificate"),
        (TlsFiles { revocations: Some(good.ca.clone()), ..good.clone() }, "not a list"),
    ];
    for (files, why) in table {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let started = Server::builder(files).serve(listener, CancellationToken::new());
        let error = timeout(SOON, started).await.unwrap().err().unwrap().to_string();
        assert!(error.starts_with("MASH-K006"), "{why}: {error}");
    }
}

#[tokio::test]
async fn a_session_is_never_resumed_without_looking_at_the_certificate() {
    let hub = Hub::start().await;
    let (_, tls) = hub.issue("police/61");
    let config = Arc::new(client_config(&tls));
    for _ in 0..2 {
        let mut stream = connect(&hub, config.clone()).await.unwrap();
        // Tickets come with the first bytes.
        let mut bytes = [0; 16];
        timeout(SOON, stream.read(&mut bytes)).await.unwrap().unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(rustls::HandshakeKind::Full));
    }
}

#[tokio::test]
async fn an_organisation_can_keep_its_key_to_itself() {
    let hub = Hub::start().await;
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
    let mut issued = hub.ca.sign_request(&"police/61".parse().unwrap(), &request, DAY).unwrap();
    issued.key_pem = key.serialize_pem();
    let mut client = SharingServiceClient::new(hub.channel(&hub.write(&issued, "own-key")));
    client.list_decisions(ask("incidents/1")).await.unwrap();
}

#[tokio::test]
async fn a_renewed_caller_overlaps_with_its_old_certificate() {
    let hub = Hub::start_with(quick(), Arc::new(SystemClock)).await;
    let (_, old) = hub.issue("police/61");
    let id = "police/61".parse().unwrap();
    let renewed = hub.ca.renew(&Which::Subject(Subject::from(&id))).unwrap();
    for tls in [old, hub.write(&renewed, "renewed")] {
        let mut client = SharingServiceClient::new(hub.channel(&tls));
        client.list_decisions(ask("incidents/1")).await.unwrap();
    }
}

/// A certificate of the hub's authority with these URIs, made behind the back of its library.
fn forged(hub: &Hub, uris: &[&str]) -> TlsFiles {
    let read = |name| std::fs::read_to_string(hub.path(name)).unwrap();
    let key = KeyPair::from_pem(&read("ca/ca-key.pem")).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&read("ca/ca.pem"), key).unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names =
        uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())).collect();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let (cert, path) = (hub.path("forged.pem"), hub.path("forged-key.pem"));
    std::fs::write(&cert, certificate.pem()).unwrap();
    std::fs::write(&path, key.serialize_pem()).unwrap();
    hub.ca.tls_files(cert, path)
}

async fn refused_in_handshake(hub: &Hub, tls: &TlsFiles) {
    let before = hub.calls();
    let mut client = SharingServiceClient::new(hub.channel(tls));
    let refused = client.list_force_profiles(ListForceProfilesRequest {}).await;
    assert!(refused.is_err());
    assert_eq!(hub.calls(), before);
}

pub(crate) fn client_config(tls: &TlsFiles) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&tls.ca).unwrap()).unwrap();
    let chain = CertificateDer::pem_file_iter(&tls.cert).unwrap().map(Result::unwrap).collect();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(&tls.key).unwrap())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

pub(crate) async fn connect(
    hub: &Hub,
    config: Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(hub.address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    TlsConnector::from(config).connect(name, stream).await
}

/// What the server says when it refuses a certificate.
async fn alert(hub: &Hub, tls: &TlsFiles) -> String {
    let mut stream = match connect(hub, Arc::new(client_config(tls))).await {
        Ok(stream) => stream,
        Err(error) => return error.to_string(),
    };
    // In TLS 1.3 the client has finished before the server has looked at its certificate.
    let mut bytes = Vec::new();
    match timeout(SOON, stream.read_to_end(&mut bytes)).await.unwrap() {
        Ok(count) => format!("{count} bytes"),
        Err(error) => error.to_string(),
    }
}

/// The certificate that the server shows.
async fn shown(hub: &Hub, tls: &TlsFiles) -> CertificateDer<'static> {
    let stream = connect(hub, Arc::new(client_config(tls))).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

/// A stream that has begun.
pub(crate) async fn watch(channel: Channel) -> Streaming<HealthCheckResponse> {
    let mut health = HealthClient::new(channel);
    let request = HealthCheckRequest { service: String::new() };
    let mut stream = health.watch(request).await.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().status, 1);
    stream
}

/// How a stream ends.
pub(crate) async fn end_of(stream: &mut Streaming<HealthCheckResponse>) -> Status {
    loop {
        match timeout(SOON, stream.message()).await.unwrap() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("ended without a word"),
            Err(status) => return status,
        }
    }
}
