//! What happens when something arrives: the queue, links, open cases, repeats, and what is taken back.

use mash_bus::topics;
use mash_chassis::Clock as _;
use mash_proto::{
    disclosure::v1::{Content, Desk, DisclosureReleased, ReceiptKind, ReceiptRecorded},
    referral::v1::{ClockState, ItemKind, ItemRecalled, ItemReleased},
    social_care::v1::{self as wire, LinkKind},
};
use mash_store::Dialect;
use prost::Message as _;

use crate::support::{
    BRIDGEND, HEALTH, Hub, POLICE, SCHOOL, by, child, envelope, id, organisation, referral,
};

on_both!(
    p19_the_referrer_hears_at_once_by_when_it_is_decided,
    p10_child_household_and_address_are_linked_with_their_history,
    another_nhs_number_is_another_child,
    an_open_case_goes_straight_to_the_allocated_worker,
    a_repeat_a_crash_and_a_second_copy_have_one_effect,
    a_revision_is_shown_and_an_older_one_changes_nothing,
    what_is_taken_back_is_withdrawn_and_its_content_gone,
    r03_a_notice_without_a_school_is_shown_to_be_located,
    who_opens_a_referral_is_told_once_an_hour,
    an_item_for_the_operator_is_noted_and_never_shown,
);

