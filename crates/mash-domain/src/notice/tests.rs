use proptest::prelude::*;

use super::*;
use NoticeState as S;

const BELL: &str = "2026-11-19T08:55:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn notice(state: NoticeState) -> Notice {
    let acknowledgement = (state == S::Acknowledged).then(|| Acknowledgement {
        by: "mair".to_owned(),
        at: at("2026-11-19T07:50:00Z"),
        revision: 1,
    });
    let seal = Seal::Confirmed { by: by(), at: at("2026-11-19T07:40:00Z") };
    Notice { state, acknowledgement, seal, ..Notice::delivered(1, Some(at(BELL))) }
}

fn sealed(state: NoticeState) -> Notice {
    Notice { seal: Seal::Sealed, ..notice(state) }
}

fn by() -> String {
    "mair".to_owned()
}

fn commands() -> [Command; 8] {
    [
        Command::Open { by: by() },
        Command::ConfirmRoll { by: by() },
        Command::Acknowledge { by: by(), revision: 1 },
        Command::Reject { by: by() },
        Command::Revise { revision: 2 },
        Command::Recall { reason: "wrong-child".to_owned() },
        Command::ConfirmDeletion { by: by() },
        Command::Escalate { to: Some("officer".to_owned()), reason: "unacknowledged" },
    ]
}

/// The table of the module's documentation, cell by cell: the state after, `-` for no change, `x` for a refusal.
#[test]
fn every_command_in_every_state_does_what_the_table_says() {
    let table = [
        "delivered: opened delivered acknowledged rejected delivered recalled x escalated",
        "opened: - opened acknowledged rejected delivered recalled x escalated",
        "acknowledged: - - - rejected acknowledged recalled x x",
        "escalated: - escalated acknowledged rejected escalated recalled x -",
        "rejected: x x x - x - x x",
        "recalled: - x x x delivered - deleted x",
        "deleted: - x x x delivered - - x",
    ];
    assert_eq!(table.len(), S::ALL.len());
    for row in table {
        let (state, cells) = row.split_once(": ").unwrap();
        let state = S::from_word(state).unwrap();
        assert_eq!(cells.split(' ').count(), commands().len());
        for (command, cell) in commands().into_iter().zip(cells.split(' ')) {
            let expected = match cell {
                "x" => Err(NoticeRefusal::State(state)),
                "-" => Ok((state, 0)),
                word => Ok((S::from_word(word).unwrap(), 1)),
            };
            let confirms = matches!(command, Command::ConfirmRoll { .. });
            // What was acknowledged has been unsealed before.
            let before =
                if confirms && state != S::Acknowledged { sealed(state) } else { notice(state) };
            let outcome = before.apply(command.clone(), at("2026-11-19T07:00:00Z"));
            assert_eq!(
                outcome.map(|(next, events)| (next.state, events.len())),
                expected,
                "{command:?} in {state:?}"
            );
        }
    }
}

#[test]
fn nobody_acknowledges_what_she_did_not_see() {
    let now = at("2026-11-19T07:00:00Z");
    let (revised, _) = notice(S::Opened).apply(Command::Revise { revision: 2 }, now).unwrap();
    let stale = revised.apply(Command::Acknowledge { by: by(), revision: 1 }, now);
    assert_eq!(stale.unwrap_err(), NoticeRefusal::StaleRevision);
    let ahead = revised.apply(Command::Acknowledge { by: by(), revision: 3 }, now);
    assert_eq!(ahead.unwrap_err(), NoticeRefusal::StaleRevision);
    assert!(revised.apply(Command::Acknowledge { by: by(), revision: 2 }, now).is_ok());
}

#[test]
fn a_schools_notice_is_sealed_until_the_roll_is_confirmed_and_a_desks_never_is() {
    let now = at("2026-11-19T07:00:00Z");
    let arrived = Notice::delivered(1, Some(at(BELL)));
    assert!(arrived.seal.is_sealed());
    let acknowledge = Command::Acknowledge { by: by(), revision: 1 };
    assert_eq!(arrived.apply(acknowledge.clone(), now).unwrap_err(), NoticeRefusal::Sealed);
    let (open, events) =
        arrived.apply(Command::ConfirmRoll { by: "owen".to_owned() }, now).unwrap();
    assert_eq!(open.seal, Seal::Confirmed { by: "owen".to_owned(), at: now });
    assert_eq!(events, [NoticeEvent::RollConfirmed { by: "owen".to_owned() }]);
    // Whoever confirms a second time does not take the place of whoever did first.
    assert_eq!(open.apply(Command::ConfirmRoll { by: by() }, now), Ok((open.clone(), vec![])));
    assert!(open.apply(acknowledge.clone(), now).is_ok());
    let (revised, _) = open.apply(Command::Revise { revision: 2 }, now).unwrap();
    assert!(!revised.seal.is_sealed(), "it is the same child");
    assert!(Notice::delivered(1, None).apply(acknowledge, now).is_ok());
}

