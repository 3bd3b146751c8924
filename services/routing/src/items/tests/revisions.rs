//! New revisions of an item, late ones, and its withdrawal.

use super::*;

fn with_actions(wire: &ItemSubmitted, revision: i32, actions: &str) -> ItemSubmitted {
    let mut wire = ItemSubmitted { revision, ..wire.clone() };
    wire.content.as_mut().unwrap().actions = actions.to_owned();
    wire
}

fn with_words(wire: &ItemSubmitted, revision: i32, words: &str) -> ItemSubmitted {
    let mut wire = ItemSubmitted { revision, ..wire.clone() };
    wire.content.as_mut().unwrap().voice.as_mut().unwrap().words = words.to_owned();
    wire
}

#[test]
fn a_recipient_hears_of_a_revision_only_what_is_news_to_it() {
    let mut hub = Hub::with_referral();
    // R06 lets no actions through: nothing has changed for the authority.
    let hidden = hub.take(&with_actions(&referral(), 2, "Something else was done."));
    assert_eq!(told(&hidden), []);
    assert_eq!(hidden.decisions.len(), 1, "the decision is on record all the same");
    let seen = hub.take(&with_words(&referral(), 3, "I do not want to stay."));
    let (_, event) = &released(&seen)[0];
    assert_eq!(event.revision, 2, "the recipient does not count what it did not see");
}

#[test]
fn an_older_or_repeated_revision_changes_nothing() {
    let mut hub = Hub::with_referral();
    hub.take(&with_words(&referral(), 3, "Three."));
    let before = hub.file.clone();
    for revision in [1, 2, 3] {
        let effects = hub.take(&with_words(&referral(), revision, "Late."));
        assert!(effects.messages.is_empty() && effects.decisions.is_empty());
        assert!(hub.file == before);
    }
}

#[test]
fn what_may_not_stay_is_recalled() {
    let mut hub = Hub::with_referral();
    let facts = StatedFacts { harm_suspected: Answer::No.into(), ..stated() };
    let mended = ItemSubmitted { revision: 2, facts: Some(facts), ..referral() };
    let effects = hub.take(&mended);
    let recalls = recalled(&effects);
    assert_eq!(recalls.len(), 1);
    assert_eq!(recalls[0].reason_code, "no-longer-permitted");
    assert_eq!(told(&effects), [not_delivered(SCHOOL, "withheld")]);
    let again = ItemSubmitted { revision: 3, ..referral() };
    let effects = hub.take(&again);
    assert_eq!(told(&effects), [told_of(BRIDGEND, "referral")], "and it goes once more");
    assert_eq!(released(&effects)[0].1.revision, 2);
}

#[test]
fn the_authority_that_does_not_answer_any_more_is_recalled() {
    let mut hub = Hub::with_referral();
    let moved = ItemSubmitted { revision: 2, place_authority_code: "681".to_owned(), ..referral() };
    let effects = hub.take(&moved);
    assert_eq!(told(&effects), [told_of(CARDIFF, "referral")]);
    assert_eq!(recalled(&effects)[0].recipient.as_ref().unwrap().code, "672");
    assert_eq!(hub.release(&moved, BRIDGEND).state, ReleaseState::Withheld);
    assert!(reasons(&effects).contains(&"no-longer-permitted".to_owned()), "on record (R31)");
}

#[test]
fn a_withdrawal_recalls_everything_and_is_final() {
    let mut hub = Hub::new();
    let wire = ItemSubmitted { home_authority_code: "801".to_owned(), ..referral() };
    hub.take(&wire);
    let withdrawn = ItemSubmitted { revision: 2, withdrawn: true, ..wire.clone() };
    let effects = hub.take(&withdrawn);
    assert_eq!(recalled(&effects).len(), 2);
    assert!(recalled(&effects).iter().all(|it| it.reason_code == "withdrawn"));
    assert_eq!(told(&effects), [], "its sender knows");
    assert_eq!(effects.decisions.len(), 2);
    for to in [BRIDGEND, BRISTOL] {
        assert_eq!(hub.release(&wire, to).state, ReleaseState::Withheld);
    }
    let after = ItemSubmitted { revision: 3, ..wire };
    assert!(hub.take(&after).messages.is_empty());
}

#[test]
fn a_withdrawal_that_overtakes_its_item_leaves_nothing_to_recall_and_nothing_to_go() {
    let mut hub = Hub::new();
    let withdrawn = ItemSubmitted { revision: 2, withdrawn: true, ..referral() };
    assert!(hub.take(&withdrawn).messages.is_empty());
    assert!(hub.take(&referral()).messages.is_empty());
}

#[test]
fn a_reminder_is_news() {
    let mut hub = Hub::with_referral();
    let mut asked = enquiry(BOARD);
    let question = disclosure::Question { text: "Seen?".to_owned(), ..Default::default() };
    asked.content.as_mut().unwrap().question = Some(question.clone());
    hub.take(&asked);
    let mut chased = ItemSubmitted { revision: 2, ..asked };
    chased.content.as_mut().unwrap().question =
        Some(disclosure::Question { reminders: 1, ..question });
    let effects = hub.take(&chased);
    assert_eq!(released(&effects)[0].1.revision, 2);
}
