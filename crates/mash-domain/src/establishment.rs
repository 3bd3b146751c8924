//! Schools, colleges and settings, and the registers that list them.
//!
//! Two layouts are read.
//!
//! **England** (GIAS, `edubasealldataYYYYMMDD.csv`). Needed: `URN`, `LA (code)`, `EstablishmentNumber`, `EstablishmentName`,
//! `TypeOfEstablishment (code)`, `EstablishmentStatus (code)`, `Postcode`. Read if there: `CloseDate`, `StatutoryLowAge`,
//! `StatutoryHighAge`, `Boarders (name)`. The key is the URN. A school that becomes an academy leaves its number to the
//! academy, so of several rows with one number the open one counts; two open ones are a duplicate key. Types outside the
//! duty (overseas, higher education, and Welsh ones, which Wales lists itself) are read past.
//!
//! **Wales** (address list). Needed: `LA Code`, `School Number` (four digits, or seven with the authority), `School Name`,
//! `Sector`, `Postcode`, `Status`. Read if there: `Close Date`, `Low Age`, `High Age`, `Boarding`, `Successors` (seven-digit
//! numbers, separated by semicolons). Other columns (`Governance`, `Welsh Medium Type`, `Address 1` …) may be there.
//! `Sector` is `Nursery`, `Infants`, `Juniors`, `Primary`, `Middle`, `Secondary`, `Special`, `Pupil Referral Unit`,
//! `Independent`, `Further Education` or `Early Years`.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use crate::{
    identifier::{AuthorityCode, Laestab},
    import::{self, Column, Imported, Limits, Problems, Refused, Row, optional, required},
    nation::Nation,
};

/// How large a register may be. England's holds some 52,000 rows and 65 MB.
pub const LIMITS: Limits = Limits { bytes: 128 << 20, rows: 200_000, cell: 1_000 };

/// What an establishment is in law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EstablishmentType {
    /// A school, of any sector.
    School,
    /// An independent school.
    IndependentSchool,
    /// A special school.
    SpecialSchool,
    /// A pupil referral unit or alternative provision.
    PupilReferralUnit,
    /// A further education college.
    FurtherEducation,
    /// A nursery or playgroup that is not a school: outside the duty unless a force has switched it on (R05).
    EarlyYears,
}

/// Whether an establishment is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EstablishmentState {
    /// Open, or open but proposed to close.
    Open,
    /// Proposed to open.
    Proposed,
    /// Closed.
    Closed,
}

/// A school, college or setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Establishment {
    /// Its number, by which it is known.
    pub laestab: Laestab,
    /// What it is called.
    pub name: String,
    /// The nation whose law it is under.
    pub nation: Nation,
    /// What it is in law.
    pub kind: EstablishmentType,
    /// Whether it is open.
    pub state: EstablishmentState,
    /// Its postcode; empty if the register has none.
    pub postcode: String,
    /// Its unique reference number; England only.
    pub urn: Option<String>,
    /// When it closed.
    pub close_date: Option<Date>,
    /// Where its pupils went when it closed or merged.
    pub successors: Vec<Laestab>,
    /// The lowest age.
    pub low_age: Option<u8>,
    /// The highest age.
    pub high_age: Option<u8>,
    /// Whether it boards pupils.
    pub boarding: bool,
}

impl Establishment {
    /// The code of its authority.
    #[must_use]
    pub fn authority(&self) -> AuthorityCode {
        self.laestab.authority()
    }
}

/// The layout of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterLayout {
    /// England's register.
    Gias,
    /// The Welsh address list.
    Wales,
}

/// Reads a register as a whole.
///
/// # Errors
///
/// [`Refused`], with every bad row, if a column is missing, a key appears twice or any row is bad.
pub fn read_register(
    file: &[u8],
    layout: RegisterLayout,
) -> Result<Imported<Establishment>, Refused> {
    match layout {
        RegisterLayout::Gias => read_gias(file),
        RegisterLayout::Wales => read_wales(file),
    }
}

struct Listed {
    line: u64,
    establishment: Establishment,
}

const URN: &str = "URN";
const NUMBER: &str = "EstablishmentNumber";
const GIAS: &[Column] = &[
    required(URN),
    required("LA (code)"),
    required(NUMBER),
    required("EstablishmentName"),
    required("TypeOfEstablishment (code)"),
    required("EstablishmentStatus (code)"),
    required("Postcode"),
    optional("CloseDate"),
    optional("StatutoryLowAge"),
    optional("StatutoryHighAge"),
    optional("Boarders (name)"),
];

fn read_gias(file: &[u8]) -> Result<Imported<Establishment>, Refused> {
    let mut problems = Problems::default();
    let mut urns: HashMap<String, ()> = HashMap::new();
    let read = import::read(file, LIMITS, GIAS, &mut problems, |row, problems| {
        let urn = problems.present(row, URN)?.to_owned();
        if !(5..=6).contains(&urn.len()) || !urn.bytes().all(|byte| byte.is_ascii_digit()) {
            problems.push(row.line, URN, "MASH-E003", "a URN has five or six digits");
        }
        if urns.insert(urn.clone(), ()).is_some() {
            problems.push(row.line, URN, "MASH-E002", "the URN appears twice");
        }
        gias_row(row, urn, problems).map(|establishment| Listed { line: row.line, establishment })
    });
    one_each(read, problems, NUMBER)
}

