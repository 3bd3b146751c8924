//! The statement of a school morning: frozen, signed, one however many processes make it, and red when it should be.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mash_chassis::{ManualClock, RecordKey, verify_record};
use mash_domain::incident::CaseId;
use mash_proto::{
    education::v1::{Calendar, CalendarChanged, DateRange, Establishment},
    police::v1::{Child, Incident},
    sharing::v1::{PublicFigures, Statement, StatementFigures},
    r#type::v1::Date,
};
use mash_routing::{
    app::effects::Effects,
    duty::{Disclosure, Duty, DutyState, Slot},
    statements::{SCHEMA, Statements},
    store::{self, save::save, statements as kept},
    world::{Case, World},
};
use mash_store::{Dialect, Store, testing::TestDatabase};
use prost::Message as _;

on_both!(
    a_morning_is_stated_for_its_force_and_its_authority,
    two_processes_make_one,
    a_statement_stays_and_what_comes_later_is_in_the_next,
    a_monday_covers_everything_since_friday,
    what_went_to_another_authority_moves_and_arrives,
    what_nobody_has_makes_it_red_and_is_named,
    a_child_whom_nobody_is_told_of_is_missing,
    no_statement_is_made_before_its_time_or_without_school,
    public_figures_are_made_once_when_the_month_is_over,
);

const BRIDGEND: &str = "authority/672";
const FORCE: &str = "police/62";

