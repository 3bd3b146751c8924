//! What a key adult sees and does.

use mash_proto::{disclosure::v1::DisclosureReleased, education::v1 as wire};
use mash_store::{Dialect, dead_letters};
use tokio_stream::StreamExt as _;
use tonic::Code;

use crate::support::{BRIDGEND, E1, Hub, by, content, id, london, refused, to_school};

on_both!(
    a_key_adult_reads_and_acknowledges_once,
    nobody_else_sees_it,
    a_revision_is_never_acknowledged_unseen,
    a_rejected_notice_loses_its_content_for_good,
    a_recalled_notice_is_wiped_and_its_deletion_confirmed,
    a_recall_that_comes_first_keeps_the_notice_away,
    what_is_no_notice_becomes_a_dead_letter,
    who_watches_sees_what_is_hers,
    a_page_follows_a_page,
    odd_requests_are_told_what_is_wrong,
    copies_that_race_have_one_effect,
    an_acknowledgement_survives_a_revision_that_races_it,
);

fn one(notices: &[wire::Notice]) -> bool {
    notices.len() == 1
}

async fn a_key_adult_reads_and_acknowledges_once(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    let release = to_school("n1", &["mair"]);
    hub.release(&release).await;
    let listed = hub.until(E1, "mair", one).await.remove(0);
    assert!(listed.content.is_none(), "a list tells nothing");
    assert_eq!(listed.deliver_by_time.unwrap().seconds, london("2026-11-19T08:55").as_second());
    assert!(!listed.calendar_uncertain);
    assert_eq!(listed.addressee, "mair");
    assert!(listed.sealed && listed.rule_ids.is_empty(), "nor by which rules it came");

    hub.at("2026-11-19T07:45");
    let read = hub.get(E1, "mair", "n1").await.unwrap();
    assert_eq!(read.content.unwrap().child.unwrap().given_names, "Carys");
    assert!(read.state == i32::from(wire::NoticeState::Opened));
    hub.get(E1, "mair", "n1").await.unwrap();

    hub.at("2026-11-19T07:50");
    let request = id();
    let done = hub.acknowledge((E1, "mair"), "n1", 1, &request).await.unwrap();
    assert!(
        done.state == i32::from(wire::NoticeState::Acknowledged) && done.acknowledged_by == "mair"
    );
    assert_eq!(done.acknowledge_time.unwrap().seconds, london("2026-11-19T07:50").as_second());
    hub.at("2026-11-19T07:55");
    let again = hub.acknowledge((E1, "mair"), "n1", 1, &request).await.unwrap();
    assert!(again == done, "a repeat gets the first answer");
    hub.acknowledge((E1, "mair"), "n1", 1, &id()).await.unwrap();
    let reused = refused(hub.acknowledge((E1, "mair"), "n1", 2, &request).await);
    assert_eq!(reused, (Code::AlreadyExists, "MASH-E023".to_owned()));
    // The same event a second time, as the bus may bring it.
    hub.release(&release).await;
    assert_eq!(
        hub.receipts(3).await,
        ["DELIVERED   r1", "OPENED mair  r1", "ACKNOWLEDGED mair  r1"]
    );
}

async fn nobody_else_sees_it(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    hub.officers("education-duty", &["officer"]).await;
    hub.release(&to_school("n1", &["owen"])).await;
    hub.release(&DisclosureReleased { recipient: other_school(), ..to_school("n2", &["mair"]) })
        .await;
    hub.until(E1, "owen", one).await;
    hub.until("school/6722302", "mair", one).await;
    for (organisation, practitioner) in [
        (E1, "mair"),
        (E1, "Owen"),
        ("school/6722303", "owen"),
        (BRIDGEND, "officer"),
        (BRIDGEND, "owen"),
    ] {
        assert_eq!(
            hub.list(organisation, practitioner).await.len(),
            0,
            "{organisation} {practitioner}"
        );
        let hidden = refused(hub.get(organisation, practitioner, "n1").await);
        let absent = refused(hub.get(organisation, practitioner, "nothing").await);
        assert_eq!(hidden, absent, "hidden and absent look the same");
        assert_eq!(hidden.0, Code::NotFound);
        let answer = hub.acknowledge((organisation, practitioner), "n1", 1, &id()).await;
        assert_eq!(refused(answer).0, Code::NotFound);
    }
    let reject = wire::RejectNoticeRequest { request_id: id(), name: "notices/n1".into() };
    let answer = hub.notices(E1).reject_notice(by("mair", reject)).await;
    assert_eq!(refused(answer).0, Code::NotFound);
    let nameless = hub.notices(E1).list_notices(wire::ListNoticesRequest::default()).await;
    assert_eq!(refused(nameless).1, "MASH-C003", "a practitioner must be named");
}

