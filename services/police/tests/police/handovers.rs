//! What another force hands over because the child lives elsewhere.

use mash_bus::topics;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1 as disclosure,
    envelope::unwrap,
    police::v1 as wire,
    r#type::v1::{Organisation, OrganisationKind},
};
use prost::Message as _;
use tokio::time::{Duration, Instant};
use tonic::Code;

use crate::support::{Client, Hub, by, id, told, violations};

on_both! {
    a_handover_is_delivered_listed_and_acknowledged_once,
    a_recalled_handover_loses_its_content,
    a_recall_before_the_release_keeps_it_out,
    handovers_are_listed_page_by_page,
}

const CASE: &str = "11111111-1111-8111-8111-111111111111";

fn force(code: &str) -> Option<Organisation> {
    Some(Organisation { kind: OrganisationKind::PoliceForce.into(), code: code.to_owned() })
}

fn released(disclosure_id: &str, revision: i32) -> disclosure::DisclosureReleased {
    let child = disclosure::ChildIdentity {
        given_names: "Carys".into(),
        ..disclosure::ChildIdentity::default()
    };
    let content = disclosure::Content { child: Some(child), ..disclosure::Content::default() };
    disclosure::DisclosureReleased {
        disclosure_id: disclosure_id.to_owned(),
        duty_id: format!("duty-{disclosure_id}"),
        case_id: CASE.to_owned(),
        recipient: force("52"),
        revision,
        content: content.encode_to_vec(),
        from_force_code: "62".into(),
        duty_kind: "home-force".into(),
        ..disclosure::DisclosureReleased::default()
    }
}

async fn release(hub: &Hub, disclosure_id: &str, revision: i32) {
    let identity = format!("{disclosure_id}-{revision}");
    let event = released(disclosure_id, revision);
    hub.publish(topics::DISCLOSED_POLICE, "police/52", &identity, &event).await;
}

async fn recall(hub: &Hub, disclosure_id: &str) {
    let event = disclosure::DisclosureRecalled {
        disclosure_id: disclosure_id.to_owned(),
        duty_id: format!("duty-{disclosure_id}"),
        case_id: CASE.to_owned(),
        recipient: force("52"),
        reason_code: "wrong-child".into(),
        recall_time: Some(time_to_wire(mash_chassis::Clock::now(&hub.clock))),
    };
    let identity = format!("{disclosure_id}-recall");
    hub.publish(topics::DISCLOSED_POLICE, "police/52", &identity, &event).await;
}

async fn list(client: &mut Client) -> Vec<wire::Handover> {
    let request = wire::ListHandoversRequest { page_size: 500, page_token: String::new() };
    client.list_handovers(by(request)).await.unwrap().into_inner().handovers
}

