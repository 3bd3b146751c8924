use jiff::civil::date;

use super::*;

const TODAY: Date = date(2026, 11, 18);

fn contact() -> wire::Contact {
    wire::Contact {
        id: "mair".into(),
        full_name: "Mair Rees".into(),
        role: wire::ContactRole::KeyAdult.into(),
        email: "m.rees@pontybryn.example".into(),
        telephone: "01656 000001".into(),
        training_date: Some(date(2026, 1, 10).into()),
        confirmed_date: None,
        absence: None,
        cover: String::new(),
    }
}

fn codes(faults: &[Violation]) -> Vec<(&str, &str)> {
    faults.iter().map(|fault| (fault.field.as_str(), fault.code)).collect()
}

#[test]
fn contacts_are_read_and_every_fault_is_told() {
    let read = contacts_from_wire(vec![contact()], ContactOwner::Establishment, TODAY).unwrap();
    assert!(wire::Contact::from(&read[0]) == contact());
    let shared =
        wire::Contact { id: "b".into(), email: "office@pontybryn.example".into(), ..contact() };
    let faults = contacts_from_wire(vec![contact(), shared], ContactOwner::Establishment, TODAY)
        .unwrap_err();
    assert_eq!(codes(&faults), [("contacts[1].email", "MASH-E011")]);
    let odd_date = Some(common::Date { year: 2026, month: 2, day: 30 });
    let odd = wire::Contact { role: 0, training_date: odd_date, ..contact() };
    let faults = contacts_from_wire(vec![odd], ContactOwner::Establishment, TODAY).unwrap_err();
    assert_eq!(
        codes(&faults),
        [("contacts[0].role", "MASH-E004"), ("contacts[0].training_date", "MASH-E005")]
    );
}

#[test]
fn an_establishment_reads_back_as_written() {
    let establishment = Establishment {
        laestab: "6722301".parse().unwrap(),
        name: "Ysgol Gynradd Pont-y-Bryn".into(),
        nation: Nation::Wales,
        kind: EstablishmentType::School,
        state: EstablishmentState::Open,
        postcode: "CF31 1AA".into(),
        urn: None,
        close_date: None,
        successors: vec!["6722302".parse().unwrap()],
        low_age: Some(3),
        high_age: None,
        boarding: false,
    };
    let contacts = vec![contact_from_wire(contact(), "contacts[0]").unwrap()];
    let written = establishment_to_wire(&establishment, &contacts);
    assert_eq!(establishment_from_wire(written.clone()), Ok((establishment, contacts)));
    let odd = wire::Establishment { name: "schools/1".into(), nation: 9, ..written };
    assert_eq!(
        codes(&establishment_from_wire(odd).unwrap_err()),
        [("establishment.name", "MASH-E003"), ("establishment.nation", "MASH-E004")]
    );
}

#[test]
fn a_pupil_reads_back_and_a_upn_may_stand_for_the_local_id() {
    let pupil = wire::Pupil {
        authority_code: "672".into(),
        local_id: String::new(),
        upn: "H672230126001".into(),
        nhs_number: "9990000018".into(),
        given_names: "Siân".into(),
        family_name: "Rees".into(),
        date_of_birth: Some(date(2018, 3, 4).into()),
        postcode: "CF31 1AA".into(),
        enrolments: vec![wire::Enrolment {
            kind: wire::EnrolmentKind::Main.into(),
            laestab: "6722301".into(),
            start_date: None,
            end_date: None,
        }],
    };
    let read = pupil_from_wire(pupil.clone(), TODAY).unwrap();
    assert!(wire::Pupil::from(&read) == pupil);
    let odd = wire::Pupil { upn: "A672230126001".into(), date_of_birth: None, ..pupil.clone() };
    assert_eq!(
        codes(&pupil_from_wire(odd, TODAY).unwrap_err()),
        [("pupil.upn", "MASH-E015"), ("pupil.date_of_birth", "MASH-E009")]
    );
    let nobody = wire::Pupil { upn: String::new(), ..pupil };
    assert_eq!(
        codes(&pupil_from_wire(nobody, TODAY).unwrap_err()),
        [("pupil.local_id", "MASH-E003")]
    );
}

#[test]
fn a_calendar_is_read_with_every_fault() {
    let day = |month, day| Some(date(2026, month, day).into());
    let good = wire::Calendar {
        session_start_minutes: 535,
        terms: vec![wire::DateRange { first: day(9, 2), last: day(12, 18) }],
        ..wire::Calendar::default()
    };
    assert!(calendar_from_wire(good.clone()).is_ok());
    let backwards = wire::Calendar {
        terms: vec![
            wire::DateRange { first: day(12, 18), last: day(9, 2) },
            wire::DateRange::default(),
        ],
        ..good.clone()
    };
    assert_eq!(
        codes(&calendar_from_wire(backwards).unwrap_err()),
        [("calendar.terms[0]", "MASH-E013"), ("calendar.terms[1]", "MASH-E013")]
    );
    let odd = wire::Calendar { session_start_minutes: 9, open_weekdays: vec![8], ..good };
    assert_eq!(
        codes(&calendar_from_wire(odd).unwrap_err()),
        [
            ("calendar.session_start_minutes", "MASH-E013"),
            ("calendar.open_weekdays[0]", "MASH-E013")
        ]
    );
}
