use super::*;
use crate::organisation::OrganisationKind;

fn organisation(kind: OrganisationKind, code: &str) -> OrganisationId {
    OrganisationId::new(kind, code).unwrap()
}

fn school(practitioner: &str) -> Professional {
    let organisation = organisation(OrganisationKind::School, "6812001");
    Professional { organisation, practitioner: practitioner.to_owned() }
}

fn hub(practitioner: &str) -> Professional {
    let organisation = organisation(OrganisationKind::LocalAuthority, "681");
    Professional { organisation, practitioner: practitioner.to_owned() }
}

fn text(text: &str) -> Private {
    Private::new(text, REASON).unwrap()
}

fn raised() -> Disagreement {
    let grounds = text("The injuries are not explained.");
    Disagreement::raise(school("dsp"), hub("worker"), grounds, Timestamp::UNIX_EPOCH).unwrap()
}

fn people() -> Vec<Professional> {
    vec![school("dsp"), hub("worker"), hub("manager"), hub("head"), hub("")]
}

fn commands() -> Vec<Command> {
    let mut commands = vec![
        Command::Escalate { reason: text("not settled") },
        Command::Escalate { reason: text("") },
        Command::Withdraw { by: school("dsp").organisation },
        Command::Withdraw { by: hub("worker").organisation },
    ];
    for who in people() {
        commands.push(Command::Name(who.clone()));
        for answer in [Answer::Stands, Answer::Changed] {
            commands.push(Command::Resolve { by: who.clone(), answer, reason: text("because") });
        }
        let reason = text("");
        commands.push(Command::Resolve { by: who, answer: Answer::Agreed, reason });
    }
    commands
}

/// Every disagreement that any commands can lead to.
fn reachable() -> Vec<Disagreement> {
    let mut found = vec![raised()];
    let mut next = 0;
    while let Some(disagreement) = found.get(next).cloned() {
        next += 1;
        for command in commands() {
            if let Ok((after, _)) = disagreement.apply(command, Timestamp::UNIX_EPOCH)
                && !found.contains(&after)
            {
                found.push(after);
            }
        }
    }
    found
}

#[test]
fn nobody_ever_decides_their_own_disagreement() {
    let all = reachable();
    assert!(all.len() > 100, "{}", all.len());
    for disagreement in &all {
        let deciders: Vec<&Professional> =
            disagreement.steps.iter().filter_map(|step| step.decider.as_ref()).collect();
        assert!(!deciders.contains(&&school("dsp")), "the one who disagrees");
        assert!(!deciders.contains(&&hub("worker")), "the one who decided");
        let mut once = deciders.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), deciders.len(), "nobody decides at two stages");
        if let Some(Ending::Resolved { .. }) = disagreement.ending {
            assert!(disagreement.decider().is_some());
        }
    }
}

#[test]
fn stages_come_in_order_and_each_has_a_limit() {
    for disagreement in reachable() {
        let stages: Vec<Stage> = disagreement.steps.iter().map(|step| step.stage).collect();
        assert_eq!(stages, Stage::ALL[..stages.len()]);
    }
    let rules = crate::clock::ClockRules::builtin();
    for stage in Stage::ALL {
        for nation in crate::nation::Nation::ALL {
            assert!(rules.rule(stage.clock(), nation, None).is_some(), "{}", stage.word());
        }
    }
}

#[test]
fn what_has_ended_stays_and_a_repeat_has_no_effect() {
    for disagreement in reachable() {
        for command in commands() {
            let Ok((after, events)) = disagreement.apply(command.clone(), Timestamp::UNIX_EPOCH)
            else {
                continue;
            };
            if disagreement.ending.is_some() {
                assert_eq!((&after, events.len()), (&disagreement, 0));
            }
            if !matches!(command, Command::Escalate { .. }) {
                assert_eq!(
                    after.apply(command, Timestamp::UNIX_EPOCH),
                    Ok((after, Vec::new())),
                    "a repeat has one effect"
                );
            }
        }
    }
}

#[test]
fn illegal_steps_are_refused_with_a_reason() {
    let apply = |disagreement: &Disagreement, command| {
        disagreement.apply(command, Timestamp::UNIX_EPOCH).map(|(next, _)| next)
    };
    let begun = raised();
    let decide = |who: &str| Command::Resolve {
        by: hub(who),
        answer: Answer::Stands,
        reason: text("because"),
    };
    assert_eq!(apply(&begun, decide("manager")), Err(DisagreementRefusal::NotDecider));
    assert_eq!(apply(&begun, decide("worker")), Err(DisagreementRefusal::OwnCause));
    assert_eq!(
        apply(&begun, Command::Name(hub("worker"))),
        Err(DisagreementRefusal::OwnCause),
        "she took the decision"
    );
    let named = apply(&begun, Command::Name(hub("manager"))).unwrap();
    let silent = Command::Resolve { by: hub("manager"), answer: Answer::Stands, reason: text("") };
    assert_eq!(apply(&named, silent), Err(DisagreementRefusal::Reason));
    let second = apply(&named, Command::Escalate { reason: text("still") }).unwrap();
    assert_eq!(second.stage(), Stage::FirstLine);
    assert_eq!(
        apply(&second, Command::Name(hub("manager"))),
        Err(DisagreementRefusal::OwnCause),
        "she had it at the stage before"
    );
    let third = apply(&second, Command::Escalate { reason: text("still") }).unwrap();
    let last = apply(&third, Command::Escalate { reason: text("still") }).unwrap();
    assert_eq!(
        apply(&last, Command::Escalate { reason: text("still") }),
        Err(DisagreementRefusal::LastStage)
    );
    assert_eq!(
        apply(&last, Command::Withdraw { by: hub("head").organisation }),
        Err(DisagreementRefusal::NotYours)
    );
    let over = apply(&last, Command::Withdraw { by: school("dsp").organisation }).unwrap();
    assert_eq!(apply(&over, Command::Name(hub("head"))), Err(DisagreementRefusal::Ended));
    let none = Disagreement::raise(school("dsp"), hub("worker"), text(""), Timestamp::UNIX_EPOCH);
    assert_eq!(none, Err(DisagreementRefusal::Reason));
}

#[test]
fn words_read_back() {
    for stage in Stage::ALL {
        assert_eq!(Stage::from_word(stage.word()), Some(stage));
    }
    for answer in Answer::ALL {
        assert_eq!(Answer::from_word(answer.word()), Some(answer));
    }
}