/// Waits until the list is as it should be.
async fn until(
    client: &mut Client,
    fits: impl Fn(&[wire::Handover]) -> bool,
) -> Vec<wire::Handover> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let handovers = list(client).await;
        if fits(&handovers) {
            return handovers;
        }
        assert!(Instant::now() < deadline, "the list stays at {}", handovers.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn receipts(hub: &Hub, count: usize) -> Vec<(&'static str, i32, String)> {
    let events = hub.events(topics::RECEIPTS, count).await;
    let receipts = events.iter().map(|event| unwrap::<disclosure::ReceiptRecorded>(event).unwrap());
    receipts
        .map(|receipt| (receipt.kind().as_str_name(), receipt.revision, receipt.practitioner))
        .collect()
}

async fn a_handover_is_delivered_listed_and_acknowledged_once(hub: Hub) {
    let mut avon = hub.client("police/52");
    release(&hub, "h1", 1).await;
    let handovers = until(&mut avon, |all| all.len() == 1).await;
    let handover = &handovers[0];
    assert_eq!((handover.name.as_str(), handover.from_force_code.as_str()), ("handovers/h1", "62"));
    assert_eq!(handover.content.as_ref().unwrap().child.as_ref().unwrap().given_names, "Carys");
    assert!(handover.state() == disclosure::DutyState::Delivered);
    let acknowledge = |request_id: &str, name: &str| {
        let (request_id, name) = (request_id.to_owned(), name.to_owned());
        by(wire::AcknowledgeHandoverRequest { request_id, name })
    };
    let wrong =
        hub.client("police/62").acknowledge_handover(acknowledge(&id(), "handovers/h1")).await;
    assert_eq!(told(wrong), (Code::NotFound, "MASH-P006".to_owned()));
    let odd = avon.acknowledge_handover(acknowledge(&id(), "handovers/../h1")).await;
    assert_eq!(violations(odd), [("name".to_owned(), "MASH-P120".to_owned())]);
    let request_id = id();
    let first = avon
        .acknowledge_handover(acknowledge(&request_id, "handovers/h1"))
        .await
        .unwrap()
        .into_inner();
    assert!(first.handover.unwrap().state() == disclosure::DutyState::Acknowledged);
    hub.clock.advance(jiff::SignedDuration::from_mins(10));
    for request_id in [request_id, id()] {
        let again =
            avon.acknowledge_handover(acknowledge(&request_id, "handovers/h1")).await.unwrap();
        assert!(again.into_inner().acknowledge_time == first.acknowledge_time);
    }
    let expected = [
        ("RECEIPT_KIND_DELIVERED", 1, String::new()),
        ("RECEIPT_KIND_ACKNOWLEDGED", 1, "PC-4711".to_owned()),
    ];
    assert_eq!(receipts(&hub, 2).await, expected);
}

async fn a_recalled_handover_loses_its_content(hub: Hub) {
    let mut avon = hub.client("police/52");
    release(&hub, "h1", 1).await;
    until(&mut avon, |all| all.len() == 1).await;
    recall(&hub, "h1").await;
    let handovers = until(&mut avon, |all| {
        all.iter().all(|one| one.state() == disclosure::DutyState::Withheld)
    })
    .await;
    assert!(handovers[0].content.is_none());
    let request =
        wire::AcknowledgeHandoverRequest { request_id: id(), name: "handovers/h1".into() };
    let refusal = avon.acknowledge_handover(by(request)).await;
    assert_eq!(told(refusal), (Code::FailedPrecondition, "MASH-P009".to_owned()));
    let kinds: Vec<_> = receipts(&hub, 2).await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["RECEIPT_KIND_DELIVERED", "RECEIPT_KIND_DELETED"]);
}

/// A release that was a dead letter and is sent round again after the recall must not bring the content back.
async fn a_recall_before_the_release_keeps_it_out(hub: Hub) {
    let mut avon = hub.client("police/52");
    recall(&hub, "h1").await;
    release(&hub, "h1", 1).await;
    release(&hub, "h2", 1).await;
    let handovers = until(&mut avon, |all| !all.is_empty()).await;
    let names: Vec<_> = handovers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["handovers/h2"]);
    // A later release is another matter.
    hub.clock.advance(jiff::SignedDuration::from_mins(1));
    release(&hub, "h1", 2).await;
    until(&mut avon, |all| all.len() == 2).await;
}

async fn handovers_are_listed_page_by_page(hub: Hub) {
    let mut avon = hub.client("police/52");
    for number in 0..7 {
        release(&hub, &format!("h{number}"), 1).await;
    }
    until(&mut avon, |all| all.len() == 7).await;
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = wire::ListHandoversRequest { page_size: 3, page_token };
        let page = avon.list_handovers(by(request)).await.unwrap().into_inner();
        names.extend(page.handovers.into_iter().map(|one| one.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(names, (0..7).map(|number| format!("handovers/h{number}")).collect::<Vec<_>>());
    for (page_size, page_token, field) in
        [(501, "", "page_size"), (-1, "", "page_size"), (3, "x", "page_token")]
    {
        let request = wire::ListHandoversRequest { page_size, page_token: page_token.into() };
        let refusal = avon.list_handovers(by(request)).await;
        assert_eq!(violations(refusal), [(field.to_owned(), "MASH-P124".to_owned())]);
    }
}
