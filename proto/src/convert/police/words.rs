//! The coded answers of the police contract, wire to domain and back.

use mash_domain::incident as domain;

pub use crate::convert::word_from_wire;
use crate::{convert::ConvertError, police::v1 as wire, r#type::v1 as common};

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
