use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn night() -> Span {
    Span { released: at("2026-11-19T02:12:00Z"), bell: at("2026-11-19T08:55:00Z") }
}

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// Climbs to the desk, looking whenever it says that there is something to look at. What comes of a step is settled at
/// once; `None` leaves it in flight.
fn climb(
    ladder: &Ladder,
    span: Span,
    outcomes: &mut dyn FnMut(&Step) -> Option<Outcome>,
) -> Vec<(String, Timestamp)> {
    let (mut taken, mut seen, mut now) = (Vec::new(), Vec::new(), span.released);
    for _ in 0..100 {
        match ladder.next(span, &taken, now) {
            Next::Tell(step) => {
                seen.push((step.word(), now));
                taken.push(Taken { step: step.word(), outcome: outcomes(&step) });
            }
            Next::Desk => {
                seen.push(("desk".to_owned(), now));
                return seen;
            }
            Next::Wait(until) => {
                assert!(until > now, "it waits for what is there");
                now = until;
            }
        }
    }
    panic!("no desk in a hundred steps");
}

fn clock(seen: &[(String, Timestamp)]) -> Vec<String> {
    let time = |at: &Timestamp| at.strftime("%H:%M:%S").to_string();
    seen.iter().map(|(step, at)| format!("{} {step}", time(at))).collect()
}

#[test]
fn the_ladder_of_the_file_is_climbed_in_the_morning() {
    let ladder = Ladder::read(BUILTIN).expect("reference/ladder.toml is a ladder");
    assert_eq!(ladder.steps().len(), 8);
    let seen = climb(&ladder, night(), &mut |_| Some(Outcome::Sent));
    assert_eq!(
        clock(&seen),
        [
            "02:12:00 key-adult/email",
            "07:30:00 key-adult/sms",
            "07:55:00 deputy/email",
            "08:00:00 deputy/sms",
            "08:10:00 second-deputy/email",
            "08:15:00 second-deputy/sms",
            "08:25:00 head/email",
            "08:30:00 head/sms",
            "08:40:00 desk",
        ]
    );
}

#[test]
fn what_is_released_twenty_minutes_before_its_bell_is_with_the_desk_fifteen_before() {
    let span = Span { released: at("2026-11-19T08:35:00Z"), ..night() };
    let seen = climb(Ladder::builtin(), span, &mut |_| Some(Outcome::Sent));
    // Five minutes for seventy of the ladder.
    assert_eq!(
        clock(&seen),
        [
            "08:35:00 key-adult/email",
            "08:35:00 key-adult/sms",
            "08:36:47 deputy/email",
            "08:37:08 deputy/sms",
            "08:37:51 second-deputy/email",
            "08:38:12 second-deputy/sms",
            "08:38:55 head/email",
            "08:39:17 head/sms",
            "08:40:00 desk",
        ]
    );
}

#[test]
fn within_the_minutes_of_the_desk_everybody_is_told_at_once() {
    for released in ["2026-11-19T08:41:00Z", "2026-11-19T09:30:00Z"] {
        let span = Span { released: at(released), ..night() };
        let seen = climb(Ladder::builtin(), span, &mut |_| Some(Outcome::Sent));
        assert_eq!(seen.len(), 9);
        assert!(seen.iter().all(|(_, when)| *when == span.released), "{seen:?}");
    }
}

#[test]
fn somebody_who_is_away_is_passed_over_at_once_and_nobody_is_woken_for_it() {
    let mut away =
        |step: &Step| Some(if step.to == Rung::KeyAdult { Outcome::Absent } else { Outcome::Sent });
    let seen = climb(Ladder::builtin(), night(), &mut away);
    assert_eq!(
        clock(&seen)[..4],
        [
            "02:12:00 key-adult/email",
            "06:55:00 key-adult/sms",
            "06:55:00 deputy/email",
            "08:00:00 deputy/sms"
        ]
    );
}

#[test]
fn a_step_in_flight_holds_up_nobody() {
    let seen = climb(Ladder::builtin(), night(), &mut |_| None);
    assert_eq!(clock(&seen).last().unwrap(), "08:40:00 desk");
    assert_eq!(seen.len(), 9, "each comes at its time");
}

