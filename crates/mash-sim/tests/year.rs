//! Some days of the year, with everything that can go wrong: a half term, a change of the clock, the Monday after it, snow.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::date};
use mash_proto::education::v1 as wire;
use mash_sim::year::{
    calendar::SchoolYear,
    check::{Fate, Known, ReportedChild, lost, sent_twice, stranded},
    ledger::Notice,
    others::{Given, Missed, Morning, System},
    people::disclosed,
    post::Attempt,
    regions::REGIONS,
    report::{Ours, RegionReport, YearReport},
    run::side_by_side,
    staff::{Mailbox, Staff},
    trace::{Breaks, Extent, Identity, Outage, Reported, traces},
};
use mash_synth::wales::{Scale, Wales};
use uuid::Uuid;

/// Bridgend had its half term already and opens on Monday 26 October, the Vale of Glamorgan is closed for the week after
/// the clocks went back.
fn extent(seed: u64) -> Extent {
    Extent {
        seed,
        first: date(2026, 10, 22),
        days: 7,
        scale: Scale::new(0.1).unwrap(),
        share: 1_500,
        outages: 3,
        snow: 1,
    }
}

fn bridgend() -> Vec<mash_synth::months::Region> {
    REGIONS.into_iter().filter(|region| region.name.contains("Bridgend")).collect()
}

fn played(seed: u64, deaths: u32) -> (Vec<RegionReport>, YearReport) {
    let extent = extent(seed);
    let reports = side_by_side(&bridgend(), extent, (deaths, 1), &|_, _| ()).unwrap();
    let whole = YearReport::of(&extent, &reports, 0.0);
    (reports, whole)
}

#[test]
fn whatever_breaks_somebody_knows_before_the_bell() {
    let (_, report) = played(3, 2_000);
    assert!(report.tally.broken.is_empty(), "{:#?}", report.tally.broken);
    let fate = |fate: Fate| report.tally.fates.get(fate.words()).copied().unwrap_or(0);
    assert!(fate(Fate::Acknowledged) > 20, "{report}");
    assert!(fate(Fate::Escalated) > 0, "{report}");
    for what in
        ["crashes", "schools closed for snow", "bells moved by snow", "shown sealed", "shown open"]
    {
        assert!(report.tally.counts.get(what).copied().unwrap_or(0) > 0, "{what}: {report}");
    }
    let ended: u64 = report.tally.fates.values().sum();
    assert_eq!(ended, report.tally.notices);
    // The others are given the same, and none of them is perfect.
    assert!(
        report.others.iter().all(|it| it.missed > 0 && it.missed < report.tally.given),
        "{report}"
    );
    assert_eq!(report.tally.ours.values().sum::<u64>(), report.tally.given);
    assert_eq!(report.tally.ours.get(&Ours::Missed), None, "{report}");
    assert!(report.missed() < report.others[0].missed, "{report}");
}

#[test]
fn one_seed_is_one_year() {
    let (one, _) = played(4, 1_000);
    let (other, _) = played(4, 1_000);
    let told = |reports: &[RegionReport]| {
        let it = &reports[0];
        (
            it.tally.fates.clone(),
            it.tally.counts.clone(),
            it.others.clone(),
            it.tally.ours.clone(),
            it.tally.deaths,
        )
    };
    assert_eq!(told(&one), told(&other));
}

#[test]
fn the_whole_year_has_every_school_and_the_volumes_of_the_field() {
    let extent = Extent {
        first: mash_sim::year::calendar::FIRST,
        days: 365,
        scale: Scale::WHOLE,
        share: 1_000,
        outages: 24,
        snow: 4,
        seed: 1,
    };
    let all = traces(&REGIONS, extent);
    let schools: usize = all.iter().map(|trace| trace.years.len()).sum();
    assert!(schools > 1_460 + 22 + 88, "{schools}");
    let reports: Vec<&Reported> = all.iter().flat_map(|trace| &trace.reports).collect();
    // 51 a day, and more at Christmas.
    assert!((17_500..21_500).contains(&reports.len()), "{}", reports.len());
    let zone = mash_domain::calendar::london();
    let night = reports.iter().filter(|it| !(4..22).contains(&it.at.to_zoned(zone.clone()).hour()));
    assert!(night.count() * 100 / reports.len() > 35);
    let kinds =
        Breaks::ALL.map(|breaks| all[0].outages.iter().filter(|it| it.breaks == breaks).count());
    assert_eq!(kinds, [24, 24, 24]);
    let starts: std::collections::BTreeSet<i32> = all
        .iter()
        .flat_map(|trace| trace.years.values())
        .map(|year| year.told.session_start_minutes)
        .collect();
    assert!(starts.len() > 8, "{starts:?}");
}

