//! What a hub has taken in and not passed on yet, on real stores.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{sync::Arc, time::Duration};

use mash_bus::{Bus, BusMessage, topics};
use mash_hub::admin::load::on_the_way::{Ways, passed};
use mash_store::{Dialect, Store, outbox, testing::TestDatabase};
use tokio::time::Instant;

const SOON: Duration = Duration::from_millis(50);

async fn hub(dialect: Dialect) -> (TestDatabase, Store, Arc<dyn Bus>) {
    let database = TestDatabase::create(dialect).await;
    let store = database.store().await;
    let bus = mash_bus::connect("embedded", &store).await.unwrap();
    bus.ensure_topics(&topics::all()).await.unwrap();
    (database, store, bus)
}

async fn waits_to_be_published(store: &Store, component: &str) {
    let mut tx = store.begin().await.unwrap();
    let row = (topics::SUBMITTED, "key", "event", &b"payload"[..]);
    outbox::enqueue_rows(&mut tx, component, &[row]).await.unwrap();
    tx.commit().await.unwrap();
}

/// What the wait says when it gives up.
async fn refusal(store: &Store, bus: &dyn Bus) -> String {
    passed((store, bus), &Ways::REFERRALS, SOON).await.unwrap_err().to_string()
}

async fn a_row_in_an_outbox_is_on_its_way(dialect: Dialect) {
    for component in [mash_social_care::COMPONENT, mash_routing::store::COMPONENT] {
        let (_database, store, bus) = hub(dialect).await;
        passed((&store, bus.as_ref()), &Ways::REFERRALS, SOON).await.unwrap();
        waits_to_be_published(&store, component).await;
        let told = refusal(&store, bus.as_ref()).await;
        assert_eq!(told, "after 50ms, 1 messages are still on their way", "{component}");
    }
}

async fn what_a_group_has_not_taken_in_is_on_its_way(dialect: Dialect) {
    for (topic, group) in
        [(topics::SUBMITTED, "routing-items"), (topics::DISCLOSED_EDUCATION, "delivery")]
    {
        let (_database, store, bus) = hub(dialect).await;
        let message = BusMessage {
            topic: topic.to_owned(),
            key: "key".to_owned(),
            event_id: "event".to_owned(),
            payload: b"payload".to_vec().into(),
        };
        bus.publish(&[message]).await.unwrap();
        let told = refusal(&store, bus.as_ref()).await;
        assert_eq!(told, "after 50ms, 1 messages are still on their way", "{group}");
        let mut reader = bus.subscribe(group, &[topic]).await.unwrap();
        reader.next_batch(10).await.unwrap();
        reader.commit().await.unwrap();
        // Leaving writes down how far it has come.
        reader.leave().await;
        passed((&store, bus.as_ref()), &Ways::REFERRALS, SOON).await.unwrap();
    }
}

async fn the_wait_ends_when_the_last_has_passed(dialect: Dialect) {
    let (_database, store, bus) = hub(dialect).await;
    waits_to_be_published(&store, mash_social_care::COMPONENT).await;
    let waiting = passed((&store, bus.as_ref()), &Ways::REFERRALS, Duration::from_secs(60));
    let publishing = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let rows = outbox::take(&store, mash_social_care::COMPONENT, 10).await.unwrap();
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        outbox::delete(&store, &seqs).await.unwrap();
        Instant::now()
    };
    let ended = async {
        waiting.await.unwrap();
        Instant::now()
    };
    let (published, ended) = tokio::join!(publishing, ended);
    assert!(ended >= published);
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(mash_store::Dialect::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(mash_store::Dialect::Postgres).await;
            })+
        }
    };
}

on_both!(
    a_row_in_an_outbox_is_on_its_way,
    what_a_group_has_not_taken_in_is_on_its_way,
    the_wait_ends_when_the_last_has_passed,
);
