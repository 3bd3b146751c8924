//! Who may send what to whom.

use std::collections::BTreeSet;

use mash_domain::{organisation::OrganisationKind as Kind, sharing::Flow};

use super::*;
use crate::items::{
    submission::{KINDS, kind_word},
    table::{Refused, TABLE, check},
};

/// One organisation of each kind.
fn of_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::PoliceForce => FORCE,
        Kind::School => SCHOOL,
        Kind::LocalAuthority => BRIDGEND,
        Kind::HealthBoard => BOARD,
        Kind::Provider => "provider/cerrig",
        Kind::Operator => "operator/hub",
    }
}

/// Every kind of item under every flow from and to every kind of organisation: what is not in the table is refused,
/// whatever the case holds.
#[test]
fn what_the_table_does_not_name_is_refused() {
    let mut hub = Hub::with_referral();
    hub.take(&enquiry(BOARD));
    let mut allowed = BTreeSet::new();
    for kind in KINDS {
        for flow in Flow::ALL {
            for from in Kind::ALL {
                for to in Kind::ALL {
                    let wire = item("x", kind, flow.word(), of_kind(from), &[of_kind(to)]);
                    let item = Submission::read(wire).unwrap();
                    let outcome = check(&item, &id(of_kind(to)), &hub.file);
                    let named = TABLE.iter().any(|line| {
                        line.kind == kind
                            && line.flow == flow.word()
                            && line.from.contains(&from)
                            && line.to.contains(&to)
                    });
                    if outcome.is_ok() {
                        assert!(named, "{} {flow} {from:?} {to:?}", kind_word(kind));
                        allowed.insert((kind_word(kind), from.word(), to.word()));
                    } else if !named {
                        let table = [Refused::NotForSender, Refused::NotForRecipient];
                        assert!(table.contains(&outcome.err().unwrap()));
                    }
                }
            }
        }
    }
    assert!(allowed.contains(&("enquiry", "authority", "health-board")));
    assert!(!allowed.iter().any(|(_, from, to)| [*from, *to].contains(&"operator")));
    assert!(!allowed.iter().any(|(_, from, to)| [*from, *to].contains(&"provider")));
}

/// Every line of the table names a flow that there is.
#[test]
fn every_flow_of_the_table_is_one() {
    for line in TABLE {
        assert!(Flow::from_word(line.flow).is_some(), "{}", line.flow);
    }
}

fn refused(hub: &mut Hub, wire: &ItemSubmitted, expected: Refused) {
    let sender = OrganisationId::try_from(wire.from.clone().unwrap()).unwrap().to_string();
    let effects = hub.take(wire);
    let code = if expected == Refused::UnknownRecipient { "unknown-recipient" } else { "withheld" };
    assert_eq!(told(&effects), [not_delivered(&sender, code)], "its sender hears of it");
    assert_eq!(reasons(&effects), [expected.reason()], "and it is on record");
    let sent = released(&effects);
    assert_eq!(sent[0].1.reason_codes, [expected.reason()]);
}

#[test]
fn an_authority_that_does_not_work_the_case_asks_nobody() {
    let mut hub = Hub::with_referral();
    let stranger = ItemSubmitted { from: Some((&id(CARDIFF)).into()), ..enquiry(BOARD) };
    refused(&mut hub, &stranger, Refused::NotTheirCase);
    let feedback = item("feedback", ItemKind::Feedback, "feedback", CARDIFF, &[SCHOOL]);
    refused(&mut hub, &feedback, Refused::NotTheirCase);
}

#[test]
fn an_answer_to_an_enquiry_never_asked_is_refused() {
    let mut hub = Hub::with_referral();
    let asked = enquiry(BOARD);
    // Nobody asked at all; somebody else was asked; another authority asked.
    let answer = |from: &str| reply(ItemKind::Answer, "enquiry-answer", from, &asked);
    refused(&mut hub, &answer(BOARD), Refused::NotAsked);
    hub.take(&asked);
    refused(&mut hub, &answer(FORCE), Refused::NotAsked);
    let elsewhere = ItemSubmitted {
        item_id: event_id(&["elsewhere"]).to_string(),
        to: vec![(&id(CARDIFF)).into()],
        ..answer(BOARD)
    };
    refused(&mut hub, &elsewhere, Refused::NotAsked);
    let late = ItemSubmitted { revision: 2, ..answer(BOARD) };
    assert_eq!(told(&hub.take(&late)), [told_of(BRIDGEND, "answer")], "who was asked may answer");
}

#[test]
fn a_response_answers_an_invitation_and_nothing_else() {
    let mut hub = Hub::with_referral();
    let asked = enquiry(BOARD);
    hub.take(&asked);
    refused(
        &mut hub,
        &reply(ItemKind::Response, "correspondence", BOARD, &asked),
        Refused::NotAsked,
    );
}

