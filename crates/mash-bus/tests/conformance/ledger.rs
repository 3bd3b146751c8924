//! A handler whose effects can be counted, and buses that misbehave.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use mash_bus::{
    Bus, BusError, BusMessage, Delivery, HandleError, Handler, Intake, Relay, Subscription,
    TopicSpec,
};
use mash_proto::event::v1::Envelope;
use mash_store::{Migration, Store, StoreError, Tx, outbox};
use sqlx::Row as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, TOPIC};

const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "effects",
    // The event id is deliberately not unique: a second effect must show.
    sql:
        "CREATE TABLE effects (seq BIGSERIAL PRIMARY KEY, grp TEXT NOT NULL, msg_key TEXT NOT NULL,
          event_id TEXT NOT NULL CHECK (event_id <> 'refused'))",
}];

#[derive(Clone, Copy)]
pub(crate) enum Behaviour {
    Accept,
    /// Is not for this handler.
    Foreign,
    Poison,
    Refused,
    /// Fails this many times.
    Unavailable(u32),
}

/// Writes one row for each event.
pub(crate) struct Ledger {
    group: &'static str,
    behaviours: Mutex<HashMap<String, Behaviour>>,
    pub(crate) announced: AtomicUsize,
}

impl Ledger {
    pub(crate) async fn new(store: &Store, group: &'static str) -> Arc<Self> {
        store.migrate("ledger", MIGRATIONS).await.unwrap();
        Arc::new(Self { group, behaviours: Mutex::default(), announced: AtomicUsize::new(0) })
    }

    pub(crate) fn set(&self, event_id: &str, behaviour: Behaviour) {
        self.behaviours.lock().unwrap().insert(event_id.to_owned(), behaviour);
    }

    fn behaviour(&self, event_id: &str) -> Behaviour {
        let mut behaviours = self.behaviours.lock().unwrap();
        let behaviour = behaviours.get_mut(event_id);
        match behaviour {
            None => Behaviour::Accept,
            Some(Behaviour::Unavailable(0)) => Behaviour::Accept,
            Some(Behaviour::Unavailable(left)) => {
                *left -= 1;
                Behaviour::Unavailable(*left)
            }
            Some(other) => *other,
        }
    }
}

#[async_trait]
impl Handler for Ledger {
    fn group(&self) -> &'static str {
        self.group
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    fn owner(&self) -> &'static str {
        "test desk"
    }

    fn concerns(&self, event: &Envelope) -> bool {
        !matches!(self.behaviours.lock().unwrap().get(&event.id), Some(Behaviour::Foreign))
    }

    /// Every promise holds however a batch is split.
    fn lanes(&self) -> usize {
        3
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        for event in events {
            let mut id = event.id.as_str();
            match self.behaviour(id) {
                Behaviour::Accept => (),
                Behaviour::Foreign => panic!("a handler is given what does not concern it"),
                Behaviour::Poison => return Err(HandleError::Poison { code: "MASH-B003" }),
                Behaviour::Refused => id = "refused",
                Behaviour::Unavailable(_) => {
                    return Err(HandleError::Store(StoreError::from(sqlx::Error::PoolTimedOut)));
                }
            }
            sqlx::query("INSERT INTO effects (grp, msg_key, event_id) VALUES ($1, $2, $3)")
                .bind(self.group)
                .bind(&event.subject)
                .bind(id)
                .execute(tx.conn())
                .await
                .map_err(StoreError::from)?;
        }
        Ok(())
    }

    async fn committed(&self, events: &[Envelope]) {
        self.announced.fetch_add(events.len(), Ordering::SeqCst);
    }
}

/// (group and key, event id) of each effect in the order in which they happened.
pub(crate) async fn effects(store: &Store) -> Vec<(String, String)> {
    let mut conn = store.read().await.unwrap();
    let rows = sqlx::query("SELECT grp, msg_key, event_id FROM effects ORDER BY seq")
        .fetch_all(&mut *conn)
        .await
        .unwrap();
    rows.iter()
        .map(|row| {
            let (group, key): (String, String) = (row.get(0), row.get(1));
            (format!("{group}/{key}"), row.get(2))
        })
        .collect()
}

