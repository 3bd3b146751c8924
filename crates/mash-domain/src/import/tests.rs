use super::*;

const LIMITS: Limits = Limits { bytes: 1_000, rows: 3, cell: 10 };
const COLUMNS: &[Column] = &[required("Key"), optional("Name")];

type Found = (u64, &'static str, &'static str);

fn names(file: &[u8]) -> Result<(Encoding, Vec<String>), Vec<Found>> {
    let mut problems = Problems::default();
    let read = read(file, LIMITS, COLUMNS, &mut problems, |row, problems| {
        problems.present(row, "Key").map(|_| row.text("Name").to_owned())
    });
    problems.finish(read).map(|imported| (imported.encoding, imported.records)).map_err(|refused| {
        refused
            .problems
            .iter()
            .map(|problem| (problem.line, problem.column, problem.code))
            .collect()
    })
}

#[test]
fn encodings_are_told_apart() {
    let sian = || vec!["Siân".to_owned()];
    let table: [(&[u8], _, &str); 9] = [
        (b"Key,Name\n1,Si\xc3\xa2n\n", Ok((Encoding::Utf8, sian())), "UTF-8"),
        (b"\xef\xbb\xbfKey,Name\n1,Si\xc3\xa2n\n", Ok((Encoding::Utf8, sian())), "with a mark"),
        (b"Key,Name\r\n1,Si\xe2n\r\n", Ok((Encoding::Windows1252, sian())), "Windows-1252"),
        (
            b"Key,Name\n1,Si\xe2n\n2,Si\xc3\xa2n\n",
            Ok((Encoding::Windows1252, vec!["Siân".to_owned(), "Siân".to_owned()])),
            "in places",
        ),
        (
            b"Key,Name\n1,Si\xc3\xa2n\xe2n\n",
            Err(vec![(2, "Name", "MASH-E006")]),
            "both in one cell",
        ),
        (
            b"\xef\xbb\xbfKey,Name\n1,Si\xe2n\n",
            Err(vec![(2, "Name", "MASH-E006")]),
            "mark and not UTF-8",
        ),
        (b"Key,Name\n1,\x81\n", Err(vec![(2, "Name", "MASH-E006")]), "no such character"),
        (b"Key,Name\n1,a\x00b\n", Err(vec![(2, "Name", "MASH-E006")]), "control character"),
        (b"K\x00e\x00y\x00", Err(vec![(1, "Key", "MASH-E001")]), "UTF-16"),
    ];
    for (file, expected, why) in table {
        assert_eq!(names(file), expected, "{why}");
    }
}

#[test]
fn every_bad_row_is_listed_by_its_line() {
    let table: [(&str, Vec<Found>, &str); 9] = [
        ("", vec![(1, "", "MASH-E001")], "empty file"),
        ("Name\nx\n", vec![(1, "Key", "MASH-E001")], "missing column"),
        ("Key,Name,key\n1,x,2\n", vec![(1, "Key", "MASH-E001")], "column twice"),
        ("Key,Name\n1\n1,2,3\n", vec![(2, "", "MASH-E008"), (3, "", "MASH-E008")], "wrong width"),
        ("Key,Name\n,x\n\n,y\n", vec![(2, "Key", "MASH-E009"), (4, "Key", "MASH-E009")], "no key"),
        ("Key,Name\r\n1,x\r\n\r\n,y\r\n", vec![(4, "Key", "MASH-E009")], "no key, with CRLF"),
        ("Key,Name\n1,12345678901\n", vec![(2, "Name", "MASH-E007")], "long cell"),
        ("Key\n1\n2\n3\n4\n", vec![(5, "", "MASH-E007")], "too many rows"),
        ("Key,Name\n1,\"x\n", vec![], "a quote that the end of the file closes"),
    ];
    for (file, expected, why) in table {
        assert_eq!(names(file.as_bytes()).err().unwrap_or_default(), expected, "{why}");
    }
    let large = names(&vec![b'x'; 1_001]);
    assert_eq!(large, Err(vec![(0, "", "MASH-E007")]));
}

#[test]
fn a_flood_of_problems_is_counted_and_not_kept() {
    let file = format!("Key\n{}", "\"\"\n".repeat(1_500));
    let limits = Limits { bytes: 10_000, rows: 2_000, cell: 10 };
    let mut problems = Problems::default();
    let read = read(file.as_bytes(), limits, COLUMNS, &mut problems, |row, problems| {
        problems.present(row, "Key").map(str::len)
    });
    let refused = problems.finish(read).unwrap_err();
    assert_eq!((refused.rows, refused.problems.len(), refused.total), (1_500, LISTED, 1_500));
}

#[test]
fn dates_and_postcodes_have_one_reading() {
    let table = [
        ("2026-09-01", Some("2026-09-01")),
        ("01/09/2026", Some("2026-09-01")),
        ("01-09-2026", Some("2026-09-01")),
        ("1/9/2026", None),
        ("31/02/2026", None),
        ("2026-13-01", None),
        ("0026-01-01", None),
        ("+026-01-01", None),
    ];
    for (text, expected) in table {
        assert_eq!(date(text).map(|date| date.to_string()).as_deref(), expected, "{text}");
    }
    let table = [
        ("cf31 1aa", Some("CF31 1AA")),
        ("M11AE", Some("M1 1AE")),
        ("EC1A 1BB", Some("EC1A 1BB")),
        ("CF311", None),
        ("1F31 1AA", None),
        ("CF31 1A1", None),
        ("", None),
        ("ŵŵ1 1aa", None),
    ];
    for (text, expected) in table {
        assert_eq!(postcode(text).as_deref(), expected, "{text}");
    }
}
