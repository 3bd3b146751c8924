//! Wire to domain, once, and back.
//!
//! Conversions live beside the generated code because only here may they be trait implementations. Every wire field
//! is named in them, an unknown enum number is an error and never a default, and no error repeats a value.

use jiff::{Timestamp, civil};
use mash_domain::{
    answer::Answer,
    organisation::{OrganisationError, OrganisationId, OrganisationKind},
};

use crate::r#type::v1 as wire;

/// Both conversions of an enum whose values have the same names on both sides. A wire value without a partner does
/// not compile, and so does a domain value without one.
macro_rules! words {
    ($($wire:path => $domain:path { $($value:ident),+ $(,)? })+) => {$(
        impl TryFrom<$wire> for $domain {
            type Error = ConvertError;

            fn try_from(value: $wire) -> Result<Self, ConvertError> {
                match value {
                    <$wire>::Unspecified => Err(ConvertError::Enum),
                    $(<$wire>::$value => Ok(Self::$value)),+
                }
            }
        }

        impl From<$domain> for $wire {
            fn from(value: $domain) -> Self {
                match value { $(<$domain>::$value => Self::$value),+ }
            }
        }
    )+};
}

pub mod agreement;
pub mod clock;
pub mod consent;
pub mod education;
pub mod health;
pub mod meetings;
pub mod police;
pub mod read;
pub mod referral;
pub mod social_care;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field, such as `incident.children[1].date_of_birth`.
    pub field: String,
    /// A code that has a page in `docs/errors/`.
    pub code: &'static str,
    /// What is wrong, in words, without the value.
    pub description: String,
}

/// Why a common value cannot be converted. It never repeats the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// An enum is unspecified or has a number that this version does not know.
    #[error("not one of the known answers")]
    Enum,
    /// No such day.
    #[error("no such date")]
    Date,
    /// Outside of the years that can be told.
    #[error("no such time")]
    Time,
    /// Not an organisation.
    #[error(transparent)]
    Organisation(#[from] OrganisationError),
}

/// A time, for the wire.
#[must_use]
pub fn time_to_wire(time: Timestamp) -> prost_types::Timestamp {
    // On the wire the nanoseconds count forward even before 1970.
    let (seconds, nanos) = (time.as_second(), time.subsec_nanosecond());
    if nanos < 0 {
        prost_types::Timestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 }
    } else {
        prost_types::Timestamp { seconds, nanos }
    }
}

/// A time from the wire.
///
/// # Errors
///
/// [`ConvertError::Time`] if it is out of range.
pub fn time_from_wire(time: &prost_types::Timestamp) -> Result<Timestamp, ConvertError> {
    if !(0..1_000_000_000).contains(&time.nanos) {
        return Err(ConvertError::Time);
    }
    Timestamp::new(time.seconds, time.nanos).map_err(|_| ConvertError::Time)
}

impl TryFrom<wire::Date> for civil::Date {
    type Error = ConvertError;

    fn try_from(wire::Date { year, month, day }: wire::Date) -> Result<Self, ConvertError> {
        let year = i16::try_from(year).ok().filter(|year| (1900..=2200).contains(year));
        let month = i8::try_from(month).ok();
        let day = i8::try_from(day).ok();
        match (year, month, day) {
            (Some(year), Some(month), Some(day)) => {
                Self::new(year, month, day).map_err(|_| ConvertError::Date)
            }
            _ => Err(ConvertError::Date),
        }
    }
}

impl From<civil::Date> for wire::Date {
    fn from(date: civil::Date) -> Self {
        Self { year: date.year().into(), month: date.month().into(), day: date.day().into() }
    }
}

impl TryFrom<wire::Answer> for Answer {
    type Error = ConvertError;

    fn try_from(answer: wire::Answer) -> Result<Self, ConvertError> {
        match answer {
            wire::Answer::Unspecified => Err(ConvertError::Enum),
            wire::Answer::Yes => Ok(Self::Yes),
            wire::Answer::No => Ok(Self::No),
            wire::Answer::Unknown => Ok(Self::Unknown),
        }
    }
}

impl From<Answer> for wire::Answer {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Yes => Self::Yes,
            Answer::No => Self::No,
            Answer::Unknown => Self::Unknown,
        }
    }
}

