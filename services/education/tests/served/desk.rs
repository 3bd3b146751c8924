//! What a duty desk has to see to, and who of it has taken what.

use mash_proto::education::v1 as wire;
use mash_store::Dialect;
use tonic::{Code, Status};

use crate::support::{BRIDGEND, E1, Hub, by, id, refused, to_school};

on_both!(
    what_a_school_sent_back_is_at_the_desk_until_somebody_has_seen_to_it,
    of_two_who_take_it_at_once_one_has_it_and_the_other_is_told_who,
    a_notice_at_the_desk_is_taken_and_taken_over_by_name,
    what_could_not_be_read_is_at_the_desk_of_its_school,
    only_officers_of_the_duty_desk_have_any_of_it,
    pages_leave_nothing_out,
);

const DUTY: &str = "education-duty";

async fn desk(dialect: Dialect) -> Hub {
    let hub = Hub::with_school(dialect).await;
    hub.officers(DUTY, &["nia", "gwen"]).await;
    hub
}

async fn send_back(hub: &Hub, notice: &str) {
    hub.release(&to_school(notice, &["mair"])).await;
    let name = format!("notices/{notice}");
    hub.until(E1, "mair", |notices| notices.iter().any(|it| it.name == name)).await;
    let request = wire::RejectNoticeRequest { request_id: id(), name };
    hub.notices(E1).reject_notice(by("mair", request)).await.unwrap();
}

async fn page(
    hub: &Hub,
    (organisation, officer): (&str, &str),
    request: wire::ListDutiesRequest,
) -> Result<wire::ListDutiesResponse, Status> {
    let answer = hub.notices(organisation).list_duties(by(officer, request)).await;
    answer.map(tonic::Response::into_inner)
}

async fn duties(hub: &Hub) -> Vec<wire::Duty> {
    let request = wire::ListDutiesRequest::default();
    page(hub, (BRIDGEND, "nia"), request).await.unwrap().duties
}

async fn take(
    hub: &Hub,
    (organisation, officer): (&str, &str),
    (name, instead_of): (&str, &str),
) -> Result<wire::TakeDutyResponse, Status> {
    let request = wire::TakeDutyRequest {
        request_id: id(),
        name: name.to_owned(),
        instead_of: instead_of.to_owned(),
    };
    let answer = hub.notices(organisation).take_duty(by(officer, request)).await;
    answer.map(tonic::Response::into_inner)
}

async fn complete(hub: &Hub, officer: &str, name: &str) -> Result<(), Status> {
    let request = wire::CompleteDutyRequest { request_id: id(), name: name.to_owned() };
    hub.notices(BRIDGEND).complete_duty(by(officer, request)).await.map(|_| ())
}

/// Who has it, as a refusal says.
fn holder<T>(answer: Result<T, Status>) -> String {
    let status = answer.err().expect("a refusal");
    let details = tonic_types::StatusExt::get_error_details(&status);
    let info = details.error_info().unwrap();
    assert_eq!(info.reason, "MASH-E036");
    info.metadata["taken_by"].clone()
}

async fn what_a_school_sent_back_is_at_the_desk_until_somebody_has_seen_to_it(dialect: Dialect) {
    let hub = desk(dialect).await;
    assert!(duties(&hub).await.is_empty());
    send_back(&hub, "n1").await;
    let found = duties(&hub).await;
    assert_eq!(found.len(), 1);
    let duty = &found[0];
    assert_eq!((duty.name.as_str(), duty.duty_code.as_str()), ("notices/n1", "sent-back"));
    assert_eq!(duty.establishment, "establishments/6722301");
    assert_eq!(duty.display_name, "Ysgol Gynradd Pont-y-Bryn");
    assert_eq!(duty.owner, "nia", "the first officer of the desk answers for it from the start");
    assert_eq!(duty.take_time, None);
    let (since, due) = (duty.arise_time.unwrap(), duty.due_time.unwrap());
    assert_eq!(due.seconds - since.seconds, 24 * 3_600);

    assert_eq!(refused(complete(&hub, "gwen", "notices/n1").await).1, "MASH-E037");
    take(&hub, (BRIDGEND, "gwen"), ("notices/n1", "")).await.unwrap();
    let taken = duties(&hub).await;
    assert_eq!((taken[0].owner.as_str(), taken[0].take_time.is_some()), ("gwen", true));
    assert_eq!(refused(complete(&hub, "nia", "notices/n1").await).1, "MASH-E037");
    complete(&hub, "gwen", "notices/n1").await.unwrap();
    assert!(duties(&hub).await.is_empty());
    assert_eq!(refused(complete(&hub, "gwen", "notices/n1").await).0, Code::NotFound);
    let again = take(&hub, (BRIDGEND, "gwen"), ("notices/n1", "")).await;
    assert_eq!(refused(again).0, Code::NotFound, "a school's notice is not there for the desk");
}

