//! Sealing, rotation and erasure, on both databases.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use mash_keys::{FileKeys, KeyError, KeyStore as _};
use mash_store::{
    Column, Store, StoreError,
    erasure::{self, EraseError, GRACE_MS, Rule},
    keys::{self, CASES, Scope, rotation},
    outbox::{self, OutboxMessage},
    testing::TestDatabase,
};
use sqlx::{AssertSqlSafe, Row as _};

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
    content_is_sealed_by_case_and_opens_in_any_process,
    a_key_that_was_rolled_back_seals_nothing,
    processes_that_meet_a_case_at_once_share_its_key,
    an_outbox_holds_no_content_in_the_clear,
    rotation_needs_no_pause_and_an_old_version_goes_when_nothing_is_under_it,
    a_row_moved_or_altered_is_refused,
    erasing_closes_at_once_and_destroys_when_nobody_remembers,
    what_comes_after_an_erasure_is_sealed_anew_and_can_be_read,
    a_hold_stops_expiry_and_orders,
    time_is_counted_from_the_last_use,
    an_erasure_is_final_when_no_backup_can_be_opened,
    a_column_is_sealed_for_its_row_and_rows_of_before_are_sealed_when_next_written,
    an_answer_is_sealed_for_what_its_transaction_has_sealed,
    words_about_several_cases_go_with_the_first_that_is_erased,
];

const DAY: i64 = 24 * 3600 * 1000;

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

fn rules() -> Vec<Rule> {
    vec![Rule { record: "payload".to_owned(), keep_ms: 90 * DAY }]
}

async fn seal(store: &Store, case: &str, content: &[u8]) -> Vec<u8> {
    let mut tx = store.begin().await.unwrap();
    let sealed = keys::seal(&mut tx, &Scope::payload(case), "place", content).await.unwrap();
    tx.commit().await.unwrap();
    sealed
}

async fn open(store: &Store, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    keys::open(&mut store.read().await.unwrap(), "place", sealed.to_vec()).await
}

async fn content_is_sealed_by_case_and_opens_in_any_process(database: TestDatabase) {
    let (one, other) = (database.sealed_store().await, database.sealed_store().await);
    let (first, second) = (seal(&one, "a", b"content").await, seal(&one, "a", b"content").await);
    assert!(first != second && !first.windows(7).any(|part| part == b"content"));
    assert_eq!(first[2..18], second[2..18], "one key for a case");
    assert_ne!(first[2..18], seal(&one, "b", b"content").await[2..18], "and another for the next");
    assert_eq!(open(&other, &first).await.unwrap(), b"content");
    let elsewhere =
        keys::open(&mut one.read().await.unwrap(), "another place", first.clone()).await;
    assert!(matches!(elsewhere, Err(StoreError::Sealed(KeyError::Broken))));
    assert_eq!(open(&one, b"never sealed").await.unwrap(), b"never sealed");
    // Without the wrapping keys the database is of no use.
    let stranger = open(&database.store().await, &first).await;
    assert!(matches!(stranger, Err(StoreError::Sealed(KeyError::Unknown(_)))));
}

async fn a_key_that_was_rolled_back_seals_nothing(database: TestDatabase) {
    let store = database.sealed_store().await;
    let mut tx = store.begin().await.unwrap();
    let lost = keys::seal(&mut tx, &Scope::payload("a"), "place", b"1").await.unwrap();
    assert_eq!(
        keys::open(&mut tx, "place", lost.clone()).await.unwrap(),
        b"1",
        "it opens in its own"
    );
    tx.rollback().await.unwrap();
    let kept = seal(&store, "a", b"2").await;
    assert_ne!(kept[2..18], lost[2..18]);
    assert_eq!(open(&database.sealed_store().await, &kept).await.unwrap(), b"2");
}

async fn processes_that_meet_a_case_at_once_share_its_key(database: TestDatabase) {
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let store = database.sealed_store().await;
        tasks.push(tokio::spawn(async move { seal(&store, "a", b"content").await }));
    }
    let mut ids = std::collections::BTreeSet::new();
    for task in tasks {
        ids.insert(task.await.unwrap()[2..18].to_vec());
    }
    assert_eq!(ids.len(), 1);
}

