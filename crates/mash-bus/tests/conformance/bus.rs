//! One suite for every bus.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinHandle;

use mash_bus::{BusError, BusMessage, Subscription};

use crate::fixture::{
    Fixture, OTHER_TOPIC, TOPIC, assert_once_in_order, assert_silent, eventually, id_of, message,
    messages, read,
};

macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        conformance!(@on embedded_on_sqlite, EmbeddedSqlite, $($name),*);
        conformance!(@on embedded_on_postgres, EmbeddedPostgres, $($name),*);
        conformance!(@on kafka, KafkaSqlite, $($name),*);
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
    everything_published_arrives_once_and_in_order_per_key,
    every_group_reads_everything_from_the_earliest,
    what_was_not_committed_is_delivered_again,
    members_of_a_group_share_and_take_over,
    racing_publishers_leave_no_gap,
    a_quiet_subscription_is_woken,
    a_slow_reader_gets_everything_in_order,
    an_unknown_topic_is_refused_and_harms_nobody,
    several_topics_are_read_together,
    long_and_empty_messages_pass,
    lag_counts_what_is_not_committed,
];

async fn everything_published_arrives_once_and_in_order_per_key(on: Fixture) {
    let published = messages(2_000, 23);
    on.publish(&published).await;
    let mut subscription = on.bus.subscribe("g", &[TOPIC]).await.unwrap();
    let deliveries = read(subscription.as_mut(), published.len()).await;
    assert_once_in_order(&deliveries, &published);
    subscription.commit().await.unwrap();
    eventually("nothing is left", || async { on.bus.lag("g", &[TOPIC]).await.unwrap() == 0 }).await;
    subscription.leave().await;
    drop(subscription);
    let mut again = on.bus.subscribe("g", &[TOPIC]).await.unwrap();
    assert_silent(again.as_mut()).await;
}

async fn every_group_reads_everything_from_the_earliest(on: Fixture) {
    let published = messages(50, 7);
    on.publish(&published).await;
    for group in ["a", "b"] {
        let mut subscription = on.bus.subscribe(group, &[TOPIC]).await.unwrap();
        assert_once_in_order(&read(subscription.as_mut(), 50).await, &published);
        subscription.commit().await.unwrap();
    }
}

async fn what_was_not_committed_is_delivered_again(on: Fixture) {
    let published = messages(300, 5);
    on.publish(&published[..100]).await;
    let mut subscription = on.bus.subscribe("g", &[TOPIC]).await.unwrap();
    assert_eq!(read(subscription.as_mut(), 100).await.len(), 100);
    subscription.commit().await.unwrap();
    on.publish(&published[100..]).await;
    let lost = read(subscription.as_mut(), 200).await;
    assert_once_in_order(&lost, &published[100..]);
    // It dies here without a commit.
    drop(subscription);
    let (_, bus) = on.other_process().await;
    let mut successor = bus.subscribe("g", &[TOPIC]).await.unwrap();
    assert_once_in_order(&read(successor.as_mut(), 200).await, &published[100..]);
}

async fn members_of_a_group_share_and_take_over(on: Fixture) {
    let (_, other_bus) = on.other_process().await;
    let first = Member::start(on.bus.subscribe("g", &[TOPIC]).await.unwrap());
    let second = Member::start(other_bus.subscribe("g", &[TOPIC]).await.unwrap());
    // Until the partitions have been shared out, one of them may get everything.
    eventually("both members get messages", || async {
        let (before_first, before_second) = (first.count(), second.count());
        on.publish(&messages(60, 60)).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        first.count() > before_first && second.count() > before_second
    })
    .await;
    second.task.abort();
    assert!(second.task.await.is_err());
    // The one that stays takes over all partitions.
    let before = first.count();
    on.publish(&messages(60, 60)).await;
    eventually("the other takes over", || async { first.count() >= before + 60 }).await;
    eventually("all is read", || async { on.bus.lag("g", &[TOPIC]).await.unwrap() == 0 }).await;
    first.task.abort();
}

