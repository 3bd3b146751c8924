//! One suite for both databases.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

use std::time::Duration;

use mash_store::{
    Migration, Store, StoreError,
    dead_letters::{self, DeadLetter, State},
    leases,
    outbox::{self, OutboxMessage},
    requests::{self, Prior},
    seen,
    testing::TestDatabase,
};
use sqlx::Row as _;

#[path = "conformance/connections.rs"]
mod connections;
use connections::{
    a_connection_at_hand_holds_nothing_open, lost_connections_are_replaced,
    writers_queue_and_none_is_turned_away,
};

#[path = "conformance/requests.rs"]
mod unclaimed;
use unclaimed::{
    a_request_nobody_claimed_is_answered_once,
    sixty_four_racing_copies_that_claim_nothing_have_one_effect,
};

/// Runs every function of the suite on both databases.
macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(mash_store::testing::TestDatabase::create(mash_store::Dialect::Sqlite).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(mash_store::testing::TestDatabase::create(mash_store::Dialect::Postgres).await).await;
            })*
        }
    };
}

conformance![
    a_transaction_is_all_or_nothing,
    bytes_and_texts_come_back_as_they_went_in,
    migrations_run_once_however_many_processes_migrate,
    a_changed_migration_is_refused,
    a_failed_migration_leaves_nothing,
    outbox_keeps_order_and_messages_until_deleted,
    outbox_wakes_the_relay_after_the_commit_only,
    each_event_is_fresh_once,
    racing_consumers_share_out_the_fresh_events,
    a_repeated_request_gets_the_first_answer,
    a_request_nobody_claimed_is_answered_once,
    sixty_four_racing_copies_that_claim_nothing_have_one_effect,
    a_connection_at_hand_holds_nothing_open,
    sixty_four_racing_copies_have_one_effect,
    a_rolled_back_request_may_be_made_again,
    a_lease_has_one_holder,
    a_dead_letter_opens_closes_and_opens_again,
    errors_never_repeat_what_was_stored,
    writers_queue_and_none_is_turned_away,
    lost_connections_are_replaced,
];

const THINGS: &[Migration] = &[
    Migration {
        version: 1,
        name: "things",
        sql: "CREATE TABLE things (seq BIGSERIAL PRIMARY KEY, name TEXT NOT NULL UNIQUE, body BYTEA, note TEXT);
              CREATE INDEX things_by_note ON things (note);",
    },
    Migration { version: 2, name: "count", sql: "ALTER TABLE things ADD COLUMN total BIGINT NOT NULL DEFAULT 0" },
];

async fn with_things(database: &TestDatabase) -> Store {
    let store = database.store().await;
    store.migrate("test", THINGS).await.unwrap();
    store
}

async fn add(store: &Store, name: &str) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    sqlx::query("INSERT INTO things (name) VALUES ($1)").bind(name).execute(tx.conn()).await?;
    tx.commit().await
}

async fn count(store: &Store) -> i64 {
    let mut conn = store.read().await.unwrap();
    sqlx::query("SELECT COUNT(*) FROM things").fetch_one(&mut *conn).await.unwrap().get(0)
}

async fn a_transaction_is_all_or_nothing(database: TestDatabase) {
    let store = with_things(&database).await;
    add(&store, "kept").await.unwrap();

    let mut tx = store.begin().await.unwrap();
    sqlx::query("INSERT INTO things (name) VALUES ('undone')").execute(tx.conn()).await.unwrap();
    tx.rollback().await.unwrap();

    let mut tx = store.begin().await.unwrap();
    sqlx::query("INSERT INTO things (name) VALUES ('dropped')").execute(tx.conn()).await.unwrap();
    drop(tx);

    add(&store, "kept too").await.unwrap();
    assert_eq!(count(&store).await, 2);
}

async fn bytes_and_texts_come_back_as_they_went_in(database: TestDatabase) {
    let store = with_things(&database).await;
    let body: Vec<u8> = (0..=255).chain([0, 0, 7]).collect();
    let mut tx = store.begin().await.unwrap();
    sqlx::query("INSERT INTO things (name, body, note, total) VALUES ($1, $2, $3, $4), ('none', $5, NULL, 0)")
        .bind("Siân Ŵyn \u{1f9ff}")
        .bind(body.as_slice())
        .bind(Option::<String>::None)
        .bind(i64::MAX)
        .bind(Vec::new().as_slice())
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut conn = store.read().await.unwrap();
    let rows = sqlx::query("SELECT name, body, note, total FROM things ORDER BY seq")
        .fetch_all(&mut *conn)
        .await
        .unwrap();
    assert_eq!(rows[0].get::<String, _>(0), "Siân Ŵyn \u{1f9ff}");
    assert_eq!(rows[0].get::<Vec<u8>, _>(1), body);
    assert_eq!(rows[0].get::<Option<String>, _>(2), None);
    assert_eq!(rows[0].get::<i64, _>(3), i64::MAX);
    assert_eq!(rows[1].get::<Vec<u8>, _>(1), Vec::<u8>::new());
}