fn gias_row(row: &Row, urn: String, problems: &mut Problems) -> Option<Establishment> {
    let state = gias_state(row, problems);
    let kind = match gias_kind(row.text("TypeOfEstablishment (code)")) {
        GiasKind::Within(kind) => kind,
        GiasKind::Outside => return None,
        GiasKind::Unknown => {
            problems.push(
                row.line,
                "TypeOfEstablishment (code)",
                "MASH-E004",
                "no such type of establishment",
            );
            return None;
        }
    };
    // Long closed establishments have no number; nobody can be enrolled there.
    if row.text(NUMBER).is_empty() && state == Some(EstablishmentState::Closed) {
        return None;
    }
    let laestab = laestab(row, "LA (code)", NUMBER, problems);
    let rest = common(
        row,
        "EstablishmentName",
        ["CloseDate", "StatutoryLowAge", "StatutoryHighAge"],
        problems,
    );
    let boarding = matches!(
        row.text("Boarders (name)"),
        "Boarding school" | "College / FE residential accommodation"
    );
    let (laestab, rest, state) = (laestab?, rest?, state?);
    let nation = nation_of(&laestab);
    Some(Establishment { laestab, nation, kind, state, urn: Some(urn), boarding, ..rest })
}

enum GiasKind {
    Within(EstablishmentType),
    Outside,
    Unknown,
}

// DfE codes of types of establishment, from general knowledge of the register.
fn gias_kind(code: &str) -> GiasKind {
    use EstablishmentType as T;
    GiasKind::Within(match code.trim_start_matches('0') {
        "1" | "2" | "3" | "5" | "6" | "15" | "26" | "28" | "31" | "34" | "35" | "39" | "40"
        | "41" | "45" | "46" | "49" | "57" => T::School,
        "10" | "11" => T::IndependentSchool,
        "7" | "8" | "12" | "24" | "33" | "36" | "44" => T::SpecialSchool,
        "14" | "38" | "42" | "43" => T::PupilReferralUnit,
        "18" | "32" => T::FurtherEducation,
        "47" | "48" => T::EarlyYears,
        // Overseas, miscellaneous, higher education, Welsh, other departments' institutions.
        "25" | "27" | "29" | "30" | "37" | "56" => return GiasKind::Outside,
        _ => return GiasKind::Unknown,
    })
}

fn gias_state(row: &Row, problems: &mut Problems) -> Option<EstablishmentState> {
    match row.text("EstablishmentStatus (code)") {
        // 3 is `Open, but proposed to close`: it still has pupils.
        "1" | "3" => Some(EstablishmentState::Open),
        "2" => Some(EstablishmentState::Closed),
        "4" => Some(EstablishmentState::Proposed),
        _ => {
            problems.push(row.line, "EstablishmentStatus (code)", "MASH-E004", "no such status");
            None
        }
    }
}

const WALES: &[Column] = &[
    required("LA Code"),
    required("School Number"),
    required("School Name"),
    required("Sector"),
    required("Postcode"),
    required("Status"),
    optional("Close Date"),
    optional("Low Age"),
    optional("High Age"),
    optional("Boarding"),
    optional("Successors"),
];

fn read_wales(file: &[u8]) -> Result<Imported<Establishment>, Refused> {
    let mut problems = Problems::default();
    let read = import::read(file, LIMITS, WALES, &mut problems, |row, problems| {
        wales_row(row, problems).map(|establishment| Listed { line: row.line, establishment })
    });
    one_each(read, problems, "School Number")
}

fn wales_row(row: &Row, problems: &mut Problems) -> Option<Establishment> {
    let laestab = laestab(row, "LA Code", "School Number", problems);
    if laestab.as_ref().is_some_and(|number| nation_of(number) != Nation::Wales) {
        problems.push(row.line, "LA Code", "MASH-E003", "not an authority of Wales (660 to 681)");
    }
    let rest = common(row, "School Name", ["Close Date", "Low Age", "High Age"], problems);
    let kind = wales_kind(row, problems);
    let state = match row.text("Status").to_lowercase().as_str() {
        "open" | "open, but proposed to close" => Some(EstablishmentState::Open),
        "closed" => Some(EstablishmentState::Closed),
        "proposed to open" => Some(EstablishmentState::Proposed),
        _ => {
            problems.push(row.line, "Status", "MASH-E004", "no such status");
            None
        }
    };
    let boarding = match row.text("Boarding").to_lowercase().as_str() {
        "" | "no" => false,
        "yes" => true,
        _ => {
            problems.push(row.line, "Boarding", "MASH-E004", "`Yes`, `No` or empty");
            false
        }
    };
    let mut successors = Vec::new();
    for text in row.text("Successors").split(';').map(str::trim).filter(|text| !text.is_empty()) {
        match text.parse() {
            Ok(successor) => successors.push(successor),
            Err(_) => problems.push(
                row.line,
                "Successors",
                "MASH-E003",
                "seven digits each, separated by semicolons",
            ),
        }
    }
    let (laestab, rest, kind, state) = (laestab?, rest?, kind?, state?);
    Some(Establishment {
        laestab,
        nation: Nation::Wales,
        kind,
        state,
        boarding,
        successors,
        ..rest
    })
}

