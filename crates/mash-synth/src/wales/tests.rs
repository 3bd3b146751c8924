use std::collections::{BTreeMap, BTreeSet};

use mash_domain::{
    authority::Authorities,
    identifier::{Laestab, NhsNumber, Upn},
    nation::Nation,
};
use mash_proto::convert::police::{Checks, incident_from_wire};
use prost::Message;

use super::{
    families::{EnrolmentKind, FamilyKind},
    schools::Sector,
    *,
};

fn small() -> Wales {
    Wales::generate(1, Scale::new(0.01).unwrap())
}

/// FNV-1a, so that the test needs no other crate.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn everything(wales: &Wales) -> Vec<u8> {
    let mut bytes = wales.establishments_csv().unwrap();
    for authority in wales.authorities() {
        bytes.extend(wales.roll_csv(authority).unwrap());
    }
    bytes.extend(wales.contacts().iter().flat_map(Message::encode_to_vec));
    bytes.extend(wales.calendars().iter().flat_map(Message::encode_to_vec));
    bytes.extend(wales.incidents().iter().flat_map(|incident| incident.request.encode_to_vec()));
    bytes
}

#[test]
fn the_same_seed_makes_the_same_wales_and_another_another() {
    let one = fingerprint(&everything(&small()));
    assert_eq!(one, fingerprint(&everything(&small())));
    assert_ne!(one, fingerprint(&everything(&Wales::generate(2, small().scale))));
    assert_eq!(
        one, FINGERPRINT,
        "the bytes have changed: say so in the commit, and bring this number up to date"
    );
}

const FINGERPRINT: u64 = 11_373_165_982_292_706_190;

#[test]
fn a_scale_is_above_nothing_and_at_most_the_whole() {
    for part in [0.0, -1.0, 1.01, f64::NAN, f64::INFINITY] {
        assert_eq!(Scale::new(part), None, "{part}");
    }
    assert_eq!(Scale::new(1.0), Some(Scale::WHOLE));
}

#[test]
fn every_authority_and_every_sector_is_there() {
    let wales = small();
    let official: BTreeSet<_> = Authorities::builtin()
        .iter()
        .filter(|authority| authority.nation == Nation::Wales)
        .map(|authority| authority.code.as_str())
        .collect();
    assert_eq!(wales.authorities().collect::<BTreeSet<_>>(), official);
    let forces: BTreeSet<_> = wales.authorities().map(|code| wales.force_of(code)).collect();
    assert_eq!(forces, BTreeSet::from(["60", "61", "62", "63"]));
    for sector in Sector::ALL {
        let rare = matches!(sector, Sector::Nursery | Sector::Middle);
        assert!(rare || wales.schools.iter().any(|school| school.sector == sector), "{sector:?}");
    }
    assert_eq!(areas::AREAS.iter().map(|area| area.schools).sum::<u32>(), SCHOOLS);
}

#[test]
fn keys_are_unique_and_check_digits_hold() {
    let wales = Wales::generate(3, Scale::new(0.03).unwrap());
    let mut seen = BTreeSet::new();
    for school in &wales.schools {
        assert!(school.laestab.parse::<Laestab>().is_ok());
        assert!(seen.insert(school.laestab.clone()));
        for contact in &school.contacts {
            assert!(seen.insert(contact.id.clone()) && seen.insert(contact.email.clone()));
            assert!(contact.email.is_ascii() && contact.id.len() <= 64, "{}", contact.email);
        }
    }
    for pupil in &wales.pupils {
        assert!(seen.insert(pupil.local_id.clone()), "{}", pupil.local_id);
        let nhs = pupil.nhs_number.as_deref().unwrap();
        assert!(
            nhs.starts_with("999")
                && nhs.parse::<NhsNumber>().is_ok()
                && seen.insert(nhs.to_owned())
        );
        if let Some(upn) = &pupil.upn {
            assert!(upn.parse::<Upn>().is_ok() && seen.insert(upn.clone()));
        }
        let open = |kind| {
            pupil
                .enrolments
                .iter()
                .filter(|place| place.kind == kind && place.end.is_none())
                .count()
        };
        assert!(open(EnrolmentKind::Main) + open(EnrolmentKind::HomeEducated) <= 1);
        for place in
            pupil.enrolments.iter().filter(|place| place.kind != EnrolmentKind::HomeEducated)
        {
            assert!(wales.school(&place.laestab).is_some());
            assert!(place.end.is_none_or(|end| place.start <= end), "{place:?}");
        }
    }
    assert!(!wales.schools.iter().any(|school| {
        crate::night::Night::new()
            .establishments
            .iter()
            .any(|place| place.laestab == school.laestab)
    }));
}

