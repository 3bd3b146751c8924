//! The bell, what moves it, and the ladder before it.

use mash_domain::organisation::OrganisationId;
use mash_proto::{
    disclosure::v1::{Desk, DisclosureReleased},
    education::v1 as wire,
};
use mash_store::Dialect;
use tonic::Code;

use crate::support::{
    BRIDGEND, E1, Hub, OPERATOR, by, calendar, contact, id, london, refused, to_school,
};

on_both!(
    what_nobody_acknowledged_goes_to_a_named_officer_before_the_bell,
    a_notice_that_cannot_be_read_stops_no_other_one,
    without_an_officer_the_authority_still_has_it,
    a_duty_desk_gives_it_to_its_officer_at_once,
    home_education_waits_for_its_officer,
    p1_home_education_that_does_nothing_for_a_day_is_not_the_end_of_it,
    a_closure_moves_the_bell_at_once,
    without_a_calendar_the_bell_is_a_guess,
);

fn one(notices: &[wire::Notice]) -> bool {
    notices.len() == 1
}

fn to_desk(disclosure_id: &str, desk: Desk, diversion: &str) -> DisclosureReleased {
    DisclosureReleased {
        recipient: Some((&BRIDGEND.parse::<OrganisationId>().unwrap()).into()),
        desk: desk.into(),
        diversion_code: diversion.to_owned(),
        ..to_school(disclosure_id, &[])
    }
}

async fn what_nobody_acknowledged_goes_to_a_named_officer_before_the_bell(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    hub.officers("education-duty", &["nia", "huw"]).await;
    hub.release(&to_school("n1", &["mair"])).await;
    hub.release(&to_school("n2", &["mair"])).await;
    hub.until(E1, "mair", |notices| notices.len() == 2).await;
    hub.acknowledge((E1, "mair"), "n2", 1, &id()).await.unwrap();
    hub.at("2026-11-19T08:39:59");
    assert_eq!(hub.education.sweep().await, 0);
    hub.at("2026-11-19T08:40");
    assert_eq!(hub.education.sweep().await, 1);
    assert_eq!(hub.education.sweep().await, 0, "once");

    let task = hub.until(BRIDGEND, "nia", one).await.remove(0);
    assert_eq!(
        (task.escalated_to.as_str(), task.establishment.as_str()),
        ("nia", "establishments/6722301")
    );
    assert_eq!(task.diversion_code, "unacknowledged");
    let read = hub.get(BRIDGEND, "nia", "n1").await.unwrap();
    assert!(
        read.content.is_none(),
        "she has a telephone task; what was told to the school is the school's"
    );
    assert_eq!(
        refused(hub.acknowledge((BRIDGEND, "nia"), "n1", 1, &id()).await).0,
        Code::FailedPrecondition
    );
    assert_eq!(hub.list(BRIDGEND, "somebody").await.len(), 0);
    assert_eq!(hub.list("authority/673", "nia").await.len(), 0);

    hub.at("2026-11-19T09:10");
    let read = hub.get(E1, "mair", "n1").await.unwrap();
    assert!(read.content.is_some(), "the school still has it");
    hub.acknowledge((E1, "mair"), "n1", 1, &id()).await.unwrap();
    let mut receipts = hub.receipts(5).await;
    receipts.sort_unstable();
    assert_eq!(
        receipts,
        [
            "ACKNOWLEDGED mair  r1",
            "ACKNOWLEDGED mair  r1 late",
            "DELIVERED   r1",
            "DELIVERED   r1",
            "ESCALATED nia unacknowledged r1",
        ]
    );
}

async fn change(hub: &Hub, sql: &'static str) {
    let mut tx = hub.store.begin().await.unwrap();
    assert_eq!(sqlx::query(sql).execute(tx.conn()).await.unwrap().rows_affected(), 1);
    tx.commit().await.unwrap();
}

