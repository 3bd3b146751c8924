//! Where a referral goes.

use super::*;

#[test]
fn a_referral_reaches_the_authority_of_the_place() {
    let mut hub = Hub::new();
    let effects = hub.take(&referral());
    let found = released(&effects);
    let [(topic, event)] = found.as_slice() else { panic!("one release") };
    assert_eq!((*topic, to(event).as_str()), (mash_bus::topics::DISCLOSED_SOCIAL_CARE, BRIDGEND));
    assert_eq!(event.revision, 1);
    assert_eq!(event.rule_ids, ["R06", "R30"]);
    assert_eq!(event.consent_code, "duty", "it says that no consent is needed (P03)");
    assert!(event.basis_codes.contains(&"sswba-2014-s130".to_owned()));
    assert!(event.acknowledge_by_time.is_none(), "the hub's own clocks run there");
    assert_eq!((event.report_kind, event.urgency), (6, 2));
    assert!(event.harm_suspected() == Answer::Yes);
    let content = what(event);
    assert!(content.address.is_some() && content.household.is_some());
    assert!(content.immigration.is_empty(), "R06 says nothing of F15");
    let decision = &effects.decisions[0];
    assert_eq!(decision.item_id, referral().item_id);
    assert_eq!(decision.name, format!("decisions/{}", event.decision_id));
    let first = &effects.messages[0];
    assert_eq!(first.topic, mash_bus::topics::DECISIONS, "the decision goes first (P2)");
}

/// (place, home, from, who is told)
#[test]
fn every_way_is_as_the_table_says() {
    let table: [(&str, &str, &str, &[&str]); 10] = [
        ("672", "", FORCE, &[BRIDGEND]),
        ("672", "672", FORCE, &[BRIDGEND]),
        ("672", "681", FORCE, &[BRIDGEND, CARDIFF]),
        ("672", "801", FORCE, &[BRIDGEND, BRISTOL]),
        ("", "681", BOARD, &[CARDIFF]),
        ("", "", SCHOOL, &[BRIDGEND]),
        ("999", "", SCHOOL, &[BRIDGEND]),
        ("", "", FORCE, &["operator/hub", FORCE]),
        ("", "", BOARD, &["operator/hub", BOARD]),
        ("999", "", FORCE, &["operator/hub", FORCE]),
    ];
    for (place, home, from, expected) in table {
        let wire = ItemSubmitted {
            place_authority_code: place.to_owned(),
            home_authority_code: home.to_owned(),
            from: Some((&id(from)).into()),
            ..referral()
        };
        let mut found: Vec<String> =
            released(&Hub::new().take(&wire)).iter().map(|(_, event)| to(event)).collect();
        found.sort();
        let mut expected: Vec<String> = expected.iter().map(|it| (*it).to_owned()).collect();
        expected.sort();
        assert_eq!(found, expected, "{place} {home} {from}");
    }
}

#[test]
fn an_authority_that_nobody_knows_is_never_guessed_and_its_referral_never_lost() {
    let wire = ItemSubmitted {
        place_authority_code: String::new(),
        from: Some((&id(FORCE)).into()),
        ..referral()
    };
    let mut hub = Hub::new();
    let effects = hub.take(&wire);
    assert_eq!(
        told(&effects),
        [not_delivered(FORCE, "authority-unknown"), told_of("operator/hub", "referral"),]
    );
    let found = released(&effects);
    let (topic, event) = &found[1];
    assert_eq!(*topic, mash_bus::topics::DISCLOSED_SOCIAL_CARE);
    assert!(event.content.is_empty() && event.classes.is_empty(), "the operator reads no content");
    let release = hub.release(&wire, "operator/hub");
    assert_eq!(
        (release.state, release.reason.as_str()),
        (ReleaseState::Escalated, "authority-unknown")
    );
    assert!(reasons(&effects).contains(&"authority-unknown".to_owned()));
    // Once somebody knows, it goes on, and the operator has nothing to do any more.
    let known = ItemSubmitted { revision: 2, ..wire };
    let known = ItemSubmitted { place_authority_code: "672".to_owned(), ..known };
    let effects = hub.take(&known);
    assert_eq!(told(&effects), [told_of(BRIDGEND, "referral")]);
    assert_eq!(recalled(&effects).len(), 1);
}

#[test]
fn each_authority_is_told_under_its_own_law_and_hears_of_the_other() {
    let wire = ItemSubmitted { home_authority_code: "801".to_owned(), ..referral() };
    let effects = Hub::new().take(&wire);
    let found = released(&effects);
    let rules = |who: &str| {
        found.iter().find(|(_, it)| to(it) == who).map(|(_, it)| it.rule_ids.clone()).unwrap()
    };
    assert_eq!(rules(BRIDGEND), ["R06", "R30"], "Wales");
    assert_eq!(rules(BRISTOL), ["R07", "R30"], "England");
    for (_, event) in &found {
        assert_eq!(event.also_told.len(), 1, "each knows that the other was told (R30)");
        assert_ne!(event.also_told[0].code, id(&to(event)).code());
    }
}

