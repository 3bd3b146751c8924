//! Questions to partners: in parallel, answered, refused, chased, closed; and how long partners take.

use jiff::SignedDuration;
use mash_chassis::Clock as _;
use mash_proto::{
    disclosure::v1::Reply,
    referral::v1::{ClockState, ItemKind},
    social_care::v1 as wire,
};
use mash_store::Dialect;

use crate::support::{HEALTH, Hub, POLICE, SCHOOL, by, child, id, organisation, refused};

on_both!(
    partners_are_asked_at_once_and_may_know_who_and_what,
    a_chase_is_the_next_revision_of_the_same_question,
    a_question_that_nobody_has_is_told_and_chased_once,
    a_closed_question_still_keeps_its_answer,
    a_closed_question_is_taken_back_where_it_went,
    a_late_answer_is_shown_as_late_and_p29_tells_how_long_partners_take,
    an_answer_given_in_time_is_in_time_however_late_it_arrives,
);

async fn partners_are_asked_at_once_and_may_know_who_and_what(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    assert_eq!(refused(hub.ask(&name, &[POLICE]).await).1, "MASH-S006", "graded first");
    hub.grade(&name, wire::Grade::Red, "").await.unwrap();
    let answer = hub.ask(&name, &[POLICE, HEALTH, SCHOOL]).await.unwrap();
    assert!(answer.referral.unwrap().state() == wire::ReferralState::Checking);
    let sent = hub.sent(ItemKind::Enquiry, 3).await;
    assert_eq!(sent.len(), 3);
    for (item, partner) in sent.iter().zip([POLICE, HEALTH, SCHOOL]) {
        assert!(item.to == [organisation(partner)]);
        assert_eq!((item.case_id.as_str(), item.flow.as_str()), ("c-1", "enquiry"));
        let content = item.content.clone().unwrap();
        assert_eq!(content.child.unwrap().given_names, "Carys");
        let question = content.question.unwrap();
        assert_eq!(question.topics, ["household"]);
        assert!(question.due_time.is_some() && content.address.is_none());
    }
    let load = hub.queue().queue_summary(by("manager", wire::QueueSummaryRequest {})).await;
    assert_eq!(load.unwrap().into_inner().unanswered_enquiries, 3);
}

async fn a_chase_is_the_next_revision_of_the_same_question(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Amber, "").await.unwrap();
    let asked = hub.ask(&name, &[POLICE]).await.unwrap().enquiries.remove(0);
    let chase =
        wire::ChaseEnquiryRequest { request_id: id(), name: asked.name.clone(), due_time: None };
    let first = hub.queue().chase_enquiry(by("worker-1", chase.clone())).await.unwrap();
    let second = hub.queue().chase_enquiry(by("worker-1", chase)).await.unwrap();
    assert!(first.into_inner() == second.into_inner(), "a repeat reminds nobody again");
    let sent = hub.sent(ItemKind::Enquiry, 2).await;
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].item_id, sent[1].item_id);
    assert_eq!((sent[0].revision, sent[1].revision), (1, 2));
    assert_eq!(sent[1].content.clone().unwrap().question.unwrap().reminders, 1);
    // Nothing to chase once it is answered.
    hub.answer(&asked, Reply { nothing_known: true, ..Reply::default() }, "1").await;
    let found = hub.until("c-1", |found| found.enquiries[0].nothing_known).await;
    assert!(found.enquiries[0].state() == wire::HubEnquiryState::Answered);
    let chase =
        wire::ChaseEnquiryRequest { request_id: id(), name: asked.name.clone(), due_time: None };
    assert_eq!(refused(hub.queue().chase_enquiry(by("w", chase.clone())).await).1, "MASH-S013");
    let other = wire::ChaseEnquiryRequest { request_id: id(), ..chase };
    let answer = refused(hub.client("authority/673").chase_enquiry(by("w", other)).await);
    assert_eq!(answer.0, tonic::Code::NotFound);
}

async fn a_question_that_nobody_has_is_told_and_chased_once(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Amber, "").await.unwrap();
    hub.ask(&name, &[POLICE]).await.unwrap();
    let sent = hub.sent(ItemKind::Enquiry, 1).await;
    hub.not_delivered(&sent[0], "not-acknowledged-in-time").await;
    hub.until_prompt("enquiry-undelivered").await;
    let found = hub.until("c-1", |found| found.enquiries[0].undelivered).await;
    assert_eq!(found.enquiries[0].reminders, 1);
    assert_eq!(hub.sent(ItemKind::Enquiry, 2).await.len(), 2);
}

