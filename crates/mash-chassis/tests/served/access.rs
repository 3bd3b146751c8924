//! Who may call what.

use std::{
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
};

use mash_chassis::access::{AccessTable, Rule};
use mash_proto::sharing::v1::{
    GetConservationRequest, ListForceProfilesRequest, sharing_service_client::SharingServiceClient,
};
use tonic::{Code, Request};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::support::{Hub, ask, told};

#[test]
fn every_method_has_its_callers_written_down() {
    let table = AccessTable::of_contract().unwrap();
    for method in table.methods() {
        assert_ne!(method.rule, Rule::Nobody, "{} has no access option", method.path);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/access.golden.txt");
    let rendered = table.render();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &rendered).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert!(
        golden == rendered,
        "who may call what has changed; if that is meant, run with UPDATE_GOLDEN=1\n{rendered}"
    );
}

#[tokio::test]
async fn health_needs_no_certificate() {
    let hub = Hub::start().await;
    let mut health = HealthClient::new(hub.anonymous());
    for service in ["", "mash.sharing.v1.SharingService"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        assert_eq!(health.check(request).await.unwrap().into_inner().status, 1, "{service:?}");
    }
}

#[tokio::test]
async fn without_a_certificate_everything_else_is_refused_clearly() {
    let hub = Hub::start().await;
    let mut client = SharingServiceClient::new(hub.anonymous());
    let status = client.list_decisions(ask("incidents/1")).await.err().unwrap();
    assert_eq!(told(&status), (Code::Unauthenticated, "MASH-C001".to_owned()));
    assert_eq!(hub.calls(), 0);

    let mut reflection = ServerReflectionClient::new(hub.anonymous());
    let status = reflection.server_reflection_info(listing()).await.err().unwrap();
    assert_eq!(told(&status), (Code::Unauthenticated, "MASH-C001".to_owned()));

    let status = unknown_method(hub.anonymous()).await;
    assert_eq!(told(&status), (Code::Unauthenticated, "MASH-C001".to_owned()), "no oracle");
}

#[tokio::test]
async fn a_method_that_the_contract_does_not_know_is_refused() {
    let hub = Hub::start().await;
    let (_, tls) = hub.issue("operator/hub");
    let status = unknown_method(hub.channel(&tls)).await;
    assert_eq!(told(&status), (Code::Unimplemented, "MASH-C010".to_owned()));
}

#[tokio::test]
async fn another_kind_of_organisation_is_refused() {
    let hub = Hub::start().await;
    let expected = (Code::PermissionDenied, "MASH-C002".to_owned());
    let status = hub.client("provider/x").list_decisions(ask("incidents/1")).await;
    assert_eq!(told(&status.err().unwrap()), expected);
    for organisation in
        ["police/61", "school/6722301", "authority/672", "health-board/7A5", "provider/x"]
    {
        let status = hub.client(organisation).get_conservation(GetConservationRequest {}).await;
        assert_eq!(told(&status.err().unwrap()), expected, "{organisation}");
    }
    assert_eq!(hub.calls(), 0);
}

#[tokio::test]
async fn the_service_learns_who_calls_from_the_certificate_only() {
    let hub = Hub::start().await;
    let mut request = ask("incidents/1");
    for name in ["mash-organisation", "x-forwarded-for", "mash-caller"] {
        request.metadata_mut().insert(name, "police/99".parse().unwrap());
    }
    let answer = hub.client("police/61").list_decisions(request).await.unwrap();
    assert_eq!(answer.into_inner().next_page_token, "police/61 p.1234");
}