// --- each promise, broken on purpose ---

const SCHOOL: &str = "6722600";

struct Books {
    years: BTreeMap<String, SchoolYear>,
    outages: Vec<Outage>,
    told: Vec<(Timestamp, String)>,
    closures: BTreeMap<String, Vec<(Timestamp, jiff::civil::Date)>>,
}

impl Books {
    fn open() -> Self {
        let wales = Wales::generate(1, Scale::new(0.1).unwrap());
        let school = wales.school(SCHOOL).unwrap();
        let years = BTreeMap::from([(SCHOOL.to_owned(), SchoolYear::of(1, school))]);
        Self { years, outages: Vec::new(), told: Vec::new(), closures: BTreeMap::new() }
    }

    fn known(&self) -> Known<'_> {
        let Self { years, outages, told, closures } = self;
        Known { years, outages, told, closures }
    }

    fn fate(&self, notice: &Notice) -> Result<Fate, String> {
        self.known().fate(notice)
    }

    /// Of the night before Wednesday 18 November, with the desk a quarter of an hour before the bell.
    fn notice(&self) -> Notice {
        let accepted: Timestamp = "2026-11-18T01:00:00Z".parse().unwrap();
        let bell = self.years.get(SCHOOL).unwrap().bell_after(accepted).unwrap();
        Notice {
            id: "n1".to_owned(),
            duty: "d1".to_owned(),
            recipient: format!("school/{SCHOOL}"),
            addressees: vec!["mair".to_owned()],
            child: Some(child()),
            accepted,
            released: accepted,
            delivered: Some(accepted),
            bell: Some(bell),
            bells: vec![(accepted, bell)],
            escalated: Some((bell - minutes(15), "nia".to_owned())),
            ..Notice::default()
        }
    }
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn child() -> Identity {
    Identity { given: "Carys".to_owned(), family: "Rees".to_owned(), born: (2016, 5, 4) }
}

fn words(outcome: Result<Fate, String>) -> String {
    outcome.err().unwrap_or_else(|| "nothing was found".to_owned())
}

#[test]
fn a_notice_that_nobody_has_at_the_bell_is_found() {
    let books = Books::open();
    let notice = books.notice();
    let bell = notice.bell.unwrap();
    assert_eq!(books.fate(&notice), Ok(Fate::Escalated));
    let nobody = Notice { escalated: None, ..notice.clone() };
    assert!(words(books.fate(&nobody)).contains("is with nobody"));
    let no_officer =
        Notice { escalated: Some((bell - minutes(15), String::new())), ..notice.clone() };
    assert!(words(books.fate(&no_officer)).contains("is with nobody"));
    let at_the_bell = Notice { escalated: Some((bell, "nia".to_owned())), ..notice.clone() };
    assert!(words(books.fate(&at_the_bell)).contains("was with nobody at its bell"));
    let early = Notice { acknowledged: Some(bell - minutes(40)), ..notice };
    assert_eq!(books.fate(&early), Ok(Fate::Acknowledged));
}

#[test]
fn a_late_notice_needs_a_cause_and_an_outage_a_desk_that_was_told() {
    let mut books = Books::open();
    let notice = books.notice();
    let bell = notice.bell.unwrap();
    books.outages = vec![Outage { breaks: Breaks::Database, from: bell - minutes(30) }];
    let late = Notice { escalated: Some((bell + minutes(31), "nia".to_owned())), ..notice };
    let says = |code: &str| Notice { late_code: code.to_owned(), ..late.clone() };
    assert!(words(books.fate(&says("outage"))).contains("was with nobody at its bell"));
    books.told =
        vec![(bell + minutes(1), "672".to_owned()), (bell - minutes(10), "673".to_owned())];
    assert!(words(books.fate(&says("outage"))).contains("was with nobody at its bell"));
    books.told.push((bell - minutes(26), "672".to_owned()));
    assert_eq!(books.fate(&says("outage")), Ok(Fate::ToldOfOutage));
    assert!(words(books.fate(&says("unacknowledged"))).contains("is late for the outage"));
    let came = Notice { delivered: Some(bell + minutes(31)), ..late };
    assert!(words(books.fate(&came)).contains("does not say why"));
    let says_so = Notice { late_code: "released-late".to_owned(), ..came };
    assert_eq!(books.fate(&says_so), Ok(Fate::CameLate));
    books.outages.clear();
    assert!(words(books.fate(&says_so)).contains("held up"));
}

