use jiff::{Timestamp, civil::date};
use proptest::prelude::*;

use super::*;
use crate::{
    bank_holidays::BankHolidays,
    calendar::{Calendar, CalendarParts, DateRange},
    statement::public::{Between, Ended, Shown, Total, table, total},
};

fn id(text: &str) -> OrganisationId {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn row(number: usize, counterpart: &str, before: Before, now: Standing) -> Row {
    Row {
        id: format!("duty-{number}"),
        case_id: format!("case-{}", number / 2),
        child: format!("c{}", number % 2),
        counterpart: (!counterpart.is_empty()).then(|| id(counterpart)),
        before,
        now,
    }
}

fn acknowledged() -> Standing {
    Standing::Acknowledged { late: None }
}

fn escalated(officer: &str) -> Standing {
    Standing::Escalated {
        authority: Some(id("authority/672")),
        officer: officer.to_owned(),
        reason: "unacknowledged".to_owned(),
        late: None,
    }
}

fn withheld() -> Standing {
    Standing::Withheld { reason: "withdrawn".to_owned() }
}

#[test]
fn where_a_notice_stands_decides_how_it_counts() {
    let now = at("2026-11-23T08:30:00Z");
    let seen = |progress, since: &str, bell: Option<&str>| {
        let seen = Seen {
            progress,
            since: at(since),
            bell: bell.map(at),
            reason: "",
            late: false,
            late_cause: "",
            officer: "",
            authority: None,
        };
        standing(&seen, now)
    };
    let (bell_ahead, bell_now) = (Some("2026-11-23T08:55:00Z"), Some("2026-11-23T08:30:00Z"));
    let (just, long) = ("2026-11-23T08:25:00Z", "2026-11-21T08:30:00Z");
    let table = [
        (seen(Progress::Released, just, None), Standing::Waiting),
        (seen(Progress::Released, long, None), Standing::Missing(Cause::NotDelivered)),
        (seen(Progress::Delivered, long, bell_ahead), Standing::Waiting),
        (seen(Progress::Opened, long, bell_ahead), Standing::Waiting),
        (seen(Progress::Delivered, just, bell_now), Standing::Missing(Cause::PastBell)),
        (seen(Progress::Opened, just, bell_now), Standing::Missing(Cause::PastBell)),
        (seen(Progress::Delivered, just, None), Standing::Waiting),
        (seen(Progress::Delivered, long, None), Standing::Missing(Cause::Unanswered)),
        (seen(Progress::Escalated, just, None), Standing::Missing(Cause::NoOfficer)),
        (seen(Progress::Acknowledged, long, bell_now), acknowledged()),
        (
            seen(Progress::Withheld, long, None),
            Standing::Withheld { reason: "not-recorded".to_owned() },
        ),
    ];
    for (index, (found, expected)) in table.into_iter().enumerate() {
        assert_eq!(found, expected, "row {index}");
    }
}

#[test]
fn what_was_late_says_why() {
    let authority = id("authority/672");
    let seen = Seen {
        progress: Progress::Escalated,
        since: at("2026-11-23T08:00:00Z"),
        bell: None,
        reason: "unacknowledged",
        late: true,
        late_cause: "outage",
        officer: "bethan-rowlands",
        authority: Some(&authority),
    };
    let rows = [row(0, "authority/672", Before::Nothing, standing(&seen, seen.since))];
    let made = statement(&id("police/62"), &rows, &BTreeSet::new(), &[]);
    assert_eq!(made.late, BTreeMap::from([("outage".to_owned(), 1)]));
    assert_eq!(made.total.escalated_late, 1);
}

#[test]
fn a_morning_is_counted_line_by_line_and_together() {
    let rows = [
        row(0, "authority/672", Before::Nothing, acknowledged()),
        row(1, "authority/672", Before::Nothing, escalated("bethan-rowlands")),
        row(2, "authority/681", Before::Open, acknowledged()),
        row(3, "authority/681", Before::Nothing, Standing::Waiting),
        row(4, "", Before::Nothing, withheld()),
        row(5, "authority/681", Before::Over(End::Escalated), Standing::Waiting),
        row(6, "authority/681", Before::Over(End::Escalated), acknowledged()),
        row(7, "authority/681", Before::Over(End::Withheld), withheld()),
    ];
    let open = BTreeSet::from(["duty-2".to_owned()]);
    let made = statement(&id("police/62"), &rows, &open, &[]);
    assert!(made.is_balanced());
    let expected = Figures {
        incidents: 3,
        children: 4,
        carried: 1,
        arrived: 4,
        returned: 1,
        acknowledged: 2,
        escalated: 1,
        withheld: 1,
        waiting: 2,
        ..Figures::default()
    };
    assert_eq!(made.total, expected);
    let of = |name: &str| made.lines[&Some(id(name))];
    assert_eq!((of("authority/672").arrived, of("authority/672").incidents), (2, 1));
    assert_eq!((of("authority/681").carried, of("authority/681").returned), (1, 1));
    assert_eq!(made.lines[&None].withheld, 1);
    assert_eq!(made.changed, BTreeMap::from([((End::Escalated, End::Acknowledged), 1)]));
}

#[test]
fn only_the_authority_reads_which_officer_has_it() {
    let rows = [row(0, "authority/672", Before::Nothing, escalated("bethan-rowlands"))];
    let officers = |owner: &str| -> Vec<String> {
        let made = statement(&id(owner), &rows, &BTreeSet::new(), &[]);
        made.escalated.into_keys().map(|(_, officer, _)| officer).collect()
    };
    assert_eq!(officers("authority/672"), ["bethan-rowlands"]);
    assert_eq!(officers("police/62"), [""]);
}

#[test]
fn what_has_vanished_is_missing_and_named() {
    let open = BTreeSet::from(["duty-0".to_owned(), "duty-9".to_owned()]);
    let rows = [row(0, "authority/672", Before::Open, acknowledged())];
    let made = statement(&id("police/62"), &rows, &open, &[]);
    assert!(!made.is_balanced());
    assert_eq!(made.missing[&Cause::Gone], BTreeSet::from(["duty-9".to_owned()]));
    assert_eq!((made.total.came_in(), made.total.went_out(), made.total.missing), (2, 1, 1));
}

#[test]
fn what_never_became_a_notice_is_missing_every_morning_and_arrives_once() {
    let stray = |known| [Stray { id: "x".to_owned(), cause: Cause::NotTakenIn, known }];
    let first = statement(&id("police/62"), &[], &BTreeSet::new(), &stray(false));
    let second = statement(&id("police/62"), &[], &BTreeSet::new(), &stray(true));
    assert_eq!((first.total.arrived, first.total.carried, first.total.missing), (1, 0, 1));
    assert_eq!((second.total.arrived, second.total.carried, second.total.missing), (0, 1, 1));
    assert!(!first.is_balanced() && !second.is_balanced());
}

#[test]
fn a_morning_without_anything_is_balanced() {
    assert!(statement(&id("police/62"), &[], &BTreeSet::new(), &[]).is_balanced());
}

fn calendar() -> Calendar {
    let days = |first, last| DateRange::new(first, last).unwrap();
    Calendar::new(CalendarParts {
        session_start_minutes: 535,
        terms: vec![
            days(date(2026, 9, 1), date(2026, 12, 18)),
            days(date(2027, 1, 4), date(2027, 7, 20)),
        ],
        holidays: vec![days(date(2026, 10, 26), date(2026, 10, 30))],
        training_days: vec![date(2026, 9, 1)],
        open_weekdays: Vec::new(),
    })
    .unwrap()
}

#[test]
fn a_statement_is_made_on_school_mornings_only() {
    let holidays = BankHolidays::from_iter([date(2027, 3, 26), date(2027, 3, 29)]);
    let table = [
        (date(2026, 11, 20), true, "a Friday"),
        (date(2026, 11, 21), false, "a Saturday"),
        (date(2026, 11, 23), true, "a Monday"),
        (date(2026, 9, 1), false, "a training day"),
        (date(2026, 10, 28), false, "half term"),
        (date(2026, 11, 2), true, "the Monday after half term"),
        (date(2026, 12, 25), false, "Christmas"),
        (date(2027, 3, 26), false, "Good Friday"),
        (date(2027, 3, 29), false, "Easter Monday"),
        (date(2027, 3, 30), true, "the Tuesday after"),
    ];
    for (day, expected, what) in table {
        assert_eq!(is_school_morning(day, Some(&calendar()), &holidays, false), expected, "{what}");
        assert!(is_school_morning(day, Some(&calendar()), &holidays, true), "{what}, with a bell");
    }
    assert!(is_school_morning(date(2026, 10, 28), None, &holidays, false), "no calendar is known");
    assert!(!is_school_morning(date(2026, 10, 31), None, &holidays, false));
}

#[test]
fn half_past_eight_is_on_the_clock_of_the_schools() {
    let table = [
        ("2026-11-20T08:29:59Z", None),
        ("2026-11-20T08:30:00Z", Some(date(2026, 11, 20))),
        ("2026-07-01T07:29:59Z", None),
        ("2026-07-01T07:30:00Z", Some(date(2026, 7, 1))),
        ("2026-07-01T23:30:00Z", None),
    ];
    for (now, expected) in table {
        assert_eq!(is_due(at(now)), expected, "{now}");
    }
}

fn any_standing() -> impl Strategy<Value = Standing> {
    let late = proptest::option::of(Just("outage".to_owned()));
    prop_oneof![
        late.clone().prop_map(|late| Standing::Acknowledged { late }),
        late.prop_map(|late| Standing::Escalated {
            authority: Some(id("authority/672")),
            officer: "bethan-rowlands".to_owned(),
            reason: "unacknowledged".to_owned(),
            late,
        }),
        Just(withheld()),
        Just(Standing::Moved),
        Just(Standing::Waiting),
        proptest::sample::select(Cause::ALL.to_vec()).prop_map(Standing::Missing),
    ]
}

fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    let before = prop_oneof![
        Just(Before::Nothing),
        Just(Before::Open),
        proptest::sample::select(End::ALL.to_vec()).prop_map(Before::Over),
    ];
    let counterpart = proptest::sample::select(vec!["", "authority/672", "authority/681"]);
    proptest::collection::vec((counterpart, before, any_standing()), 0..40).prop_map(|rows| {
        let made = rows.into_iter().enumerate();
        made.map(|(number, (counterpart, before, now))| row(number, counterpart, before, now))
            .collect()
    })
}