/// A member that reads and commits until it is aborted.
struct Member {
    count: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Member {
    fn start(mut subscription: Box<dyn Subscription>) -> Self {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let task = tokio::spawn(async move {
            loop {
                let batch = subscription.next_batch(50).await.unwrap();
                counted.fetch_add(batch.len(), Ordering::SeqCst);
                subscription.commit().await.unwrap();
            }
        });
        Self { count, task }
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

async fn racing_publishers_leave_no_gap(on: Fixture) {
    let mut subscription = on.bus.subscribe("g", &[TOPIC]).await.unwrap();
    let publishers = (0..8).map(|publisher| {
        let bus = Arc::clone(&on.bus);
        tokio::spawn(async move {
            for round in 0..25 {
                // Each publisher has its own keys; their partitions are shared.
                let batch: Vec<_> = (0..8)
                    .map(|number| BusMessage {
                        key: format!("{publisher}/{}", number % 4),
                        ..message(publisher * 1_000 + round * 8 + number, 1)
                    })
                    .collect();
                bus.publish(&batch).await.unwrap();
            }
        })
    });
    let publishers: Vec<_> = publishers.collect();
    let deliveries = read(subscription.as_mut(), 8 * 25 * 8).await;
    for publisher in publishers {
        publisher.await.unwrap();
    }
    let ids: BTreeSet<_> = deliveries.iter().map(id_of).collect();
    assert_eq!((ids.len(), deliveries.len()), (1_600, 1_600), "each came, and none twice");
    for partition in 0..6 {
        let offsets: Vec<_> =
            deliveries.iter().filter(|d| d.partition == partition).map(|d| d.offset).collect();
        assert!(
            offsets.iter().copied().eq(0..i64::try_from(offsets.len()).unwrap()),
            "{offsets:?}"
        );
    }
}

/// More than any buffer holds waits while the reader is busy elsewhere, twice.
async fn a_slow_reader_gets_everything_in_order(on: Fixture) {
    let mut subscription = on.bus.subscribe("g", &[TOPIC]).await.unwrap();
    let published = messages(9_000, 23);
    on.publish(&published).await;
    let mut deliveries = read(subscription.as_mut(), 1).await;
    for so_far in [3_000, 9_000] {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let more = so_far - deliveries.len().min(so_far);
        deliveries.extend(read(subscription.as_mut(), more).await);
        subscription.commit().await.unwrap();
    }
    assert_once_in_order(&deliveries, &published);
}

async fn a_quiet_subscription_is_woken(on: Fixture) {
    let mut subscription = on.bus.subscribe("g", &[TOPIC]).await.unwrap();
    on.publish(&messages(1, 1)).await;
    assert_eq!(read(subscription.as_mut(), 1).await.len(), 1);
    let (_, other_bus) = on.other_process().await;
    let mut slowest = Duration::ZERO;
    for number in 1..8 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        // By turns from this process and from another one.
        let bus = if number % 2 == 0 { &on.bus } else { &other_bus };
        let start = std::time::Instant::now();
        bus.publish(&[message(number, 1)]).await.unwrap();
        assert_eq!(read(subscription.as_mut(), 1).await.len(), 1);
        slowest = slowest.max(start.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "woken after {slowest:?}");
}

async fn an_unknown_topic_is_refused_and_harms_nobody(on: Fixture) {
    let lost = BusMessage { topic: "mash.nowhere.v1".into(), ..message(0, 1) };
    let error = on.bus.publish(&[message(1, 1), lost]).await.unwrap_err();
    assert!(
        matches!(&error, BusError::UnknownTopic(topic) if topic == "mash.nowhere.v1"),
        "{error:?}"
    );
    on.publish(&[message(2, 1)]).await;
    let mut subscription = on.bus.subscribe("g", &[TOPIC]).await.unwrap();
    // Part of a refused batch may have been published; that is what deduplication is for.
    while !read(subscription.as_mut(), 1)
        .await
        .iter()
        .any(|delivery| id_of(delivery) == "event-000002")
    {}
}

async fn several_topics_are_read_together(on: Fixture) {
    let mut subscription = on.bus.subscribe("g", &[TOPIC, OTHER_TOPIC]).await.unwrap();
    let mut published = messages(40, 4);
    for message in published.iter_mut().skip(20) {
        message.topic = OTHER_TOPIC.into();
    }
    on.publish(&published).await;
    let deliveries = read(subscription.as_mut(), 40).await;
    assert_eq!(deliveries.iter().filter(|d| d.topic == OTHER_TOPIC).count(), 20);
    assert_eq!(deliveries.iter().filter(|d| d.topic == TOPIC).count(), 20);
}

async fn long_and_empty_messages_pass(on: Fixture) {
    let mut subscription = on.bus.subscribe("g", &[TOPIC]).await.unwrap();
    let long: Vec<u8> = (0..5_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    on.publish(&[
        BusMessage { payload: long.clone().into(), ..message(0, 1) },
        BusMessage { payload: bytes::Bytes::new(), key: String::new(), ..message(1, 1) },
    ])
    .await;
    let mut deliveries = read(subscription.as_mut(), 2).await;
    deliveries.sort_by_key(|delivery| delivery.payload.len());
    assert!(deliveries[0].payload.is_empty() && deliveries[0].key.is_empty());
    assert!(deliveries[1].payload == long);
}

async fn lag_counts_what_is_not_committed(on: Fixture) {
    on.publish(&messages(30, 6)).await;
    assert_eq!(on.bus.lag("g", &[TOPIC]).await.unwrap(), 30, "a group that never read");
    let mut subscription = on.bus.subscribe("g", &[TOPIC]).await.unwrap();
    assert_eq!(read(subscription.as_mut(), 30).await.len(), 30);
    assert_eq!(on.bus.lag("g", &[TOPIC]).await.unwrap(), 30, "read and not committed");
    subscription.commit().await.unwrap();
    eventually("committed", || async { on.bus.lag("g", &[TOPIC]).await.unwrap() == 0 }).await;
    on.publish(&messages(5, 5)).await;
    assert_eq!(on.bus.lag("g", &[TOPIC, OTHER_TOPIC]).await.unwrap(), 5);
}
