use super::{
    section47::{Conduct, EnquiryOutcome, EnquiryRefusal, Section47},
    *,
};

fn organisation(kind: OrganisationKind, code: &str) -> OrganisationId {
    OrganisationId::new(kind, code).unwrap()
}

fn authority() -> OrganisationId {
    organisation(OrganisationKind::LocalAuthority, "681")
}

fn police() -> OrganisationId {
    organisation(OrganisationKind::PoliceForce, "62")
}

fn health() -> OrganisationId {
    organisation(OrganisationKind::HealthBoard, "7A4")
}

fn school() -> OrganisationId {
    organisation(OrganisationKind::School, "6812001")
}

fn text(text: &str) -> Private {
    Private::new(text, REASON).unwrap()
}

fn called(kind: MeetingKind, nation: Nation) -> Meeting {
    let invited = BTreeSet::from([police(), health()]);
    Meeting::call(kind, nation, authority(), "chair".into(), invited).unwrap()
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn signatures() -> Vec<Option<Exception>> {
    let sign = |by: &str, senior, reason| {
        Some(Exception { signed_by: by.into(), senior, reason: text(reason) })
    };
    vec![
        None,
        sign("head", true, "police are at a major incident"),
        sign("head", true, ""),
        sign("worker", false, "nobody else was there"),
        sign("chair", true, "I chaired it"),
    ]
}

fn holdings() -> Vec<Held> {
    let attendances = [
        BTreeSet::from([authority(), police()]),
        BTreeSet::from([authority(), health()]),
        BTreeSet::from([police(), health()]),
        BTreeSet::from([authority(), police(), school()]),
    ];
    let mut holdings = Vec::new();
    for attended in attendances {
        for outcome in MeetingOutcome::ALL {
            for exception in signatures() {
                let (attended, reason) = (attended.clone(), text("as minuted"));
                holdings.push(Held { at: NOW, attended, outcome, reason, exception });
            }
        }
    }
    holdings
}

fn commands() -> Vec<Command> {
    let mut commands: Vec<Command> = holdings().into_iter().map(Command::Hold).collect();
    for reason in ["", "the child is safe elsewhere"] {
        commands.push(Command::Cancel { reason: text(reason) });
    }
    for from in [police(), health(), school(), authority()] {
        for standing in Standing::ALL {
            for reason in ["", "no capacity"] {
                let (from, reason) = (from.clone(), text(reason));
                commands.push(Command::Respond { from, standing, reason });
            }
        }
    }
    commands
}

fn reachable(kind: MeetingKind, nation: Nation) -> Vec<Meeting> {
    let mut found = vec![called(kind, nation)];
    let mut next = 0;
    while let Some(meeting) = found.get(next).cloned() {
        next += 1;
        for command in commands() {
            if let Ok((after, _)) = meeting.apply(command, NOW)
                && !found.contains(&after)
            {
                found.push(after);
            }
        }
    }
    found
}

#[test]
fn no_meeting_is_ever_held_without_quorum_or_a_senior_signature() {
    for kind in MeetingKind::ALL {
        for nation in Nation::ALL {
            let all = reachable(kind, nation);
            assert!(all.len() > 20, "{}", all.len());
            for held in all.iter().filter_map(|meeting| meeting.held.as_ref()) {
                let there = |kind| held.attended.iter().any(|who| who.kind() == kind);
                assert!(there(OrganisationKind::LocalAuthority));
                assert!(!held.attended.contains(&school()), "was not invited");
                assert!(held.outcome.can_come_of(kind, nation));
                let signed = held.exception.as_ref().is_some_and(|exception| {
                    exception.senior
                        && exception.signed_by != "chair"
                        && !exception.reason.is_empty()
                });
                assert!(there(OrganisationKind::PoliceForce) || signed);
            }
        }
    }
}

#[test]
fn what_was_held_or_cancelled_stays_and_a_repeat_has_no_effect() {
    for meeting in reachable(MeetingKind::StrategyDiscussion, Nation::Wales) {
        for command in commands() {
            let Ok((after, events)) = meeting.apply(command.clone(), NOW) else { continue };
            if meeting.state() != MeetingState::Called {
                assert_eq!(after.state(), meeting.state());
                assert_eq!((&after.held, &after.cancelled), (&meeting.held, &meeting.cancelled));
                let late = |event: &MeetingEvent| {
                    matches!(event, MeetingEvent::Responded { late: true, .. })
                };
                assert!(events.iter().all(late), "a late answer is kept and shown as late");
            }
            assert_eq!(after.apply(command, NOW), Ok((after, Vec::new())));
        }
    }
}

#[test]
fn illegal_commands_are_refused_with_a_reason() {
    let meeting = called(MeetingKind::StrategyDiscussion, Nation::Wales);
    let hold = |attended: [OrganisationId; 2], outcome, exception| {
        Command::Hold(Held {
            at: NOW,
            attended: attended.into(),
            outcome,
            reason: text("as minuted"),
            exception,
        })
    };
    let joint = MeetingOutcome::Section47Joint;
    let [none, good, silent, junior, own] = <[_; 5]>::try_from(signatures()).unwrap();
    let table = [
        (hold([authority(), health()], joint, none.clone()), MeetingRefusal::Inquorate),
        (hold([authority(), health()], joint, silent), MeetingRefusal::Reason),
        (hold([authority(), health()], joint, junior), MeetingRefusal::Signature),
        (hold([authority(), health()], joint, own), MeetingRefusal::Signature),
        (hold([police(), health()], joint, good), MeetingRefusal::Attendance),
        (hold([authority(), school()], joint, none.clone()), MeetingRefusal::Attendance),
        (hold([authority(), police()], MeetingOutcome::Registered, none), MeetingRefusal::Outcome),
        (
            Command::Respond { from: school(), standing: Standing::Accepts, reason: text("") },
            MeetingRefusal::NotInvited,
        ),
        (
            Command::Respond { from: police(), standing: Standing::Declines, reason: text("") },
            MeetingRefusal::Reason,
        ),
        (Command::Cancel { reason: text("") }, MeetingRefusal::Reason),
    ];
    for (command, expected) in table {
        assert_eq!(meeting.apply(command, NOW), Err(expected));
    }
    let early = Timestamp::UNIX_EPOCH - jiff::SignedDuration::from_secs(1);
    let held = holdings().swap_remove(0);
    assert_eq!(meeting.apply(Command::Hold(held.clone()), early), Err(MeetingRefusal::Time));
    let (over, events) = meeting.apply(Command::Hold(held), NOW).unwrap();
    let expected = MeetingEvent::Held {
        quorate: true,
        enquiry: Some(Conduct::Single),
        absent: vec![health()],
    };
    assert_eq!(events, [expected]);
    let cancel = Command::Cancel { reason: text("too late") };
    assert_eq!(over.apply(cancel, NOW), Err(MeetingRefusal::State(MeetingState::Held)));
}

#[test]
fn somebody_else_than_the_authority_is_invited() {
    let call = |invited: BTreeSet<OrganisationId>| {
        let kind = MeetingKind::InitialConference;
        Meeting::call(kind, Nation::England, authority(), "chair".into(), invited)
    };
    assert_eq!(call(BTreeSet::new()), Err(MeetingRefusal::Invited));
    assert_eq!(call(BTreeSet::from([authority()])), Err(MeetingRefusal::Invited));
    let many = (0..31).map(|code| organisation(OrganisationKind::School, &code.to_string()));
    assert_eq!(call(many.collect()), Err(MeetingRefusal::Invited));
}

#[test]
fn plans_are_those_of_the_nation() {
    for kind in [MeetingKind::InitialConference, MeetingKind::TransferInConference] {
        for (outcome, nation) in [
            (MeetingOutcome::ProtectionPlan, Nation::England),
            (MeetingOutcome::Registered, Nation::Wales),
        ] {
            for other in Nation::ALL {
                assert_eq!(outcome.can_come_of(kind, other), other == nation);
            }
        }
    }
}

#[test]
fn an_enquiry_is_concluded_once_in_the_words_of_its_nation() {
    for outcome in EnquiryOutcome::ALL {
        let enquiry = Section47::begin(Conduct::Joint, NOW);
        assert_eq!(enquiry.conclude(outcome, "worker", text(""), NOW), Err(EnquiryRefusal::Reason));
        let done = enquiry.conclude(outcome, "worker", text("as found"), NOW).unwrap();
        for again in EnquiryOutcome::ALL {
            let repeat = done.conclude(again, "worker", text("as found"), NOW);
            let expected =
                if again == outcome { Ok(done.clone()) } else { Err(EnquiryRefusal::Concluded) };
            assert_eq!(repeat, expected);
        }
        assert_ne!(outcome.words(Nation::Wales), outcome.words(Nation::England));
        assert_eq!(EnquiryOutcome::from_word(outcome.word()), Some(outcome));
    }
}

#[test]
fn words_read_back() {
    for kind in MeetingKind::ALL {
        assert_eq!(MeetingKind::from_word(kind.word()), Some(kind));
    }
    for outcome in MeetingOutcome::ALL {
        assert_eq!(MeetingOutcome::from_word(outcome.word()), Some(outcome));
    }
    for standing in Standing::ALL {
        assert_eq!(Standing::from_word(standing.word()), Some(standing));
    }
}
