//! What rests on consent goes, and stops.

use std::time::Duration;

use mash_proto::sharing::v1 as wire;
use mash_store::Dialect;

use crate::support::{FORCE, Hub, by, case, given, refused_by_parent, view};

on_both![
    a_given_consent_releases_and_a_withdrawal_stops,
    no_agreement_no_release,
    a_later_refusal_stops_what_was_given_before,
    a_consent_that_has_run_out_stops_by_itself,
    a_competent_child_is_heard,
    a_duty_never_waits_for_consent,
];

const FIRST: &str = "revision 1 [1, 3, 4, 17]";

async fn a_given_consent_releases_and_a_withdrawal_stops(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.agree().await;
    hub.report(case(1), 1).await;
    assert!(hub.story().await.is_empty(), "nobody has agreed to anything");
    let consent = hub.record(FORCE, given(case(1))).await.unwrap();
    assert_eq!(hub.story().await, [FIRST]);
    hub.report(case(1), 2).await;
    let two = [FIRST, "revision 2 [1, 3, 4, 17]"];
    assert_eq!(hub.story().await, two);

    hub.at("2026-11-19T09:00:00Z");
    let withdrawn = hub.withdraw(FORCE, &consent).await.unwrap();
    assert_eq!((withdrawn.kept_back, withdrawn.stop_notices), (0, 1));
    hub.report(case(1), 3).await;
    let stopped = [two[0], two[1], "stop: consent-withdrawn"];
    assert_eq!(hub.story().await, stopped, "and what was shared before stays on record");
    let decisions = hub.decisions(case(1)).await;
    assert_eq!(decisions.len(), 4, "each refusal is on record too");
    let none: Vec<String> = Vec::new();
    let why = vec!["consent-withdrawn".to_owned()];
    assert_eq!(decisions, [none.clone(), none, why.clone(), why]);

    hub.record(FORCE, given(case(1))).await.unwrap();
    let again = [stopped[0], stopped[1], stopped[2], "revision 3 [1, 3, 4, 17]"];
    assert_eq!(hub.story().await, again, "a new consent is a new beginning");
}

async fn no_agreement_no_release(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.report(case(1), 1).await;
    hub.record(FORCE, given(case(1))).await.unwrap();
    assert!(hub.story().await.is_empty());
    assert_eq!(hub.decisions(case(1)).await, [["agreement-not-live"]]);
}

async fn a_later_refusal_stops_what_was_given_before(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.agree().await;
    hub.report(case(1), 1).await;
    hub.record(FORCE, given(case(1))).await.unwrap();
    assert_eq!(hub.story().await, [FIRST]);
    hub.record(FORCE, refused_by_parent(case(1))).await.unwrap();
    assert_eq!(hub.story().await, [FIRST, "stop: consent-refused"]);
}

async fn a_consent_that_has_run_out_stops_by_itself(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.agree().await;
    hub.report(case(1), 1).await;
    let consent = hub.record(FORCE, given(case(1))).await.unwrap();
    assert_eq!(hub.story().await, [FIRST]);
    hub.at("2027-01-01T00:00:00Z");
    let request = wire::GetConsentRequest { name: consent.name.clone() };
    let read = hub.of(FORCE).get_consent(by("p1", request)).await.unwrap().into_inner();
    assert_eq!(read.consent.unwrap().state().as_str_name(), "CONSENT_STATE_EXPIRED");
    // The sweep looks every two seconds.
    for _ in 0..100 {
        if hub.story().await.len() > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(hub.story().await, [FIRST, "stop: consent-expired"]);
    hub.report(case(1), 2).await;
    assert_eq!(hub.story().await.len(), 2);
}

async fn a_competent_child_is_heard(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.agree().await;
    hub.report(case(1), 1).await;
    hub.record(FORCE, given(case(1))).await.unwrap();
    assert_eq!(hub.story().await, [FIRST]);
    let objects = view(case(1), wire::ConsentView::Objects);
    hub.of(FORCE).record_child_view(by("p1", objects)).await.unwrap();
    let stopped = [FIRST, "stop: child-objects"];
    assert_eq!(hub.story().await, stopped);
    hub.report(case(1), 2).await;
    assert_eq!(hub.story().await, stopped);
    let agrees = view(case(1), wire::ConsentView::Agrees);
    hub.of(FORCE).record_child_view(by("p1", agrees)).await.unwrap();
    assert_eq!(hub.story().await, [stopped[0], stopped[1], "revision 2 [1, 3, 4, 17]"]);
}

/// Whatever is on record, or whatever cannot be read of it, the duties go their way (P3).
async fn a_duty_never_waits_for_consent(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.agree().await;
    hub.report(case(1), 1).await;
    hub.record(FORCE, given(case(1))).await.unwrap();
    assert_eq!(hub.story().await, [FIRST]);
    let mut tx = hub.store.begin().await.unwrap();
    sqlx::query("UPDATE routing_consents SET payload = $1")
        .bind(b"\xff\xff".as_slice())
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    hub.report(case(1), 2).await;
    assert_eq!(hub.story().await, [FIRST, "stop: consent-missing"], "unknown is withheld");
    hub.report(case(2), 1).await;
}