async fn a_closed_question_still_keeps_its_answer(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Amber, "").await.unwrap();
    let asked = hub.ask(&name, &[POLICE]).await.unwrap().enquiries.remove(0);
    let close = |reason: &str| wire::CloseEnquiryRequest {
        request_id: id(),
        name: asked.name.clone(),
        reason: reason.to_owned(),
    };
    assert_eq!(refused(hub.queue().close_enquiry(by("w", close(""))).await).1, "MASH-S001");
    let closed = hub.queue().close_enquiry(by("w", close("told by telephone"))).await.unwrap();
    let closed = closed.into_inner().enquiry.unwrap();
    assert!(closed.state() == wire::HubEnquiryState::Closed);
    hub.answer(&asked, Reply::default(), "1").await;
    hub.until_prompt("late-answer").await;
    let found = hub.until("c-1", |found| found.items.len() == 2).await;
    assert_eq!(found.referral.unwrap().unanswered, 0);
    assert!(found.enquiries[0].state() == wire::HubEnquiryState::Closed);
}

async fn a_closed_question_is_taken_back_where_it_went(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    hub.grade(&name, wire::Grade::Amber, "").await.unwrap();
    let asked = hub.ask(&name, &[POLICE]).await.unwrap().enquiries.remove(0);
    let chase =
        wire::ChaseEnquiryRequest { request_id: id(), name: asked.name.clone(), due_time: None };
    hub.queue().chase_enquiry(by("worker-1", chase)).await.unwrap();
    for _ in 0..2 {
        let close = wire::CloseEnquiryRequest {
            request_id: id(),
            name: asked.name.clone(),
            reason: "told by telephone".to_owned(),
        };
        hub.queue().close_enquiry(by("worker-2", close)).await.unwrap();
    }
    // What is asked next comes after everything that closing sent.
    hub.ask(&name, &[HEALTH]).await.unwrap();
    let sent = hub.sent(ItemKind::Enquiry, 4).await;
    let [first, _, closed, next] = sent.as_slice() else { panic!("{} items", sent.len()) };
    assert!(closed.withdrawn && !next.withdrawn, "closed once");
    assert_eq!((&closed.item_id, closed.revision), (&first.item_id, 3), "after the reminder");
    assert!(closed.to == first.to && closed.practitioner == "worker-2");
    let content = closed.content.clone().unwrap_or_default();
    assert!(content.child.is_none() && content.question.is_none(), "it asks nothing again");
}

async fn a_late_answer_is_shown_as_late_and_p29_tells_how_long_partners_take(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Red, "").await.unwrap();
    let asked = hub.ask(&name, &[POLICE, HEALTH]).await.unwrap().enquiries;
    hub.at("2026-11-18T10:30:00Z");
    hub.answer(&asked[0], Reply::default(), "1").await;
    hub.until("c-1", |found| found.referral.as_ref().unwrap().unanswered == 1).await;
    hub.at("2026-11-19T10:00:00Z");
    hub.care.tick().await.unwrap();
    let prompt = hub.until_prompt("enquiry-overdue").await;
    assert_eq!(prompt.subject, asked[1].name.trim_start_matches("enquiries/"));
    let found = hub.until("c-1", |found| found.enquiries.iter().any(|one| one.overdue)).await;
    assert!(!found.enquiries.iter().find(|one| one.name == asked[0].name).unwrap().overdue);
    let request = wire::PartnerResponseTimesRequest { since_time: None };
    let times = hub.queue().partner_response_times(by("manager", request)).await.unwrap();
    let partners = times.into_inner().partners;
    let of = |partner: &str| {
        partners.iter().find(|one| one.partner == Some(organisation(partner))).unwrap()
    };
    assert_eq!((of(POLICE).answered, of(POLICE).median_seconds, of(POLICE).late), (1, 1_800, 0));
    assert_eq!((of(HEALTH).unanswered, of(HEALTH).late), (1, 1));
}

async fn an_answer_given_in_time_is_in_time_however_late_it_arrives(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    hub.grade(&name, wire::Grade::Red, "").await.unwrap();
    let asked = hub.ask(&name, &[POLICE]).await.unwrap().enquiries.remove(0);
    let given = hub.clock.now() + SignedDuration::from_mins(10);
    // The bus was away for a day.
    hub.at("2026-11-19T10:00:00Z");
    hub.answer_given(&asked, Reply::default(), ("1", Some(given))).await;
    let found = hub.until("c-1", |found| found.referral.as_ref().unwrap().unanswered == 0).await;
    let clock = found.enquiries[0].clock.clone().unwrap();
    assert_eq!(clock.rule, "enquiry-red");
    assert!(clock.state() == ClockState::Met, "{}", clock.state().as_str_name());
    let request = wire::PartnerResponseTimesRequest { since_time: None };
    let times = hub.queue().partner_response_times(by("manager", request)).await.unwrap();
    let police = times.into_inner().partners.remove(0);
    assert_eq!((police.answered, police.median_seconds, police.late), (1, 600, 0));
}
