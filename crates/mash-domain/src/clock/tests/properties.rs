use super::*;

fn counting() -> impl Strategy<Value = Counting> {
    prop::sample::select(Counting::ALL.to_vec())
}

/// An instant of 2026 or 2027, with both changes of the clock and every bank holiday in it.
fn instant() -> impl Strategy<Value = Timestamp> {
    let begin = local("2026-01-01T00:00").as_second();
    (0_i64..700 * 24 * 60)
        .prop_map(move |minute| Timestamp::from_second(begin.saturating_add(minute * 60)).unwrap())
}

fn calendars() -> impl Strategy<Value = Calendars> {
    let office = Calendars::builtin();
    let bank_holidays = BankHolidays::builtin().clone();
    let always = HubHours::new(1..=7, 0, 1440, true).unwrap();
    let evening = HubHours::new([1, 3, 5, 7], 13 * 60, 23 * 60 + 30, false).unwrap();
    prop::sample::select(vec![
        office,
        Calendars::new(always, bank_holidays.clone()),
        Calendars::new(evening, bank_holidays),
    ])
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn rule() -> impl Strategy<Value = &'static ClockRule> {
    prop::sample::select(ClockRules::builtin().iter().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Laying down so much time and measuring it gives it back, whatever days lie between.
    #[test]
    fn what_is_laid_down_is_what_is_measured(
        from in instant(), length in 1_i64..30_000, counting in counting(), calendars in calendars()
    ) {
        let at = calendars.after(from, minutes(length), counting).at;
        prop_assert_eq!(calendars.counted(from, at, counting), minutes(length));
        let begin = calendars.before(at, minutes(length), counting);
        prop_assert_eq!(calendars.counted(begin, at, counting), minutes(length));
        prop_assert!(begin >= from, "the latest instant from which it counts");
    }

    /// What counts from one instant to a third counts to the second between them and on from there.
    #[test]
    fn time_adds_up(
        one in instant(), two in instant(), three in instant(),
        counting in counting(), calendars in calendars()
    ) {
        let mut at = [one, two, three];
        at.sort();
        let [one, two, three] = at;
        let whole = calendars.counted(one, three, counting);
        let parts = calendars.counted(one, two, counting) + calendars.counted(two, three, counting);
        prop_assert_eq!(whole, parts);
        prop_assert!(whole <= one.duration_until(three));
        prop_assert_eq!(calendars.counted(three, one, counting), SignedDuration::ZERO);
    }

    /// Who starts later is due later, and never before the start.
    #[test]
    fn a_due_time_is_monotone(
        rule in rule(), one in instant(), two in instant(), calendars in calendars()
    ) {
        let (one, two) = (one.min(two), one.max(two));
        let (first, second) = (rule.due(one, &calendars).at, rule.due(two, &calendars).at);
        prop_assert!(first <= second, "{}", rule.id);
        prop_assert!(one < first);
    }

    /// A pause moves the due time by exactly what was left: nobody gains or loses time by it.
    #[test]
    fn a_pause_conserves_what_is_left(
        rule in rule(), start in instant(), worked in 0_i64..20_000, rest in 0_i64..100_000,
        calendars in calendars()
    ) {
        let mut clock = Clock::start(rule, start, &calendars);
        let paused = start + minutes(worked);
        prop_assume!(paused < clock.due());
        let left = clock.left(paused, &calendars);
        let warned = paused >= clock.warn_at();
        let (due, warn_at) = (clock.due(), clock.warn_at());
        clock.pause("waits for the court", paused).unwrap();
        let resumed = paused + minutes(rest);
        prop_assert_eq!(clock.left(resumed, &calendars), left, "time stands still");
        prop_assert_eq!(clock.state(resumed), ClockState::Paused);
        clock.resume(resumed, &calendars).unwrap();
        prop_assert_eq!(calendars.counted(resumed, clock.due(), clock.counting()), left);
        prop_assert!(clock.due() >= due, "it is never due earlier than without the pause");
        if warned {
            prop_assert_eq!(clock.warn_at(), warn_at, "what was said stays said");
        } else {
            prop_assert!(clock.warn_at() >= warn_at);
        }
        prop_assert!(clock.warn_at() <= clock.due());
    }

    /// A clock that was put away and taken out again is the same clock, wherever it stood.
    #[test]
    fn a_clock_survives_a_restart(
        rule in rule(), start in instant(), steps in prop::collection::vec((0_u8..6, 1_i64..5_000), 0..8)
    ) {
        let calendars = Calendars::builtin();
        let mut clock = Clock::start(rule, start, &calendars).warning("worker-7");
        let mut now = start;
        for (step, wait) in steps {
            now += minutes(wait);
            match step {
                0 => _ = clock.pause("waits", now).is_ok(),
                1 => _ = clock.resume(now, &calendars).is_ok(),
                2 => _ = clock.ring(now),
                3 => clock.meet(now),
                4 => clock.cancel(now),
                _ => clock.hand_to("worker-8"),
            }
            let read = Clock::from_text(&clock.to_text()).unwrap();
            prop_assert_eq!(&read, &clock);
            prop_assert_eq!(read.state(now), clock.state(now));
        }
    }
}

#[test]
fn a_text_that_is_no_clock_is_refused() {
    let clock = hub(Nation::Wales).start(ids::ASSESSMENT, local("2026-11-19T10:00")).unwrap();
    let text = clock.to_text();
    for (what, broken) in [
        ("nothing", String::new()),
        ("a list", "[]".to_owned()),
        ("no rule", text.replace("\"rule\"", "\"rul\"")),
        ("a calendar that nobody knows", text.replace("working-days", "lunar")),
        ("a role that nobody knows", text.replace("allocated-worker", "nobody")),
        ("no time", text.replace("2026-11-19T10:00:00Z", "soon")),
        ("a number for a person", text.replace("\"warns\":null", "\"warns\":7")),
    ] {
        assert_ne!(broken, text, "{what}");
        assert_eq!(Clock::from_text(&broken), Err(ClockTextError), "{what}");
    }
}
