//! Every command in every state that can be reached.

use std::collections::{HashMap, VecDeque};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

fn commands() -> Vec<Command> {
    let refuse = |code: &str, reason: &str| Command::Refuse {
        code: code.to_owned(),
        reason: reason.to_owned(),
    };
    vec![
        Command::Answer,
        refuse("legal-advice", "counsel is asked"),
        refuse("", "counsel is asked"),
        refuse("legal-advice", " "),
        Command::Chase { due: None },
        Command::Chase { due: Some(at(50)) },
        Command::Chase { due: Some(at(500)) },
        Command::Undelivered,
        Command::Overdue,
        Command::Close { reason: String::new() },
        Command::Close { reason: "answered by telephone".to_owned() },
    ]
}

#[test]
fn nothing_reaches_a_state_that_the_table_does_not_name() {
    let now = at(100);
    let start = Enquiry::asked(at(0), at(200));
    let key = |one: &Enquiry| {
        (
            one.state,
            one.undelivered,
            one.overdue,
            one.due,
            one.ended.is_some(),
            one.reminders.min(2),
        )
    };
    let mut seen = HashMap::from([(key(&start), start.clone())]);
    let mut queue = VecDeque::from([start]);
    let mut transitions = 0;
    while let Some(from) = queue.pop_front() {
        for command in commands() {
            transitions += 1;
            let Ok(Some(event)) = from.apply(&command, now) else { continue };
            let to = from.clone().with(&event, now);
            assert_eq!(to.revision, from.revision + 1);
            // A question ends once, and stays ended.
            assert_eq!(event.ends_check(), to.ended.is_some() && from.ended.is_none());
            if from.state != EnquiryState::Open {
                assert_eq!(to.state, from.state);
                assert!(matches!(event, Event::Added | Event::CameLate));
            }
            if seen.insert(key(&to), to.clone()).is_none() {
                queue.push_back(to);
            }
        }
    }
    for state in EnquiryState::ALL {
        assert!(seen.keys().any(|key| key.0 == state), "{}", state.word());
        assert_eq!(EnquiryState::from_word(state.word()), Some(state));
    }
    assert!(transitions > 300, "{transitions}");
}

#[test]
fn an_answer_is_never_thrown_away() {
    for state in EnquiryState::ALL {
        let enquiry = Enquiry { state, ..Enquiry::asked(at(0), at(200)) };
        assert!(enquiry.apply(&Command::Answer, at(1)).unwrap().is_some(), "{}", state.word());
    }
}

#[test]
fn a_refusal_says_why() {
    let enquiry = Enquiry::asked(at(0), at(200));
    for (code, reason) in [("", "x"), ("x", ""), (" ", " ")] {
        let refuse = Command::Refuse { code: code.to_owned(), reason: reason.to_owned() };
        assert_eq!(enquiry.apply(&refuse, at(1)), Err(Refusal::NoReason));
    }
}

#[test]
fn a_new_due_time_lies_ahead_and_an_old_one_may_stand() {
    let enquiry = Enquiry::asked(at(0), at(200));
    let chase = |due| enquiry.apply(&Command::Chase { due }, at(300));
    assert_eq!(chase(None), Ok(Some(Event::Chased(at(200)))));
    assert_eq!(chase(Some(at(250))), Err(Refusal::DueInThePast));
    assert_eq!(chase(Some(at(400))), Ok(Some(Event::Chased(at(400)))));
    let overdue = enquiry.with(&Event::BecameOverdue, at(300));
    assert!(overdue.clone().with(&Event::Chased(at(200)), at(300)).overdue);
    assert!(!overdue.with(&Event::Chased(at(400)), at(300)).overdue);
}