async fn migrations_run_once_however_many_processes_migrate(database: TestDatabase) {
    // Each opens its own connections, as processes do; opening migrates the crate's own tables at the same time.
    let processes = (0..8).map(|_| {
        let url = database.url.clone();
        tokio::spawn(async move {
            let store = Store::connect(&url).await?;
            store.migrate("test", THINGS).await?;
            store.migrate("test", THINGS).await
        })
    });
    for process in futures::future::join_all(processes).await {
        process.unwrap().unwrap();
    }
    let store = with_things(&database).await;
    add(&store, "works").await.unwrap();
}

async fn a_changed_migration_is_refused(database: TestDatabase) {
    const CHANGED: &[Migration] =
        &[Migration { version: 1, name: "things", sql: "CREATE TABLE things (seq BIGINT)" }];
    let store = with_things(&database).await;
    let error = store.migrate("test", CHANGED).await.unwrap_err();
    assert!(matches!(error, StoreError::MigrationChanged { version: 1, .. }), "{error}");
    // The versions of another component are its own.
    const OTHER: &[Migration] =
        &[Migration { version: 1, name: "other", sql: "CREATE TABLE other_things (seq BIGINT)" }];
    store.migrate("other", OTHER).await.unwrap();
}

async fn a_failed_migration_leaves_nothing(database: TestDatabase) {
    const BROKEN: &[Migration] = &[
        Migration { version: 1, name: "good", sql: "CREATE TABLE half (seq BIGINT)" },
        Migration { version: 2, name: "bad", sql: "CREATE TABLE half (seq BIGINT)" },
    ];
    const MENDED: &[Migration] = &[
        Migration { version: 1, name: "good", sql: "CREATE TABLE half (seq BIGINT)" },
        Migration { version: 2, name: "mended", sql: "CREATE TABLE other_half (seq BIGINT)" },
    ];
    let store = database.store().await;
    assert!(store.migrate("test", BROKEN).await.is_err());
    store.migrate("test", MENDED).await.unwrap();
}

fn message(number: usize) -> OutboxMessage {
    OutboxMessage {
        topic: "t",
        key: format!("key-{}", number % 3),
        event_id: format!("event-{number}"),
        payload: number.to_string().into_bytes(),
        guards: Vec::new(),
        scope: None,
    }
}

async fn outbox_keeps_order_and_messages_until_deleted(database: TestDatabase) {
    let store = database.store().await;
    let messages: Vec<_> = (0..1_201).map(message).collect();
    let mut tx = store.begin().await.unwrap();
    outbox::enqueue(&mut tx, "police", &messages).await.unwrap();
    outbox::enqueue(&mut tx, "police", &[]).await.unwrap();
    outbox::enqueue(&mut tx, "routing", &[message(9_999)]).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    outbox::enqueue(&mut tx, "police", &[message(5_000)]).await.unwrap();
    tx.rollback().await.unwrap();

    let first = outbox::take(&store, "police", 500).await.unwrap();
    let again = outbox::take(&store, "police", 500).await.unwrap();
    assert!(first.iter().map(|m| m.seq).eq(again.iter().map(|m| m.seq)), "taking removes nothing");
    let mut events = Vec::new();
    loop {
        let batch = outbox::take(&store, "police", 500).await.unwrap();
        if batch.is_empty() {
            break;
        }
        outbox::delete(&store, &batch.iter().map(|m| m.seq).collect::<Vec<_>>()).await.unwrap();
        events.extend(batch.into_iter().map(|m| (m.event_id, m.payload)));
    }
    let expected = messages.into_iter().map(|m| (m.event_id, m.payload));
    assert!(events.into_iter().eq(expected));
    assert_eq!(outbox::backlog(&store, "police").await.unwrap().messages, 0);
    assert_eq!(outbox::backlog(&store, "routing").await.unwrap().messages, 1);
}

