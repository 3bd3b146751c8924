#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]
//! What is written here is read by the hub's own readers, whole and without a problem.

use jiff::{
    civil::{Date, date},
    tz::TimeZone,
};
use mash_domain::{
    contact::ContactOwner,
    establishment::{EstablishmentType, RegisterLayout, read_register},
    import::{Imported, Refused},
    roll::{EnrolmentKind, Pupil, read_roll},
};
use mash_proto::{convert::education::contacts_from_wire, education::v1::Contact};
use mash_synth::{
    night::Night,
    wales::{Scale, Wales},
};

const TODAY: Date = date(2026, 11, 18);

fn whole<T>(read: Result<Imported<T>, Refused>, of: &str) -> Vec<T> {
    match read {
        Ok(imported) => imported.records,
        Err(refused) => {
            let first = refused.problems.first();
            let first = first.map(|problem| (problem.line, problem.column, problem.description));
            panic!("{of}: {} problems, {first:?}", refused.total)
        }
    }
}

fn roll(file: &[u8], authority: &str) -> Vec<Pupil> {
    whole(read_roll(file, &authority.parse().unwrap(), TODAY), authority)
}

fn accepted(contacts: &[Contact], owner: ContactOwner) {
    assert_eq!(contacts_from_wire(contacts.to_vec(), owner, TODAY).err(), None);
}

#[test]
fn the_night_is_imported() {
    let night = Night::new();
    let wales = whole(read_register(night.wales_csv().as_bytes(), RegisterLayout::Wales), "Wales");
    assert_eq!(wales.len(), 6);
    let kind = |laestab: &str| {
        wales.iter().find(|place| place.laestab.as_str() == laestab).map(|place| place.kind)
    };
    assert_eq!(kind("6729951"), Some(EstablishmentType::EarlyYears));
    assert_eq!(kind("6818951"), Some(EstablishmentType::FurtherEducation));
    let england =
        whole(read_register(night.gias_csv().as_bytes(), RegisterLayout::Gias), "England");
    assert_eq!(england.len(), 1);
    let pupils: Vec<Pupil> = night
        .roll_authorities()
        .into_iter()
        .flat_map(|authority| roll(night.roll_csv(authority).as_bytes(), authority))
        .collect();
    assert_eq!(pupils.len(), night.pupils.len() - 1);
    let at_home = pupils.iter().filter(|pupil| {
        pupil.enrolments.iter().any(|place| place.kind == EnrolmentKind::HomeEducated)
    });
    assert_eq!(at_home.count(), 1);
}

#[test]
fn contacts_and_desks_of_the_night_are_accepted() {
    let night = Night::new();
    for place in &night.establishments {
        accepted(&place.contacts, ContactOwner::Establishment);
    }
    for desk in &night.desks {
        accepted(&desk.officers, ContactOwner::Desk);
    }
}

#[test]
fn bells_of_the_night_are_those_of_the_table() {
    let night = Night::new();
    let london = TimeZone::get("Europe/London").unwrap();
    for expectation in &night.expected {
        let Some(bell) = expectation.deliver_by else { continue };
        let place = night
            .establishments
            .iter()
            .find(|place| place.organisation() == expectation.recipient)
            .unwrap();
        let bell = bell.to_zoned(london.clone());
        let minutes = i32::from(bell.hour()) * 60 + i32::from(bell.minute());
        assert_eq!(
            (bell.date(), minutes),
            (date(2026, 11, 19), place.calendar.session_start_minutes)
        );
    }
}

#[test]
fn wales_is_imported() {
    let wales = Wales::generate(11, Scale::new(0.02).unwrap());
    let file = wales.establishments_csv().unwrap();
    let places = whole(read_register(&file, RegisterLayout::Wales), "Wales");
    assert_eq!(places.len(), wales.schools.len());
    assert!(places.iter().any(|place| place.boarding));
    let mut pupils = 0;
    for authority in wales.authorities() {
        pupils += roll(&wales.roll_csv(authority).unwrap(), authority).len();
    }
    assert_eq!(pupils, wales.pupils.len());
    for request in wales.contacts() {
        let desk = request.parent.starts_with("authorities/");
        accepted(
            &request.contacts,
            if desk { ContactOwner::Desk } else { ContactOwner::Establishment },
        );
    }
}