async fn an_outbox_holds_no_content_in_the_clear(database: TestDatabase) {
    let store = database.sealed_store().await;
    let message = |case: &str, guards: &[&str]| OutboxMessage {
        topic: "topic",
        key: case.to_owned(),
        event_id: format!("event-{case}"),
        payload: b"canary".to_vec(),
        guards: guards.iter().map(|guard| (*guard).to_owned()).collect(),
        scope: Some(Scope::payload(case)),
    };
    let mut tx = store.begin().await.unwrap();
    let messages = [message("a", &[]), message("b", &["guard"]), message("a", &[])];
    outbox::enqueue(&mut tx, "test", &messages).await.unwrap();
    tx.commit().await.unwrap();
    let waiting = outbox::take(&store, "test", 10).await.unwrap();
    assert_eq!(waiting.len(), 3);
    for pending in waiting {
        assert!(!pending.payload.windows(6).any(|part| part == b"canary"));
        let opened = keys::open(&mut store.read().await.unwrap(), "topic", pending.payload).await;
        assert_eq!(opened.unwrap(), b"canary");
    }
}

async fn rotation_needs_no_pause_and_an_old_version_goes_when_nothing_is_under_it(
    database: TestDatabase,
) {
    let store = database.sealed_store().await;
    let old = seal(&store, "a", b"old").await;
    rotation::rotate(&store, now()).await.unwrap();
    // A process that starts after the rotation.
    let later = database.sealed_store().await;
    let new = seal(&later, "b", b"new").await;
    assert_eq!(open(&later, &old).await.unwrap(), b"old");
    let refused = rotation::retire(&store, CASES, 1, now()).await;
    assert!(matches!(refused, Err(StoreError::Sealed(KeyError::InUse { version: 1, .. }))));

    let done = rotation::rewrap(&store, 100).await.unwrap();
    assert_eq!((done.keys, done.lost), (1, 0));
    assert_eq!(rotation::rewrap(&store, 100).await.unwrap().keys, 0, "there is nothing left to do");
    let under: Vec<_> = rotation::standing(&store).await.unwrap();
    let under: Vec<_> =
        under.iter().filter(|it| it.name == CASES).map(|it| (it.version, it.keys)).collect();
    assert_eq!(under, [(1, 0), (2, 2)]);
    rotation::retire(&store, CASES, 1, now()).await.unwrap();
    let fresh = database.sealed_store().await;
    assert_eq!(open(&fresh, &old).await.unwrap(), b"old");
    assert_eq!(open(&fresh, &new).await.unwrap(), b"new");
}

