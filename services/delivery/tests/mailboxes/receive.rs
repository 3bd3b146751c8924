//! What a system receives, in which order, and how often.

use std::time::Duration;

use mash_proto::referral::v1::ItemRecalled;

use crate::support::{BRIDGEND, Hub, POLICE, Pair, all_told, open, released, told};

async fn what_waits_comes_first_and_then_what_arrives(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let police = hub.client(&process, POLICE);
    hub.release_many(POLICE, "early", 3).await;
    hub.release_many(BRIDGEND, "not-theirs", 2).await;
    police.until_waiting(3).await;
    let mut call = police.open(0).await;
    let first = call.items(3).await;
    assert_eq!(
        all_told(&first),
        ["released early-0 r1", "released early-1 r1", "released early-2 r1"]
    );
    hub.release_many(POLICE, "late", 2).await;
    let second = call.items(2).await;
    assert_eq!(all_told(&second), ["released late-0 r1", "released late-1 r1"]);
    let both: Vec<i64> = first.iter().chain(&second).map(|item| item.sequence).collect();
    assert!(both.is_sorted_by(|one, next| one < next), "{both:?}");
    call.silent().await;
    process.stop().await;
}

async fn no_more_is_on_its_way_than_the_window_allows(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let police = hub.client(&process, POLICE);
    hub.release_many(POLICE, "item", 7).await;
    police.until_waiting(7).await;
    let mut call = police.open(3).await;
    let items = call.items(3).await;
    call.silent().await;
    call.acknowledge(&[&items[1]]).await;
    assert_eq!(told(&call.item().await), "released item-3 r1");
    call.silent().await;
    // Without the call too: room is room.
    police.acknowledge(&[&items[0].name, &items[2].name]).await.unwrap();
    assert_eq!(all_told(&call.items(2).await), ["released item-4 r1", "released item-5 r1"]);
    call.silent().await;
    process.stop().await;
}

