//! Keyed hashes by which children, people and addresses are known again. Nothing can be read from them, and they differ
//! from hub to hub, so that no hub learns what another one knows.

use jiff::civil::Date;
use mash_chassis::CaseSecret;
use mash_proto::{
    disclosure::v1::{ChildIdentity, Content},
    r#type::v1::Date as WireDate,
};

/// The mark is of the child of the referral.
pub(crate) const CHILD: i64 = 1;
/// The mark is of somebody of the household.
pub(crate) const HOUSEHOLD: i64 = 2;
/// The mark is of the address.
pub(crate) const ADDRESS: i64 = 4;
/// A worker linked two referrals.
pub(crate) const WORKER: i64 = 8;

/// What a mark of an NHS number begins with: two of them tell two children apart.
pub(crate) const NHS: &str = "n:";

/// Makes the marks of one hub.
pub(crate) struct Marker<'a> {
    pub(crate) secret: &'a CaseSecret,
    pub(crate) authority: &'a str,
}

impl Marker<'_> {
    /// The marks of a child, the surest first.
    pub(crate) fn of_child(&self, child: &ChildIdentity) -> Vec<String> {
        let nhs: String = child.nhs_number.chars().filter(char::is_ascii_digit).collect();
        let upn = child.upn.trim().to_ascii_uppercase();
        let mut marks = Vec::new();
        if !nhs.is_empty() {
            marks.push(self.mac(NHS, &nhs));
        }
        if !upn.is_empty() {
            marks.push(self.mac("u:", &upn));
        }
        let (given, family) = (&child.given_names, &child.family_name);
        marks.extend(self.of_person(given, family, child.date_of_birth.as_ref()));
        marks
    }

    /// Everything by which this report may be linked: marks and their kinds, each mark once.
    pub(crate) fn of_report(&self, content: &Content) -> Vec<(String, i64)> {
        let mut marks: Vec<(String, i64)> = Vec::new();
        if let Some(child) = &content.child {
            marks.extend(self.of_child(child).into_iter().map(|mac| (mac, CHILD)));
        }
        let people = content.household.iter().flat_map(|household| &household.people);
        for person in people {
            let mac = self.of_person(
                &person.given_names,
                &person.family_name,
                person.date_of_birth.as_ref(),
            );
            marks.extend(mac.map(|mac| (mac, HOUSEHOLD)));
        }
        let address = content.address.as_ref();
        marks.extend(address.and_then(|it| self.of_address(&it.lines, &it.postcode)));
        let mut known = std::collections::HashSet::new();
        marks.retain(|(mac, _)| known.insert(mac.clone()));
        marks
    }

    /// Names alone are shared by too many.
    fn of_person(&self, given: &str, family: &str, born: Option<&WireDate>) -> Option<String> {
        let (given, family) = (folded(given), folded(family));
        let born = Date::try_from(*born?).ok()?;
        (!given.is_empty() && !family.is_empty())
            .then(|| self.mac("p:", &format!("{given}\u{1f}{family}\u{1f}{born}")))
    }

    /// A postcode alone is a street.
    fn of_address(&self, lines: &[String], postcode: &str) -> Option<(String, i64)> {
        let (line, postcode) = (folded(lines.first()?), folded(postcode));
        (!line.is_empty() && !postcode.is_empty())
            .then(|| (self.mac("a:", &format!("{line}\u{1f}{postcode}")), ADDRESS))
    }

    fn mac(&self, kind: &str, value: &str) -> String {
        let what = format!("hub-mark\u{1f}{}\u{1f}{kind}\u{1f}{value}", self.authority);
        let mac = self.secret.fingerprint(what.as_bytes());
        let mut text = kind.to_owned();
        for byte in mac.iter().take(16) {
            text.push_str(&format!("{byte:02x}"));
        }
        text
    }

    /// The opaque id of a child that is seen for the first time, by her surest mark or by the referral itself.
    pub(crate) fn new_child(&self, marks: &[String], referral: &str) -> String {
        let first = marks.first().map_or(referral, String::as_str);
        self.mac("c:", first).trim_start_matches("c:").to_owned()
    }
}