struct Scene {
    store: Store,
    clock: ManualClock,
    key: Arc<RecordKey>,
    _database: TestDatabase,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn date(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

impl Scene {
    /// A hub with one school of Bridgend and one of Cardiff, on a Friday before half past eight.
    async fn new(dialect: Dialect) -> Self {
        let database = TestDatabase::create(dialect).await;
        let store = database.store().await;
        store.migrate(store::COMPONENT, store::MIGRATIONS).await.unwrap();
        let clock = ManualClock::new(at("2026-11-20T07:00:00Z"));
        let key = RecordKey::from_pkcs8(&RecordKey::generate().unwrap()).unwrap();
        let scene = Self { store, clock, key: Arc::new(key), _database: database };
        let mut tx = scene.store.begin().await.unwrap();
        let schools = ["6722951", "6812001"].map(|laestab| {
            let name = format!("establishments/{laestab}");
            (laestab.parse().unwrap(), Establishment { name, ..Establishment::default() })
        });
        store::directory::put_establishments(&mut tx, &schools).await.unwrap();
        for authority_code in ["672", "681"] {
            let calendar = Some(Calendar {
                session_start_minutes: 535,
                terms: vec![DateRange { first: date(2026, 9, 1), last: date(2026, 12, 18) }],
                holidays: vec![DateRange { first: date(2026, 10, 26), last: date(2026, 10, 30) }],
                ..Calendar::default()
            });
            let changed = CalendarChanged { authority_code: authority_code.to_owned(), calendar };
            kept::put_calendar(&mut tx, &changed).await.unwrap();
        }
        tx.commit().await.unwrap();
        scene
    }

    /// Another process on the same store.
    fn process(&self) -> Statements {
        let clock = Arc::new(self.clock.clone());
        Statements::new(self.store.clone(), clock, Arc::clone(&self.key))
    }

    async fn tick(&self, now: &str) -> usize {
        self.clock.set(at(now));
        self.process().tick().await.unwrap()
    }

    /// Keeps a case of one child, and its duty to this recipient as it is changed.
    async fn duty(&self, number: u8, recipient: &str, change: impl FnOnce(&mut Duty)) {
        let now = at("2026-11-20T02:00:00Z");
        let id = CaseId::from_mac(&[number; 32]);
        let mut duty =
            Duty::new(format!("duty-{number}"), id.to_string(), "c1".into(), Slot::School, now);
        duty.disclosures.push(Disclosure {
            id: format!("disclosure-{number}-{recipient}"),
            recipient: recipient.parse().unwrap(),
            desk: String::new(),
            revision: 1,
            digest: vec![1],
            copy: false,
            live: true,
        });
        change(&mut duty);
        self.put(id, &["c1"], Some(duty)).await;
    }

    async fn put(&self, id: CaseId, children: &[&str], duty: Option<Duty>) {
        let mut world = World::default();
        let child = |child: &&str| Child { r#ref: (*child).to_owned(), ..Child::default() };
        world.put_case(Case {
            id,
            force: "62".parse().unwrap(),
            revision: 1,
            accepted_at: at("2026-11-20T01:50:00Z"),
            withdrawn: false,
            incident: Incident {
                children: children.iter().map(child).collect(),
                ..Incident::default()
            },
        });
        duty.into_iter().for_each(|duty| world.put_duty(duty));
        let mut tx = self.store.begin().await.unwrap();
        save(&mut tx, &world, &Effects::default()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn statement(&self, owner: &str, day: &str) -> Option<Statement> {
        let mut read = self.store.read().await.unwrap();
        let kept = kept::of_day(&mut read, &owner.parse().unwrap(), day).await.unwrap()?;
        let signed = kept.signed;
        let (public, signature) = (self.key.public(), &signed.signature);
        verify_record(&public, SCHEMA, &signed.record, signature).unwrap();
        assert_eq!(signed.public_key, public);
        Some(Statement::decode(signed.record.as_slice()).unwrap())
    }

    async fn total(&self, owner: &str, day: &str) -> StatementFigures {
        self.statement(owner, day).await.unwrap().total.unwrap()
    }
}

fn acknowledged(duty: &mut Duty) {
    duty.state = DutyState::Acknowledged;
    duty.state_at = at("2026-11-20T07:45:00Z");
}

fn escalated(duty: &mut Duty) {
    duty.state = DutyState::Escalated;
    duty.state_at = at("2026-11-20T08:20:00Z");
    duty.reason = "unacknowledged".into();
    duty.escalated_to = "bethan-rowlands".into();
}

fn waits_until(bell: &str) -> impl FnOnce(&mut Duty) {
    move |duty| {
        duty.state = DutyState::Delivered;
        duty.bell = Some(at(bell));
    }
}

/// Half past eight of that Friday.
const FRIDAY: &str = "2026-11-20T08:30:00Z";
const MONDAY: &str = "2026-11-23T08:30:00Z";

async fn a_morning_is_stated_for_its_force_and_its_authority(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    scene.duty(1, "school/6722951", acknowledged).await;
    scene.duty(2, "school/6722951", escalated).await;
    scene.duty(3, "school/6812001", waits_until("2026-11-20T08:55:00Z")).await;
    scene
        .duty(4, "school/6722951", |duty| {
            duty.withhold("withdrawn", at("2026-11-20T06:00:00Z"));
            duty.disclosures.clear();
        })
        .await;
    scene
        .duty(5, "school/6722951", |duty| {
            acknowledged(duty);
            (duty.late, duty.late_cause) = (true, "outage".into());
        })
        .await;
    // Two authorities, their forces' areas both of South Wales Police.
    assert_eq!(scene.tick(FRIDAY).await, 3);

    let force = scene.statement(FORCE, "2026-11-20").await.unwrap();
    assert!(force.balanced);
    let total = force.total.unwrap();
    assert_eq!((total.incidents, total.children, total.arrived), (5, 5, 5));
    assert_eq!((total.acknowledged, total.acknowledged_late), (2, 1));
    assert_eq!((total.escalated, total.withheld, total.waiting), (1, 1, 1));
    assert_eq!(force.lines.len(), 3, "two authorities, and what no authority was told");
    assert_eq!(force.escalated[0].officer, "", "who at the desk is the authority's own matter");
    assert_eq!(force.withheld[0].code, "withdrawn");
    assert_eq!(force.late[0].code, "outage");
    assert_eq!(force.month.len(), 1);

    let authority = scene.statement(BRIDGEND, "2026-11-20").await.unwrap();
    let total = authority.total.unwrap();
    assert_eq!((total.arrived, total.acknowledged, total.escalated), (3, 2, 1));
    assert_eq!(total.withheld, 0, "what never came to an authority is not told to it");
    assert_eq!(authority.escalated[0].officer, "bethan-rowlands");
    assert_eq!(authority.escalated[0].reason_code, "unacknowledged");
}

async fn two_processes_make_one(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    scene.duty(1, "school/6722951", acknowledged).await;
    scene.clock.set(at(FRIDAY));
    let (one, two) = (scene.process(), scene.process());
    let (first, second) = tokio::join!(one.tick(), two.tick());
    assert_eq!(first.unwrap() + second.unwrap(), 3);
    assert_eq!(scene.tick(FRIDAY).await, 0, "and a process that starts later makes none");
    let events = mash_store::outbox::take(&scene.store, store::COMPONENT, 10).await.unwrap();
    assert_eq!(events.len(), 3, "each is told once");
}

async fn a_statement_stays_and_what_comes_later_is_in_the_next(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    scene.duty(1, "school/6722951", escalated).await;
    scene.duty(2, "school/6722951", waits_until("2026-11-20T08:55:00Z")).await;
    scene.tick(FRIDAY).await;
    let first = scene.statement(BRIDGEND, "2026-11-20").await.unwrap();

    scene.duty(1, "school/6722951", acknowledged).await;
    scene.duty(2, "school/6722951", acknowledged).await;
    assert_eq!(scene.tick("2026-11-20T15:00:00Z").await, 0);
    assert!(scene.statement(BRIDGEND, "2026-11-20").await.unwrap() == first);

    scene.tick(MONDAY).await;
    let next = scene.statement(BRIDGEND, "2026-11-23").await.unwrap();
    let total = next.total.unwrap();
    assert_eq!((total.carried, total.arrived, total.acknowledged), (1, 0, 1));
    assert!(next.balanced);
    let change = &next.changed[0];
    assert_eq!((change.from.as_str(), change.to.as_str()), ("escalated", "acknowledged"));
    assert_eq!(next.since_time, first.until_time);
    assert_eq!(next.month.len(), 2);
    assert!(scene.statement(BRIDGEND, "2026-11-20").await.unwrap() == first);
}

async fn a_monday_covers_everything_since_friday(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    scene.tick(FRIDAY).await;
    for day in ["2026-11-21T08:30:00Z", "2026-11-22T08:30:00Z"] {
        assert_eq!(scene.tick(day).await, 0, "no school, no statement: {day}");
    }
    for (number, hour) in [(1, "2026-11-20T19:00:00Z"), (2, "2026-11-22T23:00:00Z")] {
        scene
            .duty(number, "school/6722951", |duty| {
                duty.state = DutyState::Acknowledged;
                duty.state_at = at(hour) + SignedDuration::from_mins(1);
            })
            .await;
    }
    scene.tick(MONDAY).await;
    assert_eq!(scene.total(BRIDGEND, "2026-11-23").await.acknowledged, 2);
}

async fn what_went_to_another_authority_moves_and_arrives(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    scene.duty(1, "school/6722951", waits_until("2026-11-20T08:55:00Z")).await;
    scene.tick(FRIDAY).await;
    scene
        .duty(1, "school/6722951", |duty| {
            duty.disclosures[0].live = false;
            let other = Disclosure {
                id: "disclosure-1-cardiff".into(),
                recipient: "school/6812001".parse().unwrap(),
                ..duty.disclosures[0].clone()
            };
            duty.disclosures.push(Disclosure { live: true, ..other });
            acknowledged(duty);
        })
        .await;
    scene.tick(MONDAY).await;
    let left = scene.total(BRIDGEND, "2026-11-23").await;
    assert_eq!((left.carried, left.moved), (1, 1));
    let came = scene.total("authority/681", "2026-11-23").await;
    assert_eq!((came.arrived, came.acknowledged), (1, 1));
    let force = scene.total(FORCE, "2026-11-23").await;
    assert_eq!((force.carried, force.acknowledged, force.moved), (1, 1, 0));
}

async fn what_nobody_has_makes_it_red_and_is_named(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    scene.duty(1, "school/6722951", waits_until("2026-11-20T08:15:00Z")).await;
    scene.duty(2, "school/6722951", |_| ()).await;
    scene
        .duty(3, "school/6722951", |duty| {
            escalated(duty);
            duty.escalated_to = String::new();
        })
        .await;
    scene.duty(4, "school/6722951", acknowledged).await;
    scene.tick(FRIDAY).await;
    for owner in [FORCE, BRIDGEND] {
        let made = scene.statement(owner, "2026-11-20").await.unwrap();
        assert!(!made.balanced);
        let named: Vec<(&str, &str)> =
            made.missing.iter().map(|it| (it.code.as_str(), it.ids[0].as_str())).collect();
        let expected =
            [("not-delivered", "duty-2"), ("past-bell", "duty-1"), ("no-officer", "duty-3")];
        assert_eq!(named, expected);
        assert_eq!(made.total.unwrap().missing, 3);
    }
}

async fn a_child_whom_nobody_is_told_of_is_missing(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    let id = CaseId::from_mac(&[9; 32]);
    scene.put(id, &["c1", "c2"], None).await;
    scene.tick(FRIDAY).await;
    let made = scene.statement(FORCE, "2026-11-20").await.unwrap();
    assert!(!made.balanced);
    assert_eq!(made.missing[0].code, "no-duty");
    assert_eq!(made.missing[0].ids, [format!("{id}/c1"), format!("{id}/c2")]);
}

async fn no_statement_is_made_before_its_time_or_without_school(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    assert_eq!(scene.tick("2026-11-20T08:29:59Z").await, 0);
    assert_eq!(scene.tick("2026-10-28T09:00:00Z").await, 0, "half term");
    // Whatever the calendar says, a bell is a bell.
    scene.duty(1, "school/6722951", waits_until("2026-10-28T09:30:00Z")).await;
    assert_eq!(scene.tick("2026-10-28T09:00:00Z").await, 2, "the force and the one authority");
}

async fn public_figures_are_made_once_when_the_month_is_over(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    for number in 1..=12 {
        scene.duty(number, "school/6722951", acknowledged).await;
    }
    for number in 13..=15 {
        scene.duty(number, "school/6722951", escalated).await;
    }
    scene.tick(FRIDAY).await;
    let figures = async || {
        let mut read = scene.store.read().await.unwrap();
        let signed = kept::public(&mut read, "2026-11").await.unwrap()?;
        Some(PublicFigures::decode(signed.record.as_slice()).unwrap())
    };
    scene.tick("2026-11-30T08:30:00Z").await;
    assert!(figures().await.is_none(), "the month is not over");
    scene.tick("2026-12-01T08:30:00Z").await;
    let made = figures().await.unwrap();
    let line = made.lines.iter().find(|line| line.authority.is_some()).unwrap();
    let cells = [line.acknowledged.unwrap(), line.escalated.unwrap(), line.withheld.unwrap()];
    let cells = cells.map(|cell| (cell.rounded, cell.fewer_than_five));
    assert_eq!(cells, [(10, false), (0, true), (0, false)]);
    scene.tick("2026-12-02T08:30:00Z").await;
    assert!(figures().await == Some(made));
}