async fn outbox_wakes_the_relay_after_the_commit_only(database: TestDatabase) {
    let store = database.store().await;
    let mut signal = store.outbox_notify("police");
    let soon = Duration::from_millis(200);

    let mut tx = store.begin().await.unwrap();
    outbox::enqueue(&mut tx, "police", &[message(1)]).await.unwrap();
    assert!(!signal.wait(soon).await, "nothing is committed yet");
    tx.rollback().await.unwrap();
    assert!(!signal.wait(soon).await, "it was rolled back");

    let mut tx = store.begin().await.unwrap();
    outbox::enqueue(&mut tx, "police", &[message(1)]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(signal.wait(soon).await);
    assert!(!signal.wait(soon).await, "one commit wakes once");
}

async fn mark(store: &Store, group: &str, ids: &[&str]) -> Vec<bool> {
    let mut tx = store.begin().await.unwrap();
    let fresh = seen::mark(&mut tx, group, ids).await.unwrap();
    tx.commit().await.unwrap();
    fresh
}

async fn each_event_is_fresh_once(database: TestDatabase) {
    let store = database.store().await;
    assert_eq!(mark(&store, "g", &["b", "a", "b"]).await, [true, true, false]);
    assert_eq!(mark(&store, "g", &["c", "a", "b"]).await, [true, false, false]);
    assert_eq!(mark(&store, "other group", &["a"]).await, [true]);
    assert_eq!(mark(&store, "g", &[]).await, Vec::<bool>::new());

    let mut tx = store.begin().await.unwrap();
    assert_eq!(seen::mark(&mut tx, "g", &["d"]).await.unwrap(), [true]);
    tx.rollback().await.unwrap();
    assert_eq!(mark(&store, "g", &["d"]).await, [true], "rolled back, so it was not seen");

    let many: Vec<_> = (0..1_300).map(|number| format!("many-{number}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert!(mark(&store, "g", &many).await.iter().all(|fresh| *fresh));
    assert!(mark(&store, "g", &many).await.iter().all(|fresh| !*fresh));
    assert_eq!(seen::prune(&store, Duration::from_secs(3600)).await.unwrap(), 0);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(seen::prune(&store, Duration::from_millis(1)).await.unwrap() >= 1_304);
}

async fn racing_consumers_share_out_the_fresh_events(database: TestDatabase) {
    let store = database.store().await;
    let ids: Vec<_> = (0..50).map(|number| format!("event-{number:02}")).collect();
    let consumers = (0..8).map(|consumer| {
        let (store, mut ids) = (store.clone(), ids.clone());
        // Orders differ, which would deadlock if they were locked as given.
        if consumer % 2 == 1 {
            ids.reverse();
        }
        tokio::spawn(async move {
            let ids: Vec<_> = ids.iter().map(String::as_str).collect();
            mark(&store, "g", &ids).await.into_iter().filter(|fresh| *fresh).count()
        })
    });
    let total: usize =
        futures::future::join_all(consumers).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(total, 50);
}

async fn answer(store: &Store, caller: &str, method: &str, hash: &[u8], response: &[u8]) -> Prior {
    let mut tx = store.begin().await.unwrap();
    let prior = requests::check(&mut tx, caller, "request-1", method, hash).await.unwrap();
    if prior == Prior::Fresh {
        requests::record(&mut tx, caller, "request-1", method, hash, response, 1).await.unwrap();
    }
    tx.commit().await.unwrap();
    prior
}

async fn a_repeated_request_gets_the_first_answer(database: TestDatabase) {
    let store = database.store().await;
    assert_eq!(answer(&store, "62", "Report", b"hash", b"first").await, Prior::Fresh);
    assert_eq!(
        answer(&store, "62", "Report", b"hash", b"second").await,
        Prior::Replay(b"first".to_vec())
    );
    assert_eq!(answer(&store, "62", "Report", b"other", b"").await, Prior::Conflict);
    assert_eq!(answer(&store, "62", "Amend", b"hash", b"").await, Prior::Conflict);
    assert_eq!(
        answer(&store, "61", "Report", b"other", b"theirs").await,
        Prior::Fresh,
        "ids are per caller"
    );
    assert_eq!(requests::prune(&store, 2).await.unwrap(), 2);
    assert_eq!(answer(&store, "62", "Report", b"hash", b"later").await, Prior::Fresh);
}

async fn sixty_four_racing_copies_have_one_effect(database: TestDatabase) {
    let store = with_things(&database).await;
    let copies = (0..64).map(|copy| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            let prior = requests::check(&mut tx, "62", "racing", "Report", b"hash").await.unwrap();
            if prior == Prior::Fresh {
                sqlx::query("INSERT INTO things (name) VALUES ($1)")
                    .bind(format!("effect of copy {copy}"))
                    .execute(tx.conn())
                    .await
                    .unwrap();
                let response = format!("copy {copy}").into_bytes();
                requests::record(&mut tx, "62", "racing", "Report", b"hash", &response, 1)
                    .await
                    .unwrap();
            }
            tx.commit().await.unwrap();
            prior
        })
    });
    let priors: Vec<_> =
        futures::future::join_all(copies).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(count(&store).await, 1);
    assert_eq!(priors.iter().filter(|prior| **prior == Prior::Fresh).count(), 1);
    let answers: std::collections::HashSet<_> = priors
        .iter()
        .filter_map(|prior| match prior {
            Prior::Replay(response) => Some(response.clone()),
            Prior::Fresh | Prior::Conflict => None,
        })
        .collect();
    assert_eq!(answers.len(), 1, "all the others got the one answer");
    assert!(!priors.contains(&Prior::Conflict));
}

