//! Evidence is in the ledger before anything is published (P2), and a ledger that is out of reach stops no warning.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use mash_bus::{Ledger, LedgerError, Relay};
use mash_ledger::{Entry, Kind, hash};
use mash_store::{
    Store,
    evidence::{self, Record},
    outbox::{self, OutboxMessage},
    testing::let_time_pass,
};
use prost::Message as _;

use crate::{
    fixture::{Fixture, Pair, TOPIC, envelope},
    scanner::log,
};

const SERVICE: &str = "deciding";

/// What a ledger does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Takes,
    /// It has them, and nobody hears of it.
    TakesAndDies,
    Away,
    Refuses,
}

struct Book {
    mood: Mutex<Mood>,
    entries: Mutex<Vec<Entry>>,
}

impl Book {
    fn new(mood: Mood) -> Arc<Self> {
        Arc::new(Self { mood: Mutex::new(mood), entries: Mutex::default() })
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn subjects(&self) -> Vec<String> {
        self.entries.lock().unwrap().iter().map(|entry| entry.subject.clone()).collect()
    }
}

#[async_trait]
impl Ledger for Book {
    async fn append(&self, entries: Vec<Vec<u8>>) -> Result<(), LedgerError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Away => return Err(LedgerError::Unreachable("away".to_owned())),
            Mood::Refuses => return Err(LedgerError::Refused("no".to_owned())),
            Mood::Takes | Mood::TakesAndDies => {}
        }
        for encoded in entries {
            let entry = Entry::decode(&encoded).unwrap();
            let mut known = self.entries.lock().unwrap();
            match known.iter().find(|it| it.id == entry.id) {
                Some(before) => assert!(before.is_same_but_late(&entry), "another entry of one id"),
                None => known.push(entry),
            }
        }
        if mood == Mood::TakesAndDies {
            return Err(LedgerError::Unreachable("the line broke".to_owned()));
        }
        Ok(())
    }
}

/// A decision with its message, in one transaction.
async fn decide(store: &Store, id: &str, urgent: bool) {
    decide_as(SERVICE, store, id, urgent).await;
}

async fn decide_as(service: &str, store: &Store, id: &str, urgent: bool) {
    let entry = Entry {
        id: Entry::id_of(&["permitted", id]),
        kind: Kind::Permitted,
        at_ms: 1,
        late: false,
        organisation: "school/6722951".to_owned(),
        case: String::new(),
        subject: id.to_owned(),
        ruleset: String::new(),
        commitment: hash::plain(id.as_bytes()),
    };
    let record =
        Record { entry_id: entry.id.to_string(), entry: entry.encode().unwrap(), salt: [1; 32] };
    let message = OutboxMessage {
        topic: TOPIC,
        key: "school".to_owned(),
        event_id: id.to_owned(),
        payload: envelope(id, "school").encode_to_vec(),
        guards: Vec::new(),
        scope: None,
    };
    let mut tx = store.begin().await.unwrap();
    evidence::record(&mut tx, service, &[record]).await.unwrap();
    outbox::enqueue_urgent(&mut tx, service, &[message], |_| urgent).await.unwrap();
    tx.commit().await.unwrap();
}

fn relay(on: &Fixture, book: &Arc<Book>, patience: Duration) -> Relay {
    relay_of(SERVICE, on, book, patience)
}

fn relay_of(service: &'static str, on: &Fixture, book: &Arc<Book>, patience: Duration) -> Relay {
    let ledger: Arc<dyn Ledger> = Arc::<Book>::clone(book);
    Relay::new(on.store.clone(), Arc::clone(&on.bus), service).with_ledger(ledger, patience)
}

