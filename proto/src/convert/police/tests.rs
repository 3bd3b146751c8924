use super::*;
use crate::r#type::v1 as common;

const NOW: &str = "2026-11-18T02:30:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn at(text: &str) -> Option<prost_types::Timestamp> {
    Some(crate::convert::time_to_wire(text.parse().unwrap()))
}

fn date(year: i32, month: i32, day: i32) -> Option<common::Date> {
    Some(common::Date { year, month, day })
}

fn child(reference: &str, given_names: &str) -> wire::Child {
    wire::Child {
        r#ref: reference.into(),
        given_names: given_names.into(),
        family_name: "Morgan".into(),
        date_of_birth: date(2018, 3, 4),
        present: common::Answer::Yes.into(),
        welfare_check: common::Answer::Yes.into(),
        voice: Some(wire::Voice {
            spoken_to: common::Answer::Yes.into(),
            words: "I was in my room".into(),
            alone: common::Answer::Yes.into(),
            not_spoken_to_reason: String::new(),
        }),
        address: Some(wire::Address {
            lines: vec!["1 Heol Ffug".into()],
            postcode: "CF31 1ZZ".into(),
            protect: common::Answer::Unknown.into(),
            authority_code: "672".into(),
        }),
        stated_establishment: Some(wire::StatedEstablishment {
            stated_name: "Ysgol Pont-y-Bryn".into(),
            laestab: "6722301".into(),
        }),
        ..wire::Child::default()
    }
}

fn valid() -> wire::Incident {
    wire::Incident {
        occurrence_number: "2600000001".into(),
        force_code: "62".into(),
        attended_time: at("2026-11-18T02:10:00Z"),
        adults: vec![wire::Adult {
            r#ref: "a1".into(),
            family_name: "Morgan".into(),
            role: wire::AdultRole::Suspect.into(),
            relationships: vec![wire::Relationship {
                child_ref: "c1".into(),
                kind: wire::RelationshipKind::Father.into(),
            }],
            ..wire::Adult::default()
        }],
        children: vec![child("c1", "Carys"), child("c2", "Cerys")],
        dash_risk: wire::DashRisk::Medium.into(),
        r#type: wire::IncidentType::Verbal.into(),
        narrative: "An argument.\nOfficers attended.".into(),
        parent_contact_advice: wire::ParentContactAdvice::None.into(),
        collection_risk: common::Answer::No.into(),
        ..wire::Incident::default()
    }
}

fn checks() -> Checks {
    Checks::report(now(), "62".parse().unwrap())
}

/// The field and code of every violation.
fn faults(incident: wire::Incident) -> Vec<(String, &'static str)> {
    let read = incident_from_wire(incident, &checks());
    let violations = read.err().unwrap_or_default();
    violations.into_iter().map(|violation| (violation.field, violation.code)).collect()
}

type Break = fn(&mut wire::Incident);

fn assert_each(table: &[(Break, &str, &str)]) {
    for (spoil, field, code) in table {
        let mut incident = valid();
        spoil(&mut incident);
        assert_eq!(faults(incident), [((*field).to_owned(), *code)]);
    }
}

#[test]
fn a_valid_report_reads_back_as_written() {
    let read = incident_from_wire(valid(), &checks()).unwrap();
    assert!(wire::Incident::from(&read) == valid());
    let recorded = RecordedIncident {
        case_id: CaseId::from_mac(&[7; 32]),
        revision: 3,
        state: IncidentState::Withdrawn(WithdrawalReason::WrongChild),
        reported: now(),
        incident: read,
    };
    assert_eq!(RecordedIncident::try_from(wire::Incident::from(&recorded)), Ok(recorded));
}

