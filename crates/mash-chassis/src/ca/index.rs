//! What was issued.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use rcgen::SerialNumber;
use serde::{Deserialize, Serialize};

use super::Subject;

/// The serial number of a certificate, in lower-case hexadecimal digits without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Serial(String);

/// A text that is not a serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a serial number is 1 to 40 hexadecimal digits")]
pub struct SerialError;

impl Serial {
    pub(super) fn random() -> Self {
        // 122 random bits; nobody can guess the next one.
        Self::from_bytes(uuid::Uuid::new_v4().as_bytes())
    }

    /// The serial number with these big-endian bytes, as a certificate or a revocation list holds it.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self::from_digits(&bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    fn from_digits(digits: &str) -> Self {
        let digits = digits.trim_start_matches('0');
        Self(if digits.is_empty() { "0".to_owned() } else { digits.to_owned() })
    }

    pub(super) fn to_rcgen(&self) -> SerialNumber {
        let even = format!("{}{}", if self.0.len() % 2 == 1 { "0" } else { "" }, self.0);
        let bytes: Vec<u8> = even
            .as_bytes()
            .chunks(2)
            .filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        SerialNumber::from_slice(&bytes)
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Serial {
    type Err = SerialError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.replace(':', "").to_ascii_lowercase();
        let fits =
            (1..=40).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if fits { Ok(Self::from_digits(&digits)) } else { Err(SerialError) }
    }
}

/// Which certificates are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one with this serial number.
    Serial(Serial),
    /// All of this subject.
    Subject(Subject),
}

impl Which {
    fn covers(&self, entry: &Entry) -> bool {
        match self {
            Self::Serial(serial) => entry.serial == *serial,
            Self::Subject(subject) => entry.subject.is_same_holder(subject),
        }
    }
}

/// One certificate that was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its serial number.
    pub serial: Serial,
    /// Whom it names.
    pub subject: Subject,
    /// When it was made.
    pub issued_at: Timestamp,
    /// From when on it holds.
    pub not_before: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Index {
    pub(super) issued: Vec<Entry>,
}

impl Index {
    /// An expired certificate can still be renewed: that is when people notice.
    pub(super) fn newest(&self, which: &Which) -> Option<&Entry> {
        self.issued
            .iter()
            .filter(|entry| entry.revoked_at.is_none() && which.covers(entry))
            .max_by_key(|entry| entry.issued_at)
    }

    /// Every serial number that is meant, those included that were revoked before.
    pub(super) fn revoke(&mut self, which: &Which, now: Timestamp) -> Vec<Serial> {
        let mut revoked = Vec::new();
        for entry in self.issued.iter_mut().filter(|entry| which.covers(entry)) {
            entry.revoked_at.get_or_insert(now);
            revoked.push(entry.serial.clone());
        }
        revoked
    }

    pub(super) fn revoked(&self) -> impl Iterator<Item = (&Serial, Timestamp)> {
        self.issued.iter().filter_map(|entry| Some((&entry.serial, entry.revoked_at?)))
    }
}