fn wales_kind(row: &Row, problems: &mut Problems) -> Option<EstablishmentType> {
    use EstablishmentType as T;
    Some(match row.text("Sector").to_lowercase().as_str() {
        "nursery" | "infants" | "juniors" | "primary" | "middle" | "secondary" => T::School,
        "special" => T::SpecialSchool,
        "pupil referral unit" => T::PupilReferralUnit,
        "independent" => T::IndependentSchool,
        "further education" => T::FurtherEducation,
        "early years" => T::EarlyYears,
        _ => {
            problems.push(row.line, "Sector", "MASH-E004", "no such sector");
            return None;
        }
    })
}

// What both layouts hold, under other names; the fields that differ are filled with what the caller replaces.
fn common(
    row: &Row,
    name: &'static str,
    [closed, low, high]: [&'static str; 3],
    problems: &mut Problems,
) -> Option<Establishment> {
    let name = problems.present(row, name);
    let close_date = problems.date(row, closed);
    let low_age = age(row, low, problems);
    let high_age = age(row, high, problems);
    let postcode = match row.text("Postcode") {
        "" => Some(String::new()),
        text => import::postcode(text),
    };
    if postcode.is_none() {
        problems.push(row.line, "Postcode", "MASH-E003", "not the shape of a postcode");
    }
    Some(Establishment {
        laestab: "0000000".parse().ok()?,
        name: name?.to_owned(),
        nation: Nation::Wales,
        kind: EstablishmentType::School,
        state: EstablishmentState::Open,
        postcode: postcode?,
        urn: None,
        close_date: close_date?,
        successors: Vec::new(),
        low_age: low_age?,
        high_age: high_age?,
        boarding: false,
    })
}

#[expect(clippy::option_option, reason = "bad, absent and present are three answers")]
fn age(row: &Row, column: &'static str, problems: &mut Problems) -> Option<Option<u8>> {
    let text = row.text(column);
    if text.is_empty() {
        return Some(None);
    }
    let age = text.parse::<u8>().ok().filter(|age| *age <= 99);
    if age.is_none() {
        problems.push(row.line, column, "MASH-E003", "an age is 0 to 99");
    }
    age.map(Some)
}

fn laestab(
    row: &Row,
    authority: &'static str,
    number: &'static str,
    problems: &mut Problems,
) -> Option<Laestab> {
    let code = problems.present(row, authority).map(str::parse::<AuthorityCode>);
    let digits = problems.present(row, number);
    let code = match code? {
        Ok(code) => code,
        Err(_) => {
            problems.push(row.line, authority, "MASH-E003", "an authority code has three digits");
            return None;
        }
    };
    let digits = digits?;
    let whole = if digits.len() == 7 { digits.to_owned() } else { format!("{code}{digits}") };
    let laestab = whole.parse::<Laestab>().ok().filter(|whole| whole.authority() == code);
    if laestab.is_none() {
        problems.push(
            row.line,
            number,
            "MASH-E003",
            "four digits, or seven that begin with the authority's code",
        );
    }
    laestab
}

fn nation_of(laestab: &Laestab) -> Nation {
    // The codes of Wales are one block.
    let wales =
        laestab.authority().as_str().parse::<u16>().is_ok_and(|code| (660..=681).contains(&code));
    if wales { Nation::Wales } else { Nation::England }
}

// Of several rows with one number the open one counts, then the proposed one, then the one that closed last.
fn one_each(
    read: import::Read<Listed>,
    mut problems: Problems,
    column: &'static str,
) -> Result<Imported<Establishment>, Refused> {
    let mut by_number: BTreeMap<Laestab, Establishment> = BTreeMap::new();
    for Listed { line, establishment } in read.records {
        let rank = |row: &Establishment| (row.state, std::cmp::Reverse(row.close_date));
        match by_number.get(&establishment.laestab) {
            // Only England's register keeps predecessors; elsewhere, and for two open ones, it is a slip.
            Some(other)
                if other.urn.is_none()
                    || (other.state == establishment.state
                        && other.state != EstablishmentState::Closed) =>
            {
                problems.push(line, column, "MASH-E002", "the number appears twice");
            }
            Some(other) if rank(other) <= rank(&establishment) => (),
            Some(_) | None => _ = by_number.insert(establishment.laestab.clone(), establishment),
        }
    }
    let records = by_number.into_values().collect();
    problems.finish(import::Read { rows: read.rows, encoding: read.encoding, records })
}

#[cfg(test)]
mod tests;