fn other_school() -> Option<mash_proto::r#type::v1::Organisation> {
    let other: mash_domain::organisation::OrganisationId = "school/6722302".parse().unwrap();
    Some((&other).into())
}

async fn a_revision_is_never_acknowledged_unseen(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    hub.release(&to_school("n1", &["mair"])).await;
    hub.until(E1, "mair", one).await;
    hub.get(E1, "mair", "n1").await.unwrap();
    let second = DisclosureReleased {
        revision: 2,
        content: content("Carys Mair"),
        ..to_school("n1", &["mair"])
    };
    hub.release(&second).await;
    hub.until(E1, "mair", |notices| notices[0].revision == 2).await;
    let stale = refused(hub.acknowledge((E1, "mair"), "n1", 1, &id()).await);
    assert_eq!(stale, (Code::Aborted, "MASH-E022".to_owned()));
    let read = hub.get(E1, "mair", "n1").await.unwrap();
    assert_eq!(read.content.unwrap().child.unwrap().given_names, "Carys Mair");
    hub.acknowledge((E1, "mair"), "n1", 2, &id()).await.unwrap();

    // Addressees may change too: the new one sees it, the old one no longer.
    hub.release(&DisclosureReleased { revision: 3, addressees: vec!["owen".into()], ..second })
        .await;
    let changed = hub.until(E1, "owen", one).await.remove(0);
    assert!(changed.state == i32::from(wire::NoticeState::Acknowledged), "the duty was discharged");
    assert_eq!(
        (changed.revision, changed.acknowledged_revision),
        (3, 2),
        "and it shows as changed"
    );
    assert_eq!(hub.list(E1, "mair").await.len(), 0);
}

async fn a_rejected_notice_loses_its_content_for_good(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    hub.release(&to_school("n1", &["mair"])).await;
    hub.until(E1, "mair", one).await;
    hub.at("2026-11-19T07:30");
    let request = wire::RejectNoticeRequest { request_id: id(), name: "notices/n1".into() };
    for _ in 0..2 {
        let answer =
            hub.notices(E1).reject_notice(by("mair", request.clone())).await.unwrap().into_inner();
        assert!(answer.notice.unwrap().state == i32::from(wire::NoticeState::Rejected));
    }
    assert!(hub.get(E1, "mair", "n1").await.unwrap().content.is_none());
    let answer = refused(hub.acknowledge((E1, "mair"), "n1", 1, &id()).await);
    assert_eq!(answer, (Code::FailedPrecondition, "MASH-E021".to_owned()));
    hub.release(&DisclosureReleased { revision: 2, ..to_school("n1", &["mair"]) }).await;
    hub.release(&to_school("n2", &["mair"])).await;
    let notices = hub.until(E1, "mair", |notices| notices.len() == 2).await;
    let rejected = notices.iter().find(|notice| notice.name == "notices/n1").unwrap();
    assert_eq!(rejected.revision, 1, "what was on its way does not come back");
    let mut receipts = hub.receipts(3).await;
    receipts.sort_unstable();
    assert_eq!(receipts, ["DELIVERED   r1", "DELIVERED   r1", "REJECTED mair not-on-roll r1"]);
    assert!(!hub.leaks("Carys", "n1").await, "not in the table either");
}