async fn execute(store: &Store, sql: &str) {
    let mut tx = store.begin().await.unwrap();
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_row_moved_or_altered_is_refused(database: TestDatabase) {
    let store = database.sealed_store().await;
    let (a, b) = (seal(&store, "a", b"a").await, seal(&store, "b", b"b").await);
    // Somebody who may write to the database gives one case the key of the other.
    execute(&store, "UPDATE data_keys SET case_id = 'x' WHERE case_id = 'a'").await;
    let fresh = database.sealed_store().await;
    assert!(matches!(open(&fresh, &a).await, Err(StoreError::Sealed(KeyError::Broken))));
    // The trouble of one row is not that of the next.
    let mut conn = fresh.read().await.unwrap();
    let opening = keys::to_open(&mut conn, [a.as_slice(), b.as_slice()]).await.unwrap();
    assert!(opening.open("place", a).is_err());
    assert_eq!(opening.open("place", b).unwrap(), b"b");
    // Nor does it stop the others from being wrapped anew.
    rotation::rotate(&store, now()).await.unwrap();
    let done = rotation::rewrap(&database.sealed_store().await, 100).await.unwrap();
    assert_eq!((done.keys, done.lost), (1, 1));
}

async fn erasing_closes_at_once_and_destroys_when_nobody_remembers(database: TestDatabase) {
    let store = database.sealed_store().await;
    let sealed = seal(&store, "a", b"content").await;
    let stays = seal(&store, "b", b"stays").await;
    let unknown = erasure::erase(&store, "nobody", "asked for", "operator", now()).await;
    assert!(matches!(unknown, Err(EraseError::Unknown)));
    let unreasoned = erasure::erase(&store, "a", "  ", "operator", now()).await;
    assert!(matches!(unreasoned, Err(EraseError::NoReason)));

    assert_eq!(erasure::erase(&store, "a", "asked for", "operator", now()).await.unwrap(), 1);
    let closed = open(&store, &sealed).await.unwrap_err();
    assert!(matches!(closed, StoreError::Erased) && closed.to_string().contains("MASH-X011"));
    let again = erasure::erase(&store, "a", "asked for", "operator", now()).await.unwrap_err();
    assert!(matches!(again, EraseError::Already) && again.to_string().contains("MASH-X020"));

    assert_eq!(erasure::sweep(&store, &rules(), now()).await.unwrap().destroyed, 0, "not yet");
    let later = now() + GRACE_MS + 1;
    assert_eq!(erasure::sweep(&store, &rules(), later).await.unwrap().destroyed, 1);
    assert!(matches!(open(&store, &sealed).await, Err(StoreError::Erased)));
    assert_eq!(open(&store, &stays).await.unwrap(), b"stays");
    let mut conn = store.read().await.unwrap();
    let left: Vec<u8> = sqlx::query("SELECT wrapped FROM data_keys WHERE case_id = 'a'")
        .fetch_one(&mut *conn)
        .await
        .unwrap()
        .try_get(0)
        .unwrap();
    assert!(left.is_empty());
    let certificates = erasure::certificates(&store, 0, 10).await.unwrap();
    assert_eq!(certificates.len(), 1);
    let told = &certificates[0];
    assert_eq!((told.case_id.as_str(), told.record.as_str()), ("a", "payload"));
    assert_eq!((told.reason.as_str(), told.by_whom.as_str()), ("asked for", "operator"));
    assert_eq!((told.destroy_ms, told.final_ms), (later, 0));
}

async fn what_comes_after_an_erasure_is_sealed_anew_and_can_be_read(database: TestDatabase) {
    let store = database.sealed_store().await;
    let old = seal(&store, "a", b"old").await;
    erasure::erase(&store, "a", "asked for", "operator", now()).await.unwrap();
    let new = seal(&store, "a", b"new").await;
    erasure::sweep(&store, &rules(), now() + GRACE_MS + 1).await.unwrap();
    assert_eq!(open(&store, &new).await.unwrap(), b"new");
    assert!(open(&store, &old).await.is_err());
    erasure::erase(&store, "a", "asked for again", "operator", now()).await.unwrap();
    assert!(open(&store, &new).await.is_err());
}

async fn a_hold_stops_expiry_and_orders(database: TestDatabase) {
    let store = database.sealed_store().await;
    let sealed = seal(&store, "a", b"content").await;
    erasure::place_hold(&store, "a", "inquiry 1", "officer", now()).await.unwrap();
    let twice = erasure::place_hold(&store, "a", "inquiry 2", "officer", now()).await;
    assert!(matches!(twice, Err(EraseError::HeldAlready(reason)) if reason == "inquiry 1"));
    let held = erasure::erase(&store, "a", "asked for", "operator", now()).await;
    assert!(matches!(held, Err(EraseError::Held(_))));
    let late = now() + 91 * DAY;
    erasure::sweep(&store, &rules(), late).await.unwrap();
    assert_eq!(open(&store, &sealed).await.unwrap(), b"content");
    erasure::lift_hold(&store, "a").await.unwrap();
    assert!(matches!(erasure::lift_hold(&store, "a").await, Err(EraseError::NotHeld)));
    let swept = erasure::sweep(&store, &rules(), late).await.unwrap();
    assert_eq!((swept.closed, swept.destroyed), (1, 0));
    // A hold that comes between the two steps still keeps the key.
    erasure::place_hold(&store, "a", "inquiry 3", "officer", now()).await.unwrap();
    let swept = erasure::sweep(&store, &rules(), late + GRACE_MS).await.unwrap();
    assert_eq!((swept.closed, swept.destroyed), (0, 0));
}

async fn time_is_counted_from_the_last_use(database: TestDatabase) {
    let store = database.sealed_store().await;
    let first = seal(&store, "a", b"first").await;
    execute(&store, "UPDATE data_keys SET use_ms = use_ms - 7776000000").await;
    // Another process, which remembers nothing: it looks, and notes the use.
    seal(&database.sealed_store().await, "a", b"second").await;
    erasure::sweep(&store, &rules(), now() + DAY).await.unwrap();
    assert_eq!(open(&database.sealed_store().await, &first).await.unwrap(), b"first");
    let swept = erasure::sweep(&store, &rules(), now() + 91 * DAY).await.unwrap();
    assert_eq!(swept.closed, 1);
    assert!(matches!(open(&database.sealed_store().await, &first).await, Err(StoreError::Erased)));
}

async fn an_erasure_is_final_when_no_backup_can_be_opened(database: TestDatabase) {
    let store = database.sealed_store().await;
    seal(&store, "a", b"content").await;
    seal(&store, "b", b"stays").await;
    let begun = now();
    rotation::keep_young(&store, 7 * DAY, 35 * DAY, begun).await.unwrap();
    erasure::erase(&store, "a", "asked for", "operator", begun).await.unwrap();
    erasure::sweep(&store, &rules(), begun + GRACE_MS + 1).await.unwrap();
    let is_final = async || erasure::certificates(&store, 0, 10).await.unwrap()[0].final_ms > 0;
    let versions = async || {
        let keys = FileKeys::open(&database.keys).unwrap();
        keys.versions(CASES).await.unwrap().iter().map(|it| it.version).collect::<Vec<_>>()
    };
    for days in 1..=41 {
        rotation::keep_young(&store, 7 * DAY, 35 * DAY, begun + days * DAY).await.unwrap();
        rotation::rewrap(&store, 100).await.unwrap();
        assert!(!is_final().await, "day {days}: {:?}", versions().await);
    }
    assert_eq!(versions().await, [1, 2, 3, 4, 5, 6]);
    rotation::keep_young(&store, 7 * DAY, 35 * DAY, begun + 42 * DAY).await.unwrap();
    assert!(is_final().await);
    assert_eq!(versions().await, [2, 3, 4, 5, 6, 7]);
}

const NOTES: Column = Column::new("payload", "notes.content");
const WORDS: Column = Column::new("payload", "notes.words");

async fn write_note(store: &Store, row: &str, content: &str) {
    let mut tx = store.begin().await.unwrap();
    let sealed = NOTES.seal(&mut tx, "case", row, content.as_bytes()).await.unwrap();
    let words = WORDS.seal_text(&mut tx, "case", row, content).await.unwrap();
    sqlx::query(
        "INSERT INTO notes (id, content, words) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET content = excluded.content, words = excluded.words",
    )
    .bind(row)
    .bind(sealed)
    .bind(words)
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

/// The content of each row that is there, in the order of their ids.
async fn notes(store: &Store) -> Result<Vec<String>, StoreError> {
    let mut conn = store.read().await.unwrap();
    let sql = "SELECT id, content, words FROM notes ORDER BY id";
    let rows = sqlx::query(sql).fetch_all(&mut *conn).await.unwrap();
    let open = mash_store::opening(&mut conn, &rows, &[1, 2]).await?;
    let read = |row: &sqlx::any::AnyRow| {
        let id: String = row.get(0);
        let content = open.column(&NOTES, &id, row.get(1))?;
        let words = open.text(&WORDS, &id, row.get(2))?;
        assert_eq!(content, words.as_bytes());
        Ok(words)
    };
    rows.iter().filter_map(|row| mash_store::present(read(row))).collect()
}

async fn a_column_is_sealed_for_its_row_and_rows_of_before_are_sealed_when_next_written(
    database: TestDatabase,
) {
    let (before, store) = (database.store().await, database.sealed_store().await);
    let mut tx = before.begin().await.unwrap();
    let table = "CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY, content BYTEA NOT NULL, words TEXT NOT NULL)";
    sqlx::query(table).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    write_note(&before, "1", "of before").await;
    write_note(&store, "2", "of now").await;
    write_note(&store, "3", "").await;
    assert_eq!(notes(&store).await.unwrap(), ["of before", "of now", ""]);
    let clear = async |text: &str| {
        let mut conn = store.read().await.unwrap();
        let sql = "SELECT content, words FROM notes";
        let rows = sqlx::query(sql).fetch_all(&mut *conn).await.unwrap();
        rows.iter().any(|row| {
            let (content, words): (Vec<u8>, String) = (row.get(0), row.get(1));
            content.windows(text.len()).any(|part| part == text.as_bytes()) || words.contains(text)
        })
    };
    assert!(clear("of before").await && !clear("of now").await);
    write_note(&store, "1", "of before").await;
    assert!(!clear("of before").await, "written again, it is sealed");
    assert_eq!(notes(&store).await.unwrap(), ["of before", "of now", ""]);
    // Content of one row is not another row's.
    mash_store::testing::execute(
        &store,
        "UPDATE notes SET content = (SELECT content FROM notes WHERE id = '2') WHERE id = '1'",
    )
    .await
    .unwrap();
    assert!(matches!(notes(&store).await, Err(StoreError::Sealed(KeyError::Broken))));
    write_note(&store, "1", "of before").await;
    erasure::erase(&store, "case", "expiry", "operator", now()).await.unwrap();
    assert_eq!(notes(&store).await.unwrap(), [""], "what was erased is left out");
}

async fn an_answer_is_sealed_for_what_its_transaction_has_sealed(database: TestDatabase) {
    use mash_store::requests::{self, Prior};
    let store = database.sealed_store().await;
    let answer = async |id: &str, cases: &[&str]| {
        let mut tx = store.begin().await.unwrap();
        for case in cases {
            keys::seal(&mut tx, &Scope::payload(case), "place", b"x").await.unwrap();
        }
        requests::record(&mut tx, "caller", id, "Do", b"h", b"the answer", 1).await.unwrap();
        tx.commit().await.unwrap();
    };
    answer("none", &[]).await;
    answer("one", &["a"]).await;
    answer("two", &["a", "b"]).await;
    answer("many", &["c", "d", "e", "f", "g", "h"]).await;
    let prior = async |id: &str| {
        let mut tx = store.begin().await.unwrap();
        requests::check(&mut tx, "caller", id, "Do", b"h").await
    };
    for id in ["none", "one", "two", "many"] {
        assert_eq!(prior(id).await.unwrap(), Prior::Replay(b"the answer".to_vec()), "{id}");
    }
    let mut conn = store.read().await.unwrap();
    let sql = "SELECT request_id FROM requests WHERE response = $1";
    let clear = sqlx::query(sql).bind(&b"the answer"[..]).fetch_all(&mut *conn).await.unwrap();
    drop(conn);
    let clear: Vec<String> = clear.iter().map(|row| row.get(0)).collect();
    assert_eq!(clear, ["none"], "an answer about no case");
    erasure::erase(&store, "b", "expiry", "operator", now()).await.unwrap();
    assert!(matches!(prior("two").await, Err(StoreError::Erased)), "either case takes it along");
    assert!(prior("one").await.is_ok());
}

async fn words_about_several_cases_go_with_the_first_that_is_erased(database: TestDatabase) {
    let store = database.sealed_store().await;
    let write = async |cases: &[&str]| {
        let cases = cases.iter().map(|case| (*case).to_owned()).collect();
        let mut tx = store.begin().await.unwrap();
        let sealed = NOTES.seal_for_all(&mut tx, &cases, "1", b"the words").await;
        tx.commit().await.unwrap();
        sealed
    };
    let read = async |sealed: &[u8]| {
        let mut conn = store.read().await.unwrap();
        NOTES.open_for_all(&mut conn, "1", sealed.to_vec()).await
    };
    let (one, all) = (write(&["a"]).await.unwrap(), write(&["a", "b", "c"]).await.unwrap());
    for sealed in [&one, &all] {
        assert_eq!(read(sealed).await.unwrap(), b"the words");
        let mut conn = store.read().await.unwrap();
        let elsewhere = NOTES.open_for_all(&mut conn, "2", sealed.clone()).await;
        assert!(matches!(elsewhere, Err(StoreError::Sealed(KeyError::Broken))));
    }
    assert!(write(&[]).await.is_err(), "no erasure would reach it");
    erasure::erase(&store, "b", "expiry", "operator", now()).await.unwrap();
    assert_eq!(read(&one).await.unwrap(), b"the words");
    assert_eq!(read(&all).await.unwrap(), b"");
}