async fn p19_the_referrer_hears_at_once_by_when_it_is_decided(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    let told = hub.sent(ItemKind::Feedback, 1).await;
    assert_eq!(told.len(), 1);
    let feedback = told[0].content.clone().unwrap().feedback.unwrap();
    assert_eq!(feedback.stage, "received");
    // One working day, to the close of the hub.
    let due = feedback.next_due_time.unwrap().seconds;
    assert_eq!(due, "2026-11-19T17:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second());
    assert!(
        (told[0].reply_to.as_str(), told[0].to.clone()) == ("item-c-1", vec![organisation(SCHOOL)])
    );
    assert_eq!(hub.receipts(1).await, ["DELIVERED"]);
    let found = hub.until("c-1", |_| true).await;
    let item = &found.items[0];
    assert_eq!(item.rule_ids, ["R06"]);
    assert!(item.consent_words.starts_with("consent not needed because"));
    assert_eq!(found.gaps, ["withheld:F13", "voice-of-child"]);
    let clocks = found.referral.unwrap().clocks;
    let stands = |rule: &str| clocks.iter().find(|clock| clock.rule == rule).unwrap().state();
    assert!(stands("decide-referral") == ClockState::Running);
    assert!(stands("acknowledge-referral") == ClockState::Met, "the referrer has been told");
}

async fn p10_child_household_and_address_are_linked_with_their_history(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    hub.referred("c-2", POLICE, child("Carys", "9990000018")).await;
    hub.referred("c-3", HEALTH, child("Gwen", "9990000026")).await;
    let second = hub.until("c-2", |found| found.history.len() == 2).await;
    let first = hub.until("c-1", |found| found.history.len() == 2).await;
    assert_eq!(
        first.referral.as_ref().unwrap().child,
        second.referral.as_ref().unwrap().child,
        "the same child"
    );
    let kinds = |found: &wire::GetReferralResponse, other: &str| {
        let link = found.history.iter().find(|link| link.referral == format!("referrals/{other}"));
        link.unwrap().kinds.clone()
    };
    let (of_child, of_house, of_place) =
        (i32::from(LinkKind::Child), i32::from(LinkKind::Household), i32::from(LinkKind::Address));
    assert_eq!(kinds(&second, "c-1"), [of_child, of_house, of_place]);
    assert_eq!(kinds(&second, "c-3"), [of_house, of_place]);
    // In one batch as well as one after the other.
    for (case, given) in [("c-4", "Elin"), ("c-5", "Elin")] {
        hub.release(&referral(case, SCHOOL, child(given, "9990000034"))).await;
    }
    let fifth = hub.until("c-5", |found| found.history.len() == 4).await;
    assert_eq!(kinds(&fifth, "c-4"), [of_child, of_house, of_place]);
    let page = wire::ListReferralsRequest::default();
    let page = hub.queue().list_referrals(by("worker-1", page)).await.unwrap().into_inner();
    assert!(page.referrals.iter().all(|referral| referral.linked == 4), "P10 in the list too");
}

async fn another_nhs_number_is_another_child(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    hub.referred("c-2", SCHOOL, child("Carys", "9990000026")).await;
    hub.referred("c-3", SCHOOL, child("Carys", "")).await;
    let of = |found: wire::GetReferralResponse| found.referral.unwrap().child;
    let one = of(hub.until("c-1", |_| true).await);
    let other = of(hub.until("c-2", |_| true).await);
    let unnumbered = of(hub.until("c-3", |_| true).await);
    assert_ne!(one, other, "two NHS numbers are two children");
    assert_eq!(one, unnumbered, "name and date of birth alone find the first");
}

async fn an_open_case_goes_straight_to_the_allocated_worker(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let open = wire::RecordOpenCaseRequest {
        request_id: id(),
        child: child("Carys", "9990000018").child,
        worker: "allocated-7".into(),
    };
    hub.queue().record_open_case(by("manager", open)).await.unwrap();
    hub.referred("c-1", POLICE, child("Carys", "9990000018")).await;
    let found = hub.until("c-1", |_| true).await.referral.unwrap();
    assert!(found.state() == wire::ReferralState::Passed);
    assert_eq!(found.worker, "allocated-7");
    assert!(found.decisions[0].outcome() == wire::Outcome::OpenCase);
    assert_eq!(hub.stages(2).await, ["received", "decided"]);
    assert_eq!(hub.receipts(2).await, ["DELIVERED", "ACKNOWLEDGED allocated-7"]);
    assert_eq!(hub.until_prompt("open-case").await.to, "allocated-7");
    let count = hub.conservation().await;
    assert_eq!((count.accepted, count.decided, count.feedback_pending), (1, 1, 1));
    // Closed: the next one is for the queue again.
    let closed = wire::RecordOpenCaseRequest {
        request_id: id(),
        child: child("Carys", "9990000018").child,
        worker: String::new(),
    };
    hub.queue().record_open_case(by("manager", closed)).await.unwrap();
    hub.referred("c-2", POLICE, child("Carys", "9990000018")).await;
    let next = hub.until("c-2", |_| true).await.referral.unwrap();
    assert!(next.state() == wire::ReferralState::Received);
}

async fn a_repeat_a_crash_and_a_second_copy_have_one_effect(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let first = referral("c-1", SCHOOL, child("Carys", "9990000018"));
    let event = envelope("once", &first, mash_chassis::Clock::now(&hub.clock));
    // A crash before the commit leaves nothing.
    hub.hand(std::slice::from_ref(&event), false).await;
    assert_eq!(hub.conservation().await.accepted, 0);
    // The same twice in one batch, and again after the commit although it was seen: as when the table of seen events
    // was lost.
    hub.hand(&[event.clone(), event.clone()], true).await;
    hub.hand(std::slice::from_ref(&event), true).await;
    // The same report by another rule: one referral still, and both copies are acknowledged.
    let copy = ItemReleased {
        release_id: "copy".into(),
        flow: "referral-mechanism".into(),
        ..first.clone()
    };
    hub.release(&copy).await;
    let found = hub.until("c-1", |found| found.items.len() == 2).await;
    assert_eq!(found.referral.unwrap().report_revision, 1);
    assert_eq!(hub.conservation().await.accepted, 1);
    assert_eq!(hub.stages(1).await, ["received"]);
    hub.grade("referrals/c-1", wire::Grade::Amber, "").await.unwrap();
    let mut receipts = hub.receipts(4).await;
    receipts.sort();
    assert_eq!(
        receipts,
        ["ACKNOWLEDGED worker-1", "ACKNOWLEDGED worker-1", "DELIVERED", "DELIVERED"]
    );
}

async fn a_revision_is_shown_and_an_older_one_changes_nothing(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    hub.grade(&name, wire::Grade::Green, "").await.unwrap();
    let second = ItemReleased {
        revision: 2,
        ..referral(
            "c-1",
            SCHOOL,
            Content { actions: "more".into(), ..child("Carys", "9990000018") },
        )
    };
    hub.release(&second).await;
    let found =
        hub.until("c-1", |found| found.referral.as_ref().unwrap().report_revision == 2).await;
    assert_eq!(found.items[0].content.as_ref().unwrap().actions, "more");
    hub.until_prompt("report-revised").await;
    // The first one again, late: what is there stays.
    let late = referral("c-1", SCHOOL, child("Carys", "9990000018"));
    hub.publish(topics::DISCLOSED_SOCIAL_CARE, "late", &late).await;
    hub.referred("c-2", SCHOOL, child("Elin", "9990000026")).await;
    let still = hub.until("c-1", |_| true).await;
    assert_eq!(still.items[0].content.as_ref().unwrap().actions, "more");
}

async fn what_is_taken_back_is_withdrawn_and_its_content_gone(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    let recall = ItemRecalled {
        release_id: "release-c-1".into(),
        item_id: "item-c-1".into(),
        case_id: "c-1".into(),
        recipient: Some(organisation(BRIDGEND)),
        reason_code: "withdrawn".into(),
    };
    hub.publish(topics::DISCLOSED_SOCIAL_CARE, "recall", &recall).await;
    let found = hub
        .until("c-1", |found| {
            found.referral.as_ref().unwrap().state() == wire::ReferralState::Withdrawn
        })
        .await;
    assert!(found.items[0].content.is_none());
    hub.until_prompt("report-withdrawn").await;
    assert_eq!(hub.receipts(2).await, ["DELIVERED", "DELETED"]);
    let count = hub.conservation().await;
    assert_eq!((count.accepted, count.withdrawn, count.open), (1, 1, 0));
}

async fn r03_a_notice_without_a_school_is_shown_to_be_located(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let notice = DisclosureReleased {
        disclosure_id: "d-1".into(),
        duty_id: "duty-1".into(),
        case_id: "incident-1".into(),
        recipient: Some(organisation(BRIDGEND)),
        desk: Desk::Mash.into(),
        revision: 1,
        content: child("Carys", "9990000018").encode_to_vec(),
        rule_ids: vec!["R03".into()],
        from_force_code: "62".into(),
        ..DisclosureReleased::default()
    };
    hub.publish(topics::DISCLOSED_SOCIAL_CARE, "notice", &notice).await;
    let prompt = hub.until_prompt("locate-school").await;
    let list = |hub: &Hub| {
        let mut client = hub.queue();
        async move {
            let request = by("worker-1", wire::ListNoticesToLocateRequest::default());
            client.list_notices_to_locate(request).await.unwrap().into_inner().notices
        }
    };
    let notices = list(&hub).await;
    assert_eq!(notices.len(), 1);
    assert_eq!(
        (notices[0].prompt.as_str(), notices[0].rule_ids.clone()),
        (prompt.name.as_str(), vec!["R03".to_owned()])
    );
    let receipts: Vec<ReceiptRecorded> = hub.published(topics::RECEIPTS, 2).await;
    let last = receipts.last().unwrap();
    assert_eq!(
        (last.practitioner.as_str(), last.reason_code.as_str()),
        ("duty-manager", "school-unknown")
    );
    let resolve = wire::ResolvePromptRequest {
        request_id: id(),
        name: prompt.name,
        resolution: "the child is at Ysgol Pont-y-Bryn; told to the force".into(),
        reopen: false,
    };
    hub.queue().resolve_prompt(by("worker-1", resolve)).await.unwrap();
    assert!(list(&hub).await.is_empty());
}

async fn who_opens_a_referral_is_told_once_an_hour(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    let name = "referrals/c-1".to_owned();
    for _ in 0..3 {
        let request = by("worker-7", wire::GetReferralRequest { name: name.clone() });
        hub.queue().get_referral(request).await.unwrap();
    }
    let opened = |by: &'static str, at_least| {
        let hub = &hub;
        async move {
            let all = hub.receipts_of(|kind| kind == ReceiptKind::Opened, at_least).await;
            all.into_iter().filter(|it| it.practitioner == by).count()
        }
    };
    // Whoever waited for it to arrive, and then the worker.
    assert_eq!(opened("worker-7", 2).await, 1);
    hub.clock.set(hub.clock.now() + jiff::SignedDuration::from_hours(1));
    let request = by("worker-7", wire::GetReferralRequest { name });
    hub.queue().get_referral(request).await.unwrap();
    assert_eq!(opened("worker-7", 3).await, 2);
}

async fn an_item_for_the_operator_is_noted_and_never_shown(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let lost = ItemReleased {
        recipient: Some(organisation("operator/hub")),
        ..referral("c-1", SCHOOL, Content::default())
    };
    hub.release(&lost).await;
    hub.referred("c-2", SCHOOL, child("Carys", "9990000018")).await;
    assert_eq!(hub.conservation().await.accepted, 1);
    let mut conn = hub.store.read().await.unwrap();
    let rows = sqlx::query("SELECT id FROM social_care_prompts WHERE code = 'no-authority'")
        .fetch_all(&mut *conn)
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
}