async fn a_rolled_back_request_may_be_made_again(database: TestDatabase) {
    let store = database.store().await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(
        requests::check(&mut tx, "62", "request-1", "Report", b"hash").await.unwrap(),
        Prior::Fresh
    );
    tx.rollback().await.unwrap();
    assert_eq!(answer(&store, "62", "Report", b"other", b"answer").await, Prior::Fresh);
}

async fn a_lease_has_one_holder(database: TestDatabase) {
    let store = database.store().await;
    let long = Duration::from_secs(60);
    let racers = (0..16).map(|racer| {
        let store = store.clone();
        tokio::spawn(async move {
            leases::acquire(&store, "relay", &format!("racer {racer}"), long).await.unwrap()
        })
    });
    let won = futures::future::join_all(racers)
        .await
        .into_iter()
        .filter(|won| *won.as_ref().unwrap())
        .count();
    assert_eq!(won, 1);

    assert!(leases::acquire(&store, "short", "a", Duration::from_millis(300)).await.unwrap());
    assert!(
        leases::acquire(&store, "short", "a", Duration::from_millis(300)).await.unwrap(),
        "renewed"
    );
    assert!(!leases::acquire(&store, "short", "b", long).await.unwrap());
    leases::release(&store, "short", "b").await.unwrap();
    assert!(
        !leases::acquire(&store, "short", "b", long).await.unwrap(),
        "only the holder releases"
    );
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(leases::acquire(&store, "short", "b", long).await.unwrap(), "it had run out");
    leases::release(&store, "short", "b").await.unwrap();
    assert!(leases::acquire(&store, "short", "a", long).await.unwrap());
}

fn letter() -> DeadLetter {
    DeadLetter {
        id: "letter-1".into(),
        group: "routing".into(),
        topic: "mash.submitted.v1".into(),
        partition: 3,
        offset: 17,
        key: "key".into(),
        event_id: "event".into(),
        payload: vec![0xff, 0, 1],
        code: "MASH-B001".into(),
        detail: "the message is no envelope".into(),
        owner: "routing desk".into(),
        at_ms: 5,
        state: State::Open,
    }
}

async fn a_dead_letter_opens_closes_and_opens_again(database: TestDatabase) {
    let store = database.store().await;
    let insert = async |letter: &DeadLetter| {
        let mut tx = store.begin().await.unwrap();
        let told = dead_letters::insert(&mut tx, letter).await.unwrap();
        tx.commit().await.unwrap();
        told
    };
    let redrive = async || {
        let mut tx = store.begin().await.unwrap();
        let done = dead_letters::mark_redriven(&mut tx, "letter-1").await.unwrap();
        tx.commit().await.unwrap();
        done
    };
    assert!(insert(&letter()).await);
    assert!(!insert(&letter()).await, "known and open: nothing to tell");
    assert_eq!(dead_letters::get(&store, "letter-1").await.unwrap(), Some(letter()));
    assert_eq!(dead_letters::get(&store, "letter-2").await.unwrap(), None);
    assert!(redrive().await);
    assert!(!redrive().await);
    assert_eq!(dead_letters::list(&store, Some(State::Open), 9).await.unwrap().len(), 0);
    assert!(insert(&DeadLetter { at_ms: 9, ..letter() }).await, "it failed once more");
    let open = dead_letters::list(&store, Some(State::Open), 9).await.unwrap();
    assert_eq!(open, [DeadLetter { at_ms: 9, ..letter() }]);
    assert_eq!(dead_letters::list(&store, None, 9).await.unwrap().len(), 1);
}

async fn errors_never_repeat_what_was_stored(database: TestDatabase) {
    let store = with_things(&database).await;
    let secret = "Mared Pritchard 9434765919";
    add(&store, secret).await.unwrap();
    let mut errors = vec![add(&store, secret).await.unwrap_err()];
    assert!(
        matches!(errors[0], StoreError::Refused(_)),
        "a duplicate key is about the data: {}",
        errors[0]
    );
    let mut conn = store.read().await.unwrap();
    let row = sqlx::query("SELECT name FROM things").fetch_one(&mut *conn).await.unwrap();
    errors.push(row.try_get::<i64, _>(0).unwrap_err().into());
    let malformed = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT '{secret}' FROM nowhere")));
    errors.push(malformed.execute(&mut *conn).await.unwrap_err().into());
    for error in errors {
        let mut source: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = source {
            let text = format!("{error} {error:?}");
            assert!(!text.contains("Mared") && !text.contains("9434765919"), "{text}");
            source = error.source();
        }
    }
}
