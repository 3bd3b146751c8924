//! Pseudonyms: what routing keeps of a pupil's identifiers.
//!
//! Routing has to recognise a child, not to know who the child is. It keeps keyed hashes of the identifiers on the roll
//! and compares them with the keyed hashes of a report, so that its tables hold no name, UPN or NHS number.

use aws_lc_rs::hmac;
use jiff::civil::Date;
use mash_domain::{
    identifier::{NhsNumber, Upn},
    roll::name_key,
};

/// A keyed hash of an identifier: 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchKey(String);

impl MatchKey {
    /// Its text, for a store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Read back from a store.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }
}

/// Makes match keys under the hub's secret.
#[derive(Clone)]
pub struct Pseudonymiser(hmac::Key);

impl Pseudonymiser {
    /// Under this secret. Another secret makes other keys: the roll must then be imported again.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The key of a UPN.
    #[must_use]
    pub fn upn(&self, upn: &Upn) -> MatchKey {
        self.key("upn", &[upn.as_str()])
    }

    /// The key of an NHS number.
    #[must_use]
    pub fn nhs_number(&self, number: &NhsNumber) -> MatchKey {
        self.key("nhs", &[number.as_str()])
    }

    /// The key of a date of birth.
    #[must_use]
    pub fn birth(&self, date: Date) -> MatchKey {
        self.key("birth", &[&date.to_string()])
    }

    /// The key of a whole name, date of birth and postcode. Exact after folding: twins differ by their given names.
    #[must_use]
    pub fn person(&self, given: &str, family: &str, birth: Date, postcode: &str) -> MatchKey {
        let postcode: String = postcode
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect::<String>()
            .to_ascii_uppercase();
        self.key("person", &[&name_key(given), &name_key(family), &birth.to_string(), &postcode])
    }

    /// A salted commitment key for anything else, such as released content.
    #[must_use]
    pub fn commitment(&self, salt: &str, content: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"commitment\x1f");
        context.update(salt.as_bytes());
        context.update(b"\x1f");
        context.update(content);
        context.sign().as_ref().to_vec()
    }

    fn key(&self, kind: &str, parts: &[&str]) -> MatchKey {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(kind.as_bytes());
        for part in parts {
            context.update(b"\x1f");
            context.update(part.as_bytes());
        }
        let tag = context.sign();
        MatchKey(tag.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn twins_have_different_keys_and_spelling_does_not_matter() {
        let keys = Pseudonymiser::new(b"test");
        let birth = date(2017, 3, 4);
        let carys = keys.person("Carys", "Bevan", birth, "CF31 4AB");
        assert_eq!(carys, keys.person("CARYS", "bevan", birth, "cf314ab"));
        assert_ne!(carys, keys.person("Cerys", "Bevan", birth, "CF31 4AB"));
        assert_ne!(carys, Pseudonymiser::new(b"other").person("Carys", "Bevan", birth, "CF31 4AB"));
    }
}
