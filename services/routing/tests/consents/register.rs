//! What is put on record, by whom, and what is refused.

use mash_proto::sharing::v1 as wire;
use mash_store::Dialect;
use tonic::Code;

use crate::support::{
    BRIDGEND, FORCE, Hub, PROVIDER, by, case, child_ref, faults, given, id, refused,
    refused_by_parent, service, view, withdrawal,
};

on_both![
    a_consent_is_recorded_read_and_withdrawn_once,
    a_repeated_request_gets_the_first_answer,
    strangers_find_nothing,
    a_provider_takes_back_what_names_it_and_sees_no_more,
    everything_that_is_wrong_is_said_at_once,
    what_has_ended_stays_ended,
];

async fn a_consent_is_recorded_read_and_withdrawn_once(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.report(case(1), 1).await;
    let consent = hub.record(FORCE, given(case(1))).await.unwrap();
    assert_eq!(consent.state().as_str_name(), "CONSENT_STATE_GIVEN");
    assert_eq!(consent.evidence.as_ref().unwrap().taken_by, "p1");
    let request = wire::GetConsentRequest { name: consent.name.clone() };
    let read = hub.of(BRIDGEND).get_consent(by("p2", request)).await.unwrap().into_inner();
    assert!(read.consent == Some(consent.clone()), "the authority of the child reads the same");

    let withdrawn = hub.withdraw(BRIDGEND, &consent).await.unwrap().consent.unwrap();
    assert_eq!(withdrawn.state().as_str_name(), "CONSENT_STATE_WITHDRAWN");
    assert_eq!(withdrawn.withdrawn_by().as_str_name(), "CONSENT_GIVER_PARENT");
    hub.at("2026-11-19T09:00:00Z");
    hub.record(FORCE, refused_by_parent(case(1))).await.unwrap();
    hub.of(FORCE)
        .record_child_view(by("p1", view(case(1), wire::ConsentView::Agrees)))
        .await
        .unwrap();
    let request = wire::ListConsentsRequest { incident: case(1).name(), child_ref: child_ref() };
    let listed = hub.of(FORCE).list_consents(by("p1", request)).await.unwrap().into_inner();
    let states: Vec<_> = listed.consents.iter().map(|it| it.state().as_str_name()).collect();
    assert_eq!(states, ["CONSENT_STATE_WITHDRAWN", "CONSENT_STATE_REFUSED"]);
    assert_eq!(listed.views.len(), 1);
}

async fn a_repeated_request_gets_the_first_answer(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.report(case(1), 1).await;
    let request = given(case(1));
    let first = hub.record(FORCE, request.clone()).await.unwrap();
    assert!(hub.record(FORCE, request.clone()).await.unwrap() == first);
    let other =
        wire::RecordConsentRequest { services: vec![service("provider/another")], ..request };
    assert_eq!(refused(hub.record(FORCE, other).await), (Code::AlreadyExists, "MASH-R011".into()));
    let request = withdrawal(&first);
    let answers = [request.clone(), request].map(|request| {
        let mut client = hub.of(FORCE);
        async move { client.withdraw_consent(by("p1", request)).await.unwrap().into_inner() }
    });
    let [one, two] = answers;
    assert!(one.await == two.await);
}

async fn strangers_find_nothing(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.report(case(1), 1).await;
    let consent = hub.record(FORCE, given(case(1))).await.unwrap();
    let nothing = (Code::NotFound, "MASH-C009".to_owned());
    for stranger in ["police/61", "authority/681"] {
        assert_eq!(refused(hub.record(stranger, given(case(1))).await), nothing);
        assert_eq!(refused(hub.withdraw(stranger, &consent).await), nothing);
        let request = wire::GetConsentRequest { name: consent.name.clone() };
        assert_eq!(refused(hub.of(stranger).get_consent(by("p1", request)).await), nothing);
    }
    assert_eq!(refused(hub.withdraw("provider/another", &consent).await), nothing);
    let no_child = wire::RecordConsentRequest { child_ref: "c99".to_owned(), ..given(case(1)) };
    assert_eq!(refused(hub.record(FORCE, no_child).await), nothing);
    assert_eq!(refused(hub.record(FORCE, given(case(2))).await), nothing, "no such case");
    let denied = hub.record("school/6722951", given(case(1))).await;
    assert_eq!(refused(denied).0, Code::PermissionDenied);
}

