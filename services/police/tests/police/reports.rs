//! Reporting, amending, withdrawing and reading, with every bad input that is police's.

use std::time::Duration;

use futures::future::join_all;
use mash_bus::topics;
use mash_proto::{envelope::unwrap, police::v1 as wire, r#type::v1 as common};
use mash_store::Dialect;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::support::{
    Hub, by, case_of, child, id, incident, report, reported, time, told, violations,
};

on_both! {
    a_report_is_stored_and_told_once,
    sixty_four_racing_copies_are_one_incident,
    racing_reports_of_one_incident_are_one_incident,
    racing_reports_with_one_request_id_are_one_report,
    a_burst_of_different_reports_is_stored_whole,
    a_reused_request_id_with_other_content_is_refused,
    the_same_occurrence_again_is_to_be_amended,
    another_force_finds_nothing,
    an_amendment_is_a_revision_and_never_a_second_incident,
    a_withdrawal_is_told_once,
    every_bad_field_is_named_at_once,
    ten_thousand_children_are_refused_in_one_line,
    twenty_megabytes_are_refused_clearly,
    a_call_without_a_practitioner_or_by_a_school_is_refused,
    accesses_are_recorded,
}

async fn a_report_is_stored_and_told_once(hub: Hub) {
    let mut client = hub.client("police/62");
    let sent = incident("2600000001");
    let stored = reported(&mut client, sent.clone()).await;
    assert_eq!((stored.revision, stored.state().as_str_name()), (1, "INCIDENT_STATE_ACTIVE"));
    assert!(stored.children == sent.children && stored.narrative == sent.narrative);
    let name = stored.name.clone();
    let read = client.get_incident(by(wire::GetIncidentRequest { name })).await.unwrap();
    assert!(read.into_inner().incident.unwrap() == stored);

    let events = hub.events(topics::SUBMITTED, 1).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].subject, case_of(&stored));
    let event: wire::IncidentReported = unwrap(&events[0]).unwrap();
    assert_eq!(event.case_id, case_of(&stored));
    assert!(event.incident.unwrap() == stored);
}

async fn sixty_four_racing_copies_are_one_incident(hub: Hub) {
    let client = hub.client("police/62");
    let request_id = id();
    let calls = (0..64).map(|_| {
        let (mut client, request) = (client.clone(), report(&request_id, incident("2600000002")));
        async move {
            client
                .report_domestic_abuse_incident(request)
                .await
                .unwrap()
                .into_inner()
                .incident
                .unwrap()
        }
    });
    let answers = join_all(calls).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "all get the first answer");
    assert_eq!(hub.events(topics::SUBMITTED, 1).await.len(), 1);
    assert_eq!(hub.police.reconcile().await.unwrap().incidents, 1);
    // Much later, in another batch, with the clock moved on: still the first answer.
    hub.clock.advance(jiff::SignedDuration::from_mins(90));
    let again = client
        .clone()
        .report_domestic_abuse_incident(report(&request_id, incident("2600000002")))
        .await;
    assert!(again.unwrap().into_inner().incident.unwrap() == answers[0]);
}

async fn racing_reports_of_one_incident_are_one_incident(hub: Hub) {
    let client = hub.client("police/62");
    let calls = (0..32).map(|_| {
        let (mut client, request) = (client.clone(), report(&id(), incident("2600000003")));
        async move { client.report_domestic_abuse_incident(request).await }
    });
    let (won, lost): (Vec<_>, Vec<_>) = join_all(calls).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 31));
    for refusal in lost {
        assert_eq!(told(refusal), (Code::AlreadyExists, "MASH-P004".to_owned()));
    }
    assert_eq!(hub.events(topics::SUBMITTED, 1).await.len(), 1);
}

async fn racing_reports_with_one_request_id_are_one_report(hub: Hub) {
    let client = hub.client("police/62");
    let request_id = id();
    let calls = (0..32).map(|number| {
        let request = report(&request_id, incident(&format!("29{number:08}")));
        let mut client = client.clone();
        async move { client.report_domestic_abuse_incident(request).await }
    });
    let (won, lost): (Vec<_>, Vec<_>) = join_all(calls).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 31));
    for refusal in lost {
        assert_eq!(told(refusal), (Code::AlreadyExists, "MASH-P002".to_owned()));
    }
    assert_eq!(hub.events(topics::SUBMITTED, 1).await.len(), 1);
}