#[test]
fn a_bell_that_is_not_that_of_the_school_is_found_snow_and_all() {
    let mut books = Books::open();
    let notice = books.notice();
    let bell = notice.bell.unwrap();
    let wrong = Notice { bells: vec![(notice.accepted, bell + minutes(5))], ..notice.clone() };
    assert!(words(books.fate(&wrong)).contains("has the bell"));
    let dawn: Timestamp = "2026-11-18T06:30:00Z".parse().unwrap();
    books.closures.insert(SCHOOL.to_owned(), vec![(dawn, date(2026, 11, 18))]);
    assert_eq!(books.fate(&notice), Ok(Fate::Escalated), "before it snowed");
    let after = Notice { bells: vec![(dawn + minutes(1), bell)], ..notice };
    assert!(words(books.fate(&after)).contains("has the bell"));
}

#[test]
fn what_is_lost_stranded_or_sent_twice_is_found() {
    let books = Books::open();
    let notice = books.notice();
    let bell = notice.bell.unwrap();
    let all = |notices: Vec<Notice>| -> BTreeMap<String, Notice> {
        notices.into_iter().map(|notice| (notice.id.clone(), notice)).collect()
    };
    let told = all(vec![notice.clone()]);
    let (accepted, seen) = (notice.accepted, String::new());
    let reported =
        |withheld| [ReportedChild { child: child(), accepted, withheld, seen: seen.clone() }];
    assert!(lost(&reported(false), &told).is_empty());
    assert_eq!(lost(&reported(false), &all(vec![])).len(), 1);
    assert!(lost(&reported(true), &all(vec![])).is_empty());
    let other = Identity { given: "Cerys".to_owned(), ..child() };
    let [mine] = reported(false);
    assert_eq!(lost(&[ReportedChild { child: other, ..mine }], &told).len(), 1);

    let nobody = BTreeMap::new();
    let undelivered = Notice { delivered: None, ..notice.clone() };
    assert!(words(books.fate(&undelivered)).contains("lost between"));
    let back = Notice { rejected: Some(bell - minutes(60)), ..notice.clone() };
    assert_eq!(books.fate(&back), Ok(Fate::SentOn));
    assert_eq!(stranded(&all(vec![back.clone()]), &nobody, &books.known()).len(), 1);
    // Routing says that somebody else knows. That must be so: another duty's, in time, and not sent back as well.
    let said = ("DUTY_STATE_WITHHELD".to_owned(), "told-elsewhere".to_owned());
    let elsewhere = BTreeMap::from([("d1".to_owned(), said.clone()), ("d3".to_owned(), said)]);
    let stranded_of = |notices| stranded(&all(notices), &elsewhere, &books.known()).len();
    assert_eq!(stranded_of(vec![back.clone()]), 1);
    let second = Notice {
        id: "n3".to_owned(),
        duty: "d3".to_owned(),
        recipient: "school/6722601".to_owned(),
        ..notice.clone()
    };
    assert_eq!(stranded_of(vec![back.clone(), second.clone()]), 0);
    let late = Notice { released: bell, ..second.clone() };
    assert_eq!(stranded_of(vec![back.clone(), late]), 1);
    let sister =
        Notice { child: Some(Identity { given: "Cerys".to_owned(), ..child() }), ..second.clone() };
    assert_eq!(stranded_of(vec![back.clone(), sister]), 1);
    let back_too = Notice { rejected: Some(bell - minutes(50)), ..second.clone() };
    assert_eq!(stranded_of(vec![back.clone(), back_too]), 1, "the later one has nobody left");
    let at_once = Notice { rejected: back.rejected, ..second };
    assert_eq!(stranded_of(vec![back.clone(), at_once]), 2, "each says that the other knows");
    let on = |released| Notice {
        id: "n2".to_owned(),
        recipient: "authority/672".to_owned(),
        released,
        ..notice.clone()
    };
    let went_on = all(vec![back.clone(), on(bell - minutes(60))]);
    assert!(stranded(&went_on, &nobody, &books.known()).is_empty());
    // On to one who sends it back as well, and then to another: the first counts.
    let again = Notice { id: "n0".to_owned(), ..on(bell) };
    let twice = all(vec![again, back.clone(), on(bell - minutes(60))]);
    assert!(stranded(&twice, &nobody, &books.known()).is_empty());
    assert_eq!(stranded(&all(vec![back, on(bell)]), &nobody, &books.known()).len(), 1);

    let at = notice.accepted;
    let tries = |lives: &[u64]| {
        let attempts = lives.iter().map(|life| Attempt { at, life: *life }).collect();
        sent_twice(&BTreeMap::from([(Uuid::nil(), attempts)]), &books.known())
    };
    assert_eq!(tries(&[1]), (vec![], 0));
    assert_eq!(tries(&[1, 2]), (vec![], 1), "it died between sending and writing it down");
    assert_eq!(tries(&[1, 1]).0.len(), 1);
    assert_eq!(tries(&[1, 2, 3]).0.len(), 1);
}