#[test]
fn feedback_goes_to_whoever_is_owed_it() {
    let mut hub = Hub::with_referral();
    let feedback = |to: &str| ItemSubmitted {
        reply_to: referral().item_id,
        ..item(&format!("feedback-{to}"), ItemKind::Feedback, "feedback", BRIDGEND, &[to])
    };
    refused(&mut hub, &feedback(BOARD), Refused::NotTheReferrer);
    let effects = hub.take(&feedback(SCHOOL));
    assert_eq!(told(&effects), [told_of(SCHOOL, "feedback")]);
    let (_, event) = &released(&effects)[0];
    assert_eq!(event.classes, [17, 18], "who the child is, the referrer knows (R35)");
    assert_eq!(event.reference, "referral", "its own reference says which referral it is");
}

#[test]
fn whoever_has_no_part_in_the_case_does_not_disagree() {
    let mut hub = Hub::with_referral();
    let disagreement = |from: &str, to: &str| {
        item(&format!("d-{from}"), ItemKind::Disagreement, "correspondence", from, &[to])
    };
    refused(&mut hub, &disagreement(BOARD, BRIDGEND), Refused::NotTheirCase);
    refused(&mut hub, &disagreement(SCHOOL, CARDIFF), Refused::NotForRecipient);
    let again = ItemSubmitted { revision: 2, ..disagreement(SCHOOL, BRIDGEND) };
    assert_eq!(told(&hub.take(&again)), [told_of(BRIDGEND, "disagreement")]);
    // And hears what becomes of it.
    let about = ItemSubmitted {
        reply_to: again.item_id,
        ..item("feedback", ItemKind::Feedback, "feedback", BRIDGEND, &[SCHOOL])
    };
    assert_eq!(told(&hub.take(&about)), [told_of(SCHOOL, "feedback")]);
}

#[test]
fn a_lookup_is_told_to_whoever_said_that_there_is_something_to_look_at() {
    let mut hub = Hub::new();
    let status =
        item("status", ItemKind::ProtectionStatus, "protection-status", BRIDGEND, &[BOARD]);
    let lookup = reply(ItemKind::Lookup, "lookup", BOARD, &status);
    refused(&mut hub, &lookup, Refused::NotAsked);
    let effects = hub.take(&status);
    let (_, event) = &released(&effects)[0];
    assert_eq!(event.classes, [1, 17, 18], "the fact and not the story (R37)");
    let again = ItemSubmitted { revision: 2, ..lookup };
    let effects = hub.take(&again);
    let (_, event) = &released(&effects)[0];
    assert_eq!((to(event).as_str(), event.classes.as_slice()), (BRIDGEND, &[17][..]), "R38");
}

#[test]
fn a_recipient_that_cannot_be_is_told_apart() {
    let mut hub = Hub::with_referral();
    refused(&mut hub, &enquiry("school/1"), Refused::UnknownRecipient);
}

#[test]
fn a_provider_refers_nobody() {
    let mut hub = Hub::new();
    let wire = ItemSubmitted { from: Some((&id("provider/cerrig")).into()), ..referral() };
    let effects = hub.take(&wire);
    // It has no area of its own, and the place is known.
    assert_eq!(reasons(&effects), [Refused::NotForSender.reason()]);
}

#[test]
fn an_item_stays_its_senders_own() {
    let mut hub = Hub::with_referral();
    let hijacked = ItemSubmitted { revision: 2, from: Some((&id(BOARD)).into()), ..referral() };
    assert!(matches!(hub.try_take(&hijacked), Err(TakeInError::NotTheSame)));
    let other = ItemSubmitted {
        revision: 2,
        kind: ItemKind::Disagreement.into(),
        to: vec![(&id(BRIDGEND)).into()],
        ..referral()
    };
    assert!(matches!(hub.try_take(&other), Err(TakeInError::NotTheSame)));
}

#[test]
fn what_does_not_hold_together_is_told_by_its_field() {
    type Spoil = fn(&mut ItemSubmitted);
    let table: [(&str, Spoil); 12] = [
        ("case_id", |it| it.case_id = "9990000018".to_owned()),
        ("item_id", |it| it.item_id.clear()),
        ("revision", |it| it.revision = 0),
        ("kind", |it| it.kind = 99),
        ("kind", |it| it.kind = ItemKind::NonDelivery.into()),
        ("flow", |it| it.flow = "gossip".to_owned()),
        ("from", |it| it.from = None),
        ("to", |it| it.to.clear()),
        ("to", |it| it.to = vec![(&id(BOARD)).into(); 101]),
        ("facts", |it| it.facts.as_mut().unwrap().consent = "perhaps".to_owned()),
        ("facts", |it| it.facts.as_mut().unwrap().kept_back_by_order = vec![19]),
        ("submit_time", |it| it.submit_time = None),
    ];
    for (field, spoil) in table {
        let mut wire = enquiry(BOARD);
        spoil(&mut wire);
        assert_eq!(Submission::read(wire).err().map(|fault| fault.0), Some(field));
    }
}
