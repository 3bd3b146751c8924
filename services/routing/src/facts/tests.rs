use jiff::civil::date;
use proptest::{prelude::*, sample::select};

use super::*;

fn class_set() -> impl Strategy<Value = ClassSet> {
    prop::sample::subsequence(DataClass::ALL.to_vec(), 0..=18)
        .prop_map(|classes| classes.into_iter().collect())
}

fn answer() -> impl Strategy<Value = Answer> {
    select(Answer::ALL.to_vec())
}

prop_compose! {
    fn any_facts()(
        flow in select(Flow::ALL.to_vec()),
        recipient_kind in select(RecipientKind::ALL.to_vec()),
        nation in select(Nation::ALL.to_vec()),
        profile in select(Profile::ALL.to_vec()),
        conflict in select(Conflict::ALL.to_vec()),
        answers in prop::array::uniform5(answer()),
        flags in prop::array::uniform12(any::<bool>()),
        sets in prop::array::uniform4(class_set()),
        sharing in (
            select(ConsentState::ALL.to_vec()),
            select(ChildView::ALL.to_vec()),
            select(AgreementState::ALL.to_vec()),
            select(Handling::ALL.to_vec()),
        ),
        day in 0_i32..20_000,
    ) -> RecipientFacts {
        let [early_years_opted_in, child_under_18, child_in_force_area, sexual_offence_alleged,
            live_investigation, no_contact_requested, section_47, invited, case_cited,
            third_party_relevant, exploitation_indicated, area_shares_missing] = flags;
        let [address_protect, collection_risk, harm_suspected, do_not_inform_parent,
            source_identifiable] = answers;
        let [agreed, kept_back_by_order, kept_back_by_chair, offered] = sets;
        let (consent, child_view, agreement, intelligence) = sharing;
        RecipientFacts {
            flow, recipient_kind, nation, profile, early_years_opted_in, child_under_18,
            child_in_force_area, conflict, address_protect, sexual_offence_alleged,
            live_investigation, collection_risk, no_contact_requested, harm_suspected, section_47,
            invited, case_cited, consent, child_view, do_not_inform_parent, agreement, agreed,
            intelligence, source_identifiable, third_party_relevant, kept_back_by_order,
            kept_back_by_chair, exploitation_indicated, area_shares_missing,
            debrief_accepted: section_47 != invited,
            decided_on: date(2018, 1, 1).saturating_add(jiff::Span::new().days(day)),
            offered,
        }
    }
}

proptest! {
    #[test]
    fn facts_on_record_read_back_as_they_were(facts in any_facts()) {
        prop_assert_eq!(from_wire(&to_wire(&facts)), Ok(facts));
    }
}

#[test]
fn a_word_that_the_rules_do_not_know_is_refused_by_name() {
    let day = date(2026, 11, 19);
    let facts = RecipientFacts::cautious(Flow::School, RecipientKind::School, Nation::Wales, day);
    let unknown = DecisionFacts { consent: "perhaps".to_owned(), ..to_wire(&facts) };
    assert_eq!(from_wire(&unknown), Err(UnknownFact("consent")));
    let unknown = DecisionFacts { offered: vec![19], ..to_wire(&facts) };
    assert_eq!(from_wire(&unknown), Err(UnknownFact("offered")));
}
