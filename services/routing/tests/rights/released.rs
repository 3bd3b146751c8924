//! From the request to what is handed over.

use mash_ledger::Kind;
use mash_proto::{
    convert::time_to_wire,
    sharing::v1::{
        AccessEvent, Citation, ClassDecision, Decision, Effect, HarmOutcome, SubjectAccessState,
        child_selector::Child,
    },
};
use mash_store::Dialect;
use tonic::Code;

use crate::support::{FORCE, Hub, SCHOOL, at, proved, refused};

on_both!(
    every_line_says_who_got_what_and_why_and_is_proved,
    what_was_withheld_leaves_no_trace_in_what_is_handed_over,
    nothing_is_handed_over_before_somebody_applied_the_harm_test,
    what_a_third_party_supplied_is_taken_out_with_its_source,
    the_other_child_of_the_incident_is_in_none_of_the_lines,
);

fn class(data_class: i32, effect: Effect, rule: &str) -> ClassDecision {
    let rule_ids = if rule.is_empty() { Vec::new() } else { vec![rule.to_owned()] };
    ClassDecision { data_class, effect: effect.into(), rule_ids }
}

/// A decision on a child of the incident, with what a third party supplied in it.
pub(crate) fn decision(hub: &Hub, name: &str, child_ref: &str, effect: Effect) -> Decision {
    let to: mash_domain::organisation::OrganisationId = SCHOOL.parse().unwrap();
    Decision {
        name: format!("decisions/{name}"),
        case_id: hub.case.to_string(),
        duty_id: name.to_owned(),
        recipient: Some((&to).into()),
        effect: effect.into(),
        classes: vec![class(1, effect, "R01"), class(13, Effect::Refuse, "R25")],
        ruleset: "2026-11-23".to_owned(),
        decide_time: Some(time_to_wire(at("2026-11-19T03:00:00Z"))),
        duty_kind: "school".to_owned(),
        purpose: "operation-encompass".to_owned(),
        child_ref: child_ref.to_owned(),
        disclosure_id: format!("disclosure-{name}"),
        basis_codes: vec!["daa-2021-s49a".to_owned()],
        citations: vec![Citation {
            agreement: "agreements/a".to_owned(),
            clause: "4.2".to_owned(),
            digest: vec![1; 32],
        }],
        ..Decision::default()
    }
}

async fn every_line_says_who_got_what_and_why_and_is_proved(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let (name, record) = hub.assembled(FORCE, Child::NhsNumber(hub.numbers[0].clone())).await;
    assert!(!record.lines.is_empty());
    for (number, line) in (1..).zip(&record.lines) {
        let entry = proved(&record, line);
        assert_eq!(line.number, number);
        assert_eq!(entry.case, hub.case.to_string());
        let expected = [
            (AccessEvent::Released, Kind::Permitted),
            (AccessEvent::Refused, Kind::Refused),
            (AccessEvent::Looked, Kind::Accessed),
        ];
        let (event, kind) = (line.event(), entry.kind);
        assert!(expected.contains(&(event, kind)), "{}: {}", event.as_str_name(), kind.word());
    }
    let released: Vec<_> =
        record.lines.iter().filter(|line| line.event() == AccessEvent::Released).collect();
    assert!(!released.is_empty(), "the night tells somebody of her");
    for line in released {
        assert!(line.classes.iter().any(|class| class.released && class.data_class == 1));
        assert!(!line.basis_codes.is_empty());
        for clause in line.classes.iter().flat_map(|class| &class.clauses) {
            let words = record.clauses.iter().find(|it| {
                it.ruleset == line.ruleset && it.clause == *clause && !it.title_cy.is_empty()
            });
            assert!(words.is_some(), "{clause} has no words");
        }
    }
    let looked = record.lines.iter().filter(|line| line.event() == AccessEvent::Looked).count();
    assert_eq!(looked, 1, "that it was asked for is on record too");
    let kept = hub.get(FORCE, &name).await.unwrap().subject_access.unwrap();
    assert!(kept.state() == SubjectAccessState::Assembled);
    assert!(kept.subject.starts_with("subjects/") && !kept.subject.contains(&hub.numbers[0]));
    let due = kept.due_date.unwrap();
    assert_eq!((due.year, due.month, due.day), (2026, 12, 21));
}

