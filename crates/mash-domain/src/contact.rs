//! The people who may receive notices: a named person, with a mailbox of her own, trained.

use std::{collections::BTreeMap, fmt};

use jiff::civil::Date;

use crate::calendar::DateRange;

/// The most contacts of one establishment or desk.
pub const CONTACTS_LIMIT: usize = 10;

/// What a contact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContactRole {
    /// The key adult: designated safeguarding lead or person.
    KeyAdult,
    /// The deputy.
    Deputy,
    /// The second deputy.
    SecondDeputy,
    /// The head, whom the ladder reaches last.
    Head,
    /// An officer of an authority's desk.
    DeskOfficer,
}

/// A named person who may receive notices. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// An opaque id that the establishment chose.
    pub id: String,
    /// Name.
    pub full_name: String,
    /// Role.
    pub role: ContactRole,
    /// A mailbox of this person's own.
    pub email: String,
    /// Telephone.
    pub telephone: String,
    /// When Operation Encompass training was completed.
    pub training_date: Option<Date>,
    /// When the details were last confirmed.
    pub confirmed_date: Option<Date>,
    /// The days on which this person is away, so that the ladder passes her over.
    pub absence: Option<DateRange>,
    /// The id of whoever is told in her place on those days.
    pub cover: Option<String>,
}

impl fmt::Debug for Contact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Contact")
            .field("id", &self.id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl Contact {
    /// Whether this person may receive notices on the day: only who is trained may.
    #[must_use]
    pub fn may_receive(&self, today: Date) -> bool {
        self.training_date.is_some_and(|trained| trained <= today)
    }

    /// Whether this person is away on the day.
    #[must_use]
    pub fn is_absent(&self, today: Date) -> bool {
        self.absence.is_some_and(|days| days.contains(today))
    }
}

/// Whose contacts they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactOwner {
    /// An establishment: key adult, deputies.
    Establishment,
    /// A desk of an authority: officers.
    Desk,
}

/// One thing that is wrong with a list of contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactFault {
    /// Where, such as `contacts[0].email`.
    pub field: String,
    /// A code with a page in `docs/errors`.
    pub code: &'static str,
    /// What is wrong, without the value.
    pub description: &'static str,
}

/// Checks a list of contacts, and lists every fault at once.
///
/// # Errors
///
/// Every [`ContactFault`]; a shared mailbox is `MASH-E011`.
pub fn check(
    contacts: &[Contact],
    owner: ContactOwner,
    today: Date,
) -> Result<(), Vec<ContactFault>> {
    let mut faults = Vec::new();
    if contacts.len() > CONTACTS_LIMIT {
        faults.push(ContactFault {
            field: "contacts".to_owned(),
            code: "MASH-E012",
            description: "at most 10 contacts",
        });
    }
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    let mut mailboxes: BTreeMap<String, usize> = BTreeMap::new();
    for (index, contact) in contacts.iter().take(CONTACTS_LIMIT).enumerate() {
        let mut fault = |field: &str, code, description| {
            faults.push(ContactFault {
                field: format!("contacts[{index}].{field}"),
                code,
                description,
            });
        };
        if let Some(description) = id_fault(&contact.id) {
            fault("id", "MASH-E010", description);
        }
        if ids.insert(&contact.id, index).is_some() {
            fault("id", "MASH-E012", "the id appears twice");
        }
        if let Some(description) = name_fault(&contact.full_name) {
            fault("full_name", "MASH-E010", description);
        }
        if (contact.role == ContactRole::DeskOfficer) != (owner == ContactOwner::Desk) {
            fault(
                "role",
                "MASH-E010",
                "officers belong to desks, key adults, deputies and heads to establishments",
            );
        }
        if let Some((code, description)) = email_fault(&contact.email) {
            fault("email", code, description);
        } else if mailboxes.insert(contact.email.to_lowercase(), index).is_some() {
            fault(
                "email",
                "MASH-E011",
                "two contacts share this mailbox; each needs one of their own",
            );
        }
        if !is_telephone(&contact.telephone) {
            fault(
                "telephone",
                "MASH-E010",
                "9 to 15 digits, which may begin with + and hold spaces",
            );
        }
        if contact.training_date.is_some_and(|date| date > today) {
            fault(
                "training_date",
                "MASH-E005",
                "training cannot have been completed in the future",
            );
        }
        if contact.confirmed_date.is_some_and(|date| date > today) {
            fault(
                "confirmed_date",
                "MASH-E005",
                "details cannot have been confirmed in the future",
            );
        }
    }
    faults.extend(cover_faults(contacts, &ids));
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Whoever covers is another contact of the same list.
fn cover_faults(contacts: &[Contact], ids: &BTreeMap<&str, usize>) -> Vec<ContactFault> {
    let is_wrong = |contact: &Contact| {
        let cover = contact.cover.as_deref();
        cover.is_some_and(|cover| cover == contact.id || !ids.contains_key(cover))
    };
    let fault = |index: usize| ContactFault {
        field: format!("contacts[{index}].cover"),
        code: "MASH-E035",
        description: "the id of another contact in this list",
    };
    let looked_at = contacts.iter().take(CONTACTS_LIMIT).enumerate();
    looked_at.filter(|(_, contact)| is_wrong(contact)).map(|(index, _)| fault(index)).collect()
}

/// Who is told on the day in the place of this contact: she herself, or whoever covers for her, or for that one. Nobody if
/// everybody in that row is away.
#[must_use]
pub fn stand_in<'a>(contacts: &'a [Contact], of: &'a Contact, today: Date) -> Option<&'a Contact> {
    let mut one = of;
    // Two may cover for each other and both be away.
    for _ in 0..=contacts.len() {
        if !one.is_absent(today) {
            return Some(one);
        }
        let cover = one.cover.as_ref()?;
        one = contacts.iter().find(|contact| contact.id == *cover)?;
    }
    None
}

/// Whether a text can be the id of a contact.
#[must_use]
pub fn is_contact_id(id: &str) -> bool {
    id_fault(id).is_none()
}

fn id_fault(id: &str) -> Option<&'static str> {
    let fits = (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    (!fits).then_some("1 to 64 letters, digits, dots, hyphens or underscores")
}

fn name_fault(name: &str) -> Option<&'static str> {
    let words: Vec<String> = words(name);
    if words.is_empty()
        || name.chars().count() > 200
        || name.chars().any(|c| c.is_control() || c.is_ascii_digit())
    {
        return Some("the name of a person, of at most 200 characters");
    }
    words
        .iter()
        .all(|word| is_shared_word(word))
        .then_some("a named person, not an office or a role")
}

