//! Relay and intake over every pair of bus and store: one effect, whatever crashes in between.

use std::{sync::atomic::Ordering, time::Duration};

use mash_bus::{BusMessage, RedriveError, redrive, topics};
use mash_proto::event::v1::{DeadLettered, Envelope};
use mash_store::{
    Dialect,
    dead_letters::{self, State},
    outbox,
};
use prost::Message as _;

use crate::fixture::{Fixture, TOPIC, envelope, eventually, message, messages, read};
use crate::ledger::{Behaviour, Ledger, Running, Unreliable, effects, enqueue};

macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        conformance!(@on embedded_on_sqlite, EmbeddedSqlite, $($name),*);
        conformance!(@on embedded_on_postgres, EmbeddedPostgres, $($name),*);
        conformance!(@on kafka_with_sqlite, KafkaSqlite, $($name),*);
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
    events_travel_from_outbox_to_handler_once,
    a_crash_between_effect_and_position_has_one_effect,
    a_crash_between_publish_and_delete_has_one_effect,
    an_unreliable_bus_loses_and_doubles_nothing,
    what_does_not_concern_a_handler_is_passed_over_and_not_remembered,
    poison_in_front_of_good_messages_stops_nobody,
    a_dead_letter_sent_round_again_has_its_effect_once,
    a_failing_store_is_tried_again,
    data_that_the_store_refuses_become_a_dead_letter,
    two_intakes_share_the_work,
    a_second_relay_takes_over,
    cut_database_connections_lose_nothing,
];

async fn assert_effects(on: &Fixture, expected: &[BusMessage]) {
    let expected_count = expected.len();
    eventually("all effects are there", || async {
        effects(&on.store).await.len() >= expected_count
    })
    .await;
    let effects = effects(&on.store).await;
    let mut ids: Vec<_> = effects.iter().map(|(_, id)| id.clone()).collect();
    ids.sort();
    let mut wanted: Vec<_> = expected.iter().map(|message| message.event_id.clone()).collect();
    wanted.sort();
    assert_eq!(ids, wanted, "each event has one effect");
    // Ids rise within a key, and effects are numbered in the order in which they happened.
    let mut last = std::collections::HashMap::new();
    for (key, id) in effects {
        assert!(
            last.insert(key, id.clone()).is_none_or(|before| before < id),
            "order within a key"
        );
    }
}

async fn events_travel_from_outbox_to_handler_once(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    let running = Running::both(&on, &ledger);
    let events = messages(1_200, 17);
    for chunk in events.chunks(40) {
        enqueue(&on.store, chunk).await;
    }
    assert_effects(&on, &events).await;
    assert_eq!(ledger.announced.load(Ordering::SeqCst), 1_200, "told after the commit");
    eventually("the outbox is empty", || async {
        outbox::backlog(&on.store, "test").await.unwrap().messages == 0
    })
    .await;
    eventually("all is committed", || async { on.bus.lag("g", &[TOPIC]).await.unwrap() == 0 })
        .await;
    running.stop().await;
}

async fn what_does_not_concern_a_handler_is_passed_over_and_not_remembered(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    let (foreign, ours): (Vec<_>, Vec<_>) =
        messages(300, 9).into_iter().enumerate().partition(|(at, _)| at % 3 != 0);
    for (_, message) in &foreign {
        ledger.set(&message.event_id, Behaviour::Foreign);
    }
    let running = Running::intake(&on.store, &on.bus, &ledger);
    let mut all: Vec<_> = foreign.iter().chain(&ours).cloned().collect();
    all.sort_by_key(|(at, _)| *at);
    on.publish(&all.into_iter().map(|(_, message)| message).collect::<Vec<_>>()).await;
    let ours: Vec<_> = ours.into_iter().map(|(_, message)| message).collect();
    assert_effects(&on, &ours).await;
    eventually("all is committed", || async { on.bus.lag("g", &[TOPIC]).await.unwrap() == 0 })
        .await;
    assert_eq!(ledger.announced.load(Ordering::SeqCst), ours.len(), "nobody is told of the rest");
    let mut conn = on.store.read().await.unwrap();
    let remembered: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM seen_events").fetch_one(&mut *conn).await.unwrap();
    assert_eq!(remembered, i64::try_from(ours.len()).unwrap());
    running.stop().await;
}

