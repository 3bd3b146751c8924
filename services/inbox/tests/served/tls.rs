//! The inbox over TLS, and where it is not served without.

use std::{sync::Arc, time::Duration};

use http_body_util::{BodyExt as _, Empty};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use mash_inbox::{Inbox, Listening, ServeError, Settings, TlsPair};
use mash_store::Dialect;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use crate::support::{Hub, SECRET};

fn pair(folder: &tempfile::TempDir) -> (TlsPair, rustls::RootCertStore) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (cert, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    (TlsPair { cert, key }, roots)
}

fn client(
    roots: rustls::RootCertStore,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> TlsConnector {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_come_over_tls_and_a_browser_is_told_to_stay_there() {
    let hub = Hub::start(Dialect::Sqlite).await;
    let folder = tempfile::tempdir().unwrap();
    let (pair, roots) = pair(&folder);
    let listening = Listening::on("127.0.0.1:0".parse().unwrap(), Some(&pair)).await.unwrap();
    let origin = listening.origin().unwrap();
    let port: u16 = origin.strip_prefix("https://localhost:").unwrap().parse().unwrap();
    let settings = Settings { origin: Some(origin), ..Settings::default() };
    let clock = Arc::new(hub.clock.clone());
    let inbox =
        Inbox::start(hub.store.clone(), clock, hub.inbox(), &SECRET, settings).await.unwrap();
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    let serving = tokio::spawn(async move { inbox.serve(listening, stopping).await });

    for versions in [&[&rustls::version::TLS13], &[&rustls::version::TLS12]] {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = client(roots.clone(), versions).connect(name, stream).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get("/sign-in").header("host", "localhost");
        let answer =
            sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
        let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
        assert!(cookies.iter().all(|it| it.to_str().unwrap().contains("; Secure; HttpOnly")));
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains("Sign in"));
    }

    // Whoever speaks without TLS gets no page, and whoever trusts somebody else no connection.
    let mut open = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    open.write_all(b"GET /sign-in HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), open.read_to_end(&mut said)).await;
    assert!(read.is_ok() && !String::from_utf8_lossy(&said).contains("HTTP"), "{said:?}");
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let stranger = client(self::pair(&other).1, &[&rustls::version::TLS13]);
    assert!(stranger.connect(ServerName::try_from("localhost").unwrap(), stream).await.is_err());

    let plain = hub.browser().get("/sign-in").await;
    assert_eq!(plain.header("strict-transport-security"), "", "nothing of it without TLS");
    stop.cancel();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn without_a_certificate_only_this_machine_is_served() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let refused = Listening::on(address.parse().unwrap(), None).await.err().unwrap();
        assert!(matches!(refused, ServeError::Open), "{address}: {refused}");
    }
    let folder = tempfile::tempdir().unwrap();
    let (pair, _) = pair(&folder);
    for (cert, key) in [
        (folder.path().join("none.pem"), pair.key.clone()),
        (pair.cert.clone(), folder.path().join("none.pem")),
        (pair.key.clone(), pair.cert.clone()),
    ] {
        let pair = TlsPair { cert, key };
        let refused =
            Listening::on("127.0.0.1:0".parse().unwrap(), Some(&pair)).await.err().unwrap();
        assert!(matches!(refused, ServeError::Tls(_)), "{refused}");
    }
}
