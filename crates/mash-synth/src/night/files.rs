//! The night as files to import: England's register, the Welsh list, and one roll for each authority.

use super::{
    Night,
    people::{Pupil, Roll},
    places::{BRISTOL, Establishment},
};

/// The columns of a roll.
pub const ROLL_COLUMNS: [&str; 11] = [
    "UPN",
    "NHS Number",
    "Local Id",
    "Given Names",
    "Family Name",
    "Date of Birth",
    "Postcode",
    "LAESTAB",
    "Enrolment",
    "Start Date",
    "End Date",
];

/// The columns of the Welsh list.
pub const WALES_COLUMNS: [&str; 18] = [
    "LA Code",
    "School Number",
    "School Name",
    "Sector",
    "Governance",
    "Welsh Medium Type",
    "Address 1",
    "Address 2",
    "Address 3",
    "Address 4",
    "Postcode",
    "Phone",
    "Low Age",
    "High Age",
    "Status",
    "Close Date",
    "Boarding",
    "Successors",
];

/// The columns of England's register that the hub reads, in its order.
pub const GIAS_COLUMNS: [&str; 18] = [
    "URN",
    "LA (code)",
    "LA (name)",
    "EstablishmentNumber",
    "EstablishmentName",
    "TypeOfEstablishment (code)",
    "TypeOfEstablishment (name)",
    "EstablishmentStatus (code)",
    "EstablishmentStatus (name)",
    "OpenDate",
    "CloseDate",
    "PhaseOfEducation (name)",
    "StatutoryLowAge",
    "StatutoryHighAge",
    "Boarders (name)",
    "Street",
    "Town",
    "Postcode",
];

impl Night {
    /// The authorities that have a roll.
    #[must_use]
    pub fn roll_authorities(&self) -> [&'static str; 4] {
        use super::places::{BRIDGEND, CARDIFF, VALE};
        [BRIDGEND, VALE, CARDIFF, BRISTOL]
    }

    /// England's register, UTF-8.
    #[must_use]
    pub fn gias_csv(&self) -> String {
        let rows = self.establishments.iter().filter(|place| place.authority_code() == BRISTOL);
        lines(&GIAS_COLUMNS, rows.map(gias_row))
    }

    /// The Welsh list, UTF-8.
    #[must_use]
    pub fn wales_csv(&self) -> String {
        let rows = self.establishments.iter().filter(|place| place.authority_code() != BRISTOL);
        lines(&WALES_COLUMNS, rows.map(wales_row))
    }

    /// The roll of one authority.
    #[must_use]
    pub fn roll_csv(&self, authority: &str) -> String {
        let rows =
            (1..).zip(&self.pupils).filter(|(_, pupil)| pupil.home.authority_code == authority);
        lines(&ROLL_COLUMNS, rows.filter_map(|(serial, pupil)| roll_row(serial, pupil)))
    }
}

fn gias_row(place: &Establishment) -> Vec<String> {
    texts(&[
        "990951",
        place.authority_code(),
        "Bristol, City of",
        number(place),
        place.display_name,
        "01",
        place.sector,
        "1",
        "Open",
        "",
        "",
        "Primary",
        &place.ages.0.to_string(),
        &place.ages.1.to_string(),
        "No boarders",
        place.address[0],
        place.address[1],
        place.postcode,
    ])
}

fn wales_row(place: &Establishment) -> Vec<String> {
    texts(&[
        place.authority_code(),
        number(place),
        place.display_name,
        place.sector,
        "Community",
        place.medium,
        place.address[0],
        place.address[1],
        "",
        "",
        place.postcode,
        place.telephone,
        &place.ages.0.to_string(),
        &place.ages.1.to_string(),
        "Open",
        "",
        "No",
        "",
    ])
}

fn roll_row(serial: u32, pupil: &Pupil) -> Option<Vec<String>> {
    let (laestab, enrolment) = match pupil.roll {
        Roll::At(laestab) => (laestab, "main"),
        Roll::HomeEducated => ("", "home-educated"),
        Roll::Absent => return None,
    };
    let (year, month, day) = pupil.date_of_birth;
    Some(texts(&[
        pupil.upn.as_deref().unwrap_or_default(),
        pupil.nhs_number.as_deref().unwrap_or_default(),
        &format!("{}-{serial:06}", pupil.home.authority_code),
        pupil.given_names,
        pupil.family_name,
        &format!("{year:04}-{month:02}-{day:02}"),
        pupil.home.postcode,
        laestab,
        enrolment,
        "2026-09-01",
        "",
    ]))
}

fn number(place: &Establishment) -> &'static str {
    place.laestab.get(3..).unwrap_or_default()
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// A table as CSV. Writing to memory cannot fail, so a failure would show as an empty file, which the tests refuse.
fn lines(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = writer.write_record(columns).and_then(|()| {
        for row in rows {
            writer.write_record(row)?;
        }
        Ok(())
    });
    match (written, writer.into_inner()) {
        (Ok(()), Ok(bytes)) => String::from_utf8(bytes).unwrap_or_default(),
        _ => String::new(),
    }
}