pub(crate) async fn enqueue(store: &Store, events: &[BusMessage]) {
    let mut tx = store.begin().await.unwrap();
    let messages: Vec<_> = events
        .iter()
        .map(|message| outbox::OutboxMessage {
            topic: TOPIC,
            key: message.key.clone(),
            event_id: message.event_id.clone(),
            payload: message.payload.to_vec(),
            guards: Vec::new(),
            scope: Some(mash_store::keys::Scope::payload(&message.key)),
        })
        .collect();
    outbox::enqueue(&mut tx, "test", &messages).await.unwrap();
    tx.commit().await.unwrap();
}

/// Relays and intakes at work.
pub(crate) struct Running {
    shutdown: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn relay(store: &Store, bus: &Arc<dyn Bus>) -> Self {
        let shutdown = CancellationToken::new();
        let relay = Relay::new(store.clone(), Arc::clone(bus), "test");
        let tasks = vec![tokio::spawn(relay.run(shutdown.clone()))];
        Self { shutdown, tasks }
    }

    pub(crate) fn intake(store: &Store, bus: &Arc<dyn Bus>, ledger: &Arc<Ledger>) -> Self {
        let shutdown = CancellationToken::new();
        let handler = Arc::clone(ledger) as Arc<dyn Handler>;
        let intake = Intake::new(store.clone(), Arc::clone(bus), handler);
        let stop = shutdown.clone();
        let tasks = vec![tokio::spawn(async move { intake.run(stop).await.unwrap() })];
        Self { shutdown, tasks }
    }

    pub(crate) fn both(on: &Fixture, ledger: &Arc<Ledger>) -> Self {
        let mut relay = Self::relay(&on.store, &on.bus);
        let intake = Self::intake(&on.store, &on.bus, ledger);
        let stop = intake.shutdown.clone();
        let first = relay.shutdown.clone();
        relay.tasks.extend(intake.tasks);
        relay.tasks.push(tokio::spawn(async move {
            first.cancelled().await;
            stop.cancel();
        }));
        relay
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        for task in self.tasks {
            task.await.unwrap();
        }
    }

    /// No farewell.
    pub(crate) fn kill(self) {
        for task in self.tasks {
            task.abort();
        }
    }
}

/// A bus that does not do what it should.
pub(crate) struct Unreliable {
    inner: Arc<dyn Bus>,
    calls: AtomicUsize,
    forgets_commits: bool,
}

impl Unreliable {
    pub(crate) fn forgetting_commits(bus: &Arc<dyn Bus>) -> Arc<dyn Bus> {
        Arc::new(Self { inner: Arc::clone(bus), calls: AtomicUsize::new(0), forgets_commits: true })
    }

    pub(crate) fn failing(bus: &Arc<dyn Bus>) -> Arc<dyn Bus> {
        Arc::new(Self {
            inner: Arc::clone(bus),
            calls: AtomicUsize::new(0),
            forgets_commits: false,
        })
    }
}

fn broken() -> BusError {
    BusError::Broker("broken on purpose".into())
}

#[async_trait]
impl Bus for Unreliable {
    async fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), BusError> {
        self.inner.ensure_topics(topics).await
    }

    async fn publish(&self, batch: &[BusMessage]) -> Result<(), BusError> {
        if self.forgets_commits {
            return self.inner.publish(batch).await;
        }
        match self.calls.fetch_add(1, Ordering::SeqCst) % 4 {
            0 => Err(broken()),
            1 => {
                self.inner.publish(batch).await?;
                Err(broken())
            }
            _ => self.inner.publish(batch).await,
        }
    }

    async fn subscribe(
        &self,
        group: &str,
        topics: &[&str],
    ) -> Result<Box<dyn Subscription>, BusError> {
        let inner = self.inner.subscribe(group, topics).await?;
        Ok(Box::new(Flaky { inner, calls: 0, forgets_commits: self.forgets_commits }))
    }

    async fn lag(&self, group: &str, topics: &[&str]) -> Result<u64, BusError> {
        self.inner.lag(group, topics).await
    }
}

struct Flaky {
    inner: Box<dyn Subscription>,
    calls: usize,
    forgets_commits: bool,
}

#[async_trait]
impl Subscription for Flaky {
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        self.calls += 1;
        if !self.forgets_commits && self.calls.is_multiple_of(4) {
            // What it hands out now is lost with it.
            drop(self.inner.next_batch(max).await?);
            return Err(broken());
        }
        self.inner.next_batch(max).await
    }

    async fn commit(&mut self) -> Result<(), BusError> {
        if self.forgets_commits { Ok(()) } else { self.inner.commit().await }
    }

    async fn leave(&mut self) {
        self.inner.leave().await;
    }
}
