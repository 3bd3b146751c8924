use std::collections::BTreeSet;

use super::*;
use crate::{incident::Limit, organisation::OrganisationKind};

fn authority(code: &str) -> OrganisationId {
    OrganisationId::new(OrganisationKind::LocalAuthority, code).unwrap()
}

fn text(text: &str) -> Private {
    Private::new(text, Limit::line(100)).unwrap()
}

fn offered() -> Transfer {
    let from = Body { authority: authority("679"), nation: Nation::Wales };
    let to = Body { authority: authority("801"), nation: Nation::England };
    Transfer::offer(from, to, true).unwrap()
}

fn commands() -> Vec<Command> {
    let mut commands = Vec::new();
    for code in ["679", "801", "681"] {
        commands.push(Command::Accept { authority: authority(code), by: "sw-1".into() });
        for reason in ["", "not ours", "another"] {
            let (authority, reason) = (authority(code), text(reason));
            commands.push(Command::Refuse { authority: authority.clone(), reason: reason.clone() });
            commands.push(Command::TakeBack { authority, reason });
        }
    }
    commands
}

/// Every transfer that any commands can lead to.
fn reachable() -> Vec<Transfer> {
    let mut found = vec![offered()];
    let mut next = 0;
    while let Some(transfer) = found.get(next).cloned() {
        next += 1;
        for command in commands() {
            if let Ok((after, _)) = transfer.apply(command, Timestamp::UNIX_EPOCH)
                && !found.contains(&after)
            {
                found.push(after);
            }
        }
    }
    found
}

#[test]
fn the_duty_moves_with_the_acceptance_alone_and_each_body_has_its_own_law() {
    let all = reachable();
    assert_eq!(
        all.iter().map(|transfer| transfer.state.word()).collect::<BTreeSet<_>>(),
        BTreeSet::from(["accepted", "offered", "refused", "taken-back"])
    );
    for transfer in &all {
        let moved = matches!(transfer.state, TransferState::Accepted { .. });
        let expected = if moved { ("801", Nation::England) } else { ("679", Nation::Wales) };
        assert_eq!((transfer.duty().authority.code(), transfer.duty().nation), expected);
        assert!(transfer.crosses_border());
    }
}

#[test]
fn nothing_follows_an_acceptance_and_a_repeat_has_no_effect() {
    for transfer in reachable() {
        for command in commands() {
            let Ok((after, events)) = transfer.apply(command.clone(), Timestamp::UNIX_EPOCH) else {
                continue;
            };
            if matches!(transfer.state, TransferState::Accepted { .. }) {
                assert_eq!((&after, events.len()), (&transfer, 0));
            }
            // The same again changes nothing.
            let again = after.apply(command, Timestamp::UNIX_EPOCH);
            assert_eq!(again, Ok((after, Vec::new())));
        }
    }
}

#[test]
fn illegal_answers_are_refused_with_a_reason() {
    let apply = |transfer: &Transfer, command| transfer.apply(command, Timestamp::UNIX_EPOCH);
    let transfer = offered();
    let (here, there) = (authority("679"), authority("801"));
    let accept = Command::Accept { authority: there.clone(), by: "sw-1".into() };
    let (accepted, events) = apply(&transfer, accept.clone()).unwrap();
    assert_eq!(events, [TransferEvent::Accepted { conference: true }]);
    let table = [
        (
            &transfer,
            Command::Accept { authority: here.clone(), by: "sw-1".into() },
            TransferRefusal::OtherSide,
        ),
        (
            &transfer,
            Command::TakeBack { authority: there.clone(), reason: text("ours") },
            TransferRefusal::OtherSide,
        ),
        (
            &transfer,
            Command::Refuse { authority: there.clone(), reason: text("") },
            TransferRefusal::Reason,
        ),
        (
            &accepted,
            Command::Refuse { authority: there, reason: text("too late") },
            TransferRefusal::State("accepted"),
        ),
        (
            &accepted,
            Command::TakeBack { authority: here.clone(), reason: text("too late") },
            TransferRefusal::State("accepted"),
        ),
    ];
    for (transfer, command, expected) in table {
        assert_eq!(apply(transfer, command), Err(expected));
    }
    let body = Body { authority: here, nation: Nation::Wales };
    assert_eq!(Transfer::offer(body.clone(), body, false), Err(TransferRefusal::Same));
    let (kept, _) = apply(
        &transfer,
        Command::TakeBack { authority: authority("679"), reason: text("mistake") },
    )
    .unwrap();
    assert_eq!(apply(&kept, accept), Err(TransferRefusal::State("taken-back")));
}