/// An answer from the number of a wire field.
///
/// # Errors
///
/// [`ConvertError::Enum`] if it is unspecified or not known.
pub fn answer_from_wire(number: i32) -> Result<Answer, ConvertError> {
    wire::Answer::try_from(number).map_err(|_| ConvertError::Enum)?.try_into()
}

/// The number of an answer, for a wire field.
#[must_use]
pub fn answer_to_wire(answer: Answer) -> i32 {
    wire::Answer::from(answer).into()
}

impl TryFrom<wire::OrganisationKind> for OrganisationKind {
    type Error = ConvertError;

    fn try_from(kind: wire::OrganisationKind) -> Result<Self, ConvertError> {
        match kind {
            wire::OrganisationKind::Unspecified => Err(ConvertError::Enum),
            wire::OrganisationKind::PoliceForce => Ok(Self::PoliceForce),
            wire::OrganisationKind::School => Ok(Self::School),
            wire::OrganisationKind::LocalAuthority => Ok(Self::LocalAuthority),
            wire::OrganisationKind::HealthBoard => Ok(Self::HealthBoard),
            wire::OrganisationKind::Provider => Ok(Self::Provider),
            wire::OrganisationKind::Operator => Ok(Self::Operator),
        }
    }
}

impl From<OrganisationKind> for wire::OrganisationKind {
    fn from(kind: OrganisationKind) -> Self {
        match kind {
            OrganisationKind::PoliceForce => Self::PoliceForce,
            OrganisationKind::School => Self::School,
            OrganisationKind::LocalAuthority => Self::LocalAuthority,
            OrganisationKind::HealthBoard => Self::HealthBoard,
            OrganisationKind::Provider => Self::Provider,
            OrganisationKind::Operator => Self::Operator,
        }
    }
}

impl TryFrom<wire::Organisation> for OrganisationId {
    type Error = ConvertError;

    fn try_from(
        wire::Organisation { kind, code }: wire::Organisation,
    ) -> Result<Self, ConvertError> {
        let kind = wire::OrganisationKind::try_from(kind).map_err(|_| ConvertError::Enum)?;
        Ok(Self::new(kind.try_into()?, code)?)
    }
}

impl From<&OrganisationId> for wire::Organisation {
    fn from(organisation: &OrganisationId) -> Self {
        Self {
            kind: wire::OrganisationKind::from(organisation.kind()).into(),
            code: organisation.code().to_owned(),
        }
    }
}

/// A coded answer from the number of a wire field, through its wire enum `W`.
///
/// # Errors
///
/// [`ConvertError::Enum`] if it is unspecified or not known.
pub fn word_from_wire<W, D>(number: i32) -> Result<D, ConvertError>
where
    W: TryFrom<i32>,
    D: TryFrom<W, Error = ConvertError>,
{
    W::try_from(number).map_err(|_| ConvertError::Enum)?.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_do_not_exist_are_refused() {
        let table = [
            ((2024, 2, 29), true),
            ((2025, 2, 29), false),
            ((2025, 13, 1), false),
            ((2025, 1, 0), false),
            ((1899, 12, 31), false),
            ((i32::MAX, 1, 1), false),
            ((2025, 257, 1), false),
        ];
        for ((year, month, day), exists) in table {
            let date = civil::Date::try_from(wire::Date { year, month, day });
            assert_eq!(date.is_ok(), exists, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn leaving_an_answer_out_is_not_an_answer() {
        assert_eq!(answer_from_wire(0), Err(ConvertError::Enum));
        assert_eq!(answer_from_wire(99), Err(ConvertError::Enum));
        for answer in Answer::ALL {
            assert_eq!(answer_from_wire(answer_to_wire(answer)), Ok(answer));
        }
    }

    #[test]
    fn organisations_and_times_read_back_as_written() {
        let force: OrganisationId = "police/62".parse().unwrap();
        assert_eq!(OrganisationId::try_from(wire::Organisation::from(&force)), Ok(force));
        for text in ["2026-11-18T02:10:00.5Z", "1969-12-31T23:59:59.25Z"] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(time_from_wire(&time_to_wire(time)), Ok(time));
        }
        let odd = prost_types::Timestamp { seconds: i64::MAX, nanos: 0 };
        assert_eq!(time_from_wire(&odd), Err(ConvertError::Time));
    }
}