/// How many messages are on the bus.
async fn published(on: &Fixture) -> u64 {
    // A topic that has just been made has no leader yet.
    for _ in 0..100 {
        if let Ok(count) = on.bus.lag("counts", &[TOPIC]).await {
            return count;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the bus does not tell how many messages it has")
}

const LONG: Duration = Duration::from_secs(3_600);

async fn nothing_is_published_before_its_evidence(pair: Pair) {
    let on = Fixture::new(pair).await;
    for mood in [Mood::Away, Mood::Refuses] {
        let book = Book::new(mood);
        let mut relay = relay(&on, &book, LONG);
        decide(&on.store, &format!("first-{mood:?}"), true).await;
        decide(&on.store, &format!("second-{mood:?}"), false).await;
        let before = published(&on).await;
        for _ in 0..3 {
            assert!(relay.drain().await.is_err(), "{mood:?}");
            assert_eq!(published(&on).await, before, "{mood:?}");
        }
        book.is(Mood::Takes);
        relay.drain().await.unwrap();
        assert_eq!(published(&on).await, before + 2);
        let expected = [format!("first-{mood:?}"), format!("second-{mood:?}")];
        assert_eq!(book.subjects(), expected, "{mood:?}");
        assert!(book.entries.lock().unwrap().iter().all(|entry| !entry.late));
    }
    assert_eq!(evidence::take(&on.store, SERVICE, 10).await.unwrap(), []);
}

async fn an_answer_that_is_lost_and_a_relay_that_dies_have_one_effect(pair: Pair) {
    let on = Fixture::new(pair).await;
    let book = Book::new(Mood::TakesAndDies);
    decide(&on.store, "only", false).await;
    // Each time as if the process had died: the ledger has the entry, and nothing else has happened.
    for _ in 0..3 {
        let_time_pass(&on.store).await.unwrap();
        assert!(relay(&on, &book, LONG).drain().await.is_err());
        assert_eq!((book.subjects().len(), published(&on).await), (1, 0));
    }
    // Decided once more, as when an event is taken in again: the salt is another one, the record is not.
    let mut tx = on.store.begin().await.unwrap();
    let again = Record {
        entry_id: Entry::id_of(&["permitted", "only"]).to_string(),
        entry: vec![1],
        salt: [2; 32],
    };
    evidence::record(&mut tx, SERVICE, &[again]).await.unwrap();
    tx.commit().await.unwrap();
    book.is(Mood::Takes);
    let_time_pass(&on.store).await.unwrap();
    relay(&on, &book, LONG).drain().await.unwrap();
    assert_eq!((book.subjects().len(), published(&on).await), (1, 1));
    let id = Entry::id_of(&["permitted", "only"]).to_string();
    assert_eq!(evidence::salt(&on.store, &id).await.unwrap(), Some(vec![1; 32]));
}

async fn without_the_ledger_only_what_is_urgent_goes_and_is_marked(pair: Pair) {
    let on = Fixture::new(pair).await;
    let book = Book::new(Mood::Away);
    let mut relay = relay(&on, &book, Duration::ZERO);
    decide(&on.store, "waits-1", false).await;
    decide(&on.store, "goes", true).await;
    decide(&on.store, "waits-2", false).await;
    assert!(relay.drain().await.is_err(), "the rest waits");
    assert_eq!(published(&on).await, 1);
    assert!(relay.drain().await.is_err());
    assert_eq!(published(&on).await, 1);
    book.is(Mood::Takes);
    // Decided when it is over: in time.
    relay.drain().await.unwrap();
    assert_eq!(published(&on).await, 3);
    decide(&on.store, "later", true).await;
    relay.drain().await.unwrap();
    assert_eq!(published(&on).await, 4);
    let entries = book.entries.lock().unwrap().clone();
    let told: Vec<_> = entries.iter().map(|it| (it.subject.as_str(), it.late)).collect();
    let expected =
        [("waits-1", true), ("goes", true), ("waits-2", true), (SERVICE, true), ("later", false)];
    assert_eq!(told, expected);
    let interrupted = entries.iter().filter(|it| it.kind == Kind::Interrupted).count();
    assert_eq!(interrupted, 1, "said once for each time");
}

/// Another service than that of the other tests, whose log stands in the same place.
const HELD_UP: &str = "held-up";

/// How often the log says this of it.
fn logged(text: &str) -> usize {
    let log = String::from_utf8_lossy(&log().lock().unwrap()).into_owned();
    log.lines().filter(|line| line.contains(HELD_UP) && line.contains(text)).count()
}

/// The stated degraded mode, by its clock: nothing goes until the patience is over, then what is urgent, for as long as it
/// takes; the log says so, and once more when it is over.
#[tokio::test]
async fn a_ledger_that_is_away_holds_everything_up_for_a_time_and_then_only_what_is_not_urgent() {
    const PATIENCE: Duration = Duration::from_secs(3);
    let on = Fixture::new(Pair::EmbeddedSqlite).await;
    log();
    let book = Book::new(Mood::Away);
    let mut relay = relay_of(HELD_UP, &on, &book, PATIENCE);
    decide_as(HELD_UP, &on.store, "goes", true).await;
    decide_as(HELD_UP, &on.store, "waits", false).await;
    // Whatever the machine does: where less time than that has passed since before the first try, nothing has gone.
    let begun = Instant::now();
    loop {
        assert!(relay.drain().await.is_err());
        let so_far = (published(&on).await, logged("MASH-L040"));
        if begun.elapsed() >= PATIENCE {
            break;
        }
        assert_eq!(so_far, (0, 0), "it may come back at once");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tokio::time::sleep(PATIENCE).await;
    assert!(relay.drain().await.is_err());
    assert_eq!(published(&on).await, 1, "the urgent one");
    assert!(logged("MASH-L040") > 0, "and whoever is on call is told");
    for more in 2..5 {
        decide_as(HELD_UP, &on.store, &format!("goes-{more}"), true).await;
        assert!(relay.drain().await.is_err());
        assert_eq!(published(&on).await, more, "there is no end to it: no warning is stopped");
    }
    assert_eq!(logged("the ledger is reached again"), 0);
    book.is(Mood::Takes);
    relay.drain().await.unwrap();
    assert_eq!((published(&on).await, logged("the ledger is reached again")), (5, 1));
    let late = book.entries.lock().unwrap().iter().filter(|entry| entry.late).count();
    assert_eq!(late, 5 + 1, "each is in the ledger, marked, and that there was such a time");
}

macro_rules! on_each {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            use crate::fixture::Pair;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_embedded_sqlite() {
                super::$name(Pair::EmbeddedSqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_embedded_postgres() {
                super::$name(Pair::EmbeddedPostgres).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_kafka_sqlite() {
                super::$name(Pair::KafkaSqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_kafka_postgres() {
                super::$name(Pair::KafkaPostgres).await;
            }
        })+
    };
}

on_each!(
    nothing_is_published_before_its_evidence,
    an_answer_that_is_lost_and_a_relay_that_dies_have_one_effect,
    without_the_ledger_only_what_is_urgent_goes_and_is_marked,
);
