use std::collections::{HashMap, VecDeque};

use super::*;
use crate::{health::staff::Role, incident::Limit};

fn now() -> Timestamp {
    "2026-11-19T15:40:00Z".parse().unwrap()
}

fn text(text: &str) -> Private {
    Private::new(text, Limit::paragraphs(4_000)).unwrap()
}

fn by(role: Role) -> Professional {
    Professional::new(format!("p-{}", role.word()), text("Eleri Prys"), role, text("")).unwrap()
}

fn photograph(number: u8) -> Photograph {
    Photograph {
        reference: text(&format!("IMG-{number}")),
        media_type: text("image/jpeg"),
        digest: Some([number; 32]),
        description: text(""),
    }
}

fn injury(site: BodySite, kind: InjuryKind, explained: Answer) -> Injury {
    Injury {
        site,
        detail: text(""),
        kind,
        description: text("seen"),
        explanation: text("told"),
        explained,
        photographs: vec![photograph(site as u8)],
    }
}

fn graze() -> Injury {
    injury(BodySite::Leg, InjuryKind::Cut, Answer::Yes)
}

fn record(injuries: &[Injury], mobile: Answer) -> Command {
    Command::Record { injuries: injuries.to_vec(), mobile, by: by(Role::Nurse) }
}

fn after(commands: &[Command]) -> InjuryRecord {
    commands.iter().fold(InjuryRecord::default(), |record, command| {
        record.apply(command.clone(), now()).unwrap().0
    })
}

fn reason(revision: u32, role: Role, words: &str) -> Command {
    let code = ReasonCode::AccidentWitnessed;
    Command::Reason { revision, by: by(role), code, text: text(words) }
}

const WORDS: &str = "seen by the school nurse as it happened";

#[test]
fn what_raises_a_prompt() {
    use Ground::{Multiple, NotExplained, NotMobile, Patterned};
    let face = injury(BodySite::Face, InjuryKind::Bruise, Answer::No);
    let unsure = injury(BodySite::Arm, InjuryKind::Burn, Answer::Unknown);
    let ear = injury(BodySite::Ear, InjuryKind::Bruise, Answer::Yes);
    let bite = injury(BodySite::Arm, InjuryKind::Bite, Answer::Yes);
    let table: [(&[Injury], Answer, &[Ground], &str); 9] = [
        (&[], Answer::No, &[], "nothing seen"),
        (&[graze()], Answer::Yes, &[], "one graze, explained, of a child who walks"),
        (std::slice::from_ref(&face), Answer::Yes, &[NotExplained], "not explained"),
        (&[unsure], Answer::Yes, &[NotExplained], "nobody can tell"),
        (&[graze(), ear.clone()], Answer::Yes, &[Multiple, Patterned], "two"),
        (&[graze()], Answer::No, &[NotMobile], "a baby"),
        (&[graze()], Answer::Unknown, &[NotMobile], "perhaps a baby"),
        (&[ear], Answer::Yes, &[Patterned], "where accidents seldom reach"),
        (
            &[bite, face.clone()],
            Answer::No,
            &[NotExplained, Multiple, NotMobile, Patterned],
            "everything",
        ),
    ];
    for (injuries, mobile, expected, why) in table {
        let found: Vec<Ground> = grounds(injuries, mobile).into_iter().collect();
        assert_eq!(found, expected, "{why}");
        let prompt = after(&[record(injuries, mobile)]).prompt;
        assert_eq!(prompt.is_some(), !expected.is_empty(), "{why}");
    }
}

