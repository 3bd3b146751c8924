//! What whoever runs the broker or the database sees, and what happens to messages that do not open.

use std::sync::Arc;

use mash_bus::{Bus, BusMessage, Delivery, redrive};
use mash_store::{
    Store,
    dead_letters::{self, DeadLetter},
    erasure, outbox,
};
use prost::Message as _;
use sqlx::{AssertSqlSafe, Row as _};

use crate::fixture::{Fixture, TOPIC, envelope, eventually, message, messages, read};
use crate::ledger::{Ledger, Running, effects, enqueue};

macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        conformance!(@on embedded_on_sqlite, EmbeddedSqlite, $($name),*);
        conformance!(@on kafka_with_postgres, KafkaPostgres, $($name),*);
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
    neither_bus_nor_outbox_nor_dead_letters_show_content,
    what_is_not_sealed_altered_or_moved_becomes_a_dead_letter_with_its_code,
    without_its_recipient_key_a_message_waits_as_a_dead_letter,
    what_was_erased_is_passed_over,
    a_new_recipient_key_is_used_and_the_old_one_still_opens,
];

const CANARY: &str = "canary-in-the-envelope";

fn with_canary(number: usize) -> BusMessage {
    let plain = message(number, 3);
    let mut envelope = envelope(&plain.event_id, &plain.key);
    envelope.data = CANARY.repeat(number + 1).into_bytes();
    BusMessage { payload: envelope.encode_to_vec().into(), ..plain }
}

