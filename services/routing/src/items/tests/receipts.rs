//! What recipients do with items, and what becomes of that.

use proptest::prelude::*;

use super::*;

fn asked() -> (Hub, ItemSubmitted) {
    let mut hub = Hub::with_referral();
    let asked = enquiry(BOARD);
    hub.take(&asked);
    (hub, asked)
}

#[test]
fn nobody_acknowledged_in_time_so_the_sender_hears_it_once() {
    let (mut hub, asked) = asked();
    let effects = hub.receive(&asked, BOARD, ReceiptKind::Undelivered);
    assert_eq!(told(&effects), [not_delivered(BRIDGEND, "not-acknowledged-in-time")]);
    let (_, report) = &released(&effects)[0];
    assert_eq!(report.undelivered_to.as_ref().unwrap().code, "7A5");
    assert_eq!(report.reply_to, asked.item_id);
    assert_eq!(report.reference, asked.reference);
    assert!(report.content.is_empty());
    let release = hub.release(&asked, BOARD);
    assert_eq!(
        (release.state, release.reason.as_str()),
        (ReleaseState::Escalated, "not-acknowledged-in-time")
    );
    assert_eq!(told(&hub.receive(&asked, BOARD, ReceiptKind::Undelivered)), [], "once");
    hub.receive(&asked, BOARD, ReceiptKind::Acknowledged);
    assert_eq!(hub.release(&asked, BOARD).state, ReleaseState::Acknowledged, "late is not never");
}

#[test]
fn what_was_acknowledged_is_not_reported_as_undelivered() {
    let (mut hub, asked) = asked();
    hub.receive(&asked, BOARD, ReceiptKind::Acknowledged);
    assert_eq!(told(&hub.receive(&asked, BOARD, ReceiptKind::Undelivered)), []);
    assert_eq!(hub.release(&asked, BOARD).state, ReleaseState::Acknowledged);
}

#[test]
fn somebody_elses_receipt_changes_nothing() {
    let (mut hub, asked) = asked();
    let mine = release_id(&asked.item_id, &id(BOARD));
    let receipt = ItemReceiptRecorded {
        release_id: mine,
        recipient: Some((&id(FORCE)).into()),
        kind: ReceiptKind::Acknowledged.into(),
        case_id: case(),
        ..ItemReceiptRecorded::default()
    };
    let event = Envelope::default();
    let cause = Cause { event: &event, now: now() };
    receive(&receipt, &mut hub.file, &mut Effects::default(), cause);
    assert_eq!(hub.release(&asked, BOARD).state, ReleaseState::Released);
}

#[test]
fn a_receipt_for_an_earlier_revision_does_not_acknowledge_a_later_one() {
    let (mut hub, asked) = asked();
    let mut more = ItemSubmitted { revision: 2, ..asked.clone() };
    more.content.as_mut().unwrap().actions = "And now?".to_owned();
    hub.take(&more);
    let mut release = hub.release(&asked, BOARD).clone();
    assert_eq!(release.revision, 2);
    assert!(!release.receive(1, ReleaseState::Acknowledged, now()));
    assert!(release.receive(2, ReleaseState::Acknowledged, now()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Receipts travel on a topic of their own, twice if need be, and may overtake one another.
    #[test]
    fn the_order_of_receipts_does_not_matter(
        (kinds, shuffled) in prop::collection::vec(0..5_usize, 1..8).prop_flat_map(|kinds| {
            let twice = [kinds.clone(), kinds.clone()].concat();
            (Just(kinds), Just(twice).prop_shuffle())
        }),
    ) {
        const KINDS: [ReceiptKind; 5] = [
            ReceiptKind::Delivered,
            ReceiptKind::Opened,
            ReceiptKind::Undelivered,
            ReceiptKind::Acknowledged,
            ReceiptKind::Deleted,
        ];
        let state = |order: &[usize]| {
            let (mut hub, asked) = asked();
            let mut reports = 0;
            for kind in order {
                reports += released(&hub.receive(&asked, BOARD, KINDS[*kind])).len();
            }
            (hub.release(&asked, BOARD).state, reports)
        };
        let (one, other) = (state(&kinds), state(&shuffled));
        prop_assert_eq!(one.0, other.0);
        prop_assert!(one.1 <= 1 && other.1 <= 1, "the sender hears it once");
    }
}
