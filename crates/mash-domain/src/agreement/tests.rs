use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{
    data_class::{ClassSet, DataClass},
    organisation::OrganisationKind,
    sharing::{AgreementState, Flow},
};

const FORCE: &str = "police/62";
const BOARD: &str = "health-board/7A5";
const THIRD: &str = "authority/672";

fn organisation(text: &str) -> OrganisationId {
    text.parse().unwrap()
}

fn noon(day: Date) -> Timestamp {
    day.at(12, 0, 0, 0).in_tz("Europe/London").unwrap().timestamp()
}

fn classes(numbers: &[u8]) -> ClassSet {
    numbers.iter().filter_map(|number| DataClass::from_number(*number)).collect()
}

fn clause(id: &str, flow: Flow, numbers: &[u8]) -> Clause {
    Clause {
        id: ClauseId::parse(id).unwrap(),
        flow,
        classes: classes(numbers),
        frequency: Frequency::PerEvent,
        from: vec![Selector::Kind(OrganisationKind::PoliceForce)],
        to: vec![
            Selector::One(organisation(BOARD)),
            Selector::Kind(OrganisationKind::LocalAuthority),
        ],
        bases: vec![BasisCode::from_word("uk-gdpr-9-2-h").unwrap()],
    }
}

fn draft() -> Draft {
    let party = |text, role| Party { organisation: organisation(text), role };
    Draft {
        kind: AgreementKind::InformationSharingProtocol,
        title: "Police notices to health".to_owned(),
        title_cy: String::new(),
        reference: "WASPI/2026/014".to_owned(),
        parties: vec![
            party(FORCE, PartyRole::Discloser),
            party(BOARD, PartyRole::Recipient),
            party(THIRD, PartyRole::Both),
        ],
        clauses: vec![
            clause("4.1", Flow::HealthNotice, &[1, 2]),
            clause("4.2", Flow::HealthNotice, &[5]),
        ],
        valid_from: date(2026, 4, 1),
        valid_until: date(2027, 3, 31),
        supersedes: None,
    }
}

const DIGEST: Digest = Digest::new([7; 32]);

fn proposed() -> Agreement {
    let terms = Terms::new(draft()).unwrap();
    let id = AgreementId::new(Uuid::from_u128(1));
    Agreement::propose(id, (terms, DIGEST), organisation(FORCE), noon(date(2026, 3, 1)))
}

fn sign(party: &str) -> Command {
    Command::Sign {
        party: organisation(party),
        practitioner: "p1".to_owned(),
        role: SignatoryRole::CaldicottGuardian,
        digest: DIGEST,
    }
}

fn terminate(party: &str) -> Command {
    Command::Terminate { party: organisation(party), reason: TerminationReason::LawChanged }
}

fn signed(parties: &[&str]) -> Agreement {
    let mut agreement = proposed();
    for party in parties {
        agreement.apply(sign(party), noon(date(2026, 3, 2))).unwrap();
    }
    agreement
}

fn covered(agreement: &Agreement, day: Date) -> (AgreementState, ClassSet) {
    let (from, to) = (organisation(FORCE), organisation(BOARD));
    let question = Question { flow: Flow::HealthNotice, from: &from, to: &to };
    let cover = agreement.covers(question, day);
    (cover.state, cover.classes)
}

#[test]
fn words_lead_back_to_what_they_stand_for() {
    assert!(AgreementKind::ALL.iter().all(|it| AgreementKind::from_word(it.word()) == Some(*it)));
    assert!(Lifecycle::ALL.iter().all(|it| Lifecycle::from_word(it.word()) == Some(*it)));
    assert!(BASES.iter().all(|it| BasisCode::from_word(it).map(BasisCode::word) == Some(it)));
    assert_eq!(BasisCode::from_word("because"), None);
    assert_eq!(BASES.iter().collect::<BTreeSet<_>>().len(), BASES.len());
}

