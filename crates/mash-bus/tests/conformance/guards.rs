//! Closing a guard against publishing what rests on it (P6): thousands of races on every pair of bus and store.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use mash_bus::{Bus, BusError, BusMessage, Relay, Subscription, TopicSpec};
use mash_store::{
    Store, Tx,
    guards::{self, FOR_EVER, Why},
    outbox::{self, OutboxMessage},
};
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, TOPIC, envelope, eventually, id_of, read};
use crate::ledger::{Running, Unreliable};

macro_rules! conformance {
    ($($name:ident),* $(,)? ; on profiles: $($slow:ident),* $(,)?) => {
        conformance!(@on embedded_on_sqlite, EmbeddedSqlite, $($name,)* $($slow),*);
        conformance!(@on embedded_on_postgres, EmbeddedPostgres, $($name),*);
        conformance!(@on kafka_with_sqlite, KafkaSqlite, $($name),*);
        conformance!(@on kafka_with_postgres, KafkaPostgres, $($name,)* $($slow),*);
    };
    (@on $module:ident, $pair:ident, $($name:ident),*) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(crate::fixture::Fixture::new(crate::fixture::Pair::$pair).await).await;
            })*
        }
    };
}

conformance![
    nothing_goes_once_a_guard_is_closed,
    guarded_messages_keep_their_place_among_the_others,
    what_is_barred_leaves_a_trace_and_holds_nobody_up,
    a_bus_that_does_not_answer_does_not_hold_a_closing_up_for_long;
    // The pairs that people run; whoever waits for the flights of the dead takes a while.
    on profiles: nothing_goes_once_a_guard_is_closed_though_relays_die_and_connections_break,
];

/// One partition, so that a count of its messages is a position in it.
const RACE: &str = "mash.test.race.v1";
const GUARDS: usize = 2_400;
const WORKERS: usize = 24;

/// Even numbers as if by chance, the same on every run.
fn chance(seed: usize, below: u64) -> u64 {
    let mut z =
        (seed as u64).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % below
}

fn guarded(id: &str, key: &str, topic: &'static str, guards: &[&str]) -> OutboxMessage {
    OutboxMessage {
        topic,
        key: key.to_owned(),
        event_id: id.to_owned(),
        payload: envelope(id, key).encode_to_vec(),
        guards: guards.iter().map(|guard| (*guard).to_owned()).collect(),
        scope: None,
    }
}

async fn enqueue(store: &Store, messages: &[OutboxMessage]) {
    let mut tx = store.begin().await.unwrap();
    outbox::enqueue(&mut tx, "test", messages).await.unwrap();
    tx.commit().await.unwrap();
}

/// A bus that takes its time, now and then, at the very moment when a message has been cleared.
struct Slow {
    inner: Arc<dyn Bus>,
    calls: AtomicUsize,
}

impl Slow {
    fn over(inner: &Arc<dyn Bus>) -> Arc<dyn Bus> {
        Arc::new(Self { inner: Arc::clone(inner), calls: AtomicUsize::new(0) })
    }