#[test]
fn every_hard_case_is_there_and_none_is_common() {
    let wales = Wales::generate(4, Scale::new(0.05).unwrap());
    let children = wales.pupils.len();
    let per_mille = |count: usize, of: usize| count * 1_000 / of;
    let mut kinds = BTreeMap::new();
    for family in &wales.families {
        *kinds.entry(family.kind).or_insert(0_usize) += 1;
        assert_eq!(family.kind == FamilyKind::Refuge, family.home.protect);
        assert_eq!(family.kind == FamilyKind::SharedCustody, family.second_home.is_some());
    }
    let families = wales.families.len();
    assert!((1..=6).contains(&per_mille(kinds[&FamilyKind::Refuge], families)));
    assert!((40..=80).contains(&per_mille(kinds[&FamilyKind::SharedCustody], families)));
    assert!((80..=120).contains(&per_mille(kinds[&FamilyKind::Blended], families)));
    let count = |kind| {
        wales
            .pupils
            .iter()
            .filter(|pupil| pupil.enrolments.iter().any(|place| place.kind == kind))
            .count()
    };
    assert!((5..=20).contains(&per_mille(count(EnrolmentKind::HomeEducated), children)));
    assert!((1..=10).contains(&per_mille(count(EnrolmentKind::Subsidiary), children)));
    let moved = wales
        .pupils
        .iter()
        .filter(|pupil| pupil.enrolments.iter().any(|place| place.end.is_some()));
    assert!((5..=40).contains(&per_mille(moved.count(), children)));
    let named = |test: fn(char) -> bool| {
        wales
            .pupils
            .iter()
            .filter(|p| p.family_name.contains(test) || p.given_names.contains(test))
            .count()
    };
    assert!(named(|letter| letter == '\'' || letter == '\u{2019}') > 0);
    assert!(named(|letter| letter == '-') > 0);
    assert!(named(|letter| letter == '\u{308}') > 0, "a combining mark");
    assert!(named(|letter| "âêîôûŵŷ".contains(letter)) > 0);
    let boarders = wales.schools.iter().filter(|school| school.boarding).count();
    assert!(boarders > 0);
}

#[test]
fn twins_are_there_and_one_letter_tells_some_apart() {
    let wales = Wales::generate(5, Scale::new(0.05).unwrap());
    let twins = wales.families.iter().filter(|family| {
        let born: Vec<_> =
            family.children.iter().map(|child| wales.pupils[*child].date_of_birth).collect();
        born.windows(2).any(|pair| pair[0] == pair[1])
    });
    let share = twins.count() * 1_000 / wales.families.len();
    assert!((10..=45).contains(&share), "{share}");
}

#[test]
fn incidents_have_the_shape_of_the_night() {
    let wales = small();
    let incidents: Vec<_> = wales.incidents_without_end("shape").take(5_000).collect();
    let (mut night, mut saturday) = (0, 0);
    let mut numbers = BTreeSet::new();
    for incident in &incidents {
        let report = incident.request.incident.as_ref().unwrap();
        let second = report.attended_time.unwrap().seconds - Wales::week().as_second();
        let hour = second / 3_600 % 24;
        night += usize::from(!(3..21).contains(&hour));
        saturday += usize::from(second / 86_400 == 5);
        assert!(numbers.insert((incident.force.clone(), report.occurrence_number.clone())));
        assert!(incident.reported_at.as_second() > report.attended_time.unwrap().seconds);
        assert_eq!(report.children.len(), incident.schools.len());
        assert!(report.narrative.contains("synthetic"));
    }
    assert!((430..=480).contains(&(night * 1_000 / incidents.len())), "{night}");
    assert!((195..=235).contains(&(saturday * 1_000 / incidents.len())), "{saturday}");
}

#[test]
fn the_contract_accepts_every_incident() {
    let wales = small();
    for incident in wales.incidents_without_end("contract").take(2_000) {
        let force = incident.force.parse().unwrap();
        let read = incident_from_wire(
            incident.request.incident.unwrap(),
            &Checks::report(incident.reported_at, force),
        );
        let faults: Vec<_> = read.err().into_iter().flatten().collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
}

#[test]
fn the_files_are_written_and_say_what_they_are() {
    let folder = std::env::temp_dir().join(format!("mash-synth-{}", std::process::id()));
    let written = small().write(&folder).unwrap();
    assert_eq!(written.len(), 6 + 22);
    let marked =
        |path: &std::path::PathBuf| path.to_string_lossy().to_lowercase().contains("synthetic");
    assert!(written.iter().all(marked), "{written:?}");
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(text("SYNTHETIC-README.txt").starts_with(crate::identifiers::BANNER));
    let first: serde_json::Value =
        serde_json::from_str(text("synthetic-incidents.jsonl").lines().next().unwrap()).unwrap();
    assert!(first["incident"]["occurrenceNumber"].is_string());
    assert_eq!(text("synthetic-contacts.jsonl").lines().count(), small().contacts().len());
    std::fs::remove_dir_all(&folder).unwrap();
}
