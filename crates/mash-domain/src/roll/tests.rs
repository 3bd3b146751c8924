use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const HEADER: &str = "UPN,NHS Number,Local Id,Given Names,Family Name,Date of Birth,Postcode,LAESTAB,Enrolment,Start Date,End Date";
const TODAY: Date = date(2026, 11, 18);

fn roll(rows: &str) -> Result<Vec<Pupil>, Vec<(u64, &'static str, &'static str)>> {
    let bridgend = "672".parse().unwrap();
    read_roll(format!("{HEADER}\n{rows}").as_bytes(), &bridgend, TODAY)
        .map(|imported| imported.records)
        .map_err(|refused| refused.problems.iter().map(|p| (p.line, p.column, p.code)).collect())
}

fn nhs(nine: &str) -> String {
    let sum: u32 = (2..=10)
        .rev()
        .zip(nine.bytes())
        .map(|(weight, digit)| weight * u32::from(digit - b'0'))
        .sum();
    format!("{nine}{}", (11 - sum % 11) % 11)
}

fn upn(rest: &str) -> String {
    format!("{}{rest}", Upn::check_letter(rest).unwrap())
}

#[test]
fn pupils_are_read_with_their_names_as_given() {
    let rows = format!(
        "{},{},P1,Siân Mair,O’Brien-Rees,2018-03-04,cf311aa,6722301,main,2022-09-01,\n\
         ,,P2,Llŷr,D'Souza,04/03/2014,,6722302,main,,\n\
         ,,P2,Llŷr,D'Souza,04/03/2014,,6727001,subsidiary,2026-01-05,2026-12-18\n\
         ,,P3,,Ŵan,2014-03-04,,,home-educated,2026-01-05,\n\
         ,,P4,E\u{301}lodie,Y Gof,2014-03-04,,,none,,\n",
        upn("672230126001"),
        nhs("999000001"),
    );
    let pupils = roll(&rows).unwrap();
    assert_eq!(pupils.len(), 4);
    assert_eq!(
        (pupils[0].given_names.as_str(), pupils[0].family_name.as_str()),
        ("Siân Mair", "O’Brien-Rees")
    );
    assert_eq!(pupils[0].postcode, "CF31 1AA");
    assert!(pupils[0].upn.is_some() && pupils[0].nhs_number.is_some());
    assert_eq!(pupils[1].enrolments.len(), 2, "registered at two places");
    assert_eq!(pupils[1].enrolled_on(date(2027, 1, 10)).count(), 1);
    assert_eq!(pupils[2].enrolments[0].kind, EnrolmentKind::HomeEducated);
    assert_eq!(pupils[3].given_names, "E\u{301}lodie", "combining marks are kept");
    assert!(pupils[3].enrolments.is_empty());
}

#[test]
fn every_bad_row_of_a_roll_is_listed() {
    let rows = "A672230126001,,P1,A,B,2018-03-04,,6722301,main,,\n\
                ,9990000010,P2,A,B,2018-03-04,,6722301,main,,\n\
                ,,P3,A,B,2027-03-04,,6722301,main,,\n\
                ,,P4,A,,,nowhere,6722301,main,,\n\
                ,,P5,A,,2018-03-04,nowhere,6722301,main,,\n\
                ,,P6,A,B,2018-03-04,,67223,main,,\n\
                ,,P7,A,B,2018-03-04,,,main,,\n\
                ,,P8,A,B,2018-03-04,,6722301,home-educated,,\n\
                ,,P9,A,B,2018-03-04,,6722301,guest,,\n\
                ,,P10,A,B,2018-03-04,,6722301,main,2026-01-02,2026-01-01\n\
                ,,P 11,A,B,2018-03-04,,6722301,main,,\n\
                ,,,A,B,1918-03-04,,6722301,main,,\n\
                ,,P13,A,B,1918-03-04,,6722301,main,31/02/2026,\n\
                ,,P14,A,B,1918-03-04,,6722301,none,,\n";
    assert_eq!(
        roll(rows).unwrap_err(),
        [
            (2, "UPN", "MASH-E015"),
            (3, "NHS Number", "MASH-E015"),
            (4, "Date of Birth", "MASH-E005"),
            (5, "Date of Birth", "MASH-E009"),
            (6, "Family Name", "MASH-E009"),
            (6, "Postcode", "MASH-E003"),
            (7, "LAESTAB", "MASH-E003"),
            (8, "LAESTAB", "MASH-E003"),
            (9, "LAESTAB", "MASH-E003"),
            (10, "Enrolment", "MASH-E004"),
            (11, "End Date", "MASH-E005"),
            (12, "Local Id", "MASH-E003"),
            (13, "Local Id", "MASH-E009"),
            (14, "Start Date", "MASH-E005"),
            (15, "Enrolment", "MASH-E004"),
        ]
    );
}

