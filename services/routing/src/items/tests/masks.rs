//! What free text tells.

use super::*;

fn asked(to: &str, change: impl FnOnce(&mut ItemSubmitted)) -> Option<Content> {
    let mut hub = Hub::with_referral();
    let mut wire = enquiry(to);
    let content = wire.content.as_mut().unwrap();
    content.question = Some(disclosure::Question {
        text: "Dilwyn Neb rang from 07700 900123. Is Eluned at 1 Heol yr Enghraifft, CF99 9XX?"
            .to_owned(),
        ..disclosure::Question::default()
    });
    change(&mut wire);
    released(&hub.take(&wire)).first().map(|(_, event)| what(event))
}

#[test]
fn a_partner_reads_in_a_question_only_what_the_fields_would_tell_it() {
    let content = asked(BOARD, |_| ()).unwrap();
    let text = content.question.unwrap().text;
    for told in ["Dilwyn", "Neb", "07700", "Heol", "CF99"] {
        assert!(!text.contains(told), "{told}: {text}");
    }
    assert!(text.contains("the step parent") && text.contains("[number withheld]"));
    assert!(content.address.is_none() && content.suspects.is_empty());
}

#[test]
fn police_read_it_as_it_was_written() {
    let text = asked(FORCE, |_| ()).unwrap().question.unwrap().text;
    assert!(text.contains("Dilwyn Neb") && text.contains("07700 900123"));
}

#[test]
fn with_a_protected_address_no_place_is_named_in_any_text() {
    for protect in [Answer::Yes, Answer::Unknown] {
        let content = asked(BOARD, |wire| {
            wire.facts.as_mut().unwrap().address_protect = protect.into();
            let content = wire.content.as_mut().unwrap();
            content.question.as_mut().unwrap().text =
                "Was she seen at Princess of Wales Hospital, or at the refuge?".to_owned();
            let narrative = content.narrative.as_mut().unwrap();
            narrative.concerns[0].r#where = "Cwmbran".to_owned();
            narrative.concerns[0].what = "Seen at Ysbyty Glan Clwyd on Friday.".to_owned();
            narrative.protection_in_place = "She stays at the refuge.".to_owned();
        });
        let content = content.unwrap();
        let question = content.question.unwrap().text;
        assert!(
            !question.contains("Princess of Wales") && !question.contains("refuge"),
            "{question}"
        );
        let narrative = content.narrative.unwrap();
        assert!(!narrative.protection_in_place.contains("refuge"));
        assert!(!narrative.concerns[0].what.contains("Clwyd"), "{}", narrative.concerns[0].what);
        assert_eq!(narrative.concerns[0].r#where, "", "where the child was is a detail of its own");
    }
}

#[test]
fn the_authority_reads_a_referral_as_it_was_written() {
    let mut wire = referral();
    let narrative = wire.content.as_mut().unwrap().narrative.as_mut().unwrap();
    narrative.circumstances = "Dilwyn rang from 07700 900123, at the refuge.".to_owned();
    wire.facts.as_mut().unwrap().address_protect = Answer::Yes.into();
    let found = released(&Hub::new().take(&wire));
    let narrative = what(&found[0].1).narrative.unwrap();
    assert_eq!(narrative.circumstances, "Dilwyn rang from 07700 900123, at the refuge.");
}

#[test]
fn a_referrer_reads_no_number_of_an_adult_in_its_feedback() {
    let mut hub = Hub::with_referral();
    let mut feedback = item("feedback", ItemKind::Feedback, "feedback", BRIDGEND, &[SCHOOL]);
    feedback.content.as_mut().unwrap().feedback = Some(disclosure::Feedback {
        reason: "Eluned Enghraifft (07700 900123) agrees to a visit.".to_owned(),
        ..disclosure::Feedback::default()
    });
    let found = released(&hub.take(&feedback));
    let told = what(&found[0].1).feedback.unwrap();
    assert_eq!(told.reason, "the mother ([number withheld]) agrees to a visit.");
}
