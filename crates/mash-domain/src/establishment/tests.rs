use super::*;
use crate::import::Encoding;

const GIAS_HEADER: &str = "URN,LA (code),LA (name),EstablishmentNumber,EstablishmentName,TypeOfEstablishment (code),\
EstablishmentStatus (code),CloseDate,StatutoryLowAge,StatutoryHighAge,Boarders (name),Postcode";
const WALES_HEADER: &str = "LA Code,School Number,School Name,Sector,Governance,Welsh Medium Type,Address 1,Address 2,\
Address 3,Address 4,Postcode,Phone,Low Age,High Age,Status,Close Date,Boarding,Successors";

fn gias(rows: &str) -> Result<Imported<Establishment>, Refused> {
    read_register(format!("{GIAS_HEADER}\n{rows}").as_bytes(), RegisterLayout::Gias)
}

fn wales(rows: &str) -> Result<Imported<Establishment>, Refused> {
    read_register(format!("{WALES_HEADER}\n{rows}").as_bytes(), RegisterLayout::Wales)
}

fn listed(refused: &Refused) -> Vec<(u64, &'static str, &'static str)> {
    refused.problems.iter().map(|problem| (problem.line, problem.column, problem.code)).collect()
}

#[test]
fn england_is_read() {
    let imported = gias(
        "999001,801,Bristol,2301,Severn Meadows Primary School,34,1,,3,11,No boarders,BS1 1AA\n\
         999002,801,Bristol,6001,\"Avon, The College\",11,3,,11,18,Boarding school,bs11ab\n\
         999003,801,Bristol,8001,Bristol Docks College,18,2,31-08-2024,16,,,BS1 1AC\n",
    )
    .unwrap();
    assert_eq!((imported.rows, imported.encoding), (3, Encoding::Utf8));
    let [first, second, third] = imported.records.as_slice() else { panic!("three records") };
    assert_eq!(first.laestab.as_str(), "8012301");
    assert_eq!(first.nation, Nation::England);
    assert_eq!((first.low_age, first.high_age, first.boarding), (Some(3), Some(11), false));
    assert_eq!(second.name, "Avon, The College");
    assert_eq!(second.state, EstablishmentState::Open, "open, but proposed to close");
    assert_eq!(second.kind, EstablishmentType::IndependentSchool);
    assert_eq!((second.postcode.as_str(), second.boarding), ("BS1 1AB", true));
    assert_eq!(third.kind, EstablishmentType::FurtherEducation);
    assert_eq!(third.close_date, Some(jiff::civil::date(2024, 8, 31)));
}

#[test]
fn wales_is_read_in_its_own_letters_and_encoding() {
    let row = |name: &[u8]| {
        let mut file = format!("{WALES_HEADER}\n672,2301,").into_bytes();
        file.extend_from_slice(name);
        file.extend_from_slice(
            b",Primary,Community,Welsh,,,,,CF31 1AA,01656 000000,3,11,Open,,No,\n",
        );
        read_register(&file, RegisterLayout::Wales).unwrap()
    };
    let utf8 = row("Ysgol Tŷ Gwên".as_bytes());
    assert_eq!(utf8.records[0].name, "Ysgol Tŷ Gwên");
    let ansi = row(b"Ysgol T\xfd Gw\xean");
    assert_eq!(
        (ansi.records[0].name.as_str(), ansi.encoding),
        ("Ysgol Tý Gwên", Encoding::Windows1252)
    );
    let others = wales(
        "681,6818001,Porth Teigr College,Further Education,,,,,,,CF10 5AA,,16,,Open,,,\n\
         672,9001,Cylch Meithrin y Castell,Early Years,,,,,,,CF31 1AB,,2,4,Open,,,\n\
         672,2399,Hen Ysgol,Primary,,,,,,,CF31 1AC,,3,11,Closed,2025-08-31,,6722301; 6722302\n",
    );
    let others = others.unwrap().records;
    let kinds: Vec<_> = others.iter().map(|row| (row.laestab.as_str(), row.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("6722399", EstablishmentType::School),
            ("6729001", EstablishmentType::EarlyYears),
            ("6818001", EstablishmentType::FurtherEducation),
        ]
    );
    assert_eq!(
        others[0].successors.iter().map(Laestab::as_str).collect::<Vec<_>>(),
        ["6722301", "6722302"]
    );
}

