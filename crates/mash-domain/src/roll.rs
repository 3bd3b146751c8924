//! Who is enrolled where: pupils of one authority, and the file that lists them.
//!
//! Columns of the file, one row for each enrolment: `UPN`, `NHS Number`, `Local Id`, `Given Names`, `Family Name`,
//! `Date of Birth`, `Postcode`, `LAESTAB`, `Enrolment` (`main`, `subsidiary`, `home-educated` or `none`), `Start Date`,
//! `End Date`. Rows with one local id are one pupil, who is then registered at several places; what they say about the pupil
//! must agree.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use jiff::civil::Date;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{
    identifier::{AuthorityCode, Laestab, NhsNumber, Upn},
    import::{self, Column, Imported, Limits, Problems, Refused, Row, optional, required},
};

/// How large a roll may be. The largest authority has some 200,000 pupils.
pub const LIMITS: Limits = Limits { bytes: 128 << 20, rows: 500_000, cell: 200 };
/// The most enrolments of one pupil.
pub const ENROLMENTS_LIMIT: usize = 10;
/// The longest name or part of a name, in characters.
pub const NAME_LIMIT: usize = 100;

/// How a pupil is enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnrolmentKind {
    /// The main, or only, registration.
    Main,
    /// The second registration of a dually registered pupil.
    Subsidiary,
    /// Educated at home.
    HomeEducated,
}

/// A place at an establishment, or home education.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Enrolment {
    /// The sort.
    pub kind: EnrolmentKind,
    /// Where; nowhere for home education.
    pub laestab: Option<Laestab>,
    /// From, included.
    pub start: Option<Date>,
    /// Until, included; none means open.
    pub end: Option<Date>,
}

impl Enrolment {
    /// Whether it holds on the day.
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        self.start.is_none_or(|start| start <= day) && self.end.is_none_or(|end| day <= end)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let begins_by = |first: Option<Date>, last: Option<Date>| match (first, last) {
            (Some(first), Some(last)) => first <= last,
            (None, _) | (_, None) => true,
        };
        begins_by(self.start, other.end) && begins_by(other.start, self.end)
    }
}

/// A pupil on an authority's roll. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Pupil {
    /// The authority.
    pub authority: AuthorityCode,
    /// The authority's own id; with the authority it identifies the pupil.
    pub local_id: String,
    /// Unique pupil number.
    pub upn: Option<Upn>,
    /// NHS number.
    pub nhs_number: Option<NhsNumber>,
    /// Given names, as given.
    pub given_names: String,
    /// Family name, as given.
    pub family_name: String,
    /// Date of birth.
    pub date_of_birth: Date,
    /// Home postcode; empty if not held.
    pub postcode: String,
    /// Where and how.
    pub enrolments: Vec<Enrolment>,
}

impl fmt::Debug for Pupil {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pupil").field("authority", &self.authority).finish_non_exhaustive()
    }
}

impl Pupil {
    /// The enrolments that hold on the day.
    pub fn enrolled_on(&self, day: Date) -> impl Iterator<Item = &Enrolment> {
        self.enrolments.iter().filter(move |enrolment| enrolment.holds_on(day))
    }
}

/// One thing that is wrong with a pupil.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PupilFault {
    /// Which field, such as `enrolments[1].laestab`.
    pub field: String,
    /// The column of the file that holds it.
    pub column: &'static str,
    /// A code with a page in `docs/errors`.
    pub code: &'static str,
    /// What is wrong, without the value.
    pub description: &'static str,
}

/// Lists everything that is wrong with a pupil on a day.
#[must_use]
pub fn faults(pupil: &Pupil, today: Date) -> Vec<PupilFault> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, column, code, description| {
        faults.push(PupilFault { field: field.to_owned(), column, code, description });
    };
    if !is_local_id(&pupil.local_id) {
        fault("local_id", "Local Id", "MASH-E003", "1 to 64 letters, digits or . _ / -");
    }
    if pupil.family_name.trim().is_empty() {
        fault("family_name", "Family Name", "MASH-E009", "a value is needed here");
    }
    for (field, column, name) in [
        ("given_names", "Given Names", &pupil.given_names),
        ("family_name", "Family Name", &pupil.family_name),
    ] {
        if name.chars().count() > NAME_LIMIT || name.chars().any(char::is_control) {
            fault(field, column, "MASH-E007", "at most 100 characters, without control characters");
        }
    }
    // Nobody of 25 is a pupil; an older one is another century typed by mistake.
    let oldest = today.checked_sub(jiff::Span::new().years(25)).unwrap_or(Date::MIN);
    if pupil.date_of_birth > today || pupil.date_of_birth < oldest {
        fault(
            "date_of_birth",
            "Date of Birth",
            "MASH-E005",
            "in the future, or more than 25 years ago",
        );
    }
    if !pupil.postcode.is_empty() && import::postcode(&pupil.postcode).is_none() {
        fault("postcode", "Postcode", "MASH-E003", "not the shape of a postcode");
    }
    if pupil.enrolments.len() > ENROLMENTS_LIMIT {
        fault("enrolments", "Enrolment", "MASH-E026", "at most 10 enrolments");
    }
    for (index, enrolment) in pupil.enrolments.iter().take(ENROLMENTS_LIMIT).enumerate() {
        let earlier = pupil.enrolments.get(..index).unwrap_or_default();
        if let Some((field, column, code, description)) = enrolment_fault(enrolment, earlier) {
            fault(&format!("enrolments[{index}].{field}"), column, code, description);
        }
    }
    faults
}

