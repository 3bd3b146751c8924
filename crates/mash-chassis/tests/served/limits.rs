//! Too much, too slow, too late.

use std::{sync::Arc, time::Duration};

use hyper_util::rt::{TokioExecutor, TokioIo};
use mash_chassis::{Limits, SystemClock, TlsFiles};
use mash_proto::sharing::v1::{
    ForceProfile, SetForceProfileRequest, sharing_service_client::SharingServiceClient,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use tonic::{Code, Request};

use crate::{
    certificates::{client_config, connect, end_of, watch},
    support::{Hub, ask, quick, told},
};

const SOON: Duration = Duration::from_secs(10);

async fn hub(limits: Limits) -> Hub {
    Hub::start_with(limits, Arc::new(SystemClock)).await
}

fn profile(bytes: usize) -> SetForceProfileRequest {
    let profile = ForceProfile { force_code: "x".repeat(bytes), ..ForceProfile::default() };
    SetForceProfileRequest { request_id: String::new(), profile: Some(profile) }
}

#[tokio::test]
async fn a_message_of_20_mb_is_refused_clearly_and_the_connection_lives_on() {
    let hub = Hub::start().await;
    let mut client = hub.client("operator/hub").max_encoding_message_size(64 << 20);
    for megabytes in [20, 5] {
        let status = client.set_force_profile(profile(megabytes << 20)).await.err().unwrap();
        assert_eq!(told(&status), (Code::ResourceExhausted, "MASH-C004".to_owned()));
        assert!(status.message().contains("4 MiB"), "{}", status.message());
    }
    assert!(client.set_force_profile(profile(3 << 20)).await.is_ok(), "3 MiB fit");
}

#[tokio::test]
async fn a_call_sends_no_more_than_its_share() {
    let hub = hub(Limits { upload_bytes: 100_000, ..quick() }).await;
    let mut client = hub.client("operator/hub");
    let status = client.set_force_profile(profile(101_000)).await.err().unwrap();
    assert_eq!(told(&status), (Code::ResourceExhausted, "MASH-C004".to_owned()));
    assert!(client.set_force_profile(profile(99_000)).await.is_ok(), "and again the next time");
}

#[tokio::test]
async fn an_unreadable_message_is_the_callers_fault() {
    let hub = Hub::start().await;
    let (_, tls) = hub.issue("police/61");
    let mut client = tonic::client::Grpc::new(hub.channel(&tls));
    client.ready().await.unwrap();
    // A `BytesValue` has the shape of the request, but its text is not UTF-8.
    let mut request = Request::new(b"\xff\xfe".to_vec());
    request.metadata_mut().insert("mash-practitioner", "p.1".parse().unwrap());
    let path = "/mash.sharing.v1.SharingService/ListDecisions".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<Vec<u8>, ()>::default();
    let status = client.unary(request, path, codec).await.err().unwrap();
    assert_eq!(told(&status), (Code::InvalidArgument, "MASH-C005".to_owned()));
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_dropped() {
    let limits = Limits { handshake: Duration::from_millis(300), ..quick() };
    let hub = hub(limits).await;
    for first_bytes in [&b""[..], b"\x16\x03\x01"] {
        let mut stream = TcpStream::connect(hub.address).await.unwrap();
        stream.write_all(first_bytes).await.unwrap();
        let begun = Instant::now();
        let mut bytes = Vec::new();
        let end = timeout(SOON, stream.read_to_end(&mut bytes)).await;
        assert!(end.is_ok(), "the server hung up");
        assert!(begun.elapsed() >= Duration::from_millis(200), "not at once");
    }
    let mut client = hub.client("police/61");
    client.list_decisions(ask("incidents/1")).await.unwrap();
}

#[tokio::test]
async fn slow_handshakes_hold_up_nobody() {
    let hub = Hub::start().await;
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(TcpStream::connect(hub.address).await.unwrap());
    }
    let begun = Instant::now();
    hub.client("police/61").list_decisions(ask("incidents/1")).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn one_address_has_its_share_of_connections_and_gets_it_back() {
    let limits =
        Limits { connections_per_address: 3, handshake: Duration::from_millis(500), ..quick() };
    let hub = hub(limits).await;
    let mut idle = Vec::new();
    for _ in 0..3 {
        idle.push(TcpStream::connect(hub.address).await.unwrap());
    }
    let mut refused = TcpStream::connect(hub.address).await.unwrap();
    let mut bytes = [0; 1];
    let begun = Instant::now();
    let end = timeout(SOON, refused.read(&mut bytes)).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)), "hung up on");
    assert!(begun.elapsed() < Duration::from_millis(400), "at once");
    drop(idle);
    tokio::time::sleep(Duration::from_millis(700)).await;
    hub.client("police/61").list_decisions(ask("incidents/1")).await.unwrap();
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_ended() {
    let hub = hub(Limits { call: Duration::from_millis(200), ..quick() }).await;
    let mut client = hub.client("police/61");
    let status = client.list_decisions(ask("sleep 5000")).await.err().unwrap();
    assert_eq!(told(&status), (Code::DeadlineExceeded, "MASH-C008".to_owned()));
}