#[test]
fn two_signatures_of_two_parties_make_it_live() {
    let live = date(2026, 4, 1);
    for parties in [&[][..], &[FORCE], &[BOARD]] {
        assert_eq!(covered(&signed(parties), live), (AgreementState::Absent, ClassSet::EMPTY));
    }
    let agreement = signed(&[FORCE, BOARD]);
    assert_eq!(covered(&agreement, live), (AgreementState::Live, classes(&[1, 2, 5])));
    assert_eq!(agreement.state_on(date(2026, 3, 31)), Lifecycle::Agreed);
    assert_eq!(covered(&agreement, date(2026, 3, 31)).0, AgreementState::Absent);
}

#[test]
fn a_clause_binds_nobody_who_has_not_signed() {
    let mut agreement = signed(&[FORCE, THIRD]);
    let day = date(2026, 4, 1);
    assert_eq!(agreement.state_on(day), Lifecycle::Live);
    assert_eq!(covered(&agreement, day).0, AgreementState::Absent, "the board has not signed");
    agreement.apply(sign(BOARD), noon(day)).unwrap();
    assert_eq!(covered(&agreement, day).0, AgreementState::Live);
}

#[test]
fn what_cannot_be_is_refused_with_its_reason_and_changes_nothing() {
    use AgreementError::{Ended, NotAParty, NotASignatory, NotAgreed, OtherDigest, SignedAlready};
    let day = date(2026, 5, 1);
    let other = |party: &str| Command::Sign {
        party: organisation(party),
        practitioner: "p1".to_owned(),
        role: SignatoryRole::ChiefOfficer,
        digest: Digest::new([8; 32]),
    };
    let by = AgreementId::new(Uuid::from_u128(2));
    let supersede = Command::Supersede(Supersession { by, from: day });
    let mut terminated = signed(&[FORCE, BOARD]);
    terminated.apply(terminate(BOARD), noon(day)).unwrap();
    let table = [
        (signed(&[FORCE]), sign(FORCE), day, SignedAlready),
        (signed(&[FORCE, BOARD]), sign(FORCE), day, SignedAlready),
        (signed(&[FORCE]), sign("police/61"), day, NotAParty),
        (signed(&[FORCE]), other(BOARD), day, OtherDigest),
        (signed(&[]), sign(BOARD), date(2027, 4, 1), Ended),
        (signed(&[FORCE]), sign(BOARD), date(2027, 4, 1), Ended),
        (terminated.clone(), sign(THIRD), day, Ended),
        (terminated.clone(), terminate(FORCE), day, Ended),
        (terminated, supersede.clone(), day, Ended),
        (signed(&[FORCE]), terminate(BOARD), day, NotASignatory),
        (signed(&[]), terminate(BOARD), day, NotASignatory),
        (signed(&[FORCE, BOARD]), terminate("police/61"), day, NotAParty),
        (signed(&[FORCE]), supersede, day, NotAgreed),
    ];
    for (agreement, command, day, expected) in table {
        let mut after = agreement.clone();
        assert_eq!(after.apply(command.clone(), noon(day)), Err(expected), "{command:?}");
        assert_eq!(after, agreement, "{command:?}");
    }
}

#[test]
fn its_last_day_ends_at_midnight_in_london() {
    let agreement = signed(&[FORCE, BOARD]);
    // In summer time, London's midnight is an hour before that of UTC.
    let table = [
        ("2027-03-31T22:59:59Z", AgreementState::Live),
        ("2027-03-31T23:00:00Z", AgreementState::Expired),
        ("2026-03-31T22:59:59Z", AgreementState::Absent),
        ("2026-03-31T23:00:00Z", AgreementState::Live),
    ];
    for (instant, expected) in table {
        let day = day_of(instant.parse().unwrap());
        assert_eq!(covered(&agreement, day).0, expected, "{instant}");
    }
    let mut agreement = signed(&[FORCE, BOARD]);
    let mut look =
        |instant: &str| agreement.apply(Command::Look, instant.parse().unwrap()).unwrap();
    assert_eq!(look("2026-03-31T23:00:00Z"), [Event::Activated]);
    look("2027-03-31T22:59:59Z");
    assert_eq!(look("2027-03-31T23:00:00Z"), [Event::Expired]);
}