#[tokio::test]
async fn the_practitioner_must_be_named_where_the_contract_says_so() {
    let hub = Hub::start().await;
    let mut client = hub.client("police/61");
    let long = "x".repeat(65);
    for (value, why) in [
        (None, "missing"),
        (Some(""), "empty"),
        (Some(long.as_str()), "65 characters"),
        (Some("two words"), "a space"),
        (Some("a@b.example"), "a mail address"),
        (Some("a/b"), "a slash"),
    ] {
        let mut request = ask("incidents/1");
        request.metadata_mut().remove("mash-practitioner");
        if let Some(value) = value {
            request.metadata_mut().insert("mash-practitioner", value.parse().unwrap());
        }
        let status = client.list_decisions(request).await.err().unwrap();
        assert_eq!(told(&status), (Code::InvalidArgument, "MASH-C003".to_owned()), "{why}");
    }
    let mut twice = ask("incidents/1");
    twice.metadata_mut().append("mash-practitioner", "p.2".parse().unwrap());
    assert_eq!(client.list_decisions(twice).await.err().unwrap().code(), Code::InvalidArgument);
    assert_eq!(hub.calls(), 0);

    let long = "x".repeat(64);
    let mut request = ask("incidents/1");
    request.metadata_mut().insert("mash-practitioner", long.parse().unwrap());
    assert!(client.list_decisions(request).await.is_ok(), "64 characters");
    assert!(client.list_force_profiles(ListForceProfilesRequest {}).await.is_ok(), "not needed");
}

#[tokio::test]
async fn reflection_answers_any_organisation() {
    let hub = Hub::start().await;
    let (_, tls) = hub.issue("school/6722301");
    let mut reflection = ServerReflectionClient::new(hub.channel(&tls));
    let mut answers = reflection.server_reflection_info(listing()).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("not a list") };
    let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    assert!(names.contains(&"mash.sharing.v1.SharingService".to_owned()), "{names:?}");
    assert!(!names.contains(&"mash.police.v1.PoliceService".to_owned()), "only what is served");
}

#[tokio::test]
async fn a_refusal_by_the_service_passes_unchanged() {
    let hub = Hub::start().await;
    let status = hub.client("police/61").list_decisions(ask("not mine")).await.err().unwrap();
    assert_eq!(told(&status), (Code::NotFound, "MASH-C009".to_owned()));
    assert_eq!(status.message(), "MASH-C009: not found");
}

#[tokio::test]
async fn the_log_tells_of_each_call_but_of_no_person() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    // For the whole process: the server runs on other threads. Other tests may write here too.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let hub = Hub::start().await;
    let mut client = hub.client("police/97");
    let mut request = ask("incidents/Jane-Placeholder");
    request.metadata_mut().insert("mash-practitioner", "jane.placeholder".parse().unwrap());
    client.list_decisions(request).await.unwrap();
    hub.client("provider/x9999").list_decisions(ask("incidents/Jane-Placeholder")).await.err();
    let unknown = unknown_method(hub.channel(&hub.issue("operator/hub").1)).await;
    assert_eq!(unknown.code(), Code::Unimplemented);
    hub.shutdown.cancel();
    hub.served.await.unwrap().unwrap();

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let line = text.lines().find(|line| line.contains("police/97")).unwrap();
    for part in ["/mash.sharing.v1.SharingService/ListDecisions", "code=Ok", "duration_ms="] {
        assert!(line.contains(part), "{part} in {line}");
    }
    let line = text.lines().find(|line| line.contains("provider/x9999")).unwrap();
    for part in ["code=PermissionDenied", "reason=\"MASH-C002\""] {
        assert!(line.contains(part), "{part} in {line}");
    }
    let low = text.to_lowercase();
    assert!(!low.contains("placeholder"), "{text}");
    assert!(!low.contains("nosuchmethod"), "a path as sent: {text}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn listing() -> Request<tokio_stream::Once<ServerReflectionRequest>> {
    Request::new(tokio_stream::once(ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    }))
}

async fn unknown_method(channel: tonic::transport::Channel) -> tonic::Status {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let path = "/mash.sharing.v1.SharingService/NoSuchMethod".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    client.unary(Request::new(()), path, codec).await.err().unwrap()
}
