//! Establishments, contacts, calendars, pupils and notices: wire to domain, and back.

use jiff::civil::Date;
use mash_domain::{
    calendar::{Calendar, CalendarFault, CalendarParts, DateRange},
    contact::{Contact, ContactOwner, ContactRole},
    establishment::{Establishment, EstablishmentState, EstablishmentType, RegisterLayout},
    import::{Imported, Problem, Refused},
    nation::Nation,
    notice::NoticeState,
    roll::EnrolmentKind,
};

use super::{ConvertError, Violation};
use crate::{education::v1 as wire, r#type::v1 as common};

mod ladder;
mod pupil;
#[cfg(test)]
mod tests;

pub use ladder::ladder_from_wire;
pub use pupil::{pupil_from_wire, stored_pupil_from_wire};

/// A pair of enums that say the same, and the wire's zero, which is an error.
macro_rules! same_words {
    ($wire:ident, $domain:ident, $($word:ident => $same:ident),+) => {
        impl TryFrom<wire::$wire> for $domain {
            type Error = ConvertError;

            fn try_from(value: wire::$wire) -> Result<Self, ConvertError> {
                match value {
                    wire::$wire::Unspecified => Err(ConvertError::Enum),
                    $(wire::$wire::$word => Ok(Self::$same),)+
                }
            }
        }

        impl From<$domain> for wire::$wire {
            fn from(value: $domain) -> Self {
                match value {
                    $($domain::$same => Self::$word,)+
                }
            }
        }
    };
}

same_words!(Nation, Nation, England => England, Wales => Wales);
same_words!(RegisterLayout, RegisterLayout, Gias => Gias, Wales => Wales);
same_words!(EstablishmentState, EstablishmentState, Open => Open, Closed => Closed, Proposed => Proposed);
same_words!(
    EstablishmentType, EstablishmentType, School => School, IndependentSchool => IndependentSchool,
    SpecialSchool => SpecialSchool, PupilReferralUnit => PupilReferralUnit, FurtherEducation => FurtherEducation,
    EarlyYears => EarlyYears
);
same_words!(
    ContactRole, ContactRole, KeyAdult => KeyAdult, Deputy => Deputy, SecondDeputy => SecondDeputy,
    DeskOfficer => DeskOfficer, Head => Head
);
same_words!(EnrolmentKind, EnrolmentKind, Main => Main, Subsidiary => Subsidiary, HomeEducated => HomeEducated);
same_words!(
    NoticeState, NoticeState, Delivered => Delivered, Opened => Opened, Acknowledged => Acknowledged,
    Rejected => Rejected, Escalated => Escalated, Recalled => Recalled, Deleted => Deleted
);

/// The domain's value for the number of a wire enum.
///
/// # Errors
///
/// [`ConvertError::Enum`] if it is unspecified or not known.
pub fn enum_from_wire<W: TryFrom<i32>, D: TryFrom<W, Error = ConvertError>>(
    number: i32,
) -> Result<D, ConvertError> {
    W::try_from(number).map_err(|_| ConvertError::Enum)?.try_into()
}

fn fault(field: impl Into<String>, code: &'static str, description: &str) -> Violation {
    Violation { field: field.into(), code, description: description.to_owned() }
}

/// Reads one message, and keeps every fault under a path.
struct Reader {
    path: String,
    faults: Vec<Violation>,
}

impl Reader {
    fn at(path: impl Into<String>) -> Self {
        Self { path: path.into(), faults: Vec::new() }
    }

    fn fault(&mut self, field: &str, code: &'static str, description: &str) {
        let field =
            if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) };
        self.faults.push(fault(field, code, description));
    }

    fn date(&mut self, field: &str, date: Option<common::Date>) -> Option<Date> {
        let read = Date::try_from(date?);
        if read.is_err() {
            self.fault(field, "MASH-E005", "no such date");
        }
        read.ok()
    }

    fn days(&mut self, field: &str, days: wire::DateRange) -> Option<DateRange> {
        let day = |date: Option<common::Date>| date.and_then(|date| Date::try_from(date).ok());
        let ends = day(days.first).zip(day(days.last));
        let read = ends.and_then(|(first, last)| DateRange::new(first, last));
        if read.is_none() {
            self.fault(field, "MASH-E005", "a first day, and a last one that is not before it");
        }
        read
    }

    fn word<W: TryFrom<i32>, D: TryFrom<W, Error = ConvertError>>(
        &mut self,
        field: &str,
        number: i32,
    ) -> Option<D> {
        let read = enum_from_wire::<W, D>(number);
        if read.is_err() {
            self.fault(field, "MASH-E004", "not one of the known answers");
        }
        read.ok()
    }

    fn parsed<T: std::str::FromStr>(
        &mut self,
        field: &str,
        text: &str,
        code: &'static str,
        what: &str,
    ) -> Option<T> {
        let read = text.parse().ok();
        if read.is_none() {
            self.fault(field, code, what);
        }
        read
    }

    fn optional<T: std::str::FromStr>(
        &mut self,
        field: &str,
        text: &str,
        code: &'static str,
        what: &str,
    ) -> Option<T> {
        if text.is_empty() { None } else { self.parsed(field, text, code, what) }
    }

    fn finish<T>(self, read: Option<T>) -> Result<T, Vec<Violation>> {
        match read {
            Some(read) if self.faults.is_empty() => Ok(read),
            Some(_) | None => Err(self.faults),
        }
    }
}

