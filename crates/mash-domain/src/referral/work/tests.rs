//! Every command in every state that can be reached, until no new state appears.

use std::collections::{HashMap, HashSet, VecDeque};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

fn ruling(outcome: Outcome) -> Ruling {
    Ruling {
        outcome,
        reason: "why".to_owned(),
        what_would_change_it: "what".to_owned(),
        next_step: String::new(),
    }
}

fn by() -> String {
    "worker-1".to_owned()
}

fn commands() -> Vec<Command> {
    let mut commands = vec![
        Command::Assign { to: "worker-2".to_owned() },
        Command::Assign { to: " ".to_owned() },
        Command::Ask { partners: 0 },
        Command::Ask { partners: 1 },
        Command::EndCheck,
        Command::RecordConsent(HelpConsent::Given),
        Command::RecordConsent(HelpConsent::Refused),
        Command::Pass { to: by() },
        Command::Pass { to: String::new() },
        Command::Transfer { by: by(), reason: "moved".to_owned() },
        Command::Transfer { by: by(), reason: String::new() },
        Command::Close,
        Command::Reopen { reason: "a late answer".to_owned() },
        Command::Reopen { reason: " ".to_owned() },
        Command::Withdraw,
        Command::Revise,
        Command::Escalate { to: "manager".to_owned() },
        Command::Escalate { to: String::new() },
    ];
    for grade in Grade::ALL {
        for reason in ["", "more is known"] {
            commands.push(Command::Grade { by: by(), grade, reason: reason.to_owned() });
        }
    }
    commands.push(Command::Grade {
        by: String::new(),
        grade: Grade::Red,
        reason: "more is known".to_owned(),
    });
    for outcome in Outcome::ALL {
        for with_gaps in [false, true] {
            commands.push(Command::Decide { by: by(), ruling: ruling(outcome), with_gaps });
        }
        for step in [Step::Up, Step::Down] {
            commands.push(Command::Step { by: by(), step, ruling: ruling(outcome) });
        }
    }
    let silent = Ruling { reason: " ".to_owned(), ..ruling(Outcome::Advice) };
    commands.push(Command::Decide { by: by(), ruling: silent, with_gaps: true });
    let final_word = Ruling { what_would_change_it: String::new(), ..ruling(Outcome::Advice) };
    commands.push(Command::Decide { by: by(), ruling: final_word, with_gaps: true });
    for state in FeedbackState::ALL {
        commands.push(Command::EndFeedback(state));
    }
    commands
}

/// What tells two referrals apart as far as any command can see.
type Key = (
    (WorkState, bool, Option<Grade>, Option<String>, u32),
    (Option<HelpConsent>, Option<Outcome>, Option<FeedbackState>, bool, bool),
);

fn key(work: &Work) -> Key {
    (
        (work.state, work.early_help, work.grade(), work.worker.clone(), work.unanswered().min(2)),
        (
            work.consent,
            work.decision().map(|decision| decision.ruling.outcome),
            work.feedback,
            work.acknowledged,
            work.escalated_to.is_some(),
        ),
    )
}

fn holds(work: &Work) {
    assert_eq!(
        work.feedback.is_some(),
        !work.state.is_open() && work.state != WorkState::Withdrawn
    );
    if !matches!(work.state, WorkState::Received | WorkState::Withdrawn) {
        assert!(work.acknowledged, "a named person has it");
    }
    if !matches!(
        work.state,
        WorkState::Received | WorkState::Passed | WorkState::Transferred | WorkState::Withdrawn
    ) {
        assert!(work.grade().is_some(), "graded before anything else");
    }
    if work.state == WorkState::Informed {
        assert!(work.feedback.is_some_and(FeedbackState::has_ended));
    }
}

fn lawful(from: &Work, command: &Command, to: &Work) {
    assert!(to.revision > from.revision);
    if let Command::Grade { reason, .. } = command {
        assert!(from.grade().is_none() || !reason.trim().is_empty(), "regraded without a reason");
    }
    if let Command::Decide { ruling, with_gaps, .. } = command {
        let red = from.grade() == Some(Grade::Red);
        assert!(!red || from.unanswered() == 0 || *with_gaps, "decided over a gap");
        let help = ruling.outcome == Outcome::EarlyHelp;
        assert!(!help || from.consent == Some(HelpConsent::Given), "early help without consent");
        assert!(from.state.is_open() && from.grade().is_some());
    }
    if matches!(command, Command::Ask { .. }) && from.early_help {
        assert!(from.consent != Some(HelpConsent::Refused), "asked after a refusal");
    }
    // Decisions are kept for ever.
    assert!(to.decisions.starts_with(&from.decisions));
    assert!(to.grades.starts_with(&from.grades));
}