#[test]
fn keys_that_appear_twice_refuse_the_roll() {
    let number = nhs("999000001");
    let letter = upn("672230126001");
    let table = [
        (
            format!(
                "{letter},,P1,A,B,2018-03-04,,6722301,main,,\n{letter},,P2,C,D,2018-03-04,,6722301,main,,\n"
            ),
            vec![(3, "UPN", "MASH-E002")],
        ),
        (
            format!(
                ",{number},P1,A,B,2018-03-04,,6722301,main,,\n,{number},P2,C,D,2018-03-04,,6722301,main,,\n"
            ),
            vec![(3, "NHS Number", "MASH-E002")],
        ),
        (",,P1,A,B,2018-03-04,,6722301,main,,\n".repeat(2), vec![(2, "LAESTAB", "MASH-E002")]),
        (
            ",,P1,A,B,2018-03-04,,6722301,main,,\n,,P1,A,B,2018-03-04,,6722302,main,,\n".to_owned(),
            vec![(2, "Enrolment", "MASH-E026")],
        ),
        (
            ",,P1,A,B,2018-03-04,,6722301,main,,\n,,P1,X,B,2018-03-04,,6722302,subsidiary,,\n"
                .to_owned(),
            vec![(3, "Local Id", "MASH-E026")],
        ),
        (
            ",,P1,A,B,2018-03-04,,,none,,\n,,P1,A,B,2018-03-04,,6722302,main,,\n".to_owned(),
            vec![(3, "Enrolment", "MASH-E026")],
        ),
    ];
    for (rows, expected) in table {
        assert_eq!(roll(&rows).unwrap_err(), expected, "{rows}");
    }
    let moved = ",,P1,A,B,2018-03-04,,6722301,main,,2026-11-10\n,,P1,A,B,2018-03-04,,6722302,main,2026-11-11,\n";
    assert_eq!(roll(moved).unwrap().len(), 1, "a move is no overlap");
}

#[test]
fn a_roll_without_a_column_is_refused() {
    let refused = read_roll(b"UPN,Local Id\n,P1\n", &"672".parse().unwrap(), TODAY).unwrap_err();
    assert_eq!(refused.total, 8);
    assert!(
        refused.problems.iter().all(|problem| problem.line == 1 && problem.code == "MASH-E001")
    );
}

#[test]
fn names_are_compared_without_their_dress() {
    let table = [
        ("Siân", "SIAN"),
        ("Llŷr", "Lly\u{302}r"),
        ("O'Brien", "O’Brien"),
        ("Anne-Marie", "Anne Marie"),
        ("Łukasz", "Lukasz"),
        ("Søren", "Soren"),
        ("Straße", "STRASSE"),
        ("Ǿ", "o"),
        ("ﬁon", "fion"),
        ("İpek", "ipek"),
    ];
    for (one, other) in table {
        assert_eq!(name_key(one), name_key(other), "{one} and {other}");
    }
    assert_ne!(name_key("Carys"), name_key("Cerys"), "twins, one letter apart");
    assert_ne!(name_key("李"), "", "letters of other scripts stay");
}

#[test]
fn a_pupil_does_not_print() {
    let pupils = roll(",,P1,Siân,Rees,2018-03-04,CF31 1AA,6722301,main,,\n").unwrap();
    let text = format!("{pupils:?}");
    assert!(!text.contains("Rees") && !text.contains("2018") && !text.contains("P1"), "{text}");
}

proptest! {
    #[test]
    fn a_key_is_its_own_key(name in "\\PC{0,40}") {
        let key = name_key(&name);
        prop_assert_eq!(name_key(&key), key);
    }

    #[test]
    fn any_bytes_are_read_or_refused(file in proptest::collection::vec(any::<u8>(), 0..400)) {
        let bridgend = "672".parse().unwrap();
        prop_assert!(read_roll(&file, &bridgend, TODAY).is_ok_and(|roll| roll.records.is_empty())
            || read_roll(&file, &bridgend, TODAY).is_err());
    }
}
