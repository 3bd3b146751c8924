//! Organisations, as certificates name them.

use std::{fmt, str::FromStr};

/// The kinds of organisation that hold a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrganisationKind {
    /// A territorial police force.
    PoliceForce,
    /// A school, college or setting.
    School,
    /// A local authority.
    LocalAuthority,
    /// A local health board or other NHS body.
    HealthBoard,
    /// A third-sector provider.
    Provider,
    /// The body that runs this hub.
    Operator,
}

impl OrganisationKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::PoliceForce,
        Self::School,
        Self::LocalAuthority,
        Self::HealthBoard,
        Self::Provider,
        Self::Operator,
    ];

    /// The word that stands for it in names and certificates.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::PoliceForce => "police",
            Self::School => "school",
            Self::LocalAuthority => "authority",
            Self::HealthBoard => "health-board",
            Self::Provider => "provider",
            Self::Operator => "operator",
        }
    }
}

/// An organisation: its kind and its code within the kind. Written `police/62`, `school/6722301`, `authority/672`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganisationId {
    kind: OrganisationKind,
    code: String, // INVARIANT: 1 to 32 of `[0-9A-Za-z-]`.
}

/// Why a text is not an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrganisationError {
    /// No kind, or a kind that is not known.
    #[error("unknown kind of organisation")]
    Kind,
    /// The code is empty, too long or has other characters.
    #[error("a code is 1 to 32 letters, digits or hyphens")]
    Code,
}

impl OrganisationId {
    /// An organisation of this kind and code.
    ///
    /// # Errors
    ///
    /// [`OrganisationError::Code`] if the code is not 1 to 32 letters, digits or hyphens.
    pub fn new(kind: OrganisationKind, code: impl Into<String>) -> Result<Self, OrganisationError> {
        let code = code.into();
        let fits = (1..=32).contains(&code.len())
            && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits { Ok(Self { kind, code }) } else { Err(OrganisationError::Code) }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> OrganisationKind {
        self.kind
    }

    /// Its code within the kind.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }
}

impl fmt::Display for OrganisationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.kind.word(), self.code)
    }
}

impl fmt::Debug for OrganisationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for OrganisationId {
    type Err = OrganisationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (word, code) = text.split_once('/').ok_or(OrganisationError::Kind)?;
        let kind = OrganisationKind::ALL
            .into_iter()
            .find(|kind| kind.word() == word)
            .ok_or(OrganisationError::Kind)?;
        Self::new(kind, code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_reads_back_as_written() {
        for text in ["police/62", "school/6722301", "authority/672", "health-board/7A5"] {
            assert_eq!(
                text.parse::<OrganisationId>().map(|id| id.to_string()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn odd_organisations_are_refused() {
        for text in ["", "police", "police/", "army/1", "police/6 2", "police/../62"] {
            assert!(text.parse::<OrganisationId>().is_err(), "{text:?}");
        }
    }
}
