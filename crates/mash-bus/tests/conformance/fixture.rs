//! A bus of its own for each test: embedded on SQLite or PostgreSQL, or topics of a random prefix on a real Kafka.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use mash_bus::{Bus, BusMessage, Delivery, Subscription, TopicSpec, topics};
use mash_proto::event::v1::Envelope;
use mash_store::{Dialect, Store, testing::TestDatabase};
use prost::Message as _;

pub(crate) const TOPIC: &str = topics::SUBMITTED;
pub(crate) const OTHER_TOPIC: &str = topics::RECEIPTS;
const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pair {
    EmbeddedSqlite,
    EmbeddedPostgres,
    KafkaSqlite,
    KafkaPostgres,
}

pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) database: TestDatabase,
    pair: Pair,
    url: String,
}

/// On two of the four pairs everything is sealed, and must go as it goes on the others.
async fn open(pair: Pair, database: &TestDatabase) -> Store {
    match pair {
        Pair::EmbeddedSqlite | Pair::KafkaPostgres => database.sealed_store().await,
        Pair::EmbeddedPostgres | Pair::KafkaSqlite => database.store().await,
    }
}

impl Fixture {
    pub(crate) async fn new(pair: Pair) -> Self {
        let dialect = match pair {
            Pair::EmbeddedSqlite | Pair::KafkaSqlite => Dialect::Sqlite,
            Pair::EmbeddedPostgres | Pair::KafkaPostgres => Dialect::Postgres,
        };
        let url = match pair {
            Pair::EmbeddedSqlite | Pair::EmbeddedPostgres => "embedded".to_owned(),
            Pair::KafkaSqlite | Pair::KafkaPostgres => {
                format!(
                    "kafka://{}?topic_prefix=test-{}.",
                    brokers(),
                    uuid::Uuid::new_v4().simple()
                )
            }
        };
        let database = TestDatabase::create(dialect).await;
        let store = open(pair, &database).await;
        let bus = mash_bus::connect(&url, &store).await.unwrap();
        bus.ensure_topics(&[
            TopicSpec { name: TOPIC, partitions: 6, compacted: false },
            TopicSpec { name: OTHER_TOPIC, partitions: 2, compacted: false },
            TopicSpec { name: topics::ROLL, partitions: 2, compacted: true },
            TopicSpec { name: topics::DEAD_LETTERS, partitions: 1, compacted: false },
        ])
        .await
        .unwrap();
        Self { store, bus, database, pair, url }
    }

    /// The same bus as another process sees it.
    pub(crate) async fn other_process(&self) -> (Store, Arc<dyn Bus>) {
        let store = open(self.pair, &self.database).await;
        let bus = mash_bus::connect(&self.url, &store).await.unwrap();
        (store, bus)
    }

    /// The same bus as whoever runs the broker sees it.
    pub(crate) async fn bare_bus(&self) -> Arc<dyn Bus> {
        mash_bus::connect(&self.url, &self.database.store().await).await.unwrap()
    }

    pub(crate) async fn publish(&self, messages: &[BusMessage]) {
        for batch in messages.chunks(100) {
            self.bus.publish(batch).await.unwrap();
        }
    }
}

pub(crate) fn brokers() -> String {
    std::env::var("MASH_TEST_KAFKA").unwrap_or_else(|_| {
        panic!(
            "MASH_TEST_KAFKA is not set, so nothing would be tested on Kafka. `cargo xtask services up` starts a \
             broker and prints the line to set it."
        )
    })
}

/// The subject is the key, so that a handler can see it.
pub(crate) fn envelope(id: &str, key: &str) -> Envelope {
    Envelope {
        id: id.to_owned(),
        subject: key.to_owned(),
        source: "mash/test".into(),
        schema: "test".into(),
        ..Envelope::default()
    }
}

/// Message `number` of its key; the key is `number` modulo `keys`.
pub(crate) fn message(number: usize, keys: usize) -> BusMessage {
    let id = format!("event-{number:06}");
    let key = format!("key-{}", number % keys);
    let payload = envelope(&id, &key).encode_to_vec().into();
    BusMessage { topic: TOPIC.into(), key, payload, event_id: id }
}

pub(crate) fn messages(count: usize, keys: usize) -> Vec<BusMessage> {
    (0..count).map(|number| message(number, keys)).collect()
}

pub(crate) fn id_of(delivery: &Delivery) -> String {
    Envelope::decode(delivery.payload.clone()).unwrap().id
}

/// Reads until there are `count` deliveries.
pub(crate) async fn read(subscription: &mut dyn Subscription, count: usize) -> Vec<Delivery> {
    let mut all = Vec::new();
    while all.len() < count {
        let batch = tokio::time::timeout(PATIENCE, subscription.next_batch(137)).await;
        let batch = batch
            .unwrap_or_else(|_| panic!("only {} of {count} messages came", all.len()))
            .unwrap();
        assert!(!batch.is_empty() && batch.len() <= 137);
        all.extend(batch);
    }
    all
}

pub(crate) async fn assert_silent(subscription: &mut dyn Subscription) {
    let more = tokio::time::timeout(Duration::from_secs(2), subscription.next_batch(10)).await;
    if let Ok(more) = more {
        panic!("nothing should come, and {} messages did", more.unwrap().len());
    }
}

/// Each message once, and those of one key in the order in which they were published.
pub(crate) fn assert_once_in_order(deliveries: &[Delivery], published: &[BusMessage]) {
    let mut expected: HashMap<&str, Vec<&str>> = HashMap::new();
    for message in published {
        expected.entry(&message.key).or_default().push(&message.event_id);
    }
    let ids: Vec<_> = deliveries.iter().map(id_of).collect();
    let mut got: HashMap<&str, Vec<&str>> = HashMap::new();
    for (delivery, id) in deliveries.iter().zip(&ids) {
        got.entry(&delivery.key).or_default().push(id);
    }
    assert_eq!(got, expected);
}

/// Asks until it is so.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let start = tokio::time::Instant::now();
    while !ask().await {
        assert!(start.elapsed() < PATIENCE, "still not so: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