#[test]
fn termination_and_supersession_end_it() {
    let day = date(2026, 6, 1);
    let mut agreement = signed(&[FORCE, BOARD]);
    assert_eq!(agreement.apply(terminate(FORCE), noon(day)), Ok(vec![Event::Terminated]));
    assert_eq!(covered(&agreement, day), (AgreementState::Expired, ClassSet::EMPTY));

    let mut agreement = signed(&[FORCE, BOARD]);
    let by = AgreementId::new(Uuid::from_u128(2));
    let supersede = Command::Supersede(Supersession { by, from: date(2026, 7, 1) });
    agreement.apply(supersede, noon(day)).unwrap();
    assert_eq!(agreement.holds_until(), "2026-06-30T23:00:00Z".parse().unwrap());
    assert_eq!(covered(&agreement, date(2026, 6, 30)).0, AgreementState::Live);
    assert_eq!(covered(&agreement, date(2026, 7, 1)).0, AgreementState::Expired);
}

#[test]
fn the_calendar_speaks_once() {
    let mut agreement = signed(&[FORCE, BOARD]);
    let mut look = |day| agreement.apply(Command::Look, noon(day)).unwrap();
    let warned = |days, left| vec![Event::ExpiryWarned { days, left }];
    let table = [
        (date(2026, 3, 31), vec![]),
        (date(2026, 4, 1), vec![Event::Activated]),
        (date(2026, 4, 2), vec![]),
        (date(2027, 1, 29), vec![]),
        (date(2027, 1, 30), warned(60, 60)),
        (date(2027, 1, 31), vec![]),
        (date(2027, 3, 1), warned(30, 30)),
        (date(2027, 3, 24), warned(7, 7)),
        (date(2027, 3, 31), vec![]),
        (date(2027, 4, 1), vec![Event::Expired]),
        (date(2027, 4, 2), vec![]),
    ];
    for (day, expected) in table {
        assert_eq!(look(day), expected, "{day}");
    }
}

#[test]
fn after_a_silence_only_the_most_urgent_warning_is_given() {
    let mut agreement = signed(&[FORCE, BOARD]);
    let late = noon(date(2027, 3, 26));
    let warned = Event::ExpiryWarned { days: 7, left: 5 };
    assert_eq!(agreement.apply(Command::Look, late), Ok(vec![Event::Activated, warned]));
    assert_eq!(agreement.apply(Command::Look, late), Ok(vec![]));
    assert_eq!(agreement.warnings.len(), 3);
}

#[test]
fn nobody_is_warned_of_what_never_began_or_has_a_successor() {
    let mut half = signed(&[FORCE]);
    assert_eq!(half.apply(Command::Look, noon(date(2027, 3, 26))), Ok(vec![]));
    let mut followed = signed(&[FORCE, BOARD]);
    followed.activated = true;
    let by = AgreementId::new(Uuid::from_u128(2));
    let supersede = Command::Supersede(Supersession { by, from: date(2027, 3, 31) });
    followed.apply(supersede, noon(date(2027, 3, 1))).unwrap();
    assert_eq!(followed.apply(Command::Look, noon(date(2027, 3, 26))), Ok(vec![]));
}

