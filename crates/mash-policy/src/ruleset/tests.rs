use jiff::civil::date;
use mash_domain::{answer::Answer, nation::Nation};

use super::*;
use crate::facts::{Conflict, DutyKind, Profile, Purpose, RecipientKind};

/// A school in Wales, the widest profile, nothing special, everything in the report.
pub(crate) fn facts() -> RecipientFacts {
    RecipientFacts {
        purpose: Purpose::OperationEncompass,
        duty: DutyKind::School,
        recipient_kind: RecipientKind::School,
        nation: Nation::Wales,
        profile: Profile::Full,
        early_years_opted_in: false,
        child_under_18: true,
        child_in_force_area: true,
        conflict: Conflict::Clear,
        address_protect: Answer::No,
        sexual_offence_alleged: false,
        live_investigation: false,
        collection_risk: Answer::No,
        no_contact_requested: false,
        decided_on: date(2026, 11, 19),
        offered: DataClass::ALL.into_iter().collect(),
    }
}

fn builtin() -> Arc<Ruleset> {
    Ruleset::builtin().unwrap_or_else(|error| panic!("{error}"))
}

fn numbers(decision: &RecipientDecision) -> Vec<u8> {
    match &decision.outcome {
        Decision::Permit(permit) => permit.classes().iter().map(DataClass::number).collect(),
        Decision::Refuse(_) => Vec::new(),
    }
}

#[test]
fn a_school_hears_its_profile_and_no_more() {
    let ruleset = builtin();
    for (profile, expected) in [
        (Profile::Minimal, vec![1, 2]),
        (Profile::Middle, vec![1, 2, 3, 5]),
        (Profile::Full, vec![1, 2, 3, 4, 5]),
    ] {
        let decision = ruleset.decide(&RecipientFacts { profile, ..facts() });
        assert_eq!(numbers(&decision), expected, "{profile:?}");
        assert_eq!(decision.classes.len(), 18, "every class has its decision");
    }
}