fn email_fault(email: &str) -> Option<(&'static str, &'static str)> {
    const SHAPE: (&str, &str) = ("MASH-E010", "an address such as m.rees@school.example");
    let Some((local, domain)) = email.rsplit_once('@') else { return Some(SHAPE) };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let labels_fit = domain.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    });
    let fits = (1..=64).contains(&local.len())
        && local.bytes().all(plain)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && email.len() <= 254
        && domain.contains('.')
        && labels_fit;
    if !fits {
        return Some(SHAPE);
    }
    let words = words(local.split('+').next().unwrap_or(local));
    let shared = words.iter().all(|word| is_shared_word(word));
    shared.then_some((
        "MASH-E011",
        "a shared mailbox: a notice may be read by one named person only, so give a mailbox of this person's own",
    ))
}

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

// Words of mailboxes and job titles that stand for an office, in English and Welsh. A word made of two of them counts too,
// so that `schooloffice` is caught as `school.office` is.
const SHARED: &[&str] = &[
    "admin",
    "administration",
    "administrator",
    "attendance",
    "bursar",
    "business",
    "contact",
    "deputy",
    "dsl",
    "dsp",
    "duty",
    "encompass",
    "enq",
    "enquiries",
    "enquiry",
    "finance",
    "general",
    "head",
    "headteacher",
    "hello",
    "help",
    "info",
    "information",
    "lead",
    "mail",
    "manager",
    "office",
    "officer",
    "operation",
    "pastoral",
    "post",
    "postmaster",
    "principal",
    "reception",
    "receptionist",
    "registrar",
    "safeguarding",
    "school",
    "secretary",
    "senco",
    "staff",
    "support",
    "team",
    "teacher",
    "the",
    "welfare",
    // Welsh
    "bennaeth",
    "cyfeillion",
    "cyffredinol",
    "cyswllt",
    "derbynfa",
    "dirprwy",
    "diogelu",
    "gweinyddol",
    "gweinyddwr",
    "gweinyddwraig",
    "gwybodaeth",
    "pennaeth",
    "prifathro",
    "post",
    "swyddfa",
    "swyddog",
    "tim",
    "tîm",
    "ymholiadau",
    "ysgol",
    "ysgrifennydd",
];

fn is_shared_word(word: &str) -> bool {
    let known = |part: &str| SHARED.contains(&part);
    known(word)
        || word.char_indices().any(|(at, _)| {
            word.split_at_checked(at).is_some_and(|(first, second)| known(first) && known(second))
        })
}

fn is_telephone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let rest = text.strip_prefix('+').unwrap_or(text);
    (9..=15).contains(&digits) && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ')
}

#[cfg(test)]
mod tests;