#[test]
fn every_bad_row_of_a_register_is_listed() {
    let refused = gias(
        "12,801,Bristol,2301,A,34,1,,,,,BS1 1AA\n\
         999002,80,Bristol,2302,B,34,1,,,,,BS1 1AA\n\
         999003,801,Bristol,2303,,34,9,,,,,nowhere\n\
         999004,801,Bristol,2304,D,99,1,,,,,BS1 1AA\n\
         999005,801,Bristol,2305,E,34,2,31-02-2024,x,,,BS1 1AA\n\
         999006,801,Bristol,,F,34,1,,,,,BS1 1AA\n",
    )
    .unwrap_err();
    assert_eq!(
        listed(&refused),
        [
            (2, "URN", "MASH-E003"),
            (3, "LA (code)", "MASH-E003"),
            (4, "EstablishmentStatus (code)", "MASH-E004"),
            (4, "EstablishmentName", "MASH-E009"),
            (4, "Postcode", "MASH-E003"),
            (5, "TypeOfEstablishment (code)", "MASH-E004"),
            (6, "CloseDate", "MASH-E005"),
            (6, "StatutoryLowAge", "MASH-E003"),
            (7, "EstablishmentNumber", "MASH-E009"),
        ]
    );
    let refused = wales(
        "801,2301,A,Primary,,,,,,,CF31 1AA,,,,Open,,,\n\
         672,6812302,B,Academy,,,,,,,CF31 1AA,,,,Open,,Perhaps,12\n\
         672,2303,C,Primary,,,,,,,CF31 1AA,,,,Asleep,,,\n",
    )
    .unwrap_err();
    assert_eq!(
        listed(&refused),
        [
            (2, "LA Code", "MASH-E003"),
            (3, "School Number", "MASH-E003"),
            (3, "Sector", "MASH-E004"),
            (3, "Boarding", "MASH-E004"),
            (3, "Successors", "MASH-E003"),
            (4, "Status", "MASH-E004"),
        ]
    );
}

#[test]
fn a_missing_column_or_a_duplicate_key_refuses_the_file() {
    let file = "LA Code,School Number,School Name,Postcode,Status\n672,2301,A,CF31 1AA,Open\n";
    let refused = read_register(file.as_bytes(), RegisterLayout::Wales).unwrap_err();
    assert_eq!(listed(&refused), [(1, "Sector", "MASH-E001")]);

    let row = "672,2301,A,Primary,,,,,,,CF31 1AA,,,,Open,,,\n";
    assert_eq!(listed(&wales(&row.repeat(2)).unwrap_err()), [(3, "School Number", "MASH-E002")]);

    let urn_twice = "999001,801,,2301,A,34,1,,,,,BS1 1AA\n999001,801,,2302,B,34,1,,,,,BS1 1AA\n";
    assert_eq!(listed(&gias(urn_twice).unwrap_err()), [(3, "URN", "MASH-E002")]);

    let both_open = "999001,801,,2301,A,34,1,,,,,BS1 1AA\n999002,801,,2301,B,34,3,,,,,BS1 1AA\n";
    assert_eq!(listed(&gias(both_open).unwrap_err()), [(3, "EstablishmentNumber", "MASH-E002")]);
}

#[test]
fn an_academy_takes_over_the_number_of_the_school_before_it() {
    let closed = "999001,801,,2301,Old School,1,2,31-08-2020,,,,BS1 1AA\n";
    let older = "999003,801,,2301,Oldest School,1,2,31-08-2010,,,,BS1 1AA\n";
    let open = "999002,801,,2301,New Academy,34,1,,,,,BS1 1AA\n";
    for file in [
        format!("{closed}{open}{older}"),
        format!("{open}{older}{closed}"),
        format!("{older}{closed}{open}"),
    ] {
        let records = gias(&file).unwrap().records;
        assert_eq!(
            records.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(),
            ["New Academy"]
        );
    }
    let records = gias(&format!("{older}{closed}")).unwrap().records;
    assert_eq!(records[0].name, "Old School", "the one that closed last");
}

#[test]
fn what_is_outside_the_duty_is_read_past() {
    let imported = gias(
        "999001,660,,2301,Ysgol,30,1,,,,,LL55 1AA\n\
         999002,702,,,British School of Elsewhere,37,1,,,,,\n\
         999003,801,,,Long Gone,1,2,31-08-1999,,,,\n",
    )
    .unwrap();
    assert_eq!((imported.rows, imported.records.len()), (3, 0));
}
