use jiff::civil::date;

use super::*;

const TODAY: Date = date(2026, 11, 18);

fn mair() -> Contact {
    Contact {
        id: "mair-rees".to_owned(),
        full_name: "Mair Rees".to_owned(),
        role: ContactRole::KeyAdult,
        email: "m.rees@pontybryn.example".to_owned(),
        telephone: "01656 000001".to_owned(),
        training_date: Some(date(2026, 1, 10)),
        confirmed_date: Some(date(2026, 9, 3)),
        absence: None,
        cover: None,
    }
}

fn faults(contacts: &[Contact]) -> Vec<(String, &'static str)> {
    let faults = check(contacts, ContactOwner::Establishment, TODAY).err().unwrap_or_default();
    faults.into_iter().map(|fault| (fault.field, fault.code)).collect()
}

#[test]
fn a_named_person_with_a_mailbox_of_her_own_is_taken() {
    for email in [
        "m.rees@pontybryn.example",
        "office.rees@a.example",
        "headley@a.example",
        "o'neil+oe@a.b.example",
    ] {
        assert_eq!(faults(&[Contact { email: email.to_owned(), ..mair() }]), [], "{email}");
    }
    for name in ["Siân Lloyd", "D’Arcy ap Rhys-Jones", "Head Teacherson"] {
        assert_eq!(faults(&[Contact { full_name: name.to_owned(), ..mair() }]), [], "{name}");
    }
}

#[test]
fn a_shared_mailbox_is_refused() {
    let table = [
        "office",
        "Office",
        "admin",
        "info",
        "head",
        "reception",
        "enquiries",
        "swyddfa",
        "ysgol",
        "post",
        "dsl",
        "safeguarding",
        "diogelu",
        "office2",
        "school.office",
        "schooloffice",
        "school-office",
        "head_teacher",
        "office+encompass",
        "swyddfa.ysgol",
        "123",
    ];
    for local in table {
        let email = format!("{local}@school.example");
        let found = faults(&[Contact { email, ..mair() }]);
        assert_eq!(found, [("contacts[0].email".to_owned(), "MASH-E011")], "{local}");
    }
    let owen =
        Contact { id: "owen".to_owned(), email: "M.Rees@pontybryn.example".to_owned(), ..mair() };
    assert_eq!(faults(&[mair(), owen]), [("contacts[1].email".to_owned(), "MASH-E011")]);
}

#[test]
fn every_fault_is_told_at_once() {
    let bad = Contact {
        id: "mair rees".to_owned(),
        full_name: "The School Office".to_owned(),
        role: ContactRole::DeskOfficer,
        email: "nobody".to_owned(),
        telephone: "call me".to_owned(),
        training_date: Some(date(2027, 1, 1)),
        confirmed_date: Some(date(2027, 1, 1)),
        absence: None,
        cover: None,
    };
    let codes: Vec<_> = faults(&[bad]).into_iter().map(|(_, code)| code).collect();
    let expected =
        ["MASH-E010", "MASH-E010", "MASH-E010", "MASH-E010", "MASH-E010", "MASH-E005", "MASH-E005"];
    assert_eq!(codes, expected);
}

#[test]
fn odd_addresses_are_refused() {
    let long = format!("{}@a.example", "a".repeat(65));
    let table = [
        "",
        "@",
        "a@",
        "@a.example",
        "a@b",
        "a b@c.example",
        "a@-b.example",
        ".a@b.example",
        "a@b..example",
    ];
    for email in table.into_iter().chain([long.as_str()]) {
        let found = faults(&[Contact { email: email.to_owned(), ..mair() }]);
        assert_eq!(found, [("contacts[0].email".to_owned(), "MASH-E010")], "{email}");
    }
}

#[test]
fn an_eleventh_contact_and_a_second_of_one_id_are_refused() {
    let numbered = |index: usize| Contact {
        id: format!("c{index}"),
        email: format!("person{}.x@a.example", "x".repeat(index)),
        ..mair()
    };
    let eleven: Vec<_> = (0..11).map(numbered).collect();
    assert_eq!(faults(&eleven), [("contacts".to_owned(), "MASH-E012")]);
    let twice = Contact { id: "c0".to_owned(), ..numbered(1) };
    assert_eq!(faults(&[numbered(0), twice]), [("contacts[1].id".to_owned(), "MASH-E012")]);
}

#[test]
fn only_who_is_trained_receives() {
    assert!(mair().may_receive(TODAY));
    assert!(!Contact { training_date: None, ..mair() }.may_receive(TODAY));
    assert!(!Contact { training_date: Some(date(2026, 11, 19)), ..mair() }.may_receive(TODAY));
}

#[test]
fn somebody_is_away_from_the_first_day_to_the_last() {
    let away = DateRange::new(date(2026, 11, 18), date(2026, 11, 19));
    let away = Contact { absence: away, ..mair() };
    let days = [17, 18, 19, 20].map(|day| away.is_absent(date(2026, 11, day)));
    assert_eq!(days, [false, true, true, false]);
    assert!(!mair().is_absent(TODAY));
}

#[test]
fn whoever_covers_is_told_and_a_ring_of_the_absent_ends() {
    let away = DateRange::new(TODAY, TODAY);
    let one = |id: &str, cover: &str, absence| Contact {
        id: id.to_owned(),
        cover: (!cover.is_empty()).then(|| cover.to_owned()),
        absence,
        ..mair()
    };
    let told = |contacts: &[Contact], today| {
        stand_in(contacts, &contacts[0], today).map(|contact| contact.id.clone())
    };
    let row = [one("a", "b", away), one("b", "c", away), one("c", "", None)];
    assert_eq!(told(&row, TODAY).as_deref(), Some("c"), "the cover of her cover");
    assert_eq!(told(&row, date(2026, 11, 19)).as_deref(), Some("a"), "she is back");
    assert_eq!(told(&[one("a", "b", away), one("b", "a", away)], TODAY), None);
    assert_eq!(told(&[one("a", "", away)], TODAY), None);
    assert_eq!(told(&[one("a", "gone", away)], TODAY), None);
}

#[test]
fn only_another_contact_of_the_list_covers() {
    for cover in ["mair-rees", "somebody"] {
        let found = faults(&[Contact { cover: Some(cover.to_owned()), ..mair() }]);
        assert_eq!(found, [("contacts[0].cover".to_owned(), "MASH-E035")], "{cover}");
    }
}

#[test]
fn a_contact_does_not_print() {
    let text = format!("{:?}", mair());
    assert!(!text.contains("Mair") && !text.contains('@') && !text.contains("01656"), "{text}");
}