#[test]
fn a_ladder_that_is_replaced_half_way_is_climbed_on_from_there() {
    let parts = |steps: &[(&str, &str, Option<i64>)]| LadderParts {
        desk: 15,
        wake: 120,
        steps: steps
            .iter()
            .map(|(to, by, before)| StepParts {
                to: (*to).into(),
                by: (*by).into(),
                before: *before,
            })
            .collect(),
    };
    let new = Ladder::new(&parts(&[
        ("key-adult", "email", None),
        ("deputy", "email", Some(60)),
        ("head", "email", Some(30)),
    ]));
    let taken = [Taken { step: "deputy/email".into(), outcome: Some(Outcome::Sent) }];
    let next = new.unwrap().next(night(), &taken, at("2026-11-19T08:30:00Z"));
    assert!(matches!(next, Next::Tell(Step { to: Rung::Head, .. })), "{next:?}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text =
        "desk = 3\nwake = 1\nlater = 4\n[[step]]\nto = \"caretaker\"\nby = \"owl\"\nbefore = 2\n";
    let faults = Ladder::read(text).unwrap_err();
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["later", "desk", "wake", "steps[0].to", "steps[0].by", "steps[0].before"]);
    let text = r#"
desk = 15
wake = 60
step = [
    { to = "deputy", by = "email", before = 40 },
    { to = "key-adult", by = "email", before = 50 },
    { to = "head", by = "sms", before = 90 },
    { to = "head", by = "email" },
    { to = "head", by = "email", before = "20" },
]"#;
    let faults = Ladder::read(text).unwrap_err();
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "steps[4].before",
            "steps[1].to",
            "steps[1].before",
            "steps[2].before",
            "steps[2].before",
            "steps[3].before",
            "steps[4].by"
        ]
    );
    assert!(faults.iter().all(|fault| fault.code == "MASH-E034"));
    for text in ["", "desk = ", &" ".repeat(70_000)] {
        assert!(Ladder::read(text).is_err());
    }
    assert!(
        Ladder::new(&LadderParts { desk: 15, wake: 60, steps: vec![StepParts::default(); 13] })
            .is_err()
    );
}

#[test]
fn why_it_is_late_is_told_by_what_happened() {
    let bell = night().bell;
    let took = |outcome| vec![Taken { step: "key-adult/email".into(), outcome: Some(outcome) }];
    let cause = |span, taken: &[Taken], had| Ladder::late_cause(span, taken, had);
    let on_time = Some(at("2026-11-19T08:40:00Z"));
    let late = Span { released: bell, bell };
    assert_eq!(cause(late, &[], Some(bell)), LateCause::ReleasedLate);
    assert_eq!(cause(night(), &took(Outcome::Sent), None), LateCause::Outage);
    assert_eq!(cause(night(), &took(Outcome::Sent), Some(bell)), LateCause::Outage);
    assert_eq!(cause(night(), &took(Outcome::Absent), on_time), LateCause::NoContact);
    assert_eq!(cause(night(), &took(Outcome::NoChannel), on_time), LateCause::StepFailed);
    assert_eq!(cause(night(), &took(Outcome::Sent), on_time), LateCause::Unacknowledged);
}

#[test]
fn words_stand_for_one_thing_each() {
    let words: Vec<_> = Outcome::ALL.iter().map(|it| it.word()).collect();
    let known: std::collections::BTreeSet<_> = words.iter().collect();
    assert_eq!(known.len(), words.len());
    for outcome in Outcome::ALL {
        assert_eq!(Outcome::from_word(outcome.word()), Some(*outcome));
    }
    for rung in Rung::ALL {
        assert_eq!(Rung::from_word(rung.word()), Some(*rung));
    }
}

/// Any ladder that is accepted.
fn ladder() -> impl Strategy<Value = Ladder> {
    let leads = prop::collection::vec((any::<bool>(), 16_i64..1_440), 8);
    (5_i64..=15, 15_i64..=1_440, leads, 0_usize..3).prop_filter_map(
        "a ladder",
        |(desk, wake, mut drawn, on_release)| {
            drawn.sort_by_key(|(_, lead)| -lead);
            let places =
                Rung::ALL.iter().flat_map(|to| Channel::ALL.iter().map(move |by| (*to, *by)));
            let mut steps = Vec::new();
            for ((to, by), (there, lead)) in places.zip(drawn) {
                let first = steps.len() < on_release && by == Channel::Email;
                let on_release = first && steps.iter().all(|it: &StepParts| it.before.is_none());
                let before = (!on_release).then_some(lead);
                if there && (by == Channel::Email || before.is_some_and(|lead| lead <= wake)) {
                    steps.push(StepParts { to: to.word().into(), by: by.word().into(), before });
                }
            }
            Ladder::new(&LadderParts { desk, wake, steps }).ok()
        },
    )
}

fn span() -> impl Strategy<Value = Span> {
    // From three days before the bell to an hour after it, in milliseconds.
    (-3_600_000_i64..3 * 24 * 3_600_000).prop_map(|ms| {
        let bell = night().bell;
        Span { released: bell - SignedDuration::from_millis(ms), bell }
    })
}