async fn a_recalled_notice_is_wiped_and_its_deletion_confirmed(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    let release = to_school("n1", &["mair"]);
    hub.release(&release).await;
    hub.until(E1, "mair", one).await;
    hub.get(E1, "mair", "n1").await.unwrap();
    hub.at("2026-11-19T07:20");
    hub.recall(&release).await;
    let recalled = hub.until(E1, "mair", |notices| notices[0].deletion_requested).await.remove(0);
    assert_eq!(recalled.recall_reason_code, "wrong-child");
    assert!(hub.get(E1, "mair", "n1").await.unwrap().content.is_none());
    assert!(!hub.leaks("Carys", "n1").await);
    assert_eq!(
        refused(hub.acknowledge((E1, "mair"), "n1", 1, &id()).await).0,
        Code::FailedPrecondition
    );
    let open = by(
        "mair",
        wire::ListNoticesRequest { open_only: true, ..wire::ListNoticesRequest::default() },
    );
    assert_eq!(hub.notices(E1).list_notices(open).await.unwrap().into_inner().notices.len(), 0);
    let request = wire::ConfirmDeletionRequest { request_id: id(), name: "notices/n1".into() };
    let answer = hub.notices(E1).confirm_deletion(by("mair", request)).await.unwrap().into_inner();
    assert!(answer.notice.unwrap().state == i32::from(wire::NoticeState::Deleted));
    assert_eq!(hub.receipts(3).await, ["DELIVERED   r1", "OPENED mair  r1", "DELETED mair  r1"]);
}

async fn a_recall_that_comes_first_keeps_the_notice_away(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    let release = to_school("n1", &["mair"]);
    hub.recall(&release).await;
    // As when the release had been a dead letter and is sent round again.
    hub.release(&release).await;
    hub.release(&to_school("n2", &["mair"])).await;
    let notices = hub.until(E1, "mair", |notices| !notices.is_empty()).await;
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].name, "notices/n2");
    assert_eq!(refused(hub.get(E1, "mair", "n1").await).0, Code::NotFound);
}

async fn what_is_no_notice_becomes_a_dead_letter(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    let bad = [
        DisclosureReleased { content: vec![0xff; 9], ..to_school("b1", &["mair"]) },
        DisclosureReleased { revision: 0, ..to_school("b2", &["mair"]) },
        DisclosureReleased { desk: 1, ..to_school("b3", &["mair"]) },
        DisclosureReleased { desk: 99, ..to_school("b4", &["mair"]) },
        DisclosureReleased { disclosure_id: String::new(), ..to_school("b5", &["mair"]) },
    ];
    for release in &bad {
        hub.release(release).await;
    }
    hub.publish_bytes(E1, id(), b"\xff\xff\xff".to_vec()).await;
    hub.release(&to_school("n1", &["mair"])).await;
    hub.until(E1, "mair", one).await;
    // A notice never moves from one organisation to another.
    let moved =
        DisclosureReleased { revision: 2, recipient: other_school(), ..to_school("n1", &["mair"]) };
    hub.release(&moved).await;
    hub.release(&DisclosureReleased { recipient: other_school(), ..to_school("n2", &["mair"]) })
        .await;
    hub.until("school/6722302", "mair", one).await;
    let mut letters = dead_letters::list(&hub.store, None, 100).await.unwrap();
    // What cannot be decoded at all is a dead letter of every reader of the topic.
    letters.retain(|letter| letter.group == "education");
    assert_eq!(letters.len(), 7);
    assert!(letters.iter().all(|letter| letter.owner == "education"));
    assert_eq!(letters.iter().filter(|letter| letter.code == "MASH-E025").count(), 6);
}

async fn who_watches_sees_what_is_hers(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    hub.release(&to_school("n1", &["mair"])).await;
    hub.until(E1, "mair", one).await;
    let request = by("mair", wire::WatchNoticesRequest {});
    let mut stream = hub.notices(E1).watch_notices(request).await.unwrap().into_inner();
    let mut next = async || {
        let message = tokio::time::timeout(std::time::Duration::from_secs(20), stream.next()).await;
        message.expect("in time").unwrap().unwrap().notice.unwrap()
    };
    let first = next().await;
    assert!(first.name == "notices/n1" && first.content.is_none());
    hub.release(&to_school("n2", &["owen"])).await;
    hub.until(E1, "owen", one).await;
    hub.acknowledge((E1, "mair"), "n1", 1, &id()).await.unwrap();
    let second = next().await;
    assert!(
        second.name == "notices/n1" && second.state == i32::from(wire::NoticeState::Acknowledged)
    );
    hub.release(&to_school("n3", &["mair"])).await;
    assert_eq!(next().await.name, "notices/n3", "Owen's was never told of");
}

