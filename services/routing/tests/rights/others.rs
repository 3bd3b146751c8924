//! Who may not, and what is no request.

use mash_proto::{
    sharing::v1::{
        self as wire, ApplyHarmTestRequest, ChildSelector, Effect, HarmOutcome,
        RefuseSubjectAccessRequest, RequestSubjectAccessRequest, SetOfficerRequest,
        SubjectAccessRefusalGround, SubjectAccessState, child_selector::Child,
    },
    r#type::v1::Date,
};
use mash_store::{Dialect, Store};
use sqlx::Row as _;
use tonic::Code;

use crate::{
    released::decision,
    support::{
        AUTHORITY, FORCE, Hub, OFFICER, OTHER_FORCE, SCHOOL, by, faults, id, proved, refused,
    },
};

on_both!(
    somebody_elses_child_is_not_found_and_cannot_be_told_from_one_who_is_nowhere,
    a_school_sees_what_it_was_given_and_nothing_else,
    nobody_answers_who_was_not_appointed_and_nobody_appoints_herself,
    every_fault_of_a_request_is_told_at_once,
    a_repeated_request_has_one_effect_and_the_number_is_kept_nowhere,
    a_request_can_be_refused_with_a_reason_and_is_over_then,
);

async fn somebody_elses_child_is_not_found_and_cannot_be_told_from_one_who_is_nowhere(
    dialect: Dialect,
) {
    let hub = Hub::start(dialect).await;
    hub.appoint(OTHER_FORCE).await;
    hub.appoint(SCHOOL).await;
    let mut numbers = mash_synth::identifiers::nhs_numbers(980_000);
    let (nowhere, elsewhere) = (numbers.next().unwrap(), numbers.next().unwrap());
    hub.elsewhere(&elsewhere).await;
    let number = |number: &str| Child::NhsNumber(number.to_owned());
    let case = || Child::CaseChild(format!("{}/children/c1", hub.case.name()));
    let expected = refused(hub.ask(FORCE, number(&nowhere)).await);
    assert_eq!((expected.0, expected.1.as_str()), (Code::NotFound, "MASH-C009"));
    assert_eq!(refused(hub.ask(FORCE, number(&elsewhere)).await), expected);
    for stranger in [OTHER_FORCE, SCHOOL] {
        for child in [number(&hub.numbers[0]), case()] {
            assert_eq!(refused(hub.ask(stranger, child).await), expected, "{stranger}");
        }
    }
    // Nor is another organisation's request there.
    let name = hub.ask(FORCE, number(&hub.numbers[0])).await.unwrap().name;
    assert_eq!(refused(hub.get(OTHER_FORCE, &name).await), expected);
    assert_eq!(refused(hub.assemble(OTHER_FORCE, &name).await), expected);
    assert_eq!(refused(hub.release(OTHER_FORCE, &name).await), expected);
    let list = wire::ListSubjectAccessRequest::default();
    let listed = hub.of(OTHER_FORCE).list_subject_access(by(OFFICER, list)).await.unwrap();
    assert!(listed.into_inner().subject_access.is_empty());
}

async fn a_school_sees_what_it_was_given_and_nothing_else(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.appoint(SCHOOL).await;
    let refused_one = decision(&hub, "kept-back", "c1", Effect::Refuse);
    hub.decide(vec![refused_one]).await;
    let child = || Child::CaseChild(format!("{}/children/c1", hub.case.name()));
    let expected = refused(hub.ask(SCHOOL, child()).await);
    assert_eq!(
        expected.0,
        Code::NotFound,
        "who was told nothing hears not that there is something"
    );
    hub.decide(vec![decision(&hub, "given", "c1", Effect::Permit)]).await;
    let (_, record) = hub.assembled(SCHOOL, child()).await;
    let subjects: Vec<String> =
        record.lines.iter().map(|line| proved(&record, line).subject).collect();
    assert_eq!(subjects, ["decisions/given"]);
    let line = &record.lines[0];
    assert!(line.classes.iter().all(|class| class.released));
    assert!(line.reason_codes.is_empty() && line.masked_details.is_empty());
    assert_eq!(line.citations.len(), 1);
}

async fn nobody_answers_who_was_not_appointed_and_nobody_appoints_herself(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let child = || Child::NhsNumber(hub.numbers[0].clone());
    hub.appoint(AUTHORITY).await;
    let set = |practitioner: &str, appointed| SetOfficerRequest {
        request_id: id(),
        practitioner: practitioner.to_owned(),
        appointed,
    };
    let herself = hub.of(FORCE).set_officer(by("sgt-2", set("sgt-2", true))).await;
    assert_eq!(faults(herself), [("practitioner".to_owned(), "MASH-A010".to_owned())]);
    let request = |child| RequestSubjectAccessRequest {
        request_id: id(),
        child: Some(ChildSelector { child: Some(child) }),
        received_date: None,
    };
    let refusal =
        refused(hub.of(FORCE).request_subject_access(by("sgt-2", request(child()))).await);
    assert_eq!((refusal.0, refusal.1.as_str()), (Code::PermissionDenied, "MASH-A001"));
    // An officer of one organisation is none of another.
    hub.of(AUTHORITY).set_officer(by("head-1", set("sgt-2", true))).await.unwrap();
    let still = hub.of(FORCE).request_subject_access(by("sgt-2", request(child()))).await;
    assert_eq!(refused(still).1, "MASH-A001");
    // And who is one no longer answers no longer.
    hub.ask(FORCE, child()).await.unwrap();
    hub.of(FORCE).set_officer(by("head-1", set(OFFICER, false))).await.unwrap();
    assert_eq!(refused(hub.ask(FORCE, child()).await).1, "MASH-A001");
}