#[tokio::test]
async fn the_callers_own_deadline_counts_if_it_is_shorter() {
    let hub = Hub::start().await;
    let (_, tls) = hub.issue("police/61");
    for (timeout, expected) in [
        ("100m", Some("4")),
        ("0n", Some("4")),
        ("100000u", Some("4")),
        ("1H", None),
        // What cannot be read is no deadline.
        ("nonsense", None),
        ("", None),
        ("999999999S", None),
    ] {
        let begun = Instant::now();
        let wish = if expected.is_some() { "sleep 5000" } else { "sleep 1   " };
        let headers = raw(&hub, &tls, wish, &[("grpc-timeout", timeout)]).await.unwrap();
        // 4 is DEADLINE_EXCEEDED; the transport itself would have said 1, CANCELLED.
        let told = headers.get("grpc-status").map(|value| value.to_str().unwrap());
        assert_eq!(told, expected, "{timeout}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{timeout}");
    }
}

#[tokio::test]
async fn metadata_without_end_is_refused_and_the_server_lives_on() {
    let hub = Hub::start().await;
    let (_, tls) = hub.issue("police/61");
    let long = "x".repeat(60_000);
    let answer = raw(&hub, &tls, "sleep 1   ", &[("mash-note", &long)]).await;
    assert!(answer.is_none_or(|headers| !headers.contains_key("content-type")));
    assert_eq!(hub.calls(), 0);
    hub.client("police/61").list_decisions(ask("incidents/1")).await.unwrap();
}

#[tokio::test]
async fn a_full_house_says_so_and_streams_do_not_fill_it() {
    let hub = hub(Limits { calls: 1, ..quick() }).await;
    let (_, tls) = hub.issue("police/61");
    let channel = hub.channel(&tls);
    let _stream = watch(channel.clone()).await;
    let mut client = SharingServiceClient::new(channel);
    let mut other = client.clone();
    let long = tokio::spawn(async move { other.list_decisions(ask("sleep 1000")).await.is_ok() });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let status = client.list_decisions(ask("incidents/1")).await.err().unwrap();
    assert_eq!(told(&status), (Code::ResourceExhausted, "MASH-C006".to_owned()));
    assert!(long.await.unwrap());
    client.list_decisions(ask("incidents/1")).await.unwrap();
}

#[tokio::test]
async fn shutdown_ends_streams_and_lets_calls_finish() {
    let hub = Hub::start().await;
    let (_, tls) = hub.issue("police/61");
    let channel = hub.channel(&tls);
    let mut stream = watch(channel.clone()).await;
    let mut client = SharingServiceClient::new(channel);
    let long = tokio::spawn(async move { client.list_decisions(ask("sleep 700")).await.is_ok() });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    hub.shutdown.cancel();
    let status = end_of(&mut stream).await;
    assert_eq!(told(&status), (Code::Unavailable, "MASH-C007".to_owned()));
    assert!(long.await.unwrap(), "the call in hand finished");
    timeout(SOON, hub.served).await.unwrap().unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "no longer than needed");
    assert!(TcpStream::connect(hub.address).await.is_err(), "nobody listens");
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let hub = hub(Limits { drain: Duration::from_millis(300), ..quick() }).await;
    let mut client = hub.client("police/61");
    let long = tokio::spawn(async move { client.list_decisions(ask("sleep 20000")).await.is_ok() });
    tokio::time::sleep(Duration::from_millis(300)).await;
    hub.shutdown.cancel();
    timeout(SOON, hub.served).await.unwrap().unwrap().unwrap();
    assert!(!long.await.unwrap());
}

#[tokio::test]
async fn an_old_connection_is_replaced_without_a_failed_call() {
    let limits = Limits {
        connection_age: Duration::from_millis(300),
        connection_grace: Duration::from_millis(300),
        ..quick()
    };
    let hub = hub(limits).await;
    let (_, tls) = hub.issue("police/61");
    let channel = hub.channel(&tls);
    let mut stream = watch(channel.clone()).await;
    let mut client = SharingServiceClient::new(channel.clone());
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1_500) {
        client.list_decisions(ask("incidents/1")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let status = end_of(&mut stream).await;
    assert_eq!(told(&status), (Code::Unavailable, "MASH-C007".to_owned()));
    watch(channel).await;
}

/// The headers of the answer to `ListDecisions`, asked without any gRPC client; nothing if it is refused before HTTP
/// has an answer. `wish` is ten characters long.
async fn raw(
    hub: &Hub,
    tls: &TlsFiles,
    wish: &str,
    headers: &[(&str, &str)],
) -> Option<http::HeaderMap> {
    let stream = connect(hub, Arc::new(client_config(tls))).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let mut request =
        http::Request::post("https://localhost/mash.sharing.v1.SharingService/ListDecisions")
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("mash-practitioner", "p.1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    assert_eq!(wish.len(), 10);
    let request = request.body(format!("\0\0\0\0\x0c\n\x0a{wish}")).unwrap();
    let answer = sender.send_request(request).await.ok();
    connection.abort();
    answer.map(|answer| answer.headers().clone())
}
