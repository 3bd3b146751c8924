//! The coded answers of the police contract, wire to domain and back.

use mash_domain::incident as domain;

use crate::{convert::ConvertError, police::v1 as wire, r#type::v1 as common};

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

words! {
    wire::WithdrawalReason => domain::WithdrawalReason { WrongChild, Misdirected, EnteredByMistake }
    wire::AdultRole => domain::AdultRole { Victim, Suspect, Both, Other }
    wire::RelationshipKind => domain::RelationshipKind {
        Mother, Father, StepParent, Grandparent, Sibling, Carer, OtherRelative, NotRelated
    }
    wire::DashRisk => domain::DashRisk { Standard, Medium, High, NotGraded }
    wire::IncidentType => domain::IncidentType {
        Verbal, Physical, Sexual, CoerciveControl, Stalking, Damage, Other
    }
    wire::ParentContactAdvice => domain::ParentContactAdvice { DoNotContact, MayContactHarmedParent, None }
    common::Sex => domain::Sex { Female, Male, Other, Unknown }
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