type FaultOf = (&'static str, &'static str, &'static str, &'static str);

fn enrolment_fault(enrolment: &Enrolment, earlier: &[Enrolment]) -> Option<FaultOf> {
    let at_home = enrolment.kind == EnrolmentKind::HomeEducated;
    if at_home != enrolment.laestab.is_none() {
        let description = "a school enrolment has seven digits here, home education has nothing";
        return Some(("laestab", "LAESTAB", "MASH-E003", description));
    }
    if let (Some(start), Some(end)) = (enrolment.start, enrolment.end)
        && end < start
    {
        return Some(("end_date", "End Date", "MASH-E005", "the enrolment ends before it starts"));
    }
    let overlaps = |other: &&Enrolment| enrolment.overlaps(other);
    if earlier.iter().filter(overlaps).any(|other| other.laestab == enrolment.laestab) {
        return Some((
            "laestab",
            "LAESTAB",
            "MASH-E002",
            "the pupil is enrolled here twice at one time",
        ));
    }
    let both_main = |other: &Enrolment| {
        other.kind == EnrolmentKind::Main && enrolment.kind == EnrolmentKind::Main
    };
    if earlier.iter().filter(overlaps).any(both_main) {
        return Some((
            "kind",
            "Enrolment",
            "MASH-E026",
            "two main enrolments at one time; one is subsidiary",
        ));
    }
    None
}

/// Whether a text can be an authority's own id of a pupil.
#[must_use]
pub fn is_local_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'-'))
}

/// What is compared when names are: letters and digits only, without case, accents, ligatures or punctuation.
///
/// ```
/// use mash_domain::roll::name_key;
///
/// assert_eq!(name_key("Siân  O’Brien-Rees"), name_key("SIAN OBRIEN REES"));
/// assert_ne!(name_key("Carys"), name_key("Cerys"));
/// ```
#[must_use]
pub fn name_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for letter in name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match letter {
            'ø' => key.push('o'),
            'ł' => key.push('l'),
            'đ' | 'ð' => key.push('d'),
            'ı' => key.push('i'),
            'ß' => key.push_str("ss"),
            'æ' => key.push_str("ae"),
            'œ' => key.push_str("oe"),
            'þ' => key.push_str("th"),
            // A capital with an accent may leave its mark behind when it is made small.
            letter if letter.is_alphanumeric() => key.push(letter),
            _ => (),
        }
    }
    key
}

const COLUMNS: &[Column] = &[
    required("UPN"),
    required("NHS Number"),
    required("Local Id"),
    required("Given Names"),
    required("Family Name"),
    required("Date of Birth"),
    required("Postcode"),
    required("LAESTAB"),
    required("Enrolment"),
    required("Start Date"),
    optional("End Date"),
];

struct Line {
    line: u64,
    pupil: Pupil,
}

/// Reads the roll of one authority as a whole.
///
/// # Errors
///
/// [`Refused`], with every bad row, if a column is missing, a key appears twice or any row is bad.
pub fn read_roll(
    file: &[u8],
    authority: &AuthorityCode,
    roll_date: Date,
) -> Result<Imported<Pupil>, Refused> {
    let mut problems = Problems::default();
    let read = import::read(file, LIMITS, COLUMNS, &mut problems, |row, problems| {
        let pupil = pupil_of(row, authority, problems)?;
        Some(Line { line: row.line, pupil })
    });
    let import::Read { rows, encoding, records: lines } = read;
    let pupils = merge(lines, &mut problems);
    let mut upns = HashMap::new();
    let mut nhs_numbers = HashMap::new();
    for (line, pupil) in &pupils {
        for fault in faults(pupil, roll_date) {
            problems.push(*line, fault.column, fault.code, fault.description);
        }
        if pupil.upn.as_ref().is_some_and(|upn| upns.insert(upn, ()).is_some()) {
            problems.push(*line, "UPN", "MASH-E002", "two pupils have this UPN");
        }
        if pupil.nhs_number.as_ref().is_some_and(|number| nhs_numbers.insert(number, ()).is_some())
        {
            problems.push(*line, "NHS Number", "MASH-E002", "two pupils have this NHS number");
        }
    }
    problems.listed.sort_by_key(|problem| problem.line);
    let records = pupils.iter().map(|(_, pupil)| pupil.clone()).collect();
    problems.finish(import::Read { rows, encoding, records })
}

