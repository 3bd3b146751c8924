//! The floor: what plain rdkafka does on this broker, and what relay and intake add to it.
//!
//! `cargo run --release -p mash-bus --example floor -- --bus kafka://host:port [--messages N] [--bytes B] [--rate R]`
//!
//! Three figures from one run on one broker:
//! 1. a bare produce with acks=all, one at a time: the least that a durable submit can take;
//! 2. consume one, produce three, acks=all: the least that a router can take;
//! 3. outbox → relay → bus → intake at `--rate` messages a second on the store of `--store`.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measuring tool"
)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use mash_bus::{
    Bus, BusMessage, HandleError, Handler, Intake, KafkaSettings, Relay, TopicSpec, topics,
};
use mash_proto::event::v1::Envelope;
use mash_store::{Store, Tx, outbox};
use prost::Message as _;
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer as _},
    producer::{FutureProducer, FutureRecord},
};
use tokio_util::sync::CancellationToken;

struct Plan {
    bus: String,
    store: String,
    messages: usize,
    bytes: usize,
    rate: usize,
}

impl Plan {
    fn read() -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let value = |name: &str, default: &str| {
            let at = arguments.iter().position(|argument| argument == name);
            at.and_then(|at| arguments.get(at + 1)).map_or(default, String::as_str).to_owned()
        };
        let number = |name: &str, default: &str| value(name, default).parse().expect("a number");
        let file =
            std::env::temp_dir().join(format!("mash-floor-{}.db", uuid::Uuid::new_v4().simple()));
        Self {
            bus: value("--bus", "embedded"),
            store: value("--store", &format!("sqlite:{}", file.display())),
            messages: number("--messages", "20000"),
            bytes: number("--bytes", "1000"),
            rate: number("--rate", "2000"),
        }
    }
}

#[tokio::main]
async fn main() {
    let mut plan = Plan::read();
    let prefix = format!("floor-{}.", uuid::Uuid::new_v4().simple());
    if plan.bus.starts_with("kafka://") {
        let separator = if plan.bus.contains('?') { '&' } else { '?' };
        plan.bus = format!("{}{separator}topic_prefix={prefix}", plan.bus);
    }
    let store = Store::connect(&plan.store).await.expect("the store opens");
    let bus = mash_bus::connect(&plan.bus, &store).await.expect("the bus opens");
    let specs = [topics::SUBMITTED, topics::DECISIONS, topics::RECEIPTS].map(|name| TopicSpec {
        name,
        partitions: 12,
        compacted: false,
    });
    bus.ensure_topics(&specs).await.expect("the topics are made");
    tokio::time::sleep(Duration::from_millis(500)).await;
    if let Ok(settings) = plan.bus.parse::<KafkaSettings>() {
        bare_produce(&settings, plan.bytes).await;
        consume_one_produce_three(&settings, &bus, &plan).await;
    }
    pipeline(&store, &bus, &plan).await;
}

fn producer(settings: &KafkaSettings, linger: &str) -> FutureProducer {
    ClientConfig::new()
        .set("bootstrap.servers", &settings.brokers)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", linger)
        .create()
        .expect("a producer")
}

fn consumer(settings: &KafkaSettings, topic: &str) -> BaseConsumer {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &settings.brokers)
        .set("group.id", format!("{}floor", settings.topic_prefix))
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "25")
        .create()
        .expect("a consumer");
    consumer.subscribe(&[topic]).expect("subscribed");
    consumer
}

async fn bare_produce(settings: &KafkaSettings, bytes: usize) {
    let producer = producer(settings, "0");
    let topic = format!("{}{}", settings.topic_prefix, topics::DECISIONS);
    let payload = vec![7_u8; bytes];
    let mut times = Vec::new();
    for number in 0..1_100 {
        let key = (number % 64).to_string();
        let start = Instant::now();
        let record = FutureRecord::to(&topic).key(&key).payload(&payload);
        producer.send(record, Duration::from_secs(5)).await.expect("produced");
        if number >= 100 {
            times.push(start.elapsed());
        }
    }
    report("bare produce acks=all, one at a time", times);
}