async fn a_provider_takes_back_what_names_it_and_sees_no_more(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.report(case(1), 1).await;
    let ours = hub.record(FORCE, given(case(1))).await.unwrap();
    let theirs = wire::RecordConsentRequest {
        services: vec![service("provider/another")],
        ..given(case(1))
    };
    let theirs = hub.record(FORCE, theirs).await.unwrap();
    let get = |name: &str| by("w1", wire::GetConsentRequest { name: name.to_owned() });
    assert!(hub.of(PROVIDER).get_consent(get(&ours.name)).await.is_ok());
    let other = hub.of(PROVIDER).get_consent(get(&theirs.name)).await;
    assert_eq!(refused(other).0, Code::NotFound);
    assert_eq!(refused(hub.withdraw(PROVIDER, &theirs).await).0, Code::NotFound);
    assert!(hub.withdraw(PROVIDER, &ours).await.is_ok());
}

async fn everything_that_is_wrong_is_said_at_once(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let empty = hub.record(FORCE, wire::RecordConsentRequest::default()).await;
    let expected = [
        ("request_id", "MASH-R120"),
        ("incident", "MASH-R121"),
        ("child_ref", "MASH-R121"),
        ("outcome", "MASH-R124"),
        ("giver", "MASH-R125"),
        ("information", "MASH-R125"),
        ("flows", "MASH-R123"),
        ("services", "MASH-R122"),
        ("evidence", "MASH-R120"),
    ];
    let expected = expected.map(|(field, code)| (field.to_owned(), code.to_owned()));
    assert_eq!(faults(empty), expected);

    let mut odd = given(case(1));
    odd.flows = vec!["advocate".to_owned(), "school".to_owned(), "everything".to_owned()];
    odd.services.push(service(BRIDGEND));
    odd.services.push(wire::ConsentedService::default());
    odd.evidence.as_mut().unwrap().reference = "signed by Mrs Bevan".to_owned();
    odd.until_time = None;
    odd.unsafe_reason = wire::UnsafeReason::Delay.into();
    let wrong = faults(hub.record(FORCE, odd).await);
    let fields: Vec<_> = wrong.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "unsafe_reason",
            "until_time",
            "flows[1]",
            "flows[2]",
            "services[1]",
            "services[2]",
            "evidence.reference"
        ]
    );
    hub.report(case(1), 1).await;
    hub.at("2027-02-01T00:00:00Z");
    let past = faults(hub.record(FORCE, given(case(1))).await);
    assert_eq!(past, [("until_time".to_owned(), "MASH-R126".to_owned())]);
}

async fn what_has_ended_stays_ended(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.report(case(1), 1).await;
    let consent = hub.record(FORCE, given(case(1))).await.unwrap();
    hub.withdraw(FORCE, &consent).await.unwrap();
    let again = refused(hub.withdraw(FORCE, &consent).await);
    assert_eq!(again, (Code::FailedPrecondition, "MASH-R131".to_owned()));
    let refusal = hub.record(FORCE, refused_by_parent(case(1))).await.unwrap();
    let never = refused(hub.withdraw(FORCE, &refusal).await);
    assert_eq!(never, (Code::FailedPrecondition, "MASH-R130".to_owned()));
    let by_child = wire::RecordConsentRequest {
        request_id: id(),
        giver: wire::ConsentGiver::Child.into(),
        ..given(case(1))
    };
    let outcome = refused(hub.record(FORCE, by_child.clone()).await);
    assert_eq!(outcome, (Code::FailedPrecondition, "MASH-R129".to_owned()));
    hub.of(FORCE)
        .record_child_view(by("p1", view(case(1), wire::ConsentView::Agrees)))
        .await
        .unwrap();
    assert!(hub.record(FORCE, by_child).await.is_ok(), "found competent since");
}