/// A child may have one NHS number alone: whoever has another one is somebody else.
pub(crate) fn kinds_of(bits: i64) -> Vec<i32> {
    use mash_proto::social_care::v1::LinkKind as Kind;
    [
        (CHILD, Kind::Child),
        (HOUSEHOLD, Kind::Household),
        (ADDRESS, Kind::Address),
        (WORKER, Kind::Worker),
    ]
    .into_iter()
    .filter(|(bit, _)| bits & bit != 0)
    .map(|(_, kind)| kind.into())
    .collect()
}

/// The kind of link between two referrals that share a mark.
pub(crate) fn link_kind(mac: &str, one: i64, other: i64) -> i64 {
    if mac.starts_with("a:") {
        ADDRESS
    } else if one & other & CHILD != 0 {
        CHILD
    } else {
        HOUSEHOLD
    }
}

fn folded(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use mash_proto::disclosure::v1::{ChildAddress, Household, HouseholdPerson};

    use super::*;

    fn born(year: i32) -> Option<WireDate> {
        Some(WireDate { year, month: 3, day: 4 })
    }

    fn child(given: &str, nhs: &str) -> ChildIdentity {
        ChildIdentity {
            given_names: given.into(),
            family_name: "Evans".into(),
            date_of_birth: born(2018),
            nhs_number: nhs.into(),
            ..ChildIdentity::default()
        }
    }

    #[test]
    fn spelling_does_not_hide_a_child_and_another_hub_sees_another_mark() {
        let secret = CaseSecret::new(&[7; 32]).unwrap();
        let marker = Marker { secret: &secret, authority: "672" };
        let marks = marker.of_child(&child("Carys-Ann", "999 000 0018"));
        assert_eq!(marks, marker.of_child(&child("CARYS ANN", "9990000018")));
        assert_eq!(marks.len(), 2);
        assert!(marks.first().is_some_and(|mark| mark.starts_with(NHS)));
        let other = Marker { secret: &secret, authority: "673" };
        assert!(
            other.of_child(&child("Carys-Ann", "9990000018")).iter().all(|m| !marks.contains(m))
        );
        assert!(marks.iter().all(|mark| !mark.contains("999000")));
    }

    #[test]
    fn a_name_or_a_postcode_alone_links_nothing() {
        let secret = CaseSecret::new(&[7; 32]).unwrap();
        let marker = Marker { secret: &secret, authority: "672" };
        let nobody = ChildIdentity { date_of_birth: None, ..child("Carys", "") };
        assert!(marker.of_child(&nobody).is_empty());
        let content = Content {
            address: Some(ChildAddress { postcode: "CF31 1AA".into(), ..ChildAddress::default() }),
            ..Content::default()
        };
        assert!(marker.of_report(&content).is_empty());
    }

    #[test]
    fn child_household_and_address_are_told_apart() {
        let secret = CaseSecret::new(&[7; 32]).unwrap();
        let marker = Marker { secret: &secret, authority: "672" };
        let person = HouseholdPerson {
            given_names: "Mam".into(),
            family_name: "Evans".into(),
            date_of_birth: born(1990),
            ..HouseholdPerson::default()
        };
        let content = Content {
            child: Some(child("Carys", "")),
            household: Some(Household { people: vec![person], ..Household::default() }),
            address: Some(ChildAddress {
                lines: vec!["1 Stryd Fawr".into()],
                postcode: "CF31 1AA".into(),
                ..ChildAddress::default()
            }),
            ..Content::default()
        };
        let kinds: Vec<i64> =
            marker.of_report(&content).into_iter().map(|(_, kind)| kind).collect();
        assert_eq!(kinds, [CHILD, HOUSEHOLD, ADDRESS]);
        assert_eq!(link_kind("p:1", CHILD, CHILD), CHILD);
        assert_eq!(link_kind("p:1", CHILD, HOUSEHOLD), HOUSEHOLD);
        assert_eq!(link_kind("a:1", ADDRESS, ADDRESS), ADDRESS);
    }
}
