//! Whose word counts for what.

use super::*;

fn with(mut wire: ItemSubmitted, change: impl FnOnce(&mut StatedFacts)) -> ItemSubmitted {
    change(wire.facts.as_mut().unwrap());
    wire
}

fn invitation(to: &str) -> ItemSubmitted {
    let wire = item("invitation", ItemKind::Invitation, "strategy", BRIDGEND, &[to]);
    with(wire, |facts| {
        facts.section_47 = true;
        facts.invited = true;
    })
}

fn classes(effects: &Effects) -> Vec<i32> {
    released(effects).first().map_or_else(Vec::new, |(_, event)| event.classes.clone())
}

#[test]
fn only_the_authority_says_that_there_is_an_enquiry() {
    // A school says so of its own answer: what F13 and the like rest on is not opened by that.
    let mut hub = Hub::with_referral();
    let asked = with(enquiry(BOARD), |facts| facts.harm_suspected = Answer::Unknown.into());
    hub.take(&referral_unknown());
    hub.take(&asked);
    let answer = with(reply(ItemKind::Answer, "enquiry-answer", BOARD, &asked), |facts| {
        facts.section_47 = true;
        facts.harm_suspected = Answer::Unknown.into();
    });
    let mut answer = answer;
    answer.content.as_mut().unwrap().third_party = vec!["A neighbour said so.".to_owned()];
    answer.facts.as_mut().unwrap().third_party_relevant = true;
    let effects = hub.take(&answer);
    assert!(!classes(&effects).contains(&13), "no enquiry is in being");
    // The authority asked within one, and then the answer is given within it.
    let asked = with(ItemSubmitted { revision: 2, ..asked }, |facts| facts.section_47 = true);
    hub.take(&asked);
    let answer = with(ItemSubmitted { revision: 2, ..answer }, |facts| facts.section_47 = false);
    assert!(classes(&hub.take(&answer)).contains(&13));
}

#[test]
fn a_partner_that_sees_no_harm_itself_still_answers() {
    let mut hub = Hub::with_referral();
    let asked = with(enquiry(BOARD), |facts| facts.harm_suspected = Answer::Yes.into());
    hub.take(&asked);
    let answer = with(reply(ItemKind::Answer, "enquiry-answer", BOARD, &asked), |facts| {
        facts.harm_suspected = Answer::No.into();
    });
    let given = classes(&hub.take(&answer));
    assert!(given.contains(&3) && given.contains(&18), "R09: {given:?}");
}

/// The referral again, of which nobody says whether harm is suspected.
fn referral_unknown() -> ItemSubmitted {
    with(ItemSubmitted { revision: 2, ..referral() }, |facts| {
        facts.harm_suspected = Answer::Unknown.into();
    })
}

#[test]
fn an_invitation_is_only_an_invitation_within_an_enquiry() {
    let mut hub = Hub::with_referral();
    let effects = hub.take(&invitation(SCHOOL));
    assert!(classes(&effects).contains(&12), "R08 and R34: by invitation a school hears more");
    let uninvited = with(ItemSubmitted { revision: 2, ..invitation(SCHOOL) }, |facts| {
        facts.invited = false;
    });
    let effects = hub.take(&uninvited);
    assert!(reasons(&effects).contains(&"not-invited".to_owned()));
    assert_eq!(recalled(&effects).len(), 1);
}

#[test]
fn the_chair_keeps_back_what_she_says_and_nobody_else_does() {
    let mut hub = Hub::with_referral();
    let kept = with(invitation(FORCE), |facts| facts.kept_back_by_chair = vec![12]);
    assert!(!classes(&hub.take(&kept)).contains(&12));
}

#[test]
fn an_investigation_is_not_tipped_off_by_what_the_authority_asks() {
    let mut hub = Hub::new();
    let ppn = with(ItemSubmitted { from: Some((&id(FORCE)).into()), ..referral() }, |facts| {
        facts.live_investigation = true
    });
    hub.take(&ppn);
    // The authority has not said so, and police have.
    let effects = hub.take(&enquiry(SCHOOL));
    let found = classes(&effects);
    assert!(!found.contains(&3) && !found.contains(&18), "R23: {found:?}");
    assert!(found.contains(&1) && found.contains(&17), "who, and whom to ask, still goes");
    // Police themselves can be told: they said it.
    let effects = hub.take(&enquiry(FORCE));
    assert!(classes(&effects).contains(&18));
}

#[test]
fn a_school_is_not_told_why_something_of_others_was_kept_back() {
    let mut hub = Hub::new();
    let ppn = with(ItemSubmitted { from: Some((&id(FORCE)).into()), ..referral() }, |facts| {
        facts.live_investigation = true
    });
    hub.take(&ppn);
    let school = ItemSubmitted { item_id: event_id(&["second"]).to_string(), ..referral() };
    hub.take(&school);
    // Feedback to the school is kept back, since it would tell of the investigation; the authority hears that it was,
    // and not from whose words that followed.
    let mut feedback = item("feedback", ItemKind::Feedback, "feedback", BRIDGEND, &[SCHOOL]);
    feedback.content = Some(Content { actions: "We visit.".to_owned(), ..Content::default() });
    let effects = hub.take(&feedback);
    assert_eq!(told(&effects), [not_delivered(BRIDGEND, "withheld")]);
    assert!(reasons(&effects).contains(&"kept-back".to_owned()));
    assert!(released(&effects)[0].1.reason_codes.is_empty());
}

#[test]
fn the_mark_not_to_tell_a_parent_travels_until_the_hub_clears_it() {
    let mut hub = Hub::new();
    let marked = with(referral(), |facts| facts.do_not_inform_parent = Answer::Yes.into());
    let effects = hub.take(&marked);
    assert!(released(&effects)[0].1.do_not_inform_parent, "R14");
    let asked = with(enquiry(BOARD), |facts| facts.do_not_inform_parent = 0);
    let effects = hub.take(&asked);
    assert!(released(&effects)[0].1.do_not_inform_parent, "though the authority said nothing");
    assert!(what(&released(&effects)[0].1).incident.is_none_or(|stub| stub.do_not_inform_parent));
    let answer = reply(ItemKind::Answer, "enquiry-answer", BOARD, &asked);
    let effects = hub.take(&answer);
    assert!(released(&effects)[0].1.do_not_inform_parent, "a partner does not clear it");
    let cleared = with(ItemSubmitted { revision: 2, ..asked }, |facts| {
        facts.do_not_inform_parent = Answer::No.into();
    });
    let effects = hub.take(&cleared);
    assert!(!released(&effects)[0].1.do_not_inform_parent, "the hub does");
}

#[test]
fn a_child_is_a_child_for_everybody() {
    let mut hub = Hub::with_referral();
    let silent = ItemSubmitted { facts: None, ..enquiry(BOARD) };
    let effects = hub.take(&silent);
    assert_eq!(told(&effects), [told_of(BOARD, "enquiry")]);
    assert_eq!(classes(&effects), [1, 3, 17, 18], "harm is suspected, as the child was referred");
}

#[test]
fn an_adult_is_nobodys_referral() {
    let adult = with(referral(), |facts| facts.child_under_18 = false);
    let effects = Hub::new().take(&adult);
    assert_eq!(reasons(&effects), ["not-under-18"]);
}
