use super::*;

const FILE: &str = include_str!("../../../../../reference/clocks.toml");

const GOOD: &str = r#"
[[profile]]
name = "here"
nation = "wales"
days = [1, 2, 3]
open = "08:00"
close = "20:00"
source = "our own"

[[rule]]
id = "decide-referral"
nation = "wales"
profile = "here"
length = "4 hours"
calendar = "hub-hours"
warn = "1 hour"
warns = "hub-manager"
starts = "it arrives"
met = "it is decided"
standing = "choice"
source = "our own"
"#;

fn leaked(rules: ClockRules) -> &'static ClockRules {
    Box::leak(Box::new(rules))
}

#[test]
fn the_builtin_file_has_no_fault() {
    assert_eq!(ClockRules::parse(FILE).as_ref(), Ok(ClockRules::builtin()));
    let rules = ClockRules::builtin();
    for id in ids::ALL {
        for nation in Nation::ALL {
            assert!(rules.rule(id, nation, None).is_some(), "{id} in {nation}");
        }
    }
    for rule in rules.iter() {
        assert!(ids::ALL.contains(&rule.id.as_str()), "nothing starts `{}`", rule.id);
        assert!(rule.warn_before.is_some(), "`{}` warns nobody", rule.id);
    }
}

#[test]
fn a_hub_has_its_own_limits_before_those_of_its_nation() {
    let own = leaked(ClockRules::builtin().with(GOOD).unwrap());
    let here = own.of_profile("here", BankHolidays::builtin()).unwrap();
    // 19 November 2026 is a Thursday, and this hub opens on Monday.
    assert_eq!(due(&here, ids::DECIDE_REFERRAL, "2026-11-19T10:00"), "2026-11-23T12:00");
    assert_eq!(due(&here, ids::ASSESSMENT, "2026-09-01T10:00"), "2026-10-29T20:00");
    let rest = own.of_nation(Nation::Wales);
    assert_eq!(due(&rest, ids::DECIDE_REFERRAL, "2026-11-19T10:00"), "2026-11-20T17:00");
    // A rule in the same place is replaced, not put beside it.
    let again = own.with(&GOOD.replace("4 hours", "2 hours")).unwrap();
    assert_eq!(again.iter().count(), own.iter().count());
    let rule = again.rule(ids::DECIDE_REFERRAL, Nation::Wales, Some("here")).unwrap();
    assert_eq!(rule.length, Length::Hours(2));
    // A profile of the builtin file may be spoken of.
    let surrey = GOOD.replace("profile = \"here\"", "profile = \"surrey\"");
    assert!(ClockRules::builtin().with(&surrey).is_ok());
    assert!(ClockRules::parse(&surrey).is_err());
}

#[test]
fn a_rule_with_an_unknown_calendar_is_refused() {
    let text = GOOD.replace("hub-hours", "moons");
    assert_eq!(
        ClockRules::builtin().with(&text),
        Err(vec![ClockFault::Calendar {
            entry: "decide-referral".into(),
            calendar: "moons".into()
        }])
    );
}

#[test]
fn each_fault_is_found() {
    let entry = || "decide-referral".to_owned();
    let here = || "here".to_owned();
    let table: [(&str, &str, ClockFault); 21] = [
        (
            "calendar = \"hub-hours\"\n",
            "",
            ClockFault::Calendar { entry: entry(), calendar: String::new() },
        ),
        ("length = \"4 hours\"\n", "", ClockFault::NoLength { entry: entry() }),
        ("4 hours", "4 moons", ClockFault::Unit { entry: entry(), key: "length" }),
        ("4 hours", "4", ClockFault::Unit { entry: entry(), key: "length" }),
        ("4 hours", "four hours", ClockFault::Amount { entry: entry(), key: "length" }),
        ("4 hours", "-4 hours", ClockFault::Amount { entry: entry(), key: "length" }),
        ("4 hours", "9999 hours", ClockFault::Amount { entry: entry(), key: "length" }),
        ("4 hours", "3 days", ClockFault::Mismatch { entry: entry() }),
        ("hub-hours", "working-days", ClockFault::Mismatch { entry: entry() }),
        ("1 hour\"", "4 hours\"", ClockFault::Warning { entry: entry() }),
        ("1 hour\"", "0 hours\"", ClockFault::Amount { entry: entry(), key: "warn" }),
        ("hub-manager", "somebody", ClockFault::Role { entry: entry() }),
        ("\"choice\"", "\"rumour\"", ClockFault::Standing { entry: entry() }),
        ("met = \"it is decided\"", "met = \"\"", ClockFault::Text { entry: entry(), key: "met" }),
        ("met =", "mett =", ClockFault::Key { entry: entry(), key: "mett".into() }),
        ("profile = \"here\"", "profile = \"there\"", ClockFault::Profile { entry: entry() }),
        (
            "id = \"decide-referral\"",
            "id = \"Decide\"",
            ClockFault::Code { entry: "Decide".into() },
        ),
        (
            "nation = \"wales\"\nprofile",
            "nation = \"scotland\"\nprofile",
            ClockFault::Nation { entry: entry() },
        ),
        ("open = \"08:00\"", "open = \"21:00\"", ClockFault::Hours { entry: here() }),
        ("open = \"08:00\"", "open = \"25:00\"", ClockFault::Hours { entry: here() }),
        ("days = [1, 2, 3]", "days = [0]", ClockFault::Hours { entry: here() }),
    ];
    for (old, new, expected) in table {
        let text = GOOD.replacen(old, new, 1);
        assert_ne!(text, GOOD, "{old}");
        let faults = ClockRules::parse(&text).unwrap_err();
        assert!(faults.contains(&expected), "{new}: {faults:?}");
    }
    let twice = format!(
        "{GOOD}{}",
        GOOD.split("[[rule]]").nth(1).map(|rule| format!("[[rule]]{rule}")).unwrap()
    );
    assert_eq!(ClockRules::parse(&twice), Err(vec![ClockFault::Twice { entry: entry() }]));
}

#[test]
fn all_faults_are_told_at_once() {
    let text = GOOD
        .replace("hub-hours", "moons")
        .replace("length = \"4 hours\"\n", "")
        .replace("hub-manager", "somebody")
        .replace("days = [1, 2, 3]", "days = []");
    let faults = ClockRules::parse(&text).unwrap_err();
    let entry = || "decide-referral".to_owned();
    for expected in [
        ClockFault::Calendar { entry: entry(), calendar: "moons".into() },
        ClockFault::NoLength { entry: entry() },
        ClockFault::Role { entry: entry() },
        ClockFault::Hours { entry: "here".into() },
    ] {
        assert!(faults.contains(&expected), "{faults:?}");
    }
    assert!(ClockRules::builtin().with(&text).is_err(), "nothing of it holds");
}

#[test]
fn odd_files_are_refused() {
    for text in ["[", "rule = 3", "rule = [3]", "rules = []", &"#".repeat((1 << 20) + 1)] {
        let faults = ClockRules::parse(text).unwrap_err();
        assert!(matches!(faults[..], [ClockFault::File(_)]), "{faults:?}");
    }
}

proptest! {
    /// Whatever a file holds, it is read or refused.
    #[test]
    fn no_file_stops_the_hub(text in "(\\[\\[rule\\]\\]\n)?([a-z]{1,8} = (\"[a-z0-9: -]{0,12}\"|[0-9]{1,4})\n){0,8}") {
        _ = ClockRules::parse(&text).is_ok();
    }
}