fn shows(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// What the broker holds, in the order of its partitions.
async fn raw(on: &Fixture, count: usize) -> Vec<Delivery> {
    let bus = on.bare_bus().await;
    let group = format!("operator-{}", uuid::Uuid::new_v4().simple());
    let mut subscription = bus.subscribe(&group, &[TOPIC]).await.unwrap();
    read(subscription.as_mut(), count).await
}

async fn letters(store: &Store) -> Vec<DeadLetter> {
    dead_letters::list(store, None, 99).await.unwrap()
}

async fn execute(store: &Store, sql: &str) {
    let mut tx = store.begin().await.unwrap();
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn neither_bus_nor_outbox_nor_dead_letters_show_content(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    ledger.set("event-000001", crate::ledger::Behaviour::Poison);
    let events: Vec<_> = (0..4).map(with_canary).collect();
    enqueue(&on.store, &events).await;
    let waiting = outbox::take(&on.store, "test", 9).await.unwrap();
    assert_eq!(waiting.len(), 4);
    assert!(waiting.iter().all(|message| !shows(&message.payload, CANARY)));

    let running = Running::both(&on, &ledger);
    eventually("the others have their effect and one is dead", || async {
        effects(&on.store).await.len() == 3 && letters(&on.store).await.len() == 1
    })
    .await;
    let held = raw(&on, 4).await;
    for delivery in &held {
        for text in [CANARY, "event-0", "mash/test"] {
            assert!(!shows(&delivery.payload, text), "{text}");
        }
    }
    let sizes: std::collections::BTreeSet<_> = held.iter().map(|it| it.payload.len()).collect();
    assert_eq!(sizes.len(), 1, "four lengths look alike");
    let dead = &letters(&on.store).await[0];
    assert_eq!(dead.event_id, "event-000001");
    assert!(!shows(&dead.payload, CANARY));

    ledger.set("event-000001", crate::ledger::Behaviour::Accept);
    redrive(&on.store, &on.bus, &dead.id).await.unwrap();
    eventually("it has its effect", || async { effects(&on.store).await.len() == 4 }).await;
    running.stop().await;
}

async fn what_is_not_sealed_altered_or_moved_becomes_a_dead_letter_with_its_code(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    on.publish(&[with_canary(0)]).await;
    let sealed = raw(&on, 1).await.remove(0);
    let mut altered = sealed.payload.to_vec();
    altered[200] ^= 1;
    let again = |key: &str, payload: Vec<u8>| BusMessage {
        topic: TOPIC.to_owned(),
        key: key.to_owned(),
        event_id: uuid::Uuid::new_v4().to_string(),
        payload: payload.into(),
    };
    let bare = on.bare_bus().await;
    let forged = [
        again(&sealed.key, with_canary(7).payload.to_vec()),
        again(&sealed.key, altered),
        again("another-organisation", sealed.payload.to_vec()),
        again(&sealed.key, sealed.payload[..40].to_vec()),
    ];
    bare.publish(&forged).await.unwrap();
    // The very same message once more has no second effect, and stops nobody.
    bare.publish(&[again(&sealed.key, sealed.payload.to_vec())]).await.unwrap();
    on.publish(&[with_canary(3)]).await;
    let running = Running::intake(&on.store, &on.bus, &ledger);
    eventually("four are dead and two have their effect", || async {
        letters(&on.store).await.len() == 4 && effects(&on.store).await.len() == 2
    })
    .await;
    let mut codes: Vec<_> = letters(&on.store).await.into_iter().map(|it| it.code).collect();
    codes.sort();
    assert_eq!(codes, ["MASH-X001", "MASH-X002", "MASH-X002", "MASH-X010"]);
    running.stop().await;
    assert_eq!(effects(&on.store).await.len(), 2);
}

async fn without_its_recipient_key_a_message_waits_as_a_dead_letter(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    on.publish(&[with_canary(0)]).await;
    execute(&on.store, "UPDATE recipient_keys SET destroy_ms = 1").await;
    // A process that does not remember the key.
    let (store, bus) = on.other_process().await;
    let running = Running::intake(&store, &bus, &ledger);
    eventually("it is dead", || async { letters(&store).await.len() == 1 }).await;
    let dead = letters(&store).await.remove(0);
    assert_eq!(dead.code, "MASH-X009");
    assert!(!shows(&dead.payload, CANARY));
    execute(&store, "UPDATE recipient_keys SET destroy_ms = 0").await;
    redrive(&store, &bus, &dead.id).await.unwrap();
    eventually("it has its effect", || async { effects(&store).await.len() == 1 }).await;
    running.stop().await;
}

async fn what_was_erased_is_passed_over(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    // Three keys, which stand for three cases.
    enqueue(&on.store, &messages(9, 3)).await;
    let relay = Running::relay(&on.store, &on.bus);
    eventually("all is published", || async {
        outbox::backlog(&on.store, "test").await.unwrap().messages == 0
    })
    .await;
    relay.stop().await;
    erasure::erase(&on.store, "key-1", "a test", "operator", 1).await.unwrap();
    let running = Running::intake(&on.store, &on.bus, &ledger);
    eventually("the others have their effect", || async { effects(&on.store).await.len() == 6 })
        .await;
    eventually("all is read", || async { on.bus.lag("g", &[TOPIC]).await.unwrap() == 0 }).await;
    assert!(letters(&on.store).await.is_empty(), "nobody can do anything about it");
    // What is said of the case afterwards is heard.
    enqueue(&on.store, &[message(10, 3)]).await;
    let relay = Running::relay(&on.store, &on.bus);
    eventually("it is heard", || async { effects(&on.store).await.len() == 7 }).await;
    relay.stop().await;
    running.stop().await;
}

async fn a_new_recipient_key_is_used_and_the_old_one_still_opens(on: Fixture) {
    on.publish(&[with_canary(0)]).await;
    mash_store::keys::recipients::make(&on.store, TOPIC).await.unwrap();
    let (_, fresh): (Store, Arc<dyn Bus>) = on.other_process().await;
    fresh.publish(&[with_canary(3)]).await.unwrap();
    let mut subscription = fresh.subscribe("g", &[TOPIC]).await.unwrap();
    let opened = read(subscription.as_mut(), 2).await;
    assert!(opened.iter().all(|it| it.fault.is_none() && shows(&it.payload, CANARY)));
    let recipients: std::collections::BTreeSet<_> =
        raw(&on, 2).await.iter().map(|it| it.payload[2..10].to_vec()).collect();
    assert_eq!(recipients.len(), 2);
    let mut conn = on.store.read().await.unwrap();
    let row = sqlx::query("SELECT COUNT(*) FROM recipient_keys WHERE recipient = $1")
        .bind(TOPIC)
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    assert_eq!(row.get::<i64, _>(0), 2);
}