async fn consume_one_produce_three(settings: &KafkaSettings, bus: &Arc<dyn Bus>, plan: &Plan) {
    let batch: Vec<_> = (0..plan.messages).map(|number| message(number, plan.bytes)).collect();
    for chunk in batch.chunks(5_000) {
        bus.publish(chunk).await.expect("published");
    }
    let settings = settings.clone();
    let (input, output) = (
        format!("{}{}", settings.topic_prefix, topics::SUBMITTED),
        format!("{}{}", settings.topic_prefix, topics::RECEIPTS),
    );
    let total = plan.messages;
    let runtime = tokio::runtime::Handle::current();
    let elapsed = tokio::task::spawn_blocking(move || {
        let producer = producer(&settings, "5");
        let consumer = consumer(&settings, &input);
        // A poll may come back without a message after a rebalance.
        while consumer.poll(Duration::from_secs(1)).is_none() {}
        let (start, mut done) = (Instant::now(), 1);
        while done < total {
            let (mut waiting, mut positions, mut taken) = (Vec::new(), HashMap::new(), 0);
            while taken < 500
                && let Some(message) =
                    consumer.poll(Duration::from_millis(if taken == 0 { 1_000 } else { 0 }))
            {
                let message = message.expect("readable");
                let payload = message.payload().expect("a payload");
                for _ in 0..3 {
                    let record = FutureRecord::to(&output)
                        .key(message.key().unwrap_or_default())
                        .payload(payload);
                    waiting.push(
                        producer
                            .send_result(record)
                            .map_err(|(error, _)| error)
                            .expect("room in the queue"),
                    );
                }
                positions.insert(message.partition(), message.offset() + 1);
                taken += 1;
            }
            for delivery in waiting {
                runtime
                    .block_on(delivery)
                    .expect("answered")
                    .map_err(|(error, _)| error)
                    .expect("acknowledged");
            }
            let mut list = TopicPartitionList::new();
            for (partition, offset) in positions {
                list.add_partition_offset(&input, partition, Offset::Offset(offset))
                    .expect("an offset");
            }
            consumer.commit(&list, CommitMode::Async).expect("committed");
            done += taken;
        }
        start.elapsed()
    })
    .await
    .expect("the floor was measured");
    println!(
        "consume one, produce three, acks=all: {} events in {:.2} s, {:.0} events/s",
        total,
        elapsed.as_secs_f64(),
        f64::from(u32::try_from(total).unwrap_or(u32::MAX)) / elapsed.as_secs_f64()
    );
}

fn message(number: usize, bytes: usize) -> BusMessage {
    let id = uuid::Uuid::new_v4().to_string();
    let envelope = Envelope { id: id.clone(), data: vec![7; bytes], ..Envelope::default() };
    BusMessage {
        topic: topics::SUBMITTED.into(),
        key: (number % 500).to_string(),
        event_id: id,
        payload: envelope.encode_to_vec().into(),
    }
}

/// Notes when each event was committed.
struct Clockwork {
    sent: Mutex<HashMap<String, Instant>>,
    times: Mutex<Vec<Duration>>,
}

#[async_trait]
impl Handler for Clockwork {
    fn group(&self) -> &'static str {
        "clockwork"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::DECISIONS]
    }

    fn owner(&self) -> &'static str {
        "nobody"
    }

    async fn handle(&self, _tx: &mut Tx, _events: &[Envelope]) -> Result<(), HandleError> {
        Ok(())
    }

    async fn committed(&self, events: &[Envelope]) {
        let mut sent = self.sent.lock().expect("no panic before");
        let mut times = self.times.lock().expect("no panic before");
        times.extend(
            events.iter().filter_map(|event| sent.remove(&event.id)).map(|start| start.elapsed()),
        );
    }
}

/// Open loop: batches leave on time, whether or not the ones before have arrived.
async fn pipeline(store: &Store, bus: &Arc<dyn Bus>, plan: &Plan) {
    let clockwork = Arc::new(Clockwork { sent: Mutex::default(), times: Mutex::default() });
    let shutdown = CancellationToken::new();
    let relay = Relay::new(store.clone(), Arc::clone(bus), "floor");
    let relay = tokio::spawn(relay.run(shutdown.clone()));
    let handler = Arc::clone(&clockwork) as Arc<dyn Handler>;
    let intake =
        tokio::spawn(Intake::new(store.clone(), Arc::clone(bus), handler).run(shutdown.clone()));
    tokio::time::sleep(Duration::from_secs(4)).await;
    let per_tick = (plan.rate / 100).max(1);
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let total = plan.rate * 10;
    let mut sent = 0;
    while sent < total {
        tick.tick().await;
        let rows: Vec<_> =
            (sent..sent + per_tick).map(|number| message(number, plan.bytes)).collect();
        let mut tx = store.begin().await.expect("a transaction");
        let out: Vec<_> = rows
            .iter()
            .map(|m| outbox::OutboxMessage {
                topic: topics::DECISIONS,
                key: m.key.clone(),
                event_id: m.event_id.clone(),
                payload: m.payload.to_vec(),
                guards: Vec::new(),
                scope: None,
            })
            .collect();
        outbox::enqueue(&mut tx, "floor", &out).await.expect("enqueued");
        let now = Instant::now();
        clockwork
            .sent
            .lock()
            .expect("no panic before")
            .extend(rows.into_iter().map(|m| (m.event_id, now)));
        tx.commit().await.expect("committed");
        sent += per_tick;
    }
    while clockwork.times.lock().expect("no panic before").len() < sent {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    shutdown.cancel();
    relay.await.expect("the relay ends");
    intake.await.expect("the intake ends").expect("without a fault");
    let times = std::mem::take(&mut *clockwork.times.lock().expect("no panic before"));
    report(
        &format!("outbox → relay → bus → intake, commit included, {} a second", plan.rate),
        times,
    );
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 1_000];
    println!(
        "{what}: n={} p50={:?} p99={:?} p99.9={:?} max={:?}",
        times.len(),
        at(500),
        at(990),
        at(999),
        at(1_000)
    );
}