async fn what_was_withheld_leaves_no_trace_in_what_is_handed_over(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let child = || Child::NhsNumber(hub.numbers[0].clone());
    let (plain, whole) = hub.assembled(FORCE, child()).await;
    hub.test(FORCE, (&plain, 0), HarmOutcome::HandOver).await.unwrap();
    hub.release(FORCE, &plain).await.unwrap();
    let plain = hub.get(FORCE, &plain).await.unwrap().record.unwrap();
    assert_eq!(plain.lines.len(), whole.lines.len());

    let (name, _) = hub.assembled(FORCE, child()).await;
    hub.test(FORCE, (&name, 0), HarmOutcome::HandOver).await.unwrap();
    let stands = hub.test(FORCE, (&name, 1), HarmOutcome::SeriousHarm).await.unwrap();
    assert!((stands.state(), stands.untested) == (SubjectAccessState::Tested, 0));
    assert_eq!(stands.tests.len(), 2);
    let draft = hub.get(FORCE, &name).await.unwrap().record.unwrap();
    assert!(draft.lines[0].outcome() == HarmOutcome::SeriousHarm, "the officer sees it");
    hub.release(FORCE, &name).await.unwrap();
    let record = hub.get(FORCE, &name).await.unwrap().record.unwrap();
    assert!(record.release_time.is_some());
    assert_eq!(record.lines.len(), draft.lines.len() - 1);
    for (number, line) in (1..).zip(&record.lines) {
        assert_eq!(line.number, number, "no gap tells that something is missing");
        assert!(line.outcome() == HarmOutcome::Unspecified);
        proved(&record, line);
    }
    // Withheld as a whole: no clause is left to tell of what it was about.
    let (name, draft) = hub.assembled(FORCE, child()).await;
    assert!(!draft.clauses.is_empty());
    hub.test(FORCE, (&name, 0), HarmOutcome::Crime).await.unwrap();
    hub.release(FORCE, &name).await.unwrap();
    let record = hub.get(FORCE, &name).await.unwrap().record.unwrap();
    assert!(record.lines.is_empty() && record.clauses.is_empty());
}

async fn nothing_is_handed_over_before_somebody_applied_the_harm_test(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let asked = hub.ask(FORCE, Child::NhsNumber(hub.numbers[0].clone())).await.unwrap();
    let name = asked.name;
    let precondition = |code: &str| (Code::FailedPrecondition, code.to_owned());
    let told = |(status, code, _): (Code, String, String)| (status, code);
    assert_eq!(told(refused(hub.release(FORCE, &name).await)), precondition("MASH-A003"));
    let test = hub.test(FORCE, (&name, 0), HarmOutcome::HandOver).await;
    assert_eq!(told(refused(test)), precondition("MASH-A003"));
    assert!(hub.get(FORCE, &name).await.unwrap().record.is_none());
    let lines = hub.assemble(FORCE, &name).await.unwrap().lines;
    assert_eq!(told(refused(hub.release(FORCE, &name).await)), precondition("MASH-A004"));
    for line in 2..=lines {
        hub.test(FORCE, (&name, line), HarmOutcome::HandOver).await.unwrap();
    }
    assert_eq!(told(refused(hub.release(FORCE, &name).await)), precondition("MASH-A004"));
    hub.test(FORCE, (&name, 1), HarmOutcome::HandOver).await.unwrap();
    hub.release(FORCE, &name).await.unwrap();
    for again in [hub.release(FORCE, &name).await, hub.assemble(FORCE, &name).await] {
        assert_eq!(told(refused(again)), precondition("MASH-A003"));
    }
}

async fn what_a_third_party_supplied_is_taken_out_with_its_source(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.appoint(SCHOOL).await;
    let supplied = decision(&hub, "supplied", "c1", Effect::Permit);
    let supplied = Decision {
        classes: vec![class(1, Effect::Permit, "R01"), class(13, Effect::Permit, "R09")],
        ..supplied
    };
    let name = supplied.name.clone();
    hub.decide(vec![supplied]).await;
    let child = Child::CaseChild(format!("{}/children/c1", hub.case.name()));
    // The school holds it, and whoever supplied it is somebody else: the force.
    let (_, record) = hub.assembled(SCHOOL, child.clone()).await;
    let line = |record: &mash_proto::sharing::v1::AccessRecord| {
        let found = record
            .lines
            .iter()
            .find(|line| line.proof.is_some() && proved(record, line).subject == name);
        found.unwrap().clone()
    };
    let of_school = line(&record);
    assert_eq!(of_school.classes.len(), 1);
    assert_eq!(of_school.classes[0].data_class, 1);
    let taken_out = of_school.redaction.unwrap();
    assert_eq!((taken_out.data_classes, taken_out.sender), (vec![13], true));
    assert_eq!(taken_out.reason_code, "third-party");
    assert!(of_school.sender.is_none());
    // The force that supplied it is no secret of its own.
    let (_, record) = hub.assembled(FORCE, child).await;
    let of_force = line(&record);
    assert!(!of_force.redaction.unwrap().sender && of_force.sender.is_some());
}

async fn the_other_child_of_the_incident_is_in_none_of_the_lines(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let subjects = |record: &mash_proto::sharing::v1::AccessRecord| {
        let decided = record.lines.iter().filter(|line| line.event() != AccessEvent::Looked);
        decided.map(|line| proved(record, line).subject).collect::<Vec<_>>()
    };
    let (_, one) = hub.assembled(FORCE, Child::NhsNumber(hub.numbers[0].clone())).await;
    let (_, other) = hub.assembled(FORCE, Child::NhsNumber(hub.numbers[1].clone())).await;
    let (one, other) = (subjects(&one), subjects(&other));
    assert!(!one.is_empty() && !other.is_empty());
    assert!(one.iter().all(|subject| !other.contains(subject)));
}
