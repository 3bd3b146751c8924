use mash_domain::health::{
    injury::{Command, InjuryRecord, ReasonCode},
    staff::Role,
};

use super::*;

fn now() -> Timestamp {
    "2026-11-19T15:40:00Z".parse().unwrap()
}

fn by() -> wire::Professional {
    wire::Professional {
        name: "Eleri Prys".to_owned(),
        role: wire::Role::NamedNurse.into(),
        telephone: "01656 000000".to_owned(),
        practitioner: "somebody else".to_owned(),
    }
}

fn entry() -> wire::BodyMapEntry {
    let photograph = |number: u8| disclosure::Photograph {
        reference: format!("IMG-{number}"),
        media_type: "image/jpeg".to_owned(),
        digest: vec![number; 32],
        description: "left arm".to_owned(),
    };
    wire::BodyMapEntry {
        site: wire::BodySite::Arm.into(),
        detail: "left forearm".to_owned(),
        kind: wire::InjuryKind::Bruise.into(),
        description: "4 cm, yellow".to_owned(),
        explanation: "a fall".to_owned(),
        explained: wire_answer(2),
        photographs: (0..31).map(photograph).collect(),
    }
}

const fn wire_answer(number: i32) -> i32 {
    number
}

#[test]
fn a_record_reads_back_as_it_was_kept() {
    let mut reader = reader();
    let nurse = professional(
        &mut reader,
        &At::root("professional"),
        Some(by()),
        ("n-7", Entitled::DoctorOrNurse),
    );
    let nurse = nurse.unwrap();
    assert_eq!(nurse.practitioner, "n-7", "who she is says the call, not the request");
    let injuries = body_map(&mut reader, "injuries", vec![entry()]);
    assert!(reader.violations.is_empty());
    let mut record = InjuryRecord::default();
    let text = |words| Private::new(words, Limit::paragraphs(2_000)).unwrap();
    let commands = [
        Command::Record { injuries, mobile: Answer::No, by: nurse.clone() },
        Command::Escalate { to: Some("lead".to_owned()) },
        Command::Reason {
            revision: 1,
            by: nurse,
            code: ReasonCode::MedicalCause,
            text: text("a clotting disorder, letter of 3 May"),
        },
    ];
    assert!(record_from_stored(&record_to_wire(&record)).as_ref() == Some(&record));
    for command in commands {
        record = record.apply(command, now()).unwrap().0;
        assert!(record_from_stored(&record_to_wire(&record)).as_ref() == Some(&record));
    }
    assert_eq!(detail_of(&record.injuries).photographs.len(), 31, "none is lost");
}

#[test]
fn every_fault_is_told_at_once() {
    let mut reader = reader();
    let clerk =
        wire::Professional { role: wire::Role::Administrator.into(), name: String::new(), ..by() };
    professional(&mut reader, &At::root("professional"), Some(clerk), ("c-1", Entitled::Clinician));
    let broken = wire::BodyMapEntry {
        site: 0,
        photographs: vec![disclosure::Photograph {
            digest: vec![1],
            ..disclosure::Photograph::default()
        }],
        ..entry()
    };
    body_map(&mut reader, "injuries", vec![broken]);
    reference(&mut reader, &At::root("reference"), "Carys Jones");
    nhs_number_of(&mut reader, &At::root("nhs_number"), "9434765918");
    let found: Vec<(&str, &str)> =
        reader.violations.iter().map(|it| (it.field.as_str(), it.code)).collect();
    assert_eq!(
        found,
        [
            ("professional.name", "MASH-H010"),
            ("professional.role", "MASH-H018"),
            ("injuries[0].site", "MASH-H011"),
            ("injuries[0].photographs[0].reference", "MASH-H010"),
            ("injuries[0].photographs[0].digest", "MASH-H027"),
            ("reference", "MASH-H020"),
            ("nhs_number", "MASH-H015"),
        ]
    );
}

#[test]
fn forty_one_photographs_are_refused_and_not_cut() {
    let mut reader = reader();
    let mut entry = entry();
    let more = entry.photographs.clone();
    entry.photographs.extend(more.into_iter().take(10));
    assert!(body_map(&mut reader, "injuries", vec![entry]).is_empty());
    assert_eq!(reader.violations.len(), 1);
    assert_eq!(reader.violations[0].code, codes::TOO_LONG);
}

#[test]
fn whose_word_counts_for_third_party_data() {
    let word = |role: wire::Role, reason: &str| {
        let professional = Some(wire::Professional { role: role.into(), ..by() });
        let mut reader = reader();
        let wire = wire::BearsOnEnquiry { professional, reason: reason.to_owned() };
        let read = bears(&mut reader, &At::root("third_party_bears"), Some(wire), "n-7");
        (read.is_some(), reader.violations.first().map(|it| it.code))
    };
    assert_eq!(word(wire::Role::NamedNurse, "he lives there"), (true, None));
    assert_eq!(word(wire::Role::Paramedic, "he lives there"), (false, Some("MASH-H017")));
    assert_eq!(word(wire::Role::Doctor, " "), (false, Some("MASH-H010")));
    assert!(Role::ALL.len() == 12, "a new role has to be thought about here");
}
