use super::*;
use crate::app::tests::night_on_record;

fn id(text: &str) -> OrganisationId {
    text.parse().unwrap()
}

fn to_the_school() -> Recorded {
    let found = night_on_record().into_iter().find(|recorded| {
        recorded.decision.duty_kind == "school"
            && recorded.decision.effect == i32::from(Effect::Permit)
            && recorded.decision.recipient.as_ref().is_some_and(|it| it.code.len() == 7)
    });
    found.unwrap()
}

#[test]
fn only_the_reporting_force_the_operator_and_the_recipient_may_ask() {
    let recorded = to_the_school();
    let recipient = OrganisationId::try_from(recorded.decision.recipient.clone().unwrap()).unwrap();
    let force = id("police/62");
    let ask = |who: &OrganisationId| Reader::of(who, Some(&force), &recorded.decision);
    assert_eq!(ask(&id("police/62")), Some(Reader::Accountable));
    assert_eq!(ask(&id("operator/hub")), Some(Reader::Accountable));
    assert_eq!(ask(&recipient), Some(Reader::Recipient));
    for stranger in ["police/52", "school/6722999", "authority/672"] {
        assert_eq!(ask(&id(stranger)), None, "{stranger}");
    }
    let refused = pb::Decision { effect: Effect::Refuse.into(), ..recorded.decision.clone() };
    assert_eq!(Reader::of(&recipient, Some(&force), &refused), None, "a refusal is silence");
}

#[test]
fn the_recipient_hears_nothing_of_what_was_withheld() {
    let ruleset = Ruleset::builtin().unwrap();
    let told = |reader| explained(to_the_school(), Some(&ruleset), reader, &Language::ALL).unwrap();
    let (whole, part) = (told(Reader::Accountable), told(Reader::Recipient));
    assert_eq!(whole.explanations.len(), 2, "English and Welsh");
    let refused = |answer: &pb::ExplainDecisionResponse| {
        let classes = &answer.decision.as_ref().unwrap().classes;
        classes.iter().filter(|class| class.effect == i32::from(Effect::Refuse)).count()
    };
    assert!(refused(&whole) > 0);
    assert_eq!(refused(&part), 0);
    assert_eq!(part.decision.as_ref().unwrap().incident_revision, 0);
    let text = |answer: &pb::ExplainDecisionResponse| {
        let sections = answer.explanations.iter().flat_map(|told| &told.sections);
        sections.flat_map(|section| section.lines.clone()).collect::<String>()
    };
    assert!(text(&whole).contains("(F6)") && !text(&part).contains("(F6)"));
    assert!(text(&part).contains("R01"));
}