/// The authority of the home tells in whose area a protected address is. Whoever is not given the address does not learn
/// it from the list of those who were told.
#[test]
fn a_protected_address_does_not_show_in_who_else_was_told() {
    for (protect, harm, shown) in [
        (Answer::Yes, Answer::Yes, true), // The address itself goes to social care.
        (Answer::Yes, Answer::Unknown, false), // It does not: nobody said that harm is suspected.
        (Answer::Unknown, Answer::Unknown, false),
        (Answer::No, Answer::Unknown, true),
    ] {
        let facts = StatedFacts {
            address_protect: protect.into(),
            harm_suspected: harm.into(),
            ..stated()
        };
        let wire = ItemSubmitted {
            home_authority_code: "801".to_owned(),
            facts: Some(facts),
            ..referral()
        };
        let found = released(&Hub::new().take(&wire));
        let seen = |who: &str| {
            let event = &found.iter().find(|(_, it)| to(it) == who).unwrap().1;
            (!event.also_told.is_empty(), what(event).address.is_some())
        };
        assert_eq!(seen(BRIDGEND), (shown, harm == Answer::Yes), "{}", protect.as_str_name());
        assert!(seen(BRISTOL).0, "where the concern arose is no secret of the home");
    }
}

#[test]
fn exploitation_is_told_to_the_force_of_the_area_once_and_without_counting() {
    let facts = StatedFacts { exploitation_indicated: true, ..stated() };
    let wire = ItemSubmitted { facts: Some(facts), ..referral() };
    let mut hub = Hub::new();
    let effects = hub.take(&wire);
    let found = released(&effects);
    let (topic, event) = found.iter().find(|(_, it)| to(it) == FORCE).unwrap();
    assert_eq!(
        (*topic, event.flow.as_str()),
        (mash_bus::topics::DISCLOSED_POLICE, "referral-mechanism")
    );
    assert_eq!(event.classes, [1, 3, 9, 15], "R15");
    assert!(event.also_told.iter().all(|it| it.code == "672"));
    assert!(hub.release(&wire, FORCE).copy);
    let from_police = ItemSubmitted { from: Some((&id(FORCE)).into()), ..wire };
    let found = released(&Hub::new().take(&from_police));
    assert!(found.iter().all(|(_, it)| to(it) != FORCE), "they know");
}

#[test]
fn custody_and_missing_have_their_own_rules() {
    for (flow, rules, classes) in
        [("custody", "R16", vec![1, 2, 5, 9, 17]), ("missing", "R17", vec![1, 2, 4])]
    {
        let wire =
            ItemSubmitted { flow: flow.to_owned(), from: Some((&id(FORCE)).into()), ..referral() };
        let found = released(&Hub::new().take(&wire));
        let [(_, event)] = found.as_slice() else { panic!("one release") };
        assert_eq!((event.rule_ids[0].as_str(), &event.classes), (rules, &classes));
    }
}

#[test]
fn a_family_is_handed_over_to_the_authority_that_is_named() {
    let transfer = ItemSubmitted {
        report_kind: 10,
        from: Some((&id(BRIDGEND)).into()),
        to: vec![(&id(BRISTOL)).into()],
        ..referral()
    };
    let mut hub = Hub::new();
    let found = released(&hub.take(&transfer));
    let [(_, event)] = found.as_slice() else { panic!("one release") };
    assert_eq!((to(event).as_str(), event.rule_ids[0].as_str()), (BRISTOL, "R07"));
    assert!(hub.file.works_the_case(&id(BRISTOL)) && !hub.file.works_the_case(&id(BRIDGEND)));
}

#[test]
fn a_hub_can_take_a_referral_itself() {
    let own = ItemSubmitted { from: Some((&id(BRIDGEND)).into()), ..referral() };
    let mut hub = Hub::new();
    assert_eq!(told(&hub.take(&own)), [told_of(BRIDGEND, "referral")]);
    assert!(hub.file.works_the_case(&id(BRIDGEND)));
}

#[test]
fn a_referral_that_may_not_go_is_told_to_its_sender_with_what_follows_from_its_own_words() {
    let facts = StatedFacts { harm_suspected: Answer::No.into(), ..stated() };
    let wire = ItemSubmitted { facts: Some(facts), ..referral() };
    let mut hub = Hub::new();
    let effects = hub.take(&wire);
    assert_eq!(told(&effects), [not_delivered(SCHOOL, "withheld")]);
    let (_, event) = &released(&effects)[0];
    assert_eq!(event.reason_codes, ["no-harm-suspected"]);
    assert_eq!(event.reply_to, wire.item_id);
    assert!(event.content.is_empty());
    assert_eq!(hub.release(&wire, BRIDGEND).state, ReleaseState::Withheld);
    assert_eq!(told(&hub.take(&wire)), [], "once");
}

#[test]
fn p1_whoever_sends_more_of_what_may_not_go_hears_that_it_still_may_not() {
    let facts = StatedFacts { harm_suspected: Answer::No.into(), ..stated() };
    let first = ItemSubmitted { facts: Some(facts), ..referral() };
    let mut hub = Hub::new();
    let told_first = released(&hub.take(&first))[0].1.release_id.clone();
    let more = ItemSubmitted { revision: 2, ..first };
    let effects = hub.take(&more);
    assert_eq!(told(&effects), [not_delivered(SCHOOL, "withheld")]);
    assert_ne!(released(&effects)[0].1.release_id, told_first, "an event of its own");
    assert_eq!(told(&hub.take(&more)), [], "once");
}

#[test]
fn help_without_consent_and_agreement_goes_nowhere() {
    for (consent, expected) in [
        ("", "consent-missing"),
        ("refused", "consent-refused"),
        ("not-sought-unsafe", "consent-missing"),
        ("given", "agreement-not-live"),
    ] {
        let facts = StatedFacts {
            harm_suspected: Answer::No.into(),
            consent: consent.to_owned(),
            ..stated()
        };
        let wire =
            ItemSubmitted { flow: "early-help".to_owned(), facts: Some(facts), ..referral() };
        let effects = Hub::new().take(&wire);
        assert_eq!(told(&effects), [not_delivered(SCHOOL, "withheld")], "{consent}");
        assert!(reasons(&effects).contains(&expected.to_owned()), "{consent}");
    }
}