fn outcome() -> impl Strategy<Value = Option<Outcome>> {
    prop::option::of(prop::sample::select(Outcome::ALL.to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever comes of the steps, the desk has it before the bell if it was released before the bell, and with all
    /// its minutes if those were left; it comes neither earlier nor later for what happened below.
    #[test]
    fn every_notice_reaches_the_desk_before_its_bell(
        ladder in ladder(), span in span(), drawn in prop::collection::vec(outcome(), 12)
    ) {
        let mut drawn = drawn.into_iter();
        let seen = climb(&ladder, span, &mut |_| drawn.next().flatten());
        let (last, desk) = seen.last().unwrap();
        prop_assert_eq!(last, "desk");
        prop_assert_eq!(*desk, ladder.desk_at(span));
        prop_assert_eq!(seen.len(), ladder.steps().len() + 1, "and nobody is left out");
        if span.released < span.bell {
            prop_assert!(*desk < span.bell);
            let lead = span.bell.duration_since(*desk);
            let left = span.bell.duration_since(span.released);
            prop_assert_eq!(lead, ladder.desk_lead().min(left));
        }
    }

    /// Steps go up, each once, each within the time that there is.
    #[test]
    fn steps_never_go_backwards_and_none_is_after_the_desk(
        ladder in ladder(), span in span(), drawn in prop::collection::vec(outcome(), 12)
    ) {
        let mut drawn = drawn.into_iter();
        let seen = climb(&ladder, span, &mut |_| drawn.next().flatten());
        let order: BTreeMap<String, usize> =
            ladder.steps().iter().enumerate().map(|(index, step)| (step.word(), index)).collect();
        let places: Vec<_> = seen.iter().filter_map(|(step, _)| order.get(step)).collect();
        prop_assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", seen);
        prop_assert!(seen.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{:?}", seen);
        prop_assert!(seen[0].1 >= span.released);
        let desk = ladder.desk_at(span);
        prop_assert!(seen.iter().all(|(_, when)| *when <= desk));
    }

    /// What cannot be carried out costs no time: the next e-mail goes at once, a text message when people are up.
    #[test]
    fn a_failed_step_moves_on_at_once(
        ladder in ladder(), span in span(),
        failure in prop::sample::select(Outcome::ALL.iter().copied().filter(|it| *it != Outcome::Sent).collect::<Vec<_>>())
    ) {
        let seen = climb(&ladder, span, &mut |_| Some(failure));
        let up = before(span.bell, ladder.wake());
        for (pair, step) in seen.windows(2).zip(ladder.steps().iter().skip(1)) {
            let expected = match step.by {
                Channel::Email => pair[0].1,
                Channel::Sms => pair[0].1.max(up.min(ladder.planned(step, span))),
            };
            prop_assert_eq!(pair[1].1, expected);
        }
    }

    /// Text messages wake nobody unless the time itself has come.
    #[test]
    fn no_text_message_goes_out_before_people_are_up(
        ladder in ladder(), span in span(), drawn in prop::collection::vec(outcome(), 12)
    ) {
        let mut drawn = drawn.into_iter();
        let up = before(span.bell, ladder.wake());
        for (step, when) in climb(&ladder, span, &mut |_| drawn.next().flatten()) {
            prop_assert!(!step.ends_with("/sms") || when >= up, "{step} at {when}");
        }
    }

    /// However often and however late it is looked at, the next look is later, and never after the desk.
    #[test]
    fn a_wait_is_for_later_and_never_past_the_desk(
        ladder in ladder(), span in span(), later in 0_i64..4 * 24 * 3_600_000,
        drawn in prop::collection::vec(outcome(), 0..12)
    ) {
        let now = span.released + SignedDuration::from_millis(later);
        let taken: Vec<_> = ladder.steps().iter().zip(drawn)
            .map(|(step, outcome)| Taken { step: step.word(), outcome }).collect();
        match ladder.next(span, &taken, now) {
            Next::Wait(until) => prop_assert!(until > now && until <= ladder.desk_at(span)),
            Next::Tell(_) => (),
            Next::Desk => prop_assert!(now >= ladder.desk_at(span)),
        }
    }
}

#[test]
fn ladders_of_every_length_are_drawn() {
    let parts = LadderParts {
        desk: 5,
        wake: 15,
        steps: vec![StepParts { to: "head".into(), by: "sms".into(), before: Some(6) }],
    };
    let ladder = Ladder::new(&parts).unwrap();
    assert_eq!(ladder.desk_lead(), mins(5));
    assert_eq!(climb(&ladder, night(), &mut |_| None).len(), 2);
}