async fn of_two_who_take_it_at_once_one_has_it_and_the_other_is_told_who(dialect: Dialect) {
    let hub = desk(dialect).await;
    for round in 0..8 {
        let notice = format!("n{round}");
        send_back(&hub, &notice).await;
        let name = format!("notices/{notice}");
        let (one, other) = tokio::join!(
            take(&hub, (BRIDGEND, "nia"), (&name, "")),
            take(&hub, (BRIDGEND, "gwen"), (&name, "")),
        );
        let shown = duties(&hub).await.into_iter().find(|it| it.name == name).unwrap().owner;
        match (one, other) {
            (Ok(one), refused) => {
                assert_eq!((one.taken_by.as_str(), shown.as_str()), ("nia", "nia"));
                assert_eq!(holder(refused), "nia");
            }
            (refused, other) => {
                let other = other.unwrap();
                assert_eq!((other.taken_by.as_str(), shown.as_str()), ("gwen", "gwen"));
                assert_eq!(holder(refused), "gwen");
            }
        }
    }
}

async fn a_notice_at_the_desk_is_taken_and_taken_over_by_name(dialect: Dialect) {
    let hub = desk(dialect).await;
    hub.release(&to_school("n1", &["mair"])).await;
    hub.until(E1, "mair", |notices| notices.len() == 1).await;
    let early = take(&hub, (BRIDGEND, "nia"), ("notices/n1", "")).await;
    assert_eq!(refused(early).0, Code::NotFound, "it is the school's still");
    hub.at("2026-11-19T08:45");
    hub.education.sweep().await;
    let at_desk = async || hub.list(BRIDGEND, "gwen").await.remove(0);
    assert_eq!(
        (at_desk().await.escalated_to.as_str(), at_desk().await.taken_by.as_str()),
        ("nia", "")
    );

    let first = take(&hub, (BRIDGEND, "gwen"), ("notices/n1", "")).await.unwrap();
    let again = take(&hub, (BRIDGEND, "gwen"), ("notices/n1", "")).await.unwrap();
    assert!(first == again, "she has it, and when she took it does not move");
    assert_eq!(holder(take(&hub, (BRIDGEND, "nia"), ("notices/n1", "")).await), "gwen");
    assert_eq!(holder(take(&hub, (BRIDGEND, "nia"), ("notices/n1", "sian")).await), "gwen");
    assert_eq!(at_desk().await.taken_by, "gwen");
    take(&hub, (BRIDGEND, "nia"), ("notices/n1", "gwen")).await.unwrap();
    assert_eq!(at_desk().await.taken_by, "nia");
    let shown = hub.get(BRIDGEND, "gwen", "n1").await.unwrap();
    assert_eq!((shown.taken_by.as_str(), shown.take_time.is_some()), ("nia", true));
    let school = hub.get(E1, "mair", "n1").await.unwrap();
    assert_eq!(school.taken_by, "", "who of the desk has it is the desk's");

    hub.acknowledge((E1, "mair"), "n1", 1, &id()).await.unwrap();
    let over = take(&hub, (BRIDGEND, "gwen"), ("notices/n1", "nia")).await;
    assert_eq!(refused(over).1, "MASH-E021", "nobody waits for anybody any more");
}

