//! Who of a school's contacts must not learn of an incident, because she is a party to it (R20).
//!
//! The parties are known by name only, so a contact of the same name is taken to be the party: wrongly passing over a
//! key adult costs a call to her deputy, wrongly telling a perpetrator cannot be undone. Where a party's name was not
//! established, nobody can be cleared, and the authority's duty desk decides.

use mash_domain::{identifier::Laestab, roll::name_key};

/// An adult party, as far as the check needs to know.
pub struct Party<'a> {
    /// Given names; empty if not established.
    pub given_names: &'a str,
    /// Family name; empty if not established.
    pub family_name: &'a str,
    /// Telephone; empty if not held.
    pub telephone: &'a str,
    /// Where the party works, if that is a school or setting.
    pub works_at: Option<&'a Laestab>,
}

/// A contact who could receive the notice.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// The opaque id that the establishment chose.
    pub id: String,
    /// Full name.
    pub full_name: String,
    /// Telephone.
    pub telephone: String,
    /// Whether the contact has completed the training without which she is passed over.
    pub trained: bool,
}

/// Who may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// These contacts, in order, all of them clear of the incident.
    Clear(Vec<String>),
    /// Somebody had to be passed over, or a party works here: these alternates, with the least content.
    Alternates(Vec<String>),
    /// Everybody who could be told is a party.
    AllConflicted,
    /// A party's name is not known, so nobody can be cleared.
    Unknown,
    /// There is no trained contact at all.
    Nobody,
}

/// Decides who of the contacts may be told.
#[must_use]
pub fn audience(establishment: &Laestab, contacts: &[Contact], parties: &[Party<'_>]) -> Audience {
    let trained: Vec<&Contact> = contacts.iter().filter(|contact| contact.trained).collect();
    let Some(first) = trained.first() else {
        return Audience::Nobody;
    };
    let mut clear = Vec::new();
    for contact in &trained {
        match parties.iter().map(|party| compare(contact, party)).max() {
            Some(Likeness::Same) => {}
            Some(Likeness::CannotTell) => return Audience::Unknown,
            Some(Likeness::Different) | None => clear.push(contact.id.clone()),
        }
    }
    let works_here = parties.iter().any(|party| party.works_at == Some(establishment));
    if clear.is_empty() {
        Audience::AllConflicted
    } else if works_here || clear.first() != Some(&first.id) {
        Audience::Alternates(clear)
    } else {
        Audience::Clear(clear)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    Different,
    CannotTell,
    Same,
}

fn compare(contact: &Contact, party: &Party<'_>) -> Likeness {
    let (held, given) = (national_digits(&contact.telephone), national_digits(party.telephone));
    if held.len() >= 7 && held == given {
        return Likeness::Same;
    }
    let words = words(&contact.full_name);
    let has = |name: &str| self::words(name).iter().any(|word| words.contains(word));
    let known = |name: &str| !self::words(name).is_empty();
    match (known(party.given_names), known(party.family_name)) {
        (true, true) if has(party.given_names) && has(party.family_name) => Likeness::Same,
        (true, true) => Likeness::Different,
        // One half of a name clears those who do not share it and nobody else.
        (true, false) if !has(party.given_names) => Likeness::Different,
        (false, true) if !has(party.family_name) => Likeness::Different,
        _ => Likeness::CannotTell,
    }
}

/// The digits of a telephone number as dialled within the country.
fn national_digits(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix("44") {
        Some(rest) if digits.len() >= 11 => format!("0{rest}"),
        _ => digits,
    }
}

fn words(name: &str) -> Vec<String> {
    name.split(|c: char| !(c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)))
        .filter(|word| !word.is_empty())
        .map(name_key)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contacts() -> Vec<Contact> {
        ["Mair Rees", "Owen Pugh", "Siân Lloyd"]
            .into_iter()
            .map(|name| Contact {
                id: name.to_owned(),
                full_name: name.to_owned(),
                telephone: "01656 000 001".to_owned(),
                trained: true,
            })
            .collect()
    }

    fn party<'a>(given_names: &'a str, family_name: &'a str) -> Party<'a> {
        Party { given_names, family_name, telephone: "", works_at: None }
    }

    fn ask(contacts: &[Contact], parties: &[Party<'_>]) -> Audience {
        audience(&"6722301".parse().unwrap(), contacts, parties)
    }

    #[test]
    fn a_key_adult_who_is_a_party_is_passed_over_for_her_deputy() {
        let expected = Audience::Alternates(vec!["Owen Pugh".into(), "Siân Lloyd".into()]);
        assert_eq!(ask(&contacts(), &[party("Mair Eleri", "REES")]), expected);
    }

    #[test]
    fn a_deputy_who_is_a_party_is_left_out_and_the_key_adult_is_told() {
        let expected = Audience::Clear(vec!["Mair Rees".into(), "Owen Pugh".into()]);
        assert_eq!(ask(&contacts(), &[party("Sian", "Lloyd")]), expected);
    }

    #[test]
    fn a_shared_family_name_alone_is_no_conflict() {
        assert!(matches!(ask(&contacts(), &[party("Gareth", "Rees")]), Audience::Clear(_)));
    }

    #[test]
    fn a_party_without_a_name_clears_nobody() {
        assert_eq!(ask(&contacts(), &[party("", "")]), Audience::Unknown);
        assert_eq!(ask(&contacts(), &[party("", "Rees")]), Audience::Unknown);
        assert!(matches!(ask(&contacts(), &[party("", "Thomas")]), Audience::Clear(_)));
    }

    #[test]
    fn a_shared_telephone_is_the_same_person() {
        for telephone in ["+44 1656 000001", "01656000001"] {
            let caller = Party { telephone, ..party("M", "Jones") };
            assert_eq!(ask(&contacts(), &[caller]), Audience::AllConflicted, "{telephone}");
        }
    }

    #[test]
    fn a_party_who_works_there_leaves_the_least_content() {
        let here = "6722301".parse().unwrap();
        let colleague = Party { works_at: Some(&here), ..party("Gareth", "Thomas") };
        assert!(matches!(ask(&contacts(), &[colleague]), Audience::Alternates(_)));
    }

    #[test]
    fn without_a_trained_contact_there_is_nobody() {
        let untrained: Vec<_> =
            contacts().into_iter().map(|contact| Contact { trained: false, ..contact }).collect();
        assert_eq!(ask(&untrained, &[]), Audience::Nobody);
        assert_eq!(ask(&[], &[]), Audience::Nobody);
    }
}