async fn a_crash_between_effect_and_position_has_one_effect(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    let events = messages(400, 9);
    on.publish(&events).await;
    // This intake handles everything and dies before any of its positions is committed.
    let forgetful = Unreliable::forgetting_commits(&on.bus);
    let doomed = Running::intake(&on.store, &forgetful, &ledger);
    assert_effects(&on, &events).await;
    doomed.stop().await;
    assert_eq!(on.bus.lag("g", &[TOPIC]).await.unwrap(), 400, "nothing was committed");

    let running = Running::intake(&on.store, &on.bus, &ledger);
    eventually("it is read again", || async { on.bus.lag("g", &[TOPIC]).await.unwrap() == 0 })
        .await;
    assert_effects(&on, &events).await;
    running.stop().await;
}

async fn a_crash_between_publish_and_delete_has_one_effect(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    let events = messages(100, 9);
    enqueue(&on.store, &events).await;
    // What a relay does up to the moment of its death.
    let pending = outbox::take(&on.store, "test", 70).await.unwrap();
    let batch: Vec<_> = pending
        .into_iter()
        .map(|m| BusMessage {
            topic: m.topic,
            key: m.key,
            event_id: m.event_id,
            payload: m.payload.into(),
        })
        .collect();
    on.bus.publish(&batch).await.unwrap();

    let running = Running::both(&on, &ledger);
    eventually("all of it was read", || async {
        outbox::backlog(&on.store, "test").await.unwrap().messages == 0
            && on.bus.lag("g", &[TOPIC]).await.unwrap() == 0
    })
    .await;
    assert_effects(&on, &events).await;
    running.stop().await;
}

async fn an_unreliable_bus_loses_and_doubles_nothing(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    let events = messages(300, 9);
    // Every other publish fails, half of these after the messages were taken; subscriptions break off.
    let unreliable = Unreliable::failing(&on.bus);
    let intake = Running::intake(&on.store, &unreliable, &ledger);
    let relay = Running::relay(&on.store, &unreliable);
    for chunk in events.chunks(30) {
        enqueue(&on.store, chunk).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_effects(&on, &events).await;
    eventually("all of it was read", || async { on.bus.lag("g", &[TOPIC]).await.unwrap() == 0 })
        .await;
    assert_effects(&on, &events).await;
    relay.stop().await;
    intake.stop().await;
}

async fn poison_in_front_of_good_messages_stops_nobody(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    ledger.set("event-000003", Behaviour::Poison);
    let mut all = vec![
        BusMessage { payload: b"\xff\xff no envelope".as_slice().into(), ..message(900_000, 1) },
        BusMessage { payload: envelope("", "k").encode_to_vec().into(), ..message(900_001, 1) },
        BusMessage {
            payload: envelope("nul \0 inside", "k").encode_to_vec().into(),
            ..message(900_002, 1)
        },
    ];
    let mut good = messages(200, 1);
    all.extend(good.iter().cloned());
    // The same garbage once more, as a relay that died would publish it.
    all.push(all[0].clone());
    on.publish(&all).await;
    let running = Running::intake(&on.store, &on.bus, &ledger);
    good.remove(3);
    assert_effects(&on, &good).await;
    eventually("all of it was read", || async { on.bus.lag("g", &[TOPIC]).await.unwrap() == 0 })
        .await;

    let letters = dead_letters::list(&on.store, Some(State::Open), 99).await.unwrap();
    let mut codes: Vec<_> = letters.iter().map(|letter| letter.code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["MASH-B001", "MASH-B002", "MASH-B002", "MASH-B003"]);
    assert!(letters.iter().all(|letter| letter.owner == "test desk" && letter.topic == TOPIC));

    let mut announcements = on.bus.subscribe("desk", &[topics::DEAD_LETTERS]).await.unwrap();
    let mut announced: Vec<_> = read(announcements.as_mut(), 4)
        .await
        .iter()
        .map(|delivery| Envelope::decode(delivery.payload.clone()).unwrap())
        .map(|envelope| DeadLettered::decode(envelope.data.as_slice()).unwrap().dead_letter_id)
        .collect();
    announced.sort();
    let mut ids: Vec<_> = letters.into_iter().map(|letter| letter.id).collect();
    ids.sort();
    assert_eq!(announced, ids);
    running.stop().await;
}

async fn a_dead_letter_sent_round_again_has_its_effect_once(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    let bystander = Ledger::new(&on.store, "bystander").await;
    ledger.set("event-000001", Behaviour::Poison);
    let events = messages(3, 1);
    on.publish(&events).await;
    let running = Running::intake(&on.store, &on.bus, &ledger);
    let other = Running::intake(&on.store, &on.bus, &bystander);
    eventually("it is dead", || async {
        !dead_letters::list(&on.store, Some(State::Open), 9).await.unwrap().is_empty()
    })
    .await;
    let id = dead_letters::list(&on.store, None, 9).await.unwrap()[0].id.clone();
    let state = async || dead_letters::get(&on.store, &id).await.unwrap().unwrap().state;

    redrive(&on.store, &on.bus, &id).await.unwrap();
    // It is still poison.
    eventually("it opens again", || async { state().await == State::Open }).await;

    ledger.set("event-000001", Behaviour::Accept);
    redrive(&on.store, &on.bus, &id).await.unwrap();
    eventually("its effect is there", || async { effects(&on.store).await.len() == 6 }).await;
    assert_eq!(state().await, State::Redriven);
    assert!(matches!(redrive(&on.store, &on.bus, &id).await, Err(RedriveError::NotOpen)));
    assert!(matches!(redrive(&on.store, &on.bus, "no such id").await, Err(RedriveError::NotOpen)));
    eventually("both have read everything", || async {
        on.bus.lag("g", &[TOPIC]).await.unwrap() + on.bus.lag("bystander", &[TOPIC]).await.unwrap()
            == 0
    })
    .await;
    assert_eq!(effects(&on.store).await.len(), 6, "three for each group, none twice");
    running.stop().await;
    other.stop().await;
}

async fn a_failing_store_is_tried_again(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    ledger.set("event-000002", Behaviour::Unavailable(4));
    let events = messages(10, 2);
    on.publish(&events).await;
    let running = Running::intake(&on.store, &on.bus, &ledger);
    assert_effects(&on, &events).await;
    assert!(dead_letters::list(&on.store, None, 9).await.unwrap().is_empty());
    running.stop().await;
}

async fn data_that_the_store_refuses_become_a_dead_letter(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    ledger.set("event-000004", Behaviour::Refused);
    let mut events = messages(10, 1);
    on.publish(&events).await;
    let running = Running::intake(&on.store, &on.bus, &ledger);
    events.remove(4);
    assert_effects(&on, &events).await;
    let letters = dead_letters::list(&on.store, None, 9).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (letters[0].code.as_str(), letters[0].event_id.as_str()),
        ("MASH-B003", "event-000004")
    );
    running.stop().await;
}