async fn a_burst_of_different_reports_is_stored_whole(hub: Hub) {
    let client = hub.client("police/62");
    let calls = (0..300).map(|number| {
        // Every tenth has a fault, and spoils none of its neighbours.
        let mut incident = incident(&format!("26{number:08}"));
        if number % 10 == 0 {
            incident.children[0].nhs_number = "1".to_owned();
        }
        let (mut client, request) = (client.clone(), report(&id(), incident));
        async move { client.report_domestic_abuse_incident(request).await }
    });
    let stored = join_all(calls).await.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(stored, 270);
    let counts = hub.police.reconcile().await.unwrap();
    assert_eq!(
        (counts.incidents, counts.children, counts.children_without_outcome),
        (270, 540, 540)
    );
    assert_eq!(hub.events(topics::SUBMITTED, 270).await.len(), 270);
}

async fn a_reused_request_id_with_other_content_is_refused(hub: Hub) {
    let mut client = hub.client("police/62");
    let request_id = id();
    client
        .report_domestic_abuse_incident(report(&request_id, incident("2600000004")))
        .await
        .unwrap();
    let mut other = incident("2600000004");
    other.narrative = "Something else.".into();
    let refusal = client.report_domestic_abuse_incident(report(&request_id, other)).await;
    assert_eq!(told(refusal), (Code::AlreadyExists, "MASH-P002".to_owned()));
    // What the hub sets is no content.
    let mut same = incident("2600000004");
    (same.name, same.revision) = ("incidents/x".into(), 9);
    client.report_domestic_abuse_incident(report(&request_id, same)).await.unwrap();
    // Another organisation's ids are its own.
    let mut theirs = incident("2600000004");
    theirs.force_code = "61".into();
    hub.client("police/61")
        .report_domestic_abuse_incident(report(&request_id, theirs))
        .await
        .unwrap();
    assert_eq!(hub.events(topics::SUBMITTED, 2).await.len(), 2);
}

async fn the_same_occurrence_again_is_to_be_amended(hub: Hub) {
    let mut client = hub.client("police/62");
    let stored = reported(&mut client, incident("AB-2600000005")).await;
    let refusal =
        client.report_domestic_abuse_incident(report(&id(), incident("ab-2600000005"))).await;
    let status = refusal.err().unwrap();
    let info = status.get_error_details().error_info().cloned().unwrap();
    assert_eq!((status.code(), info.reason.as_str()), (Code::AlreadyExists, "MASH-P004"));
    assert_eq!(info.metadata.get("incident"), Some(&stored.name));
}

async fn another_force_finds_nothing(hub: Hub) {
    let stored = reported(&mut hub.client("police/62"), incident("2600000006")).await;
    let mut gwent = hub.client("police/61");
    let not_found = (Code::NotFound, "MASH-P006".to_owned());
    let unknown = "incidents/00000000-0000-8000-8000-000000000000".to_owned();
    for name in [stored.name.clone(), unknown] {
        let get = wire::GetIncidentRequest { name: name.clone() };
        assert_eq!(told(gwent.get_incident(by(get)).await), not_found);
        let watch = wire::WatchOutcomesRequest { incident: name.clone(), snapshot_only: true };
        assert_eq!(told(gwent.watch_outcomes(by(watch)).await), not_found);
        let reason = wire::WithdrawalReason::WrongChild.into();
        let withdraw =
            wire::WithdrawIncidentRequest { request_id: id(), name: name.clone(), reason };
        assert_eq!(told(gwent.withdraw_incident(by(withdraw)).await), not_found);
        let theirs = wire::Incident { name, force_code: "61".into(), ..incident("2600000006") };
        let amend = wire::AmendIncidentRequest {
            request_id: id(),
            incident: Some(theirs),
            expected_revision: 1,
        };
        assert_eq!(told(gwent.amend_incident(by(amend)).await), not_found);
    }
    assert_eq!(hub.events(topics::SUBMITTED, 1).await.len(), 1);
}

fn amend(
    incident: &wire::Incident,
    expected_revision: i32,
    request_id: &str,
) -> wire::AmendIncidentRequest {
    let (request_id, incident) = (request_id.to_owned(), Some(incident.clone()));
    wire::AmendIncidentRequest { request_id, incident, expected_revision }
}