#[test]
fn each_fault_of_an_incident_has_its_field_and_code() {
    assert_each(&[
        (|i| i.occurrence_number.clear(), "incident.occurrence_number", codes::MISSING),
        (
            |i| i.occurrence_number = "26 1".into(),
            "incident.occurrence_number",
            codes::OCCURRENCE_NUMBER,
        ),
        (|i| i.force_code = "99".into(), "incident.force_code", codes::FORCE),
        (|i| i.force_code = "61".into(), "incident.force_code", codes::OTHER_FORCE),
        (|i| i.attended_time = None, "incident.attended_time", codes::MISSING),
        (|i| i.attended_time = at("2026-11-18T02:35:01Z"), "incident.attended_time", codes::FUTURE),
        (
            |i| i.attended_time = at("2025-11-17T02:29:59Z"),
            "incident.attended_time",
            codes::TOO_OLD,
        ),
        (|i| i.adults.clear(), "incident.adults", codes::MISSING),
        (|i| i.children.clear(), "incident.children", codes::MISSING),
        (|i| i.dash_risk = 0, "incident.dash_risk", codes::NOT_AN_ANSWER),
        (|i| i.r#type = 99, "incident.type", codes::NOT_AN_ANSWER),
        (|i| i.narrative = "x".repeat(8_001), "incident.narrative", codes::TOO_LONG),
        (|i| i.narrative = "\u{202e}".into(), "incident.narrative", codes::CHARACTER),
        (|i| i.parent_contact_advice = 0, "incident.parent_contact_advice", codes::NOT_AN_ANSWER),
        (|i| i.offences = vec!["x".repeat(201)], "incident.offences[0]", codes::TOO_LONG),
        (|i| i.offences = vec![String::new(); 21], "incident.offences", codes::TOO_LONG),
        (|i| i.collection_risk = 0, "incident.collection_risk", codes::NOT_AN_ANSWER),
        (
            |i| i.place_authority_code = "67".into(),
            "incident.place_authority_code",
            codes::AUTHORITY,
        ),
    ]);
}

#[test]
fn each_fault_of_a_child_has_its_field_and_code() {
    assert_each(&[
        (|i| i.children[1].r#ref = "c 2".into(), "incident.children[1].ref", codes::REFERENCE),
        (
            |i| i.children[1].nhs_number = "9434765918".into(),
            "incident.children[1].nhs_number",
            codes::NHS_NUMBER,
        ),
        (|i| i.children[1].upn = "A801200005001".into(), "incident.children[1].upn", codes::UPN),
        (
            |i| i.children[1].stated_establishment.as_mut().unwrap().laestab = "672230".into(),
            "incident.children[1].stated_establishment.laestab",
            codes::LAESTAB,
        ),
        (
            |i| i.children[1].date_of_birth = None,
            "incident.children[1].date_of_birth",
            codes::MISSING,
        ),
        (
            |i| i.children[1].date_of_birth = date(2018, 2, 29),
            "incident.children[1].date_of_birth",
            codes::DATE,
        ),
        (
            |i| i.children[1].date_of_birth = date(2026, 11, 19),
            "incident.children[1].date_of_birth",
            codes::BORN_LATER,
        ),
        (
            |i| i.children[1].date_of_birth = date(2008, 11, 18),
            "incident.children[1].date_of_birth",
            codes::NOT_A_CHILD,
        ),
        (|i| i.children[1].present = 0, "incident.children[1].present", codes::NOT_AN_ANSWER),
        (
            |i| i.children[1].home_force_code = "99".into(),
            "incident.children[1].home_force_code",
            codes::FORCE,
        ),
        (
            |i| i.children[1].address.as_mut().unwrap().protect = 0,
            "incident.children[1].address.protect",
            codes::NOT_AN_ANSWER,
        ),
        (
            |i| i.children[1].address.as_mut().unwrap().lines = vec!["x".into(); 7],
            "incident.children[1].address.lines",
            codes::TOO_LONG,
        ),
        (
            |i| i.children[1].voice = None,
            "incident.children[1].voice.spoken_to",
            codes::NOT_AN_ANSWER,
        ),
        (
            |i| i.children[1].voice.as_mut().unwrap().spoken_to = common::Answer::No.into(),
            "incident.children[1].voice.not_spoken_to_reason",
            codes::NO_VOICE_REASON,
        ),
        (
            |i| {
                (i.children[1].given_names, i.children[1].family_name) = (" ".into(), String::new())
            },
            "incident.children[1].family_name",
            codes::MISSING,
        ),
    ]);
}

#[test]
fn the_same_child_twice_is_refused_by_any_mark() {
    assert_each(&[
        (|i| i.children[1].r#ref = "c1".into(), "incident.children[1].ref", codes::SAME_CHILD),
        (
            |i| i.children[1].given_names = "carys".into(),
            "incident.children[1].given_names",
            codes::SAME_CHILD,
        ),
        (
            |i| {
                i.children[0].nhs_number = "943 476 5919".into();
                i.children[1].nhs_number = "9434765919".into();
            },
            "incident.children[1].nhs_number",
            codes::SAME_CHILD,
        ),
        (
            |i| i.children.iter_mut().for_each(|child| child.upn = "B801200005001".into()),
            "incident.children[1].upn",
            codes::SAME_CHILD,
        ),
    ]);
}

#[test]
fn each_fault_of_an_adult_has_its_field_and_code() {
    assert_each(&[
        (|i| i.adults[0].role = 0, "incident.adults[0].role", codes::NOT_AN_ANSWER),
        (|i| i.adults[0].r#ref.clear(), "incident.adults[0].ref", codes::MISSING),
        (
            |i| i.adults[0].date_of_birth = date(2026, 11, 19),
            "incident.adults[0].date_of_birth",
            codes::BORN_LATER,
        ),
        (
            |i| i.adults[0].relationships[0].child_ref = "c9".into(),
            "incident.adults[0].relationships[0].child_ref",
            codes::NO_SUCH_CHILD,
        ),
        (
            |i| i.adults[0].relationships[0].kind = 0,
            "incident.adults[0].relationships[0].kind",
            codes::NOT_AN_ANSWER,
        ),
        (
            |i| {
                let again = i.adults[0].relationships[0].clone();
                i.adults[0].relationships.push(again);
            },
            "incident.adults[0].relationships[1].child_ref",
            codes::SAME_REFERENCE,
        ),
        (
            |i| {
                let again = i.adults[0].clone();
                i.adults.push(again);
            },
            "incident.adults[1].ref",
            codes::SAME_REFERENCE,
        ),
    ]);
}

#[test]
fn every_fault_is_reported_at_once() {
    let mut incident = valid();
    incident.occurrence_number.clear();
    incident.children[0].nhs_number = "1".into();
    incident.children[0].upn = "1".into();
    incident.children[1].given_names = "Carys".into();
    incident.children[1].date_of_birth = date(2018, 3, 4);
    incident.dash_risk = 0;
    let found: Vec<_> = faults(incident).into_iter().map(|(_, code)| code).collect();
    let expected =
        [codes::MISSING, codes::NHS_NUMBER, codes::UPN, codes::SAME_CHILD, codes::NOT_AN_ANSWER];
    assert_eq!(found, expected);
}

#[test]
fn ten_thousand_children_are_one_fault() {
    let mut incident = valid();
    incident.children = vec![wire::Child::default(); 10_000];
    assert_eq!(faults(incident), [("incident.children".to_owned(), codes::TOO_LONG)]);
}

#[test]
fn an_empty_request_is_answered_with_everything_it_lacks() {
    let found = faults(wire::Incident::default());
    assert!(found.len() >= 8, "{found:?}");
    assert!(found.contains(&("incident.children".to_owned(), codes::MISSING)));
}

#[test]
fn no_violation_repeats_a_value() {
    let mut incident = valid();
    incident.children[0].nhs_number = "5551234567".into();
    incident.children[0].given_names = "Unmistakable\u{202e}".into();
    incident.force_code = "97".into();
    let read = incident_from_wire(incident, &checks());
    let told = format!("{:?}", read.unwrap_err());
    for value in ["5551234567", "Unmistakable", "97"] {
        assert!(!told.contains(value), "{told}");
    }
}

#[test]
fn a_clock_five_minutes_ahead_is_forgiven() {
    let mut incident = valid();
    incident.attended_time = at("2026-11-18T02:35:00Z");
    assert!(faults(incident).is_empty());
}

#[test]
fn what_was_accepted_is_not_held_against_todays_clock() {
    let mut incident = valid();
    incident.attended_time = at("2020-11-18T02:35:00Z");
    assert!(incident_from_wire(incident.clone(), &Checks::stored()).is_ok());
    let amendment = Checks::amendment(now(), "62".parse().unwrap());
    assert!(incident_from_wire(incident, &amendment).is_ok(), "an old incident may be amended");
}