/// What was sent is counted four times a second, in the same turns as acknowledgements.
async fn acknowledging_while_what_was_sent_is_counted_holds_nobody_up(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let police = hub.client(&process, POLICE);
    hub.release_many(POLICE, "item", 150).await;
    police.until_waiting(150).await;
    let mut call = police.open(60).await;
    for number in 0..150 {
        let item = call.item().await;
        assert_eq!(told(&item), format!("released item-{number} r1"));
        call.acknowledge(&[&item]).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    call.silent().await;
    police.until_waiting(0).await;
    process.stop().await;
}

async fn after_a_break_it_goes_on_where_it_was(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let police = hub.client(&process, POLICE);
    hub.release_many(POLICE, "item", 4).await;
    police.until_waiting(4).await;
    let mut call = police.open(3).await;
    let items = call.items(3).await;
    assert!(items.iter().all(|item| item.redeliveries == 0));
    call.acknowledge(&[&items[1]]).await;
    call.item().await;
    drop(call);
    // What was sent is counted when the hub has noticed the break.
    tokio::time::sleep(Duration::from_millis(800)).await;
    let mut again = police.open(0).await;
    let rest = again.items(3).await;
    assert_eq!(all_told(&rest), ["released item-0 r1", "released item-2 r1", "released item-3 r1"]);
    assert!(rest.iter().all(|item| item.redeliveries == 1), "{:?}", all_told(&rest));
    assert_eq!((&rest[0].name, rest[0].sequence), (&items[0].name, items[0].sequence));
    process.stop().await;
}

async fn a_newer_revision_takes_the_place_of_what_waits(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let police = hub.client(&process, POLICE);
    hub.publish(POLICE, "a1", &released(POLICE, "a", 1)).await;
    hub.publish(POLICE, "b1", &released(POLICE, "b", 1)).await;
    police.until_waiting(2).await;
    hub.publish(POLICE, "a2", &released(POLICE, "a", 2)).await;
    // An older revision that comes late changes nothing, and neither does one that comes twice.
    hub.publish(POLICE, "a1-again", &released(POLICE, "a", 1)).await;
    hub.publish(POLICE, "a2-again", &released(POLICE, "a", 2)).await;
    hub.publish(POLICE, "c1", &released(POLICE, "c", 1)).await;
    police.until_waiting(3).await;
    let found = police.empty().await;
    assert_eq!(all_told(&found), ["released b r1", "released a r2", "released c r1"]);
    assert!(!hub.holds("Invented").await);
    // After an acknowledgement a newer revision is another item.
    hub.publish(POLICE, "a3", &released(POLICE, "a", 3)).await;
    police.until_waiting(1).await;
    assert_eq!(all_told(&police.empty().await), ["released a r3"]);
    process.stop().await;
}

async fn a_recall_takes_the_content_away_and_is_told(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let police = hub.client(&process, POLICE);
    let recall = |word: &str| ItemRecalled {
        release_id: word.to_owned(),
        item_id: format!("item-{word}"),
        case_id: format!("case-{word}"),
        recipient: released(POLICE, word, 1).recipient,
        reason_code: "withdrawn".to_owned(),
    };
    hub.publish(POLICE, "a1", &released(POLICE, "a", 1)).await;
    hub.publish(POLICE, "b1", &released(POLICE, "b", 1)).await;
    police.until_waiting(2).await;
    hub.publish(POLICE, "a-recall", &recall("a")).await;
    // Recalled before it arrived: it stays recalled, since it was released before.
    hub.publish(POLICE, "c-recall", &recall("c")).await;
    hub.publish(POLICE, "c1", &released(POLICE, "c", 1)).await;
    hub.publish(POLICE, "d1", &released(POLICE, "d", 1)).await;
    police.until_waiting(4).await;
    assert!(!hub.holds("Invented a").await && !hub.holds("Invented c").await);
    let found = police.empty().await;
    assert_eq!(all_told(&found), ["released b r1", "recalled a", "recalled c", "released d r1"]);
    // What is released anew afterwards is something new.
    hub.clock.advance(jiff::SignedDuration::from_secs(1));
    hub.publish(POLICE, "a2", &released(POLICE, "a", 2)).await;
    police.until_waiting(1).await;
    assert_eq!(all_told(&police.empty().await), ["released a r2"]);
    process.stop().await;
}

async fn every_call_is_sent_everything_and_one_acknowledgement_counts_for_all(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    // Two processes, as calls spread over replicas.
    let other = hub.start().await;
    let (here, there) = (hub.client(&process, POLICE), hub.client(&other, POLICE));
    let (mut one, mut two) = (here.open(2).await, there.open(2).await);
    hub.release_many(POLICE, "item", 3).await;
    let (first, second) = (one.items(2).await, two.items(2).await);
    assert_eq!(all_told(&first), all_told(&second));
    one.acknowledge(&[&first[0], &first[1]]).await;
    assert_eq!(told(&one.item().await), "released item-2 r1");
    // The other learns of it and has room again.
    assert_eq!(told(&two.item().await), "released item-2 r1");
    assert_eq!(here.mailbox().await.waiting, 1);
    other.stop().await;
    process.stop().await;
}

async fn a_call_that_wants_to_come_to_an_end_ends(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let police = hub.client(&process, POLICE);
    assert!(police.empty().await.is_empty(), "nothing waits");
    hub.release_many(POLICE, "item", 120).await;
    police.until_waiting(120).await;
    // Closed at once: what fits into the window comes, and nothing is acknowledged.
    let mut call = police.open_with(open(5, true)).await.unwrap();
    call.say = None;
    assert_eq!(call.items(5).await.len(), 5);
    assert!(call.next().await.unwrap().is_none(), "the end");
    assert_eq!(police.empty().await.len(), 120);
    assert_eq!(police.mailbox().await.waiting, 0);
    process.stop().await;
}

async fn at_the_end_of_the_service_calls_end_with_the_advice_to_come_back(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let mut call = hub.client(&process, POLICE).open(0).await;
    let stopping = tokio::spawn(process.stop());
    let status = call.next().await.err().expect("a refusal");
    assert_eq!(status.code(), tonic::Code::Unavailable);
    let details = tonic_types::StatusExt::get_error_details(&status);
    assert!(details.retry_info().is_some_and(|info| info.retry_delay.is_some()));
    drop(call);
    stopping.await.unwrap();
}

on_both!(
    what_waits_comes_first_and_then_what_arrives,
    no_more_is_on_its_way_than_the_window_allows,
    acknowledging_while_what_was_sent_is_counted_holds_nobody_up,
    after_a_break_it_goes_on_where_it_was,
    a_newer_revision_takes_the_place_of_what_waits,
    a_recall_takes_the_content_away_and_is_told,
    every_call_is_sent_everything_and_one_acknowledgement_counts_for_all,
    a_call_that_wants_to_come_to_an_end_ends,
    at_the_end_of_the_service_calls_end_with_the_advice_to_come_back,
);
