//! What the sender hears, and when nobody acknowledged in time.

use jiff::SignedDuration;
use mash_bus::topics;
use mash_chassis::Clock as _;
use mash_proto::{disclosure::v1::ReceiptKind, referral::v1::ItemReceiptRecorded};

use crate::support::{BRIDGEND, Hub, POLICE, Pair, due, released};

fn in_hours(hub: &Hub, hours: i64) -> jiff::Timestamp {
    hub.clock.now().checked_add(SignedDuration::from_hours(hours)).unwrap()
}

async fn an_acknowledgement_is_told_once(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let police = hub.client(&process, POLICE).by("desk-1");
    hub.release_many(POLICE, "item", 3).await;
    police.until_waiting(3).await;
    let mut call = police.open(0).await;
    let items = call.items(3).await;
    call.acknowledge(&[&items[0], &items[0]]).await;
    call.acknowledge(&[&items[0], &items[1]]).await;
    police.acknowledge(&[&items[1].name]).await.unwrap();
    assert_eq!(
        hub.receipts(2).await,
        ["ACKNOWLEDGED item-0 desk-1 r1", "ACKNOWLEDGED item-1 desk-1 r1"]
    );
    process.stop().await;
}

async fn what_nobody_acknowledged_in_time_is_reported_exactly_once(pair: Pair) {
    let hub = Hub::new(pair).await;
    let (one, two) = (hub.start().await, hub.start().await);
    let police = hub.client(&one, POLICE);
    let (soon, later) = (in_hours(&hub, 1), in_hours(&hub, 30));
    // More than one batch, so that two replicas that look at the same time meet.
    let items: Vec<_> =
        (0..450).map(|number| due(POLICE, &format!("item-{number}"), soon)).collect();
    for chunk in items.chunks(150) {
        let events = chunk.iter().map(|item| (item.release_id.clone(), item));
        hub.publish_all(topics::DISCLOSED_POLICE, POLICE, events).await;
    }
    hub.publish(POLICE, "later", &due(POLICE, "later", later)).await;
    hub.publish(BRIDGEND, "own-clocks", &released(BRIDGEND, "own-clocks", 1)).await;
    police.until_waiting(451).await;
    let acknowledged = police.open(1).await.item().await;
    police.acknowledge(&[&acknowledged.name]).await.unwrap();
    one.delivery.tick().await.unwrap();
    hub.clock.advance(SignedDuration::from_hours(1));
    let (first, second) = tokio::join!(one.delivery.tick(), two.delivery.tick());
    first.unwrap();
    second.unwrap();
    one.delivery.tick().await.unwrap();
    let receipts = hub.receipts(450).await;
    assert_eq!(receipts.len(), 450);
    let reported = receipts.iter().filter(|receipt| receipt.starts_with("UNDELIVERED")).count();
    assert_eq!(reported, 449, "the first was acknowledged in time");
    let mailbox = police.mailbox().await;
    assert_eq!((mailbox.waiting, mailbox.undelivered), (450, 449), "late is better than never");
    two.stop().await;
    one.stop().await;
}

async fn a_persons_acknowledgement_elsewhere_settles_the_time(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let police = hub.client(&process, POLICE);
    drop(police.open(1).await); // A system fetches here, so nothing is taken away from it.
    let by = in_hours(&hub, 1);
    let receipt = |word: &str, recipient: &str, kind: ReceiptKind| ItemReceiptRecorded {
        release_id: word.to_owned(),
        item_id: format!("item-{word}"),
        case_id: format!("case-{word}"),
        recipient: Some(
            (&recipient.parse::<mash_domain::organisation::OrganisationId>().unwrap()).into(),
        ),
        kind: kind.into(),
        practitioner: "officer-1".to_owned(),
        revision: 1,
        ..ItemReceiptRecorded::default()
    };
    let tell = async |nonce: &str, told: ItemReceiptRecorded| {
        hub.publish_all(topics::RECEIPTS, "case", [(nonce.to_owned(), &told)]).await;
    };
    // The person was faster than the mailbox.
    tell("a", receipt("a", POLICE, ReceiptKind::Acknowledged)).await;
    settled(&hub, "a").await;
    for word in ["a", "b", "c", "d"] {
        hub.publish(POLICE, word, &due(POLICE, word, by)).await;
    }
    police.until_waiting(4).await;
    tell("b", receipt("b", POLICE, ReceiptKind::Acknowledged)).await;
    // Opening is no acknowledgement, and nobody acknowledges for somebody else.
    tell("c", receipt("c", POLICE, ReceiptKind::Opened)).await;
    tell("d", receipt("d", BRIDGEND, ReceiptKind::Acknowledged)).await;
    settled(&hub, "b").await;
    hub.clock.advance(SignedDuration::from_hours(2));
    process.delivery.tick().await.unwrap();
    let receipts = hub.receipts(6).await;
    let reported: Vec<_> =
        receipts.iter().filter(|receipt| receipt.starts_with("UNDELIVERED")).collect();
    assert_eq!(reported, ["UNDELIVERED c  r1", "UNDELIVERED d  r1"]);
    assert_eq!(police.empty().await.len(), 4, "systems still receive all of it");
    process.stop().await;
}

/// Waits until an acknowledgement from elsewhere was noticed.
async fn settled(hub: &Hub, release: &str) {
    let sql = "SELECT settled_revision FROM delivery_releases WHERE release_id = $1";
    hub.until_it_says(sql, release, 1).await;
}

on_both!(
    an_acknowledgement_is_told_once,
    what_nobody_acknowledged_in_time_is_reported_exactly_once,
    a_persons_acknowledgement_elsewhere_settles_the_time,
);