#[test]
fn a_prompt_is_closed_by_a_referral_or_by_a_reason_of_somebody_with_a_name() {
    let face = injury(BodySite::Face, InjuryKind::Bruise, Answer::No);
    let open = after(&[record(&[face], Answer::Yes)]);
    let refuse = |command| open.apply(command, now()).unwrap_err();
    assert_eq!(refuse(reason(1, Role::Nurse, "")), Refusal::Reason);
    assert_eq!(refuse(reason(1, Role::Nurse, "accident.")), Refusal::Reason);
    assert_eq!(refuse(reason(1, Role::Administrator, WORDS)), Refusal::Role);
    assert_eq!(refuse(reason(0, Role::Nurse, WORDS)), Refusal::Stale);
    assert_eq!(refuse(reason(2, Role::Nurse, WORDS)), Refusal::Stale);
    let (reasoned, events) = open.apply(reason(1, Role::Nurse, WORDS), now()).unwrap();
    assert_eq!(events, [Event::Reasoned]);
    let again = reasoned.apply(reason(1, Role::Doctor, WORDS), now()).unwrap_err();
    assert_eq!(again, Refusal::Resolved(PromptState::Reasoned));
    let referral = "referrals/c".to_owned();
    let refer = Command::Refer { revision: 1, by: by(Role::Paramedic), referral };
    assert_eq!(open.apply(refer, now()).unwrap().1, [Event::Referred]);
    let none = after(&[record(&[graze()], Answer::Yes)]);
    assert_eq!(none.apply(reason(1, Role::Doctor, WORDS), now()).unwrap_err(), Refusal::NoPrompt);
}

#[test]
fn of_a_baby_only_a_doctor_or_named_nurse_gives_a_reason() {
    let baby = after(&[record(&[graze()], Answer::No)]);
    for role in Role::ALL {
        let answer = baby.apply(reason(1, *role, WORDS), now());
        assert_eq!(answer.is_ok(), role.may_reason_for_a_baby(), "{role:?}");
        let refer = Command::Refer { revision: 1, by: by(*role), referral: "r".to_owned() };
        assert_eq!(baby.apply(refer, now()).is_ok(), role.is_clinician(), "{role:?}");
    }
}

#[test]
fn something_new_opens_it_again_and_a_repeat_does_nothing() {
    let face = injury(BodySite::Face, InjuryKind::Bruise, Answer::No);
    let closed =
        after(&[record(std::slice::from_ref(&face), Answer::Yes), reason(1, Role::Nurse, WORDS)]);
    let (same, events) = closed.apply(record(&[face], Answer::Yes), now()).unwrap();
    assert_eq!((&same, events), (&closed, vec![]));
    let (more, events) = closed.apply(record(&[graze()], Answer::Yes), now()).unwrap();
    assert_eq!(events, [Event::Recorded, Event::Raised]);
    assert_eq!((more.revision, more.injuries.len()), (2, 2));
    assert_eq!(more.prompt.unwrap().state(), PromptState::Open);
}

#[test]
fn thirty_one_photographs_are_kept_and_a_forty_first_is_refused_with_all_that_came_with_it() {
    let mut many = injury(BodySite::Back, InjuryKind::Bruise, Answer::No);
    many.photographs = (0..31).map(photograph).collect();
    let kept = after(&[record(&[many], Answer::Yes)]);
    assert_eq!(kept.photographs(), 31);
    let mut more = graze();
    more.photographs = (31..40).map(photograph).collect();
    let full = kept.apply(record(&[more], Answer::Yes), now()).unwrap().0;
    assert_eq!(full.photographs(), 40);
    let one = injury(BodySite::Hand, InjuryKind::Cut, Answer::Yes);
    let refused = full.apply(record(&[one], Answer::Yes), now()).unwrap_err();
    assert_eq!(refused, Refusal::TooManyPhotographs);
}

/// What matters of a state: not how often something was recorded, nor when.
fn key(record: &InjuryRecord) -> String {
    let sites: BTreeSet<&str> = record.injuries.iter().map(|it| it.site.word()).collect();
    let prompt = record.prompt.as_ref().map(|it| (it.state(), &it.grounds, &it.escalated_to));
    format!("{:?} {sites:?} {prompt:?} {}", record.mobile, record.revision > 0)
}

