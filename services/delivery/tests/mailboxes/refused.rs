//! What is refused, and what is harmless.

use mash_delivery::Settings;
use mash_proto::delivery::v1::{Acknowledge, ReceiveRequest, receive_request::Say};
use tonic::Code;

use crate::support::{BRIDGEND, Hub, POLICE, Pair, open, refused};

fn acknowledge(names: &[&str]) -> ReceiveRequest {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    ReceiveRequest { say: Some(Say::Acknowledge(Acknowledge { names })) }
}

async fn acknowledging_again_is_harmless_and_foreign_items_are_not_there(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let (police, authority) = (hub.client(&process, POLICE), hub.client(&process, BRIDGEND));
    hub.release_many(POLICE, "item", 2).await;
    police.until_waiting(2).await;
    let mut call = police.open(0).await;
    let items = call.items(2).await;
    let (mine, next) = (items[0].name.as_str(), items[1].name.as_str());
    assert_eq!(police.acknowledge(&[mine, mine]).await.unwrap(), 1);
    assert_eq!(police.acknowledge(&[mine]).await.unwrap(), 0);
    assert_eq!(police.acknowledge(&[]).await.unwrap(), 0);
    // Somebody else's and nobody's look the same, and nothing of the message is done.
    let unknown = "items/6d617368-6576-5e6e-8474-0a1b2c3d4e5f";
    for names in [[next, unknown], [unknown, next]] {
        let answer = police.acknowledge(&names).await;
        assert_eq!(refused(answer), (Code::NotFound, "MASH-C009".to_owned()));
    }
    let foreign = authority.acknowledge(&[next]).await;
    assert_eq!(refused(foreign), (Code::NotFound, "MASH-C009".to_owned()));
    assert_eq!(police.mailbox().await.waiting, 1);
    // On a call too, where what was said before it holds.
    call.say(acknowledge(&[next])).await;
    call.say(acknowledge(&[unknown])).await;
    assert_eq!(refused(call.next().await), (Code::NotFound, "MASH-C009".to_owned()));
    assert_eq!(police.mailbox().await.waiting, 0);
    process.stop().await;
}

async fn what_breaks_the_limits_is_refused_with_its_code(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.process(Settings { calls_per_organisation: 2, ..Settings::default() }).await;
    let police = hub.client(&process, POLICE);
    let invalid = (Code::InvalidArgument, "MASH-D001".to_owned());
    let not_opened = (Code::InvalidArgument, "MASH-D002".to_owned());
    for window in [-1, 1_001, i32::MAX] {
        assert_eq!(refused(police.open_with(open(window, false)).await), invalid, "{window}");
    }
    assert_eq!(refused(police.open_with(acknowledge(&[])).await), not_opened);
    assert_eq!(refused(police.open_with(ReceiveRequest { say: None }).await), not_opened);

    let many = vec!["items/6d617368-6576-5e6e-8474-0a1b2c3d4e5f"; 1_001];
    assert_eq!(refused(police.acknowledge(&many).await), invalid);
    assert_eq!(refused(police.acknowledge(&["release-1"]).await), invalid);
    let long = "x".repeat(200_000);
    let (code, _) = refused(police.acknowledge(&[&long]).await);
    assert_eq!(code, Code::ResourceExhausted, "a message has a size");

    let mut twice = police.open(0).await;
    twice.say(open(0, false)).await;
    assert_eq!(refused(twice.next().await), not_opened);

    let _held = [police.open(0).await, police.open(0).await];
    let third = police.open_with(open(0, false)).await;
    assert_eq!(refused(third), (Code::ResourceExhausted, "MASH-D005".to_owned()));
    // Another organisation has places of its own.
    drop(hub.client(&process, BRIDGEND).open(0).await);
    process.stop().await;
}

on_both!(
    acknowledging_again_is_harmless_and_foreign_items_are_not_there,
    what_breaks_the_limits_is_refused_with_its_code,
);
