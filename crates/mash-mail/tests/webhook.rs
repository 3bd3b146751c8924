//! The webhook against a server on this machine: what it is sent, and what is made of its answers.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::sync::Arc;

use aws_lc_rs::hmac;
use mash_mail::{
    Channel as _, Outgoing, SIGNATURE, Undelivered, Webhook, WebhookError, WebhookSettings,
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

const SECRET: &str = "thirty-two bytes that both ends know";

fn settings(url: String) -> WebhookSettings {
    WebhookSettings { url, secret: SECRET.to_owned(), authority: None }
}

fn message() -> Outgoing {
    Outgoing {
        to: "01656 000001".to_owned(),
        subject: "in one line".to_owned(),
        text: "Something waits. / Mae rhywbeth yn aros. “”".to_owned(),
        key: Uuid::from_u128(7),
    }
}

/// Reads one request to its end and answers it; an empty answer is silence.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answer: &str) -> String {
    let (mut request, mut buffer) = (Vec::new(), [0; 4_096]);
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|line| {
                line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned)
            });
            length.is_some_and(|length| body.len() >= length.parse::<usize>().unwrap())
        });
        if whole {
            if answer.is_empty() {
                std::future::pending::<()>().await;
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.ok();
            return text;
        }
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "cut off after {text}");
        request.extend_from_slice(&buffer[..read]);
    }
}

async fn server(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/texts?from=hub", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream, answer).await
    });
    (url, served)
}

#[tokio::test]
async fn what_is_sent_is_signed_and_says_which_message_it_is() {
    let (url, served) = server("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").await;
    let webhook = Webhook::new(&settings(url)).unwrap();
    assert_eq!(webhook.send(&message()).await, Ok(()));
    let request = served.await.unwrap();
    assert!(request.starts_with("POST /texts?from=hub HTTP/1.1\r\n"), "{request}");
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let said: serde_json::Value = serde_json::from_str(body).unwrap();
    let Outgoing { to, text, key, .. } = message();
    assert_eq!(said, serde_json::json!({ "key": key.to_string(), "to": to, "text": text }));
    let signature = head.lines().find_map(|line| line.strip_prefix(&format!("{SIGNATURE}: ")));
    let digits = signature.unwrap().strip_prefix("sha256=").unwrap();
    let tag: Vec<u8> = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let known = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    hmac::verify(&known, body.as_bytes(), &tag).expect("both ends know the secret");
    let other = hmac::Key::new(hmac::HMAC_SHA256, b"another secret that is long enough");
    hmac::verify(&other, body.as_bytes(), &tag).expect_err("and nobody else");
}

#[tokio::test]
async fn an_answer_says_whether_it_is_worth_anything() {
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Ok(())),
        ("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", Err(Undelivered::Refused)),
        ("HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n", Err(Undelivered::Refused)),
        ("HTTP/1.1 429 Wait\r\ncontent-length: 0\r\n\r\n", Err(Undelivered::Unreachable)),
        ("HTTP/1.1 503 Later\r\ncontent-length: 0\r\n\r\n", Err(Undelivered::Unreachable)),
        ("nonsense\r\n\r\n", Err(Undelivered::Unreachable)),
        ("", Err(Undelivered::Unreachable)),
    ] {
        let (url, served) = server(answer).await;
        let webhook = Webhook::new(&settings(url)).unwrap();
        assert_eq!(webhook.send(&message()).await, expected, "{answer}");
        served.abort();
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    let webhook = Webhook::new(&settings(url)).unwrap();
    assert_eq!(webhook.send(&message()).await, Err(Undelivered::Unreachable));
}

#[tokio::test]
async fn over_tls_only_a_server_that_is_known_gets_a_number() {
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (pem, certificate) = (issued.cert.pem(), issued.cert.der().clone());
    let key = PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key));
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, answer).await;
            }
        }
    });
    let stranger = Webhook::new(&settings(url.clone())).unwrap();
    assert_eq!(stranger.send(&message()).await, Err(Undelivered::Unreachable));
    let known = WebhookSettings { authority: Some(pem.into_bytes()), ..settings(url) };
    assert_eq!(Webhook::new(&known).unwrap().send(&message()).await, Ok(()));
}

#[test]
fn a_number_never_travels_in_the_open_to_another_machine() {
    let refused =
        |settings: WebhookSettings| Webhook::new(&settings).err().map(|it| it.to_string());
    let open = Some(WebhookError::Open.to_string());
    assert_eq!(refused(settings("http://texts.example/".into())), open);
    assert_eq!(refused(settings("http://localhost.example/".into())), open);
    for odd in ["texts.example", "ftp://texts.example/", ""] {
        assert_eq!(refused(settings(odd.into())), Some(WebhookError::Url.to_string()), "{odd}");
    }
    let short = WebhookSettings { secret: "short".into(), ..settings("https://a.example".into()) };
    assert_eq!(refused(short), Some(WebhookError::Secret.to_string()));
    let authority = Some(b"no certificate".to_vec());
    let unknown = WebhookSettings { authority, ..settings("https://a.example".into()) };
    assert_eq!(refused(unknown), Some(WebhookError::Authority.to_string()));
    let known = settings("https://user:secret@texts.example/".into());
    let shown = format!("{known:?}{:?}", message());
    assert!(!shown.contains("secret") && !shown.contains("01656"), "{shown}");
}