async fn an_amendment_is_a_revision_and_never_a_second_incident(hub: Hub) {
    let mut client = hub.client("police/62");
    let mut stored = reported(&mut client, incident("2600000007")).await;
    stored.children[1].present = common::Answer::No.into();
    stored.children.push(child("c3", "Elin"));
    let request_id = id();
    let amended = client.amend_incident(by(amend(&stored, 1, &request_id))).await.unwrap();
    let amended = amended.into_inner().incident.unwrap();
    assert_eq!((amended.revision, &amended.name), (2, &stored.name));
    assert!(amended.reported_time == stored.reported_time && amended.children == stored.children);
    // The same again has the same answer; a stale copy has none.
    let again = client.amend_incident(by(amend(&stored, 1, &request_id))).await.unwrap();
    assert!(again.into_inner().incident.unwrap() == amended);
    let stale = client.amend_incident(by(amend(&stored, 1, &id()))).await;
    assert_eq!(told(stale), (Code::Aborted, "MASH-P003".to_owned()));
    let moved = wire::Incident { occurrence_number: "2600000099".into(), ..amended.clone() };
    let moved = client.amend_incident(by(amend(&moved, 2, &id()))).await;
    assert_eq!(
        violations(moved),
        [("incident.occurrence_number".to_owned(), "MASH-P121".to_owned())]
    );
    // Of racing amendments of one revision one is made.
    let races = (0..8).map(|_| {
        let (mut client, request) = (client.clone(), by(amend(&amended, 2, &id())));
        async move { client.amend_incident(request).await.is_ok() }
    });
    let won = join_all(races).await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    let events = hub.events(topics::SUBMITTED, 3).await;
    let revisions: Vec<_> = events
        .iter()
        .map(|event| unwrap::<wire::IncidentReported>(event).unwrap().incident.unwrap().revision)
        .collect();
    assert_eq!(revisions, [1, 2, 3], "in order, on one key");
    assert_eq!(hub.police.reconcile().await.unwrap().children, 3);
}

async fn a_withdrawal_is_told_once(hub: Hub) {
    let mut client = hub.client("police/62");
    let stored = reported(&mut client, incident("2600000008")).await;
    let withdraw = |request_id: &str, reason: wire::WithdrawalReason| {
        let (request_id, name, reason) =
            (request_id.to_owned(), stored.name.clone(), reason.into());
        by(wire::WithdrawIncidentRequest { request_id, name, reason })
    };
    let unspecified =
        client.withdraw_incident(withdraw(&id(), wire::WithdrawalReason::Unspecified)).await;
    assert_eq!(violations(unspecified), [("reason".to_owned(), "MASH-P102".to_owned())]);
    let request_id = id();
    let first =
        client.withdraw_incident(withdraw(&request_id, wire::WithdrawalReason::WrongChild)).await;
    let first = first.unwrap().into_inner().incident.unwrap();
    assert_eq!((first.state().as_str_name(), first.revision), ("INCIDENT_STATE_WITHDRAWN", 2));
    for request_id in [request_id, id()] {
        let again = client
            .withdraw_incident(withdraw(&request_id, wire::WithdrawalReason::WrongChild))
            .await;
        assert!(again.unwrap().into_inner().incident.unwrap() == first);
    }
    let late = client.amend_incident(by(amend(&stored, 1, &id()))).await;
    assert_eq!(told(late), (Code::FailedPrecondition, "MASH-P005".to_owned()));
    let events = hub.events(topics::SUBMITTED, 2).await;
    assert_eq!(events.len(), 2);
    let withdrawn: wire::IncidentWithdrawn = unwrap(&events[1]).unwrap();
    assert_eq!((withdrawn.revision, withdrawn.force_code.as_str()), (2, "62"));
    assert!(withdrawn.reason() == wire::WithdrawalReason::WrongChild);
}

async fn every_bad_field_is_named_at_once(hub: Hub) {
    let mut client = hub.client("police/62");
    let mut bad = incident("2600000009");
    bad.attended_time = time("2026-11-18T03:00:00Z");
    bad.children[0].nhs_number = "9434765918".into();
    bad.children[0].upn = "A801200005001".into();
    bad.children[0].date_of_birth = Some(common::Date { year: 2027, month: 1, day: 1 });
    bad.children[1].date_of_birth = Some(common::Date { year: 2000, month: 1, day: 1 });
    let school = wire::StatedEstablishment { stated_name: String::new(), laestab: "672".into() };
    bad.children[1].stated_establishment = Some(school);
    bad.children.push(child("c1", "Elin"));
    bad.force_code = "61".into();
    let refusal = client.report_domestic_abuse_incident(report("not-a-uuid", bad)).await;
    let found = violations(refusal);
    for (field, code) in [
        ("request_id", "MASH-P119"),
        ("incident.force_code", "MASH-P114"),
        ("incident.attended_time", "MASH-P111"),
        ("incident.children[0].nhs_number", "MASH-P105"),
        ("incident.children[0].upn", "MASH-P106"),
        ("incident.children[0].date_of_birth", "MASH-P109"),
        ("incident.children[1].date_of_birth", "MASH-P110"),
        ("incident.children[1].stated_establishment.laestab", "MASH-P107"),
        ("incident.children[2].ref", "MASH-P115"),
    ] {
        assert!(found.contains(&(field.to_owned(), code.to_owned())), "{field} in {found:?}");
    }
    assert_eq!(found.len(), 9, "{found:?}");
    let empty = wire::ReportDomesticAbuseIncidentRequest { request_id: id(), incident: None };
    let refusal = client.report_domestic_abuse_incident(by(empty)).await;
    assert_eq!(violations(refusal), [("incident".to_owned(), "MASH-P101".to_owned())]);
    let none = wire::Incident { children: Vec::new(), ..incident("2600000009") };
    let refusal = client.report_domestic_abuse_incident(report(&id(), none)).await;
    assert_eq!(violations(refusal), [("incident.children".to_owned(), "MASH-P101".to_owned())]);
    let nobodys = wire::Incident { force_code: "99".into(), ..incident("2600000009") };
    let refusal = client.report_domestic_abuse_incident(report(&id(), nobodys)).await;
    assert_eq!(violations(refusal), [("incident.force_code".to_owned(), "MASH-P113".to_owned())]);
    assert_eq!(hub.police.reconcile().await.unwrap().incidents, 0, "nothing was kept");
}