#[test]
fn a_bad_draft_is_refused_with_every_fault() {
    type Edit = fn(&mut Draft);
    let table: &[(Edit, &str, FaultKind)] = &[
        (|it| it.title = " ".into(), "title", FaultKind::Text),
        (|it| it.title = "a\u{7}".into(), "title", FaultKind::Text),
        (|it| it.title_cy = "x".repeat(161), "title_cy", FaultKind::Text),
        (|it| it.reference = "a;b".into(), "reference", FaultKind::Text),
        (|it| it.parties.truncate(1), "parties", FaultKind::TooFewParties),
        (|it| it.parties.push(it.parties[0].clone()), "parties[3]", FaultKind::Twice),
        (
            |it| it.parties[2].organisation = organisation("operator/hub"),
            "parties[2]",
            FaultKind::Operator,
        ),
        (
            |it| it.parties.iter_mut().for_each(|party| party.role = PartyRole::Discloser),
            "parties",
            FaultKind::OneWay,
        ),
        (|it| it.clauses.clear(), "clauses", FaultKind::NoClause),
        (|it| it.clauses = vec![it.clauses[0].clone(); 65], "clauses", FaultKind::TooMany),
        (|it| it.clauses[1].id = it.clauses[0].id.clone(), "clauses[1].id", FaultKind::Twice),
        (
            |it| it.clauses[0].classes = ClassSet::EMPTY,
            "clauses[0].data_classes",
            FaultKind::NoClass,
        ),
        (|it| it.clauses[0].bases.clear(), "clauses[0].basis_codes", FaultKind::NoBasis),
        (|it| it.clauses[0].from.clear(), "clauses[0].from", FaultKind::NoSide),
        (
            |it| it.clauses[1].to = vec![Selector::Kind(OrganisationKind::School)],
            "clauses[1].to",
            FaultKind::NoSuchParty,
        ),
        (
            |it| it.clauses[1].to = vec![Selector::One(organisation(FORCE))],
            "clauses[1].to",
            FaultKind::NoSuchParty,
        ),
        (|it| it.valid_until = date(2026, 3, 31), "valid_until", FaultKind::Reversed),
        (|it| it.valid_until = date(2036, 4, 2), "valid_until", FaultKind::TooLong),
    ];
    for (edit, field, kind) in table {
        let mut bad = draft();
        edit(&mut bad);
        let faults = Terms::new(bad).unwrap_err();
        let expected = Fault { field: (*field).to_owned(), kind: *kind };
        assert!(faults.contains(&expected), "{field}: {faults:?}");
    }
    let mut worse = draft();
    (worse.title, worse.valid_until) = (String::new(), date(2020, 1, 1));
    assert_eq!(Terms::new(worse).unwrap_err().len(), 2);
}