/// Reads a list of contacts and checks it against the rules of the domain.
///
/// # Errors
///
/// Every violation; there is at least one.
pub fn contacts_from_wire(
    contacts: Vec<wire::Contact>,
    owner: ContactOwner,
    today: Date,
) -> Result<Vec<Contact>, Vec<Violation>> {
    let mut faults = Vec::new();
    let mut read = Vec::with_capacity(contacts.len());
    for (index, contact) in
        contacts.into_iter().enumerate().take(mash_domain::contact::CONTACTS_LIMIT + 1)
    {
        match contact_from_wire(contact, &format!("contacts[{index}]")) {
            Ok(contact) => read.push(contact),
            Err(more) => faults.extend(more),
        }
    }
    // The rules speak of places in the list, so they are asked only when every place could be read.
    if faults.is_empty()
        && let Err(more) = mash_domain::contact::check(&read, owner, today)
    {
        faults.extend(
            more.into_iter().map(|found| fault(found.field, found.code, found.description)),
        );
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

/// Reads one contact, without the rules of the domain.
///
/// # Errors
///
/// Every violation; there is at least one.
pub fn contact_from_wire(contact: wire::Contact, path: &str) -> Result<Contact, Vec<Violation>> {
    let wire::Contact {
        id,
        full_name,
        role,
        email,
        telephone,
        training_date,
        confirmed_date,
        absence,
        cover,
    } = contact;
    let mut reader = Reader::at(path);
    let role = reader.word::<wire::ContactRole, _>("role", role);
    let training_date = reader.date("training_date", training_date);
    let confirmed_date = reader.date("confirmed_date", confirmed_date);
    let absence = absence.and_then(|days| reader.days("absence", days));
    let trim = |text: String| text.trim().to_owned();
    let read = role.map(|role| Contact {
        id,
        full_name: trim(full_name),
        role,
        email: trim(email),
        telephone: trim(telephone),
        training_date,
        confirmed_date,
        absence,
        cover: (!cover.is_empty()).then_some(cover),
    });
    reader.finish(read)
}

impl From<&Contact> for wire::Contact {
    fn from(contact: &Contact) -> Self {
        let Contact {
            id,
            full_name,
            role,
            email,
            telephone,
            training_date,
            confirmed_date,
            absence,
            cover,
        } = contact;
        Self {
            id: id.clone(),
            full_name: full_name.clone(),
            role: wire::ContactRole::from(*role).into(),
            email: email.clone(),
            telephone: telephone.clone(),
            training_date: training_date.map(Into::into),
            confirmed_date: confirmed_date.map(Into::into),
            absence: absence.map(|days| wire::DateRange {
                first: Some(days.first().into()),
                last: Some(days.last().into()),
            }),
            cover: cover.clone().unwrap_or_default(),
        }
    }
}

/// Reads an establishment, and its contacts as they are.
///
/// # Errors
///
/// Every violation; there is at least one.
pub fn establishment_from_wire(
    establishment: wire::Establishment,
) -> Result<(Establishment, Vec<Contact>), Vec<Violation>> {
    let wire::Establishment {
        name,
        display_name,
        authority_code,
        nation,
        r#type,
        state,
        postcode,
        urn,
        close_date,
        successors,
        low_age,
        high_age,
        boarding,
        contacts,
    } = establishment;
    let mut reader = Reader::at("establishment");
    let number = name.strip_prefix("establishments/").unwrap_or_default();
    let laestab: Option<mash_domain::identifier::Laestab> =
        reader.parsed("name", number, "MASH-E003", "`establishments/` and seven digits");
    if laestab.as_ref().is_some_and(|laestab| laestab.authority().as_str() != authority_code) {
        reader.fault(
            "authority_code",
            "MASH-E003",
            "not the authority of the establishment's number",
        );
    }
    let nation = reader.word::<wire::Nation, _>("nation", nation);
    let kind = reader.word::<wire::EstablishmentType, _>("type", r#type);
    let state = reader.word::<wire::EstablishmentState, _>("state", state);
    let close_date = reader.date("close_date", close_date);
    let mut read_successors = Vec::with_capacity(successors.len());
    for (index, successor) in successors.iter().enumerate() {
        read_successors.extend(reader.parsed(
            &format!("successors[{index}]"),
            successor,
            "MASH-E003",
            "seven digits",
        ));
    }
    let mut read_contacts = Vec::with_capacity(contacts.len());
    for (index, contact) in contacts.into_iter().enumerate() {
        match contact_from_wire(contact, &format!("establishment.contacts[{index}]")) {
            Ok(contact) => read_contacts.push(contact),
            Err(more) => reader.faults.extend(more),
        }
    }
    // Zero is how the wire says that the register has no age.
    let age = |age: i32| u8::try_from(age).ok().filter(|age| *age > 0);
    let build = || {
        Some(Establishment {
            laestab: laestab?,
            name: display_name,
            nation: nation?,
            kind: kind?,
            state: state?,
            postcode,
            urn: Some(urn).filter(|urn| !urn.is_empty()),
            close_date,
            successors: read_successors,
            low_age: age(low_age),
            high_age: age(high_age),
            boarding,
        })
    };
    let read = build().map(|establishment| (establishment, read_contacts));
    reader.finish(read)
}

/// An establishment for the wire, with its contacts.
#[must_use]
pub fn establishment_to_wire(
    establishment: &Establishment,
    contacts: &[Contact],
) -> wire::Establishment {
    let Establishment {
        laestab,
        name,
        nation,
        kind,
        state,
        postcode,
        urn,
        close_date,
        successors,
        low_age,
        high_age,
        boarding,
    } = establishment;
    wire::Establishment {
        name: format!("establishments/{laestab}"),
        display_name: name.clone(),
        authority_code: laestab.authority().to_string(),
        nation: wire::Nation::from(*nation).into(),
        r#type: wire::EstablishmentType::from(*kind).into(),
        state: wire::EstablishmentState::from(*state).into(),
        postcode: postcode.clone(),
        urn: urn.clone().unwrap_or_default(),
        close_date: close_date.map(Into::into),
        successors: successors.iter().map(ToString::to_string).collect(),
        low_age: low_age.unwrap_or_default().into(),
        high_age: high_age.unwrap_or_default().into(),
        boarding: *boarding,
        contacts: contacts.iter().map(Into::into).collect(),
    }
}

/// Reads a calendar.
///
/// # Errors
///
/// Every violation; there is at least one.
pub fn calendar_from_wire(calendar: wire::Calendar) -> Result<Calendar, Vec<Violation>> {
    let wire::Calendar { session_start_minutes, terms, holidays, training_days, open_weekdays } =
        calendar;
    let mut reader = Reader::at("calendar");
    let terms = ranges(&mut reader, "terms", terms);
    let holidays = ranges(&mut reader, "holidays", holidays);
    let mut days = Vec::with_capacity(training_days.len());
    for (index, day) in training_days.into_iter().enumerate() {
        days.extend(reader.date(&format!("training_days[{index}]"), Some(day)));
    }
    let parts = CalendarParts {
        session_start_minutes,
        terms,
        holidays,
        training_days: days,
        open_weekdays,
    };
    // A range that could not be read would show again as a term that is missing.
    if !reader.faults.is_empty() {
        return Err(reader.faults);
    }
    Calendar::new(parts).map_err(|faults| faults.into_iter().map(calendar_fault).collect())
}

fn ranges(reader: &mut Reader, field: &str, ranges: Vec<wire::DateRange>) -> Vec<DateRange> {
    let mut read = Vec::with_capacity(ranges.len());
    for (index, wire::DateRange { first, last }) in ranges.into_iter().enumerate() {
        let at = format!("{field}[{index}]");
        let (first, last) = (reader.date(&at, first), reader.date(&at, last));
        match first.zip(last).and_then(|(first, last)| DateRange::new(first, last)) {
            Some(range) => read.push(range),
            None => reader.fault(&at, "MASH-E013", "a first and a last day, in that order"),
        }
    }
    read
}

fn calendar_fault(found: CalendarFault) -> Violation {
    let field = match found {
        CalendarFault::SessionStart => "calendar.session_start_minutes".to_owned(),
        CalendarFault::NoTerm => "calendar.terms".to_owned(),
        CalendarFault::TooMany | CalendarFault::NeverOpen => "calendar".to_owned(),
        CalendarFault::TermOrder { index } | CalendarFault::TermLength { index } => {
            format!("calendar.terms[{index}]")
        }
        CalendarFault::Weekday { index } => format!("calendar.open_weekdays[{index}]"),
    };
    fault(field, "MASH-E013", &found.to_string())
}

/// What a refused import says.
#[must_use]
pub fn refused_to_wire(refused: &Refused) -> wire::ImportReport {
    wire::ImportReport {
        rows: count(refused.rows),
        problems: refused.problems.iter().map(Into::into).collect(),
        problems_total: count(refused.total),
        encoding: refused.encoding.word().to_owned(),
        ..wire::ImportReport::default()
    }
}

/// What an import says that was taken, with how many records were created, changed and left as they were.
#[must_use]
pub fn imported_to_wire<T>(
    imported: &Imported<T>,
    [created, changed, unchanged]: [usize; 3],
) -> wire::ImportReport {
    wire::ImportReport {
        rows: count(imported.rows),
        created: count(created),
        changed: count(changed),
        unchanged: count(unchanged),
        problems: Vec::new(),
        problems_total: 0,
        encoding: imported.encoding.word().to_owned(),
    }
}

impl From<&Problem> for wire::ImportProblem {
    fn from(Problem { line, column, code, description }: &Problem) -> Self {
        Self {
            line: i32::try_from(*line).unwrap_or(i32::MAX),
            column: (*column).to_owned(),
            code: (*code).to_owned(),
            description: (*description).to_owned(),
        }
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