    async fn dawdle(&self) {
        let pause = chance(self.calls.fetch_add(1, Ordering::SeqCst), 6);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

#[async_trait]
impl Bus for Slow {
    async fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), BusError> {
        self.inner.ensure_topics(topics).await
    }

    async fn publish(&self, batch: &[BusMessage]) -> Result<(), BusError> {
        self.dawdle().await;
        self.inner.publish(batch).await
    }

    async fn publish_in(&self, tx: &mut Tx, batch: &[BusMessage]) -> Result<bool, BusError> {
        self.dawdle().await;
        self.inner.publish_in(tx, batch).await
    }

    async fn publish_within(&self, batch: &[BusMessage], limit: Duration) -> Result<(), BusError> {
        self.dawdle().await;
        self.inner.publish_within(batch, limit).await
    }

    async fn subscribe(
        &self,
        group: &str,
        topics: &[&str],
    ) -> Result<Box<dyn Subscription>, BusError> {
        self.inner.subscribe(group, topics).await
    }

    async fn lag(&self, group: &str, topics: &[&str]) -> Result<u64, BusError> {
        self.inner.lag(group, topics).await
    }
}

/// What the closing of one guard said, and where the bus was when it had returned.
struct Closing {
    dropped: Vec<String>,
    in_doubt: Vec<String>,
    position: u64,
}

/// Opens a guard, enqueues what rests on it, closes it at any moment, and enqueues more as if nobody had told.
async fn race(on: &Fixture, number: usize, span: Duration) -> Closing {
    let span = u64::try_from(span.as_micros()).unwrap();
    let guard = format!("guard-{number:05}");
    let event = |part: usize| format!("{guard}/{part}");
    let mut tx = on.store.begin().await.unwrap();
    assert!(guards::open(&mut tx, &guard, FOR_EVER).await.unwrap());
    let first = guarded(&event(0), &guard, RACE, &[&guard]);
    outbox::enqueue(&mut tx, "test", &[first]).await.unwrap();
    tx.commit().await.unwrap();
    let later = {
        let (store, guard, id) = (on.store.clone(), guard.clone(), event(1));
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_micros(chance(number, span))).await;
            enqueue(&store, &[guarded(&id, &guard, RACE, &[&guard])]).await;
        })
    };
    tokio::time::sleep(Duration::from_micros(chance(number + 7_777, span))).await;
    let closed = loop {
        let mut tx = on.store.begin().await.unwrap();
        let Ok(closed) = guards::close(&mut tx, &guard).await else { continue };
        if tx.commit().await.is_ok() {
            break closed;
        }
    };
    let position = loop {
        match on.bus.lag("nobody", &[RACE]).await {
            Ok(position) => break position,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    later.await.unwrap();
    enqueue_insisting(&on.store, &guarded(&event(2), &guard, RACE, &[&guard])).await;
    Closing { dropped: closed.dropped, in_doubt: closed.in_doubt, position }
}

async fn enqueue_insisting(store: &Store, message: &OutboxMessage) {
    loop {
        let Ok(mut tx) = store.begin().await else { continue };
        let done = outbox::enqueue(&mut tx, "test", std::slice::from_ref(message)).await;
        if done.is_ok() && tx.commit().await.is_ok() {
            return;
        }
    }
}

/// Runs the races, and returns what each closing said.
async fn races(on: &Arc<Fixture>, count: usize, span: Duration) -> BTreeMap<usize, Closing> {
    let next = Arc::new(AtomicUsize::new(0));
    let closings = Arc::new(Mutex::new(BTreeMap::new()));
    let workers = (0..WORKERS).map(|_| {
        let (on, next, closings) = (Arc::clone(on), Arc::clone(&next), Arc::clone(&closings));
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                if number >= count {
                    break;
                }
                let closing = race(&on, number, span).await;
                closings.lock().unwrap().insert(number, closing);
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    Arc::into_inner(closings).unwrap().into_inner().unwrap()
}

/// What was barred so far, by event id.
async fn barred(store: &Store) -> HashMap<String, Why> {
    let mut tx = store.begin().await.unwrap();
    let barred = guards::take_barred(&mut tx, "test", 100_000).await.unwrap();
    tx.commit().await.unwrap();
    barred.into_iter().map(|barred| (barred.event_id, barred.why)).collect()
}

/// Every message is accounted for, and none that rests on a guard came after its closing had returned.
async fn assert_kept(on: &Fixture, closings: &BTreeMap<usize, Closing>) {
    let total = on.bus.lag("nobody", &[RACE]).await.unwrap();
    let mut reader = on.bus.subscribe("auditor", &[RACE]).await.unwrap();
    let deliveries = read(reader.as_mut(), usize::try_from(total).unwrap()).await;
    let mut late = Vec::new();
    let mut published = BTreeSet::new();
    for delivery in &deliveries {
        let id = id_of(delivery);
        let number: usize = delivery.key.trim_start_matches("guard-").parse().unwrap();
        if u64::try_from(delivery.offset).unwrap() >= closings[&number].position {
            late.push((id.clone(), delivery.offset, closings[&number].position));
        }
        published.insert(id);
    }
    assert!(
        late.is_empty(),
        "{} came after the closing had returned: {:?}",
        late.len(),
        late.first()
    );
    let barred = barred(&on.store).await;
    let (mut kept, mut doubtful) = (0, 0);
    for (number, closing) in closings {
        kept += closing.dropped.len();
        doubtful += closing.in_doubt.len();
        for part in 0..3 {
            let id = format!("guard-{number:05}/{part}");
            let ways =
                [published.contains(&id), closing.dropped.contains(&id), barred.contains_key(&id)];
            let doubtful = closing.in_doubt.contains(&id);
            let counted = ways.into_iter().filter(|way| *way).count();
            assert!(
                counted == 1 || (doubtful && counted <= 2),
                "{id} is accounted for {ways:?}, {doubtful}"
            );
            assert!(!(published.contains(&id) && closing.dropped.contains(&id)), "{id}");
        }
    }
    println!(
        "{} guards: {} published, {kept} kept back by closings, {} barred, {doubtful} in doubt",
        closings.len(),
        published.len(),
        barred.len()
    );
    let some = closings.len() / 20;
    assert!(published.len() > some && kept + barred.len() > some, "the races were no races");
}

async fn prepare(on: Fixture) -> Arc<Fixture> {
    on.bus
        .ensure_topics(&[TopicSpec { name: RACE, partitions: 1, compacted: false }])
        .await
        .unwrap();
    Arc::new(on)
}

async fn drained(on: &Fixture) {
    eventually("the outbox is empty", || async {
        outbox::backlog(&on.store, "test").await.unwrap().messages == 0
    })
    .await;
}

async fn nothing_goes_once_a_guard_is_closed(on: Fixture) {
    let on = prepare(on).await;
    let (store, bus) = on.other_process().await;
    let here = Running::relay(&on.store, &Slow::over(&on.bus));
    let there = Running::relay(&store, &Slow::over(&bus));
    let closings = races(&on, GUARDS, Duration::from_millis(80)).await;
    drained(&on).await;
    here.stop().await;
    there.stop().await;
    assert_kept(&on, &closings).await;
}

async fn nothing_goes_once_a_guard_is_closed_though_relays_die_and_connections_break(on: Fixture) {
    let on = prepare(on).await;
    let (store, bus) = on.other_process().await;
    let over = Arc::new(AtomicBool::new(false));
    let reaper = {
        let (on, over) = (Arc::clone(&on), Arc::clone(&over));
        tokio::spawn(async move {
            let mut round = 0;
            loop {
                round += 1;
                // Dies in the middle of whatever it does, and keeps its lease.
                let one = Running::relay(&store, &Unreliable::failing(&Slow::over(&bus)));
                let two = Running::relay(&on.store, &Slow::over(&on.bus));
                tokio::time::sleep(Duration::from_millis(700 + chance(round, 900))).await;
                if over.load(Ordering::SeqCst) {
                    one.stop().await;
                    return two;
                }
                one.kill();
                two.kill();
                cut_connections(&store).await;
                // The next ones do not wait for the lease of the dead: should these still be at it, the better.
                let mut conn = store.begin().await.unwrap();
                sqlx::query("DELETE FROM leases").execute(conn.conn()).await.unwrap();
                conn.commit().await.unwrap();
            }
        })
    };
    let closings = races(&on, 400, Duration::from_millis(300)).await;
    over.store(true, Ordering::SeqCst);
    let relay = reaper.await.unwrap();
    drained(&on).await;
    relay.stop().await;
    assert_kept(&on, &closings).await;
}

/// Those of the relays' process, as far as the database has any.
async fn cut_connections(store: &Store) {
    if store.dialect() == mash_store::Dialect::Postgres {
        let mut conn = store.read().await.unwrap();
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%outbox_flights%'",
        )
        .fetch_all(&mut *conn)
        .await
        .unwrap();
    }
}

async fn guarded_messages_keep_their_place_among_the_others(on: Fixture) {
    let mut tx = on.store.begin().await.unwrap();
    guards::open(&mut tx, "g", FOR_EVER).await.unwrap();
    tx.commit().await.unwrap();
    for chunk in 0..30 {
        let messages: Vec<_> = (0..20)
            .map(|number| {
                let number = chunk * 20 + number;
                let rests: &[&str] = if chance(number, 3) == 0 { &["g"] } else { &[] };
                guarded(&format!("event-{number:05}"), &format!("key-{}", number % 7), TOPIC, rests)
            })
            .collect();
        enqueue(&on.store, &messages).await;
    }
    let relay = Running::relay(&on.store, &on.bus);
    let mut reader = on.bus.subscribe("g", &[TOPIC]).await.unwrap();
    let deliveries = read(reader.as_mut(), 600).await;
    relay.stop().await;
    let mut last: HashMap<String, String> = HashMap::new();
    for delivery in &deliveries {
        let id = id_of(delivery);
        let before = last.insert(delivery.key.clone(), id.clone());
        assert!(before.is_none_or(|before| before < id), "order within a key");
    }
    assert_eq!(deliveries.iter().map(id_of).collect::<BTreeSet<_>>().len(), 600);
}

async fn what_is_barred_leaves_a_trace_and_holds_nobody_up(on: Fixture) {
    let mut tx = on.store.begin().await.unwrap();
    for (guard, until) in [("open", FOR_EVER), ("expired", 5_000), ("closed", FOR_EVER)] {
        guards::open(&mut tx, guard, until).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut tx = on.store.begin().await.unwrap();
    guards::close(&mut tx, "closed").await.unwrap();
    assert!(!guards::open(&mut tx, "closed", FOR_EVER).await.unwrap(), "closed for good");
    tx.commit().await.unwrap();
    let rests: [&[&str]; 6] =
        [&["closed"], &["open", "closed"], &["expired"], &["no such guard"], &["open"], &[]];
    let messages: Vec<_> = rests
        .iter()
        .enumerate()
        .map(|(number, rests)| guarded(&format!("event-{number}"), "k", TOPIC, rests))
        .collect();
    enqueue(&on.store, &messages).await;
    // A clock of our own: a moment before, the third would have gone.
    let shutdown = CancellationToken::new();
    let relay = Relay::new(on.store.clone(), Arc::clone(&on.bus), "test").with_clock(|| 5_000);
    let relay = tokio::spawn(relay.run(shutdown.clone()));
    let mut reader = on.bus.subscribe("g", &[TOPIC]).await.unwrap();
    let ids: Vec<_> = read(reader.as_mut(), 2).await.iter().map(id_of).collect();
    assert_eq!(ids, ["event-4", "event-5"]);
    drained(&on).await;
    shutdown.cancel();
    relay.await.unwrap();
    let traces = barred(&on.store).await;
    let expected = [
        ("event-0", Why::Closed),
        ("event-1", Why::Closed),
        ("event-2", Why::Expired),
        ("event-3", Why::Unknown),
    ];
    assert_eq!(traces, expected.map(|(id, why)| (id.to_owned(), why)).into());
    assert!(barred(&on.store).await.is_empty(), "taken once");
}

/// A bus that never answers, and one that does again later.
async fn a_bus_that_does_not_answer_does_not_hold_a_closing_up_for_long(on: Fixture) {
    let mut tx = on.store.begin().await.unwrap();
    guards::open(&mut tx, "g", FOR_EVER).await.unwrap();
    outbox::enqueue(&mut tx, "test", &[guarded("rests", "k", TOPIC, &["g"])]).await.unwrap();
    tx.commit().await.unwrap();
    let relay = Running::relay(&on.store, &(Arc::new(Mute) as Arc<dyn Bus>));
    eventually("the message is in flight", || async {
        let mut conn = on.store.read().await.unwrap();
        let sql = "SELECT COUNT(*) FROM outbox_flights";
        sqlx::Row::get::<i64, _>(&sqlx::query(sql).fetch_one(&mut *conn).await.unwrap(), 0) > 0
    })
    .await;
    let start = tokio::time::Instant::now();
    let mut tx = on.store.begin().await.unwrap();
    let closed = guards::close(&mut tx, "g").await.unwrap();
    tx.commit().await.unwrap();
    let took = start.elapsed();
    // The flight's time, and as much again for a slow machine: a closing that never returns is what this looks for.
    assert!(took < guards::FLIGHT * 2, "{took:?}");
    assert_eq!(closed.in_doubt, ["rests"], "nobody knows whether it arrived");
    relay.kill();
    let relay = Running::relay(&on.store, &on.bus);
    enqueue(&on.store, &[guarded("free", "k", TOPIC, &[])]).await;
    let mut reader = on.bus.subscribe("g", &[TOPIC]).await.unwrap();
    assert_eq!(id_of(&read(reader.as_mut(), 1).await[0]), "free");
    relay.stop().await;
}

/// Takes a message and is not heard of again.
struct Mute;

#[async_trait]
impl Bus for Mute {
    async fn ensure_topics(&self, _topics: &[TopicSpec]) -> Result<(), BusError> {
        Ok(())
    }

    async fn publish(&self, _batch: &[BusMessage]) -> Result<(), BusError> {
        std::future::pending().await
    }

    async fn subscribe(
        &self,
        _group: &str,
        _topics: &[&str],
    ) -> Result<Box<dyn Subscription>, BusError> {
        Err(BusError::Ended("mute".to_owned()))
    }

    async fn lag(&self, _group: &str, _topics: &[&str]) -> Result<u64, BusError> {
        Ok(0)
    }
}