#[test]
fn clause_numbers_are_numbers() {
    for good in ["1", "4.2", "10.3.1.4"] {
        assert!(ClauseId::parse(good).is_some(), "{good}");
    }
    for bad in ["", "a", "4.", "4..2", "1.2.3.4.5", "1234", "4,2"] {
        assert!(ClauseId::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn different_terms_have_different_bytes() {
    type Edit = fn(&mut Draft);
    let edits: &[Edit] = &[
        |it| it.title.push('x'),
        |it| (it.title, it.title_cy) = ("a".into(), "bc".into()),
        |it| (it.title, it.title_cy) = ("ab".into(), "c".into()),
        |it| it.valid_until = date(2027, 3, 30),
        |it| it.parties[1].role = PartyRole::Both,
        |it| it.clauses[0].classes = classes(&[1, 2, 3]),
        |it| it.clauses[0].frequency = Frequency::Daily,
        |it| it.supersedes = Some(AgreementId::new(Uuid::nil())),
        |it| it.clauses.truncate(1),
    ];
    let mut seen = BTreeSet::from([Terms::new(draft()).unwrap().canonical()]);
    for edit in edits {
        let mut other = draft();
        edit(&mut other);
        assert!(seen.insert(Terms::new(other).unwrap().canonical()));
    }
    let mut turned = draft();
    turned.parties.reverse();
    turned.clauses[0].to.reverse();
    assert!(!seen.insert(Terms::new(turned).unwrap().canonical()), "order tells nothing");
}

#[test]
fn what_rests_on_no_clause_is_not_cited() {
    let agreement = signed(&[FORCE, BOARD]);
    let (from, to) = (organisation(FORCE), organisation(BOARD));
    let question = Question { flow: Flow::HealthNotice, from: &from, to: &to };
    let cover = Cover::of([&agreement], question, date(2026, 4, 1));
    let clauses = |numbers| {
        let cited = cover.citing(classes(numbers))?;
        Some(cited.iter().map(|one| one.clause.to_string()).collect::<Vec<_>>())
    };
    assert_eq!(clauses(&[1]), Some(vec!["4.1".to_owned()]));
    assert_eq!(clauses(&[2, 5]), Some(vec!["4.1".to_owned(), "4.2".to_owned()]));
    assert_eq!(clauses(&[1, 6]), None);
    assert_eq!(clauses(&[]), None);
    assert_eq!(Cover::ABSENT.citing(classes(&[1])), None);
}

fn any_day() -> impl Strategy<Value = Date> {
    (0..600_i64)
        .prop_map(|days| date(2026, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap())
}

fn any_command() -> impl Strategy<Value = Command> {
    let party = || prop::sample::select(vec![FORCE, FORCE, BOARD, THIRD, THIRD, "police/61"]);
    let digest = prop_oneof![8 => Just(DIGEST), 1 => Just(Digest::new([8; 32]))];
    let by = AgreementId::new(Uuid::from_u128(2));
    prop_oneof![
        12 => (party(), digest).prop_map(|(party, digest)| Command::Sign {
            party: organisation(party),
            practitioner: "p1".to_owned(),
            role: SignatoryRole::ChiefExecutive,
            digest,
        }),
        1 => party().prop_map(terminate),
        1 => any_day().prop_map(move |from| Command::Supersede(Supersession { by, from })),
        2 => Just(Command::Look),
    ]
}

proptest! {
    /// Whatever happened to it, an agreement contributes a class only on a day of its validity, with both ends bound by
    /// their signatures, and while nobody has ended it.
    #[test]
    fn an_ended_or_half_signed_agreement_contributes_nothing(
        history in prop::collection::vec((any_command(), any_day()), 0..8),
        day in any_day(),
        to in prop::sample::select(vec![BOARD, THIRD]),
        flow in prop_oneof![6 => Just(Flow::HealthNotice), 1 => Just(Flow::EarlyHelp)],
    ) {
        let mut agreement = proposed();
        for (command, day) in history {
            drop(agreement.apply(command, noon(day)));
        }
        let (from, to) = (organisation(FORCE), organisation(to));
        let cover = Cover::of([&agreement], Question { flow, from: &from, to: &to }, day);
        let both = agreement.is_signed_by(&from) && agreement.is_signed_by(&to);
        let within = (date(2026, 4, 1)..=date(2027, 3, 31)).contains(&day);
        let superseded = agreement.superseded.is_some_and(|superseded| superseded.from <= day);
        if !both || !within || agreement.termination.is_some() || superseded {
            prop_assert!(cover.classes.is_empty());
            prop_assert_ne!(cover.state, AgreementState::Live);
            prop_assert_eq!(cover.citations().count(), 0);
        }
        if cover.state == AgreementState::Live {
            prop_assert_eq!(agreement.state_on(day), Lifecycle::Live);
            prop_assert!(cover.citing(cover.classes).is_some());
        }
        prop_assert_eq!(cover.classes.is_empty(), cover.state != AgreementState::Live);
    }

    /// No history makes two signatures of one party, nor one under other terms.
    #[test]
    fn each_party_signs_these_terms_once(history in prop::collection::vec((any_command(), any_day()), 0..12)) {
        let mut agreement = proposed();
        for (command, day) in history {
            drop(agreement.apply(command, noon(day)));
        }
        let parties: BTreeSet<_> = agreement.signatures.iter().map(|one| &one.party).collect();
        prop_assert_eq!(parties.len(), agreement.signatures.len());
        prop_assert!(agreement.signatures.iter().all(|one| one.digest == DIGEST && agreement.has_party(&one.party)));
        let days: BTreeSet<_> = agreement.warnings.iter().map(|one| one.days).collect();
        prop_assert_eq!(days.len(), agreement.warnings.len());
    }
}
