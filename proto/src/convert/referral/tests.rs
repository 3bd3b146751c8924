use jiff::Timestamp;
use mash_domain::{incident::rules::day_of, sharing::Flow};

use super::*;
use crate::{disclosure::v1 as disclosure, r#type::v1 as common};

fn now() -> Timestamp {
    "2026-11-18T10:00:00Z".parse().unwrap()
}

/// A report with no more than must be there.
fn least() -> wire::Report {
    wire::Report {
        kind: wire::ReportKind::School.into(),
        urgency: wire::Urgency::Routine.into(),
        child: Some(wire::Subject {
            given_names: "unknown child".into(),
            ..wire::Subject::default()
        }),
        concerns: vec![wire::Concern {
            what: "Came without a coat.".into(),
            evidence: disclosure::EvidenceClass::Observation.into(),
            ..wire::Concern::default()
        }],
        referrer: Some(wire::Referrer {
            role: "member of the public".into(),
            ..wire::Referrer::default()
        }),
        ..wire::Report::default()
    }
}

fn yes() -> i32 {
    common::Answer::Yes.into()
}

fn no() -> i32 {
    common::Answer::No.into()
}

fn codes(report: wire::Report) -> Vec<(String, &'static str)> {
    let found = report_from_wire(report, now()).err().unwrap_or_default();
    found.into_iter().map(|one| (one.field, one.code)).collect()
}

fn only(report: wire::Report, field: &str, code: &'static str) {
    assert_eq!(codes(report), [(field.to_owned(), code)]);
}

#[test]
fn a_missing_detail_never_stops_a_report_and_is_not_known() {
    let report = report_from_wire(least(), now()).unwrap();
    assert_eq!(report.harm_suspected, Answer::Unknown);
    assert_eq!(flow_of(&report), Flow::Concern);
    let facts = facts_of(&report, day_of(now()));
    assert!(facts.child_under_18, "nobody who is not known to be of age is of age");
    assert!(facts.address_protect() == common::Answer::Unknown, "which protects it");
    assert_eq!((facts.intelligence.as_str(), facts.consent.as_str()), ("none", ""));
    assert!(content_of(&report).voice.is_none(), "a gap that a hub sees");
}

#[test]
fn nothing_but_child_concern_and_referrer_is_required() {
    let all = codes(wire::Report::default());
    let mut expected = vec![
        ("report.kind", codes::NOT_AN_ANSWER),
        ("report.urgency", codes::NOT_AN_ANSWER),
        ("report.child", codes::NO_CHILD),
        ("report.concerns", codes::NO_CONCERN),
        ("report.referrer", codes::NO_REFERRER),
    ];
    expected.sort_unstable();
    let mut all: Vec<_> = all.iter().map(|(field, code)| (field.as_str(), *code)).collect();
    all.sort_unstable();
    assert_eq!(all, expected);
}

#[test]
fn an_adult_is_refused_and_an_unborn_child_is_not() {
    let born = |year, month, day| {
        let mut report = least();
        let child = report.child.as_mut().unwrap();
        child.date_of_birth = Some(common::Date { year, month, day });
        report
    };
    only(born(2008, 11, 18), "report.child.date_of_birth", codes::NOT_A_CHILD);
    assert_eq!(codes(born(2008, 11, 19)), [], "the day before coming of age");
    only(born(2026, 11, 19), "report.child.date_of_birth", codes::BIRTH);
    let expected = |year, month, day| {
        let mut report = least();
        report.child = Some(wire::Subject {
            expected_birth: Some(common::Date { year, month, day }),
            ..wire::Subject::default()
        });
        report
    };
    assert_eq!(codes(expected(2027, 3, 1)), [], "without a name");
    only(expected(2028, 3, 1), "report.child.expected_birth", codes::BIRTH);
    only(expected(2026, 9, 1), "report.child.expected_birth", codes::BIRTH);
    let mut both = expected(2027, 3, 1);
    both.child.as_mut().unwrap().date_of_birth =
        Some(common::Date { year: 2020, month: 1, day: 1 });
    only(both, "report.child.expected_birth", codes::BIRTH);
    let unborn = report_from_wire(expected(2027, 3, 1), now()).unwrap();
    assert!(facts_of(&unborn, day_of(now())).child_under_18);
}

/// What must be there, changed.
fn with(change: impl Fn(&mut wire::Report)) -> wire::Report {
    let mut report = least();
    change(&mut report);
    report
}

/// What must be there, with its child changed.
fn child(change: impl Fn(&mut wire::Subject)) -> wire::Report {
    with(|report| change(report.child.as_mut().unwrap()))
}

#[test]
fn each_fault_has_a_code_of_its_own() {
    let table = [
        (with(|it| it.form_version = 2), "form_version", codes::FORM),
        (with(|it| it.concerns[0].evidence = 0), "concerns[0].evidence", codes::NO_EVIDENCE_CLASS),
        (with(|it| it.concerns[0].what = " ".into()), "concerns[0].what", codes::NO_CONCERN),
        (with(|it| it.harm_suspected = 9), "harm_suspected", codes::NOT_AN_ANSWER),
        (
            with(|it| it.parent_informed = no()),
            "parent_not_informed_reason",
            codes::NO_FAMILY_REASON,
        ),
        (with(|it| it.sender_grade = "dire".into()), "sender_grade", codes::CODE),
        (with(|it| it.actions = "x".repeat(4_001)), "actions", codes::TOO_LONG),
        (with(|it| it.actions = "a\u{202e}b".into()), "actions", codes::CHARACTER),
        (with(|it| it.preferred_language = "Welsh!".into()), "preferred_language", codes::SHAPE),
        (
            with(|it| it.place_authority_code = "67".into()),
            "place_authority_code",
            codes::IDENTIFIER,
        ),
        (with(|it| it.concerns = vec![it.concerns[0].clone(); 21]), "concerns", codes::TOO_LONG),
        (child(|it| it.nhs_number = "9434765918".into()), "child.nhs_number", codes::IDENTIFIER),
        (child(|it| it.ethnicity = "WBRI".into()), "child.ethnicity", codes::SHAPE),
    ];
    for (report, field, code) in table {
        only(report, &format!("report.{field}"), code);
    }
}

#[test]
fn what_is_said_of_child_family_call_and_documents_must_make_sense() {
    let digest = wire::Attachment {
        reference: "1".into(),
        digest: vec![0; 31],
        ..wire::Attachment::default()
    };
    let report = with(|it| it.attachments = vec![digest.clone()]);
    only(report, "report.attachments[0].digest", codes::SHAPE);
    let silent = wire::Voice { spoken_to: no(), ..wire::Voice::default() };
    let report = with(|it| it.voice = Some(silent.clone()));
    only(report, "report.voice.not_spoken_to_reason", codes::NO_VOICE_REASON);
    let unasked = wire::ConsentAsked { asked: no(), ..wire::ConsentAsked::default() };
    let report = with(|it| it.consent = Some(unasked.clone()));
    only(report, "report.consent.why_not", codes::NO_FAMILY_REASON);
    let time = crate::convert::time_to_wire("2026-11-18T10:06:00Z".parse().unwrap());
    let call = wire::Telephoned { time: Some(time), ..wire::Telephoned::default() };
    let report = with(|it| it.telephoned = Some(call.clone()));
    only(report, "report.telephoned.time", codes::DATE);
}

#[test]
fn a_child_cannot_consent_to_exploitation() {
    let mut report = least();
    report.kind = wire::ReportKind::EarlyHelp.into();
    report.marks = Some(wire::Marks { criminal_exploitation: yes(), ..wire::Marks::default() });
    let consent = wire::ConsentAsked {
        asked: yes(),
        of: "The child".into(),
        given: yes(),
        ..wire::ConsentAsked::default()
    };
    only(
        wire::Report { consent: Some(consent), ..report.clone() },
        "report.consent.given",
        codes::CONSENT_TO_EXPLOITATION,
    );
    // And nothing rests on consent where it was recognised.
    let report = report_from_wire(report, now()).unwrap();
    assert_eq!((flow_of(&report), report.harm()), (Flow::Concern, Answer::Yes));
}

#[test]
fn the_duty_to_protect_goes_before_the_sort_of_report() {
    let flow = |kind: wire::ReportKind, harm: i32| {
        let report = wire::Report { kind: kind.into(), harm_suspected: harm, ..least() };
        flow_of(&report_from_wire(report, now()).unwrap())
    };
    assert_eq!(flow(wire::ReportKind::Custody, no()), Flow::Custody);
    assert_eq!(flow(wire::ReportKind::Missing, 0), Flow::Missing);
    assert_eq!(flow(wire::ReportKind::EarlyHelp, no()), Flow::EarlyHelp);
    for kind in [wire::ReportKind::Custody, wire::ReportKind::Missing, wire::ReportKind::EarlyHelp]
    {
        assert_eq!(flow(kind, yes()), Flow::Concern);
    }
    assert_eq!(flow(wire::ReportKind::PoliceProtection, 0), Flow::Concern);
}

#[test]
fn everything_that_is_given_is_labelled_and_a_refuge_protects_the_address() {
    let mut report = least();
    report.marks = Some(wire::Marks { refuge: yes(), ..wire::Marks::default() });
    report.child.as_mut().unwrap().address = Some(wire::Address {
        lines: vec!["1 Heol yr Enghraifft".into()],
        protect: no(),
        authority_code: "672".into(),
        ..wire::Address::default()
    });
    report.child.as_mut().unwrap().laestab = "6722951".into();
    report.third_party = vec!["from a record".into()];
    report.intelligence =
        Some(wire::Intelligence { text: "seen".into(), ..wire::Intelligence::default() });
    report.referrer.as_mut().unwrap().protect_identity = true;
    report.attachments = vec![wire::Attachment {
        reference: "1".into(),
        digest: vec![0xab; 32],
        ..wire::Attachment::default()
    }];
    let read = report_from_wire(report.clone(), now()).unwrap();
    let content = content_of(&read);
    let address = content.address.unwrap();
    assert!(address.protect && address.laestab == "6722951");
    assert!(content.officer.unwrap().protect_identity);
    let narrative = content.narrative.unwrap();
    assert_eq!(
        (narrative.marks.as_slice(), narrative.documents.len()),
        (&["refuge".to_owned()][..], 1)
    );
    assert_eq!(narrative.documents[0].digest, "ab".repeat(32));
    let facts = facts_of(&read, day_of(now()));
    assert!(facts.address_protect() == common::Answer::Yes);
    assert_eq!(facts.intelligence, "unknown", "a code that was not given is shared with nobody");
    // A clinician's photographs are health data, and none is lost.
    report.kind = wire::ReportKind::Clinical.into();
    let content = content_of(&report_from_wire(report, now()).unwrap());
    assert!(content.narrative.unwrap().documents.is_empty());
    assert_eq!(content.health.unwrap().photographs.len(), 1);
}