async fn two_intakes_share_the_work(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    let (store, bus) = on.other_process().await;
    let one = Running::intake(&on.store, &on.bus, &ledger);
    let two = Running::intake(&store, &bus, &ledger);
    let relay = Running::relay(&on.store, &on.bus);
    let events = messages(600, 60);
    for chunk in events.chunks(60) {
        enqueue(&on.store, chunk).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert_effects(&on, &events).await;
    one.stop().await;
    two.stop().await;
    relay.stop().await;
}

async fn a_second_relay_takes_over(on: Fixture) {
    let ledger = Ledger::new(&on.store, "g").await;
    let intake = Running::intake(&on.store, &on.bus, &ledger);
    let (store, bus) = on.other_process().await;
    let first = Running::relay(&on.store, &on.bus);
    let events = messages(90, 9);
    enqueue(&on.store, &events[..30]).await;
    assert_effects(&on, &events[..30]).await;
    let second = Running::relay(&store, &bus);
    enqueue(&on.store, &events[30..60]).await;
    assert_effects(&on, &events[..60]).await;
    // Dies without giving its lease back.
    first.kill();
    enqueue(&on.store, &events[60..]).await;
    assert_effects(&on, &events).await;
    second.stop().await;
    intake.stop().await;
}

async fn cut_database_connections_lose_nothing(on: Fixture) {
    if on.store.dialect() == Dialect::Sqlite {
        // A file has no connections to cut; the nearest is a second process that holds the write lock for a while.
        let ledger = Ledger::new(&on.store, "g").await;
        let running = Running::both(&on, &ledger);
        let (other, _) = on.other_process().await;
        let events = messages(200, 9);
        for chunk in events.chunks(50) {
            let tx = other.begin().await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            tx.rollback().await.unwrap();
            enqueue(&on.store, chunk).await;
        }
        assert_effects(&on, &events).await;
        running.stop().await;
        return;
    }
    let ledger = Ledger::new(&on.store, "g").await;
    let running = Running::both(&on, &ledger);
    let admin = on.database.store().await;
    let events = messages(600, 9);
    for chunk in events.chunks(60) {
        enqueue(&admin, chunk).await;
        let mut conn = admin.read().await.unwrap();
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .fetch_all(&mut *conn)
        .await
        .unwrap();
        drop(conn);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_effects(&on, &events).await;
    running.stop().await;
}