async fn a_notice_that_cannot_be_read_stops_no_other_one(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    hub.officers("education-duty", &["nia"]).await;
    let request = wire::ReplaceContactsRequest {
        request_id: id(),
        parent: "establishments/6722301".to_owned(),
        contacts: vec![contact("mair", wire::ContactRole::KeyAdult)],
    };
    hub.directory(E1).replace_contacts(by("head", request)).await.unwrap();
    for name in ["n1", "n2"] {
        hub.release(&to_school(name, &["mair"])).await;
    }
    hub.until(E1, "mair", |notices| notices.len() == 2).await;
    change(&hub, "UPDATE education_notices SET revision = revision - 10 WHERE id = 'n1'").await;
    hub.at("2026-11-19T08:40");
    for _ in 0..2 {
        hub.education.tick().await.unwrap();
    }
    let tasks = hub.list(BRIDGEND, "nia").await;
    assert_eq!(tasks.len(), 1, "the other one goes up");
    for (organisation, practitioner) in [(E1, "mair"), (BRIDGEND, "nia")] {
        let request = by(practitioner, wire::ListPromptsRequest::default());
        let told = hub.referrals(organisation).list_prompts(request).await.unwrap().into_inner();
        let told: Vec<_> = told.prompts.into_iter().map(|one| (one.kind, one.subject)).collect();
        let unreadable = [("unreadable".to_owned(), "notices/n1".to_owned())];
        assert_eq!(told, unreadable, "{organisation} is told once");
    }
    change(&hub, "UPDATE education_notices SET revision = revision + 10 WHERE id = 'n1'").await;
    hub.at("2026-11-19T08:45");
    hub.education.tick().await.unwrap();
    assert_eq!(hub.list(BRIDGEND, "nia").await.len(), 2, "mended, it goes up, if late");
}

async fn without_an_officer_the_authority_still_has_it(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    hub.release(&to_desk("d1", Desk::EducationDuty, "no-contact")).await;
    hub.release(&to_school("n1", &["mair"])).await;
    hub.until(E1, "mair", one).await;
    hub.at("2026-11-19T09:00");
    assert_eq!(hub.education.sweep().await, 1);
    let mut receipts = hub.receipts(4).await;
    receipts.sort_unstable();
    let expected = [
        "DELIVERED   r1",
        "DELIVERED   r1",
        "ESCALATED  no-officer r1",
        "ESCALATED  no-officer r1 late",
    ];
    assert_eq!(receipts, expected);
    // Whoever becomes its officer finds both.
    hub.officers("education-duty", &["nia"]).await;
    assert_eq!(hub.list(BRIDGEND, "nia").await.len(), 2);
}

async fn a_duty_desk_gives_it_to_its_officer_at_once(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    hub.officers("education-duty", &["nia", "huw"]).await;
    hub.release(&to_desk("d1", Desk::EducationDuty, "no-contact")).await;
    let task = hub.until(BRIDGEND, "huw", one).await.remove(0);
    assert!(task.state == i32::from(wire::NoticeState::Escalated));
    assert_eq!((task.escalated_to.as_str(), task.diversion_code.as_str()), ("nia", "no-contact"));
    assert!(task.deliver_by_time.is_none());
    assert!(
        hub.get(BRIDGEND, "nia", "d1").await.unwrap().content.is_some(),
        "this one was told to the desk"
    );
    assert_eq!(hub.receipts(2).await, ["DELIVERED   r1", "ESCALATED nia no-contact r1"]);
    assert_eq!(hub.list(E1, "mair").await.len(), 0);
    assert_eq!(hub.education.sweep().await, 0);
}

async fn home_education_waits_for_its_officer(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    hub.officers("education-duty", &["nia"]).await;
    hub.officers("home-education", &["eleri"]).await;
    hub.release(&to_desk("h1", Desk::HomeEducation, "")).await;
    hub.until(BRIDGEND, "eleri", one).await;
    assert_eq!(hub.list(BRIDGEND, "nia").await.len(), 0, "another desk's");
    assert_eq!(refused(hub.get(BRIDGEND, "nia", "h1").await).0, Code::NotFound);
    hub.get(BRIDGEND, "eleri", "h1").await.unwrap();
    hub.acknowledge((BRIDGEND, "eleri"), "h1", 1, &id()).await.unwrap();
    assert_eq!(
        hub.receipts(3).await,
        ["DELIVERED   r1", "OPENED eleri  r1", "ACKNOWLEDGED eleri  r1"]
    );
}

async fn p1_home_education_that_does_nothing_for_a_day_is_not_the_end_of_it(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    hub.officers("education-duty", &["nia"]).await;
    hub.officers("home-education", &["eleri"]).await;
    hub.release(&to_desk("h1", Desk::HomeEducation, "")).await;
    hub.until(BRIDGEND, "eleri", one).await;
    hub.get(BRIDGEND, "eleri", "h1").await.unwrap();
    assert_eq!(hub.education.sweep().await, 0);
    hub.at("2026-11-25T09:00");
    assert_eq!(hub.education.sweep().await, 1);
    assert_eq!(hub.education.sweep().await, 0, "once");
    let task = hub.until(BRIDGEND, "nia", one).await.remove(0);
    assert_eq!(task.escalated_to, "nia");
    let seen = hub.get(BRIDGEND, "nia", "h1").await.unwrap();
    assert!(seen.content.is_none(), "it was released to the other desk");
    let hers = hub.acknowledge((BRIDGEND, "nia"), "h1", 1, &id()).await;
    assert_eq!(refused(hers).0, Code::FailedPrecondition, "and only that one answers");
    hub.acknowledge((BRIDGEND, "eleri"), "h1", 1, &id()).await.unwrap();
    assert_eq!(
        hub.receipts(4).await,
        [
            "DELIVERED   r1",
            "OPENED eleri  r1",
            "ESCALATED nia unacknowledged r1",
            "ACKNOWLEDGED eleri  r1"
        ]
    );
}

