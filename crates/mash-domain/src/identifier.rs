//! Identifiers with check digits, and the codes of forces, authorities and establishments.
//!
//! Source: NHS number, modulus 11 (NHS Data Dictionary); UPN, modulus 23 check letter (DfE guide to UPNs);
//! LAESTAB, three-digit authority and four-digit establishment number.

use std::{fmt, str::FromStr};

/// Why a text is not the identifier that it should be. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Wrong length or characters.
    #[error("wrong length or characters")]
    Shape,
    /// The check digit or letter does not hold.
    #[error("the check digit does not hold")]
    CheckDigit,
    /// Well formed, and no such code exists.
    #[error("no such code")]
    Unknown,
}

/// An NHS number whose modulus-11 check digit holds. Personal data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NhsNumber(String); // INVARIANT: ten digits, check digit holds.

impl FromStr for NhsNumber {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: String = text.chars().filter(|c| *c != ' ').collect();
        if digits.len() != 10 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(IdentifierError::Shape);
        }
        // Weights 10, 9, … 1 must sum to a multiple of 11; a remainder that would need a check digit of 10 fails too.
        let sum: u32 =
            (1..=10).rev().zip(digits.bytes()).map(|(w, d)| w * u32::from(d - b'0')).sum();
        if sum.is_multiple_of(11) { Ok(Self(digits)) } else { Err(IdentifierError::CheckDigit) }
    }
}

const UPN_LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";

/// A unique pupil number whose check letter holds, permanent or temporary. Personal data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Upn(String); // INVARIANT: thirteen characters, check letter holds.

impl Upn {
    /// The check letter for the twelve characters that follow it, if they are well formed.
    #[must_use]
    pub fn check_letter(rest: &str) -> Option<char> {
        if rest.len() != 12 {
            return None;
        }
        let mut sum = 0;
        for (index, byte) in rest.bytes().enumerate() {
            let value = match byte {
                b'0'..=b'9' => usize::from(byte - b'0'),
                // Only the last character may be a letter: it marks a temporary number.
                letter if index == 11 => UPN_LETTERS.iter().position(|l| *l == letter)?,
                _ => return None,
            };
            sum += value * (index + 2);
        }
        UPN_LETTERS.get(sum % 23).map(|letter| char::from(*letter))
    }
}

impl FromStr for Upn {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().to_ascii_uppercase();
        if text.len() != 13 || !text.is_ascii() {
            return Err(IdentifierError::Shape);
        }
        let (first, rest) = text.split_at(1);
        let letter = Self::check_letter(rest).ok_or(IdentifierError::Shape)?;
        if first.starts_with(letter) { Ok(Self(text)) } else { Err(IdentifierError::CheckDigit) }
    }
}

/// The seven digits of an establishment: authority code and establishment number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Laestab(String); // INVARIANT: seven digits.

impl Laestab {
    /// The code of the authority, the first three digits.
    #[must_use]
    pub fn authority(&self) -> AuthorityCode {
        AuthorityCode(self.0.chars().take(3).collect())
    }
}

impl FromStr for Laestab {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        digits(text, 7).map(Self)
    }
}

/// The three-digit education code of a local authority.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorityCode(String); // INVARIANT: three digits.

impl FromStr for AuthorityCode {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        digits(text, 3).map(Self)
    }
}

/// The two-digit code of one of the 43 territorial forces of England and Wales.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ForceCode(String); // INVARIANT: one of FORCES.

const FORCES: [&str; 43] = [
    "01", "03", "04", "05", "06", "07", "10", "11", "12", "13", "14", "16", "17", "20", "21", "22",
    "23", "30", "31", "32", "33", "34", "35", "36", "37", "40", "41", "42", "43", "44", "45", "46",
    "47", "48", "50", "52", "53", "54", "55", "60", "61", "62", "63",
];

impl FromStr for ForceCode {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let code = digits(text, 2)?;
        if FORCES.contains(&code.as_str()) { Ok(Self(code)) } else { Err(IdentifierError::Unknown) }
    }
}

fn digits(text: &str, length: usize) -> Result<String, IdentifierError> {
    let text = text.trim();
    if text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(IdentifierError::Shape)
    }
}

macro_rules! text_of {
    ($($name:ident),*) => {$(
        impl $name {
            /// Its text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    )*};
}
text_of!(NhsNumber, Upn, Laestab, AuthorityCode, ForceCode);

impl fmt::Debug for NhsNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NhsNumber(redacted)")
    }
}

impl fmt::Debug for Upn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Upn(redacted)")
    }
}

macro_rules! displayed {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )*};
}
// NHS numbers and UPNs are left out on purpose: what cannot be displayed cannot leak by accident.
displayed!(Laestab, AuthorityCode, ForceCode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nhs_numbers_are_checked() {
        let table = [
            ("9434765919", Ok(()), "published example"),
            ("943 476 5919", Ok(()), "spaced"),
            ("9434765918", Err(IdentifierError::CheckDigit), "last digit off by one"),
            ("943476591", Err(IdentifierError::Shape), "nine digits"),
            ("943476591X", Err(IdentifierError::Shape), "a letter"),
            ("", Err(IdentifierError::Shape), "empty"),
        ];
        for (text, expected, why) in table {
            assert_eq!(text.parse::<NhsNumber>().map(|_| ()), expected, "{why}");
        }
    }

    #[test]
    fn upns_are_checked() {
        let table = [
            ("B801200005001", Ok(()), "published example"),
            ("b801200005001", Ok(()), "lower case"),
            ("A801200005001", Err(IdentifierError::CheckDigit), "other letter"),
            ("B80120000500", Err(IdentifierError::Shape), "too short"),
            ("B80120000500I", Err(IdentifierError::Shape), "I is not used"),
            ("B8O1200005001", Err(IdentifierError::Shape), "a letter inside"),
            ("é01200005001", Err(IdentifierError::Shape), "not ASCII"),
        ];
        for (text, expected, why) in table {
            assert_eq!(text.parse::<Upn>().map(|_| ()), expected, "{why}");
        }
    }

    #[test]
    fn only_the_43_forces_exist() {
        assert!("62".parse::<ForceCode>().is_ok());
        assert_eq!("99".parse::<ForceCode>(), Err(IdentifierError::Unknown));
        assert_eq!("6".parse::<ForceCode>(), Err(IdentifierError::Shape));
    }

    #[test]
    fn personal_identifiers_do_not_print() {
        let number: NhsNumber = "9434765919".parse().unwrap();
        assert_eq!(format!("{number:?}"), "NhsNumber(redacted)");
    }
}