/// What the statements of two owners and two months show, as an attacker has them, and the true numbers behind.
type Truth = Vec<i64>;

/// Every truth that would have been published in this way.
fn consistent(
    shown: &[Shown],
    published: &[i64],
    publish: impl Fn(&Truth) -> Vec<i64>,
) -> Vec<Truth> {
    let domain = |cell: &Shown| match *cell {
        Shown::FewerThanFive => (1..=4).collect::<Vec<i64>>(),
        Shown::About(0) => vec![0],
        Shown::About(about) => (about - 2..=about + 2).filter(|it| *it >= 5).collect(),
    };
    let mut all: Vec<Truth> = vec![Vec::new()];
    for cell in shown {
        let values = domain(cell);
        let longer = |known: &Truth| {
            values.iter().map(|value| [known.as_slice(), &[*value]].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all.retain(|truth| publish(truth) == published);
    all
}

fn values_of(cell: usize, truths: &[Truth]) -> BTreeSet<i64> {
    truths.iter().map(|truth| truth[cell]).collect()
}

/// Totals of all cells, of each half (two authorities) and of each column (two ways of ending), by our rule.
fn by_our_rule(truth: &Truth) -> Vec<i64> {
    let shown: Vec<Shown> = truth.iter().copied().map(Shown::of).collect();
    let half = shown.len() / 2;
    let sums = [
        total(shown.iter().copied()),
        total(shown[..half].iter().copied()),
        total(shown[half..].iter().copied()),
        total(shown.iter().copied().step_by(2)),
        total(shown.iter().copied().skip(1).step_by(2)),
    ];
    sums.into_iter().flat_map(|Total { about, not_shown }| [about, not_shown]).collect()
}

/// What most do: the true total, rounded.
fn rounded_totals(truth: &Truth) -> Vec<i64> {
    let sum: i64 = truth.iter().sum();
    vec![(sum + 2) / 5 * 5]
}

#[test]
fn the_attack_works_on_rounded_totals() {
    let truth = vec![12, 12, 4];
    let shown: Vec<Shown> = truth.iter().copied().map(Shown::of).collect();
    let truths = consistent(&shown, &rounded_totals(&truth), rounded_totals);
    assert_eq!(values_of(2, &truths), BTreeSet::from([4]), "the small number is found out");
}

proptest! {
    /// In = out, whatever the rows are, and the lines add up to the total.
    #[test]
    fn in_is_out_and_missing(rows in any_rows(), lost in 0_usize..3) {
        let open: BTreeSet<String> = rows
            .iter()
            .filter(|row| row.before == Before::Open)
            .map(|row| row.id.clone())
            .chain((0..lost).map(|number| format!("lost-{number}")))
            .collect();
        let made = statement(&id("authority/672"), &rows, &open, &[]);
        prop_assert_eq!(made.total.came_in(), made.total.went_out() + made.total.missing);
        let mut sum = Figures::default();
        for line in made.lines.values() {
            prop_assert_eq!(line.came_in(), line.went_out() + line.missing);
            sum.carried += line.carried;
            sum.arrived += line.arrived;
            sum.acknowledged += line.acknowledged;
            sum.missing += line.missing;
        }
        prop_assert_eq!(
            (sum.carried, sum.arrived, sum.acknowledged, sum.missing),
            (made.total.carried, made.total.arrived, made.total.acknowledged, made.total.missing)
        );
        let carried = i64::try_from(open.len()).unwrap();
        prop_assert_eq!(made.total.carried, carried, "everything that was open is accounted for");
        let named: usize = made.missing.values().map(BTreeSet::len).sum();
        prop_assert_eq!(i64::try_from(named).unwrap(), made.total.missing, "each is named");
        prop_assert_eq!(made.is_balanced(), made.total.missing == 0);
    }

    /// A statement that does not know of a row cannot balance.
    #[test]
    fn whatever_is_left_out_is_noticed(rows in any_rows(), which in any::<prop::sample::Index>()) {
        let open: BTreeSet<String> = rows
            .iter()
            .filter(|row| row.before == Before::Open)
            .map(|row| row.id.clone())
            .collect();
        prop_assume!(!open.is_empty());
        let left_out = open.iter().nth(which.index(open.len())).unwrap();
        let rest: Vec<Row> = rows.iter().filter(|row| row.id != *left_out).cloned().collect();
        let made = statement(&id("police/62"), &rest, &open, &[]);
        prop_assert!(made.missing[&Cause::Gone].contains(left_out));
    }

    /// Nobody finds out a small number by taking figures from one another.
    #[test]
    fn no_small_number_can_be_computed(truth in proptest::collection::vec(0_i64..16, 4)) {
        let shown: Vec<Shown> = truth.iter().copied().map(Shown::of).collect();
        let truths = consistent(&shown, &by_our_rule(&truth), by_our_rule);
        for (cell, shown) in shown.iter().enumerate() {
            if *shown == Shown::FewerThanFive {
                prop_assert_eq!(values_of(cell, &truths), BTreeSet::from([1, 2, 3, 4]));
            }
        }
    }

    /// What is shown is never far from the truth, and small numbers look alike.
    #[test]
    fn figures_are_rounded(count in 0_i64..1_000_000) {
        match Shown::of(count) {
            Shown::FewerThanFive => prop_assert!((1..=4).contains(&count)),
            Shown::About(about) => {
                prop_assert!(about % 5 == 0 && (about - count).abs() <= 2);
                prop_assert_eq!(about == 0, count == 0);
            }
        }
    }
}

#[test]
fn the_table_of_a_month_shows_every_line_by_the_rule() {
    let mut ended = Ended::default();
    ended.add(&Figures {
        acknowledged: 23,
        acknowledged_late: 3,
        escalated: 6,
        ..Figures::default()
    });
    let between: Between = (id("police/62"), Some(id("authority/672")));
    let shown = table(&BTreeMap::from([(between.clone(), ended)]));
    let expected = [Shown::About(20), Shown::FewerThanFive, Shown::About(5), Shown::About(0)];
    assert_eq!(shown[&between], expected);
    assert_eq!(total(expected), Total { about: 25, not_shown: 1 });
}
