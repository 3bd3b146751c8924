//! How an incident and the people in it are referred to.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use super::redacted;
use crate::identifier::{ForceCode, IdentifierError};

/// A force's own number for an incident. With the force it identifies the incident.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OccurrenceNumber(String); // INVARIANT: 1 to 32 of `[0-9A-Za-z/._-]`.

redacted!(OccurrenceNumber);

impl OccurrenceNumber {
    /// As the force writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that is compared: a force that writes its numbers in another case has no second incident.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_ascii_uppercase()
    }
}

impl FromStr for OccurrenceNumber {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
        if fits { Ok(Self(text.to_owned())) } else { Err(IdentifierError::Shape) }
    }
}

/// A reference to a child or an adult within one report, such as `c1`, kept over revisions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(String); // INVARIANT: 1 to 16 of `[0-9A-Za-z_-]`.

impl Reference {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Reference {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=16).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if fits { Ok(Self(text.to_owned())) } else { Err(IdentifierError::Shape) }
    }
}

/// The opaque id of an incident, the same for every revision and safe to log. Nobody without the hub's secret can
/// tell an incident from its id, or the id from the incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId(Uuid);

/// The text is not the id of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an incident")]
pub struct CaseIdError;

impl CaseId {
    /// What the hub's message authentication code is taken over to make the id.
    #[must_use]
    pub fn subject(force: &ForceCode, occurrence: &OccurrenceNumber) -> String {
        // Neither part can hold the bar, so that no two incidents share a subject.
        format!("{force}|{}", occurrence.folded())
    }

    /// The id from the message authentication code over [`CaseId::subject`]: its first 16 bytes as a UUID v8.
    #[must_use]
    pub fn from_mac(mac: &[u8; 32]) -> Self {
        let mut bytes = [0; 16];
        for (byte, from) in bytes.iter_mut().zip(mac) {
            *byte = *from;
        }
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// As a UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The id in the resource name `incidents/{id}`.
    ///
    /// # Errors
    ///
    /// [`CaseIdError`] if the name is not one of an incident.
    pub fn from_name(name: &str) -> Result<Self, CaseIdError> {
        name.strip_prefix("incidents/").ok_or(CaseIdError)?.parse()
    }

    /// The resource name `incidents/{id}`.
    #[must_use]
    pub fn name(self) -> String {
        format!("incidents/{self}")
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(formatter)
    }
}

impl FromStr for CaseId {
    type Err = CaseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uuid = Uuid::try_parse(text).map_err(|_| CaseIdError)?;
        // One case, one spelling: topic keys and rows are compared as text.
        if uuid.as_hyphenated().to_string() == text { Ok(Self(uuid)) } else { Err(CaseIdError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_id_reads_back_as_written_and_in_one_spelling_only() {
        let id = CaseId::from_mac(&[0xab; 32]);
        assert_eq!(id.uuid().get_version_num(), 8);
        assert_eq!(CaseId::from_name(&id.name()), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse::<CaseId>(), Err(CaseIdError));
        assert_eq!(CaseId::from_name("handovers/x"), Err(CaseIdError));
    }

    #[test]
    fn the_case_of_an_occurrence_number_does_not_make_another_incident() {
        let force: ForceCode = "62".parse().unwrap();
        let [lower, upper] = ["ab-1/26", "AB-1/26"].map(|text| text.parse().unwrap());
        assert_eq!(CaseId::subject(&force, &lower), CaseId::subject(&force, &upper));
        assert_eq!(CaseId::subject(&force, &lower), "62|AB-1/26");
    }

    #[test]
    fn references_are_short_and_plain() {
        for text in ["", "12345678901234567", "c 1", "c|1", "ć"] {
            assert!(text.parse::<Reference>().is_err(), "{text:?}");
        }
        assert!("c_1-A".parse::<Reference>().is_ok());
    }
}