async fn ten_thousand_children_are_refused_in_one_line(hub: Hub) {
    let mut many = incident("2600000010");
    many.children = (0..10_000).map(|number| child(&format!("c{number}"), "Carys")).collect();
    let refusal = hub.client("police/62").report_domestic_abuse_incident(report(&id(), many)).await;
    assert_eq!(violations(refusal), [("incident.children".to_owned(), "MASH-P103".to_owned())]);
}

async fn twenty_megabytes_are_refused_clearly(hub: Hub) {
    let mut client = hub.client("police/62");
    let mut large = incident("2600000011");
    large.narrative = "x".repeat(20 << 20);
    let refusal = client.report_domestic_abuse_incident(report(&id(), large)).await;
    assert_eq!(told(refusal), (Code::ResourceExhausted, "MASH-C004".to_owned()));
    reported(&mut client, incident("2600000011")).await;
}

async fn a_call_without_a_practitioner_or_by_a_school_is_refused(hub: Hub) {
    let name = "incidents/00000000-0000-8000-8000-000000000000".to_owned();
    let request = tonic::Request::new(wire::GetIncidentRequest { name: name.clone() });
    let refusal = hub.client("police/62").get_incident(request).await;
    assert_eq!(told(refusal).1, "MASH-C003");
    let refusal =
        hub.client("school/6722301").get_incident(by(wire::GetIncidentRequest { name })).await;
    assert_eq!(told(refusal), (Code::PermissionDenied, "MASH-C002".to_owned()));
}

async fn accesses_are_recorded(hub: Hub) {
    let mut client = hub.client("police/62");
    let name = reported(&mut client, incident("2600000012")).await.name;
    client.get_incident(by(wire::GetIncidentRequest { name })).await.unwrap();
    let mut conn = hub.store.read().await.unwrap();
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT organisation, practitioner, action FROM police_accesses ORDER BY seq",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    let expected = ["report", "read"]
        .map(|action| ("police/62".to_owned(), "PC-4711".to_owned(), action.to_owned()));
    assert_eq!(rows, expected);
}

/// What waits beyond the queue is refused at once, with when to come back, and nothing of it is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_when_to_come_back() {
    let hub = Hub::start_with(Dialect::Sqlite, 1).await;
    // Holding the one writer of SQLite makes the store as slow as one likes.
    let held = hub.store.begin().await.unwrap();
    let client = hub.client("police/62");
    let calls: Vec<_> = (0..20)
        .map(|number| {
            let (mut client, request) =
                (client.clone(), report(&id(), incident(&format!("27{number:08}"))));
            tokio::spawn(async move { client.report_domestic_abuse_incident(request).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    held.rollback().await.unwrap();
    let mut stored = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => stored += 1,
            Err(status) => {
                let details = status.get_error_details();
                assert_eq!(
                    told::<()>(Err(status)),
                    (Code::ResourceExhausted, "MASH-P007".to_owned())
                );
                assert!(details.retry_info().unwrap().retry_delay.is_some());
            }
        }
    }
    assert!((1..20).contains(&stored), "{stored} were stored");
    assert_eq!(hub.police.reconcile().await.unwrap().incidents, stored);
}

/// Two processes on one database: what is raced between them has one effect as well.
#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_that_race_make_one_incident() {
    let one = Hub::start(Dialect::Postgres).await;
    let two = one.replica().await;
    let clients = [one.client("police/62"), two.client("police/62")];
    for round in 0..20 {
        let request_id = id();
        let calls = (0..16).map(|number| {
            let mut client = clients[number % 2].clone();
            let request = report(&request_id, incident(&format!("28{round:08}")));
            async move {
                client.report_domestic_abuse_incident(request).await.unwrap().into_inner().incident
            }
        });
        let answers = join_all(calls).await;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "round {round}");
    }
    assert_eq!(one.police.reconcile().await.unwrap().incidents, 20);
    assert_eq!(one.events(topics::SUBMITTED, 20).await.len(), 20);
}