#[test]
fn content_at_a_wrong_school_or_before_the_roll_was_confirmed_is_found() {
    let sealed = wire::Notice { sealed: true, ..wire::Notice::default() };
    let open = wire::Notice::default();
    let confirmed = wire::Notice {
        roll_confirm_time: Some(prost_types::Timestamp::default()),
        ..wire::Notice::default()
    };
    assert_eq!(disclosed(&sealed, true, false), None);
    assert!(disclosed(&sealed, false, true).is_some());
    assert!(disclosed(&open, false, true).is_some());
    assert!(disclosed(&confirmed, false, false).is_some());
    assert_eq!(disclosed(&confirmed, false, true), None);
}

#[test]
fn a_desk_has_what_has_no_school_at_once_and_home_education_a_day() {
    let books = Books::open();
    let at_desk = |desk, waited| {
        let notice = books.notice();
        let at = notice.accepted + minutes(waited);
        let escalated = Some((at, "nia".to_owned()));
        let recipient = "authority/672".to_owned();
        books.fate(&Notice { recipient, desk, escalated, bell: None, bells: vec![], ..notice })
    };
    assert_eq!(at_desk(1, 0), Ok(Fate::AtDesk));
    assert!(at_desk(1, 1).is_err());
    assert_eq!(at_desk(2, 24 * 60 + 15), Ok(Fate::AtDesk));
    assert!(at_desk(2, 25 * 60).is_err());
}

// --- the others ---

#[test]
fn the_schedules_are_those_that_are_published() {
    let last = |system: System| *system.tries().last().unwrap();
    assert_eq!(System::Notify.tries().len(), 49);
    assert_eq!(last(System::Notify), SignedDuration::from_hours(4));
    assert_eq!(System::Svix.tries().len(), 8);
    assert_eq!(
        last(System::Svix),
        SignedDuration::from_secs(5 + 300 + 1_800 + 7_200 + 18_000 + 72_000)
    );
}

#[test]
fn others_miss_a_bell_for_what_they_do_not_know() {
    let books = Books::open();
    let staff = Staff { seed: 1 };
    let bell = books.notice().bell.unwrap();
    let day = date(2026, 11, 18);
    let found = |fits: &dyn Fn(&str) -> bool| {
        (0..5_000).map(|n| format!("k-{n}")).find(|id| fits(id)).unwrap()
    };
    let looks = found(&|id| staff.looks(id, bell, day).is_some_and(|at| at > bell - minutes(15)));
    let sleeps =
        found(&|id| staff.mailbox(id) == Mailbox::Hers && staff.looks(id, bell, day).is_none());
    let left = found(&|id| staff.mailbox(id) == Mailbox::Bounces);
    let given = |at: Timestamp, to: Option<&str>| Given {
        at,
        laestab: SCHOOL.to_owned(),
        to: to.map(str::to_owned),
        bell,
        right: true,
    };
    let night = bell - minutes(7 * 60);
    let outage = [Outage { breaks: Breaks::Mail, from: bell - minutes(75) }];
    let missed = |outages: &[Outage], system, given: &Given| {
        Morning { staff, years: &books.years, outages }.missed(system, given)
    };
    for system in System::ALL {
        assert_eq!(missed(&[], system, &given(night, Some(&looks))), None, "{system:?}");
        assert_eq!(missed(&[], system, &given(night, Some(&sleeps))), Some(Missed::Unread));
        assert_eq!(missed(&[], system, &given(night, Some(&left))), Some(Missed::Left));
        assert_eq!(missed(&[], system, &given(night, None)), Some(Missed::NobodyListed));
        let wrong = Given { right: false, ..given(night, Some(&looks)) };
        assert_eq!(missed(&[], system, &wrong), Some(Missed::WrongSchool));
    }
    // Handed in within an outage that ends a quarter of an hour before the bell: 300 s later is soon enough, 2 h are not.
    let within = given(bell - minutes(60), Some(&looks));
    assert_eq!(missed(&outage, System::Svix, &within), Some(Missed::NotThereYet));
    assert_ne!(missed(&outage, System::Notify, &within), Some(Missed::NotThereYet));
    // Of the first night of a long holiday.
    let holiday = given(bell - SignedDuration::from_hours(24 * 9), Some(&looks));
    assert_eq!(missed(&[], System::Mesh, &holiday), Some(Missed::NotThereYet));
    assert_eq!(missed(&[], System::Notify, &holiday), None);
}