async fn a_closure_moves_the_bell_at_once(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    hub.release(&to_school("n1", &["mair"])).await;
    hub.until(E1, "mair", one).await;
    hub.at("2026-11-19T06:30");
    let closure = wire::AnnounceClosureRequest {
        request_id: id(),
        establishment: "establishments/6722301".into(),
        date: Some(jiff::civil::date(2026, 11, 19).into()),
        reason_code: "weather".into(),
    };
    for _ in 0..2 {
        let answer = hub.directory(E1).announce_closure(by("head", closure.clone())).await.unwrap();
        assert_eq!(answer.into_inner().notices_moved, 1, "and the repeat says the same");
    }
    let moved = hub.list(E1, "mair").await.remove(0);
    assert_eq!(moved.deliver_by_time.unwrap().seconds, london("2026-11-20T08:55").as_second());
    hub.at("2026-11-19T09:00");
    assert_eq!(hub.education.sweep().await, 0);

    // The authority's own calendar does not touch a school that has one; the school's does.
    let replace = |parent: &str, start| wire::ReplaceCalendarRequest {
        request_id: id(),
        parent: parent.into(),
        calendar: Some(calendar(start)),
    };
    hub.directory(BRIDGEND).replace_calendar(replace("authorities/672", 500)).await.unwrap();
    assert_eq!(hub.list(E1, "mair").await[0].deliver_by_time, moved.deliver_by_time);
    hub.directory(E1).replace_calendar(replace("establishments/6722301", 540)).await.unwrap();
    let later = hub.list(E1, "mair").await.remove(0);
    assert_eq!(later.deliver_by_time.unwrap().seconds, london("2026-11-20T09:00").as_second());

    let elsewhere =
        hub.directory("school/6722302").announce_closure(by("head", closure.clone())).await;
    assert_eq!(refused(elsewhere).0, Code::NotFound);
    let odd = wire::AnnounceClosureRequest {
        request_id: id(),
        date: Some(jiff::civil::date(2026, 11, 18).into()),
        reason_code: "whim".into(),
        ..closure
    };
    let status = hub.directory(E1).announce_closure(by("head", odd)).await.err().unwrap();
    assert!(status.message().contains("2 faults"), "{}", status.message());
}

async fn without_a_calendar_the_bell_is_a_guess(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.at("2026-12-24T16:00");
    let accept_time = Some(mash_proto::convert::time_to_wire(london("2026-12-24T16:00")));
    hub.release(&DisclosureReleased { accept_time, ..to_school("n1", &["mair"]) }).await;
    let guessed = hub.until(E1, "mair", one).await.remove(0);
    assert!(guessed.calendar_uncertain);
    // Friday is Christmas Day, Monday stands in for Boxing Day.
    assert_eq!(guessed.deliver_by_time.unwrap().seconds, london("2026-12-29T08:30").as_second());
    let events: Vec<String> = ["2026-12-25", "2026-12-29"]
        .iter()
        .map(|day| format!(r#"{{"title":"x","date":"{day}"}}"#))
        .collect();
    let document =
        format!(r#"{{"england-and-wales":{{"division":"x","events":[{}]}}}}"#, events.join(","));
    let request = wire::ImportBankHolidaysRequest { document: document.into_bytes() };
    let answer = hub.directory(OPERATOR).import_bank_holidays(request).await.unwrap().into_inner();
    assert_eq!(answer.days, 2);
    let moved = hub.list(E1, "mair").await.remove(0);
    assert_eq!(
        moved.deliver_by_time.unwrap().seconds,
        london("2026-12-28T08:30").as_second(),
        "the newer list says so"
    );
    let request = wire::ImportBankHolidaysRequest { document: b"[]".to_vec() };
    assert_eq!(
        refused(hub.directory(OPERATOR).import_bank_holidays(request).await).0,
        Code::InvalidArgument
    );
}