fn pupil_of(row: &Row, authority: &AuthorityCode, problems: &mut Problems) -> Option<Pupil> {
    let upn =
        identifier(row, "UPN", "a UPN has 13 characters and a check letter that holds", problems);
    let nhs_number = identifier(
        row,
        "NHS Number",
        "an NHS number has ten digits and a check digit that holds",
        problems,
    );
    let date_of_birth = match problems.date(row, "Date of Birth") {
        Some(None) => {
            problems.push(row.line, "Date of Birth", "MASH-E009", "a value is needed here");
            None
        }
        other => other.flatten(),
    };
    let local_id = problems.present(row, "Local Id");
    let enrolment = enrolment_of(row, problems);
    Some(Pupil {
        authority: authority.clone(),
        local_id: local_id?.to_owned(),
        upn: upn?,
        nhs_number: nhs_number?,
        given_names: row.text("Given Names").to_owned(),
        family_name: row.text("Family Name").to_owned(),
        date_of_birth: date_of_birth?,
        // A postcode of another shape is kept, so that the pupil's faults name it.
        postcode: import::postcode(row.text("Postcode"))
            .unwrap_or_else(|| row.text("Postcode").to_owned()),
        enrolments: enrolment?.into_iter().collect(),
    })
}

#[expect(clippy::option_option, reason = "bad, absent and present are three answers")]
fn identifier<T: std::str::FromStr>(
    row: &Row,
    column: &'static str,
    description: &'static str,
    problems: &mut Problems,
) -> Option<Option<T>> {
    let text = row.text(column);
    if text.is_empty() {
        return Some(None);
    }
    let identifier = text.parse().ok();
    if identifier.is_none() {
        problems.push(row.line, column, "MASH-E015", description);
    }
    identifier.map(Some)
}

#[expect(clippy::option_option, reason = "bad, absent and present are three answers")]
fn enrolment_of(row: &Row, problems: &mut Problems) -> Option<Option<Enrolment>> {
    let kind = match row.text("Enrolment") {
        "main" => Some(EnrolmentKind::Main),
        "subsidiary" => Some(EnrolmentKind::Subsidiary),
        "home-educated" => Some(EnrolmentKind::HomeEducated),
        "none" if row.text("LAESTAB").is_empty() => None,
        _ => {
            let description = "`main`, `subsidiary`, `home-educated`, or `none` without a LAESTAB";
            problems.push(row.line, "Enrolment", "MASH-E004", description);
            return None;
        }
    };
    let laestab = match row.text("LAESTAB") {
        "" => None,
        text => match text.parse::<Laestab>() {
            Ok(laestab) => Some(laestab),
            Err(_) => {
                problems.push(
                    row.line,
                    "LAESTAB",
                    "MASH-E003",
                    "seven digits: authority and establishment",
                );
                return None;
            }
        },
    };
    let start = problems.date(row, "Start Date");
    let end = problems.date(row, "End Date");
    let (start, end) = (start?, end?);
    Some(kind.map(|kind| Enrolment { kind, laestab, start, end }))
}

// Rows with one local id become one pupil.
fn merge(lines: Vec<Line>, problems: &mut Problems) -> Vec<(u64, Pupil)> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(lines.len());
    let mut pupils: Vec<(u64, Pupil)> = Vec::with_capacity(lines.len());
    for Line { line, pupil } in lines {
        let known = places.get(&pupil.local_id).and_then(|place| pupils.get_mut(*place));
        let Some((_, known)) = known else {
            places.insert(pupil.local_id.clone(), pupils.len());
            pupils.push((line, pupil));
            continue;
        };
        let same = Pupil { enrolments: known.enrolments.clone(), ..pupil.clone() } == *known;
        if !same {
            problems.push(
                line,
                "Local Id",
                "MASH-E026",
                "an earlier row of this pupil says something else",
            );
        } else if known.enrolments.is_empty() || pupil.enrolments.is_empty() {
            problems.push(line, "Enrolment", "MASH-E026", "`none` stands alone");
        }
        known.enrolments.extend(pupil.enrolments);
    }
    pupils
}

/// Pupils by their authority's own id: what an import replaces.
#[must_use]
pub fn by_local_id(pupils: Vec<Pupil>) -> BTreeMap<String, Pupil> {
    pupils.into_iter().map(|pupil| (pupil.local_id.clone(), pupil)).collect()
}

#[cfg(test)]
mod tests;