#[test]
fn every_command_in_every_state_keeps_the_promises() {
    let mut seen = HashMap::new();
    let mut queue = VecDeque::new();
    for early_help in [false, true] {
        let start = Work::received(early_help);
        seen.insert(key(&start), ());
        queue.push_back(start);
    }
    let (mut refusals, mut steps) = (HashSet::new(), 0_u32);
    let commands = commands();
    while let Some(from) = queue.pop_front() {
        holds(&from);
        for command in &commands {
            steps += 1;
            let events = match from.apply(command, at(10)) {
                Ok(events) => events,
                Err(refusal) => {
                    refusals.insert(refusal);
                    continue;
                }
            };
            if events.is_empty() {
                continue;
            }
            let mut to = from.clone().with_all(&events);
            lawful(&from, command, &to);
            // Histories grow without end and tell no two states apart; the last entries do.
            to.asked = to.unanswered().min(2);
            to.ended = 0;
            if seen.insert(key(&to), ()).is_none() {
                queue.push_back(to);
            }
        }
    }
    for state in WorkState::ALL {
        assert!(seen.keys().any(|key| key.0.0 == state), "{} is never reached", state.word());
        assert!(
            state == WorkState::Received || refusals.contains(&Refusal::State(state)),
            "{} refuses nothing",
            state.word()
        );
        assert_eq!(WorkState::from_word(state.word()), Some(state));
    }
    for refusal in [
        Refusal::NotGraded,
        Refusal::RegradeWithoutReason,
        Refusal::NoReason,
        Refusal::Gaps,
        Refusal::ConsentMissing,
        Refusal::ConsentRefused,
        Refusal::OutcomeReserved,
        Refusal::Direction,
        Refusal::Nobody,
        Refusal::NothingAsked,
    ] {
        assert!(refusals.contains(&refusal), "{refusal} never happens");
    }
    assert!(seen.len() > 1_000 && steps > 50_000, "{} states, {steps} steps", seen.len());
}

fn graded(grade: Grade) -> Work {
    let work = Work::received(false);
    let command = Command::Grade { by: by(), grade, reason: String::new() };
    let events = work.apply(&command, at(1)).unwrap();
    work.with_all(&events)
}

fn decide(work: &Work, outcome: Outcome, with_gaps: bool) -> Result<Work, Refusal> {
    let command = Command::Decide { by: by(), ruling: ruling(outcome), with_gaps };
    Ok(work.clone().with_all(&work.apply(&command, at(2))?))
}

#[test]
fn of_two_workers_one_decides_and_the_other_is_told() {
    let work = graded(Grade::Amber);
    let read = work.revision;
    let won = decide(work.expecting(read).unwrap(), Outcome::Assessment, false).unwrap();
    assert!(won.expecting(read).err() == Some(Refusal::StaleRevision));
    assert!(
        decide(&won, Outcome::NoFurtherAction, false).err()
            == Some(Refusal::State(WorkState::Decided))
    );
}

#[test]
fn a_decision_does_not_come_before_a_grade() {
    let work = Work::received(false);
    assert!(decide(&work, Outcome::Assessment, true).err() == Some(Refusal::NotGraded));
}

#[test]
fn a_step_goes_the_way_it_says() {
    let decided = decide(&graded(Grade::Green), Outcome::Assessment, false).unwrap();
    let step = |step, outcome| {
        decided.apply(&Command::Step { by: by(), step, ruling: ruling(outcome) }, at(3)).err()
    };
    assert_eq!(step(Step::Up, Outcome::Section47), None);
    assert_eq!(step(Step::Up, Outcome::Advice), Some(Refusal::Direction));
    assert_eq!(step(Step::Down, Outcome::Advice), None);
    assert_eq!(step(Step::Down, Outcome::EarlyHelp), Some(Refusal::ConsentMissing));
    assert_eq!(step(Step::Down, Outcome::Section47), Some(Refusal::Direction));
    for same in [Step::Up, Step::Down] {
        assert_eq!(step(same, Outcome::Assessment), Some(Refusal::Direction), "it stays there");
    }
}

#[test]
fn feedback_ends_once() {
    let decided = decide(&graded(Grade::Green), Outcome::Advice, false).unwrap();
    let end = |work: &Work, state| work.apply(&Command::EndFeedback(state), at(4)).unwrap();
    let told = decided.clone().with_all(&end(&decided, FeedbackState::Acknowledged));
    assert!(told.state == WorkState::Informed);
    assert!(end(&told, FeedbackState::Escalated).is_empty());
    assert!(end(&decided, FeedbackState::Pending).is_empty());
}