async fn every_fault_of_a_request_is_told_at_once(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let request = RequestSubjectAccessRequest {
        request_id: "x".to_owned(),
        child: Some(ChildSelector { child: Some(Child::NhsNumber("9990000019".to_owned())) }),
        received_date: Some(Date { year: 2026, month: 11, day: 21 }),
    };
    let answer = hub.of(FORCE).request_subject_access(by(OFFICER, request)).await;
    let fields: Vec<String> = faults(answer).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["request_id", "received_date", "child.nhs_number"]);
    let name = hub.ask(FORCE, Child::NhsNumber(hub.numbers[0].clone())).await.unwrap().name;
    let request = ApplyHarmTestRequest {
        request_id: "x".to_owned(),
        name,
        line: -1,
        outcome: 0,
        reason: " ".to_owned(),
    };
    let answer = hub.of(FORCE).apply_harm_test(by(OFFICER, request)).await;
    let fields: Vec<String> = faults(answer).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["request_id", "outcome", "line", "reason"]);
}

/// Everything that the tables of rights and of requests hold, as text.
async fn held(store: &Store) -> String {
    let mut conn = store.read().await.unwrap();
    let mut all = String::new();
    for (table, columns) in [
        ("routing_subjects", "subject_key || case_id || child_ref"),
        ("routing_subject_access", "access_id || organisation || subject"),
        ("routing_looks", "case_id || organisation || practitioner || what"),
    ] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {columns} FROM {table}"));
        for row in sqlx::query(sql).fetch_all(&mut *conn).await.unwrap() {
            all.push_str(&row.try_get::<String, _>(0).unwrap());
        }
    }
    let payloads = sqlx::query("SELECT payload FROM routing_subject_access");
    for row in payloads.fetch_all(&mut *conn).await.unwrap() {
        all.push_str(&String::from_utf8_lossy(&row.try_get::<Vec<u8>, _>(0).unwrap()));
    }
    all
}

async fn a_repeated_request_has_one_effect_and_the_number_is_kept_nowhere(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let request = |number: &str| RequestSubjectAccessRequest {
        request_id: "6f3c1a52-6a0e-4a39-9f0f-2f4f6a1b7c11".to_owned(),
        child: Some(ChildSelector { child: Some(Child::NhsNumber(number.to_owned())) }),
        received_date: Some(Date { year: 2026, month: 11, day: 18 }),
    };
    let mut client = hub.of(FORCE);
    let first = client.request_subject_access(by(OFFICER, request(&hub.numbers[0]))).await.unwrap();
    let again = client.request_subject_access(by(OFFICER, request(&hub.numbers[0]))).await.unwrap();
    assert!(first.into_inner() == again.into_inner());
    let other = client.request_subject_access(by(OFFICER, request(&hub.numbers[1]))).await;
    assert_eq!(refused(other).0, Code::AlreadyExists);
    let list = wire::ListSubjectAccessRequest::default();
    let listed = client.list_subject_access(by(OFFICER, list)).await.unwrap().into_inner();
    assert_eq!(listed.subject_access.len(), 1);
    let held = held(&hub.store).await;
    assert!(held.contains("subjects/"));
    for number in &hub.numbers {
        assert!(!held.contains(number.as_str()));
    }
}

async fn a_request_can_be_refused_with_a_reason_and_is_over_then(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let (name, _) = hub.assembled(FORCE, Child::NhsNumber(hub.numbers[0].clone())).await;
    let request = |ground: SubjectAccessRefusalGround| RefuseSubjectAccessRequest {
        request_id: id(),
        name: name.clone(),
        ground: ground.into(),
        reason: "Nobody could show that he holds parental responsibility.".to_owned(),
    };
    let mut client = hub.of(FORCE);
    let unsaid = request(SubjectAccessRefusalGround::Unspecified);
    let unsaid = client.refuse_subject_access(by(OFFICER, unsaid)).await;
    assert_eq!(faults(unsaid), [("ground".to_owned(), "MASH-A002".to_owned())]);
    let shown = request(SubjectAccessRefusalGround::IdentityNotShown);
    let answer = client.refuse_subject_access(by(OFFICER, shown)).await.unwrap().into_inner();
    assert!(answer.subject_access.unwrap().state() == SubjectAccessState::Refused);
    assert!(hub.get(FORCE, &name).await.unwrap().record.is_none());
    let late = hub.test(FORCE, (&name, 0), HarmOutcome::HandOver).await;
    assert_eq!(refused(late).1, "MASH-A003");
}