async fn a_page_follows_a_page(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    for number in 0..5 {
        hub.release(&to_school(&format!("n{number}"), &["mair"])).await;
    }
    hub.until(E1, "mair", |notices| notices.len() == 5).await;
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = wire::ListNoticesRequest { page_size: 2, page_token, open_only: true };
        let page = hub.notices(E1).list_notices(by("mair", request)).await.unwrap().into_inner();
        names.extend(page.notices.into_iter().map(|notice| notice.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["notices/n0", "notices/n1", "notices/n2", "notices/n3", "notices/n4"]);
}

async fn odd_requests_are_told_what_is_wrong(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    for (notice, revision, request_id) in
        [("n1", 0, id()), ("n1", 1, "7".to_owned()), ("", 1, id()), ("a b", 1, id())]
    {
        let answer = refused(hub.acknowledge((E1, "mair"), notice, revision, &request_id).await);
        assert_eq!(
            answer,
            (Code::InvalidArgument, "MASH-E020".to_owned()),
            "{notice:?} {revision}"
        );
    }
    for request in [
        wire::ListNoticesRequest { page_size: 501, ..wire::ListNoticesRequest::default() },
        wire::ListNoticesRequest { page_token: "x".into(), ..wire::ListNoticesRequest::default() },
    ] {
        let answer = refused(hub.notices(E1).list_notices(by("mair", request)).await);
        assert_eq!(answer.0, Code::InvalidArgument);
    }
}

async fn copies_that_race_have_one_effect(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    let release = to_school("n1", &["mair"]);
    hub.release(&release).await;
    hub.until(E1, "mair", one).await;
    hub.confirm_roll((E1, "mair"), "n1").await.unwrap();
    let request = id();
    let client = hub.notices(E1);
    let copies: Vec<_> = (0..16)
        .map(|copy| {
            let (mut client, request) = (client.clone(), request.clone());
            // Half of them repeat one request, the others are requests of their own.
            let request_id = if copy % 2 == 0 { request } else { id() };
            let name = "notices/n1".to_owned();
            let message = wire::AcknowledgeNoticeRequest {
                request_id,
                name,
                revision: 1,
                ..wire::AcknowledgeNoticeRequest::default()
            };
            tokio::spawn(async move { client.acknowledge_notice(by("mair", message)).await })
        })
        .collect();
    for copy in copies {
        let notice = copy.await.unwrap().unwrap().into_inner().notice.unwrap();
        assert!(notice.state == i32::from(wire::NoticeState::Acknowledged));
    }
    assert_eq!(hub.receipts(2).await, ["DELIVERED   r1", "ACKNOWLEDGED mair  r1"]);
}

/// Whichever comes first, an acknowledgement is never undone by a revision that arrives at the same time.
async fn an_acknowledgement_survives_a_revision_that_races_it(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    for number in 0..20 {
        let notice = format!("n{number}");
        let release = to_school(&notice, &["mair"]);
        hub.release(&release).await;
        hub.until(E1, "mair", |notices| notices.len() == number + 1).await;
        let second = DisclosureReleased { revision: 2, ..release };
        let request = id();
        let (answer, ()) =
            tokio::join!(hub.acknowledge((E1, "mair"), &notice, 1, &request), hub.release(&second));
        let named = format!("notices/{notice}");
        let found = |notices: &[wire::Notice]| {
            notices.iter().any(|it| it.name == named && it.revision == 2)
        };
        let notices = hub.until(E1, "mair", found).await;
        let now = notices.into_iter().find(|it| it.name == named).unwrap();
        let acknowledged = now.state == i32::from(wire::NoticeState::Acknowledged);
        assert_eq!(acknowledged, answer.is_ok(), "{notice}");
    }
}
