//! Who may see what, and how long it is kept.

use jiff::SignedDuration;
use mash_bus::topics;
use mash_proto::disclosure::v1::{DisclosureRecalled, ReceiptKind, ReceiptRecorded};
use tonic::Code;

use crate::support::{Hub, POLICE, Pair, SCHOOL, all_told, notice, refused};

async fn a_notice_is_sent_to_those_whom_it_names_and_leaves_no_trace_for_others(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let school = hub.client(&process, SCHOOL);
    let (key_adult, other) = (school.clone().by("key-adult"), school.clone().by("other"));
    hub.publish(SCHOOL, "a", &notice("a", &["key-adult", "deputy"], false)).await;
    hub.publish(SCHOOL, "b", &notice("b", &[], false)).await;
    // Nobody at the school but the addressee may learn of this one, and a system is not the addressee.
    hub.publish(SCHOOL, "c", &notice("c", &["key-adult"], true)).await;
    let recall = |word: &str| DisclosureRecalled {
        disclosure_id: word.to_owned(),
        case_id: format!("case-{word}"),
        recipient: notice(word, &[], false).recipient,
        ..DisclosureRecalled::default()
    };
    hub.publish(SCHOOL, "c-recall", &recall("c")).await;
    hub.publish(SCHOOL, "d", &notice("d", &["key-adult"], false)).await;
    hub.publish(SCHOOL, "d-recall", &recall("d")).await;
    hub.publish(SCHOOL, "e", &notice("e", &[], false)).await;
    key_adult.until_waiting(4).await;
    for nobody in [&school, &other] {
        assert_eq!(nobody.mailbox().await.waiting, 2);
    }
    let mut call = key_adult.open(0).await;
    let items = call.items(4).await;
    assert_eq!(all_told(&items), ["notice a", "notice b", "notice recalled d", "notice e"]);
    let hidden = other.acknowledge(&[&items[0].name]).await;
    assert_eq!(refused(hidden), (Code::NotFound, "MASH-C009".to_owned()));
    assert_eq!(all_told(&other.empty().await), ["notice b", "notice e"]);
    assert_eq!(all_told(&school.empty().await), Vec::<String>::new());
    assert_eq!(all_told(&key_adult.empty().await), ["notice a", "notice recalled d"]);
    process.stop().await;
}

async fn content_goes_with_the_acknowledgement_or_after_ninety_days(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let police = hub.client(&process, POLICE);
    hub.release_many(POLICE, "item", 3).await;
    police.until_waiting(3).await;
    let mut call = police.open(0).await;
    let items = call.items(3).await;
    assert!(hub.holds("Invented item-0").await);
    police.acknowledge(&[&items[0].name]).await.unwrap();
    assert!(!hub.holds("Invented item-0").await && hub.holds("Invented item-1").await);
    drop(call);
    hub.clock.advance(SignedDuration::from_hours(90 * 24 - 1));
    process.delivery.tick().await.unwrap();
    assert_eq!(police.mailbox().await.waiting, 2);
    hub.clock.advance(SignedDuration::from_hours(2));
    process.delivery.tick().await.unwrap();
    assert!(!hub.holds("Invented").await);
    assert_eq!(police.mailbox().await.waiting, 0);
    // The ids are still known, so that acknowledging late is harmless; after 400 days they are not.
    assert_eq!(police.acknowledge(&[&items[0].name, &items[1].name]).await.unwrap(), 0);
    hub.clock.advance(SignedDuration::from_hours(401 * 24));
    process.delivery.tick().await.unwrap();
    assert_eq!(refused(police.acknowledge(&[&items[0].name]).await).0, Code::NotFound);
    process.stop().await;
}

async fn where_no_system_ever_fetches_a_persons_acknowledgement_takes_the_content_away(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let school = hub.client(&process, SCHOOL).by("key-adult");
    hub.publish(SCHOOL, "a", &notice("a", &["key-adult"], false)).await;
    school.until_waiting(1).await;
    let told = ReceiptRecorded {
        disclosure_id: "a".to_owned(),
        duty_id: "duty-a".to_owned(),
        case_id: "case-a".to_owned(),
        recipient: notice("a", &[], false).recipient,
        kind: ReceiptKind::Acknowledged.into(),
        practitioner: "key-adult".to_owned(),
        revision: 1,
        ..ReceiptRecorded::default()
    };
    hub.publish_all(topics::RECEIPTS, "case-a", [("a".to_owned(), &told)]).await;
    school.until_waiting(0).await;
    assert!(!hub.holds("Invented").await);
    process.stop().await;
}

on_both!(
    a_notice_is_sent_to_those_whom_it_names_and_leaves_no_trace_for_others,
    content_goes_with_the_acknowledgement_or_after_ninety_days,
    where_no_system_ever_fetches_a_persons_acknowledgement_takes_the_content_away,
);
