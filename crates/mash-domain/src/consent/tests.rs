use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::organisation::OrganisationKind;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn later(seconds: i64) -> Timestamp {
    NOW.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn id(number: u128) -> ConsentId {
    Uuid::from_u128(number)
}

fn provider(code: &str) -> OrganisationId {
    OrganisationId::new(OrganisationKind::Provider, code).unwrap()
}

fn scope(services: &[Service], flows: &[Flow]) -> Scope {
    Scope { services: services.iter().cloned().collect(), flows: flows.iter().copied().collect() }
}

fn advocacy() -> Scope {
    scope(&[Service::One(provider("cerrig"))], &[Flow::Advocate])
}

fn evidence() -> Evidence {
    Evidence {
        kind: EvidenceKind::SignedForm,
        reference: "F-1".parse().unwrap(),
        taken_by: "pc-4411".to_owned(),
    }
}

fn record(number: u128, outcome: Outcome, scope: Scope) -> Command {
    let giver = if matches!(outcome, Outcome::NotSought(_)) { None } else { Some(Giver::Parent) };
    let whose = [Whose::Child].into();
    Command::Record { id: id(number), outcome, giver, whose, scope, evidence: evidence() }
}

fn given(number: u128) -> Command {
    record(number, Outcome::Given { until: later(100) }, advocacy())
}

fn view(view: ChildView, competent: bool) -> Command {
    Command::View(RecordedView {
        view,
        competent,
        assessor: Assessor::SocialWorker,
        scope: advocacy(),
        evidence: evidence(),
        recorded_at: NOW,
    })
}

impl Register {
    /// Applies a command at an instant, and puts on record what it leads to.
    fn take(&mut self, command: Command, at: Timestamp) -> Result<usize, ConsentError> {
        let events = self.apply(command, at)?;
        events.iter().for_each(|event| self.happened(event));
        Ok(events.len())
    }

    fn state(&self, at: Timestamp) -> ConsentState {
        self.state_for(Flow::Advocate, &provider("cerrig"), at).state
    }
}

/// A register in which record 1 is in this state.
fn with(state: ConsentState) -> Register {
    let mut register = Register::default();
    match state {
        ConsentState::NotRecorded | ConsentState::NotRequired => return register,
        ConsentState::Refused => register.take(record(1, Outcome::Refused, advocacy()), NOW),
        ConsentState::NotSoughtUnsafe => {
            let outcome = Outcome::NotSought(Unsafe::Obstructs);
            register.take(record(1, outcome, advocacy()), NOW)
        }
        ConsentState::Given | ConsentState::Withdrawn | ConsentState::Expired => {
            register.take(given(1), NOW)
        }
    }
    .unwrap();
    match state {
        ConsentState::Withdrawn => {
            register.take(Command::Withdraw { id: id(1), by: Giver::Parent }, later(1)).unwrap();
        }
        ConsentState::Expired => {
            register.take(Command::Expire { id: id(1) }, later(100)).unwrap();
        }
        ConsentState::Given
        | ConsentState::Refused
        | ConsentState::NotSoughtUnsafe
        | ConsentState::NotRequired
        | ConsentState::NotRecorded => (),
    }
    assert_eq!(register.state(later(2)), state);
    register
}

#[test]
fn every_transition_is_as_the_table_says() {
    use ConsentError::{HasEnded, NeverGiven, NotYet, Unknown};
    use ConsentState::{Expired, Given, NotRecorded, NotSoughtUnsafe, Refused, Withdrawn};
    let withdraw = || Command::Withdraw { id: id(1), by: Giver::Parent };
    let expire = || Command::Expire { id: id(1) };
    let table = [
        (NotRecorded, withdraw(), 5, Err(Unknown)),
        (NotRecorded, expire(), 500, Err(Unknown)),
        (Given, withdraw(), 5, Ok(Withdrawn)),
        (Given, withdraw(), 500, Ok(Withdrawn)),
        (Given, expire(), 5, Err(NotYet)),
        (Given, expire(), 100, Ok(Expired)),
        (Refused, withdraw(), 5, Err(NeverGiven)),
        (Refused, expire(), 500, Err(NeverGiven)),
        (NotSoughtUnsafe, withdraw(), 5, Err(NeverGiven)),
        (NotSoughtUnsafe, expire(), 500, Err(NeverGiven)),
        (Withdrawn, withdraw(), 5, Err(HasEnded)),
        (Withdrawn, expire(), 500, Err(HasEnded)),
        (Expired, withdraw(), 500, Err(HasEnded)),
        (Expired, expire(), 500, Err(HasEnded)),
    ];
    for (from, command, at, expected) in table {
        let mut register = with(from);
        let actual = register.take(command, later(at)).map(|_| register.state(later(at)));
        assert_eq!(actual, expected, "from {from:?} after {at} s");
    }
}

#[test]
fn whatever_stood_before_the_last_word_counts() {
    for before in ConsentState::ALL {
        for (outcome, expected, ended) in [
            (Outcome::Given { until: later(900) }, ConsentState::Given, 0),
            (Outcome::Refused, ConsentState::Refused, 1),
            (Outcome::NotSought(Unsafe::SignificantHarm), ConsentState::NotSoughtUnsafe, 1),
        ] {
            let mut register = with(before);
            let stood = usize::from(before == ConsentState::Given) * ended;
            let events = register.take(record(2, outcome, advocacy()), later(110)).unwrap();
            assert_eq!(register.state(later(111)), expected, "{before:?}, then {outcome:?}");
            assert_eq!(events, 1 + stood, "{before:?}, then {outcome:?}");
        }
    }
}

#[test]
fn a_refusal_for_one_provider_ends_what_was_given_to_all_of_them() {
    let mut register = Register::default();
    let all = scope(&[Service::Kind(OrganisationKind::Provider)], &[Flow::Advocate]);
    register.take(record(1, Outcome::Given { until: later(100) }, all), NOW).unwrap();
    register.take(record(2, Outcome::Refused, advocacy()), later(1)).unwrap();
    assert_eq!(register.consent(id(1)).unwrap().state, ConsentState::Withdrawn);
    let other = register.state_for(Flow::Advocate, &provider("other"), later(2));
    assert_eq!(other.state, ConsentState::Withdrawn);
    assert!(other.rests_on.is_empty());
}

#[test]
fn a_release_rests_on_every_consent_that_stands() {
    let mut register = with(ConsentState::Given);
    let until = later(50);
    register.take(record(2, Outcome::Given { until }, advocacy()), later(1)).unwrap();
    let standing = register.state_for(Flow::Advocate, &provider("cerrig"), later(2));
    assert_eq!((standing.rests_on, standing.until), (vec![id(1), id(2)], Some(until)));
    register.take(Command::Withdraw { id: id(1), by: Giver::Parent }, later(3)).unwrap();
    assert_eq!(register.state(later(4)), ConsentState::Withdrawn, "the last word counts");
}

#[test]
fn a_given_consent_stands_until_its_time_and_not_a_moment_longer() {
    let register = with(ConsentState::Given);
    assert_eq!(register.state(later(99)), ConsentState::Given);
    assert_eq!(register.state(later(100)), ConsentState::Expired, "though nobody has marked it");
    assert_eq!(register.overdue(later(99)).count(), 0);
    assert_eq!(register.overdue(later(100)).collect::<Vec<_>>(), [id(1)]);
}

#[test]
fn consent_never_stands_in_the_way_of_a_duty() {
    for before in ConsentState::ALL {
        let register = with(before);
        for flow in Flow::ALL.into_iter().filter(|flow| !flow.asks_consent()) {
            let standing = register.state_for(flow, &provider("cerrig"), later(2));
            assert_eq!(standing.state, ConsentState::NotRequired, "{flow} after {before:?}");
        }
    }
}

#[test]
fn only_a_competent_childs_view_decides_and_the_last_one_at_that() {
    let mut register = Register::default();
    let cerrig = provider("cerrig");
    let seen = |register: &Register| register.child_view(Flow::Advocate, &cerrig);
    assert_eq!(seen(&register), ChildView::NotKnown);
    let steps = [
        (ChildView::Objects, false, ChildView::NotKnown),
        (ChildView::Objects, true, ChildView::Objects),
        (ChildView::Agrees, true, ChildView::Agrees),
        (ChildView::Agrees, false, ChildView::NotKnown),
    ];
    for (said, competent, expected) in steps {
        register.take(view(said, competent), NOW).unwrap();
        assert_eq!(seen(&register), expected);
    }
    assert_eq!(register.child_view(Flow::Advocate, &provider("other")), ChildView::NotKnown);
    assert_eq!(register.take(view(ChildView::NotKnown, true), NOW), Err(ConsentError::NoView));
}

#[test]
fn a_child_gives_consent_only_when_assessed_as_competent() {
    let by_child = || Command::Record {
        id: id(1),
        outcome: Outcome::Given { until: later(100) },
        giver: Some(Giver::Child),
        whose: [Whose::Child].into(),
        scope: advocacy(),
        evidence: evidence(),
    };
    let mut register = Register::default();
    assert_eq!(register.take(by_child(), NOW), Err(ConsentError::NotCompetent));
    register.take(view(ChildView::Agrees, false), NOW).unwrap();
    assert_eq!(register.take(by_child(), NOW), Err(ConsentError::NotCompetent));
    register.take(view(ChildView::Agrees, true), NOW).unwrap();
    assert_eq!(register.take(by_child(), NOW), Ok(1));
}

#[test]
fn what_does_not_hold_together_is_refused_with_its_reason() {
    let base = || (Some(Giver::Parent), BTreeSet::from([Whose::Child]), advocacy());
    let until = |seconds| Outcome::Given { until: later(seconds) };
    let authority = Service::Kind(OrganisationKind::LocalAuthority);
    let cases = [
        (until(0), base(), ConsentError::EndsBeforeItBegins),
        (Outcome::Refused, (None, base().1, advocacy()), ConsentError::NobodySaidSo),
        (Outcome::NotSought(Unsafe::Delay), base(), ConsentError::NobodyWasAsked),
        (until(9), (base().0, BTreeSet::new(), advocacy()), ConsentError::NoOnesInformation),
        (until(9), (base().0, base().1, scope(&[], &[Flow::Advocate])), ConsentError::NoService),
        (
            until(9),
            (base().0, base().1, Scope { flows: [].into(), ..advocacy() }),
            ConsentError::NoFlow,
        ),
        (
            until(9),
            (base().0, base().1, Scope { flows: [Flow::School].into(), ..advocacy() }),
            ConsentError::FlowAsksNone(Flow::School),
        ),
        (
            until(9),
            (base().0, base().1, scope(&[authority], &[Flow::Advocate])),
            ConsentError::ServiceCannotReceive,
        ),
        (
            until(9),
            (Some(Giver::Carer), [Whose::AdultVictim].into(), advocacy()),
            ConsentError::NotTheirs,
        ),
        (
            until(9),
            (Some(Giver::Child), [Whose::Child, Whose::Household].into(), advocacy()),
            ConsentError::NotTheirs,
        ),
    ];
    for (outcome, (giver, whose, scope), expected) in cases {
        let command =
            Command::Record { id: id(1), outcome, giver, whose, scope, evidence: evidence() };
        assert_eq!(Register::default().take(command, NOW), Err(expected));
    }
    assert_eq!(with(ConsentState::Given).take(given(1), NOW), Err(ConsentError::IdTaken));
}

#[test]
fn an_evidence_reference_holds_no_free_text() {
    assert!("SW/2026-11/0042_a.pdf".parse::<EvidenceReference>().is_ok());
    for text in ["", "signed by Mrs Bevan", "a\nb", &"9".repeat(65)] {
        assert!(text.parse::<EvidenceReference>().is_err(), "{text:?}");
    }
}

fn any_command() -> impl Strategy<Value = Command> {
    let services = prop_oneof![
        Just(Service::One(provider("cerrig"))),
        Just(Service::One(provider("other"))),
        Just(Service::Kind(OrganisationKind::Provider)),
    ];
    let scopes = services.prop_map(|service| scope(&[service], &[Flow::Advocate]));
    let outcomes = prop_oneof![
        (1..400_i64).prop_map(|seconds| Outcome::Given { until: later(seconds) }),
        Just(Outcome::Refused),
        Just(Outcome::NotSought(Unsafe::Obstructs)),
    ];
    prop_oneof![
        4 => (1..40_u128, outcomes, scopes).prop_map(|(number, outcome, scope)| record(number, outcome, scope)),
        2 => (1..40_u128).prop_map(|number| Command::Withdraw { id: id(number), by: Giver::Parent }),
        1 => (1..40_u128).prop_map(|number| Command::Expire { id: id(number) }),
    ]
}

proptest! {
    /// After any history: a release rests on given consents alone, what has ended stays ended, and a refused command
    /// changes nothing.
    #[test]
    fn nothing_that_ended_comes_back(commands in prop::collection::vec(any_command(), 1..40)) {
        let mut register = Register::default();
        let mut ended = BTreeSet::new();
        for (step, command) in commands.into_iter().enumerate() {
            let now = later(i64::try_from(step).unwrap() * 9);
            let before = register.clone();
            if register.take(command, now).is_err() {
                prop_assert!(register == before);
            }
            for consent in register.consents() {
                if consent.state_at(now) != ConsentState::Given {
                    ended.insert(consent.id);
                }
                prop_assert_eq!(ended.contains(&consent.id), consent.state_at(now) != ConsentState::Given);
            }
            for service in ["cerrig", "other"] {
                let standing = register.state_for(Flow::Advocate, &provider(service), now);
                prop_assert_eq!(standing.rests_on.is_empty(), standing.state != ConsentState::Given);
                prop_assert!(standing.rests_on.iter().all(|id| !ended.contains(id)));
                prop_assert!(standing.until.is_none_or(|until| until > now));
            }
        }
        let restored = Register::restore(register.consents().to_vec(), register.views().to_vec());
        prop_assert!(restored == register);
    }

    /// A withdrawal takes away, whatever came before: no service that was not covered is covered by it.
    #[test]
    fn a_withdrawal_only_ever_narrows(commands in prop::collection::vec(any_command(), 1..30), which in 1..40_u128) {
        let mut register = Register::default();
        for command in commands {
            register.take(command, later(1)).unwrap_or_default();
        }
        let given = |register: &Register| ["cerrig", "other"].map(|service| {
            register.state_for(Flow::Advocate, &provider(service), later(1)).state == ConsentState::Given
        });
        let before = given(&register);
        let withdraw = Command::Withdraw { id: id(which), by: Giver::Parent };
        register.take(withdraw, later(1)).unwrap_or_default();
        for (before, after) in before.into_iter().zip(given(&register)) {
            prop_assert!(before || !after);
        }
    }
}