async fn what_could_not_be_read_is_at_the_desk_of_its_school(dialect: Dialect) {
    let hub = desk(dialect).await;
    for (key, nonce) in [(E1, "a"), ("school/6732301", "b"), (BRIDGEND, "c")] {
        hub.publish_bytes(key, nonce.to_owned(), vec![0xff; 3]).await;
    }
    let both = async {
        loop {
            let found = duties(&hub).await;
            if found.len() == 2 {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(std::time::Duration::from_secs(20), both).await.unwrap();
    let mut about: Vec<_> = found.iter().map(|it| it.establishment.as_str()).collect();
    about.sort_unstable();
    assert_eq!(about, ["", "establishments/6722301"], "another authority's is not there");
    for duty in &found {
        assert_eq!((duty.duty_code.as_str(), duty.owner.as_str()), ("unreadable", "nia"));
        assert!(duty.error_code.starts_with("MASH-"), "{}", duty.error_code);
        assert_eq!(duty.due_time.unwrap().seconds - duty.arise_time.unwrap().seconds, 3_600);
        take(&hub, (BRIDGEND, "gwen"), (&duty.name, "")).await.unwrap();
        assert_eq!(holder(take(&hub, (BRIDGEND, "nia"), (&duty.name, "")).await), "gwen");
    }
    hub.officers(DUTY, &["nia"]).await;
    let mut tx = hub.store.begin().await.unwrap();
    sqlx::query("UPDATE dead_letters SET state = 'REDRIVEN'").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(duties(&hub).await.is_empty(), "it was sent round again");
    let gone = take(&hub, (BRIDGEND, "nia"), (&found[0].name, "gwen")).await;
    assert_eq!(refused(gone).0, Code::NotFound);
}

async fn only_officers_of_the_duty_desk_have_any_of_it(dialect: Dialect) {
    let hub = desk(dialect).await;
    hub.officers("home-education", &["elin"]).await;
    send_back(&hub, "n1").await;
    for (organisation, officer) in
        [(BRIDGEND, "elin"), (BRIDGEND, "stranger"), ("authority/673", "nia")]
    {
        let who = (organisation, officer);
        let listed = page(&hub, who, wire::ListDutiesRequest::default()).await;
        assert_eq!(refused(listed).0, Code::NotFound, "{organisation} {officer}");
        let taken = take(&hub, who, ("notices/n1", "")).await;
        assert_eq!(refused(taken).0, Code::NotFound, "{organisation} {officer}");
    }
    let school = page(&hub, (E1, "mair"), wire::ListDutiesRequest::default()).await;
    assert_eq!(refused(school).1, "MASH-C002");
    for name in ["", "notices/", "dead-letters/none", "notices/none", "x"] {
        let answer = take(&hub, (BRIDGEND, "nia"), (name, "")).await;
        assert!(
            matches!(refused(answer).0, Code::NotFound | Code::InvalidArgument),
            "{name} is nothing that can be taken"
        );
    }
}

async fn pages_leave_nothing_out(dialect: Dialect) {
    let hub = desk(dialect).await;
    // All at the same instant: the clock stands still.
    for notice in 0..5 {
        send_back(&hub, &format!("n{notice}")).await;
    }
    for (nonce, length) in [("a", 3), ("b", 4)] {
        hub.publish_bytes(E1, nonce.to_owned(), vec![0xff; length]).await;
    }
    let all = async {
        while duties(&hub).await.len() < 7 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), all).await.unwrap();
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = wire::ListDutiesRequest { page_size: 2, page_token };
        let answer = page(&hub, (BRIDGEND, "nia"), request).await.unwrap();
        assert!(answer.duties.len() <= 2);
        seen.extend(answer.duties.into_iter().map(|it| it.name));
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let all: Vec<String> = duties(&hub).await.into_iter().map(|it| it.name).collect();
    assert_eq!(seen, all);
    for (page_size, page_token) in [(501, ""), (-1, ""), (0, "x"), (0, "x.y")] {
        let request = wire::ListDutiesRequest { page_size, page_token: page_token.into() };
        let answer = page(&hub, (BRIDGEND, "nia"), request).await;
        assert_eq!(refused(answer).0, Code::InvalidArgument, "{page_size} {page_token}");
    }
}