fn commands(record_now: &InjuryRecord) -> Vec<Command> {
    let injuries = [
        graze(),
        injury(BodySite::Face, InjuryKind::Bruise, Answer::No),
        injury(BodySite::Ear, InjuryKind::Bite, Answer::Yes),
    ];
    let mut commands = Vec::new();
    for mobile in Answer::ALL {
        commands.push(record(&[], mobile));
        commands.push(record(&injuries, mobile));
        commands.extend(injuries.iter().map(|injury| record(std::slice::from_ref(injury), mobile)));
    }
    for revision in [record_now.revision, record_now.revision.wrapping_sub(1)] {
        for role in [Role::Nurse, Role::NamedNurse, Role::Administrator] {
            commands.push(reason(revision, role, WORDS));
            commands.push(reason(revision, role, "no"));
            let referral = "referrals/c".to_owned();
            commands.push(Command::Refer { revision, by: by(role), referral });
        }
    }
    commands.push(Command::Escalate { to: None });
    commands.push(Command::Escalate { to: Some("lead".to_owned()) });
    commands
}

fn check(before: &InjuryRecord, command: &Command, after: &InjuryRecord, events: &[Event]) {
    let state = |record: &InjuryRecord| record.prompt.as_ref().map(Prompt::state);
    assert!(before.injuries.iter().all(|it| after.injuries.contains(it)), "an injury was lost");
    assert!(after.photographs() >= before.photographs(), "a photograph was lost");
    let found = grounds(&after.injuries, after.mobile);
    assert!(found.is_empty() || after.prompt.is_some(), "grounds without a prompt");
    if let (Some(old), Some(new)) = (&before.prompt, &after.prompt) {
        assert!(old.grounds.is_subset(&new.grounds), "a ground was withdrawn");
    }
    assert!(before.prompt.is_none() || after.prompt.is_some(), "a prompt vanished");
    let closes =
        state(before) == Some(PromptState::Open) && state(after) != Some(PromptState::Open);
    match command {
        Command::Record { .. } => {
            assert!(!closes, "recording closed a prompt");
            let ended = |it| matches!(it, Some(PromptState::Referred | PromptState::Reasoned));
            assert!(!ended(state(after)) || ended(state(before)), "recording answered a prompt");
            let new = after.injuries.len() > before.injuries.len();
            let open = state(after) == Some(PromptState::Open);
            assert!(!new || open || after.prompt.is_none(), "something new went unanswered");
        }
        Command::Refer { by, .. } => assert!(closes && by.role.is_clinician()),
        Command::Reason { by, text, .. } => {
            let baby = before.prompt.as_ref().unwrap().grounds.contains(&Ground::NotMobile);
            assert!(closes && by.role.is_clinician() && text.as_str().len() >= REASON_LEAST);
            assert!(!baby || by.role.may_reason_for_a_baby());
        }
        Command::Escalate { .. } => assert!(!closes && state(after) == Some(PromptState::Open)),
    }
    assert_eq!(before == after, events.is_empty(), "what happened and what changed agree");
}

#[test]
fn every_state_that_can_be_reached_keeps_the_promises() {
    let start = InjuryRecord::default();
    let mut seen = HashMap::from([(key(&start), ())]);
    let mut queue = VecDeque::from([start]);
    let (mut taken, mut refused) = (0, 0);
    while let Some(state) = queue.pop_front() {
        for command in commands(&state) {
            match state.apply(command.clone(), now()) {
                Ok((next, events)) => {
                    check(&state, &command, &next, &events);
                    taken += 1;
                    if seen.insert(key(&next), ()).is_none() {
                        queue.push_back(next);
                    }
                }
                Err(_) => refused += 1,
            }
        }
    }
    // Fewer would mean that the walk has lost its way.
    assert!(
        seen.len() > 100 && taken > 1_000 && refused > 1_000,
        "{} {taken} {refused}",
        seen.len()
    );
}