#[test]
fn a_revision_of_an_acknowledged_notice_shows_and_can_be_acknowledged_too() {
    let now = at("2026-11-19T08:00:00Z");
    let (revised, events) =
        notice(S::Acknowledged).apply(Command::Revise { revision: 2 }, now).unwrap();
    assert_eq!((revised.state, events), (S::Acknowledged, vec![NoticeEvent::Revised]));
    assert!(revised.acknowledgement.as_ref().unwrap().revision < revised.revision);
    let (again, events) =
        revised.apply(Command::Acknowledge { by: "owen".to_owned(), revision: 2 }, now).unwrap();
    assert_eq!(events, [NoticeEvent::Acknowledged { by: "owen".to_owned(), late: false }]);
    assert_eq!(
        again.acknowledgement.unwrap(),
        Acknowledgement { by: "owen".to_owned(), at: now, revision: 2 }
    );
}

#[test]
fn an_old_revision_changes_nothing() {
    let (same, events) =
        notice(S::Opened).apply(Command::Revise { revision: 1 }, at(BELL)).unwrap();
    assert_eq!((same, events), (notice(S::Opened), vec![]));
}

#[test]
fn lateness_counts_from_the_bell_itself() {
    let table = [("2026-11-19T08:54:59Z", false), (BELL, true), ("2026-11-19T09:00:00Z", true)];
    for (now, late) in table {
        let (_, events) = notice(S::Escalated)
            .apply(Command::Acknowledge { by: by(), revision: 1 }, at(now))
            .unwrap();
        assert_eq!(events, [NoticeEvent::Acknowledged { by: by(), late }], "{now}");
    }
    let desk = Notice { deliver_by: None, ..notice(S::Delivered) };
    assert!(!desk.is_late(at("2030-01-01T00:00:00Z")));
}

#[test]
fn a_recall_is_the_end_of_what_was_acknowledged_and_escalated() {
    for state in [S::Acknowledged, S::Escalated] {
        let (recalled, _) = notice(state)
            .apply(Command::Recall { reason: "wrong-child".to_owned() }, at(BELL))
            .unwrap();
        assert_eq!(recalled.recall_reason.as_deref(), Some("wrong-child"));
        let (again, events) = recalled.apply(Command::Revise { revision: 2 }, at(BELL)).unwrap();
        assert_eq!(again, Notice::delivered(2, Some(at(BELL))));
        assert_eq!(events, [NoticeEvent::Delivered]);
    }
}

#[test]
fn a_state_reads_back_as_written() {
    for state in S::ALL {
        assert_eq!(S::from_word(state.word()), Some(state));
    }
    assert_eq!(S::from_word("lost"), None);
}

proptest! {
    /// Whatever happens in whatever order, a repeat of the last command changes nothing more,
    /// a revision never goes back, and a wiped notice is never acknowledged.
    #[test]
    fn any_history_keeps_its_promises(history in proptest::collection::vec((0..8_usize, 1..5_u32), 0..30)) {
        let now = at("2026-11-19T07:00:00Z");
        let mut standing = Notice::delivered(1, Some(at(BELL)));
        for (kind, revision) in history {
            let mut command = commands()[kind].clone();
            if let Command::Acknowledge { revision: read, .. } | Command::Revise { revision: read } = &mut command {
                *read = revision;
            }
            let Ok((next, events)) = standing.apply(command.clone(), now) else { continue };
            prop_assert!(next.revision >= standing.revision);
            prop_assert!(!(standing.state.is_wiped() && next.state == S::Acknowledged));
            prop_assert!(!(next.seal.is_sealed() && next.state == S::Acknowledged));
            prop_assert_eq!(events.is_empty(), next == standing);
            let repeat = next.apply(command, now);
            prop_assert!(repeat.is_err() || repeat == Ok((next.clone(), vec![])));
            standing = next;
        }
    }
}
