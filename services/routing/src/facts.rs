//! The facts of a decision as they are kept beside it: coded words, both ways.

use jiff::civil::Date;
use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
    nation::Nation,
    sharing::{AgreementState, ChildView, ConsentState, Flow},
};
use mash_policy::{Conflict, Handling, Profile, RecipientFacts, RecipientKind};
use mash_proto::sharing::v1::DecisionFacts;

/// Facts on record that do not read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fact `{0}` on record is not one that the rules know")]
pub struct UnknownFact(&'static str);

/// The facts as they are kept.
#[must_use]
pub fn to_wire(facts: &RecipientFacts) -> DecisionFacts {
    let word = str::to_owned;
    let RecipientFacts {
        flow,
        recipient_kind,
        nation,
        profile,
        early_years_opted_in,
        child_under_18,
        child_in_force_area,
        conflict,
        address_protect,
        sexual_offence_alleged,
        live_investigation,
        collection_risk,
        no_contact_requested,
        harm_suspected,
        section_47,
        invited,
        case_cited,
        consent,
        child_view,
        do_not_inform_parent,
        agreement,
        agreed,
        intelligence,
        source_identifiable,
        third_party_relevant,
        kept_back_by_order,
        kept_back_by_chair,
        exploitation_indicated,
        area_shares_missing,
        debrief_accepted,
        decided_on,
        offered,
    } = *facts;
    DecisionFacts {
        flow: word(flow.word()),
        recipient_kind: word(recipient_kind.word()),
        nation: word(nation.word()),
        profile: word(profile.word()),
        early_years_opted_in,
        child_under_18,
        child_in_force_area,
        conflict: word(conflict.word()),
        address_protect: word(address_protect.word()),
        sexual_offence_alleged,
        live_investigation,
        collection_risk: word(collection_risk.word()),
        no_contact_requested,
        harm_suspected: word(harm_suspected.word()),
        section_47,
        invited,
        case_cited,
        consent: word(consent.word()),
        child_view: word(child_view.word()),
        do_not_inform_parent: word(do_not_inform_parent.word()),
        agreement: word(agreement.word()),
        agreed: numbers(agreed),
        intelligence: word(intelligence.word()),
        source_identifiable: word(source_identifiable.word()),
        third_party_relevant,
        kept_back_by_order: numbers(kept_back_by_order),
        kept_back_by_chair: numbers(kept_back_by_chair),
        exploitation_indicated,
        area_shares_missing,
        debrief_accepted,
        decided_on: Some(decided_on.into()),
        offered: numbers(offered),
    }
}

/// The facts as they were.
///
/// # Errors
///
/// [`UnknownFact`] if a word or a class is none that the rules know.
pub fn from_wire(wire: &DecisionFacts) -> Result<RecipientFacts, UnknownFact> {
    let answer = |name, text: &str| Answer::from_word(text).ok_or(UnknownFact(name));
    Ok(RecipientFacts {
        flow: Flow::from_word(&wire.flow).ok_or(UnknownFact("flow"))?,
        recipient_kind: RecipientKind::from_word(&wire.recipient_kind)
            .ok_or(UnknownFact("recipient_kind"))?,
        nation: Nation::from_word(&wire.nation).ok_or(UnknownFact("nation"))?,
        profile: Profile::from_word(&wire.profile).ok_or(UnknownFact("profile"))?,
        early_years_opted_in: wire.early_years_opted_in,
        child_under_18: wire.child_under_18,
        child_in_force_area: wire.child_in_force_area,
        conflict: Conflict::from_word(&wire.conflict).ok_or(UnknownFact("conflict"))?,
        address_protect: answer("address_protect", &wire.address_protect)?,
        sexual_offence_alleged: wire.sexual_offence_alleged,
        live_investigation: wire.live_investigation,
        collection_risk: answer("collection_risk", &wire.collection_risk)?,
        no_contact_requested: wire.no_contact_requested,
        harm_suspected: answer("harm_suspected", &wire.harm_suspected)?,
        section_47: wire.section_47,
        invited: wire.invited,
        case_cited: wire.case_cited,
        consent: ConsentState::from_word(&wire.consent).ok_or(UnknownFact("consent"))?,
        child_view: ChildView::from_word(&wire.child_view).ok_or(UnknownFact("child_view"))?,
        do_not_inform_parent: answer("do_not_inform_parent", &wire.do_not_inform_parent)?,
        agreement: AgreementState::from_word(&wire.agreement).ok_or(UnknownFact("agreement"))?,
        agreed: classes("agreed", &wire.agreed)?,
        intelligence: Handling::from_word(&wire.intelligence).ok_or(UnknownFact("intelligence"))?,
        source_identifiable: answer("source_identifiable", &wire.source_identifiable)?,
        third_party_relevant: wire.third_party_relevant,
        kept_back_by_order: classes("kept_back_by_order", &wire.kept_back_by_order)?,
        kept_back_by_chair: classes("kept_back_by_chair", &wire.kept_back_by_chair)?,
        exploitation_indicated: wire.exploitation_indicated,
        area_shares_missing: wire.area_shares_missing,
        debrief_accepted: wire.debrief_accepted,
        decided_on: wire
            .decided_on
            .and_then(|date| Date::try_from(date).ok())
            .ok_or(UnknownFact("decided_on"))?,
        offered: classes("offered", &wire.offered)?,
    })
}

fn numbers(classes: ClassSet) -> Vec<i32> {
    classes.iter().map(|class| i32::from(class.number())).collect()
}

fn classes(name: &'static str, numbers: &[i32]) -> Result<ClassSet, UnknownFact> {
    let class = |number: &i32| u8::try_from(*number).ok().and_then(DataClass::from_number);
    numbers.iter().map(|number| class(number).ok_or(UnknownFact(name))).collect()
}

#[cfg(test)]
mod tests;
